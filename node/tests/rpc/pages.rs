//! Lists over the newest state: all pages are of one block, or the list has to begin again.

use ballast_runtime::ops::propose::Propose;
use ballast_runtime::ops::revoke_role::RevokeRole;
use ballast_runtime::ops::set_institution::SetInstitution;
use ballast_runtime::ops::unfreeze::Unfreeze;
use ballast_runtime::ops::vote::{Choice, Vote};

use crate::prelude::*;

/// The next page of a list of one item a page.
macro_rules! next {
    ($net:expr, $method:ident, $request:ident, $page:expr) => {{
        let page_token = $page.next_page_token.clone();
        assert!(!page_token.is_empty());
        #[allow(clippy::needless_update, reason = "other requests have filters, too")]
        let request = $request { page_token, page_size: 1, ..Default::default() };
        $net.control().$method(request).await.map(tonic::Response::into_inner)
    }};
}

macro_rules! first {
    ($net:expr, $method:ident, $request:ident) => {{
        let request = $request { page_size: 1, ..Default::default() };
        $net.control().$method(request).await.unwrap().into_inner()
    }};
}

fn institution(chain: &Chain, nonce: u64, number: u32, name: &str) -> SignedTx {
    let key = SecretKey::dev(SEED, "institution").public();
    let op = SetInstitution { institution: number, name: name.to_owned(), key };
    by_role(chain, Role::Registrar, nonce, vec![Op::SetInstitution(op)])
}

/// A block that has nothing to do with what is listed.
async fn pass(net: &Net, nonce: u64) {
    net.succeed(&[pay(&net.chain, 0, nonce, vec![transfer(1, 1)])]).await;
}

#[tokio::test]
async fn a_list_by_key_goes_on_while_blocks_pass_and_begins_again_once_it_has_changed() {
    let net = Net::new().await;
    for (nonce, number) in [(1, 1), (2, 2), (3, 3)] {
        net.succeed(&[institution(&net.chain, nonce, number, "as it was")]).await;
    }
    let one = first!(net, list_institutions, ListInstitutionsRequest);
    pass(&net, 1).await;
    let two = next!(net, list_institutions, ListInstitutionsRequest, one).unwrap();
    assert_eq!((two.institutions.len(), two.height), (1, one.height));
    assert_ne!(two.institutions[0].number, one.institutions[0].number);

    // Even of one that has been listed: the pages would be of two blocks.
    let listed = one.institutions[0].number;
    net.succeed(&[institution(&net.chain, 4, listed, "as it is")]).await;
    for page in [&one, &two] {
        let changed = next!(net, list_institutions, ListInstitutionsRequest, page);
        assert_reason(changed, ServiceReason::ListChanged);
    }
    let again = first!(net, list_institutions, ListInstitutionsRequest);
    assert!(again.height > one.height);
    net.succeed(&[institution(&net.chain, 5, 4, "new")]).await;
    let changed = next!(net, list_institutions, ListInstitutionsRequest, again);
    assert_reason(changed, ServiceReason::ListChanged);
    let request = ListInstitutionsRequest { page_size: 1, ..Default::default() };
    let all = all!(net.control(), list_institutions, request, institutions);
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn roles_are_of_one_block() {
    let net = Net::new().await;
    let one = first!(net, list_roles, ListRolesRequest);
    pass(&net, 1).await;
    let two = next!(net, list_roles, ListRolesRequest, one).unwrap();
    assert_eq!(two.height, one.height);
    let (role, holder) = (Role::Bridge, dev::role_address(SEED, Role::Bridge));
    let revoke = CouncilOp::RevokeRole(RevokeRole { role, holder });
    net.succeed(&[by_council(&net.chain, 0, vec![revoke])]).await;
    let changed = next!(net, list_roles, ListRolesRequest, two);
    assert_reason(changed, ServiceReason::ListChanged);
}

#[tokio::test]
async fn proposals_are_of_one_block_and_its_time() {
    let net = Net::new().await;
    let council = net.chain.inner.lock().state.council().clone();
    let unfreeze = CouncilOp::Unfreeze(Unfreeze { account: account(1) });
    for member in 0..3 {
        let op = Op::Propose(Propose { ops: vec![unfreeze.clone()] });
        net.succeed(&[by_member(&net.chain, member, 1, op)]).await;
    }
    let one = first!(net, list_proposals, ListProposalsRequest);
    assert_eq!(one.proposals[0].status_now(), ProposalStatus::Open);
    // Time passes for whoever asks anew, and not for the list.
    net.chain.commit_later(council.ttl_ms + 1, Vec::new());
    let two = next!(net, list_proposals, ListProposalsRequest, one).unwrap();
    assert_eq!((two.height, two.block_time_ms), (one.height, one.block_time_ms));
    assert_eq!((two.proposals[0].number, two.proposals[0].status_now()), (2, ProposalStatus::Open));
    let anew = first!(net, list_proposals, ListProposalsRequest);
    assert_eq!(anew.proposals[0].status_now(), ProposalStatus::Expired);

    let op = Op::Propose(Propose { ops: vec![unfreeze] });
    net.succeed(&[by_member(&net.chain, 3, 1, op)]).await;
    let digest = net.chain.inner.lock().state.proposal(4).unwrap().digest;
    let four = first!(net, list_proposals, ListProposalsRequest);
    let vote = Op::Vote(Vote { proposal: 4, digest, choice: Choice::Yes });
    net.succeed(&[by_member(&net.chain, 4, 1, vote)]).await;
    for page in [&two, &four] {
        let changed = next!(net, list_proposals, ListProposalsRequest, page);
        assert_reason(changed, ServiceReason::ListChanged);
    }
}
