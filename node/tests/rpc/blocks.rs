//! Blocks and evidence.

use crate::prelude::*;

#[tokio::test]
async fn blocks_are_shown_with_receipts_in_pages_and_a_certificate_that_verifies() {
    let net = Net::new().await;
    let mut ledger = LedgerServiceClient::new(net.channel.clone());
    let empty = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((empty.height, empty.time_ms, empty.oldest_height), (0, START, 0));
    let none = ledger.get_block(GetBlockRequest::default()).await;
    assert_reason(none, ServiceReason::BlockNotFound);
    for nonce in 1..=5 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
    }
    for _ in 0..6 {
        net.chain.commit();
    }
    let info = ledger.get_chain_info(GetChainInfoRequest {}).await.unwrap().into_inner();
    assert_eq!((info.height, info.oldest_height, info.chain_id), (6, 1, 7));
    assert_eq!((info.network.as_str(), info.address_prefix.as_str()), ("devnet", "dbal"));
    assert_eq!((info.validators.len(), info.node.unwrap().peers_connected), (4, 3));
    assert_eq!(info.genesis_hash, net.chain.genesis_hash.to_string());

    let mut request = GetBlockRequest { height: 1, page_size: 2, page_token: String::new() };
    let mut receipts = Vec::new();
    let block = loop {
        let answer = ledger.get_block(request.clone()).await.unwrap().into_inner();
        receipts.extend(answer.receipts.iter().map(|receipt| receipt.index));
        if answer.next_page_token.is_empty() {
            break answer.block.unwrap();
        }
        request.page_token = answer.next_page_token;
    };
    assert_eq!(receipts, [0, 1, 2, 3, 4]);
    let certified: CertifiedHeader = codec::decode(&block.certified_header, 1 << 20).unwrap();
    certified.verify(&net.chain.genesis_hash, &net.chain.genesis.validators).unwrap();
    assert_eq!(WIRE.read_header(&block.header.unwrap()), Ok(certified.header));
    assert_eq!(block.signers.len(), 3);

    let newest = ledger.get_block(GetBlockRequest::default()).await.unwrap().into_inner();
    assert_eq!(newest.block.unwrap().header.unwrap().height, 6);
    let beyond = ledger.get_block(GetBlockRequest { height: 7, ..Default::default() }).await;
    let error = WireError::from_status(&beyond.unwrap_err()).unwrap();
    assert_eq!((error.metadata["head"].as_str(), error.metadata["oldest"].as_str()), ("6", "1"));

    let mut request = ListBlocksRequest { page_size: 4, page_token: String::new() };
    let page = ledger.list_blocks(request.clone()).await.unwrap().into_inner();
    net.chain.commit();
    request.page_token = page.next_page_token;
    let rest = ledger.list_blocks(request).await.unwrap().into_inner();
    let blocks = page.blocks.into_iter().chain(rest.blocks);
    let heights: Vec<_> = blocks.map(|block| block.header.unwrap().height).collect();
    assert_eq!((heights, rest.height), (vec![6, 5, 4, 3, 2, 1], 6));
    assert_eq!(rest.next_page_token, "");
}

#[tokio::test]
async fn evidence_names_the_validator_and_both_votes() {
    let net = Net::new().await;
    let key = &net.chain.validators[2];
    let ballot = |block| {
        let vote = Vote { kind: VoteKind::Prevote, height: 1, round: 4, block };
        Ballot { block, signature: key.sign(&vote.signed_bytes(&net.chain.genesis_hash)) }
    };
    let twins = Twins::Prevotes { first: ballot(None), second: ballot(Some(Hash([1; 32]))) };
    let evidence = Evidence { validator: key.public(), height: 1, round: 4, twins };
    net.chain.commit_later(1_000, vec![evidence]);
    let mut control = ControlServiceClient::new(net.channel.clone());
    let answer = control.list_evidence(ListEvidenceRequest::default()).await.unwrap().into_inner();
    let [shown] = answer.evidence.as_slice() else { panic!("{answer:?}") };
    assert_eq!((shown.validator_name.as_str(), shown.round), ("validator-2", 4));
    assert_eq!(shown.kind(), v1::EvidenceKind::Prevotes);
    assert_eq!((shown.first_block_id.as_str(), shown.second_block_id.len()), ("", 64));
    assert_eq!(codec::decode(&shown.evidence_bytes, 1 << 10), Ok(evidence));
}
