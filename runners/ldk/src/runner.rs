//! Where do LDK nodes come from?

use lnprototest_runner_api::{
    Capabilities, Capability, LocalFuture, Node, NodeError, NodeKeys, Runner, World,
};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::node::LdkNode;
use crate::node_keys::KeyMaterial;

/// The runner `ldk`: nodes of the `lightning` crate in this process.
///
/// A node needs no directory and starts in a fraction of a millisecond; a set of keys costs a millisecond once.
#[derive(Default)]
pub struct LdkRunner {
    /// A handful at most: specs share the classic keys.
    materials: Mutex<Vec<Arc<KeyMaterial>>>,
}

impl LdkRunner {
    /// A runner that has started no node yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn material(&self, keys: NodeKeys) -> Arc<KeyMaterial> {
        let mut known = self.materials.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|material| material.keys == keys) {
            Some(material) => Arc::clone(material),
            None => {
                let material = Arc::new(KeyMaterial::new(keys));
                known.push(Arc::clone(&material));
                material
            }
        }
    }
}

impl Runner for LdkRunner {
    fn name(&self) -> &str {
        "ldk"
    }

    fn capabilities(&self) -> Capabilities {
        [
            Capability::AddHtlc,
            Capability::ChosenPreimage,
            Capability::Clock,
            Capability::CloseChannel,
            Capability::ConnectOut,
            Capability::CreateInvoice,
            Capability::ForceClose,
            Capability::FundChannel,
            Capability::KnownKeys,
            Capability::Pay,
            Capability::Restart,
            Capability::SetFeerate,
            Capability::SetPolicy,
        ]
        .into_iter()
        .collect()
    }

    fn start(&self, world: World) -> LocalFuture<'_, Result<Rc<dyn Node>, NodeError>> {
        Box::pin(async {
            let material = self.material(world.keys.clone());
            Ok(Rc::new(LdkNode::start(world, material).await?) as Rc<dyn Node>)
        })
    }
}
