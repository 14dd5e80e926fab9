//! Payments signed beforehand.

use std::time::{SystemTime, UNIX_EPOCH};

use ballast_primitives::{Address, Hash, SecretKey};
use ballast_runtime::tx::VALIDITY_MS_MAX;
use ballast_runtime::{Op, TxBody, dev, ops};
use rayon::prelude::*;

use crate::Args;
use crate::cluster::Cluster;

pub struct Payment {
    pub id: Hash,
    pub bytes: Vec<u8>,
}

/// `count` payments of one micro-dollar; senders take turns, each with its nonces in order.
pub fn sign(cluster: &Cluster, args: &Args, count: usize) -> Vec<Payment> {
    let seed = cluster.env.dev_seed.as_str();
    let genesis: Hash = cluster.env.genesis_hash.parse().unwrap_or_default();
    let valid_until = now_ms() + VALIDITY_MS_MAX / 2;
    let senders: Vec<(SecretKey, Address)> = (0..args.accounts)
        .into_par_iter()
        .map(|n| (dev::account_key(seed, n), dev::account_address(seed, n)))
        .collect();
    let recipient = |n: usize| match args.one_recipient {
        true => senders.len() - 1,
        false => (n * 7 + 1) % senders.len(),
    };
    (0..count)
        .into_par_iter()
        .map(|n| {
            let from = n % senders.len();
            let to = match recipient(n) {
                to if to == from => (to + 1) % senders.len(),
                to => to,
            };
            let body = TxBody {
                genesis,
                chain_id: cluster.env.chain_id,
                sender: senders[from].1,
                nonce: (n / senders.len()) as u64 + 1,
                valid_until,
                sponsor: None,
                memo: None,
                ops: vec![Op::Transfer(ops::transfer::Transfer {
                    to: senders[to].1,
                    amount: 1,
                    travel: None,
                })],
            };
            let id = body.id();
            Payment { id, bytes: body.sign(&[&senders[from].0]).encode() }
        })
        .collect()
}

pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
