//! What does the node's user do about LDK's events?

use bitcoin::secp256k1::{PublicKey, SECP256K1};
use bitcoin::{Amount, ScriptBuf, Transaction};
use lightning::chain::chaininterface::{ConfirmationTarget, FeeEstimator};
use lightning::events::{Event, FundingInfo};
use lightning::ln::types::ChannelId;
use lightning::sign::{SignerProvider, SpendableOutputDescriptor};

use crate::engine::Engine;

impl Engine {
    /// Answers `event` as a public routing node would: it accepts channels (never before their confirmations), funds
    /// its own, claims what it can, and brings on-chain outputs home.
    pub(crate) fn handle(&self, event: Event) {
        let manager = &self.stack.manager;
        match event {
            Event::BumpTransaction(bump) => self.stack.bumper.handle_event(&bump),
            Event::ChannelClosed { user_channel_id, reason, .. } => {
                self.fundings.failed(user_channel_id, reason.to_string());
            }
            Event::DiscardFunding { funding_info, .. } => self.around.wallet.abandon(match funding_info {
                FundingInfo::OutPoint { outpoint } => outpoint.txid,
                FundingInfo::Tx { transaction } => transaction.compute_txid(),
            }),
            Event::FundingGenerationReady {
                temporary_channel_id,
                counterparty_node_id,
                channel_value_satoshis,
                output_script,
                user_channel_id,
            } => {
                let value = Amount::from_sat(channel_value_satoshis);
                self.fund(user_channel_id, temporary_channel_id, counterparty_node_id, value, output_script);
            }
            Event::HTLCIntercepted { intercept_id, .. } => {
                self.noted("failing an intercepted HTLC", manager.fail_intercepted_htlc(intercept_id));
            }
            Event::OpenChannelRequest { temporary_channel_id, counterparty_node_id, .. } => {
                let id = self.fundings.new_id();
                let accepted =
                    manager.accept_inbound_channel(&temporary_channel_id, &counterparty_node_id, id, None);
                self.noted("accepting a channel", accepted);
            }
            Event::PaymentClaimable { payment_hash, purpose, .. } => {
                match purpose.preimage().or_else(|| self.around.payments.preimage(&payment_hash)) {
                    Some(preimage) => manager.claim_funds(preimage),
                    None => manager.fail_htlc_backwards(&payment_hash),
                }
            }
            Event::PaymentFailed { payment_id, reason, .. } => {
                let reason =
                    reason.map_or_else(|| "no reason given".to_owned(), |reason| format!("{reason:?}"));
                self.around.payments.failed(payment_id, &reason);
            }
            Event::PaymentPathFailed {
                payment_id: Some(id),
                failure,
                payment_failed_permanently: permanently,
                short_channel_id,
                ..
            } => self.around.payments.path_failed(id, &failure, permanently, short_channel_id),
            Event::PaymentSent { payment_id: Some(id), payment_preimage, .. } => {
                self.around.payments.sent(id, payment_preimage);
            }
            Event::SpendableOutputs { outputs, .. } => self.sweep(&outputs),
            // Only news, or about features that this node does not turn on (async payments, dual funding, splices),
            // or a wish to reach a peer whose address is not known.
            other => self.around.log.note(format_args!("no need to act on {}", name(&other))),
        }
    }

    /// Makes the funding transaction of a channel of ours.
    fn fund(&self, id: u128, channel: ChannelId, peer: PublicKey, value: Amount, script: ScriptBuf) {
        let feerate = self.around.fees.get_est_sat_per_1000_weight(ConfirmationTarget::OutputSpendingFee);
        let (height, _) = self.view.borrow().tip();
        let made = match self.around.wallet.pay(script, value, feerate, height) {
            Ok(transaction) => {
                let txid = transaction.compute_txid();
                self.fundings.made(id, txid);
                self.stack.manager.funding_transaction_generated(channel, peer, transaction).map_err(
                    |error| {
                        self.around.wallet.abandon(txid);
                        format!("{error:?}")
                    },
                )
            }
            Err(poor) => {
                let closed = self.stack.manager.force_close_broadcasting_latest_txn(
                    &channel,
                    &peer,
                    "insufficient funds".to_owned(),
                );
                self.noted("giving up a channel", closed);
                Err(poor.to_string())
            }
        };
        if let Err(why) = made {
            self.fundings.failed(id, why);
        }
    }

    /// Sends outputs that are ours, but under a channel's keys, to the wallet.
    fn sweep(&self, outputs: &[SpendableOutputDescriptor]) {
        // The wallet owns static outputs as they are: channels pay them to its script.
        let outputs: Vec<_> = outputs
            .iter()
            .filter(|output| !matches!(output, SpendableOutputDescriptor::StaticOutput { .. }))
            .collect();
        if outputs.is_empty() {
            return;
        }
        match self.sweep_transaction(&outputs) {
            Ok(transaction) => self.around.outbox.push(transaction),
            Err(()) => self.around.log.note(format_args!("can't sweep {outputs:?}: not worth its fee?")),
        }
    }

    fn sweep_transaction(&self, outputs: &[&SpendableOutputDescriptor]) -> Result<Transaction, ()> {
        let feerate = self.around.fees.get_est_sat_per_1000_weight(ConfirmationTarget::OutputSpendingFee);
        let (psbt, _) = SpendableOutputDescriptor::create_spendable_outputs_psbt(
            SECP256K1,
            outputs,
            Vec::new(),
            self.around.wallet.script().clone(),
            feerate,
            None,
        )?;
        let mut transaction = psbt.extract_tx_unchecked_fee_rate();
        let witnesses = outputs
            .iter()
            .enumerate()
            .map(|(index, output)| match output {
                SpendableOutputDescriptor::DelayedPaymentOutput(output) => {
                    let signer = self.around.signers.derive_channel_signer(output.channel_keys_id);
                    signer.spend_delayed_payment(&transaction, index, output, SECP256K1)
                }
                SpendableOutputDescriptor::StaticPaymentOutput(output) => {
                    let signer = self.around.signers.derive_channel_signer(output.channel_keys_id);
                    signer.spend_static_payment(&transaction, index, output, SECP256K1)
                }
                SpendableOutputDescriptor::StaticOutput { .. } => Err(()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (input, witness) in transaction.input.iter_mut().zip(witnesses) {
            input.witness = witness;
        }
        Ok(transaction)
    }

    /// Notes what went wrong, if it did: LDK tells the peer itself.
    fn noted<E: std::fmt::Debug>(&self, doing: &str, result: Result<(), E>) {
        if let Err(error) = result {
            self.around.log.note(format_args!("{doing}: {error:?}"));
        }
    }
}

/// The name of an event: its `Debug` output up to the first brace.
fn name(event: &Event) -> String {
    let debug = format!("{event:?}");
    debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}
