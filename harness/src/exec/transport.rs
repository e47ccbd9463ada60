//! BOLT 8's acts, byte by byte.

use lnprototest_bolt::noise::{ACT_TWO_LENGTH, Initiator};
use lnprototest_spec_events::Value;
use lnprototest_spec_events::event::{ExpectBytes, Handshake, RawConnect, SendBytes};

use super::performer::Performer;
use crate::session::Phase;
use crate::stage::{Stop, within};
use crate::transcript::{By, Entry};
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn raw_connect(&mut self, event: &RawConnect) -> Result<(), Stop> {
        let key = self.eval(&event.key)?;
        let ephemeral = self.eval(&event.ephemeral)?;
        self.part_from(&event.name).await?;
        let stream = self.dial().await?;
        let initiator = Initiator::new(key, self.stage.identity.node_id, ephemeral);
        let link = self.link(stream);
        self.begin_session(&event.name, key, link, Phase::Raw(Some(Box::new(initiator))));
        Ok(())
    }

    pub(super) async fn send_bytes(&mut self, event: &SendBytes) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let bytes = self.eval(&event.bytes)?;
        let split = self.optional(&event.split)?.map(|split| within("split", split, bytes.len()));
        let (first, rest) = bytes.split_at(split.transpose()?.unwrap_or(bytes.len()));
        self.put_bytes(session, first).await?;
        if !rest.is_empty() {
            self.stage.settle().await?;
            self.put_bytes(session, rest).await?;
        }
        Ok(())
    }

    async fn put_bytes(&mut self, session: &str, bytes: &[u8]) -> Result<(), Stop> {
        let target = self.stage.session(session)?;
        target.refuse_left()?;
        target.link.send(bytes).await;
        let entry =
            Entry::Raw { session: target.name.clone(), by: By::Us, bytes: bytes.to_vec(), what: "raw" };
        self.stage.transcript.push(entry);
        Ok(())
    }

    pub(super) async fn expect_bytes(&mut self, event: &ExpectBytes) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let count = usize::try_from(self.eval(&event.count)?).unwrap_or(usize::MAX);
        let expected = format!("{count} bytes on {session}, and no more");
        self.stage.tap.run();
        let bytes = match self.stage.bytes(session, count).await? {
            Ok(bytes) => bytes,
            Err(got) => return Err(Stop::fail(Code::bare(CodeKind::UnexpectedBytes), expected, got)),
        };
        let target = self.stage.session(session)?;
        let more = target.link.incoming().len();
        if more > 0 {
            let got = format!("{more} bytes more");
            return Err(Stop::fail(Code::bare(CodeKind::UnexpectedBytes), expected, got));
        }
        if count == ACT_TWO_LENGTH {
            target.take_act_two(&bytes).map_err(|error| {
                Stop::fail(Code::of(CodeKind::Handshake, "act two"), "act two as BOLT 8 has it", error)
            })?;
        }
        let name = target.name.clone();
        if let Some(bind) = &event.bind {
            self.stage.names.set(bind, Value::bytes(&bytes));
        }
        self.stage.transcript.push(Entry::Raw { session: name, by: By::Node, bytes, what: "raw" });
        self.judged();
        Ok(())
    }

    pub(super) fn handshake(&mut self, event: &Handshake) -> Result<(), Stop> {
        let session = self.on(&event.on);
        match self.stage.session(session)?.finish_handshake() {
            true => Ok(()),
            false => Err(Stop::spec(format!("{session} has no act two yet: `ExpectBytes: 50` takes it"))),
        }
    }
}
