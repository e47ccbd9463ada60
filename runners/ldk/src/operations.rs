//! How does the node do what its user asks of it?

use lightning::ln::script::ShutdownScript;
use lightning::ln::types::ChannelId;
use lightning::types::features::{ChannelTypeFeatures, InitFeatures};
use lightning::util::config::{ChannelConfigUpdate, UserConfig};
use lightning::util::errors::APIError;
use lnprototest_runner_api::{ChannelRef, FundChannel, SetPolicy};

use crate::config::user_config;
use crate::ends::End;
use crate::engine::Engine;

impl Engine {
    /// Begins to close a channel.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn close_channel(&self, request: &ChannelRef) -> Result<(), String> {
        self.stack.manager.close_channel(&ChannelId(request.channel_id), &request.peer).map_err(words)
    }

    /// Publishes its commitment transaction.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn force_close(&self, request: &ChannelRef) -> Result<(), String> {
        let channel = ChannelId(request.channel_id);
        let said = "its user closed the channel".to_owned();
        self.stack.manager.force_close_broadcasting_latest_txn(&channel, &request.peer, said).map_err(words)
    }

    /// Takes a feerate for the network's. LDK looks at it once a minute, when its timer ticks.
    pub(crate) fn set_feerate(&self, per_kw: u32) {
        self.around.fees.set_network_feerate(per_kw);
        self.stack.manager.timer_tick_occurred();
    }

    /// Changes what it charges for forwarding over a channel.
    ///
    /// # Errors
    /// LDK's reason not to.
    pub(crate) fn set_policy(&self, policy: &SetPolicy) -> Result<(), String> {
        let ChannelRef { peer, channel_id } = policy.channel;
        let terms = ChannelConfigUpdate {
            forwarding_fee_base_msat: Some(policy.fee_base_msat),
            forwarding_fee_proportional_millionths: Some(policy.fee_proportional_millionths),
            ..ChannelConfigUpdate::default()
        };
        let channel = ChannelId(channel_id);
        self.stack.manager.update_partial_channel_config(&peer, &[channel], &terms).map_err(words)
    }

    /// Begins to open a channel. The future tells when it is funded.
    ///
    /// # Errors
    /// LDK's reason not to, or what it can't be made to do.
    pub(crate) fn open_channel(&self, request: &FundChannel) -> Result<End<u128>, String> {
        let peer =
            self.stack.peers.peer_by_node_id(&request.peer).ok_or("it is not connected to that peer")?;
        let mut config = user_config();
        config.channel_handshake_config.announce_for_forwarding = request.announce;
        if let Some(wire) = &request.channel_type {
            choose_type(&mut config, wire, &peer.init_features)?;
        }
        let close_to = match &request.close_to {
            Some(script) => Some(
                ShutdownScript::try_from(script.clone())
                    .map_err(|error| format!("{} is no shutdown script", error.script.to_hex_string()))?,
            ),
            None => None,
        };
        if let Some(feerate) = request.feerate_per_kw {
            self.around.fees.set_channel_feerate(feerate);
        }

        let id = self.fundings.new_id();
        let end = self.fundings.begin(id);
        self.around
            .signers
            .with_close_to(close_to, || {
                self.stack.manager.create_channel(
                    request.peer,
                    request.amount.to_sat(),
                    request.push_msat,
                    id,
                    None,
                    Some(config),
                )
            })
            .map_err(words)?;
        Ok(end)
    }
}

/// Makes LDK propose the channel type `wire` (feature bits), which it derives from its configuration and from what
/// the peer supports.
fn choose_type(config: &mut UserConfig, wire: &[u8], peer: &InitFeatures) -> Result<(), String> {
    let wanted = ChannelTypeFeatures::from_be_bytes(wire.to_vec());
    let settings = &mut config.channel_handshake_config;
    settings.negotiate_anchors_zero_fee_htlc_tx = wanted.supports_anchors_zero_fee_htlc_tx();
    settings.negotiate_scid_privacy = wanted.supports_scid_privacy();

    let mut proposed = ChannelTypeFeatures::only_static_remote_key();
    if settings.negotiate_anchors_zero_fee_htlc_tx && peer.supports_anchors_zero_fee_htlc_tx() {
        proposed.set_anchors_zero_fee_htlc_tx_required();
    }
    if settings.negotiate_scid_privacy && !settings.announce_for_forwarding && peer.supports_scid_privacy() {
        proposed.set_scid_privacy_required();
    }
    if proposed == wanted {
        Ok(())
    } else {
        Err(format!("it would propose {proposed} with this peer, not {wanted}"))
    }
}

fn words(error: APIError) -> String {
    format!("{error:?}")
}
