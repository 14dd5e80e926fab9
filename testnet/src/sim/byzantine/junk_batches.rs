//! Pushes batches of transactions that no state would take: well signed, of accounts that do not
//! exist. Some are large, some are many and tiny.

use std::sync::Arc;

use ballast_primitives::{Address, SecretKey, codec};
use ballast_replica::types::Batch;
use ballast_runtime::{Op, TxBody, ops};

use super::super::setting;
use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct JunkBatches {
    sequence: u64,
    /// How many transactions it has made.
    made: u64,
}

impl JunkBatches {
    fn tx(&mut self, mouth: &Mouth<'_>, chain_id: u32) -> Vec<u8> {
        self.made += 1;
        let key = SecretKey::dev("junk", &format!("{} {}", mouth.public, self.made % 64));
        let to = Address([self.made as u8; 32]);
        let transfer = ops::transfer::Transfer { to, amount: 1, travel: None };
        let body = TxBody {
            genesis: mouth.genesis,
            chain_id,
            sender: Address(*blake3::hash(&key.public().0).as_bytes()),
            nonce: self.made,
            valid_until: mouth.now.wall_ms + 600_000,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(transfer)],
        };
        body.sign(&[&key]).encode()
    }
}

impl Behaviour for JunkBatches {
    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        if !mouth.rng.chance(200) {
            return;
        }
        let (batches, txs) = if mouth.rng.chance(500) { (1, 60) } else { (20, 1) };
        for _ in 0..batches {
            self.sequence += 1;
            let txs = (0..txs).map(|_| self.tx(mouth, setting::CHAIN_ID)).collect();
            let batch = Batch { author: mouth.public, sequence: u64::MAX - self.sequence, txs };
            mouth.push_batch(To::All, Arc::new(codec::encode(&batch)));
        }
    }
}
