//! What parts is an LDK node made of, and how are they put together, afresh or from its data?

use bitcoin::{BlockHash, Network};
use lightning::chain::chainmonitor::{ChainMonitor, Persist};
use lightning::chain::channelmonitor::{ChannelMonitor, ChannelMonitorUpdate};
use lightning::chain::{BestBlock, ChannelMonitorUpdateStatus, Filter};
use lightning::events::bump_transaction::sync::{BumpTransactionEventHandlerSync, WalletSync};
use lightning::io::Cursor;
use lightning::ln::channelmanager::{ChainParameters, ChannelManager, ChannelManagerReadArgs};
use lightning::ln::msgs::DecodeError;
use lightning::ln::peer_handler::{IgnoringMessageHandler, MessageHandler, PeerManager};
use lightning::onion_message::messenger::{DefaultMessageRouter, OnionMessenger};
use lightning::routing::gossip::{NetworkGraph, P2PGossipSync};
use lightning::routing::router::DefaultRouter;
use lightning::routing::scoring::FixedPenaltyScorer;
use lightning::sign::{EntropySource, NodeSigner};
use lightning::util::persist::MonitorName;
use lightning::util::ser::{ReadableArgs, Writeable};
use std::rc::Rc;
use std::sync::{Arc, RwLock};

use crate::config::user_config;
use crate::fees::Fees;
use crate::logger::RingLog;
use crate::node_keys::{Keys, SignerSource};
use crate::outbox::Outbox;
use crate::payments::Payments;
use crate::signer::ChannelKeys;
use crate::socket::Socket;
use crate::utxo::UtxoQueue;
use crate::wallet::Wallet;

type Log = Arc<RingLog>;
type Graph = Arc<NetworkGraph<Log>>;
type Gossip = P2PGossipSync<Graph, Arc<UtxoQueue>, Log>;
type Monitors = ChainMonitor<
    ChannelKeys,
    Arc<dyn Filter + Send + Sync>,
    Arc<Outbox>,
    Arc<Fees>,
    Log,
    Arc<MemoryPersister>,
    Arc<Keys>,
>;
type Scorer = RwLock<FixedPenaltyScorer>;
type Routes = DefaultRouter<Graph, Log, Arc<Keys>, Arc<Scorer>, (), FixedPenaltyScorer>;
type OnionRoutes = DefaultMessageRouter<Graph, Log, Arc<Keys>>;
type Manager = ChannelManager<
    Arc<Monitors>,
    Arc<Outbox>,
    Arc<Keys>,
    Arc<Keys>,
    Arc<SignerSource>,
    Arc<Fees>,
    Arc<Routes>,
    Arc<OnionRoutes>,
    Log,
>;
type Onions = OnionMessenger<
    Arc<Keys>,
    Arc<Keys>,
    Log,
    Arc<Manager>,
    Arc<OnionRoutes>,
    Arc<Manager>,
    Arc<Manager>,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
>;
type Peers = PeerManager<
    Socket,
    Arc<Manager>,
    Arc<Gossip>,
    Arc<Onions>,
    Log,
    IgnoringMessageHandler,
    Arc<Keys>,
    Arc<Monitors>,
>;
type Bumper =
    BumpTransactionEventHandlerSync<Arc<Outbox>, Arc<WalletSync<Arc<Wallet>, Log>>, Arc<SignerSource>, Log>;

/// What surrounds LDK and outlives its restarts.
pub(crate) struct Surroundings {
    pub(crate) fees: Arc<Fees>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) log: Log,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) payments: Rc<Payments>,
    pub(crate) signers: Arc<SignerSource>,
    pub(crate) utxos: Arc<UtxoQueue>,
    pub(crate) wallet: Arc<Wallet>,
}

/// LDK itself.
pub(crate) struct Stack {
    pub(crate) bumper: Bumper,
    pub(crate) gossip: Arc<Gossip>,
    pub(crate) graph: Graph,
    pub(crate) manager: Arc<Manager>,
    pub(crate) monitors: Arc<Monitors>,
    pub(crate) onions: Arc<Onions>,
    pub(crate) peers: Peers,
}

/// What a node has on its disk.
pub(crate) struct Disk {
    manager: Vec<u8>,
    monitors: Vec<Vec<u8>>,
    graph: Vec<u8>,
}

impl Stack {
    /// A node without channels whose chain ends at `tip`. `time` is a Unix time of about now.
    pub(crate) fn fresh(around: &Surroundings, tip: BestBlock, time: u32) -> Self {
        let graph = Arc::new(NetworkGraph::new(Network::Regtest, Arc::clone(&around.log)));
        let foundation = Foundation::new(around, graph);
        let manager = ChannelManager::new(
            Arc::clone(&around.fees),
            Arc::clone(&foundation.monitors),
            Arc::clone(&around.outbox),
            Arc::clone(&foundation.routes),
            Arc::clone(&foundation.onion_routes),
            Arc::clone(&around.log),
            Arc::clone(&around.keys),
            Arc::clone(&around.keys),
            Arc::clone(&around.signers),
            user_config(),
            ChainParameters { network: Network::Regtest, best_block: tip },
            time,
        );
        foundation.finish(around, manager, time)
    }

