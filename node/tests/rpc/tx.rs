//! Transactions: submitted, waited for, found, refused.

use crate::prelude::*;

#[tokio::test]
async fn a_payment_is_submitted_waited_for_and_found() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let id = tx.body.id().to_string();
    let taken = net.submit(&tx).await.unwrap();
    assert_eq!((taken.tx_id.as_str(), taken.known), (id.as_str(), false));
    assert_eq!(taken.valid_until_ms, tx.body.valid_until);
    assert!(net.submit(&tx).await.unwrap().known);

    let get = |id: &str| {
        let (mut client, tx_id) = (net.tx(), id.to_owned());
        async move { Ok::<_, Status>(client.get_tx(GetTxRequest { tx_id }).await?.into_inner()) }
    };
    assert_eq!(get(&id).await.unwrap().state(), TxState::Pending);
    assert_eq!(net.wait(&tx, 50).await.state(), TxState::Pending);
    assert_eq!(net.wait(&tx, 50).await.valid_until_ms, tx.body.valid_until);

    let (waited, _) = tokio::join!(net.wait(&tx, 0), async { net.chain.commit() });
    assert_eq!((waited.state(), waited.block_time_ms), (TxState::Committed, START + 1_000));
    let found = get(&id).await.unwrap();
    assert_eq!(found.state(), TxState::Committed);
    assert_eq!(found.signed_tx, tx.encode());
    assert_eq!(WIRE.read_transaction(&found.transaction.unwrap()), Ok(tx.clone()));
    let receipt = WIRE.read_receipt(&found.receipt.unwrap()).unwrap();
    assert_eq!(codec::encode(&receipt), found.receipt_bytes);
    assert_eq!(receipt.events.len(), 1);
    assert!(net.submit(&tx).await.unwrap().known);
    assert_reason(get(&Hash::ZERO.to_string()).await, ServiceReason::TxNotFound);
    assert_reason(get("beef").await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_failed_transaction_names_its_operation_and_code() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1), transfer(2, 2 * BALANCE)]);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    let answer = net.wait(&tx, 0).await;
    assert_eq!(answer.state(), TxState::Failed);
    let failure = answer.receipt.unwrap().failure.unwrap();
    assert_eq!((failure.op_index, failure.reason.as_str()), (1, "INSUFFICIENT_AVAILABLE"));
    assert_eq!(failure.number, u32::from(Code::InsufficientAvailable.number()));
}

#[tokio::test]
async fn expired_is_said_only_once_a_block_at_valid_until_is_committed() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.chain.commit_later(59_999, Vec::new());
    assert_eq!(net.wait_for(&tx.body, 50).await.unwrap().state(), TxState::Pending);
    let (waited, _) =
        tokio::join!(net.wait_for(&tx.body, 0), async { net.chain.commit_later(1, Vec::new()) });
    assert_eq!(waited.unwrap().state(), TxState::Expired);
    // Nobody here has seen it, so without its body it is not known when it expires.
    assert_eq!(net.wait(&tx, 50).await.state(), TxState::Pending);
}

/// A WaitTx with a claim that the client makes.
async fn claimed(net: &Net, tx: &SignedTx, valid_until_ms: u64) -> Result<WaitTxResponse, Status> {
    let tx_id = tx.body.id().to_string();
    let request = WaitTxRequest { tx_id, valid_until_ms, timeout_ms: 50, tx_body: Vec::new() };
    Ok(net.tx().wait_tx(request).await?.into_inner())
}

