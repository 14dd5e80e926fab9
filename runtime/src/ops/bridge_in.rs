//! BridgeIn: the bridge releases what came back from another chain.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BridgeIn {
    pub bridge: u32,
    /// The other chain's transaction.
    pub remote_tx: Hash,
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
}

impl BridgeIn {
    /// Common, of `to` as recipient; `ZERO_AMOUNT`; `UNKNOWN_BRIDGE`; `BRIDGE_CLOSED`;
    /// `UNKNOWN_RECIPIENT`; `MEMO_REQUIRED`; `REMOTE_TX_USED`; `BRIDGE_DAY_CAP` (window in);
    /// `ESCROW_EXCEEDED`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
