use ballast_primitives::{Hash, SecretKey, Validator};

use super::*;
use crate::dev::{self, DevSpec};
use crate::genesis::Genesis;
use crate::journal::Journal;
use crate::object::{
    Bridge, Class, Deposit, FreezeState, Incident, Payout, ProposalStatus, Redemption,
    RedemptionStatus, RoleGrant, Severity, UsedAuth, UsedRemote, UsedTravel, Window,
};
use crate::ops::deposit_confirm::deposit_id;
use crate::ops::payout_confirm::payout_id;

const NOW: u64 = 1_000;

fn genesis() -> Genesis {
    let key = |label| SecretKey::dev("invariants", label).public();
    let name = "validator-0".to_owned();
    let validator = Validator { key: key("validator"), peer: key("peer"), power: 1, name };
    dev::genesis(&DevSpec {
        chain_id: 1,
        time: NOW,
        validators: vec![validator],
        accounts: 2,
        balance: 10,
        seed: "invariants".to_owned(),
    })
    .unwrap()
}

/// What a transaction that does `work` is told. Sums must be found in the block as well, and
/// everything in full.
fn check(work: impl FnOnce(&mut Journal<'_>)) -> Result<(), Broken> {
    let mut state = State::from_genesis(&genesis()).unwrap();
    let before = state.supply().clone();
    let mut journal = Journal::begin_block(&mut state);
    journal.begin_ops();
    work(&mut journal);
    let told = check_transaction(&journal, NOW);
    let written = journal.end_block();
    let in_block = check_block(&state, &before, &written);
    let in_full = check_all(&state, NOW);
    assert_eq!(told.is_ok(), in_full.is_ok(), "{told:?} {in_full:?}");
    assert!(told.is_err() || in_block.is_ok(), "{in_block:?}");
    told
}

fn broken(invariant: Invariant, what: &str, work: fn(&mut Journal<'_>)) {
    let told = check(work).unwrap_err();
    assert!(told.what.contains(what), "{told:?}");
    assert_eq!(told.invariant, invariant, "{told:?}");
}

fn credit(journal: &mut Journal<'_>, n: u32, amount: u64) {
    let key = Key::Account(dev::account_address("invariants", n));
    let at = journal.find::<Account>(&key).unwrap();
    journal.write(at).balance += amount;
}

#[test]
fn what_a_wrong_operation_would_break_is_found_in_its_block() {
    assert_eq!(check(|_| ()), Ok(()));
    broken(Invariant::Supply, "balances", |journal| credit(journal, 0, 1));
    broken(Invariant::Supply, "balances", |journal| journal.supply_mut().total += 1);
    broken(Invariant::Supply, "total = genesis", |journal| {
        credit(journal, 0, 1);
        journal.supply_mut().total += 1;
    });
    broken(Invariant::Mint, "cum_mint", |journal| {
        credit(journal, 0, 1);
        journal.supply_mut().total += 1;
        journal.supply_mut().cum_mint += 1;
    });
    broken(Invariant::Supply, "<= cap", |journal| journal.supply_mut().cap = 19);
    broken(Invariant::Power, "roles", |journal| {
        let holder = dev::role_address("invariants", Role::Minter);
        let grant = RoleGrant { valid_until: NOW + 1 };
        journal.create(Key::Role(Role::Bridge, holder), Object::Role(grant));
    });
    broken(Invariant::Power, "roles", |journal| {
        let holder = journal.state().council().members[0].account;
        let grant = RoleGrant { valid_until: NOW + 1 };
        journal.create(Key::Role(Role::Bridge, holder), Object::Role(grant));
    });
}

#[test]
fn a_council_that_could_not_decide_is_found() {
    broken(Invariant::Power, "above the number of members", |journal| {
        journal.council_mut().thresholds[3] = 6
    });
    broken(Invariant::Power, "above half", |journal| {
        journal.council_mut().thresholds[1..3].fill(2)
    });
    broken(Invariant::Power, "above half", |journal| journal.council_mut().thresholds[0] = 0);
    broken(Invariant::Power, "1 to 21 members", |journal| journal.council_mut().members.clear());
    broken(Invariant::Power, "ascending", |journal| journal.council_mut().members.swap(0, 1));
    broken(Invariant::Power, "proposal 7", |journal| journal.council_mut().open.push(7));
    broken(Invariant::Power, "proposal 7", |journal| {
        list_proposal(journal, 0, ProposalStatus::Rejected)
    });
    broken(Invariant::Power, "proposal 7", |journal| {
        list_proposal(journal, 1, ProposalStatus::Open)
    });
    broken(Invariant::Power, "holds a role", |journal| {
        let holder = dev::role_address("invariants", Role::Minter);
        let members = &mut journal.council_mut().members;
        members[0].account = holder;
        members.sort_unstable_by_key(|member| member.account);
    });
}

/// Takes from account 0, as a payment.
fn take(journal: &mut Journal<'_>, amount: u64) -> Option<()> {
    let key = Key::Account(dev::account_address("invariants", 0));
    let at = journal.find::<Account>(&key).unwrap();
    journal.take(at, amount, Taking::Payment, NOW)
}

/// Lists a proposal of that epoch as open, whatever it is.
fn list_proposal(journal: &mut Journal<'_>, epoch: u64, status: ProposalStatus) {
    let proposer = journal.state().council().members[0].account;
    let proposal = Proposal {
        epoch,
        class: Class::A,
        ops: Vec::new(),
        digest: Hash::default(),
        proposer,
        yes: Vec::new(),
        no: Vec::new(),
        created: NOW,
        eta: None,
        status,
    };
    journal.create(Key::Proposal(7), Object::Proposal(Box::new(proposal)));
    journal.council_mut().open.push(7);
}

/// A deposit of 5 that was minted, and what it does to the totals.
fn deposit(journal: &mut Journal<'_>, minted: u64, reversed: bool) {
    let custodian = dev::account_address("invariants", 0);
    let deposit = Deposit {
        custodian,
        bank_ref: "r".to_owned(),
        amount: 5,
        beneficiary: custodian,
        confirmed_at: 0,
        final_at: 0,
        minted,
        reversed,
    };
    let key = Key::Deposit(deposit_id(&custodian, "r"));
    journal.create(key, Object::Deposit(Box::new(deposit)));
    credit(journal, 0, minted);
    let supply = journal.supply_mut();
    supply.mint(minted).unwrap();
    supply.cum_deposit = if reversed { 0 } else { 5 };
}

/// A redemption of 5 of account 0.
fn redemption(journal: &mut Journal<'_>, status: RedemptionStatus) {
    let redemption = Redemption {
        owner: dev::account_address("invariants", 0),
        gross: 5,
        fee: 1,
        net: 4,
        beneficiary: Hash::default(),
        terms: 1,
        requested_at: 0,
        due_at: 0,
        payout: None,
        status,
        closed_at: 0,
    };
    let key = Key::Redemption(Hash::default());
    journal.create(key, Object::Redemption(Box::new(redemption)));
    take(journal, 5).unwrap();
    journal.supply_mut().redeem_escrow += 5;
}

/// A payout of 5.
fn payout(journal: &mut Journal<'_>, bank_ref: &str, failed: bool) {
    let custodian = dev::account_address("invariants", 0);
    let (bank_ref, redemption) = (bank_ref.to_owned(), Hash::default());
    let payout = Payout { custodian, bank_ref, redemption, net: 5, failed };
    let key = Key::Payout(payout_id(&custodian, "r"));
    journal.create(key, Object::Payout(Box::new(payout)));
    journal.supply_mut().cum_payout = if failed { 0 } else { 5 };
}

/// A bridge with 5 of account 0 in escrow.
fn bridge(journal: &mut Journal<'_>, escrow: u128) {
    let bridge = Bridge {
        name: "b".to_owned(),
        escrow,
        day_cap: 0,
        window_out: Window::default(),
        window_in: Window::default(),
        open: true,
    };
    journal.create(Key::Bridge(1), Object::Bridge(Box::new(bridge)));
    take(journal, 5).unwrap();
    journal.supply_mut().bridge_escrow += 5;
}

#[test]
fn deposits_redemptions_payouts_and_bridges_are_what_the_supply_says() {
    assert_eq!(check(|journal| deposit(journal, 5, false)), Ok(()));
    assert_eq!(check(|journal| deposit(journal, 5, true)), Ok(()));
    broken(Invariant::Mint, "within its amount", |journal| deposit(journal, 6, false));
    broken(Invariant::Mint, "cum_deposit", |journal| journal.supply_mut().cum_deposit += 1);
    broken(Invariant::Mint, "cum_deposit", |journal| {
        deposit(journal, 0, true);
        journal.supply_mut().cum_deposit = 5;
    });
    assert_eq!(check(|journal| redemption(journal, RedemptionStatus::Processing)), Ok(()));
    broken(Invariant::Escrow, "redeem_escrow", |journal| {
        redemption(journal, RedemptionStatus::Settled)
    });
    broken(Invariant::Escrow, "redeem_escrow", |journal| {
        redemption(journal, RedemptionStatus::Requested);
        journal.supply_mut().redeem_escrow += 1;
        journal.supply_mut().total += 1;
        journal.supply_mut().cum_mint += 1;
    });
    assert_eq!(check(|journal| payout(journal, "r", false)), Ok(()));
    assert_eq!(check(|journal| payout(journal, "r", true)), Ok(()));
    broken(Invariant::Escrow, "own id", |journal| payout(journal, "R", false));
    broken(Invariant::Escrow, "cum_payout", |journal| {
        payout(journal, "r", true);
        journal.supply_mut().cum_payout = 5;
    });
    assert_eq!(check(|journal| bridge(journal, 5)), Ok(()));
    broken(Invariant::Bridge, "bridge_escrow", |journal| bridge(journal, 4));
}

#[test]
fn a_window_above_its_cap_does_not_hold() {
    let mut state = State::from_genesis(&genesis()).unwrap();
    let minter = dev::role_address("invariants", Role::Minter);
    let (own, all) = (state.minter(&minter).unwrap().window_cap, state.policy().global_window_cap);
    let mut holds = |own: u64, all: u64| {
        let mut journal = Journal::begin_block(&mut state);
        journal.begin_ops();
        let at = journal.find::<Minter>(&Key::Minter(minter)).unwrap();
        journal.write(at).window = Window::default().with(NOW, own).unwrap();
        *journal.window_mut() = Window::default().with(NOW, all).unwrap();
        windows_hold(&state, state.minter(&minter).unwrap(), NOW)
    };
    assert!(holds(own, all));
    assert!(!holds(own + 1, all) && !holds(own, all + 1));
}

#[test]
fn a_balance_that_falls_without_being_taken_is_found() {
    broken(Invariant::Debit, "fell by 1", |journal| fall_by(journal, 5, 1));
    broken(Invariant::Debit, "fell by 6", |journal| {
        take(journal, 3).unwrap();
        take(journal, 2).unwrap();
        fall_by(journal, 1, 1);
    });
    let back_and_forth = |journal: &mut Journal<'_>| {
        take(journal, 5).unwrap();
        credit(journal, 0, 5);
        take(journal, 4).unwrap();
        credit(journal, 1, 4);
    };
    assert_eq!(check(back_and_forth), Ok(()));
    assert_eq!(check(|journal| assert_eq!(take(journal, 11), None)), Ok(()));
}

#[test]
fn numbers_of_objects_that_do_not_follow_the_objects_are_found() {
    let add = |journal: &mut Journal<'_>, n: u32, more: u32| {
        let key = Key::Account(dev::account_address("invariants", n));
        let at = journal.find::<Account>(&key).unwrap();
        journal.write(at).objects += more;
    };
    let used = |journal: &mut Journal<'_>| {
        let owner = dev::account_address("invariants", 0);
        let used = Object::UsedAuth(UsedAuth { until: NOW + 1 });
        journal.create(Key::UsedAuth(owner, Hash::default()), used);
    };
    assert_eq!(check(used), Ok(()));
    for told in [
        check(|journal| add(journal, 0, 1)),
        check(|journal| {
            used(journal);
            add(journal, 1, 1);
        }),
        check(|journal| {
            // Money moves as well.
            take(journal, 5).unwrap();
            credit(journal, 1, 5);
            add(journal, 1, 1);
        }),
    ] {
        let told = told.unwrap_err();
        assert_eq!(told.invariant, Invariant::Count, "{told:?}");
    }
}