#[tokio::test]
async fn nothing_final_is_said_on_a_clients_word() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.chain.commit();
    let past = net.chain.head.borrow().time_ms;
    assert!(past < tx.body.valid_until);
    // Of a payment that it has never seen.
    let answer = claimed(&net, &tx, past).await.unwrap();
    assert_eq!((answer.state(), answer.valid_until_ms), (TxState::Pending, 0));
    // Of one that waits here: the end is known, and another is refused.
    net.submit(&tx).await.unwrap();
    let wrong_field = |answer: Result<WaitTxResponse, Status>| {
        let error = WireError::from_status(&answer.unwrap_err()).unwrap();
        assert_eq!(error.reason, ServiceReason::InvalidRequest.into());
        error.fields[0].clone()
    };
    let (field, why) = wrong_field(claimed(&net, &tx, past).await);
    assert_eq!(field, "valid_until_ms");
    assert!(why.contains(&tx.body.valid_until.to_string()), "{why}");
    assert_eq!(claimed(&net, &tx, tx.body.valid_until).await.unwrap().state(), TxState::Pending);
    // A body that is not the transaction's, or does not read, or is of another chain.
    let wait_with = async |tx_id: Hash, tx_body: Vec<u8>| {
        let request =
            WaitTxRequest { tx_id: tx_id.to_string(), timeout_ms: 50, tx_body, valid_until_ms: 0 };
        Ok(net.tx().wait_tx(request).await?.into_inner())
    };
    let over = TxBody { valid_until: past, ..tx.body.clone() };
    for bytes in [codec::encode(&over), vec![1, 2, 3]] {
        assert_eq!(wrong_field(wait_with(tx.body.id(), bytes).await).0, "tx_body");
    }
    let foreign = TxBody { chain_id: 8, ..over };
    let answer = wait_with(foreign.id(), codec::encode(&foreign)).await;
    assert_reason(answer, Code::BadChain);
}

#[tokio::test]
async fn the_loser_of_a_nonce_is_told_by_whom_it_was_replaced() {
    let net = Net::new().await;
    let winner = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let loser = pay(&net.chain, 0, 1, vec![transfer(2, 25)]);
    // Before anything used the nonce it is open; submitted here, no body is needed.
    net.submit(&loser).await.unwrap();
    net.chain.inner.lock().pool.clear();
    assert_eq!(net.wait_for(&loser.body, 50).await.unwrap().state(), TxState::Pending);
    net.submit(&winner).await.unwrap();
    let (waited, _) = tokio::join!(net.wait(&loser, 0), async { net.chain.commit() });
    let by = winner.body.id().to_string();
    assert_eq!((waited.state(), &waited.replaced_by), (TxState::Replaced, &by));
    assert_eq!(net.wait_for(&winner.body, 0).await.unwrap().state(), TxState::Committed);
    let get = GetTxRequest { tx_id: loser.body.id().to_string() };
    let found = net.tx().get_tx(get).await.unwrap().into_inner();
    assert_eq!((found.state(), &found.replaced_by), (TxState::Replaced, &by));
    // Sent again it is refused, with who was there first.
    let error = WireError::from_status(&net.submit(&loser).await.unwrap_err()).unwrap();
    assert_eq!((error.reason, &error.metadata["used_by"]), (Code::NonceUsed.into(), &by));
    // Two that nobody submitted here: one under the used nonce, one that the window passes.
    let stranger = pay(&net.chain, 0, 1, vec![transfer(3, 1)]);
    let passed = pay(&net.chain, 0, 2, vec![transfer(3, 1)]);
    assert_eq!(net.wait_for(&stranger.body, 0).await.unwrap().replaced_by, by);
    assert_eq!(net.wait_for(&passed.body, 50).await.unwrap().state(), TxState::Pending);
    net.succeed(&[pay(&net.chain, 0, 129, vec![transfer(1, 1)])]).await;
    assert_eq!(net.wait_for(&passed.body, 50).await.unwrap().state(), TxState::Pending);
    net.succeed(&[pay(&net.chain, 0, 130, vec![transfer(1, 1)])]).await;
    let waited = net.wait_for(&passed.body, 0).await.unwrap();
    assert_eq!((waited.state(), waited.replaced_by.as_str()), (TxState::Replaced, ""));
    // What is replaced is so for good, also after its time.
    net.chain.commit_later(120_000, Vec::new());
    assert_eq!(net.wait_for(&loser.body, 0).await.unwrap().state(), TxState::Replaced);
}

