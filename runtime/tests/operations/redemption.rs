//! Redemptions and payouts.

use ballast_primitives::Hash;
use ballast_runtime::dev;
use ballast_runtime::object::{
    FreezeState, IncidentKind, Redemption, RedemptionStatus, Role, Scope, Severity, Terms,
};
use ballast_runtime::ops::payout_confirm::payout_id;
use ballast_runtime::ops::redeem_request::redemption_id;
use ballast_runtime::redemption::fee;
use ballast_runtime::{Code, Event, Op};

use crate::common::Who::{self, Fees, Holder, Officer};
use crate::common::{BALANCE, DAY, DOLLAR, HOUR, START, World, council, op};
use crate::{CUSTODIAN, DOCUMENT, decodes, frozen};

const REDEEMER: Who = Officer(Role::Redeemer);
const OWNER: Who = Holder(0);
/// Bank details.
const BANK: Hash = Hash([3; 32]);
const NO_REDEMPTION: Hash = Hash([1; 32]);

const GROSS: u64 = 100 * DOLLAR;
/// Five hundredths of a percent would be less than the flat dollar.
const FEE: u64 = DOLLAR;
const NET: u64 = GROSS - FEE;

fn requested(world: &mut World) -> Hash {
    match &world.run(OWNER, op::redeem(GROSS, FEE, BANK)).unwrap()[..] {
        [Event::RedemptionRequested { redemption, .. }] => *redemption,
        events => panic!("{events:?}"),
    }
}

fn processing(world: &mut World) -> Hash {
    let redemption = requested(world);
    world.run(REDEEMER, op::accept(redemption)).unwrap();
    redemption
}

fn paid(world: &mut World, bank_ref: &str) -> Hash {
    let redemption = processing(world);
    world.run(CUSTODIAN, op::payout(redemption, bank_ref, NET)).unwrap();
    redemption
}

/// One redemption in each state.
struct Fixture {
    world: World,
    requested: Hash,
    processing: Hash,
    paid: Hash,
    closed: Hash,
}

fn fixture() -> Fixture {
    let mut world = World::new();
    let (requested, closed) = (requested(&mut world), requested(&mut world));
    world.run(OWNER, op::cancel(closed)).unwrap();
    let (processing, paid) = (processing(&mut world), paid(&mut world, "p"));
    Fixture { world, requested, processing, paid, closed }
}

impl Fixture {
    fn redemption(&self, id: &Hash) -> &Redemption {
        self.world.state.redemption(id).unwrap()
    }

    fn status(&self, id: &Hash) -> RedemptionStatus {
        self.redemption(id).status
    }

    /// Each attempt is refused with its code, and the state does not notice.
    fn refuses(&self, attempts: &[(Who, Op, Code)]) {
        for (number, (who, op, code)) in attempts.iter().enumerate() {
            let outcome = self.world.try_run(*who, op.clone());
            assert_eq!(outcome, Err(*code), "attempt {number}");
        }
    }

    /// `op` closes `redemption` without payment: the owner has everything back, frozen or not,
    /// unless its balance has no room. Gives the events after RedemptionClosed.
    fn refunds(
        &mut self,
        who: Who,
        op: Op,
        redemption: Hash,
        status: RedemptionStatus,
    ) -> Vec<Event> {
        let mut full = self.world.clone();
        full.set_cap(u128::MAX);
        full.set_balance(OWNER, u64::MAX - GROSS + 1);
        assert_eq!(full.run(who, op.clone()), Err(Code::Overflow));
        self.world.edit_account(OWNER, |account| {
            account.freeze = frozen(true, true);
            account.hold = u64::MAX;
        });
        let (balance, supply) = (self.world.balance(OWNER), self.world.state.supply().clone());
        let mut events = self.world.run(who, op).unwrap();
        let owner = OWNER.address();
        let closed = Event::RedemptionClosed { redemption, owner, status, refund: GROSS };
        assert_eq!(events.remove(0), closed);
        assert_eq!(self.world.balance(OWNER), balance + GROSS);
        let after = self.world.state.supply();
        assert_eq!(after.redeem_escrow, supply.redeem_escrow - u128::from(GROSS));
        assert_eq!((after.total, after.cum_burn), (supply.total, supply.cum_burn));
        assert_eq!(self.status(&redemption), status);
        events
    }
}