#[test]
fn what_is_for_ever_is_not_removed() {
    let mut state = State::from_genesis(&genesis()).unwrap();
    let mut journal = Journal::begin_block(&mut state);
    deposit(&mut journal, 5, false);
    journal.begin_ops();
    let custodian = dev::account_address("invariants", 0);
    let key = Key::Deposit(deposit_id(&custodian, "r"));
    let at = journal.find::<Deposit>(&key).unwrap();
    journal.remove(at);
    assert_eq!(journal.broken(), Some(Invariant::Record));
}

/// Lowers account 0's balance as no operation may, and raises account 1's by `up`.
fn fall_by(journal: &mut Journal<'_>, up: u64, down: u64) {
    let key = Key::Account(dev::account_address("invariants", 0));
    let at = journal.find::<Account>(&key).unwrap();
    journal.write(at).balance -= down;
    credit(journal, 1, up);
}

/// What is noted when `amount` of a balance of 10 is taken from an account that is `held` so.
fn taken(hold: u64, freeze: FreezeState, amount: u64, taking: Taking) -> Option<Invariant> {
    let mut state = State::from_genesis(&genesis()).unwrap();
    let mut journal = Journal::begin_block(&mut state);
    journal.begin_ops();
    let key = Key::Account(dev::account_address("invariants", 0));
    let at = journal.find::<Account>(&key).unwrap();
    let account = journal.write(at);
    (account.hold, account.freeze) = (hold, freeze);
    journal.take(at, amount, taking, NOW).unwrap();
    journal.broken()
}

