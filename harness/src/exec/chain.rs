//! Blocks and transactions.

use bitcoin::hashes::Hash;
use bitcoin::{OutPoint, ScriptBuf, Sequence, Transaction, Txid};
use lnprototest_runner_api::{ChainError, RejectCode};
use lnprototest_spec_events::event::{Block, Broadcast, ExpectNoTx, ExpectTx, TxOutput};
use lnprototest_spec_events::{Expr, Value};

use super::performer::Performer;
use crate::stage::Stop;
use crate::transcript::Entry;
use crate::verdict::{Code, CodeKind};

impl Performer<'_> {
    pub(super) async fn block(&mut self, event: &Block) -> Result<(), Stop> {
        let chain = self.stage.chain.clone();
        if let Some(height) = self.optional(&event.height)? {
            let height = u32::try_from(height).map_err(|_| Stop::spec("no chain is that high"))?;
            chain.reorganise(height).await?;
            self.stage.went_back_to(height);
            self.stage.transcript.push(Entry::Chain(format!("back to height {height}")));
        }
        let count = self.eval(&event.mine)?;
        let count = u32::try_from(count).ok().filter(|count| *count <= MOST_BLOCKS).ok_or_else(|| {
            Stop::spec(format!("{count} blocks are too many to mine in one step: {MOST_BLOCKS} at most"))
        })?;
        let mut transactions = Vec::with_capacity(event.txs.len());
        for tx in &event.txs {
            transactions.push(self.eval(tx)?);
        }
        chain.mine(count, &transactions).await.map_err(refused_by_chain)?;
        self.stage.follow_chain().await?;
        let height = self.stage.tip_height();
        let with = match transactions.len() {
            0 => String::new(),
            n => format!(", {n} transactions of ours in the first"),
        };
        self.stage.transcript.push(Entry::Chain(format!("{count} blocks, now at height {height}{with}")));
        self.stage.settle().await?;
        Ok(())
    }

    pub(super) async fn broadcast(&mut self, event: &Broadcast) -> Result<(), Stop> {
        let tx = self.eval(&event.tx)?;
        let result = self.stage.chain.broadcast(&tx).await;
        self.stage.transcript.push(Entry::Chain(format!("broadcast of {}", tx.compute_txid())));
        match (result, event.refused) {
            (Ok(()), false) => self.stage.settle().await.map(|_| ()),
            (Err(ChainError::Rejected(_)), true) => {
                self.judged();
                Ok(())
            }
            (Ok(()), true) => Err(Stop::fail(
                Code::bare(CodeKind::TxUnexpected),
                format!("the chain to refuse {}", tx.compute_txid()),
                "it accepted it",
            )),
            (Err(error), _) => Err(refused_by_chain(error)),
        }
    }

    pub(super) async fn expect_tx(&mut self, event: &ExpectTx) -> Result<(), Stop> {
        let wanted =
            self.wanted(&event.spends, &event.txid, &event.outputs, &event.sequence, &event.locktime)?;
        self.stage.settle().await?;
        self.judged();
        let seen = self.seen().await?;
        match seen.iter().find(|tx| wanted.fits(tx)) {
            Some(tx) => {
                if let Some(bind) = &event.bind {
                    self.stage.names.set(bind, transaction_value(tx));
                }
                Ok(())
            }
            None => Err(Stop::fail(Code::bare(CodeKind::TxMissing), wanted.describe(), describe_all(&seen))),
        }
    }

    pub(super) async fn expect_no_tx(&mut self, event: &ExpectNoTx) -> Result<(), Stop> {
        let wanted =
            self.wanted(&event.spends, &event.txid, &event.outputs, &event.sequence, &event.locktime)?;
        self.stage.settle().await?;
        self.judged();
        let seen = self.seen().await?;
        match seen.iter().find(|tx| wanted.fits(tx)) {
            None => Ok(()),
            Some(tx) => Err(Stop::fail(
                Code::bare(CodeKind::TxUnexpected),
                format!("no transaction {}", wanted.describe()),
                tx.compute_txid().to_string(),
            )),
        }
    }

    fn wanted(
        &self,
        spends: &Option<Expr<OutPoint>>,
        txid: &Option<Expr<Txid>>,
        outputs: &[TxOutput],
        sequence: &Option<Expr<u32>>,
        locktime: &Option<Expr<u32>>,
    ) -> Result<Wanted, Stop> {
        let outputs = outputs
            .iter()
            .map(|output| Ok((self.optional(&output.sat)?, self.optional(&output.script)?)))
            .collect::<Result<_, Stop>>()?;
        Ok(Wanted {
            spends: self.optional(spends)?,
            txid: self.optional(txid)?,
            outputs,
            sequence: self.optional(sequence)?,
            locktime: self.optional(locktime)?,
        })
    }

    /// The transactions of the mempool and of the blocks mined since the path began, coinbases aside.
    async fn seen(&self) -> Result<Vec<Transaction>, Stop> {
        let chain = &self.stage.chain;
        let mut seen = chain.mempool().await?;
        for height in self.stage.first_height() + 1..=self.stage.tip_height() {
            if let Some(block) = chain.block_at(height).await? {
                seen.extend(block.block.txdata.iter().skip(1).cloned());
            }
        }
        Ok(seen)
    }
}