#[test]
fn a_request_is_refused_in_order_and_then_puts_exactly_its_amount_into_escrow() {
    let mut world = World::new();
    let kyc_until = world.account(OWNER).kyc_until;
    world.set_pause(Scope::RedeemNew, world.now() + 1);
    world.edit_terms(|terms| terms.class_min = dev::CLASS_INSTITUTION + 1);
    let expired = world.now();
    world.edit_account(OWNER, |account| {
        account.kyc_until = expired;
        account.freeze = frozen(false, true);
        account.hold = BALANCE - GROSS;
    });
    world.edit_terms(|terms| (terms.min, terms.max) = (GROSS, GROSS));
    let redeem = |amount, fee_max| op::redeem(amount, fee_max, BANK);
    let refused = |world: &World, amount, fee_max, code| {
        assert_eq!(world.try_run(OWNER, redeem(amount, fee_max)), Err(code));
    };
    refused(&world, GROSS - 1, 0, Code::Paused);
    world.set_pause(Scope::RedeemNew, world.now());
    refused(&world, GROSS - 1, 0, Code::KycExpired);
    world.edit_account(OWNER, |account| account.kyc_until = expired + 1);
    refused(&world, GROSS - 1, 0, Code::NotEligible);
    world.edit_terms(|terms| terms.class_min = dev::CLASS_INSTITUTION);
    refused(&world, GROSS - 1, 0, Code::AccountFrozen);
    world.edit_account(OWNER, |account| account.freeze = frozen(true, false));
    refused(&world, GROSS - 1, 0, Code::BelowMin);
    refused(&world, GROSS + 1, 0, Code::AboveMax);
    world.edit_account(OWNER, |account| account.hold += 1);
    refused(&world, GROSS, FEE - 1, Code::FeeTooHigh);
    refused(&world, GROSS, FEE, Code::InsufficientAvailable);
    world.edit_account(OWNER, |account| {
        account.hold -= 1;
        account.kyc_until = kyc_until;
    });
    let op = redeem(GROSS, FEE);
    let tx = world.tx(OWNER, vec![op::transfer(Holder(1), 0), op.clone()]);
    assert_eq!(world.send(tx), Err(Code::ZeroAmount), "the nonce is used all the same");
    let tx = world.tx(OWNER, vec![op]);
    let (owner, nonce, now) = (OWNER.address(), tx.body().nonce, world.now());
    let redemption = redemption_id(&owner, nonce, 0);
    // Tuesday evening, after the cut-off: received on Wednesday, due by the end of Friday.
    let due_at = START - START % DAY + 4 * DAY;
    let requested =
        Event::RedemptionRequested { redemption, owner, gross: GROSS, fee: FEE, net: NET, due_at };
    assert_eq!(world.send(tx), Ok(vec![requested]));
    assert_eq!(world.balance(OWNER), BALANCE - GROSS);
    assert_eq!(world.state.supply().redeem_escrow, u128::from(GROSS));
    assert_eq!(
        world.state.redemption(&redemption),
        Some(&Redemption {
            owner,
            gross: GROSS,
            fee: FEE,
            net: NET,
            beneficiary: BANK,
            terms: 1,
            requested_at: now,
            due_at,
            payout: None,
            status: RedemptionStatus::Requested,
            closed_at: 0,
        })
    );
}

#[test]
fn a_request_whose_due_time_would_leave_its_range_overflows() {
    let mut world = World::new();
    world.edit_account(OWNER, |account| account.kyc_until = u64::MAX);
    world.context.time = u64::MAX - 2 * DAY;
    assert_eq!(world.run(OWNER, op::redeem(GROSS, FEE, BANK)), Err(Code::Overflow));
}

#[test]
fn two_requests_of_one_transaction_are_two_redemptions() {
    let mut world = World::new();
    let op = op::redeem(GROSS, FEE, BANK);
    let tx = world.tx(OWNER, vec![op.clone(), op]);
    let ids = [0, 1].map(|number| redemption_id(&OWNER.address(), tx.body().nonce, number));
    world.send(tx).unwrap();
    assert!(ids.iter().all(|id| world.state.redemption(id).is_some()));
    assert_eq!(world.state.supply().redeem_escrow, u128::from(2 * GROSS));
}

