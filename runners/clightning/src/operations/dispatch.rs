//! Which operations are there?

use lnprototest_runner_api::{Operation, OperationError, Outcome};
use std::cell::Cell;
use std::rc::Rc;

use super::refusal::Refusal;
use super::{channels, connect, dual_funding, payments};
use crate::network::Network;
use crate::process::Process;
use crate::wallet;

/// Carries out `operation`. The wallet gets its coins when they are first needed, but for a node that `can_dual_fund`,
/// which has them from the start.
///
/// # Errors
/// [`OperationError`]
pub(crate) async fn perform(
    process: Rc<Process>,
    network: &Network,
    has_coins: &Cell<bool>,
    can_dual_fund: bool,
    operation: Operation,
) -> Result<Outcome, OperationError> {
    let done = match operation {
        Operation::AcceptDualFunding { amount } if can_dual_fund => {
            dual_funding::accept(&process, amount).await
        }
        Operation::AddHtlc(request) => payments::add_htlc(&process, &request).await,
        Operation::BumpFunding { channel, feerate_per_kw } if can_dual_fund => {
            dual_funding::bump(&process, network, &channel, feerate_per_kw).await
        }
        Operation::CloseChannel(channel) => channels::close(&process, &channel).await,
        Operation::ConnectOut { node_id, address } => connect::connect_out(&process, node_id, &address).await,
        Operation::CreateInvoice { amount_msat, preimage } => {
            payments::create_invoice(&process, amount_msat, preimage).await
        }
        Operation::ForceClose(channel) => channels::force_close(&process, &channel).await,
        Operation::FundChannel(request) => {
            fill_wallet(&process, network, has_coins).await?;
            channels::fund(&process, &request).await
        }
        Operation::Pay { invoice } => payments::pay(&process, &invoice).await,
        Operation::SetFeerate { per_kw } => {
            process.backend().set_feerate(per_kw);
            Ok(Outcome::Done)
        }
        Operation::SetPolicy(policy) => channels::set_policy(&process, &policy).await,
        Operation::Splice { channel, amount } => {
            fill_wallet(&process, network, has_coins).await?;
            channels::splice(&process, &channel, amount).await
        }
        other => return Err(OperationError::Unsupported(other.capability())),
    };
    Ok(done?)
}

async fn fill_wallet(process: &Process, network: &Network, has_coins: &Cell<bool>) -> Result<(), Refusal> {
    if !has_coins.get() {
        wallet::fill(&process.rpc, network).await?;
        has_coins.set(true);
    }
    Ok(())
}