#[tokio::test]
async fn who_is_too_early_is_told_when_to_come_back() {
    let net = Net::new().await;
    let now = net.chain.head.borrow().time_ms;
    let ahead = |ms| {
        let valid_until = now + VALIDITY_MS_MAX + ms;
        signed(0, TxBody { valid_until, ..body(&net.chain, 0, 1, vec![transfer(1, 1)]) })
    };
    for ms in [1, 2_000] {
        let error = WireError::from_status(&net.submit(&ahead(ms)).await.unwrap_err()).unwrap();
        assert_eq!(error.reason, Code::TooFarAhead.into());
        assert_eq!(error.retry_after, Some(Duration::from_millis(ms)));
    }
    let trial = simulate_tx_request::Transaction::SignedTx(ahead(2_001).encode());
    let refused = simulate_tx(&net, trial).await.unwrap().refused.unwrap();
    assert_eq!((refused.reason.as_str(), refused.retry_after_ms), ("TOO_FAR_AHEAD", 2_000));
    // It was never final: the same bytes are taken later.
    net.chain.commit_later(2_000, Vec::new());
    assert!(!net.submit(&ahead(2_000)).await.unwrap().known);
}

#[tokio::test]
async fn what_was_submitted_here_expires_without_a_hint_and_after_it_left_the_pool() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.submit(&tx).await.unwrap();
    net.chain.inner.lock().pool.clear();
    net.chain.commit_later(60_000, Vec::new());
    assert_eq!(net.wait(&tx, 0).await.state(), TxState::Expired);
}

#[tokio::test]
async fn a_wait_longer_than_a_minute_is_refused() {
    let net = Net::new().await;
    let tx_id = Hash::ZERO.to_string();
    let request = WaitTxRequest { tx_id, timeout_ms: 60_001, ..WaitTxRequest::default() };
    let status = net.tx().wait_tx(request).await.unwrap_err();
    let error = WireError::from_status(&status).unwrap();
    assert_eq!(error.reason, ServiceReason::InvalidRequest.into());
    assert_eq!(error.fields[0].0, "timeout_ms");
}

#[tokio::test]
async fn every_refusal_carries_the_runtimes_name() {
    let net = Net::new().await;
    let chain = &net.chain;
    let ops = || vec![transfer(1, 1)];
    net.submit(&pay(chain, 0, 200 - 128, ops())).await.unwrap();
    chain.commit();
    let good = || body(chain, 0, 73, ops());
    let now = chain.head.borrow().time_ms;
    let mut stranger = good();
    stranger.sender = Address([9; 32]);
    let mut forged = signed(0, good());
    forged.witnesses[0].signature = Signature([0; 64]);
    let cases = [
        (signed(0, TxBody { chain_id: 8, ..good() }), Code::BadChain),
        (signed(0, TxBody { valid_until: now, ..good() }), Code::Expired),
        (signed(0, TxBody { valid_until: now + VALIDITY_MS_MAX + 1, ..good() }), Code::TooFarAhead),
        (signed(0, stranger), Code::UnknownAccount),
        (forged, Code::BadSignature),
        (signed(1, good()), Code::BadSignature),
        (signed(0, TxBody { nonce: 72, ..good() }), Code::NonceUsed),
        (signed(0, TxBody { nonce: 0, ..good() }), Code::NonceTooOld),
        (signed(0, TxBody { nonce: 72 + 129, ..good() }), Code::NonceTooNew),
    ];
    for (tx, code) in &cases {
        assert_reason(net.submit(tx).await, *code);
    }
    let garbage = net.tx().submit_tx(SubmitTxRequest { signed_tx: vec![1, 2, 3] }).await;
    assert_reason(garbage, Code::Decode);
    assert_reason(net.tx().submit_tx(SubmitTxRequest::default()).await, Code::Decode);

    // A batch answers for each, in order, with the same names.
    let mut signed_txs: Vec<_> = cases.iter().map(|(tx, _)| tx.encode()).collect();
    signed_txs.push(signed(0, good()).encode());
    let answer = net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap();
    let results = answer.into_inner().results;
    assert_eq!(results.len(), cases.len() + 1);
    for (result, (_, code)) in results.iter().zip(&cases) {
        let Some(submit_batch_result::Result::Refused(error)) = &result.result else {
            panic!("{code} was accepted");
        };
        assert_eq!(error.reason, code.name());
    }
    let last = results.last().unwrap().result.as_ref().unwrap();
    assert!(matches!(last, submit_batch_result::Result::Accepted(taken) if !taken.known));
    let empty = SubmitBatchRequest { signed_txs: Vec::new() };
    assert_reason(net.tx().submit_batch(empty).await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_busy_and_a_stopping_validator_say_when_to_come_back() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1)]);
    net.chain.inner.lock().refuse = Some(Refusal::Busy { retry_ms: 250 });
    let error = WireError::from_status(&net.submit(&tx).await.unwrap_err()).unwrap();
    assert_eq!(error.reason, ServiceReason::Busy.into());
    assert_eq!(error.retry_after, Some(Duration::from_millis(250)));
    net.chain.inner.lock().refuse = Some(Refusal::ShuttingDown);
    let status = net.submit(&tx).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(reason(&status), ServiceReason::ShuttingDown.into());
}

