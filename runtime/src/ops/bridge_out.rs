//! BridgeOut: a holder sends dollars to another chain: they stay in escrow here.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BridgeOut {
    pub bridge: u32,
    /// Micro-dollars.
    pub amount: u64,
    /// On the other chain, 1 to 64 bytes.
    pub recipient: Vec<u8>,
}

impl BridgeOut {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("recipient 1 to 64 bytes")
    }

    /// `ACCOUNT_FROZEN` when the sender is out-frozen; `ZERO_AMOUNT`; `UNKNOWN_BRIDGE`;
    /// `BRIDGE_CLOSED`; `BRIDGE_DAY_CAP` (window out); available; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
