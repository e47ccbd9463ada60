//! Do both chains accept and refuse the same?
//!
//! Random transactions, valid and invalid, blocks and reorganisations go to both. What each call comes to, the tip and
//! the mempool afterwards and the outputs that it touched must be the same. A failure prints the seed; `CHAIN_SEED=n`
//! runs that one.

use bitcoin::script::PushBytesBuf;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxOut, Txid, Witness};
use libtest_mimic::Trial;
use lnprototest_chain::{Bitcoind, BitcoindProgram, FundingCoin, Regtest};
use lnprototest_runner_api::{Chain, ChainError, RejectCode};
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::bitcoind;
use crate::spend::{Coin, Draft, Lock, coin_of, key, with_high_s};

/// Of one seed.
const CALLS: usize = 250;
/// More transactions than this are mined before others come: past 25 in a chain, a daemon takes no more.
const MOST_WAITING: usize = 12;

pub fn trials() -> Vec<Trial> {
    let chosen = env::var("CHAIN_SEED").ok().map(|seed| vec![seed.parse().expect("CHAIN_SEED is a number")]);
    let seeds: Vec<u64> = chosen.unwrap_or_else(|| (1..=4).collect());
    let trial =
        |seed| bitcoind::trial(&format!("differential::seed_{seed}"), move |program| compare(program, seed));
    seeds.into_iter().map(trial).collect()
}

fn compare(program: &BitcoindProgram, seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut world = World::new(bitcoind::fresh(program), seed);
    // Most of its coins are mature then.
    let mut done = Vec::new();
    runtime.block_on(world.apply(&Call::Mine(20, Vec::new())));
    for number in 0..CALLS {
        let call = world.next_call();
        done.push(call.describe());
        let compared = catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.apply(&call))));
        if let Err(panic) = compared {
            let last = &done[done.len().saturating_sub(6)..];
            eprintln!("CHAIN_SEED={seed}, call {number}; the last ones:\n{}", last.join("\n"));
            resume_unwind(panic);
        }
    }
    assert!(world.accepted > CALLS / 5, "{} of {CALLS} were accepted", world.accepted);
    assert!(world.refused.len() >= 8, "only {:?} were seen", world.refused);
}

struct World {
    random: Random,
    embedded: Regtest,
    daemon: Bitcoind,
    /// All outputs that there ever were, spent or not, on any branch.
    coins: Vec<Coin>,
    /// How many blocks the last reorganisation took, if none have been mined since.
    lost: u32,
    /// Whether the transaction that is being made may have faults.
    daring: bool,
    accepted: usize,
    refused: Vec<RejectCode>,
}

enum Call {
    Broadcast(Transaction),
    Mine(u32, Vec<Transaction>),
    Reorganise(u32),
}

impl World {
    fn new(daemon: Bitcoind, seed: u64) -> Self {
        // Of the immature ones, two: they are refused.
        let coins = (0..12).chain(50..52).map(|utxo| {
            let FundingCoin { outpoint, output, key, .. } = FundingCoin::prepared(utxo).unwrap();
            Coin { outpoint, output, lock: Lock::P2wpkh(key) }
        });
        Self {
            random: Random(seed),
            embedded: Regtest::new(),
            daemon,
            coins: coins.collect(),
            lost: 0,
            daring: false,
            accepted: 0,
            refused: Vec::new(),
        }
    }

    fn next_call(&mut self) -> Call {
        let (tip, _) = self.embedded.tip();
        if self.embedded.mempool().count() > MOST_WAITING {
            return Call::Mine(1, Vec::new());
        }
        if self.lost > 0 && self.random.below(2) == 0 {
            // Or coinbases would get younger and younger.
            return Call::Mine(std::mem::take(&mut self.lost) + self.random.below(3) as u32, Vec::new());
        }
        match self.random.below(20) {
            0 => Call::Mine(self.random.below(4) as u32, Vec::new()),
            1..=4 => {
                let count = 1 + self.random.below(2);
                let transactions = (0..count).map(|_| self.transaction()).collect();
                Call::Mine(1 + self.random.below(2) as u32, transactions)
            }
            5 => self.reorganise(tip, 1, 5),
            6 if self.random.below(4) == 0 => self.reorganise(tip, 10, 8),
            7 if self.random.below(4) == 0 => Call::Reorganise(tip + self.random.below(2) as u32),
            _ => Call::Broadcast(self.transaction()),
        }
    }

    fn reorganise(&mut self, tip: u32, least: usize, more: usize) -> Call {
        let depth = (least + self.random.below(more)) as u32;
        self.lost += depth;
        Call::Reorganise(tip - depth)
    }

