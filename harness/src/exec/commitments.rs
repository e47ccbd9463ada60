//! What becomes of a channel's commitments: signed and revoked, closed, claimed.

use bitcoin::{Amount, ScriptBuf};
use lnprototest_bolt::channel::{ClosingOutputs, CommitmentNumber, Side};
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_spec_events::event::{Claim, CreateClosing, UpdateCommit};
use secp256k1::{PublicKey, SecretKey};
use std::rc::Rc;

use super::chain::transaction_value;
use super::channel::side;
use super::performer::Performer;
use crate::channel::{Channel, ClaimRequest, Closing, ClosingForm};
use crate::session::Background;
use crate::stage::Stop;
use crate::verdict::{Code, CodeKind};

/// Where our claims go unless a spec says otherwise.
const OUR_WALLET_KEY: [u8; 32] = {
    let mut key = [0; 32];
    key[31] = 0x77;
    key
};

impl Performer<'_> {
    pub(super) async fn update_commit(&mut self, event: &UpdateCommit) -> Result<(), Stop> {
        let channel = self.chan(&event.chan)?;
        self.stage.names.set_default_session(&channel.session);
        match side(event.first) {
            Side::Local => {
                self.sign(&channel).await?;
                self.take(&channel, "revoke_and_ack").await?;
                self.take(&channel, "commitment_signed").await?;
                self.revoke(&channel).await
            }
            Side::Remote => {
                self.take(&channel, "commitment_signed").await?;
                self.revoke(&channel).await?;
                self.sign(&channel).await?;
                self.take(&channel, "revoke_and_ack").await
            }
        }
    }

    /// We sign the node's next commitment.
    async fn sign(&mut self, channel: &Rc<Channel>) -> Result<(), Stop> {
        let (signature, htlcs) = {
            let life = channel.life.borrow();
            let life = life.as_ref().ok_or_else(no_commitments)?;
            let next = life.next(Side::Remote, &channel.keys).ok_or_else(|| {
                Stop::spec("the node has not named the point of its next commitment yet: see channel_ready")
            })?;
            let secret = channel.keys.htlc_secret(&next.keys.per_commitment_point);
            let transactions = next.htlc_transactions();
            let htlcs = transactions.iter().map(|tx| tx.sign(Side::Local, &secret).serialize_compact());
            (next.sign(&channel.keys.funding).serialize_compact(), htlcs.map(Plain::hex).collect())
        };
        let fields = [("signature", Plain::hex(signature)), ("htlc_signature", Plain::List(htlcs))];
        self.tell(channel, "commitment_signed", fields).await
    }

    /// We revoke our last commitment but one.
    async fn revoke(&mut self, channel: &Rc<Channel>) -> Result<(), Stop> {
        let revoked = channel.life.borrow().as_ref().ok_or_else(no_commitments)?.revoked(Side::Local).len();
        let number = |n: usize| {
            CommitmentNumber::new(n as u64).ok_or_else(|| Stop::spec("no channel has so many commitments"))
        };
        let secret = channel.keys.per_commitment_secret(number(revoked)?);
        let point = channel.keys.per_commitment_point(number(revoked + 2)?);
        let fields = [
            ("per_commitment_secret", Plain::hex(secret.secret_bytes())),
            ("next_per_commitment_point", Plain::hex(point.serialize())),
        ];
        self.tell(channel, "revoke_and_ack", fields).await
    }

    async fn tell<'n>(
        &mut self,
        channel: &Rc<Channel>,
        name: &str,
        fields: impl IntoIterator<Item = (&'n str, Plain)>,
    ) -> Result<(), Stop> {
        let id = ("channel_id", Plain::hex(channel.funding.channel_id()));
        let def = self.stage.catalogue.message(name);
        let def = def.ok_or_else(|| Stop::spec(format!("this catalogue has no {name}")))?;
        let message = def.build(&Plain::map([id].into_iter().chain(fields)));
        let message = message.map_err(|errors| Stop::spec(format!("{name}: {errors}")))?;
        channel.follow(Side::Local, &message)?;
        self.stage.send(&channel.session, message).await
    }

    /// The node sends this, for this channel.
    async fn take(&mut self, channel: &Rc<Channel>, name: &str) -> Result<(), Stop> {
        let recorded = self.next_message(&channel.session, name, Background::USUAL).await?;
        let id = recorded.message().bytes("channel_id").unwrap_or_default();
        if id != channel.funding.channel_id() {
            return Err(Stop::fail(
                Code::of(CodeKind::WrongField, "channel_id"),
                format!("{name} for {}", hex::encode(channel.funding.channel_id())),
                hex::encode(id),
            ));
        }
        self.stage.consume(&channel.session, &recorded)
    }

    pub(super) fn create_closing(&mut self, event: &CreateClosing) -> Result<(), Stop> {
        let channel = self.chan(&event.chan)?;
        let fee = Amount::from_sat(self.eval(&event.fee)?);
        let only = event.only.map(|only| ClosingOutputs::Only(side(only)));
        let locktime = self.optional(&event.locktime)?.unwrap_or(0);
        let form = match event.closer {
            Some(closer) => ClosingForm::Simple { closer: side(closer), locktime },
            None => ClosingForm::Legacy,
        };
        let closing = {
            let life = channel.life.borrow();
            let life = life.as_ref().ok_or_else(no_commitments)?;
            Closing::new(life, &channel.keys, fee, only, form).map_err(Stop::spec)?
        };
        channel.closing.replace(Some(closing));
        Ok(())
    }

    pub(super) fn claim(&mut self, event: &Claim) -> Result<(), Stop> {
        let channel = self.chan(&event.chan)?;
        let preimage = self.optional(&event.preimage)?.map(|preimage| preimage.0.try_into()).transpose();
        let request = ClaimRequest {
            of: side(event.of),
            number: self.optional(&event.number)?,
            output: event.output,
            htlc: self.optional(&event.htlc)?.unwrap_or(0),
            preimage: preimage.map_err(|_| Stop::spec("a preimage has 32 bytes"))?,
            penalty: event.penalty,
            script: self.optional(&event.script)?.map_or_else(our_wallet, Ok)?,
            feerate: self.feerate(&event.feerate)?,
        };
        let transaction = channel.claim(&request).map_err(Stop::spec)?;
        self.stage.names.set(&event.bind, transaction_value(&transaction));
        Ok(())
    }
}

fn our_wallet() -> Result<ScriptBuf, Stop> {
    let key = SecretKey::from_slice(&OUR_WALLET_KEY).map_err(|error| Stop::spec(error.to_string()))?;
    let key = bitcoin::CompressedPublicKey(PublicKey::from_secret_key_global(&key));
    Ok(ScriptBuf::new_p2wpkh(&key.wpubkey_hash()))
}

fn no_commitments() -> Stop {
    Stop::spec("the channel has no commitments yet: `Commit` makes them")
}
