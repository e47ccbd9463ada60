//! What reports and expectations call a step.

use lnprototest_spec_events::event::FailKind;
use lnprototest_spec_events::{Event, Step};

/// The step's label, else its event and what it is about: `ExpectMsg accept_channel`.
pub(super) fn name_of(step: &Step) -> String {
    match (&step.label, about(&step.event)) {
        (Some(label), _) => label.clone(),
        (None, Some(about)) => format!("{} {about}", step.event.info().name),
        (None, None) => step.event.info().name.to_owned(),
    }
}

fn about(event: &Event) -> Option<&str> {
    Some(match event {
        Event::Accept(event) => &event.name,
        Event::Connect(event) => &event.name,
        Event::ExpectFail(event) => match event.what {
            FailKind::Channel => "channel",
            FailKind::Connection => "connection",
        },
        Event::ExpectMsg(event) => &event.message,
        Event::Include(event) => &event.fragment,
        Event::Msg(event) => &event.message,
        Event::MustNotMsg(event) => &event.message,
        Event::RawConnect(event) => &event.name,
        _ => return None,
    })
}
