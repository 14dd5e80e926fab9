//! From bytes to a transaction and its id.

use std::hint::black_box;

use ballast_runtime::SignedTx;

use super::chain::Chain;
use super::{Cost, MicroArgs};
use crate::clock::us_each;

pub fn costs(args: &MicroArgs) -> Vec<Cost> {
    let mut chain = Chain::new(1_000);
    let txs: Vec<_> = chain.transfers(1_000).iter().map(|tx| tx.tx().encode()).collect();
    let size = txs.first().map_or(0, Vec::len);
    let cost =
        |what, us| Cost { what, size: format!("{size} bytes"), us, per: "transfer".to_owned() };
    let decode = us_each(args.repeat(), txs.len(), || {
        for tx in &txs {
            black_box(SignedTx::decode(black_box(tx)).is_ok());
        }
    });
    let decoded: Vec<_> = txs.iter().flat_map(|tx| SignedTx::decode(tx)).collect();
    let id = us_each(args.repeat(), txs.len(), || {
        for tx in &decoded {
            black_box(black_box(tx).body.id());
        }
    });
    vec![cost("decode", decode), cost("encode and hash for the id", id)]
}
