//! BridgeIn: the bridge releases what came back from another chain.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Bridge, Key, Object, UsedRemote};
use crate::ops::Env;
use crate::ops::bridge_out::open_bridge;
use crate::state::At;

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
        let recipient = env.account(&self.to);
        env.check_may_receive(recipient)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        let bridge = open_bridge(env, self.bridge)?;
        let recipient = recipient.ok_or(Code::UnknownRecipient)?;
        env.check_memo(recipient, env.tx.memo.as_deref())?;
        let release = Key::UsedRemote(self.bridge, self.remote_tx);
        env.check_unused(&release, Code::RemoteTxUsed)?;
        self.check_limits(env.journal.read(bridge), env.now)?;
        env.create(release, Object::UsedRemote(UsedRemote { at: env.now }))?;
        self.release(env, bridge).ok_or(Code::Overflow)?;
        env.credit(recipient, self.amount)?;
        let Self { bridge, remote_tx, to, amount } = *self;
        env.emit(Event::BridgedIn { bridge, to, amount, remote_tx });
        Ok(())
    }

    fn check_limits(&self, bridge: &Bridge, now: u64) -> Result<(), Code> {
        if !bridge.window_in.has_room(bridge.day_cap, now, self.amount) {
            return Err(Code::BridgeDayCap);
        }
        if u128::from(self.amount) > bridge.escrow {
            return Err(Code::EscrowExceeded);
        }
        Ok(())
    }

    /// Out of escrow; none when a sum leaves its range.
    fn release(&self, env: &mut Env<'_, '_>, bridge: At<Bridge>) -> Option<()> {
        let amount = u128::from(self.amount);
        let supply = env.journal.supply_mut();
        supply.bridge_escrow = supply.bridge_escrow.checked_sub(amount)?;
        let bridge = env.journal.write(bridge);
        bridge.escrow = bridge.escrow.checked_sub(amount)?;
        bridge.window_in = bridge.window_in.with(env.now, self.amount)?;
        Some(())
    }
}
