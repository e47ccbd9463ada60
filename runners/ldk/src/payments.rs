//! How does the node pay, and get paid?

use bitcoin::hashes::{Hash, sha256};
use lightning::bolt11_invoice::Bolt11Invoice;
use lightning::events::PathFailure;
use lightning::ln::channelmanager::{
    Bolt11InvoiceParameters, PaymentId, RecentPaymentDetails, RecipientOnionFields, Retry,
};
use lightning::routing::router::{Path, Route, RouteHop, RouteParametersConfig};
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use lightning::types::payment::{PaymentHash, PaymentPreimage, PaymentSecret};
use lnprototest_runner_api::{AddHtlc, Outcome};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr;

use crate::ends::{End, Ends};
use crate::engine::Engine;

/// How long its invoices are good for: a week, as blocks count it, so that no spec outlives them by mining.
const INVOICE_EXPIRY_SECONDS: u32 = 7 * 24 * 60 * 60;
/// How often it tries another route after a failure.
const RETRIES: u32 = 3;

/// What the node's user keeps about payments; restarts included.
#[derive(Default)]
pub(crate) struct Payments {
    ends: Rc<Ends<[u8; 32]>>,
    /// The preimages that its user chose. LDK makes up the others anew when it needs them.
    preimages: RefCell<BTreeMap<PaymentHash, PaymentPreimage>>,
    /// How each payment's last path failed.
    failures: RefCell<BTreeMap<[u8; 32], String>>,
    htlcs: Cell<u64>,
}

impl Payments {
    /// The preimage that its user chose for this hash.
    pub(crate) fn preimage(&self, hash: &PaymentHash) -> Option<PaymentPreimage> {
        self.preimages.borrow().get(hash).copied()
    }

    /// A payment went through.
    pub(crate) fn sent(&self, id: PaymentId, preimage: PaymentPreimage) {
        self.ends.end(id.0, Ok(Outcome::Paid { preimage: preimage.0 }));
    }

    /// A part of a payment failed; LDK may try another path.
    pub(crate) fn path_failed(
        &self,
        id: PaymentId,
        failure: &PathFailure,
        permanently: bool,
        at: Option<u64>,
    ) {
        let how = match (failure, at) {
            (PathFailure::InitialSend { err }, _) => format!("{err:?}"),
            (PathFailure::OnPath { .. }, _) if permanently => "the final node failed it".to_owned(),
            (PathFailure::OnPath { .. }, Some(at)) => format!("it failed at the channel {at:x}"),
            (PathFailure::OnPath { .. }, None) => "it failed on its way".to_owned(),
        };
        self.failures.borrow_mut().insert(id.0, how);
    }

    /// A payment failed for good.
    pub(crate) fn failed(&self, id: PaymentId, reason: &str) {
        let how = self.failures.borrow_mut().remove(&id.0);
        let why = how.map_or_else(|| reason.to_owned(), |how| format!("{reason}: {how}"));
        self.ends.end(id.0, Err(why));
    }

    /// The id of an HTLC's payment, which no other has: several may have one hash.
    fn new_htlc(&self) -> PaymentId {
        self.htlcs.set(self.htlcs.get() + 1);
        PaymentId(sha256::Hash::hash(&self.htlcs.get().to_be_bytes()).to_byte_array())
    }
}

impl Engine {
    /// Makes an invoice.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn create_invoice(
        &self,
        amount_msat: Option<u64>,
        preimage: Option<[u8; 32]>,
    ) -> Result<Outcome, String> {
        let preimage = preimage.map(PaymentPreimage);
        let hash = preimage.map(PaymentHash::from);
        let parameters = Bolt11InvoiceParameters {
            amount_msats: amount_msat,
            invoice_expiry_delta_secs: Some(INVOICE_EXPIRY_SECONDS),
            payment_hash: hash,
            ..Bolt11InvoiceParameters::default()
        };
        let invoice = self.stack.manager.create_bolt11_invoice(parameters);
        let invoice = invoice.map_err(|error| format!("{error:?}"))?;
        if let (Some(hash), Some(preimage)) = (hash, preimage) {
            self.around.payments.preimages.borrow_mut().insert(hash, preimage);
        }
        Ok(Outcome::Invoice {
            payment_hash: invoice.payment_hash().to_byte_array(),
            payment_secret: invoice.payment_secret().0,
            invoice: invoice.to_string(),
        })
    }

    /// Begins to pay an invoice. The future tells how it ended.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn pay(&self, invoice: &str) -> Result<End<[u8; 32]>, String> {
        let invoice = Bolt11Invoice::from_str(invoice).map_err(|error| format!("no invoice: {error:?}"))?;
        // LDK's advice: so nothing is paid twice at a time.
        let id = PaymentId(invoice.payment_hash().to_byte_array());
        let routes = RouteParametersConfig::default();
        let end = self.around.payments.ends.begin(id.0);
        self.stack
            .manager
            .pay_for_bolt11_invoice(&invoice, id, None, routes, Retry::Attempts(RETRIES))
            .map_err(|error| format!("{error:?}"))?;
        Ok(end)
    }

    /// Offers an HTLC to the peer of a channel, as a payment of one hop. The future fails if LDK can't send it, and is
    /// ready once it is on its way, or waits for the peer's `revoke_and_ack`.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn add_htlc(&self, request: &AddHtlc) -> Result<End<[u8; 32]>, String> {
        let manager = &self.stack.manager;
        let channels = manager.list_channels_with_counterparty(&request.channel.peer);
        let channel = channels.iter().find(|channel| channel.channel_id.0 == request.channel.channel_id);
        let channel = channel.ok_or("it has no such channel")?;
        let hop = RouteHop {
            pubkey: request.channel.peer,
            node_features: NodeFeatures::empty(),
            short_channel_id: channel
                .get_outbound_payment_scid()
                .ok_or("the channel has no short_channel_id yet")?,
            channel_features: ChannelFeatures::empty(),
            fee_msat: request.amount_msat,
            // LDK counts from the block that may come meanwhile.
            cltv_expiry_delta: u32::from(request.cltv_delta.saturating_sub(1)),
            maybe_announced_channel: channel.is_announced,
        };
        let route = Route { paths: vec![Path { hops: vec![hop], blinded_tail: None }], route_params: None };
        let onion = RecipientOnionFields::secret_only(PaymentSecret(request.payment_secret));
        let id = self.around.payments.new_htlc();
        let end = self.around.payments.ends.begin(id.0);
        manager
            .send_payment_with_route(route, PaymentHash(request.payment_hash), onion, id)
            .map_err(|error| format!("{error:?}"))?;
        // If it could not send it, an event will tell why.
        let is_pending = manager.list_recent_payments().iter().any(|payment| {
            matches!(payment, RecentPaymentDetails::Pending { payment_id, .. } if *payment_id == id)
        });
        if is_pending {
            self.around.payments.ends.end(id.0, Ok(Outcome::Done));
        }
        Ok(end)
    }
}
