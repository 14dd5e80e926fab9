//! How the council acts: at once, by signatures collected off the chain, or by a proposal that its
//! members bring forward step by step.

use ballast_primitives::Address;
use ballast_primitives::domain::SignTag;
use ballast_runtime::council_op::class_of;
use ballast_runtime::object::{Class, Proposal, ProposalStatus};
use ballast_runtime::ops::vote::Choice;
use ballast_runtime::{CouncilOp, Op, ops};

use super::decisions;
use super::kitchen::{Cook, Draft};

/// Bridges are numbered from 1 to this.
pub const BRIDGES: u64 = 2;
/// With so many proposals open members vote rather than propose.
const OPEN_MAX: usize = 5;

fn member(cook: &mut Cook<'_>) -> Address {
    cook.rng.pick(&cook.state.council().members).account
}

/// One decision, now and then two.
fn decision(cook: &mut Cook<'_>) -> Option<Vec<CouncilOp>> {
    let count = if cook.rng.chance(150) { 2 } else { 1 };
    (0..count).map(|_| decisions::some(cook)).collect()
}

/// By the way that the operations' class asks for.
fn carry(cook: &mut Cook<'_>, ops: Vec<CouncilOp>) -> Option<Draft> {
    let class = class_of(&ops, cook.state);
    let at_once = class <= Class::B && cook.state.council().delay(class, cook.now_ms) == 0;
    if at_once {
        return Some(exec_of(cook, ops));
    }
    match cook.state.council().open.len() < OPEN_MAX {
        true => Some(proposal_of(cook, ops)),
        false => vote(cook),
    }
}

pub fn exec(cook: &mut Cook<'_>) -> Option<Draft> {
    let ops = decision(cook)?;
    carry(cook, ops)
}

fn exec_of(cook: &mut Cook<'_>, ops: Vec<CouncilOp>) -> Draft {
    let council = cook.state.council();
    let (epoch, exec_nonce) = (council.epoch, council.exec_nonce);
    let mut keys: Vec<_> = council.members.iter().map(|member| member.key).collect();
    cook.rng.shuffle(&mut keys);
    // As many as it takes, now and then too few.
    let enough = usize::from(council.threshold(class_of(&ops, cook.state)));
    keys.truncate(if cook.rng.chance(50) { 1 } else { enough });
    let witnesses = cook.kitchen.statement(SignTag::CouncilVote, &(epoch, exec_nonce, &ops), keys);
    let op = ops::council_exec::CouncilExec { ops, epoch, exec_nonce, witnesses };
    let sender = member(cook);
    cook.draft(sender, vec![Op::CouncilExec(op)])
}

pub fn propose(cook: &mut Cook<'_>) -> Option<Draft> {
    if cook.state.council().open.len() >= OPEN_MAX {
        return execute(cook);
    }
    let ops = decision(cook)?;
    Some(proposal_of(cook, ops))
}

fn proposal_of(cook: &mut Cook<'_>, ops: Vec<CouncilOp>) -> Draft {
    let sender = member(cook);
    cook.draft(sender, vec![Op::Propose(ops::propose::Propose { ops })])
}

/// The proposals of a status.
fn proposals<'a>(cook: &Cook<'a>, status: ProposalStatus) -> Vec<(u64, &'a Proposal)> {
    let open = cook.state.council().open.iter();
    let found = open.filter_map(|number| Some((*number, cook.state.proposal(*number)?)));
    found.filter(|(_, proposal)| proposal.status == status).collect()
}

/// Mostly the yes of one who has not said it.
pub fn vote(cook: &mut Cook<'_>) -> Option<Draft> {
    let open = proposals(cook, ProposalStatus::Open);
    if open.is_empty() {
        let ops = decision(cook)?;
        return Some(proposal_of(cook, ops));
    }
    // The oldest first, or many are begun and none is ended.
    let (number, proposal) = if cook.rng.chance(700) { open[0] } else { *cook.rng.pick(&open) };
    let choice = match cook.rng.below(20) {
        0 | 1 => Choice::No,
        2 => Choice::Withdraw,
        _ => Choice::Yes,
    };
    let members = cook.state.council().members.iter().map(|member| member.account);
    let silent: Vec<_> = members.filter(|member| !proposal.yes.contains(member)).collect();
    let sender = if silent.is_empty() { member(cook) } else { *cook.rng.pick(&silent) };
    Some(vote_of(cook, sender, number, proposal, choice))
}

fn vote_of(
    cook: &mut Cook<'_>,
    sender: Address,
    number: u64,
    proposal: &Proposal,
    choice: Choice,
) -> Draft {
    let op = ops::vote::Vote { proposal: number, digest: proposal.digest, choice };
    cook.draft(sender, vec![Op::Vote(op)])
}

/// One that is approved; its time may not have come.
pub fn execute(cook: &mut Cook<'_>) -> Option<Draft> {
    let approved = proposals(cook, ProposalStatus::Approved);
    if approved.is_empty() {
        return vote(cook);
    }
    let (number, _) = *cook.rng.pick(&approved);
    Some(execute_of(cook, number))
}

fn execute_of(cook: &mut Cook<'_>, proposal: u64) -> Draft {
    let sender = member(cook);
    cook.draft(sender, vec![Op::Execute(ops::execute::Execute { proposal })])
}

/// Whether what an operation on the agenda is for is so already.
pub fn is_done(cook: &Cook<'_>, op: &CouncilOp) -> bool {
    let set = &cook.state.validators().set;
    match op {
        CouncilOp::ValidatorAdd(op) => set.get(&op.validator.key).is_some(),
        CouncilOp::ValidatorRemove(op) => set.get(&op.key).is_none(),
        CouncilOp::ValidatorRotate(op) => set.get(&op.key).is_none(),
        CouncilOp::ScheduleUpgrade(op) => cook.state.upgrade().current >= op.version,
        CouncilOp::SetBridge(op) => cook.state.bridge(op.bridge).is_some(),
        _ => true,
    }
}

/// The next steps towards an operation: its proposal, everyone's yes, its execution.
pub fn bring_forward(cook: &mut Cook<'_>, op: &CouncilOp) -> Vec<Draft> {
    if let CouncilOp::ScheduleUpgrade(op) = op
        && !decisions::is_upgrade_due(cook, op.version)
    {
        return Vec::new();
    }
    let is_it = |(_, proposal): &(u64, &Proposal)| proposal.ops == [op.clone()];
    let approved = proposals(cook, ProposalStatus::Approved).into_iter().find(is_it);
    if let Some((number, proposal)) = approved {
        let ripe = proposal.eta.is_some_and(|eta| eta <= cook.now_ms);
        return if ripe { vec![execute_of(cook, number)] } else { Vec::new() };
    }
    let Some((number, proposal)) = proposals(cook, ProposalStatus::Open).into_iter().find(is_it)
    else {
        return vec![proposal_of(cook, vec![op.clone()])];
    };
    let members = cook.state.council().members.iter().map(|member| member.account);
    let silent: Vec<_> = members.filter(|member| !proposal.yes.contains(member)).collect();
    let yes = |member| vote_of(cook, member, number, proposal, Choice::Yes);
    silent.into_iter().map(yes).collect()
}