#[tokio::test]
async fn an_oversized_message_is_refused_and_the_connection_lives() {
    let net = Net::new().await;
    let too_large = |status: Status| {
        assert_eq!(reason(&status), ServiceReason::MessageTooLarge.into());
    };
    for size in [300 << 10, 5 << 20] {
        let signed_tx = vec![0; size];
        too_large(net.tx().submit_tx(SubmitTxRequest { signed_tx }).await.unwrap_err());
    }
    let signed_txs = vec![vec![0; 1 << 20]; 5];
    too_large(net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap_err());
    let signed_txs = vec![vec![0; 16 << 10]; 200];
    let answer = net.tx().submit_batch(SubmitBatchRequest { signed_txs }).await.unwrap();
    assert_eq!(answer.into_inner().results.len(), 200);
}

/// What a simulation says, of a transaction signed or not.
async fn simulate_tx(
    net: &Net,
    transaction: simulate_tx_request::Transaction,
) -> Result<SimulateTxResponse, Status> {
    let request = SimulateTxRequest { transaction: Some(transaction) };
    Ok(net.tx().simulate_tx(request).await?.into_inner())
}

#[tokio::test]
async fn a_simulation_tells_the_outcome_and_changes_nothing() {
    use simulate_tx_request::Transaction::{SignedTx as Signed, TxBody as Body};

    let net = Net::new().await;
    let unsigned = body(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let tx = signed(0, unsigned.clone());
    for transaction in [Body(codec::encode(&unsigned)), Signed(tx.encode())] {
        let answer = simulate_tx(&net, transaction).await.unwrap();
        assert!(answer.succeeds && answer.refused.is_none() && answer.failure.is_none());
        assert_eq!((answer.tx_id, answer.height), (tx.body.id().to_string(), 0));
        let change = |n, after_micros| BalanceChange {
            account: shown(n),
            before_micros: BALANCE,
            after_micros,
        };
        let mut changes = answer.balance_changes;
        changes.sort_by_key(|change| change.after_micros);
        assert_eq!(changes, [change(0, BALANCE - 25), change(1, BALANCE + 25)]);
        assert!(matches!(answer.events[0].kind, Some(event::Kind::Transferred(_))));
    }
    let poor = body(&net.chain, 0, 1, vec![transfer(1, 1), transfer(2, 2 * BALANCE)]);
    let answer = simulate_tx(&net, Body(codec::encode(&poor))).await.unwrap();
    let failure = answer.failure.unwrap();
    assert_eq!((failure.op_index, failure.reason.as_str()), (1, "INSUFFICIENT_AVAILABLE"));
    assert!(!answer.succeeds && answer.balance_changes.is_empty());
    let stranger = signed(1, unsigned);
    let answer = simulate_tx(&net, Signed(stranger.encode())).await.unwrap();
    assert_eq!(answer.refused.unwrap().reason, Code::BadSignature.name());
    assert_reason(simulate_tx(&net, Body(vec![1])).await, Code::Decode);
    let nothing = net.tx().simulate_tx(SimulateTxRequest::default()).await;
    assert_reason(nothing, ServiceReason::InvalidRequest);
    // It was all only tried.
    assert_eq!(net.succeed(&[tx]).await[0].height, 1);
}
