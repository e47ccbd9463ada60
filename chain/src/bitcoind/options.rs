//! How is bitcoind set up?

use std::ffi::OsString;
use std::path::Path;

/// The configuration file: one that starts fast, keeps to itself, and judges as Bitcoin Core 29 does by default. It is a
/// file because Core and Knots of all versions pass over what they do not know in a file, but not among arguments.
pub(super) const CONFIGURATION: &str = "\
chain=regtest
server=1
[regtest]

# Nobody connects to it, and it connects to nobody.
listen=0
connect=0
dnsseed=0
fixedseeds=0
rpcbind=127.0.0.1
rpcallowip=127.0.0.1
# Nodes poll it beside us.
rpcworkqueue=256

# What a chain of a hundred blocks needs, and no more.
disablewallet=1
persistmempool=0
dbcache=4
par=1
fastprune=1
checkblocks=1
checklevel=0
checkblockindex=0
checkmempool=0

# The log goes to us.
debuglogfile=0
printtoconsole=1

# The blocks' times are years ago, and it is to be as if they were now.
maxtipage=3000000000

# What Bitcoin Core 29 relays; Knots is stricter by default, later versions of Core are laxer.
corepolicy=1
acceptnonstdtxn=0
minrelaytxfee=0.00001
incrementalrelayfee=0.00001
dustrelayfee=0.00003
bytespersigop=20
datacarrier=1
datacarriersize=83
permitbaremultisig=1
mempoolfullrbf=1

# A reorganisation may bring back long chains of transactions.
limitancestorcount=1000
limitancestorsize=1000
limitdescendantcount=1000
limitdescendantsize=1000
";

/// What is for one start alone.
pub(super) fn arguments(dir: &Path, port: u16) -> [OsString; 2] {
    let mut datadir = OsString::from("-datadir=");
    datadir.push(dir);
    [datadir, format!("-rpcport={port}").into()]
}
