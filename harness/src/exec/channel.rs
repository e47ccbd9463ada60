//! A channel's funding and its first commitments.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, OutPoint, Txid};
use lnprototest_bolt::channel::{ChannelParameters, Funding, PerSide, Side, pay};
use lnprototest_spec_events::Value;
use lnprototest_spec_events::event::{self, AcceptFunding, ChannelRef, Commit, CreateFunding};
use secp256k1::PublicKey;
use std::rc::Rc;

use super::performer::Performer;
use crate::channel::{Channel, Life, Negotiated};
use crate::stage::Stop;
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn create_funding(&mut self, event: &CreateFunding) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let keys = self.eval(&event.local)?;
        let coin = self.coin(self.eval(&event.utxo)?).await?;
        let amount = Amount::from_sat(self.eval(&event.sat)?);
        let feerate = self.feerate(&event.feerate)?;
        let pubkeys = PerSide { local: keys.funding_pubkey(), remote: self.nodes_funding_pubkey(session)? };
        let mut funding = Funding { outpoint: OutPoint::null(), amount, pubkeys };
        let mut output = funding.output();
        if let Some(sat) = self.optional(&event.paid_sat)? {
            output.value = Amount::from_sat(sat);
        }
        if let Some(script) = self.optional(&event.paid_script)? {
            output.script_pubkey = script;
        }
        let index = self.optional(&event.output_index)?.map(u16::try_from).transpose();
        let index = index.map_err(|_| Stop::spec("output_index is at most 65535"))?;
        let paid = pay(&coin, output, index, feerate);
        let (tx, outpoint) = paid.map_err(|error| Stop::spec(error.to_string()))?;
        funding.outpoint = outpoint;
        self.name_channel(&event.chan, Channel::new(session, keys, funding, Some(tx)));
        Ok(())
    }

    pub(super) async fn accept_funding(&mut self, event: &AcceptFunding) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let keys = self.eval(&event.local)?;
        let target = self.stage.session(session)?;
        let negotiated = Negotiated::on_session(Side::Remote, &target.sent, &target.rcvd)?;
        let created = target.rcvd.last("funding_created");
        let created =
            created.ok_or_else(|| Stop::spec("there was no funding_created on this session yet"))?;
        let message = created.message();
        let (txid, vout) = message
            .array::<32>("funding_txid")
            .zip(message.u64("funding_output_index"))
            .ok_or_else(|| Stop::spec("this catalogue's funding_created names no outpoint"))?;
        let outpoint = OutPoint { txid: Txid::from_byte_array(txid), vout: vout as u32 };
        let funding =
            Funding { outpoint, amount: negotiated.capacity()?, pubkeys: negotiated.funding_pubkeys()? };
        self.name_channel(&event.chan, Channel::new(session, keys, funding, None));
        Ok(())
    }

    pub(super) fn commit(&mut self, event: &Commit) -> Result<(), Stop> {
        let opener = side(event.opener);
        let nodes_keys = self.stage.known_keys.as_ref().map(|keys| keys.channel.clone());
        let channel = self.stage.channel(&event.chan)?;
        let (session, funding) = (channel.session.clone(), channel.funding);
        let target = self.stage.session(&session)?;
        let negotiated = Negotiated::on_session(opener, &target.sent, &target.rcvd)?;
        let parameters = ChannelParameters {
            funding,
            opener,
            format: negotiated.format(),
            parties: negotiated.parties()?,
        };
        let life = Life::new(parameters, &negotiated.first_state()?, &negotiated.first_points()?);
        let mut life = life.knowing(nodes_keys);
        let created = target.rcvd.last("funding_created").filter(|_| opener == Side::Remote);
        if let Some(created) = created {
            life.first_signature(created.message())?;
        }
        self.chan(&event.chan)?.life.replace(Some(Rc::new(life)));
        Ok(())
    }

    /// The channel that an event is about; `commit` and the like are its from now on.
    pub(super) fn chan(&mut self, channel: &ChannelRef) -> Result<Rc<Channel>, Stop> {
        let found = self.stage.channel(channel)?.clone();
        self.stage.names.set_default_channel(channel);
        Ok(found)
    }

    fn name_channel(&mut self, name: &str, channel: Channel) {
        let channel = Rc::new(channel);
        self.stage.names.set(name, Value::Object(channel.clone()));
        self.stage.names.set_default_channel(name);
        self.stage.channels.insert(name.to_owned(), channel);
    }

    /// The funding key that the node named in its last `accept_channel` or `open_channel`.
    fn nodes_funding_pubkey(&mut self, session: &str) -> Result<PublicKey, Stop> {
        let rcvd = &self.stage.session(session)?.rcvd;
        let message = rcvd.last("accept_channel").or_else(|| rcvd.last("open_channel"));
        let message = message.ok_or_else(|| Stop::spec("the node has not named its funding_pubkey yet"))?;
        let bytes = message.message().bytes("funding_pubkey").unwrap_or_default();
        PublicKey::from_slice(bytes).map_err(|_| {
            Stop::fail(
                Code::of(CodeKind::WrongField, "funding_pubkey"),
                "funding_pubkey to be a point in compressed form",
                hex::encode(bytes),
            )
        })
    }
}

/// The same side, in the words of BOLT 3's transactions.
pub(super) fn side(side: event::Side) -> Side {
    match side {
        event::Side::Local => Side::Local,
        event::Side::Remote => Side::Remote,
    }
}