#[test]
fn the_fee_is_the_larger_of_a_share_rounded_down_and_a_flat_amount() {
    for (fee_bps, fee_flat, amount, expected) in [
        (5, 0, 1_999, 0),
        (5, 0, 2_000, 1),
        (5, 0, 3_999, 1),
        (5, 1, 3_999, 1),
        (5, 2, 3_999, 2),
        (5, 2, 4_000, 2),
        (5, 2, 6_000, 3),
        (0, 7, u64::MAX, 7),
        (10_000, 0, u64::MAX, u64::MAX),
        (9_999, 0, u64::MAX, 18_444_899_399_302_180_659),
        (0, u64::MAX, 1, u64::MAX),
    ] {
        let terms = Terms { fee_bps, fee_flat, ..dev::terms() };
        assert_eq!(fee(&terms, amount), expected, "{fee_bps} bps, {fee_flat}, {amount}");
    }
}

#[test]
fn a_fee_that_leaves_nothing_is_too_high_whatever_the_holder_accepts() {
    let mut world = World::new();
    world.edit_terms(|terms| terms.min = 0);
    let redeem = |amount| op::redeem(amount, u64::MAX, BANK);
    for amount in [0, FEE - 1, FEE] {
        assert_eq!(world.try_run(OWNER, redeem(amount)), Err(Code::FeeTooHigh));
    }
    assert!(world.try_run(OWNER, redeem(FEE + 1)).is_ok());
    world.edit_terms(|terms| terms.fee_flat = 0);
    assert_eq!(world.try_run(OWNER, redeem(0)), Err(Code::FeeTooHigh));
    assert!(world.try_run(OWNER, redeem(1)).is_ok());
}

#[test]
fn an_acceptance_is_refused_in_order_and_then_starts_the_payment() {
    let mut f = fixture();
    f.world.edit_account(OWNER, |account| account.freeze = frozen(false, true));
    f.refuses(&[
        (Holder(1), op::accept(f.requested), Code::Unauthorized),
        (REDEEMER, op::accept(f.closed), Code::AccountFrozen),
        (REDEEMER, op::accept(NO_REDEMPTION), Code::UnknownRedemption),
    ]);
    f.world.edit_account(OWNER, |account| account.freeze = frozen(true, false));
    f.refuses(&[
        (REDEEMER, op::accept(f.closed), Code::RedemptionClosed),
        (REDEEMER, op::accept(f.processing), Code::InProcessing),
    ]);
    let accepted = Event::RedemptionAccepted { redemption: f.requested, owner: OWNER.address() };
    assert_eq!(f.world.run(REDEEMER, op::accept(f.requested)), Ok(vec![accepted]));
    assert_eq!(f.status(&f.requested), RedemptionStatus::Processing);
}

#[test]
fn a_settlement_is_refused_in_order_and_then_burns_the_net_and_pays_the_fee() {
    let mut f = fixture();
    f.refuses(&[
        (Holder(1), op::settle(f.paid), Code::Unauthorized),
        (REDEEMER, op::settle(NO_REDEMPTION), Code::UnknownRedemption),
        (REDEEMER, op::settle(f.closed), Code::RedemptionClosed),
        (REDEEMER, op::settle(f.requested), Code::NotProcessing),
        (REDEEMER, op::settle(f.processing), Code::PayoutMissing),
    ]);
    let mut full = f.world.clone();
    full.set_cap(u128::MAX);
    full.set_balance(Fees, u64::MAX - FEE + 1);
    assert_eq!(full.run(REDEEMER, op::settle(f.paid)), Err(Code::Overflow));
    // Frozen since, and all pauses in force: what was paid is settled.
    f.world.edit_account(OWNER, |account| account.freeze = frozen(true, true));
    Scope::ALL.into_iter().for_each(|scope| f.world.set_pause(scope, u64::MAX));
    let (before, balance) = (f.world.state.supply().clone(), f.world.balance(OWNER));
    let settled =
        Event::RedemptionSettled { redemption: f.paid, owner: OWNER.address(), net: NET, fee: FEE };
    assert_eq!(f.world.run(REDEEMER, op::settle(f.paid)), Ok(vec![settled]));
    let after = f.world.state.supply();
    assert_eq!(after.redeem_escrow, before.redeem_escrow - u128::from(GROSS));
    assert_eq!(after.total, before.total - u128::from(NET));
    assert_eq!(after.cum_burn, before.cum_burn + u128::from(NET));
    assert_eq!((f.world.balance(Fees), f.world.balance(OWNER)), (FEE, balance));
    assert_eq!(f.status(&f.paid), RedemptionStatus::Settled);
    f.refuses(&[(REDEEMER, op::settle(f.paid), Code::RedemptionClosed)]);
}