    async fn apply(&mut self, call: &Call) {
        let results = match call {
            Call::Broadcast(transaction) => {
                let ours = self.embedded.broadcast(transaction).map_err(ChainError::from);
                (fate(ours), fate(self.daemon.broadcast(transaction).await))
            }
            Call::Mine(count, transactions) => {
                let ours = self.embedded.mine(*count, transactions).map_err(ChainError::from);
                (fate(ours), fate(self.daemon.mine(*count, transactions).await))
            }
            Call::Reorganise(height) => {
                (fate(self.embedded.reorganise(*height)), fate(self.daemon.reorganise(*height).await))
            }
        };
        let (ours, (daemons, words)) = (results.0, results.1);
        assert_eq!(ours.0, daemons, "embedded: {}; bitcoind: {words}", ours.1);
        match (call, ours.0) {
            (Call::Reorganise(_), _) => {}
            (_, Ok(())) => self.accepted += 1,
            (_, Err(Some((_, code)))) if !self.refused.contains(&code) => self.refused.push(code),
            (_, Err(_)) => {}
        }
        self.compare_state(call).await;
    }

    async fn compare_state(&mut self, call: &Call) {
        let tip = self.embedded.tip();
        assert_eq!(tip, self.daemon.tip().await.unwrap(), "the tips");
        let at = |chain: Option<lnprototest_runner_api::BlockAt>| chain.map(|at| at.block);
        assert_eq!(at(self.embedded.block_at(tip.0)), at(self.daemon.block_at(tip.0).await.unwrap()));
        let ours: Vec<Txid> = self.embedded.mempool().map(Transaction::compute_txid).collect();
        let daemons = self.daemon.mempool().await.unwrap();
        let daemons: Vec<Txid> = daemons.iter().map(Transaction::compute_txid).collect();
        let (missing, added) = (lacking(&ours, &daemons), lacking(&daemons, &ours));
        assert_eq!(ours, daemons, "the mempools; only embedded: {missing:?}, only bitcoind: {added:?}");
        for transaction in call.transactions() {
            let txid = transaction.compute_txid();
            let created = (0..transaction.output.len() as u32).map(|vout| OutPoint { txid, vout });
            let spent = transaction.input.iter().map(|input| input.previous_output);
            for outpoint in created.chain(spent) {
                let ours = self.embedded.unspent(outpoint).map(|(height, output)| (height, output.clone()));
                assert_eq!(ours, self.daemon.unspent(outpoint).await.unwrap(), "{outpoint}");
            }
        }
    }

