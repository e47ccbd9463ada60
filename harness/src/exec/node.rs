//! What the node is asked to do.

use bitcoin::Amount;
use lnprototest_bolt::public_key;
use lnprototest_runner_api::{self as api, NodeError, Operation, Outcome};
use lnprototest_spec_events::event::{
    AddHtlc, CloseChannel, ForceClose, FundChannel, Invoice, Pay, SetFeerate, SetPolicy, Wait,
};
use lnprototest_spec_events::{Bytes, Object, Value};
use std::time::Duration;

use super::performer::Performer;
use crate::stage::{Aim, Ending, Stop};
use crate::transcript::{By, Entry};
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn add_htlc(&mut self, event: &AddHtlc) -> Result<(), Stop> {
        let cltv_delta = self.optional(&event.cltv_delta)?.unwrap_or(USUAL_CLTV_DELTA);
        let request = api::AddHtlc {
            channel: self.channel_of(&event.chan)?,
            amount_msat: self.eval(&event.amount_msat)?,
            payment_hash: bytes_32("payment_hash", self.eval(&event.payment_hash)?)?,
            payment_secret: match self.optional(&event.payment_secret)? {
                Some(secret) => bytes_32("payment_secret", secret)?,
                None => [0; 32],
            },
            cltv_delta: cltv_delta
                .try_into()
                .map_err(|_| Stop::spec(format!("cltv_delta is at most {}, not {cltv_delta}", u16::MAX)))?,
        };
        let aim = Aim::refused(event.refused);
        self.stage.begin("add_htlc", Operation::AddHtlc(request), aim).await.map(drop)
    }

    pub(super) async fn close_channel(&mut self, event: &CloseChannel) -> Result<(), Stop> {
        let operation = Operation::CloseChannel(self.channel_of(&event.chan)?);
        self.stage.begin("close_channel", operation, Aim::Success).await.map(drop)
    }

    pub(super) async fn force_close(&mut self, event: &ForceClose) -> Result<(), Stop> {
        let operation = Operation::ForceClose(self.channel_of(&event.chan)?);
        self.stage.ask("force_close", operation).await.map(drop)
    }

    pub(super) async fn fund_channel(&mut self, event: &FundChannel) -> Result<(), Stop> {
        let session = self.on(&event.on);
        let peer = public_key(&self.stage.session(session)?.key);
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
        self.stage.begin("fund_channel", operation, Aim::refused(event.refused)).await.map(drop)
    }

    pub(super) async fn invoice(&mut self, event: &Invoice) -> Result<(), Stop> {
        let preimage = self.optional(&event.preimage)?;
        let preimage = preimage.map(|preimage| bytes_32("preimage", preimage)).transpose()?;
        let amount_msat = self.optional(&event.amount_msat)?;
        let operation = Operation::CreateInvoice { amount_msat, preimage };
        let outcome = self.stage.ask("create_invoice", operation).await?;
        let Outcome::Invoice { invoice, payment_hash, payment_secret } = outcome else {
            return Err(Stop::environment(format!("the runner answers create_invoice with {outcome:?}")));
        };
        let invoice = self.stage.tap.invoice(invoice);
        let members = [
            ("invoice", Some(Value::from(invoice))),
            ("payment_hash", Some(Value::bytes(payment_hash))),
            ("payment_secret", Some(Value::bytes(payment_secret))),
            ("preimage", preimage.map(Value::bytes)),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        self.stage.names.set(&event.bind, Value::map(members));
        Ok(())
    }

    pub(super) async fn kill(&mut self) -> Result<(), Stop> {
        self.stage.refuse_killed()?;
        self.part_from_all().await?;
        let killed = self.stage.promptly("die", self.stage.node.kill()).await?;
        killed?;
        self.stage.killed = true;
        self.is_down("is killed");
        Ok(())
    }

    pub(super) async fn pay(&mut self, event: &Pay) -> Result<(), Stop> {
        let operation = Operation::Pay { invoice: self.eval(&event.invoice)? };
        let aim = match (event.fails, event.unfinished) {
            (true, true) => {
                return Err(Stop::spec("a payment that must fail is not unfinished: give one of both"));
            }
            (true, false) => Aim::Failure,
            (false, true) => Aim::Progress,
            (false, false) => Aim::Success,
        };
        let ending = self.stage.begin("pay", operation, aim).await?;
        if let Some(name) = &event.bind {
            self.stage.names.set(name, Value::object(Payment(ending)));
        }
        Ok(())
    }

    pub(super) async fn restart(&mut self) -> Result<(), Stop> {
        self.part_from_all().await?;
        if !self.stage.killed {
            self.stage.settle().await?;
        }
        let restarted = self.stage.promptly("restart", self.stage.node.restart()).await?;
        restarted.map_err(does_not_come_up)?;
        self.stage.killed = false;
        self.is_down("restarts");
        Ok(())
    }

    pub(super) async fn set_feerate(&mut self, event: &SetFeerate) -> Result<(), Stop> {
        let operation = Operation::SetFeerate { per_kw: self.eval(&event.per_kw)? };
        self.stage.ask("set_feerate", operation).await.map(drop)
    }

    pub(super) async fn set_policy(&mut self, event: &SetPolicy) -> Result<(), Stop> {
        let operation = Operation::SetPolicy(api::SetPolicy {
            channel: self.channel_of(&event.chan)?,
            fee_base_msat: self.eval(&event.fee_base_msat)?,
            fee_proportional_millionths: self.eval(&event.fee_proportional_millionths)?,
            htlc_minimum_msat: self.optional(&event.htlc_minimum_msat)?,
            htlc_maximum_msat: self.optional(&event.htlc_maximum_msat)?,
        });
        self.stage.ask("set_policy", operation).await.map(drop)
    }

    pub(super) async fn wait(&mut self, event: &Wait) -> Result<(), Stop> {
        let seconds = self.eval(&event.seconds)?;
        if seconds > MOST_SECONDS {
            return Err(Stop::spec(format!("{seconds} seconds are too many: {MOST_SECONDS} at most")));
        }
        let time = Duration::from_secs(seconds);
        self.stage.begin("advance_time", Operation::AdvanceTime(time), Aim::Success).await.map(drop)
    }

    /// The channel as the node knows it.
    fn channel_of(&mut self, name: &str) -> Result<api::ChannelRef, Stop> {
        let channel = self.stage.channel(name)?;
        let channel_id = channel.funding.channel_id();
        let session = channel.session.clone();
        let peer = public_key(&self.stage.session(&session)?.key);
        Ok(api::ChannelRef { peer, channel_id })
    }

    /// Judges what has come and what was done, before the node goes down.
    async fn part_from_all(&mut self) -> Result<(), Stop> {
        let names: Vec<String> = self.stage.sessions.keys().cloned().collect();
        for name in &names {
            self.part_from(name).await?;
        }
        self.stage.operations.collect()?;
        self.stage.operations.give_up();
        Ok(())
    }

    /// Takes note that the node went down, and all its connections with it.
    fn is_down(&mut self, how: &str) {
        self.stage.left_trace = true;
        self.stage.transcript.push(Entry::Node(how.to_owned()));
        for session in self.stage.sessions.values_mut() {
            if session.is_open() {
                self.stage.transcript.push(Entry::Closed { session: session.name.clone(), by: By::Node });
            }
            session.leave();
        }
    }
}

