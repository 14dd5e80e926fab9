//! Proposals, votes, execution.

use ballast_primitives::{Address, Hash};
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{Class, Proposal, ProposalStatus};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{Code, CouncilOp, Event, Key, Object};

use crate::COMPLIANCE;
use crate::common::Who::{self, Holder, Member};
use crate::common::{DAY, HOUR, World, council, op};

const TTL: u64 = 7 * DAY;
const GRACE: u64 = 7 * DAY;

/// Of class B: three of five.
fn unfreeze() -> Vec<CouncilOp> {
    vec![council::unfreeze(Holder(1).address())]
}

/// Member 0 proposes.
fn propose(world: &mut World, ops: &[CouncilOp]) -> (u64, Hash) {
    let number = world.state.council().next_proposal;
    world.run(Member(0), op::propose(ops)).unwrap();
    (number, ops_digest(ops))
}

fn proposal(world: &World, number: u64) -> &Proposal {
    world.state.proposal(number).unwrap()
}

/// Changes a proposal behind the back of the rules; it is no longer listed as open.
fn edit_proposal(world: &mut World, number: u64, change: impl FnOnce(&mut Proposal)) {
    world.edit_council(|council| council.open.clear());
    world.edit(Key::Proposal(number), |object| match object {
        Object::Proposal(proposal) => change(proposal),
        _ => unreachable!(),
    });
}

fn ascending(members: &[Who]) -> Vec<Address> {
    let mut addresses: Vec<_> = members.iter().map(|member| member.address()).collect();
    addresses.sort_unstable();
    addresses
}

fn changed(proposal: u64, status: ProposalStatus, eta: Option<u64>) -> Event {
    Event::ProposalChanged { proposal, status, eta }
}

#[test]
fn a_proposal_is_refused_in_order_and_then_recorded_whole() {
    let mut world = World::new();
    let propose = || op::propose(unfreeze());
    world.edit_council(|council| council.next_proposal = 100);
    for number in 0..8 {
        world.run(Member(0), propose()).unwrap();
        assert_eq!(world.state.council().open.len(), number + 1);
    }
    assert_eq!(world.run(Holder(0), propose()), Err(Code::Unauthorized));
    assert_eq!(world.run(COMPLIANCE, propose()), Err(Code::Unauthorized));
    assert_eq!(world.run(Member(0), propose()), Err(Code::TooManyProposals), "8 of one");
    let now = world.now();
    let (proposer, ops) = (Member(1).address(), unfreeze());
    let (class, digest) = (Class::B, ops_digest(&ops));
    let proposed = Event::Proposed { proposal: 108, proposer, class, digest };
    assert_eq!(world.run(Member(1), propose()), Ok(vec![proposed]));
    let expected = Proposal {
        epoch: 0,
        class,
        ops,
        digest,
        proposer,
        yes: vec![proposer],
        no: vec![],
        created: now,
        eta: None,
        status: ProposalStatus::Open,
    };
    assert_eq!(proposal(&world, 108), &expected);
    let council = world.state.council();
    assert_eq!(
        (council.next_proposal, &council.open[..]),
        (109, &(100..109).collect::<Vec<_>>()[..])
    );
}

#[test]
fn at_most_64_proposals_are_open() {
    let mut world = World::new();
    // Nine members with seven proposals each, and one that has one.
    let members: Vec<_> = (0..5).map(Member).chain((0..4).map(Holder)).chain([Who::Fees]).collect();
    world.by_council([council::council_set(&members, [2, 3, 6, 6])]).unwrap();
    let count = |world: &World| world.state.council().open.len();
    for member in &members {
        for _ in 0..7.min(64 - count(&world)) {
            world.run(*member, op::propose(unfreeze())).unwrap();
        }
    }
    assert_eq!(count(&world), 64);
    let more = op::propose(unfreeze());
    assert_eq!(world.run(Who::Fees, more.clone()), Err(Code::TooManyProposals));
    // A decision makes room.
    let (first, digest) = (world.state.council().open[0], ops_digest(&unfreeze()));
    for member in &members[1..9] {
        let _ = world.run(*member, op::vote(first, digest, Choice::No));
    }
    assert_eq!(proposal(&world, first).status, ProposalStatus::Rejected);
    assert!(world.run(Who::Fees, more).is_ok());
}

