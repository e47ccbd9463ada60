//! What the node is asked to do.

use bitcoin::Amount;
use lnprototest_runner_api::{self as api, Operation};
use lnprototest_spec_events::event::{CloseChannel, FundChannel, Wait};
use secp256k1::PublicKey;
use std::time::Duration;

use super::performer::Performer;
use crate::session::Phase;
use crate::stage::Stop;
use crate::transcript::{By, Entry};

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
        let operation = Operation::CloseChannel(api::CloseChannel { peer, channel_id });
        self.stage.begin("close_channel", operation, false).await
    }

    pub(super) async fn restart(&mut self) -> Result<(), Stop> {
        self.stage.node.restart().await?;
        self.stage.transcript.push(Entry::Node("restarts".to_owned()));
        for session in self.stage.sessions.values_mut() {
            if !matches!(session.phase, Phase::Closed) {
                session.phase = Phase::Closed;
                session.inbox.clear();
                self.stage.transcript.push(Entry::Closed { session: session.name.clone(), by: By::Node });
            }
        }
        Ok(())
    }

    pub(super) async fn wait(&mut self, event: &Wait) -> Result<(), Stop> {
        let time = Duration::from_secs(self.eval(&event.seconds)?);
        self.stage.begin("advance_time", Operation::AdvanceTime(time), false).await
    }
}
