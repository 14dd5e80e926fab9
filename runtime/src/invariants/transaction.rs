//! What no transaction may do, checked after each that succeeds: take from a frozen account, or
//! touch what is closed for ever.

use ballast_primitives::Address;

use super::{Breach, breach};
use crate::event::Event;
use crate::object::{Account, Key, Object};

/// Checks what a transaction's operations changed: each object's key, the object as it was before
/// and as it is now. What they created is not among them.
pub(crate) fn check_transaction<'a>(
    mut changed: impl Iterator<Item = (&'a Key, &'a Object, &'a Object)>,
    events: &[Event],
    now: u64,
) -> Result<(), Breach> {
    changed.try_for_each(|change| match change {
        (Key::Account(address), Object::Account(before), Object::Account(after)) => {
            check_account(address, before, after, events, now)
        }
        (key, before, after) if is_final(before) && before != after => {
            Err(breach(format!("{key:?} is closed and was changed")))
        }
        _ => Ok(()),
    })
}

/// From an out-frozen account only a seizure takes; whatever else does comes after its unfreezing.
fn check_account(
    address: &Address,
    before: &Account,
    after: &Account,
    events: &[Event],
    now: u64,
) -> Result<(), Breach> {
    let releases = |event: &Event| match event {
        Event::Seized { from: account, .. } | Event::Unfrozen { account } => account == address,
        _ => false,
    };
    if after.balance >= before.balance
        || !before.freeze.stops_outbound(now)
        || events.iter().any(releases)
    {
        return Ok(());
    }
    Err(breach(format!(
        "{address:?} is frozen and went from {} to {} without a seizure",
        before.balance, after.balance
    )))
}

/// Whether nothing may change the object any more.
fn is_final(object: &Object) -> bool {
    match object {
        Object::Proposal(proposal) => proposal.status.is_closed(),
        Object::Redemption(redemption) => !redemption.status.is_open(),
        Object::UsedAuth(_)
        | Object::UsedTravel(_)
        | Object::UsedRemote(_)
        | Object::Incident(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Hash, KeyPolicy, PublicKey};

    use super::*;
    use crate::object::{
        Bucket, Class, FreezeState, Incident, IncidentKind, Proposal, ProposalStatus, Redemption,
        RedemptionStatus, Severity, Used,
    };
    use crate::replay::ReplayWindow;

    const NOW: u64 = 1_000;
    const WHO: Address = Address([1; 32]);

    fn check(key: Key, before: Object, after: Object, events: &[Event]) -> Result<(), String> {
        let changed = [(&key, &before, &after)].into_iter();
        check_transaction(changed, events, NOW).map_err(|breach| breach.what)
    }

    fn account(balance: u64, freeze: FreezeState) -> Object {
        Object::Account(Account {
            policy: KeyPolicy::Single(PublicKey([0; 32])),
            balance,
            hold: 0,
            freeze,
            replay: ReplayWindow::default(),
            kyc_class: 0,
            kyc_until: 0,
            institution: 0,
            memo_required: false,
            quota: Bucket::default(),
        })
    }

    #[test]
    fn a_frozen_balance_falls_only_by_a_seizure_or_after_an_unfreezing() {
        let officers = |until| FreezeState { outbound: true, until, ..FreezeState::default() };
        let frozen = officers(NOW + 1);
        let falls = |freeze, after, events: &[Event]| {
            check(Key::Account(WHO), account(10, freeze), account(after, freeze), events)
        };
        let seized = |from| Event::Seized { from, to: None, amount: 1, order: Hash::default() };
        let report = falls(frozen, 9, &[]).unwrap_err();
        assert!(report.contains("from 10 to 9"), "{report}");
        assert!(falls(frozen, 9, &[seized(Address([2; 32]))]).is_err(), "another's");
        assert!(falls(FreezeState { confirmed: true, ..officers(0) }, 9, &[]).is_err());
        assert_eq!(falls(frozen, 10, &[]), Ok(()));
        assert_eq!(falls(frozen, 11, &[]), Ok(()));
        assert_eq!(falls(frozen, 9, &[seized(WHO)]), Ok(()));
        assert_eq!(falls(frozen, 9, &[Event::Unfrozen { account: WHO }]), Ok(()));
        assert_eq!(falls(officers(NOW), 9, &[]), Ok(()), "it has lapsed");
        let inbound = FreezeState { inbound: true, outbound: false, ..frozen };
        assert_eq!(falls(inbound, 9, &[]), Ok(()));
    }

    #[test]
    fn a_proposal_that_is_closed_never_changes() {
        let proposal = |status, created| {
            Object::Proposal(Box::new(Proposal {
                epoch: 0,
                class: Class::B,
                ops: vec![],
                digest: Hash::default(),
                proposer: WHO,
                yes: vec![],
                no: vec![],
                created,
                eta: None,
                status,
            }))
        };
        for status in ProposalStatus::ALL {
            let changed = check(Key::Proposal(1), proposal(status, 0), proposal(status, 1), &[]);
            assert_eq!(changed.is_err(), status.is_closed(), "{changed:?}");
            let same = check(Key::Proposal(1), proposal(status, 0), proposal(status, 0), &[]);
            assert_eq!(same, Ok(()));
        }
    }

    #[test]
    fn a_redemption_that_is_over_never_changes() {
        let redemption = |status, due_at| {
            Object::Redemption(Box::new(Redemption {
                owner: WHO,
                gross: 0,
                fee: 0,
                net: 0,
                beneficiary: Hash::default(),
                terms: 1,
                requested_at: 0,
                due_at,
                payout: None,
                status,
            }))
        };
        for status in RedemptionStatus::ALL {
            let key = Key::Redemption(Hash::default());
            let changed = check(key, redemption(status, 0), redemption(status, 1), &[]);
            assert_eq!(changed.is_err(), !status.is_open(), "{changed:?}");
        }
    }

    #[test]
    fn what_was_used_and_what_was_filed_never_changes() {
        let incident = |at| {
            let (kind, severity, subject) = (IncidentKind::Other, Severity::Low, Hash::default());
            Object::Incident(Incident { kind, severity, height: 1, at, subject })
        };
        let used = |at| Used { at };
        let nonce = Hash::default();
        let changes = [
            (Key::UsedAuth(WHO, nonce), Object::UsedAuth(used(1)), Object::UsedAuth(used(2))),
            (Key::UsedTravel(1, nonce), Object::UsedTravel(used(1)), Object::UsedTravel(used(2))),
            (Key::UsedRemote(1, nonce), Object::UsedRemote(used(1)), Object::UsedRemote(used(2))),
            (Key::Incident(1), incident(1), incident(2)),
        ];
        for (key, before, after) in changes {
            let report = check(key, before, after, &[]).unwrap_err();
            assert!(report.contains("was changed"), "{report}");
        }
    }
}
