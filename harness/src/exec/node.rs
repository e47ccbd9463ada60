//! What the node is asked to do.

use bitcoin::Amount;
use lnprototest_runner_api::{self as api, NodeError, Operation};
use lnprototest_spec_events::event::{CloseChannel, FundChannel, Wait};
use secp256k1::PublicKey;
use std::time::Duration;

use super::performer::Performer;
use crate::stage::Stop;
use crate::transcript::{By, Entry};
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn fund_channel(&mut self, event: &FundChannel) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let peer = PublicKey::from_secret_key_global(&self.stage.session(session)?.key);
        let operation = Operation::FundChannel(api::FundChannel {
            peer,
            amount: Amount::from_sat(self.eval(&event.sat)?),
            push_msat: self.optional(&event.push_msat)?.unwrap_or(0),
            feerate_per_kw: self.optional(&event.feerate)?,
            announce: event.announce,
            channel_type: self.optional(&event.channel_type)?.map(|bytes| bytes.0),
            close_to: self.optional(&event.close_to)?,
        });
        self.stage.names.set_default_channel(&event.chan);
        self.stage.begin("fund_channel", operation, event.refused).await
    }

    pub(super) async fn close_channel(&mut self, event: &CloseChannel) -> Result<(), Stop> {
        let channel = self.stage.channel(&event.chan)?;
        let channel_id = channel.funding.channel_id();
        let session = channel.session.clone();
        let peer = PublicKey::from_secret_key_global(&self.stage.session(&session)?.key);
        let operation = Operation::CloseChannel(api::ChannelRef { peer, channel_id });
        self.stage.begin("close_channel", operation, false).await
    }

    pub(super) async fn restart(&mut self) -> Result<(), Stop> {
        let names: Vec<String> = self.stage.sessions.keys().cloned().collect();
        for name in &names {
            self.part_from(name).await?;
        }
        let restarted = self.stage.promptly("restart", self.stage.node.restart()).await?;
        restarted.map_err(does_not_come_up)?;
        self.stage.left_trace = true;
        self.stage.transcript.push(Entry::Node("restarts".to_owned()));
        for session in self.stage.sessions.values_mut() {
            if session.is_open() {
                self.stage.transcript.push(Entry::Closed { session: session.name.clone(), by: By::Node });
            }
            session.leave();
        }
        Ok(())
    }

    pub(super) async fn wait(&mut self, event: &Wait) -> Result<(), Stop> {
        let seconds = self.eval(&event.seconds)?;
        if seconds > MOST_SECONDS {
            return Err(Stop::spec(format!("{seconds} seconds are too many: {MOST_SECONDS} at most")));
        }
        let time = Duration::from_secs(seconds);
        self.stage.begin("advance_time", Operation::AdvanceTime(time), false).await
    }
}

/// The most that a node's timers advance in one step: ten years. No node has to reckon with more.
const MOST_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

/// A node that ran on the same machine before, and does not start from its own data, has failed.
fn does_not_come_up(error: NodeError) -> Stop {
    match error {
        NodeError::Start(how) => {
            Stop::fail(Code::bare(CodeKind::Crash), "the node to start again with its data", how)
        }
        error => error.into(),
    }
}
