//! What the reserve counts for, and what that lets anyone mint.

use ballast_runtime::object::{
    Category, Line, Opinion, Report, ReportBody, ReportStatus, Role, Scope,
};
use ballast_runtime::reserve::{self, Reserve};
use ballast_runtime::{Code, Event};

use crate::checkpoints::TICK;
use crate::common::Who::{Holder, Officer};
use crate::common::{DAY, DOLLAR, HOUR, START, World, genesis, op};
use crate::reports::{effective, newer_report, newest};
use crate::{CUSTODIAN, DOCUMENT, MINTER, deposited};

fn line(category: Category, custodian: &str, maturity_days: u32, amount: u64) -> Line {
    Line {
        category,
        custodian: custodian.to_owned(),
        country: *b"US",
        maturity_days,
        face: amount,
        amortised: amount,
        market: amount,
        encumbered: 0,
        segregated: true,
    }
}

pub fn cash(custodian: &str, amount: u64) -> Line {
    line(Category::Cash, custodian, 0, amount)
}

/// The body of the genesis report, with other lines.
fn of_lines(lines: Vec<Line>) -> ReportBody {
    ReportBody { lines, ..genesis().report.unwrap().body }
}

#[test]
fn what_counts_is_segregated_short_and_not_pledged() {
    for (category, maturity_days, counts) in [
        (Category::Cash, u32::MAX, true),
        (Category::DemandDeposit, u32::MAX, true),
        (Category::GovernmentFund, u32::MAX, true),
        (Category::Treasury, 93, true),
        (Category::Treasury, 94, false),
        (Category::Repo, 1, true),
        (Category::Repo, 2, false),
        (Category::ReverseRepo, 1, true),
        (Category::ReverseRepo, 2, false),
        (Category::CommercialPaper, 0, false),
        (Category::CorporateBond, 0, false),
        (Category::Loan, 0, false),
        (Category::Other, 0, false),
    ] {
        let line = line(category, "b", maturity_days, 10);
        let apart = Line { segregated: false, ..line.clone() };
        let expected = if counts { 10 } else { 0 };
        let body = of_lines(vec![line]);
        assert_eq!(reserve::unencumbered(&body), expected, "{} {maturity_days}", category.name());
        assert_eq!(reserve::unencumbered(&of_lines(vec![apart])), 0);
    }
    let valued =
        |market, amortised, encumbered| Line { market, amortised, encumbered, ..cash("b", 9) };
    for (market, amortised, encumbered, expected) in
        [(7, 5, 0, 5), (5, 7, 0, 5), (7, 5, 5, 0), (7, 5, 6, 0), (7, 5, u64::MAX, 0), (7, 5, 2, 3)]
    {
        let body = of_lines(vec![valued(market, amortised, encumbered)]);
        assert_eq!(reserve::unencumbered(&body), expected);
    }
    let pledged = of_lines(vec![valued(1, 1, 9), cash("c", 10), cash("c", u64::MAX)]);
    assert_eq!(reserve::unencumbered(&pledged), u128::from(u64::MAX) + 10, "never below 0 each");
}

#[test]
fn concentration_is_over_what_counts() {
    let pledged = Line { encumbered: 40, ..cash("b", 100) };
    let bond = line(Category::CorporateBond, "b", 0, 1_000);
    let body = of_lines(vec![cash("a", 25), pledged, cash("a", 15), bond]);
    let parts: Vec<_> = reserve::by_custodian(&body).into_iter().collect();
    assert_eq!(parts, [("a", 40), ("b", 60)]);
    assert_eq!(reserve::concentration(&body), Some(("b", 6_000)));
    assert_eq!(reserve::concentration(&of_lines(vec![cash("a", 0)])), None);
    let third = of_lines(vec![cash("a", 1), cash("b", 1), cash("c", 1)]);
    assert_eq!(reserve::concentration(&third).unwrap().1, 3_333, "rounded down");
    let full = of_lines(vec![cash("a", u64::MAX); 64]);
    assert_eq!(reserve::concentration(&full), Some(("a", 10_000)));
}

