//! The table that all events are declared in, and the enum of them all.

use super::*;

/// What is known about an event beside its meaning.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// As it is written: `ExpectMsg`.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it does.
    pub doc: &'static str,
    /// Its arguments.
    pub arguments: &'static [ArgumentInfo],
}

/// What is known about an argument beside its meaning.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentInfo {
    /// As it is written: `channel_id`.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// How it is written.
    pub role: Role,
    /// The type of its field, as Rust writes it: `Option<Expr<u64>>`.
    pub ty: &'static str,
    /// It can be left out.
    pub optional: bool,
    /// Its JSON schema.
    pub(crate) schema: fn() -> serde_json::Value,
}

/// How an argument is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Not at all: it follows from others.
    Derived,
    /// As the event's own value, or under its name.
    Main,
    /// Under its name.
    Other,
    /// As the event's own value, which can be a mapping of any names.
    Whole,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The block chain.
    Chain,
    /// Transactions of a channel.
    Channel,
    /// The node's own doing.
    Node,
    /// Messages.
    Session,
    /// The order of events.
    Structure,
    /// BOLT 8's acts and frames.
    Transport,
}

/// Declares the events of one group, a struct each. `[main]`, `[whole]` and `[derived]` stand for
/// [`Role`]s; `as "name"` gives the written name where it differs from the field's.
macro_rules! events {
    ($group:ident: $(
        $(#[doc = $doc:literal])+
        $event:ident {
            $($(#[doc = $arg_doc:literal])+ $([$role:ident])? $arg:ident $(as $written:literal)?: $type:ty $(= $default:path)?),* $(,)?
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub struct $event {
            $($(#[doc = $arg_doc])+ pub $arg: $type),*
        }

        impl $event {
            /// Its entry of the table.
            pub const INFO: $crate::event::EventInfo = $crate::event::EventInfo {
                name: stringify!($event),
                group: $crate::event::Group::$group,
                doc: concat!($($doc, "\n"),+),
                arguments: &[$($crate::event::ArgumentInfo {
                    name: $crate::event::table::written!($arg $($written)?),
                    doc: concat!($($arg_doc, "\n"),+),
                    role: $crate::event::table::role!($($role)?),
                    ty: stringify!($type),
                    optional: $crate::event::table::optional!([$($role)?] $type, $($default)?),
                    schema: $crate::event::table::schema!([$($role)?] $type),
                }),*],
            };

            /// A step with this event, to be given its arguments.
            #[track_caller]
            pub fn draft() -> $crate::build::Draft<Self> {
                $crate::build::Draft::new(stringify!($event))
            }

            /// Takes what was written. All that is wrong is reported, before `None` is the answer.
            #[allow(unused_variables)]
            pub(crate) fn read(
                arguments: &$crate::load::Arguments<'_>,
                reader: &mut $crate::load::Reader<'_>,
            ) -> Option<Self> {
                $(let $arg: Option<$type> = $crate::event::table::read!(
                    [$($role)?] arguments,
                    $crate::event::table::written!($arg $($written)?),
                    reader,
                    [$($default)?]
                );)*
                Some(Self { $($arg: $arg?),* })
            }

            /// Its arguments as they would be written, but for those that need not be.
            pub(crate) fn write(&self) -> Vec<(&'static str, $crate::load::Written)> {
                #[allow(unused_mut)]
                let mut written = Vec::new();
                $($crate::event::table::write!(
                    [$($role)?] written,
                    $crate::event::table::written!($arg $($written)?),
                    &self.$arg
                );)*
                written
            }
        }

        impl $crate::build::Draft<$event> {
            $($crate::event::table::setter!(
                [$($role)?] $(#[doc = $arg_doc])+ $arg, $crate::event::table::written!($arg $($written)?)
            );)*
        }
    )+};
}

macro_rules! written {
    ($arg:ident) => {
        stringify!($arg)
    };
    ($arg:ident $written:literal) => {
        $written
    };
}

macro_rules! role {
    () => {
        $crate::event::Role::Other
    };
    (derived) => {
        $crate::event::Role::Derived
    };
    (main) => {
        $crate::event::Role::Main
    };
    (whole) => {
        $crate::event::Role::Whole
    };
}

macro_rules! optional {
    ([derived] $type:ty,) => {
        true
    };
    ([$($role:ident)?] $type:ty,) => {
        <$type as $crate::load::Argument>::OPTIONAL
    };
    ([$($role:ident)?] $type:ty, $default:path) => {
        true
    };
}

macro_rules! schema {
    ([derived] $type:ty) => {
        || serde_json::Value::Bool(false)
    };
    ([$($role:ident)?] $type:ty) => {
        <$type as $crate::load::Argument>::schema
    };
}

macro_rules! read {
    ([derived] $arguments:ident, $name:expr, $reader:ident, []) => {
        Some(Default::default())
    };
    ([$($role:ident)?] $arguments:ident, $name:expr, $reader:ident, []) => {
        $arguments.read($name, $crate::event::table::role!($($role)?), None, $reader)
    };
    ([$($role:ident)?] $arguments:ident, $name:expr, $reader:ident, [$default:path]) => {
        $arguments.read($name, $crate::event::table::role!($($role)?), Some($default), $reader)
    };
}

macro_rules! write {
    ([derived] $out:ident, $name:expr, $argument:expr) => {};
    ([$($role:ident)?] $out:ident, $name:expr, $argument:expr) => {
        if let Some(argument) = $crate::load::Argument::write($argument) {
            $out.push(($name, argument));
        }
    };
}

macro_rules! setter {
    ([derived] $(#[doc = $doc:literal])+ $arg:ident, $name:expr) => {};
    ([$($role:ident)?] $(#[doc = $doc:literal])+ $arg:ident, $name:expr) => {
        $(#[doc = $doc])+
        #[must_use]
        pub fn $arg(self, value: impl Into<$crate::build::Raw>) -> Self {
            self.argument($name, value.into())
        }
    };
}

pub(crate) use {events, optional, read, role, schema, setter, write, written};

macro_rules! event_enum {
    ($($event:ident),+ $(,)?) => {
        /// What happens in one step.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum Event {
            $(#[doc = concat!("See [`", stringify!($event), "`].")] $event($event)),+
        }

        impl Event {
            /// The table's entries, in alphabetical order.
            pub const ALL: &'static [EventInfo] = &[$($event::INFO),+];

            /// Its entry of the table.
            pub fn info(&self) -> &'static EventInfo {
                match self {
                    $(Self::$event(_) => &const { $event::INFO }),+
                }
            }

            /// Takes what was written for the event of that name.
            pub(crate) fn read(
                arguments: &crate::load::Arguments<'_>,
                reader: &mut crate::load::Reader<'_>,
            ) -> Option<Self> {
                match arguments.info.name {
                    $(stringify!($event) => $event::read(arguments, reader).map(Self::$event),)+
                    _ => None,
                }
            }

            /// Its arguments as they would be written.
            pub(crate) fn write(&self) -> Vec<(&'static str, crate::load::Written)> {
                match self {
                    $(Self::$event(event) => event.write()),+
                }
            }
        }

        $(impl From<$event> for Event {
            fn from(event: $event) -> Self {
                Self::$event(event)
            }
        })+
    };
}

event_enum! {
    Accept, AcceptFunding, AddHtlc, AnyOrder, Block, Broadcast, Check, CheckEq, Claim, CloseChannel, Commit, Connect,
    CreateClosing, CreateFunding, CreateTx, Disconnect, ExpectBytes, ExpectDisconnect, ExpectError, ExpectFail, ExpectMsg,
    ExpectNoTx, ExpectQuiet, ExpectTx, ExpectWarning, ForceClose, FundChannel, Handshake, Include, Invoice, Kill, Msg,
    MustNotMsg, OneOf, Pay, RawConnect, RawMsg, Restart, SendBytes, Sequence, Set, SetFeerate, SetPolicy, TryAll,
    UpdateCommit, Wait,
}
