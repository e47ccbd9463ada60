//! Panics on a worker's thread: they become verdicts, so that nothing is to be printed past the reports.

use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

thread_local! {
    static KEPT: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on panics of this thread are kept for [`last_panic`], not printed. Other threads' are printed as before.
pub(crate) fn keep_on_this_thread() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if KEPT.get() {
                LAST.set(Some(panic.to_string()));
            } else {
                print(panic);
            }
        }));
    });
    KEPT.set(true);
}

/// Place and message of this thread's last panic, once.
pub(crate) fn last_panic() -> Option<String> {
    LAST.take()
}
