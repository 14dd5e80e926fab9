//! Nobody does what is another's to do: whose transaction has such an event held one of the roles,
//! or sat in the council, when the block began or by what the block did; and what only the person
//! concerned may do, that person sent.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::Address;
use ballast_replica::types::CommitWrite;
use ballast_runtime::Event;
use ballast_runtime::object::{Key, Object, RedemptionStatus, Role};
use ballast_runtime::state::Change;

use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Authority {
    height: u64,
    /// Until when a role is held.
    roles: BTreeMap<(Role, Address), u64>,
    council: BTreeSet<Address>,
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

/// Who may cause an event.
enum May<'a> {
    Anyone,
    Sender(&'a Address),
    Roles(&'static [Role]),
    Member,
    /// The council, or one who holds a role.
    MemberOr(&'static [Role]),
}

/// A new event is added here, or the council alone may cause it.
const fn who_may(event: &Event) -> May<'_> {
    use May::{Anyone, Member, MemberOr, Roles, Sender};
    match event {
        // By allowance or authorisation, or as a consequence of something else.
        Event::Transferred { .. }
        | Event::Approved { .. }
        | Event::IncidentPosted { .. }
        | Event::ReportEffective { .. }
        | Event::ReportRevoked { .. } => Anyone,
        Event::AuthCancelled { owner, .. } | Event::RedemptionRequested { owner, .. } => {
            Sender(owner)
        }
        Event::BridgedOut { from, .. } => Sender(from),
        Event::Voted { member, .. } => Sender(member),
        Event::Proposed { proposer, .. } => Sender(proposer),
        Event::KeyRotated { account, document: None } => Sender(account),
        Event::Minted { .. } | Event::Burned { .. } => Roles(&[Role::Minter]),
        Event::DepositConfirmed { .. }
        | Event::DepositReversed { .. }
        | Event::PayoutConfirmed { .. } => Roles(&[Role::Custodian]),
        Event::AccountRegistered { .. } | Event::KycSet { .. } | Event::InstitutionSet { .. } => {
            Roles(&[Role::Registrar])
        }
        Event::RedemptionAccepted { .. } | Event::RedemptionSettled { .. } => {
            Roles(&[Role::Redeemer])
        }
        Event::RedemptionClosed { status, owner, .. } => match status {
            RedemptionStatus::Cancelled => Sender(owner),
            RedemptionStatus::Rejected => Roles(&[Role::Redeemer]),
            RedemptionStatus::Failed => Roles(&[Role::Custodian]),
            _ => Anyone,
        },
        Event::ReportSubmitted { .. } | Event::Reconciled { .. } => Roles(&[Role::ReserveManager]),
        Event::ReportAttested { .. } => Roles(&[Role::Attestor]),
        Event::BridgedIn { .. } => Roles(&[Role::Bridge]),
        Event::MinterConfigured { .. } => MemberOr(&[Role::MintController]),
        Event::Frozen { .. } | Event::HoldSet { .. } => MemberOr(&[Role::Compliance]),
        // Both may trip the breaker.
        Event::Paused { .. } => MemberOr(&[Role::Minter, Role::ReserveManager]),
        _ => Member,
    }
}

impl Authority {
    fn check(&self, write: &CommitWrite) -> Verdict {
        let time = write.block.header.time;
        let mut granted = BTreeMap::new();
        let mut seated = self.council.clone();
        for change in &write.changes {
            if let (_, Object::Council(council)) = object_of(change)? {
                seated.extend(council.members.iter().map(|member| member.account));
            }
        }
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
                let sits = seated.contains(&sender);
                let may = match who_may(event) {
                    May::Anyone => true,
                    May::Sender(who) => sender == *who,
                    May::Roles(roles) => roles.iter().any(holds),
                    May::Member => sits,
                    May::MemberOr(roles) => sits || roles.iter().any(holds),
                };
                if !may {
                    return Err(format!("{sender:?} may not cause {}", event.name()));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, changes: &[Change]) -> Verdict {
        for change in changes {
            match object_of(change)? {
                (Key::Role(role, holder), Object::Role(grant)) => {
                    self.roles.insert((role, holder), grant.valid_until);
                }
                (_, Object::Council(council)) => {
                    self.council = council.members.iter().map(|member| member.account).collect();
                }
                _ => {}
            }
        }
        Ok(())
    }
}
