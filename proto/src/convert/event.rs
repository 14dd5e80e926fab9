//! Events.

use ballast_runtime::Event;

use super::{ConvertError, Wire, read_hash, read_role, read_scope, read_u8, role, scope};
use crate::v1;
use crate::v1::event::Kind;

/// The stable names of all events.
pub const EVENT_NAMES: [&str; 12] = [
    "Transferred",
    "DepositConfirmed",
    "Minted",
    "Burned",
    "MinterConfigured",
    "Frozen",
    "Unfrozen",
    "Paused",
    "Unpaused",
    "AccountRegistered",
    "RoleGranted",
    "RoleRevoked",
];

impl Wire {
    pub fn event(&self, event: &Event) -> v1::Event {
        v1::Event { kind: Some(self.event_kind(event)) }
    }

    fn event_kind(&self, event: &Event) -> Kind {
        match event {
            Event::Transferred { from, to, amount, memo } => Kind::Transferred(v1::Transferred {
                from: self.address(from),
                to: self.address(to),
                amount_micros: *amount,
                memo: memo.clone(),
            }),
            Event::DepositConfirmed { deposit, custodian, beneficiary, amount, final_at } => {
                Kind::DepositConfirmed(v1::DepositConfirmed {
                    deposit_id: deposit.to_string(),
                    custodian: self.address(custodian),
                    beneficiary: self.address(beneficiary),
                    amount_micros: *amount,
                    final_at_ms: *final_at,
                })
            }
            Event::Minted { deposit, minter, to, amount } => Kind::Minted(v1::Minted {
                deposit_id: deposit.to_string(),
                minter: self.address(minter),
                to: self.address(to),
                amount_micros: *amount,
            }),
            Event::Burned { minter, amount } => {
                Kind::Burned(v1::Burned { minter: self.address(minter), amount_micros: *amount })
            }
            Event::MinterConfigured { minter, allowance } => {
                Kind::MinterConfigured(v1::MinterConfigured {
                    minter: self.address(minter),
                    allowance_micros: *allowance,
                })
            }
            Event::Frozen { account, inbound, outbound, until, order } => {
                Kind::Frozen(v1::Frozen {
                    account: self.address(account),
                    inbound: *inbound,
                    outbound: *outbound,
                    until_ms: *until,
                    order: order.to_string(),
                })
            }
            Event::Unfrozen { account } => {
                Kind::Unfrozen(v1::Unfrozen { account: self.address(account) })
            }
            Event::Paused { scope: paused, until } => {
                Kind::Paused(v1::Paused { scope: scope(*paused).into(), until_ms: *until })
            }
            Event::Unpaused { scope: unpaused } => {
                Kind::Unpaused(v1::Unpaused { scope: scope(*unpaused).into() })
            }
            Event::AccountRegistered { account, kyc_class, institution } => {
                Kind::AccountRegistered(v1::AccountRegistered {
                    account: self.address(account),
                    kyc_class: u32::from(*kyc_class),
                    institution: *institution,
                })
            }
            Event::RoleGranted { role: granted, holder, valid_until } => {
                Kind::RoleGranted(v1::RoleGranted {
                    role: role(*granted).into(),
                    holder: self.address(holder),
                    valid_until_ms: *valid_until,
                })
            }
            Event::RoleRevoked { role: revoked, holder } => Kind::RoleRevoked(v1::RoleRevoked {
                role: role(*revoked).into(),
                holder: self.address(holder),
            }),
        }
    }

    pub fn read_event(&self, event: &v1::Event) -> Result<Event, ConvertError> {
        match event.kind.as_ref().ok_or(ConvertError::missing("event"))? {
            Kind::Transferred(event) => Ok(Event::Transferred {
                from: self.read_address("from", &event.from)?,
                to: self.read_address("to", &event.to)?,
                amount: event.amount_micros,
                memo: event.memo.clone(),
            }),
            Kind::DepositConfirmed(event) => Ok(Event::DepositConfirmed {
                deposit: read_hash("deposit_id", &event.deposit_id)?,
                custodian: self.read_address("custodian", &event.custodian)?,
                beneficiary: self.read_address("beneficiary", &event.beneficiary)?,
                amount: event.amount_micros,
                final_at: event.final_at_ms,
            }),
            Kind::Minted(event) => Ok(Event::Minted {
                deposit: read_hash("deposit_id", &event.deposit_id)?,
                minter: self.read_address("minter", &event.minter)?,
                to: self.read_address("to", &event.to)?,
                amount: event.amount_micros,
            }),
            Kind::Burned(event) => Ok(Event::Burned {
                minter: self.read_address("minter", &event.minter)?,
                amount: event.amount_micros,
            }),
            Kind::MinterConfigured(event) => Ok(Event::MinterConfigured {
                minter: self.read_address("minter", &event.minter)?,
                allowance: event.allowance_micros,
            }),
            Kind::Frozen(event) => Ok(Event::Frozen {
                account: self.read_address("account", &event.account)?,
                inbound: event.inbound,
                outbound: event.outbound,
                until: event.until_ms,
                order: read_hash("order", &event.order)?,
            }),
            Kind::Unfrozen(event) => {
                Ok(Event::Unfrozen { account: self.read_address("account", &event.account)? })
            }
            Kind::Paused(event) => Ok(Event::Paused {
                scope: read_scope("scope", event.scope)?,
                until: event.until_ms,
            }),
            Kind::Unpaused(event) => {
                Ok(Event::Unpaused { scope: read_scope("scope", event.scope)? })
            }
            Kind::AccountRegistered(event) => Ok(Event::AccountRegistered {
                account: self.read_address("account", &event.account)?,
                kyc_class: read_u8("kyc_class", event.kyc_class)?,
                institution: event.institution,
            }),
            Kind::RoleGranted(event) => Ok(Event::RoleGranted {
                role: read_role("role", event.role)?,
                holder: self.read_address("holder", &event.holder)?,
                valid_until: event.valid_until_ms,
            }),
            Kind::RoleRevoked(event) => Ok(Event::RoleRevoked {
                role: read_role("role", event.role)?,
                holder: self.read_address("holder", &event.holder)?,
            }),
        }
    }
}
