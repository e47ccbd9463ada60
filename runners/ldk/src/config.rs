//! How is LDK configured, and why so?

use lightning::ln::msgs::SocketAddress;
use lightning::util::config::{ChannelHandshakeConfig, ChannelHandshakeLimits, UserConfig};

/// The configuration of a node as an LDK user would ship it. What differs from LDK's defaults:
///
/// | setting | value | why |
/// | --- | --- | --- |
/// | `manually_accept_inbound_channels` | true | LDK refuses anchor channels unless its user decides on each |
/// | `negotiate_anchors_zero_fee_htlc_tx` | true | so that `option_anchors` is offered at all |
/// | `announce_for_forwarding` | true | a public node: the BOLTs' gossip rules apply to announced channels |
/// | `force_announced_channel_preference` | false | the opener chooses, so that private channels can be tested too |
/// | `accept_forwards_to_priv_channels` | true | forwarding must not depend on that choice |
///
/// The rest is LDK's: minimum depth 6, `to_self_delay` 144, a reserve of 1 %, 50 HTLCs of at most 10 % of the channel,
/// channels below 2^24 sat only, an upfront shutdown script of its own wallet.
pub(crate) fn user_config() -> UserConfig {
    UserConfig {
        accept_forwards_to_priv_channels: true,
        channel_handshake_config: ChannelHandshakeConfig {
            announce_for_forwarding: true,
            negotiate_anchors_zero_fee_htlc_tx: true,
            ..ChannelHandshakeConfig::default()
        },
        channel_handshake_limits: ChannelHandshakeLimits {
            force_announced_channel_preference: false,
            ..ChannelHandshakeLimits::default()
        },
        manually_accept_inbound_channels: true,
        ..UserConfig::default()
    }
}

/// Its `node_announcement`: an alias and a colour to know it by.
pub(crate) const ALIAS: [u8; 32] = {
    let mut alias = [0; 32];
    let name = b"lnprototest-ldk";
    let mut at = 0;
    while at < name.len() {
        alias[at] = name[at];
        at += 1;
    }
    alias
};
pub(crate) const COLOUR: [u8; 3] = [0xf7, 0x93, 0x1a];

/// A node without sockets has no address to announce or to report.
pub(crate) const NO_ADDRESS: Option<SocketAddress> = None;
