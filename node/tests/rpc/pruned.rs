//! A validator that no longer holds what happened long ago says so, and serves the rest.

use ballast_node::store::{Pruned, StoreError};
use ballast_runtime::ops::set_institution::SetInstitution;

use crate::prelude::*;

struct Past {
    net: Net,
    /// A payment in block 1, of which nothing is held.
    old: SignedTx,
    /// In block 2: the log of control is held whole.
    control: SignedTx,
    /// A payment in block 4.
    new: SignedTx,
}

/// Blocks 1 and 2 are pruned, and blocks 3 to 5 are not.
async fn past() -> Past {
    let net = Net::new().await;
    let old = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.succeed(std::slice::from_ref(&old)).await;
    let key = SecretKey::dev(SEED, "institution").public();
    let op = SetInstitution { institution: 1, name: "one".to_owned(), key };
    let control = by_role(&net.chain, Role::Registrar, 1, vec![Op::SetInstitution(op)]);
    net.succeed(std::slice::from_ref(&control)).await;
    let too_soon = net.chain.store.prune(2);
    assert!(matches!(too_soon, Err(StoreError::StillNeeded { before: 2, limit: 1 })));
    net.chain.commit_later(100_000, Vec::new());
    let new = pay(&net.chain, 0, 2, vec![transfer(1, 26)]);
    net.succeed(std::slice::from_ref(&new)).await;
    net.chain.commit();
    assert_eq!(net.chain.store.prune(3).unwrap().receipts, 1);
    assert_eq!(net.chain.store.prune(3).unwrap(), Pruned::default());
    Past { net, old, control, new }
}

/// That it is refused for being pruned, and where what is held begins.
fn assert_pruned<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    reason: ServiceReason,
    oldest: &str,
) {
    let error = WireError::from_status(&answer.unwrap_err()).unwrap();
    assert_eq!((error.reason, error.metadata["oldest"].as_str()), (reason.into(), oldest));
}

#[tokio::test]
async fn events_before_the_oldest_cursor_are_refused_and_those_behind_it_are_whole() {
    let Past { net, new, .. } = past().await;
    let mut client = EventServiceClient::new(net.channel.clone());
    for after in ["0", "1", "1/0/0", "2/0/0"] {
        let request = SubscribeEventsRequest { after: after.into(), filter: None };
        let answer = client.subscribe_events(request).await.map(drop);
        assert_pruned(answer, ServiceReason::CursorPruned, "2");
        let request = ListEventsRequest { after: after.into(), ..Default::default() };
        assert_pruned(client.list_events(request).await, ServiceReason::CursorPruned, "2");
    }
    let held = net.events("2", None, 10).await;
    assert_eq!(held.iter().map(|event| event.height).collect::<Vec<_>>(), [4]);
    assert_eq!(net.events("", None, 10).await, held);
    let mut frames = net.subscribe("2").await;
    let first = frames.message().await.unwrap().unwrap();
    assert!(matches!(first.frame, Some(Frame::Event(event)) if event == held[0]));
    assert_eq!(held[0].tx_id, new.body.id().to_string());
}

#[tokio::test]
async fn a_transaction_that_may_have_been_removed_is_neither_unknown_nor_expired() {
    let Past { net, old, control, new } = past().await;
    let get = async |tx: &SignedTx| {
        let tx_id = tx.body.id().to_string();
        net.tx().get_tx(GetTxRequest { tx_id }).await
    };
    assert_pruned(get(&old).await, ServiceReason::ReceiptsPruned, "3");
    for (tx, height) in [(&control, 2), (&new, 4)] {
        assert_eq!(get(tx).await.unwrap().into_inner().receipt.unwrap().height, height);
    }
    let wait = async |tx_id: String, valid_until_ms: u64| {
        let request = WaitTxRequest { tx_id, valid_until_ms, timeout_ms: 1, tx_body: Vec::new() };
        net.tx().wait_tx(request).await
    };
    let (id, until) = (old.body.id().to_string(), old.body.valid_until);
    assert_pruned(wait(id, until).await, ServiceReason::ReceiptsPruned, "3");
    // What was valid for longer than all that was removed cannot be among it.
    let longest = net.chain.store.horizon().valid_until;
    assert_eq!(longest, until.max(control.body.valid_until));
    let unseen = "ab".repeat(32);
    assert_pruned(wait(unseen.clone(), longest).await, ServiceReason::ReceiptsPruned, "3");
    // Whose word that is, nothing final is said of.
    let later = wait(unseen, longest + 1).await.unwrap().into_inner();
    assert_eq!(later.state(), TxState::Pending);
    let over = net.chain.head.borrow().time_ms;
    let valid_until = longest + 1;
    assert!(valid_until <= over, "{valid_until} {over}");
    let expired =
        signed(0, TxBody { valid_until, ..body(&net.chain, 0, 99, vec![transfer(1, 1)]) });
    assert_eq!(net.wait_for(&expired.body, 0).await.unwrap().state(), TxState::Expired);

    let prove = async |tx: &SignedTx| net.prove(Target::TxId(tx.body.id().to_string())).await;
    assert_pruned(prove(&old).await, ServiceReason::ReceiptsPruned, "3");
    assert_pruned(prove(&control).await, ServiceReason::ReceiptsPruned, "3");
    assert!(prove(&new).await.is_ok());
}

#[tokio::test]
async fn blocks_and_the_log_of_control_stay_and_a_history_says_where_it_ends() {
    let Past { net, .. } = past().await;
    let mut ledger = LedgerServiceClient::new(net.channel.clone());
    for (height, receipts, pruned) in [(1, 0, true), (2, 0, true), (3, 0, false), (4, 1, false)] {
        let request = GetBlockRequest { height, ..Default::default() };
        let answer = ledger.get_block(request).await.unwrap().into_inner();
        assert_eq!(answer.block.unwrap().header.unwrap().height, height);
        assert_eq!((answer.receipts.len(), answer.receipts_pruned), (receipts, pruned));
    }
    let request = ListControlEventsRequest::default();
    let log = all!(net.control(), list_control_events, request, events);
    assert!(log.iter().any(|event| event.height == 2 && event.name == "InstitutionSet"));

    let page = net.list_transfers(1, 10, "").await.unwrap();
    assert_eq!(page.transfers.iter().map(|found| found.height).collect::<Vec<_>>(), [4]);
    let older = net.list_transfers(1, 10, &page.next_page_token).await;
    assert_pruned(older, ServiceReason::CursorPruned, "2");
}