/// The most blocks that one step mines. No delay that a transaction can have (65,535) is longer, and the number may
/// come from the node: its `minimum_depth` can be four billion.
const MOST_BLOCKS: u32 = 100_000;

/// What a transaction has to have.
struct Wanted {
    spends: Option<OutPoint>,
    txid: Option<Txid>,
    outputs: Vec<(Option<u64>, Option<ScriptBuf>)>,
    sequence: Option<u32>,
    locktime: Option<u32>,
}

impl Wanted {
    fn fits(&self, tx: &Transaction) -> bool {
        let input = match self.spends {
            Some(outpoint) => tx.input.iter().find(|input| input.previous_output == outpoint),
            None => tx.input.first(),
        };
        let Some(input) = input else { return false };
        let mut free: Vec<_> = tx.output.iter().collect();
        let has_outputs = self.outputs.iter().all(|(sat, script)| {
            let found = free.iter().position(|output| {
                sat.is_none_or(|sat| output.value.to_sat() == sat)
                    && script.as_ref().is_none_or(|script| output.script_pubkey == *script)
            });
            found.map(|n| free.remove(n)).is_some()
        });
        has_outputs
            && self.txid.is_none_or(|txid| tx.compute_txid() == txid)
            && self.sequence.is_none_or(|sequence| input.sequence == Sequence(sequence))
            && self.locktime.is_none_or(|locktime| tx.lock_time.to_consensus_u32() == locktime)
    }

    fn describe(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.spends.map(|outpoint| format!("that spends {outpoint}")));
        parts.extend(self.txid.map(|txid| format!("of txid {txid}")));
        parts.extend(self.outputs.iter().map(|(sat, script)| {
            let sat = sat.map_or_else(|| "any amount".to_owned(), |sat| format!("{sat} sat"));
            let script =
                script.as_ref().map_or_else(|| "any script".to_owned(), |script| script.to_hex_string());
            format!("with an output of {sat} to {script}")
        }));
        parts.extend(self.sequence.map(|sequence| format!("with sequence {sequence:#010x}")));
        parts.extend(self.locktime.map(|locktime| format!("with lock time {locktime}")));
        format!("a transaction {}", parts.join(", "))
    }
}

/// A transaction as expressions see it.
pub(super) fn transaction_value(tx: &Transaction) -> Value {
    let txid = tx.compute_txid();
    let outputs = tx.output.iter().zip(0..).map(|(output, vout)| {
        Value::map([
            ("outpoint", Value::from(OutPoint { txid, vout }.to_string())),
            ("sat", Value::from(output.value.to_sat())),
            ("script", Value::bytes(output.script_pubkey.as_bytes())),
        ])
    });
    let inputs = tx.input.iter().map(|input| {
        Value::map([
            ("outpoint", Value::from(input.previous_output.to_string())),
            ("sequence", Value::from(input.sequence.to_consensus_u32())),
            ("witness", Value::list(input.witness.iter().map(Value::bytes))),
        ])
    });
    Value::map([
        ("inputs", Value::list(inputs)),
        ("locktime", Value::from(tx.lock_time.to_consensus_u32())),
        ("outputs", Value::list(outputs)),
        ("tx", Value::bytes(bitcoin::consensus::serialize(tx))),
        ("txid", Value::bytes(txid.to_byte_array())),
        ("txid_display", Value::from(txid.to_string())),
    ])
}

/// A transaction whose scripts do not hold has a wrong signature of the node, for ours are right by construction. All
/// else that is wrong with it the spec has made so.
fn refused_by_chain(error: ChainError) -> Stop {
    match error {
        ChainError::Rejected(rejection) if rejection.code == RejectCode::ScriptVerifyFailed => Stop::fail(
            Code::of(CodeKind::TxRefused, rejection.code.as_str()),
            "the chain to accept the transaction",
            rejection.to_string(),
        ),
        error => error.into(),
    }
}

fn describe_all(transactions: &[Transaction]) -> String {
    match transactions {
        [] => "there is no transaction at all".to_owned(),
        some => {
            let txids: Vec<String> = some.iter().map(|tx| tx.compute_txid().to_string()).collect();
            format!("only these: {}", txids.join(", "))
        }
    }
}
