//! Powers and their use: the council, its proposals, the log of control; money on its way; what
//! the council and the registrar have set.

use ballast_runtime::limits::DAY_MS;
use ballast_runtime::object::{
    Class, Council as CouncilObject, DocumentKind, IncidentKind, Proposal as Proposed, Scope,
    Severity,
};
use ballast_runtime::ops::approve::Approve;
use ballast_runtime::ops::deposit_confirm::DepositConfirm;
use ballast_runtime::ops::freeze::Freeze;
use ballast_runtime::ops::grant_role::GrantRole;
use ballast_runtime::ops::mint::Mint;
use ballast_runtime::ops::pause::Pause;
use ballast_runtime::ops::post_incident::PostIncident;
use ballast_runtime::ops::propose::Propose;
use ballast_runtime::ops::redeem_cancel::RedeemCancel;
use ballast_runtime::ops::redeem_request::RedeemRequest;
use ballast_runtime::ops::revoke_role::RevokeRole;
use ballast_runtime::ops::set_document::SetDocument;
use ballast_runtime::ops::set_institution::SetInstitution;
use ballast_runtime::ops::suspend_minter::SuspendMinter;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::vote::{Choice, Vote};

use crate::prelude::*;

fn unfreeze() -> CouncilOp {
    CouncilOp::Unfreeze(Unfreeze { account: account(1) })
}

fn grant() -> CouncilOp {
    let valid_until = START + 90 * DAY_MS;
    CouncilOp::GrantRole(GrantRole { role: Role::Bridge, holder: account(1), valid_until })
}

async fn proposal(net: &Net, number: u64) -> ProposalRecord {
    let answer = net.control().get_proposal(GetProposalRequest { number }).await.unwrap();
    answer.into_inner().proposal.unwrap()
}

