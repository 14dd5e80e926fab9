//! The council's operations by signatures collected off the chain, and whose word counts.

use ballast_primitives::{Hash, SecretKey};
use ballast_runtime::council_op::ops_digest;
use ballast_runtime::object::{Class, Role, Scope};
use ballast_runtime::ops::council_exec::CouncilExec;
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{Code, CouncilOp, Event, Op};

use crate::COMPLIANCE;
use crate::common::Who::{self, Holder, Member, Officer};
use crate::common::{DAY, HOUR, World, council, op, witnesses};

/// Of class B: three of five.
fn unfreeze() -> Vec<CouncilOp> {
    vec![council::unfreeze(Holder(1).address())]
}

#[test]
fn signatures_collected_off_the_chain_are_refused_in_order_and_then_act_at_once() {
    let mut world = World::new();
    let target = Holder(1).address();
    let members = [Member(0), Member(1), Member(2)];
    let stranger = SecretKey::dev("stranger", "1");
    let exec = |ops: &[CouncilOp], epoch, exec_nonce, keys: &[SecretKey]| {
        let (ops, witnesses) = (ops.to_vec(), witnesses(keys));
        Op::CouncilExec(CouncilExec { ops, epoch, exec_nonce, witnesses })
    };
    world.edit_council(|council| (council.epoch, council.exec_nonce) = (3, 9));
    let grave = [council::unfreeze(target), council::seize(target, 1, None)];
    let few = &[stranger, Member(0).key()][..];
    assert_eq!(world.run(Holder(0), exec(&grave, 2, 8, few)), Err(Code::Unauthorized));
    let member = Member(4);
    assert_eq!(world.run(member, exec(&grave, 2, 8, few)), Err(Code::ProposalStale));
    assert_eq!(world.run(member, exec(&grave, 3, 8, few)), Err(Code::ExecNonce));
    assert_eq!(world.run(member, exec(&grave, 3, 10, few)), Err(Code::ExecNonce));
    assert_eq!(world.run(member, exec(&grave, 3, 9, few)), Err(Code::ClassTooHigh));
    let ops = unfreeze();
    let mut delayed = world.clone();
    delayed.edit_council(|council| council.delays[1].ms = 1);
    assert_eq!(delayed.run(member, exec(&ops, 3, 9, few)), Err(Code::ClassTooHigh));
    assert_eq!(world.run(member, exec(&ops, 3, 9, few)), Err(Code::BadAuth));
    let keys = members.map(Who::key);
    assert_eq!(world.run(member, exec(&ops, 3, 9, &keys[..2])), Err(Code::CouncilQuorum));
    assert_eq!(world.run(member, exec(&ops, 3, 9, &keys)), Err(Code::NotFrozen));
    assert_eq!(world.state.council().exec_nonce, 9, "a failure uses nothing up");
    world.run(COMPLIANCE, op::freeze(target, true, true)).unwrap();
    let events = vec![
        Event::CouncilExecuted { exec_nonce: 9, class: Class::B, digest: ops_digest(&ops) },
        Event::Unfrozen { account: target },
    ];
    assert_eq!(world.run(member, exec(&ops, 3, 9, &keys)), Ok(events));
    assert_eq!(world.state.council().exec_nonce, 10);
    assert_eq!(world.run(member, exec(&ops, 3, 9, &keys)), Err(Code::ExecNonce), "once");
}

#[test]
fn two_members_are_enough_for_class_a() {
    let mut world = World::new();
    let pause = [council::short_pause(&[Scope::Mint], world.now() + HOUR)];
    let exec = world.council_exec(pause.clone(), &[Member(3)]);
    assert_eq!(world.run(Member(0), exec), Err(Code::CouncilQuorum));
    let exec = world.council_exec(pause, &[Member(3), Member(4)]);
    assert!(world.run(Member(0), exec).is_ok());
}

#[test]
fn a_member_acts_on_the_councils_authority_only_inside_its_operations() {
    let mut world = World::new();
    let target = Holder(1).address();
    world.edit_account(Holder(1), |account| account.hold = 10);
    let exec = world.council_exec(
        [council::set_hold(target, 10, 5), council::freeze(target, true, true)],
        &world.quorum(Class::B),
    );
    // The hold falls on the council's word; the sender is no officer afterwards.
    for own in [op::set_hold(target, 5, 6), op::freeze(target, true, true)] {
        let tx = world.tx(Member(0), vec![exec.clone(), own]);
        assert_eq!(world.send(tx), Err(Code::Unauthorized));
        assert_eq!(world.account(Holder(1)).hold, 10, "all or nothing");
        assert_eq!(world.state.council().exec_nonce, 0);
    }
    world.run(Member(0), exec).unwrap();
    assert_eq!(world.account(Holder(1)).hold, 5);
}

#[test]
fn neither_pauses_nor_freezes_stop_the_council() {
    let mut world = World::new();
    for member in 0..5 {
        world.by_council([council::freeze(Member(member).address(), true, true)]).unwrap();
    }
    world.by_council([council::pause(&Scope::ALL, world.now() + DAY)]).unwrap();
    let grant = council::grant(Role::Bridge, Holder(3).address(), world.now() + DAY);
    world.by_council([grant]).unwrap();
    world.by_council([council::unpause(&Scope::ALL)]).unwrap();
}

#[test]
fn a_member_who_left_has_no_say() {
    let mut world = World::new();
    let rest: Vec<_> = (1..5).map(Member).collect();
    world.by_council([council::council_set(&rest, [2, 3, 3, 3])]).unwrap();
    let former = Member(0);
    for op in [
        op::propose(unfreeze()),
        op::vote(1, Hash::default(), Choice::Yes),
        op::execute(1),
        world.council_exec(unfreeze(), &[former]),
    ] {
        assert_eq!(world.run(former, op), Err(Code::Unauthorized));
    }
    let signed = world.council_exec(unfreeze(), &[former, Member(1), Member(2)]);
    assert_eq!(world.run(Member(1), signed), Err(Code::BadAuth));
    let protective = [council::revoke(Role::Bridge, Officer(Role::Bridge).address())];
    let exec = world.council_exec(protective, &[Member(1), Member(2)]);
    assert_eq!(world.run(former, exec), Err(Code::LaneUnauthorized));
}
