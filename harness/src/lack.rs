//! What a spec needs of a runner, and whether it is there: known before any node starts.

use lnprototest_runner_api::{Capabilities, Capability};
use lnprototest_spec_events::{Event, Spec, Step};

use crate::verdict::Lack;

/// The first capability that `spec` needs and `capabilities` lack: what it says it requires, and what its events do.
pub(crate) fn lacking_capability(spec: &Spec, capabilities: &Capabilities) -> Option<Lack> {
    let required = spec.requires.capabilities.iter().filter_map(|name| Capability::from_name(&name.value));
    required
        .chain(capabilities_of(&spec.steps))
        .find(|capability| !capabilities.has(*capability))
        .map(|capability| Lack::Capability(capability.name().to_owned()))
}

/// What the events of `steps` ask of the node. A choice counts if each of its alternatives needs it.
fn capabilities_of(steps: &[Step]) -> Vec<Capability> {
    steps
        .iter()
        .filter(|step| step.when.is_none())
        .flat_map(|step| match &step.event {
            Event::Accept(_) => vec![Capability::ConnectOut],
            Event::AddHtlc(_) => vec![Capability::AddHtlc],
            Event::CloseChannel(_) => vec![Capability::CloseChannel],
            Event::ForceClose(_) => vec![Capability::ForceClose],
            Event::FundChannel(_) => vec![Capability::FundChannel],
            Event::Include(event) => capabilities_of(&event.steps),
            Event::Invoice(event) => {
                let chosen = event.preimage.as_ref().map(|_| Capability::ChosenPreimage);
                [Capability::CreateInvoice].into_iter().chain(chosen).collect()
            }
            Event::Kill(_) | Event::Restart(_) => vec![Capability::Restart],
            Event::Pay(_) => vec![Capability::Pay],
            Event::Sequence(event) => capabilities_of(&event.steps),
            Event::SetFeerate(_) => vec![Capability::SetFeerate],
            Event::SetPolicy(event) => {
                let limits = event.htlc_minimum_msat.as_ref().or(event.htlc_maximum_msat.as_ref());
                let limits = limits.map(|_| Capability::SetHtlcLimits);
                [Capability::SetPolicy].into_iter().chain(limits).collect()
            }
            Event::AnyOrder(event) => {
                event.alternatives.iter().flat_map(|steps| capabilities_of(steps)).collect()
            }
            Event::OneOf(event) => common(&event.alternatives),
            Event::TryAll(event) => common(&event.alternatives),
            Event::Wait(_) => vec![Capability::Clock],
            _ => Vec::new(),
        })
        .collect()
}

fn common(alternatives: &[Vec<Step>]) -> Vec<Capability> {
    let mut each = alternatives.iter().map(|steps| capabilities_of(steps));
    let first = each.next().unwrap_or_default();
    each.fold(first, |common, needed| common.into_iter().filter(|one| needed.contains(one)).collect())
}