#[test]
fn the_proposers_yes_may_be_enough() {
    let mut world = World::new();
    world.by_council([council::council_set(&[Member(0)], [1; 4])]).unwrap();
    world.edit_council(|council| council.delays[1].ms = HOUR);
    let (eta, digest) = (Some(world.now() + HOUR), ops_digest(&unfreeze()));
    let proposer = Member(0).address();
    let events = vec![
        Event::Proposed { proposal: 2, proposer, class: Class::B, digest },
        changed(2, ProposalStatus::Approved, eta),
    ];
    assert_eq!(world.run(Member(0), op::propose(unfreeze())), Ok(events));
    let stored = proposal(&world, 2);
    assert_eq!((stored.status, stored.eta), (ProposalStatus::Approved, eta));
    assert_eq!(world.state.council().open, [2]);
}

#[test]
fn the_next_proposal_writes_down_which_have_expired() {
    let mut world = World::new();
    let ops = unfreeze();
    let opened = world.now();
    let (open, _) = propose(&mut world, &ops);
    let (approved, digest) = propose(&mut world, &ops);
    for member in [Member(1), Member(2)] {
        world.run(member, op::vote(approved, digest, Choice::Yes)).unwrap();
    }
    let eta = proposal(&world, approved).eta;
    let (rejected, _) = propose(&mut world, &ops);
    for member in [Member(1), Member(2), Member(3)] {
        world.run(member, op::vote(rejected, digest, Choice::No)).unwrap();
    }
    for _ in 0..6 {
        propose(&mut world, &ops);
    }
    assert_eq!(world.state.council().open.len(), 8);
    // A millisecond before the end of the first there is no room for a ninth.
    world.wait(opened + TTL - 1 - world.now());
    let more = op::propose(unfreeze());
    assert_eq!(world.try_run(Member(0), more.clone()), Err(Code::TooManyProposals));
    world.wait(1);
    let events = world.run(Member(0), more.clone()).unwrap();
    assert_eq!(events[0], changed(open, ProposalStatus::Expired, None));
    assert_eq!(events.len(), 2);
    assert_eq!(proposal(&world, open).status, ProposalStatus::Expired);
    assert!(!world.state.council().open.contains(&open));
    // Grace runs from the eta.
    world.wait(eta.unwrap() + GRACE - 1 - world.now());
    assert_eq!(world.try_run(Member(1), more.clone()).unwrap().len(), 1);
    world.wait(1);
    let events = world.run(Member(1), more.clone()).unwrap();
    assert_eq!(events[0], changed(approved, ProposalStatus::Expired, eta), "it keeps its eta");
    assert_eq!(events.len(), 2);
    // The others end later, all at once, in order.
    world.wait(TTL - HOUR);
    let events = world.run(Member(2), more).unwrap();
    let expired = (rejected + 1..=rejected + 6).map(|n| changed(n, ProposalStatus::Expired, None));
    assert_eq!(events[..6], expired.collect::<Vec<_>>()[..]);
    assert_eq!(world.state.council().open, [10, 11, 12]);
}

#[test]
fn a_failed_proposal_writes_nothing_down() {
    let mut world = World::new();
    let (expires, digest) = propose(&mut world, &unfreeze());
    world.wait(TTL);
    let ops = vec![op::propose(unfreeze()), op::transfer(Member(0), 0)];
    let tx = world.tx(Member(0), ops);
    assert_eq!(world.send(tx), Err(Code::ZeroAmount));
    assert_eq!(proposal(&world, expires).status, ProposalStatus::Open);
    let vote = op::vote(expires, digest, Choice::Yes);
    assert_eq!(world.run(Member(1), vote), Err(Code::ProposalClosed), "closed all the same");
}