#[tokio::test]
async fn a_proposal_is_shown_with_its_operations_and_where_it_stands_now() {
    let net = Net::new().await;
    let answer = net.control().get_council(GetCouncilRequest {}).await.unwrap().into_inner();
    let council: CouncilObject = WIRE.read("council", &answer.council).unwrap();
    assert_eq!(council, *net.chain.inner.lock().state.council());
    assert_eq!(answer.delays_now_ms, dev::COUNCIL_DELAYS_MS);

    let ops = vec![grant(), unfreeze()];
    let request =
        ClassifyOperationsRequest { ops: ops.iter().map(|op| WIRE.council_op(op)).collect() };
    let needs = net.control().classify_operations(request).await.unwrap().into_inner();
    assert_eq!((needs.class(), needs.threshold, needs.immediate), (CouncilClass::C, 3, false));
    assert_eq!(needs.delay_ms, dev::COUNCIL_DELAYS_MS[2]);

    let propose = |ops| Op::Propose(Propose { ops });
    net.succeed(&[by_member(&net.chain, 0, 1, propose(ops.clone()))]).await;
    let record = proposal(&net, 1).await;
    let stored: Proposed = WIRE.read("proposal", &record.proposal).unwrap();
    assert_eq!((&stored.ops, stored.class), (&ops, Class::C));
    assert_eq!(stored.digest.to_string(), needs.digest);
    assert_eq!((record.status_now(), record.threshold), (ProposalStatus::Open, 3));
    assert_eq!(record.expires_ms, stored.created + council.ttl_ms);

    let vote = |choice| Op::Vote(Vote { proposal: 1, digest: stored.digest, choice });
    net.succeed(&[
        by_member(&net.chain, 1, 1, vote(Choice::Yes)),
        by_member(&net.chain, 2, 1, vote(Choice::Yes)),
    ])
    .await;
    let record = proposal(&net, 1).await;
    let eta = record.proposal.clone().unwrap().eta_ms.unwrap();
    assert_eq!(record.status_now(), ProposalStatus::Approved);
    assert_eq!(record.expires_ms, eta + council.grace_ms);

    // One that nobody votes on: time alone expires it.
    net.succeed(&[by_member(&net.chain, 3, 1, propose(vec![unfreeze()]))]).await;
    let open = |statuses: &[ProposalStatus]| ListProposalsRequest {
        statuses: statuses.iter().map(|status| (*status).into()).collect(),
        page_size: 1,
        page_token: String::new(),
    };
    let both = [ProposalStatus::Open, ProposalStatus::Approved];
    let found = all!(net.control(), list_proposals, open(&both), proposals);
    assert_eq!(found.iter().map(|found| found.number).collect::<Vec<_>>(), [2, 1]);
    net.chain.commit_later(8 * DAY_MS, Vec::new());
    let record = proposal(&net, 2).await;
    assert_eq!(record.status_now(), ProposalStatus::Expired);
    assert_eq!(record.proposal.clone().unwrap().status(), ProposalStatus::Open);
    assert_eq!(record.expires_ms, 0);
    assert!(all!(net.control(), list_proposals, open(&both), proposals).is_empty());

    let unknown = net.control().get_proposal(GetProposalRequest { number: 9 }).await;
    assert_reason(unknown, Code::UnknownProposal);
    let nothing = net.control().classify_operations(ClassifyOperationsRequest::default()).await;
    assert_reason(nothing, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn every_use_of_power_is_in_the_log_newest_first_and_nothing_else_is() {
    let net = Net::new().await;
    let order = Hash([5; 32]);
    let freeze = Freeze { account: account(1), inbound: true, outbound: true, order };
    let scopes = vec![Scope::Mint];
    let until = START + DAY_MS;
    let pause = CouncilOp::Pause(Pause { scopes, until, short: true });
    let kind = IncidentKind::Security;
    let post = PostIncident { kind, severity: Severity::Low, document: Hash([6; 32]) };
    net.succeed(&[
        pay(&net.chain, 0, 1, vec![transfer(2, 25)]),
        by_role(&net.chain, Role::Compliance, 1, vec![Op::Freeze(freeze)]),
    ])
    .await;
    net.succeed(&[by_council(&net.chain, 0, vec![pause])]).await;
    net.succeed(&[by_council(&net.chain, 1, vec![CouncilOp::PostIncident(post)])]).await;
    let names = |filter: Option<EventFilter>, page_size| async move {
        ListControlEventsRequest { filter, page_size, page_token: String::new() }
    };
    let expected = [
        "IncidentPosted",
        "CouncilExecuted",
        "Paused",
        "CouncilExecuted",
        "IncidentPosted",
        "Frozen",
    ];
    for page_size in [0, 1, 4] {
        let request = names(None, page_size).await;
        let events = all!(net.control(), list_control_events, request, events);
        assert_eq!(events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(), expected);
    }
    // Pages are pinned: what happens meanwhile is not in them.
    let mut request = names(None, 2).await;
    let page = net.control().list_control_events(request.clone()).await.unwrap().into_inner();
    net.succeed(&[by_council(&net.chain, 2, vec![unfreeze()])]).await;
    request.page_token = page.next_page_token;
    let page = net.control().list_control_events(request).await.unwrap().into_inner();
    assert_eq!(page.events[0].name, "Paused");

    let of_account = EventFilter { accounts: vec![shown(1)], names: Vec::new() };
    let request = names(Some(of_account), 0).await;
    let events = all!(net.control(), list_control_events, request, events);
    assert_eq!(
        events.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(),
        ["Unfrozen", "Frozen"]
    );

    let answer = net.control().list_pauses(ListPausesRequest {}).await.unwrap().into_inner();
    let paused: Vec<_> = answer.pauses.iter().filter(|pause| pause.paused).collect();
    assert_eq!((answer.pauses.len(), paused.len()), (4, 1));
    assert_eq!((paused[0].scope(), paused[0].state.unwrap().until_ms), (PauseScope::Mint, until));
    net.chain.commit_later(DAY_MS, Vec::new());
    let answer = net.control().list_pauses(ListPausesRequest {}).await.unwrap().into_inner();
    assert!(answer.pauses.iter().all(|pause| !pause.paused));

    for page_size in [0, 1] {
        let request = ListIncidentsRequest { page_size, ..Default::default() };
        let incidents = all!(net.control(), list_incidents, request, incidents);
        let kinds: Vec<_> = incidents
            .iter()
            .map(|record| (record.number, record.incident.clone().unwrap().kind()))
            .collect();
        assert_eq!(kinds, [(1, v1::IncidentKind::Security), (0, v1::IncidentKind::Freeze)]);
    }
}

#[tokio::test]
async fn deposits_and_redemptions_are_listed_newest_first_as_they_are_now() {
    let net = Net::new().await;
    let confirm = |n: u64, to| {
        let bank_ref = format!("WIRE-{n}");
        let op = DepositConfirm { bank_ref, amount: 10 * n, beneficiary: account(to) };
        by_role(&net.chain, Role::Custodian, n, vec![Op::DepositConfirm(op)])
    };
    let receipts = net.succeed(&[confirm(1, 0), confirm(2, 1)]).await;
    net.succeed(&[confirm(3, 0)]).await;
    let event::Kind::DepositConfirmed(first) = receipts[0].events[0].kind.clone().unwrap() else {
        panic!("{receipts:?}")
    };
    let deposit: Hash = first.deposit_id.parse().unwrap();
    let mint = Op::Mint(Mint { deposit, amount: 10 });
    net.succeed(&[by_role(&net.chain, Role::Minter, 1, vec![mint])]).await;

    let amounts = async |request: ListDepositsRequest| {
        let found = all!(net.control(), list_deposits, request, deposits);
        found.iter().map(|d| d.deposit.clone().unwrap().amount_micros).collect::<Vec<_>>()
    };
    let all = ListDepositsRequest { page_size: 1, ..Default::default() };
    assert_eq!(amounts(all.clone()).await, [30, 20, 10]);
    assert_eq!(amounts(ListDepositsRequest { open_only: true, ..all.clone() }).await, [30, 20]);
    let of_0 = ListDepositsRequest { beneficiary: shown(0), ..all.clone() };
    assert_eq!(amounts(of_0).await, [30, 10]);
    let custodian = WIRE.address(&dev::role_address(SEED, Role::Custodian));
    let of_custodian = ListDepositsRequest { custodian, ..all.clone() };
    assert_eq!(amounts(of_custodian).await, [30, 20, 10]);
    let request = GetDepositRequest { deposit_id: first.deposit_id };
    let found = net.control().get_deposit(request).await.unwrap().into_inner().deposit.unwrap();
    assert_eq!((found.deposit.unwrap().minted_micros, found.mintable_micros), (10, 0));
    // The token of one list is none of another.
    let page = net.control().list_deposits(all).await.unwrap().into_inner();
    let other = ListRedemptionsRequest { page_token: page.next_page_token, ..Default::default() };
    assert_reason(net.control().list_redemptions(other).await, ServiceReason::BadPageToken);

    let ask = |n| {
        let (amount, fee_max, beneficiary) = (20_000_000, 1_000_000, Hash([9; 32]));
        pay(
            &net.chain,
            n,
            1,
            vec![Op::RedeemRequest(RedeemRequest { amount, fee_max, beneficiary })],
        )
    };
    net.succeed(&[ask(0)]).await;
    net.succeed(&[ask(1)]).await;
    let request = ListRedemptionsRequest { page_size: 1, ..Default::default() };
    let found = all!(net.control(), list_redemptions, request.clone(), redemptions);
    let owner = |record: &RedemptionRecord| record.redemption.clone().unwrap().owner;
    assert_eq!(found.iter().map(owner).collect::<Vec<_>>(), [shown(1), shown(0)]);
    let redemption = found[1].redemption_id.parse().unwrap();
    let cancel = Op::RedeemCancel(RedeemCancel { redemption });
    net.succeed(&[pay(&net.chain, 0, 2, vec![cancel])]).await;
    let statuses = vec![RedemptionStatus::Requested.into()];
    let open = ListRedemptionsRequest { statuses, ..request.clone() };
    let found = all!(net.control(), list_redemptions, open, redemptions);
    assert_eq!(found.iter().map(owner).collect::<Vec<_>>(), [shown(1)]);
    let of_0 = ListRedemptionsRequest { owner: shown(0), ..request };
    let found = all!(net.control(), list_redemptions, of_0, redemptions);
    let cancelled = found[0].redemption.clone().unwrap();
    assert_eq!((found.len(), cancelled.status()), (1, RedemptionStatus::Cancelled));
    assert!(!found[0].overdue && found[0].payout.is_none());
    net.chain.commit_later(9 * DAY_MS, Vec::new());
    let open = ListRedemptionsRequest { owner: shown(1), ..Default::default() };
    assert!(all!(net.control(), list_redemptions, open, redemptions)[0].overdue);

    let unknown = GetRedemptionRequest { redemption_id: "ab".repeat(32) };
    assert_reason(net.control().get_redemption(unknown).await, Code::UnknownRedemption);
    let malformed = GetDepositRequest { deposit_id: "ab".into() };
    assert_reason(net.control().get_deposit(malformed).await, ServiceReason::InvalidRequest);
    // What moved on account of redemptions is in the owner's history.
    let history = net.list_transfers(0, 0, "").await.unwrap().transfers;
    let kinds: Vec<_> = history.iter().map(TransferRecord::kind).collect();
    assert_eq!(kinds, [TransferKind::Refund, TransferKind::Redeem, TransferKind::Mint]);
}

#[tokio::test]
async fn what_was_set_is_shown_as_it_is_stored() {
    let net = Net::new().await;
    let key = SecretKey::dev(SEED, "institution").public();
    let name =
        |n: u32| Op::SetInstitution(SetInstitution { institution: n, name: n.to_string(), key });
    let document = SetDocument {
        kind: DocumentKind::Privacy,
        digest: Hash([3; 32]),
        uri: "https://example.com".to_owned(),
    };
    let minter = dev::role_address(SEED, Role::Minter);
    let approve =
        Approve { spender: account(1), expected: 0, amount: 500, expires: START + DAY_MS };
    net.succeed(&[
        by_role(&net.chain, Role::Registrar, 1, [1, 256, 7].map(name).to_vec()),
        by_council(
            &net.chain,
            0,
            vec![
                CouncilOp::SetDocument(document),
                CouncilOp::SuspendMinter(SuspendMinter { minter }),
                CouncilOp::RevokeRole(RevokeRole {
                    role: Role::Bridge,
                    holder: dev::role_address(SEED, Role::Bridge),
                }),
            ],
        ),
        pay(&net.chain, 0, 1, vec![Op::Approve(approve)]),
    ])
    .await;
    let mut control = net.control();

    let answer = control.get_policy(GetPolicyRequest {}).await.unwrap().into_inner();
    let policy: object::Policy = WIRE.read("policy", &answer.policy).unwrap();
    assert_eq!(policy, *net.chain.inner.lock().state.policy());
    let answer = control.get_terms(GetTermsRequest {}).await.unwrap().into_inner();
    let terms: object::Terms = WIRE.read("terms", &answer.terms).unwrap();
    assert_eq!(terms, *net.chain.inner.lock().state.terms());

    let answer = control.list_documents(ListDocumentsRequest {}).await.unwrap().into_inner();
    assert_eq!(answer.documents.len(), 1);
    assert_eq!(answer.documents[0].kind(), v1::DocumentKind::Privacy);

    for page_size in [0, 1, 2] {
        let request = ListInstitutionsRequest { page_size, ..Default::default() };
        let found = all!(control, list_institutions, request, institutions);
        let mut numbers: Vec<_> = found.iter().map(|found| found.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 7, 256]);
    }
    assert!(all!(control, list_bridges, ListBridgesRequest::default(), bridges).is_empty());

    let minters = all!(control, list_minters, ListMintersRequest::default(), minters);
    assert_eq!((minters.len(), &minters[0].holder), (1, &WIRE.address(&minter)));
    assert!(!minters[0].active && minters[0].minter.clone().unwrap().suspended);

    let bridge = ListRolesRequest { role: v1::Role::Bridge.into(), ..Default::default() };
    let grants = all!(control, list_roles, bridge, roles);
    assert_eq!((grants.len(), grants[0].valid_until_ms), (1, 0));

    let answer = control.list_validators(ListValidatorsRequest {}).await.unwrap().into_inner();
    assert_eq!((answer.validators.len(), answer.from_height, answer.before.len()), (4, 0, 0));

    let of = |owner, spender| GetAllowanceRequest { owner: shown(owner), spender: shown(spender) };
    let allowance = control.get_allowance(of(0, 1)).await.unwrap().into_inner();
    assert_eq!((allowance.current_micros, allowance.allowance.is_some()), (500, true));
    let none = control.get_allowance(of(1, 0)).await.unwrap().into_inner();
    assert_eq!((none.current_micros, none.allowance), (0, None));
    net.chain.commit_later(DAY_MS, Vec::new());
    let expired = control.get_allowance(of(0, 1)).await.unwrap().into_inner();
    assert_eq!((expired.current_micros, expired.allowance), (0, None));

    let answer = control.get_upgrade(GetUpgradeRequest {}).await.unwrap().into_inner();
    let upgrade = answer.upgrade.unwrap();
    assert_eq!((upgrade.current, upgrade.version, answer.runtime_version), (1, 0, 1));
}