    /// The node that wrote `disk`. Its chain ends where it ended then.
    ///
    /// # Errors
    /// LDK can't read what it wrote.
    pub(crate) fn read(around: &Surroundings, disk: &Disk, time: u32) -> Result<Self, DecodeError> {
        let graph = NetworkGraph::read(&mut Cursor::new(&disk.graph), Arc::clone(&around.log))?;
        let foundation = Foundation::new(around, Arc::new(graph));
        let monitors = disk
            .monitors
            .iter()
            .map(|bytes| {
                let keys = (&*around.keys, &*around.signers);
                <(BlockHash, ChannelMonitor<ChannelKeys>)>::read(&mut Cursor::new(bytes), keys)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let args = ChannelManagerReadArgs::new(
            Arc::clone(&around.keys),
            Arc::clone(&around.keys),
            Arc::clone(&around.signers),
            Arc::clone(&around.fees),
            Arc::clone(&foundation.monitors),
            Arc::clone(&around.outbox),
            Arc::clone(&foundation.routes),
            Arc::clone(&foundation.onion_routes),
            Arc::clone(&around.log),
            user_config(),
            monitors.iter().map(|(_, monitor)| monitor).collect(),
        );
        let (_, manager) = <(BlockHash, Manager)>::read(&mut Cursor::new(&disk.manager), args)?;
        for (_, monitor) in monitors {
            foundation
                .monitors
                .load_existing_monitor(monitor.channel_id(), monitor)
                .map_err(|()| DecodeError::InvalidValue)?;
        }
        Ok(foundation.finish(around, manager, time))
    }

    /// What is on the node's disk now: LDK's users write the monitors with each update, and the manager whenever
    /// it has changed, which is what the in-memory state comes to once the node is settled.
    pub(crate) fn disk(&self) -> Disk {
        let monitors = self.monitors.list_monitors();
        Disk {
            manager: self.manager.encode(),
            monitors: monitors
                .into_iter()
                .filter_map(|id| self.monitors.get_monitor(id).ok().map(|monitor| monitor.encode()))
                .collect(),
            graph: self.graph.encode(),
        }
    }
}

/// The parts that the manager of channels rests on.
struct Foundation {
    graph: Graph,
    monitors: Arc<Monitors>,
    onion_routes: Arc<OnionRoutes>,
    routes: Arc<Routes>,
}

impl Foundation {
    fn new(around: &Surroundings, graph: Graph) -> Self {
        let monitors = ChainMonitor::new(
            None,
            Arc::clone(&around.outbox),
            Arc::clone(&around.log),
            Arc::clone(&around.fees),
            Arc::new(MemoryPersister),
            Arc::clone(&around.keys),
            around.keys.get_peer_storage_key(),
        );
        // A node lives for one path of a spec: too short to learn from its payments.
        let scorer = Arc::new(RwLock::new(FixedPenaltyScorer::with_penalty(0)));
        let routes = DefaultRouter::new(
            Arc::clone(&graph),
            Arc::clone(&around.log),
            Arc::clone(&around.keys),
            scorer,
            (),
        );
        Self {
            monitors: Arc::new(monitors),
            onion_routes: Arc::new(DefaultMessageRouter::new(Arc::clone(&graph), Arc::clone(&around.keys))),
            routes: Arc::new(routes),
            graph,
        }
    }

    fn finish(self, around: &Surroundings, manager: Manager, time: u32) -> Stack {
        let manager = Arc::new(manager);
        let gossip = Arc::new(P2PGossipSync::new(
            Arc::clone(&self.graph),
            Some(Arc::clone(&around.utxos)),
            Arc::clone(&around.log),
        ));
        let onions = Arc::new(OnionMessenger::new(
            Arc::clone(&around.keys),
            Arc::clone(&around.keys),
            Arc::clone(&around.log),
            Arc::clone(&manager),
            self.onion_routes,
            Arc::clone(&manager),
            Arc::clone(&manager),
            IgnoringMessageHandler {},
            IgnoringMessageHandler {},
        ));
        let handlers = MessageHandler {
            chan_handler: Arc::clone(&manager),
            route_handler: Arc::clone(&gossip),
            onion_message_handler: Arc::clone(&onions),
            custom_message_handler: IgnoringMessageHandler {},
            send_only_message_handler: Arc::clone(&self.monitors),
        };
        let ephemeral = around.keys.get_secure_random_bytes();
        let bumper = BumpTransactionEventHandlerSync::new(
            Arc::clone(&around.outbox),
            Arc::new(WalletSync::new(Arc::clone(&around.wallet), Arc::clone(&around.log))),
            Arc::clone(&around.signers),
            Arc::clone(&around.log),
        );
        Stack {
            bumper,
            gossip,
            graph: self.graph,
            peers: PeerManager::new(
                handlers,
                time,
                &ephemeral,
                Arc::clone(&around.log),
                Arc::clone(&around.keys),
            ),
            manager,
            monitors: self.monitors,
            onions,
        }
    }
}

/// LDK's state stays in memory until [`Stack::disk`] asks for it.
pub(crate) struct MemoryPersister;

impl Persist<ChannelKeys> for MemoryPersister {
    fn persist_new_channel(
        &self,
        _: MonitorName,
        _: &ChannelMonitor<ChannelKeys>,
    ) -> ChannelMonitorUpdateStatus {
        ChannelMonitorUpdateStatus::Completed
    }

    fn update_persisted_channel(
        &self,
        _: MonitorName,
        _: Option<&ChannelMonitorUpdate>,
        _: &ChannelMonitor<ChannelKeys>,
    ) -> ChannelMonitorUpdateStatus {
        ChannelMonitorUpdateStatus::Completed
    }

    fn archive_persisted_channel(&self, _: MonitorName) {}
}
