//! BridgeOut: a holder sends dollars to another chain: they stay in escrow here.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::REMOTE_BYTES_MAX;
use crate::object::{Bridge, Key};
use crate::ops::Env;
use crate::state::At;

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
        if self.recipient.is_empty() || self.recipient.len() > REMOTE_BYTES_MAX {
            return Err("a recipient on another chain has 1 to 64 bytes");
        }
        Ok(())
    }

    /// `ACCOUNT_FROZEN` when the sender is out-frozen; `ZERO_AMOUNT`; `UNKNOWN_BRIDGE`;
    /// `BRIDGE_CLOSED`; `BRIDGE_DAY_CAP` (window out); available; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.check_may_send(env.sender)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        let bridge = open_bridge(env, self.bridge)?;
        let Bridge { window_out, day_cap, .. } = env.journal.read(bridge);
        if !window_out.has_room(*day_cap, env.now, self.amount) {
            return Err(Code::BridgeDayCap);
        }
        env.debit(env.sender, self.amount)?;
        self.lock(env, bridge).ok_or(Code::Overflow)?;
        env.emit(Event::BridgedOut {
            bridge: self.bridge,
            from: env.sender_address,
            amount: self.amount,
            recipient: self.recipient.clone(),
        });
        Ok(())
    }

    /// Into escrow; none when a sum leaves its range.
    fn lock(&self, env: &mut Env<'_, '_>, bridge: At<Bridge>) -> Option<()> {
        let amount = u128::from(self.amount);
        let supply = env.journal.supply_mut();
        supply.bridge_escrow = supply.bridge_escrow.checked_add(amount)?;
        let bridge = env.journal.write(bridge);
        bridge.escrow = bridge.escrow.checked_add(amount)?;
        bridge.window_out = bridge.window_out.with(env.now, self.amount)?;
        Some(())
    }
}

/// A bridge that works: `UNKNOWN_BRIDGE`; `BRIDGE_CLOSED`.
pub(crate) fn open_bridge(env: &Env<'_, '_>, bridge: u32) -> Result<At<Bridge>, Code> {
    let bridge = env.journal.find(&Key::Bridge(bridge)).ok_or(Code::UnknownBridge)?;
    if !env.journal.read::<Bridge>(bridge).open {
        return Err(Code::BridgeClosed);
    }
    Ok(bridge)
}