#[test]
fn a_rejection_is_refused_in_order_and_then_refunds() {
    let mut f = fixture();
    let reject = |redemption| op::reject(redemption, DOCUMENT);
    f.refuses(&[
        (OWNER, reject(f.requested), Code::Unauthorized),
        (REDEEMER, reject(NO_REDEMPTION), Code::UnknownRedemption),
        (REDEEMER, reject(f.closed), Code::RedemptionClosed),
        (REDEEMER, reject(f.processing), Code::InProcessing),
        (REDEEMER, reject(f.paid), Code::InProcessing),
    ]);
    let id = f.requested;
    assert_eq!(f.refunds(REDEEMER, reject(id), id, RedemptionStatus::Rejected), []);
}

#[test]
fn a_cancellation_is_refused_in_order_and_then_refunds() {
    let mut f = fixture();
    f.refuses(&[
        (Holder(1), op::cancel(NO_REDEMPTION), Code::UnknownRedemption),
        (Holder(1), op::cancel(f.closed), Code::Unauthorized),
        (REDEEMER, op::cancel(f.requested), Code::Unauthorized),
        (OWNER, op::cancel(f.closed), Code::RedemptionClosed),
        (OWNER, op::cancel(f.processing), Code::InProcessing),
    ]);
    let id = f.requested;
    assert_eq!(f.refunds(OWNER, op::cancel(id), id, RedemptionStatus::Cancelled), []);
}

#[test]
fn anyone_expires_what_was_not_accepted_in_time_and_an_incident_says_so() {
    let mut f = fixture();
    let (id, due_at) = (f.requested, f.redemption(&f.requested).due_at);
    let anyone = Holder(2);
    f.refuses(&[
        (anyone, op::expire(NO_REDEMPTION), Code::UnknownRedemption),
        (anyone, op::expire(f.closed), Code::RedemptionClosed),
        (anyone, op::expire(f.processing), Code::InProcessing),
    ]);
    f.world.wait(due_at - f.world.now() - 1);
    f.refuses(&[(anyone, op::expire(id), Code::NotDue)]);
    f.world.wait(1);
    let events = f.refunds(anyone, op::expire(id), id, RedemptionStatus::Expired);
    let (kind, severity) = (IncidentKind::RedemptionExpired, Severity::High);
    assert_eq!(events, [Event::IncidentPosted { incident: 0, kind, severity, subject: id }]);
}

#[test]
fn an_overdue_redemption_may_still_be_accepted_until_someone_expires_it() {
    let mut world = World::new();
    let id = requested(&mut world);
    world.wait(10 * DAY);
    assert!(world.try_run(REDEEMER, op::accept(id)).is_ok());
    world.run(Holder(1), op::expire(id)).unwrap();
    assert_eq!(world.run(REDEEMER, op::accept(id)), Err(Code::RedemptionClosed));
}