/// What a spec sees of a payment of the node's.
struct Payment(Ending);

impl Object for Payment {
    fn member(&self, name: &str) -> Option<Value> {
        match (name, self.0.get()) {
            ("preimage", Some(Ok(Outcome::Paid { preimage }))) => Some(Value::bytes(preimage)),
            ("state", None) => Some(Value::from("pending")),
            ("state", Some(Ok(_))) => Some(Value::from("paid")),
            ("state", Some(Err(_))) => Some(Value::from("failed")),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        let names = ["preimage", "state"].into_iter().filter(|name| self.member(name).is_some());
        names.map(str::to_owned).collect()
    }
}

/// BOLT 11's default of `min_final_cltv_expiry_delta`.
const USUAL_CLTV_DELTA: u32 = 18;

/// The most that a node's timers advance in one step: ten years. No node has to reckon with more.
const MOST_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

fn bytes_32(name: &str, bytes: Bytes) -> Result<[u8; 32], Stop> {
    let length = bytes.len();
    bytes.0.try_into().map_err(|_| Stop::spec(format!("{name} has 32 bytes, not {length}")))
}

/// A node that ran on the same machine before, and does not start from its own data, has failed.
fn does_not_come_up(error: NodeError) -> Stop {
    match error {
        NodeError::Start(how) => {
            Stop::fail(Code::bare(CodeKind::Crash), "the node to start again with its data", how)
        }
        error => error.into(),
    }
}