#[test]
fn a_report_may_be_used_while_it_is_effective_fresh_unmodified_and_spread() {
    let world = World::new();
    let mut report = world.state.report(1).unwrap().clone();
    let mut policy = world.state.policy().clone();
    let stale = report.body.as_of + policy.report_max_age_ms;
    policy.custodian_share_max_bps = Some(7_999);
    report.body.opinion = Opinion::Qualified;
    for status in [ReportStatus::Draft, ReportStatus::Superseded, ReportStatus::Revoked] {
        let other = Report { status, ..report.clone() };
        assert_eq!(reserve::usable(&other, &policy, stale), Err(Code::NoReport));
    }
    assert_eq!(reserve::usable(&report, &policy, stale), Err(Code::ReportStale));
    let now = stale - 1;
    for opinion in [Opinion::Qualified, Opinion::Adverse, Opinion::Disclaimer] {
        report.body.opinion = opinion;
        assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportModified));
    }
    report.body.opinion = Opinion::Unmodified;
    // A fifth is in the bank; the rest is at the trust.
    assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportConcentrated));
    policy.custodian_share_max_bps = Some(8_000);
    assert_eq!(reserve::usable(&report, &policy, now), Ok(()), "exactly so much is fine");
    // One micro-dollar more at the trust is too much, though its share rounds to the same.
    report.body.lines[1].market += 1;
    report.body.lines[1].amortised += 1;
    assert_eq!(reserve::concentration(&report.body), Some(("Example Trust", 8_000)));
    assert_eq!(reserve::usable(&report, &policy, now), Err(Code::ReportConcentrated));
    policy.custodian_share_max_bps = None;
    assert_eq!(reserve::usable(&report, &policy, now), Ok(()));
}

/// R, less U, after a block at `now`.
fn since_the_report(world: &World, now: u64) -> i128 {
    let mut world = world.clone();
    world.context.time = now - 1_000;
    world.block(&[]);
    let Reserve { unencumbered, reserve, .. } = reserve::summary(&world.state, now);
    reserve as i128 - unencumbered as i128
}

#[test]
fn the_reserve_counts_what_came_in_for_good_and_what_went_out_since_its_report() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    let now = world.now();
    assert_eq!(since_the_report(&world, now), 0);
    let first = deposited(&mut world, "a", 100, Holder(0).address());
    let final_at = now + HOUR;
    assert_eq!(since_the_report(&world, final_at - 1), 0, "not final yet");
    assert_eq!(since_the_report(&world, final_at), 100);
    let second = deposited(&mut world, "b", 10, Holder(0).address());
    assert_eq!(since_the_report(&world, final_at), 100, "the second is a second later");
    assert_eq!(since_the_report(&world, final_at + 1_000), 110);
    let mut reversed = world.clone();
    reversed.run(CUSTODIAN, op::reverse(second, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&reversed, final_at - 1), 0, "neither pending nor there");
    assert_eq!(since_the_report(&reversed, final_at + 1_000), 100);

    // A report in between: what came before it is in it, and counts once it is final.
    let report = newer_report(&mut world);
    assert_eq!(world.state.report(report).unwrap().deposits_then, 110);
    assert_eq!(since_the_report(&world, final_at - 1), -110);
    assert_eq!(since_the_report(&world, final_at + HOUR), 0);
    deposited(&mut world, "c", 7, Holder(0).address());
    assert_eq!(since_the_report(&world, world.now()), -110);
    assert_eq!(since_the_report(&world, final_at + HOUR), 7);
    world.run(CUSTODIAN, op::reverse(first, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&world, final_at + HOUR), 7 - 100, "what it counted is gone");
}

#[test]
fn a_deposit_in_the_block_of_its_checkpoint_came_after_it() {
    let mut world = World::new();
    world.edit_policy(|policy| policy.rail_hold_ms = HOUR);
    world.wait(TICK - 1_000);
    assert_eq!(world.now(), START + TICK);
    deposited(&mut world, "a", 100, Holder(0).address());
    let body = newest(&world);
    let report = effective(&mut world, body);
    assert_eq!(world.state.report(report).unwrap().deposits_then, 0);
    assert_eq!(since_the_report(&world, START + TICK + HOUR - 1), 0);
    assert_eq!(since_the_report(&world, START + TICK + HOUR), 100);
}

