//! What became of a transaction. Receipts are the leaves of a block's receipts tree.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    Success,
    /// Operation number `op` (from 0) failed with `code`; no operation had an effect, the nonce
    /// is consumed.
    Failed {
        op: u8,
        code: Code,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    pub tx: Hash,
    pub sender: Address,
    pub nonce: u64,
    pub height: u64,
    /// Position among the block's receipts, from 0.
    pub index: u32,
    pub outcome: Outcome,
    /// Of a failure only those of breakers that it tripped: what they did stays.
    pub events: Vec<Event>,
}
