//! How does lightningd dial a peer?

use lnprototest_runner_api::{Address, Outcome};
use secp256k1::PublicKey;
use serde_json::json;
use tokio::task::spawn_local;

use super::refusal::Refusal;
use crate::process::Process;

/// Has it dial `node_id` at `address`. What comes of it is between it and the peer: it may well find the peer's
/// handshake wanting, which is no failure to dial.
pub(super) async fn connect_out(
    process: &Process,
    node_id: PublicKey,
    address: &Address,
) -> Result<Outcome, Refusal> {
    let to = address.tcp().map_err(Refusal::NoAddress)?;
    let peer = json!({ "id": node_id.to_string(), "host": to.ip().to_string(), "port": to.port() });
    let asked = process.rpc.send("connect", peer).await?;
    spawn_local(async move {
        if let Err(error) = asked.answer().await {
            tracing::debug!("lightningd's connection to {to}: {error}");
        }
    });
    Ok(Outcome::Done)
}