#[test]
fn taking_is_judged_by_the_freeze_and_hold_at_that_moment() {
    let none = FreezeState::default();
    let officers = |until| FreezeState { outbound: true, until, ..none };
    let councils = FreezeState { confirmed: true, ..officers(0) };
    let inbound = FreezeState { inbound: true, confirmed: true, ..none };
    let pays = |hold, freeze, amount| taken(hold, freeze, amount, Taking::Payment);
    let seized = |hold, freeze, amount| taken(hold, freeze, amount, Taking::Seizure);
    for (hold, freeze, amount) in
        [(0, none, 10), (3, none, 7), (0, inbound, 10), (0, officers(NOW), 10)]
    {
        assert_eq!(pays(hold, freeze, amount), None);
    }
    for (hold, freeze, amount) in
        [(3, none, 8), (11, none, 1), (0, officers(NOW + 1), 1), (0, councils, 1)]
    {
        assert_eq!(pays(hold, freeze, amount), Some(Invariant::Debit));
    }
    for (hold, freeze, amount) in [(0, councils, 10), (4, none, 4), (10, officers(0), 10)] {
        assert_eq!(seized(hold, freeze, amount), None);
    }
    for (hold, freeze, amount) in [(0, none, 1), (3, none, 4), (0, officers(NOW + 1), 1)] {
        assert_eq!(seized(hold, freeze, amount), Some(Invariant::Debit));
    }
}