#[test]
fn a_vote_is_refused_in_order_and_then_counts() {
    let mut world = World::new();
    let created = world.now();
    let (number, digest) = propose(&mut world, &unfreeze());
    let vote = |choice| op::vote(number, Hash([1; 32]), choice);
    let member = Member(1);
    let unknown = op::vote(number + 1, Hash([1; 32]), Choice::Withdraw);
    assert_eq!(world.try_run(Holder(0), unknown.clone()), Err(Code::Unauthorized));
    assert_eq!(world.try_run(member, unknown), Err(Code::UnknownProposal));
    let mut closed = world.clone();
    edit_proposal(&mut closed, number, |proposal| proposal.status = ProposalStatus::Rejected);
    closed.edit_council(|council| council.epoch = 1);
    let withdraw = vote(Choice::Withdraw);
    assert_eq!(closed.try_run(member, withdraw.clone()), Err(Code::ProposalStale));
    closed.edit_council(|council| council.epoch = 0);
    assert_eq!(closed.try_run(member, withdraw.clone()), Err(Code::ProposalClosed));
    edit_proposal(&mut closed, number, |proposal| proposal.status = ProposalStatus::Stale);
    assert_eq!(closed.try_run(member, withdraw.clone()), Err(Code::ProposalStale));
    let mut expired = world.clone();
    expired.wait(created + TTL - 1 - expired.now());
    assert_eq!(expired.try_run(member, withdraw.clone()), Err(Code::DigestMismatch));
    expired.wait(1);
    assert_eq!(expired.try_run(member, withdraw.clone()), Err(Code::ProposalClosed));
    assert_eq!(world.try_run(member, withdraw), Err(Code::DigestMismatch));
    let vote = |choice| op::vote(number, digest, choice);
    assert_eq!(world.try_run(Member(0), vote(Choice::Yes)), Err(Code::AlreadyVoted));
    assert_eq!(world.try_run(member, vote(Choice::Withdraw)), Err(Code::NotVoted));
    let voted =
        |choice| Ok(vec![Event::Voted { proposal: number, member: member.address(), choice }]);
    assert_eq!(world.run(member, vote(Choice::No)), voted(Choice::No));
    assert_eq!(world.try_run(member, vote(Choice::No)), Err(Code::AlreadyVoted));
    assert_eq!(proposal(&world, number).no, ascending(&[member]));
    assert_eq!(world.run(member, vote(Choice::Yes)), voted(Choice::Yes));
    let stored = proposal(&world, number);
    assert_eq!((&stored.yes, &stored.no), (&ascending(&[Member(0), member]), &vec![]));
    assert_eq!(world.run(member, vote(Choice::Withdraw)), voted(Choice::Withdraw));
    assert_eq!(proposal(&world, number).yes, ascending(&[Member(0)]));
}

#[test]
fn votes_approve_reopen_and_reject() {
    use ProposalStatus::{Approved, Open, Rejected};
    let mut world = World::new();
    world.edit_council(|council| council.delays[1].ms = HOUR);
    let (number, digest) = propose(&mut world, &unfreeze());
    let mut eta = None;
    // Who says what, and what becomes of the proposal, if anything.
    let steps = [
        (1, Choice::Yes, None),
        (2, Choice::Yes, Some(Approved)),
        (3, Choice::Yes, None),
        (3, Choice::No, None),
        (2, Choice::Withdraw, Some(Open)),
        (2, Choice::Yes, Some(Approved)),
        (4, Choice::No, None),
        (2, Choice::No, Some(Rejected)),
    ];
    for (member, choice, change) in steps {
        let approved_at = world.now();
        let events = world.run(Member(member), op::vote(number, digest, choice)).unwrap();
        match change {
            Some(Approved) => eta = Some(approved_at + HOUR),
            Some(Open) => eta = None,
            _ => {}
        }
        let change = change.map(|status| changed(number, status, eta));
        assert_eq!(events[1..], change.into_iter().collect::<Vec<_>>()[..], "{member} {choice:?}");
        assert_eq!(proposal(&world, number).eta, eta, "{member} {choice:?}");
    }
    let stored = proposal(&world, number);
    assert_eq!(stored.status, Rejected);
    assert_eq!(stored.yes, ascending(&[Member(0), Member(1)]));
    assert_eq!(stored.no, ascending(&[Member(2), Member(3), Member(4)]));
    assert!(world.state.council().open.is_empty());
    let late = op::vote(number, digest, Choice::Yes);
    assert_eq!(world.run(Member(2), late), Err(Code::ProposalClosed));
}

