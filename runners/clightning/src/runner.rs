//! Where do Core Lightning's nodes come from?

use lnprototest_runner_api::{
    Argument, ArgumentError, Arguments, Capabilities, Capability, LocalFuture, Node, NodeError, Runner,
    StartCost, World,
};
use std::rc::Rc;
use std::sync::Arc;

use crate::node::LightningNode;
use crate::prepared::Prepared;
use crate::settings::{ARGUMENTS, Keys, Settings};
use crate::version;

/// The runner `clightning`: one lightningd for each node.
#[derive(Default)]
pub struct ClightningRunner {
    settings: Settings,
    prepared: Prepared,
}

impl ClightningRunner {
    /// A runner of the lightningd that `LIGHTNINGD` or `PATH` leads to, with the harness's keys.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Runner for ClightningRunner {
    fn name(&self) -> &str {
        "clightning"
    }

    fn capabilities(&self) -> Capabilities {
        let always = [
            Capability::AddHtlc,
            Capability::ChosenPreimage,
            Capability::CloseChannel,
            Capability::ConnectOut,
            Capability::CreateInvoice,
            Capability::ForceClose,
            Capability::FundChannel,
            Capability::Pay,
            Capability::Restart,
            Capability::SetHtlcLimits,
            Capability::SetPolicy,
            Capability::Splice,
        ];
        let known = [Capability::KnownKeys, Capability::SetFeerate];
        let for_developers = known.into_iter().filter(|_| self.settings.keys == Keys::Known);
        let dual_funding = [Capability::AcceptDualFunding, Capability::BumpFunding];
        let with_dual_fund = dual_funding.into_iter().filter(|_| self.settings.dual_fund);
        always.into_iter().chain(for_developers).chain(with_dual_fund).collect()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        Box::pin(async {
            let node = LightningNode::start(world, &self.settings, &self.prepared).await?;
            Ok(Rc::new(node) as Rc<dyn Node>)
        })
    }

    fn arguments(&self) -> &[Argument] {
        ARGUMENTS
    }

    fn configured(&self, arguments: &Arguments) -> Result<Arc<dyn Runner>, ArgumentError> {
        Ok(Arc::new(Self { settings: Settings::new(arguments)?, prepared: Prepared::default() }))
    }

    fn check(&self) -> Result<(), NodeError> {
        version::check(&self.settings)
    }

    fn start_cost(&self) -> StartCost {
        StartCost::High
    }
}