#[test]
fn what_is_closed_is_not_written() {
    let noted = |status| {
        let mut state = State::from_genesis(&genesis()).unwrap();
        let mut journal = Journal::begin_block(&mut state);
        list_proposal(&mut journal, 0, status);
        journal.begin_ops();
        let at = journal.find::<Proposal>(&Key::Proposal(7)).unwrap();
        journal.write(at).created = 0;
        journal.broken()
    };
    for status in ProposalStatus::ALL {
        let expected = status.is_closed().then_some(Invariant::Record);
        assert_eq!(noted(status), expected, "{status:?}");
    }
    let noted = |status| {
        let mut state = State::from_genesis(&genesis()).unwrap();
        let mut journal = Journal::begin_block(&mut state);
        redemption(&mut journal, status);
        journal.begin_ops();
        let at = journal.find::<Redemption>(&Key::Redemption(Hash::default())).unwrap();
        // The value may even stay: a rule that writes what is closed is wrong.
        journal.write(at).fee = 1;
        journal.broken()
    };
    for status in RedemptionStatus::ALL {
        let expected = (!status.is_open()).then_some(Invariant::Record);
        assert_eq!(noted(status), expected, "{status:?}");
    }
}

#[test]
fn what_was_used_failed_revoked_or_filed_is_closed() {
    let (subject, at) = (Hash::default(), 1);
    let (kind, severity) = (IncidentKind::Other, Severity::Low);
    for object in [
        Object::UsedAuth(UsedAuth { until: at }),
        Object::UsedTravel(UsedTravel { until: at, payer: Address([1; 32]) }),
        Object::UsedRemote(UsedRemote { at }),
        Object::Incident(Incident { kind, severity, height: 1, at, subject }),
    ] {
        assert!(is_closed(&object), "{object:?}");
    }
    for failed in [false, true] {
        let (custodian, bank_ref) = (Address([1; 32]), "r".to_owned());
        let payout = Payout { custodian, bank_ref, redemption: subject, net: 5, failed };
        assert_eq!(is_closed(&Object::Payout(Box::new(payout))), failed);
    }
}

/// The way out and transfers stay open, whatever breaks.
#[test]
fn no_invariant_pauses_transfers_or_redemptions() {
    for invariant in Invariant::ALL {
        let pauses = invariant.pauses();
        assert!(!matches!(pauses, Some(Scope::Transfer | Scope::RedeemNew)), "{invariant:?}");
        assert!(!invariant.incident().is_posted());
    }
}