#[test]
fn the_reserve_falls_with_payouts_and_grows_when_one_fails() {
    let mut world = World::new();
    let (gross, net) = (100 * DOLLAR, 99 * i128::from(DOLLAR));
    let paid = |world: &mut World, bank_ref: &str| {
        let events = world.run(Holder(0), op::redeem(gross, gross, DOCUMENT)).unwrap();
        let [Event::RedemptionRequested { redemption, net, .. }] = events[..] else { panic!() };
        world.run(Officer(Role::Redeemer), op::accept(redemption)).unwrap();
        world.run(CUSTODIAN, op::payout(redemption, bank_ref, net)).unwrap();
        redemption
    };
    let settled = paid(&mut world, "a");
    assert_eq!(since_the_report(&world, world.now()), -net);
    world.run(Officer(Role::Redeemer), op::settle(settled)).unwrap();
    assert_eq!(since_the_report(&world, world.now()), -net);
    let failed = paid(&mut world, "b");
    assert_eq!(since_the_report(&world, world.now()), -2 * net);
    newer_report(&mut world);
    assert_eq!(since_the_report(&world, world.now()), 0);
    world.run(CUSTODIAN, op::payout_failed(failed, DOCUMENT)).unwrap();
    assert_eq!(since_the_report(&world, world.now()), net, "back since the report");
    let Reserve { ceiling, unencumbered, .. } = reserve::summary(&world.state, world.now());
    assert_eq!(ceiling, unencumbered, "the report's own total still binds");
}

#[test]
fn the_reserve_is_never_below_nothing() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "a", 100, Holder(0).address());
    let number = newer_report(&mut world);
    world.edit_report(number, |report| report.body.lines = vec![cash("a", 99)]);
    world.run(CUSTODIAN, op::reverse(deposit, DOCUMENT)).unwrap();
    let total = world.state.supply().total;
    assert_eq!(
        reserve::summary(&world.state, world.now()),
        Reserve {
            report: Some(number),
            unencumbered: 99,
            reserve: 0,
            ceiling: 0,
            headroom: 0,
            refused: Some(Code::ReserveCeiling),
        }
    );
    assert!(total > 0);
}

#[test]
fn the_summary_says_what_the_smallest_mint_would_be_answered() {
    let mut world = World::new();
    let deposit = deposited(&mut world, "a", 100, Holder(0).address());
    let total = world.state.supply().total;
    let room = total + 5;
    world.edit_minter(|minter| minter.window_cap = u64::MAX);
    // Everything is wrong; each line puts one thing right.
    world.set_pause(Scope::Mint, u64::MAX);
    world.edit_policy(|policy| {
        policy.global_window_cap = 0;
        policy.report_max_age_ms = 0;
        policy.custodian_share_max_bps = Some(1);
    });
    world.set_cap(total);
    world.edit_report(1, |report| {
        report.status = ReportStatus::Revoked;
        report.body.opinion = Opinion::Adverse;
        report.body.lines = vec![cash("a", u64::try_from(total).unwrap())];
    });
    type Fix = (Code, fn(&mut World));
    let fixes: [Fix; 8] = [
        (Code::Paused, |world| world.set_pause(Scope::Mint, world.now())),
        (Code::GlobalWindow, |world| world.edit_policy(|policy| policy.global_window_cap = 1)),
        (Code::CapExceeded, |world| world.set_cap(u128::MAX)),
        (Code::NoReport, |world| {
            world.edit_report(1, |report| report.status = ReportStatus::Effective);
        }),
        (Code::ReportStale, |world| {
            world.edit_policy(|policy| policy.report_max_age_ms = DAY);
        }),
        (Code::ReportModified, |world| {
            world.edit_report(1, |report| report.body.opinion = Opinion::Unmodified);
        }),
        (Code::ReportConcentrated, |world| {
            world.edit_policy(|policy| policy.custodian_share_max_bps = None);
        }),
        (Code::ReserveCeiling, |world| {
            world.edit_report(1, |report| {
                report.body.lines[0].market += 5;
                report.body.lines[0].amortised += 5;
            });
        }),
    ];
    for (code, fix) in fixes {
        assert_eq!(reserve::summary(&world.state, world.now()).refused, Some(code));
        assert_eq!(world.try_run(MINTER, op::mint(deposit, 1)), Err(code));
        fix(&mut world);
    }
    assert_eq!(
        reserve::summary(&world.state, world.now()),
        Reserve {
            report: Some(1),
            unencumbered: room,
            reserve: room + 100,
            ceiling: room,
            headroom: 5,
            refused: None,
        }
    );
    assert!(world.try_run(MINTER, op::mint(deposit, 1)).is_ok());
    let mut genesis = genesis();
    genesis.report = None;
    let empty = World::from(&genesis);
    assert_eq!(
        reserve::summary(&empty.state, empty.now()),
        Reserve { refused: Some(Code::NoReport), ..Reserve::default() }
    );
}
