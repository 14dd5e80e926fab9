//! Nobody does what needs a role without holding it: whose transaction has such an event held one
//! of the roles when the block began, or was granted it in the block.

use std::collections::BTreeMap;

use ballast_primitives::Address;
use ballast_replica::types::CommitWrite;
use ballast_runtime::Event;
use ballast_runtime::object::{Key, Object, Role};
use ballast_runtime::state::Change;

use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Authority {
    height: u64,
    /// Until when a role is held.
    roles: BTreeMap<(Role, Address), u64>,
}

impl Checker for Authority {
    fn name(&self) -> &'static str {
        "authority"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => self.take(changes),
            Fact::Committed(Committed { write, .. }) if write.executed.height > self.height => {
                self.height = write.executed.height;
                self.check(write).map_err(|what| format!("block {}: {what}", self.height))?;
                self.take(&write.changes)
            }
            _ => Ok(()),
        }
    }
}

/// Who may cause an event; none when anyone may. A new event is added here, or anyone may.
const fn who_may(event: &Event) -> Option<&'static [Role]> {
    match event {
        Event::Minted { .. } | Event::Burned { .. } => Some(&[Role::Minter]),
        Event::DepositConfirmed { .. } => Some(&[Role::Custodian]),
        Event::MinterConfigured { .. } => Some(&[Role::MintController]),
        Event::Frozen { .. } => Some(&[Role::Compliance, Role::Council]),
        Event::AccountRegistered { .. } => Some(&[Role::Registrar]),
        Event::Unfrozen { .. }
        | Event::Paused { .. }
        | Event::Unpaused { .. }
        | Event::RoleGranted { .. }
        | Event::RoleRevoked { .. } => Some(&[Role::Council]),
        _ => None,
    }
}

impl Authority {
    fn check(&self, write: &CommitWrite) -> Verdict {
        let time = write.block.header.time;
        let mut granted = BTreeMap::new();
        for record in &write.records {
            let sender = record.receipt.sender;
            for event in &record.receipt.events {
                if let Event::RoleGranted { role, holder, valid_until } = event {
                    granted.insert((*role, *holder), *valid_until);
                }
                let holds = |role: &Role| {
                    let grants = [self.roles.get(&(*role, sender)), granted.get(&(*role, sender))];
                    grants.into_iter().flatten().any(|until| time < *until)
                };
                if who_may(event).is_some_and(|roles| !roles.iter().any(holds)) {
                    return Err(format!("{sender:?} holds no role for {}", event.name()));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, changes: &[Change]) -> Verdict {
        for change in changes {
            if let (Key::Role(role, holder), Object::Role(grant)) = object_of(change)? {
                self.roles.insert((role, holder), grant.valid_until);
            }
        }
        Ok(())
    }
}
