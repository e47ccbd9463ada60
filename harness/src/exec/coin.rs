//! Coins of ours, and transactions that spend them.

use bitcoin::{Amount, FeeRate, OutPoint, TxOut};
use lnprototest_bolt::channel::{Coin, CoinKind, spend};
use lnprototest_runner_api::Chain;
use lnprototest_spec_events::Expr;
use lnprototest_spec_events::event::CreateTx;
use secp256k1::SecretKey;

use super::chain::transaction_value;
use super::performer::Performer;
use crate::stage::Stop;

/// The lowest feerate that nodes relay, in sat per 1000 weight.
const MIN_RELAY_FEERATE: u32 = 253;

impl Performer<'_> {
    pub(super) async fn create_tx(&mut self, event: &CreateTx) -> Result<(), Stop> {
        let coin = match (&event.utxo, &event.spends) {
            (Some(utxo), None) => self.coin(self.eval(utxo)?).await?,
            (None, Some(outpoint)) => {
                let keys: Vec<SecretKey> =
                    event.keys.iter().map(|key| self.eval(key)).collect::<Result<_, Stop>>()?;
                self.coin_at(self.eval(outpoint)?, &keys).await?
            }
            _ => return Err(Stop::spec("CreateTx spends one coin: `utxo`, or `spends`")),
        };
        let mut outputs = Vec::with_capacity(event.outputs.len());
        for output in &event.outputs {
            let (sat, script) = (self.optional(&output.sat)?, self.optional(&output.script)?);
            let (sat, script_pubkey) =
                sat.zip(script).ok_or_else(|| Stop::spec("an output needs its `sat` and `script`"))?;
            outputs.push(TxOut { value: Amount::from_sat(sat), script_pubkey });
        }
        let feerate = self.feerate(&event.feerate)?;
        let tx = spend(&coin, outputs, feerate).map_err(|error| Stop::spec(error.to_string()))?;
        self.stage.names.set(&event.bind, transaction_value(&tx));
        Ok(())
    }

    /// The output of the coinbase of block `utxo` + 1.
    pub(super) async fn coin(&self, utxo: u64) -> Result<Coin, Stop> {
        let height = utxo.checked_add(1).and_then(|height| u32::try_from(height).ok());
        let height = height.ok_or_else(|| Stop::spec(format!("there is no utxo {utxo}")))?;
        let block = self.stage.chain.block_at(height).await?;
        let block =
            block.ok_or_else(|| Stop::spec(format!("there is no utxo {utxo}: no block {height} yet")))?;
        let coinbase = &block.block.txdata[0];
        let key = SecretKey::from_slice(&<dyn Chain>::COINBASE_KEY).map_err(|e| Stop::spec(e.to_string()))?;
        Ok(Coin {
            outpoint: OutPoint { txid: coinbase.compute_txid(), vout: 0 },
            amount: coinbase.output[0].value,
            key,
            kind: CoinKind::P2wpkh,
        })
    }

    /// The unspent output `outpoint`, which pays to these keys.
    async fn coin_at(&self, outpoint: OutPoint, keys: &[SecretKey]) -> Result<Coin, Stop> {
        let (key, kind) = match *keys {
            [key] => (key, CoinKind::P2wpkh),
            [key, other] => (key, CoinKind::Channel { other }),
            _ => return Err(Stop::spec("`spends` takes one key or two")),
        };
        let unspent = self.stage.chain.unspent(outpoint).await?;
        let (_, output) = unspent.ok_or_else(|| {
            Stop::spec(format!("{outpoint} is no output in the chain, or is spent already"))
        })?;
        let coin = Coin { outpoint, amount: output.value, key, kind };
        if coin.output() != output {
            return Err(Stop::spec(format!("{outpoint} does not pay to these keys")));
        }
        Ok(coin)
    }

    /// The feerate that a step says, or the least that there is.
    pub(super) fn feerate(&self, asked: &Option<Expr<u32>>) -> Result<FeeRate, Stop> {
        let feerate = self.optional(asked)?.unwrap_or(MIN_RELAY_FEERATE);
        Ok(FeeRate::from_sat_per_kwu(feerate.into()))
    }
}