#[test]
fn a_payout_is_refused_in_order_and_then_recorded_whole() {
    let mut f = fixture();
    let payout = |redemption, bank_ref, net| op::payout(redemption, bank_ref, net);
    f.refuses(&[
        (REDEEMER, payout(NO_REDEMPTION, "p", 0), Code::Unauthorized),
        (CUSTODIAN, payout(NO_REDEMPTION, "p", 0), Code::UnknownRedemption),
        (CUSTODIAN, payout(f.closed, "p", 0), Code::RedemptionClosed),
        (CUSTODIAN, payout(f.requested, "p", 0), Code::NotProcessing),
        (CUSTODIAN, payout(f.paid, "p", 0), Code::PayoutRecorded),
        (CUSTODIAN, payout(f.processing, "p", 0), Code::DuplicateBankRef),
        (CUSTODIAN, payout(f.processing, "q", NET - 1), Code::PayoutMismatch),
        (CUSTODIAN, payout(f.processing, "q", NET + 1), Code::PayoutMismatch),
        (CUSTODIAN, payout(f.processing, "q", GROSS), Code::PayoutMismatch),
    ]);
    // A deposit's reference is another matter.
    f.world.run(CUSTODIAN, op::deposit("q", 1, OWNER.address())).unwrap();
    let (custodian, before) = (CUSTODIAN.address(), f.world.state.supply().clone());
    let (redemption, id) = (f.processing, payout_id(&custodian, "q"));
    let confirmed = Event::PayoutConfirmed { redemption, payout: id, custodian, net: NET };
    assert_eq!(f.world.run(CUSTODIAN, payout(redemption, "q", NET)), Ok(vec![confirmed]));
    let stored = f.world.state.payout(&id).unwrap();
    assert_eq!((stored.bank_ref.as_str(), stored.custodian), ("q", custodian));
    assert_eq!((stored.redemption, stored.net, stored.failed), (redemption, NET, false));
    assert_eq!(f.redemption(&redemption).payout, Some(id));
    assert_eq!(f.status(&redemption), RedemptionStatus::Processing);
    let after = f.world.state.supply();
    assert_eq!(after.cum_payout, before.cum_payout + u128::from(NET));
    assert_eq!((after.total, after.redeem_escrow), (before.total, before.redeem_escrow));
}

#[test]
fn a_failed_payout_is_refused_in_order_and_then_refunds() {
    let mut f = fixture();
    let failed = |redemption| op::payout_failed(redemption, DOCUMENT);
    let other = Holder(3);
    let until = f.world.now() + 30 * DAY;
    f.world.by_council([council::grant(Role::Custodian, other.address(), until)]).unwrap();
    f.refuses(&[
        (REDEEMER, failed(f.paid), Code::Unauthorized),
        (CUSTODIAN, failed(NO_REDEMPTION), Code::UnknownRedemption),
        (CUSTODIAN, failed(f.closed), Code::RedemptionClosed),
        (CUSTODIAN, failed(f.requested), Code::NotProcessing),
        (other, failed(f.paid), Code::Unauthorized),
    ]);
    let (id, payout) = (f.paid, payout_id(&CUSTODIAN.address(), "p"));
    let paid = f.world.state.supply().cum_payout;
    assert_eq!(f.refunds(CUSTODIAN, failed(id), id, RedemptionStatus::Failed), []);
    assert_eq!(f.world.state.supply().cum_payout, paid - u128::from(NET));
    assert!(f.world.state.payout(&payout).unwrap().failed);
    f.world.edit_account(OWNER, |account| account.freeze = FreezeState::default());
    f.refuses(&[
        (CUSTODIAN, failed(id), Code::RedemptionClosed),
        (CUSTODIAN, op::payout(f.processing, "p", NET), Code::DuplicateBankRef),
    ]);
    // One that nobody recorded fails too, and any custodian may say so.
    let id = f.processing;
    let paid = f.world.state.supply().cum_payout;
    assert_eq!(f.refunds(other, failed(id), id, RedemptionStatus::Failed), []);
    assert_eq!(f.world.state.supply().cum_payout, paid);
}

#[test]
fn a_payouts_reference_has_1_to_64_bytes() {
    for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
        assert_eq!(decodes(op::payout(BANK, &"r".repeat(length), 1)), fits, "{length}");
        assert_eq!(decodes(op::deposit(&"r".repeat(length), 1, OWNER.address())), fits);
    }
}

#[test]
fn a_redemptions_operations_go_on_during_every_pause() {
    let mut f = fixture();
    let now = f.world.now();
    f.world.by_council([council::pause(&Scope::ALL, now + HOUR)]).unwrap();
    assert_eq!(f.world.try_run(OWNER, op::redeem(GROSS, FEE, BANK)), Err(Code::Paused));
    for (who, op) in [
        (REDEEMER, op::accept(f.requested)),
        (REDEEMER, op::reject(f.requested, DOCUMENT)),
        (OWNER, op::cancel(f.requested)),
        (CUSTODIAN, op::payout(f.processing, "q", NET)),
        (CUSTODIAN, op::payout_failed(f.processing, DOCUMENT)),
        (REDEEMER, op::settle(f.paid)),
    ] {
        assert!(f.world.try_run(who, op).is_ok());
    }
}
