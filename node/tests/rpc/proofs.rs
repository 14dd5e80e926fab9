//! Proofs that verify offline.

use crate::prelude::*;

#[tokio::test]
async fn proofs_verify_from_the_genesis_hash_and_the_validator_set_alone() {
    let net = Net::new().await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    let tx_id = tx.body.id().to_string();
    for nonce in 2..=4 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
    }
    assert_reason(
        net.prove(Target::Supply(SupplyTarget {})).await,
        ServiceReason::ProofUnavailable,
    );
    assert_reason(net.prove(Target::TxId(tx_id.clone())).await, ServiceReason::ProofNotFound);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    // The receipt is provable once a later header attests its block.
    let (receipt, _) = tokio::join!(net.prove(Target::TxId(tx_id)), async {
        until(|| net.chain.head.receiver_count() > 0).await;
        net.chain.commit()
    });
    let (genesis, committee) = (net.chain.genesis_hash, &net.chain.genesis.validators);
    let receipt = receipt.unwrap();
    let Some(Proof::ReceiptProof(bytes)) = &receipt.proof else { panic!("{receipt:?}") };
    let proof: ReceiptProof = codec::decode(bytes, 1 << 20).unwrap();
    proof.verify(&genesis, committee).unwrap();
    let Some(Value::Receipt(shown_receipt)) = receipt.value else { panic!("no receipt") };
    assert_eq!(codec::encode(&WIRE.read_receipt(&shown_receipt).unwrap()), proof.receipt);
    assert_eq!((receipt.proven_height, receipt.anchor.unwrap().height), (1, 2));

    for target in [Target::Account(shown(0)), Target::Supply(SupplyTarget {}), Target::Report(1)] {
        let answer = net.prove(target).await.unwrap();
        let Some(Proof::StateProof(bytes)) = &answer.proof else { panic!("{answer:?}") };
        let proof: StateProof = codec::decode(bytes, 1 << 20).unwrap();
        proof.verify(&genesis, committee).unwrap();
        assert_eq!(answer.proven_height, 1);
        match answer.value.unwrap() {
            Value::Account(shown) => {
                assert_eq!(WIRE.read_account(&shown).unwrap().1.balance, BALANCE - 25 - 9);
            }
            Value::Supply(shown) => {
                assert_eq!(
                    WIRE.read::<object::Supply, _>("supply", &shown).unwrap().total,
                    u128::from(4 * BALANCE)
                );
            }
            Value::Report(shown) => {
                let (Key::Report(1), Object::Report(report)) =
                    codec::decode(&proof.leaf, 1 << 20).unwrap()
                else {
                    panic!("another object")
                };
                assert_eq!(shown, WIRE.show::<_, v1::Report>(&*report));
            }
            Value::Receipt(_) => panic!("not asked for"),
        }
    }
    for unknown in [Target::Account(WIRE.address(&Address([1; 32]))), Target::Report(9)] {
        assert_reason(net.prove(unknown).await, ServiceReason::ProofNotFound);
    }
    let mut client = ProofServiceClient::new(net.channel.clone());
    let nothing = client.get_proof(GetProofRequest { target: None }).await;
    assert_reason(nothing, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn a_client_follows_the_validator_set_from_genesis_to_the_newest_block() {
    let net = Net::new().await;
    net.chain.commit();
    let sets: [&[usize]; 4] = [&[0, 1, 2, 3, 4], &[1, 2, 3, 4], &[0, 1, 2, 4], &[0, 1, 2, 3]];
    for members in sets {
        net.chain.choose(members);
        net.chain.commit();
        net.chain.commit();
    }
    let mut ledger = LedgerServiceClient::new(net.channel.clone());
    let info = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.height, info.validators.len()), (9, 4));

    let mut client = ProofServiceClient::new(net.channel.clone());
    for page_size in [0, 1, 3] {
        let mut request = ListSetChangesRequest { page_size, ..ListSetChangesRequest::default() };
        let mut changes = Vec::new();
        loop {
            let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
            assert!(page.head == 9 && (page_size == 0 || page.changes.len() <= page_size as usize));
            changes.extend(page.changes);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let heights: Vec<_> = changes.iter().map(|change| change.height).collect();
        assert_eq!(heights, [2, 4, 6, 8]);
        assert!(changes.iter().zip(sets).all(|(c, set)| c.validators.len() == set.len()));
        let changes: Vec<SetChange> =
            changes.iter().map(|c| codec::decode(&c.set_change, 1 << 20).unwrap()).collect();
        let first = net.chain.genesis.validators.clone();
        let history = SetHistory::new(net.chain.genesis_hash, first).extended(changes).unwrap();
        for height in 1..=9 {
            let block = net.chain.store.block(height).unwrap().unwrap();
            let (header, certificate) = (block.header, block.certificate);
            history.verify(&CertifiedHeader { header, certificate }).unwrap();
        }
    }

    let mut request = ListSetChangesRequest { from_height: 5, page_size: 1, ..Default::default() };
    let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.changes.iter().map(|change| change.height).collect::<Vec<_>>(), [6]);
    // The next page goes on with the request that it is of, and leaves out what came later.
    net.chain.choose(&[0, 1, 2, 3, 4]);
    net.chain.commit();
    request.page_token = page.next_page_token;
    let page = client.list_set_changes(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.changes.iter().map(|change| change.height).collect::<Vec<_>>(), [8]);
    assert!(page.next_page_token.is_empty());
    request.from_height = 4;
    assert_reason(client.list_set_changes(request).await, ServiceReason::BadPageToken);
}

#[tokio::test]
async fn a_proof_that_no_header_attests_in_time_says_so() {
    let mut config = config();
    config.wait_max = Duration::from_millis(100);
    let net = Net::with(config).await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 25)]);
    net.submit(&tx).await.unwrap();
    net.chain.commit();
    let answer = net.prove(Target::TxId(tx.body.id().to_string())).await;
    assert_reason(answer, ServiceReason::ProofTimeout);
}
