//! Payments signed beforehand.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use ballast_primitives::{Address, Hash, SecretKey};
use ballast_runtime::tx::VALIDITY_MS_MAX;
use ballast_runtime::{Op, TxBody, dev, ops};
use rayon::prelude::*;

use crate::cluster::Env;

/// What the payments are like.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Mix {
    /// Every transaction pays the same account.
    #[arg(long)]
    pub one_recipient: bool,
    /// Of a thousand transactions, this many carry a signature that does not verify.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    pub bad_per_mille: u16,
}

pub struct Payment {
    pub id: Hash,
    pub bytes: Vec<u8>,
    pub from: u32,
    pub to: u32,
    /// Its signature verifies.
    pub good: bool,
}

/// Signs on behalf of the testnet's funded accounts, each with its nonces in order.
pub struct Workload {
    senders: Vec<(SecretKey, Address)>,
    genesis: Hash,
    chain_id: u32,
    signed: usize,
}

impl Workload {
    pub fn new(env: &Env, accounts: u32) -> Result<Self> {
        Self::of(&env.dev_seed, env.genesis_hash.parse()?, env.chain_id, accounts)
    }

    pub fn of(seed: &str, genesis: Hash, chain_id: u32, accounts: u32) -> Result<Self> {
        ensure!(accounts >= 2, "payments need two accounts at least");
        let senders = (0..accounts)
            .into_par_iter()
            .map(|n| (dev::account_key(seed, n), dev::account_address(seed, n)))
            .collect();
        Ok(Self { senders, genesis, chain_id, signed: 0 })
    }

    pub fn address(&self, account: u32) -> Address {
        self.senders[account as usize].1
    }

    pub fn accounts(&self) -> u32 {
        self.senders.len() as u32
    }

    /// The next `count` payments, of one micro-dollar each; accounts take turns to pay.
    pub fn sign(&mut self, count: usize, mix: Mix) -> Vec<Payment> {
        let valid_until = now_ms() + VALIDITY_MS_MAX / 2;
        let first = self.signed;
        self.signed += count;
        let payment = |n| self.payment(n, valid_until, mix);
        (first..first + count).into_par_iter().map(payment).collect()
    }

    fn payment(&self, n: usize, valid_until: u64, mix: Mix) -> Payment {
        let accounts = self.senders.len();
        let from = n % accounts;
        let to = match mix.one_recipient {
            true => accounts - 1,
            // Another each time, and of any account.
            false => (n * 7 + 1 + n / accounts) % accounts,
        };
        let to = if to == from { (to + 1) % accounts } else { to };
        let body = TxBody {
            genesis: self.genesis,
            chain_id: self.chain_id,
            sender: self.senders[from].1,
            nonce: (n / accounts) as u64 + 1,
            valid_until,
            sponsor: None,
            memo: None,
            ops: vec![Op::Transfer(ops::transfer::Transfer {
                to: self.senders[to].1,
                amount: 1,
                travel: None,
            })],
        };
        let id = body.id();
        let mut bytes = body.sign(&[&self.senders[from].0]).encode();
        let good = (n * 7_919) % 1_000 >= usize::from(mix.bad_per_mille);
        if !good && let Some(last) = bytes.len().checked_sub(40) {
            bytes[last] ^= 1;
        }
        Payment { id, bytes, from: from as u32, to: to as u32, good }
    }
}

pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
