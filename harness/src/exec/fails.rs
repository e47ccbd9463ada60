//! Waiting for the node to fail a channel or a connection, in any of the ways that the BOLTs leave it.

use lnprototest_bolt::wire::Message;
use lnprototest_spec_events::event::{
    ExpectDisconnect, ExpectError, ExpectFail, ExpectQuiet, ExpectWarning, FailKind, MessageName, MustNotMsg,
    SessionRef,
};
use std::rc::Rc;

use super::performer::{Performer, unexpected};
use crate::session::{Arrived, Background, Recorded};
use crate::stage::{Arrival, Silence, Stop};
use crate::tamper::{Place, TakenAs};
use crate::transcript::Entry;
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn expect_error(&mut self, event: &ExpectError) -> Result<(), Stop> {
        let channel_id = self.optional(&event.channel_id)?;
        self.expect_blame(&event.on, "error", channel_id.as_deref(), &event.ignore).await
    }

    pub(super) async fn expect_warning(&mut self, event: &ExpectWarning) -> Result<(), Stop> {
        let channel_id = self.optional(&event.channel_id)?;
        self.expect_blame(&event.on, "warning", channel_id.as_deref(), &event.ignore).await
    }

    async fn expect_blame(
        &mut self,
        session: &SessionRef,
        name: &str,
        channel_id: Option<&[u8]>,
        ignore: &[MessageName],
    ) -> Result<(), Stop> {
        let session = self.on(session);
        let recorded = self.next_message(session, name, Background::Also(ignore)).await?;
        let got = recorded.message().bytes("channel_id");
        if let Some(demanded) = channel_id
            && got != Some(demanded)
        {
            return Err(Stop::fail(
                Code::of(CodeKind::WrongField, "channel_id"),
                format!("an {name} for channel {}", hex::encode(demanded)),
                format!("one for {}", hex::encode(got.unwrap_or_default())),
            ));
        }
        self.stage.consume(session, &recorded)
    }

    pub(super) async fn expect_disconnect(&mut self, event: &ExpectDisconnect) -> Result<(), Stop> {
        let session = self.on(&event.on);
        match self.stage.arrival(session, Background::Also(&event.ignore), &[]).await? {
            Arrival::Came(Arrived::End) => {
                let at = self.end_taken(session)?;
                self.stage.tap.take(TakenAs::End { at });
                self.judged();
                Ok(())
            }
            Arrival::Came(other) => Err(unexpected(&other, "the node to close the connection")),
            Arrival::Quiet(silence) => {
                Err(still_there("connection", "the node to close the connection", &silence))
            }
        }
    }

    pub(super) async fn expect_fail(&mut self, event: &ExpectFail) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let channel_id = self.optional(&event.channel_id)?;
        let (what, expected) = match event.what {
            FailKind::Channel => {
                ("channel", "the node to fail the channel: an error, a warning and a close, or a close")
            }
            FailKind::Connection => ("connection", "the node to fail the connection"),
        };
        let mut told = None;
        let mut warned = false;
        loop {
            match self.stage.arrival(session, Background::Also(&event.ignore), &[]).await? {
                Arrival::Came(Arrived::End) => {
                    let end = self.end_taken(session)?;
                    self.stage.tap.take_failure(Some(told.unwrap_or(end)));
                    self.judged();
                    return Ok(());
                }
                Arrival::Came(Arrived::Message(recorded)) if recorded.message().name() == "warning" => {
                    self.stage.consume(session, &recorded)?;
                    told = told.or_else(|| self.told(&recorded));
                    warned = true;
                }
                Arrival::Came(Arrived::Message(recorded)) if recorded.message().name() == "error" => {
                    self.stage.consume(session, &recorded)?;
                    told = told.or_else(|| self.told(&recorded));
                    if event.what == FailKind::Channel {
                        concerns(recorded.message(), channel_id.as_deref())?;
                        self.stage.tap.take_failure(told);
                        self.judged();
                        return Ok(());
                    }
                }
                Arrival::Came(other) => return Err(unexpected(&other, expected)),
                Arrival::Quiet(silence) if warned => {
                    return Err(still_there(what, &format!("{expected} after its warning"), &silence));
                }
                Arrival::Quiet(silence) => return Err(still_there(what, expected, &silence)),
            }
        }
    }

    pub(super) async fn expect_quiet(&mut self, event: &ExpectQuiet) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let background = Background::Also(&event.ignore);
        self.stage.trust_in_silence(session, None)?;
        match self.stage.arrival_unprompted(session, background, &[]).await? {
            Arrival::Came(other) => Err(unexpected(&other, &format!("the node to say nothing on {session}"))),
            Arrival::Quiet(silence) => {
                // Below the messages, bytes are words too.
                let unread = self.stage.session(session)?.link.incoming().len();
                if unread > 0 {
                    let expected = format!("the node to say nothing on {session}");
                    let got = format!("{unread} bytes");
                    return Err(Stop::fail(Code::bare(CodeKind::UnexpectedBytes), expected, got));
                }
                self.note_silence(session, &silence);
                self.stage.prove_alive(session).await?;
                let after = self.stage.arrival_unprompted(session, background, &[]).await?;
                if let Arrival::Came(late) = after {
                    return Err(unexpected(&late, &format!("the node to say nothing on {session}")));
                }
                self.judged();
                Ok(())
            }
        }
    }

    /// Looks through all that has come and was not taken, without taking it, and forbids the message from here on.
    pub(super) async fn must_not_msg(&mut self, event: &MustNotMsg) -> Result<(), Stop> {
        let session = self.on(&event.on);
        self.stage.session(session)?.forbidden.push(event.message.to_string());
        self.stage.trust_in_silence(session, Some(&event.message))?;
        self.stage.prove_alive(session).await?;
        let target = self.stage.session(session)?;
        target.inbox.iter().try_for_each(|arrived| target.refuse_forbidden(arrived))?;
        self.judged();
        Ok(())
    }

    /// Takes note that an `error` or `warning` is a part of a failure, and says where it came.
    fn told(&mut self, message: &Rc<Recorded>) -> Option<Place> {
        let at = message.place()?;
        self.stage.tap.take(TakenAs::Told { at, message: message.clone() });
        Some(at)
    }

    /// A step is content with the connection's end; where that came.
    fn end_taken(&mut self, session: &str) -> Result<Place, Stop> {
        let target = self.stage.session(session)?;
        target.end_expected = true;
        let Place { connection, item } = target.next_place;
        // Nothing comes behind it.
        Ok(Place { connection, item: item.saturating_sub(1) })
    }

    /// Puts on record how a silence is known: a negative verdict rests on it.
    fn note_silence(&mut self, session: &str, silence: &Silence) {
        self.stage.transcript.push(Entry::Note(format!("{session} is quiet: {silence}")));
    }
}

fn still_there(what: &str, expected: &str, silence: &Silence) -> Stop {
    Stop::fail(
        Code::of(CodeKind::NotFailed, what),
        expected,
        format!("the connection is open and the node has nothing to say ({silence})"),
    )
}

/// An `error` fails a channel if it is for it, or for all.
fn concerns(error: &Message, channel_id: Option<&[u8]>) -> Result<(), Stop> {
    let got = error.bytes("channel_id").unwrap_or_default();
    match channel_id {
        Some(demanded) if got != demanded && got.iter().any(|byte| *byte != 0) => Err(Stop::fail(
            Code::of(CodeKind::WrongField, "channel_id"),
            format!("an error for channel {} or for all", hex::encode(demanded)),
            format!("an error for {}", hex::encode(got)),
        )),
        _ => Ok(()),
    }
}