    fn transaction(&mut self) -> Transaction {
        self.daring = self.random.below(5) < 2;
        let coin = self.coin();
        let mut sum = coin.output.value.to_sat();
        let mut draft = self.sequenced(Draft::of(&coin));
        for _ in 0..self.random.below(3) {
            let other = self.coin();
            if draft.inputs.iter().all(|(coin, _)| coin.outpoint != other.outpoint) {
                sum += other.output.value.to_sat();
                draft = self.sequenced(draft.and(&other));
            }
        }
        draft.version =
            Version([2, 2, 2, 1, 1, 2, 2, 2, 0, 4][self.random.below(if self.daring { 10 } else { 5 })]);
        draft = self.locked(draft);

        let mut locks = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            locks.push(self.lock());
        }
        let fee = match self.random.below(12) {
            _ if !self.daring => 500 + self.random.below(20_000) as u64,
            0 => self.random.below(200) as u64,
            1 => 0,
            _ => 500 + self.random.below(20_000) as u64,
        };
        let each = sum.saturating_sub(fee) / locks.len() as u64;
        for lock in &locks {
            draft = draft.to(lock, each);
        }
        match self.random.below(16) {
            _ if !self.daring => {}
            0 => draft = draft.to(&locks[0], self.random.below(800) as u64),
            1 => draft = draft.paying(self.data(), 0),
            2 => draft = draft.paying(self.data(), 0).paying(self.data(), 0),
            3 => draft.outputs[0].value = Amount::from_sat(sum + 1),
            4 => draft.outputs[0].value = Amount::from_sat(Amount::MAX_MONEY.to_sat() + 1),
            5 => draft = draft.paying(ScriptBuf::from_bytes(vec![0x51; 3]), 2000),
            6 => draft.outputs.clear(),
            _ => {}
        }
        let transaction = draft.sign();
        let transaction = self.spoiled(transaction);
        for (vout, lock) in (0..).zip(&locks) {
            if transaction
                .output
                .get(vout as usize)
                .is_some_and(|it| it.script_pubkey == lock.script_pubkey())
            {
                self.coins.push(coin_of(&transaction, vout, lock));
            }
        }
        transaction
    }

    /// Mostly one that can be spent, now and then one that can't, and again and again one that is spent already.
    fn coin(&mut self) -> Coin {
        let waiting: Vec<OutPoint> = self
            .embedded
            .mempool()
            .flat_map(|transaction| {
                let txid = transaction.compute_txid();
                (0..transaction.output.len() as u32).map(move |vout| OutPoint { txid, vout })
            })
            .collect();
        for _ in 0..20 {
            let coin = self.coins[self.random.below(self.coins.len())].clone();
            let there = self.embedded.unspent(coin.outpoint).is_some() || waiting.contains(&coin.outpoint);
            if coin.output.value > Amount::from_sat(100_000)
                && (there || (self.daring && self.random.below(20) == 0))
            {
                return coin;
            }
        }
        self.coins[0].clone()
    }

    fn sequenced(&mut self, draft: Draft) -> Draft {
        let sequence = match self.random.below(10) {
            3 => u32::MAX,
            _ if !self.daring => return draft,
            0 => self.random.below(4) as u32,
            1 => (1 << 22) | self.random.below(4) as u32,
            2 => (1 << 31) | 3,
            _ => return draft,
        };
        draft.sequence(sequence)
    }

    fn locked(&mut self, draft: Draft) -> Draft {
        let (tip, _) = self.embedded.tip();
        let near = self.random.below(5) as u32;
        match self.random.below(8) {
            _ if !self.daring => draft,
            0 => draft.lock_time((tip + near).saturating_sub(2)),
            1 => {
                let time = self.embedded.block_at(tip.saturating_sub(near + 3)).unwrap().block.header.time;
                draft.lock_time(time)
            }
            _ => draft,
        }
    }

    fn lock(&mut self) -> Lock {
        let secret = key(1 + self.random.below(3) as u8);
        match self.random.below(8) {
            0 => Lock::P2pkh(secret),
            1 => Lock::P2shP2wpkh(secret),
            2 => Lock::P2trKey(secret),
            3 => Lock::P2trScript { internal: secret, leaf: key(9) },
            4 => Lock::P2wsh2of2(secret, key(9)),
            5 => Lock::P2wshPlain(
                ScriptBuf::from_bytes(vec![0x75, 0x51]),
                vec![vec![7; 79 + self.random.below(3)]],
            ),
            _ => Lock::P2wpkh(secret),
        }
    }

    fn data(&mut self) -> ScriptBuf {
        ScriptBuf::new_op_return(PushBytesBuf::try_from(vec![1; 78 + self.random.below(5)]).unwrap())
    }

    /// Now and then it is no longer what was signed.
    fn spoiled(&mut self, mut transaction: Transaction) -> Transaction {
        match self.random.below(20) {
            _ if !self.daring => {}
            0 => transaction.input[0].witness = Witness::new(),
            1 => transaction.input[0].sequence.0 ^= 1 << 31,
            2 => transaction.input.push(transaction.input[0].clone()),
            3 if transaction.input[0].witness.len() == 2
                && transaction.input[0].script_sig.is_empty()
                && transaction.input[0].witness[1].len() == 33 =>
            {
                transaction = with_high_s(transaction);
            }
            4 if !transaction.output.is_empty() => {
                let TxOut { value, .. } = &mut transaction.output[0];
                *value = Amount::from_sat(value.to_sat().wrapping_sub(1).min(1_000_000));
            }
            _ => {}
        }
        transaction
    }
}

impl Call {
    fn transactions(&self) -> &[Transaction] {
        match self {
            Self::Broadcast(transaction) => std::slice::from_ref(transaction),
            Self::Mine(_, transactions) => transactions,
            Self::Reorganise(_) => &[],
        }
    }

    fn describe(&self) -> String {
        let transactions: Vec<String> =
            self.transactions().iter().map(bitcoin::consensus::encode::serialize_hex).collect();
        let transactions = transactions.join(" ");
        match self {
            Self::Broadcast(_) => format!("broadcast {transactions}"),
            Self::Mine(count, _) => format!("mine {count} {transactions}"),
            Self::Reorganise(height) => format!("reorganise {height}"),
        }
    }
}

/// What a call came to: the refused transaction and why (none if it was no transaction's fault). And in words.
type Fate = (Result<(), Option<(Txid, RejectCode)>>, String);

fn fate<T>(result: Result<T, ChainError>) -> Fate {
    match result {
        Ok(_) => (Ok(()), "taken".to_owned()),
        Err(ChainError::Rejected(rejection)) => {
            (Err(Some((rejection.txid, rejection.code))), rejection.to_string())
        }
        Err(error @ ChainError::NoSuchHeight { .. }) => (Err(None), error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

fn lacking(all: &[Txid], others: &[Txid]) -> Vec<Txid> {
    all.iter().filter(|txid| !others.contains(txid)).copied().collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
