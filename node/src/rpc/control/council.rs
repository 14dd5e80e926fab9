//! The council and its proposals.

use ballast_proto::error::WireError;
use ballast_proto::v1::{
    ClassifyOperationsRequest, ClassifyOperationsResponse, GetCouncilRequest, GetCouncilResponse,
    GetProposalRequest, GetProposalResponse, ListProposalsRequest, ListProposalsResponse,
    ProposalRecord,
};
use ballast_runtime::council_op::{COUNCIL_OPS_MAX, class_of, ops_digest};
use ballast_runtime::object::{Class, Council, Proposal, ProposalStatus};
use ballast_runtime::{Code, CouncilOp, Key, State};

use crate::rpc::context::{Context, fixed, object, page_size};
use crate::rpc::objects::{self, Numbered};
use crate::store::Store;

pub(super) fn get(
    context: &Context,
    _request: &GetCouncilRequest,
) -> Result<GetCouncilResponse, WireError> {
    let (head, council) = context.consistent(council)?;
    let delay = |class| council.delay(class, head.time_ms);
    Ok(GetCouncilResponse {
        delays_now_ms: Class::ALL.map(delay).to_vec(),
        council: Some(context.wire.show(&council)),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

/// The class depends on the state that the operations would change.
pub(super) async fn classify(
    context: &Context,
    request: &ClassifyOperationsRequest,
) -> Result<ClassifyOperationsResponse, WireError> {
    if request.ops.is_empty() || request.ops.len() > COUNCIL_OPS_MAX {
        return Err(WireError::field("ops", "are 1 to 8"));
    }
    let ops: Vec<CouncilOp> = context.wire.read("ops", &request.ops)?;
    let digest = ops_digest(&ops);
    let judge = move |state: &State, now| {
        let class = class_of(&ops, state);
        let council = state.council();
        let delay = council.delay(class, now);
        (class, council.threshold(class), delay, council.epoch, council.exec_nonce)
    };
    let (head, (class, threshold, delay_ms, epoch, exec_nonce)) = context.look(judge).await?;
    Ok(ClassifyOperationsResponse {
        class: context.wire.show(&class),
        threshold: u32::from(threshold),
        delay_ms,
        immediate: class <= Class::B && delay_ms == 0,
        digest: digest.to_string(),
        epoch,
        exec_nonce,
        height: head.height,
    })
}

pub(super) fn proposal(
    context: &Context,
    request: &GetProposalRequest,
) -> Result<GetProposalResponse, WireError> {
    let (head, found) = context.consistent(|store| {
        let council = council(store)?;
        let found = object::<Proposal>(store, &Key::Proposal(request.number))?;
        Ok(found.map(|proposal| (council, proposal)))
    })?;
    let (council, proposal) = found.ok_or_else(|| WireError::new(Code::UnknownProposal))?;
    Ok(GetProposalResponse {
        proposal: Some(record(context, &council, head.time_ms, request.number, &proposal)),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

pub(super) fn proposals(
    context: &Context,
    request: &ListProposalsRequest,
) -> Result<ListProposalsResponse, WireError> {
    let statuses: Vec<ProposalStatus> = context.wire.read("statuses", &request.statuses)?;
    let page = objects::by_number(
        context,
        Numbered::Proposal,
        &request.page_token,
        page_size(request.page_size, 20, 100),
        |store| Ok(council(store)?.next_proposal),
        |store, now, number, proposal: Proposal| {
            let council = council(store)?;
            let status = status_now(&council, &proposal, now);
            let wanted = statuses.is_empty() || statuses.contains(&status);
            let record = || record(context, &council, now, number, &proposal);
            Ok(wanted.then(record))
        },
    )?;
    Ok(ListProposalsResponse {
        proposals: page.items,
        next_page_token: page.next,
        height: page.height,
        block_time_ms: page.time_ms,
    })
}

fn council(store: &Store) -> Result<Council, WireError> {
    fixed(store, &Key::Council)
}

fn status_now(council: &Council, proposal: &Proposal, now: u64) -> ProposalStatus {
    let status = proposal.status_at(council, now);
    if !status.is_closed() && proposal.epoch != council.epoch {
        return ProposalStatus::Stale;
    }
    status
}

fn record(
    context: &Context,
    council: &Council,
    now: u64,
    number: u64,
    proposal: &Proposal,
) -> ProposalRecord {
    let status = status_now(council, proposal, now);
    let expires_ms = match (status, proposal.eta) {
        (ProposalStatus::Open, _) => proposal.created.saturating_add(council.ttl_ms),
        (ProposalStatus::Approved, Some(eta)) => eta.saturating_add(council.grace_ms),
        _ => 0,
    };
    ProposalRecord {
        number,
        proposal: Some(context.wire.show(proposal)),
        status_now: context.wire.show(&status),
        threshold: u32::from(council.threshold(proposal.class)),
        delay_ms: council.delay(proposal.class, now),
        expires_ms,
    }
}