#[test]
fn a_no_that_puts_the_threshold_out_of_reach_rejects_an_open_proposal() {
    let mut world = World::new();
    // Of class D: four of five, so two noes are enough.
    let ops = vec![council::set_delay(Class::A, 0)];
    let (number, digest) = propose(&mut world, &ops);
    let no = op::vote(number, digest, Choice::No);
    world.run(Member(1), no.clone()).unwrap();
    let events = world.run(Member(2), no).unwrap();
    assert_eq!(events[1], changed(number, ProposalStatus::Rejected, None));
}

#[test]
fn an_execution_is_refused_in_order_and_then_done_once() {
    let mut world = World::new();
    let target = Holder(1).address();
    world.edit_council(|council| council.delays[1].ms = DAY);
    let cap = world.state.supply().cap;
    let ops = vec![council::unfreeze(target), council::set_cap(cap)];
    let (number, digest) = propose(&mut world, &ops);
    let execute = op::execute(number);
    let member = Member(4);
    let unknown = op::execute(number + 1);
    assert_eq!(world.run(Holder(0), unknown.clone()), Err(Code::Unauthorized));
    assert_eq!(world.run(member, unknown), Err(Code::UnknownProposal));
    let mut closed = world.clone();
    edit_proposal(&mut closed, number, |proposal| proposal.status = ProposalStatus::Executed);
    closed.edit_council(|council| council.epoch = 1);
    assert_eq!(closed.try_run(member, execute.clone()), Err(Code::ProposalStale));
    closed.edit_council(|council| council.epoch = 0);
    assert_eq!(closed.try_run(member, execute.clone()), Err(Code::ProposalClosed));
    assert_eq!(world.run(member, execute.clone()), Err(Code::NotApproved));
    world.run(Member(1), op::vote(number, digest, Choice::Yes)).unwrap();
    let eta = world.now() + DAY;
    world.run(Member(2), op::vote(number, digest, Choice::Yes)).unwrap();
    // The cap is lowered meanwhile: setting it to what it was would be of class C now.
    world.set_cap(cap - 1);
    world.wait(eta - 1 - world.now());
    assert_eq!(world.try_run(member, execute.clone()), Err(Code::Timelocked));
    world.wait(1);
    assert_eq!(world.try_run(member, execute.clone()), Err(Code::ClassChanged));
    world.set_cap(cap);
    let before = world.clone();
    assert_eq!(world.run(member, execute.clone()), Err(Code::NotFrozen), "its operation's failure");
    assert_eq!(proposal(&world, number), proposal(&before, number), "still approved");
    world.run(COMPLIANCE, op::freeze(target, true, true)).unwrap();
    let mut late = world.clone();
    late.wait(eta + GRACE - 1 - late.now());
    late.edit_account(Holder(1), |account| account.freeze.confirmed = true);
    assert!(late.try_run(member, execute.clone()).is_ok());
    late.wait(1);
    assert_eq!(late.try_run(member, execute.clone()), Err(Code::ProposalClosed));
    let events = vec![
        changed(number, ProposalStatus::Executed, Some(eta)),
        Event::Unfrozen { account: target },
        Event::CapSet { cap },
    ];
    assert_eq!(world.run(member, execute.clone()), Ok(events));
    let stored = proposal(&world, number);
    assert_eq!((stored.status, stored.eta), (ProposalStatus::Executed, Some(eta)));
    assert!(world.state.council().open.is_empty());
    assert_eq!(world.run(member, execute), Err(Code::ProposalClosed));
}

#[test]
fn what_became_less_grave_is_executed_all_the_same() {
    let mut world = World::new();
    let cap = world.state.supply().cap;
    let ops = vec![council::set_cap(cap + 1)];
    let (number, digest) = propose(&mut world, &ops);
    assert_eq!(proposal(&world, number).class, Class::C);
    world.set_cap(cap + 2);
    for member in [Member(1), Member(2)] {
        world.run(member, op::vote(number, digest, Choice::Yes)).unwrap();
    }
    assert!(world.run(Member(1), op::execute(number)).is_ok());
    assert_eq!(world.state.supply().cap, cap + 1);
}
