//! Events: in pages and live.

use crate::prelude::*;

/// Three blocks: six payments in the first, none in the second, one of two transfers in the third.
async fn eventful() -> Net {
    let net = Net::new().await;
    for nonce in 1..=3 {
        net.submit(&pay(&net.chain, 0, nonce, vec![transfer(1, nonce)])).await.unwrap();
        net.submit(&pay(&net.chain, 2, nonce, vec![transfer(3, 10 + nonce)])).await.unwrap();
    }
    net.chain.commit();
    net.chain.commit();
    net.submit(&pay(&net.chain, 0, 4, vec![transfer(1, 4), transfer(3, 5)])).await.unwrap();
    net.chain.commit();
    net
}

#[tokio::test]
async fn events_resume_exactly_behind_every_cursor() {
    let net = eventful().await;
    let whole = net.events("0", None, 1_000).await;
    assert_eq!(whole.len(), 8);
    assert_eq!(net.events("", None, 1).await, whole);
    for page in [1, 2, 3] {
        assert_eq!(net.events("0", None, page).await, whole, "pages of {page}");
    }
    for (n, event) in whole.iter().enumerate() {
        assert_eq!(net.events(&event.cursor, None, 2).await, whole[n + 1..]);
        let mut frames = net.subscribe(&event.cursor).await;
        for expected in &whole[n + 1..] {
            let frame = frames.message().await.unwrap().unwrap();
            assert_eq!(frame.cursor, expected.cursor);
            assert_eq!(frame.frame, Some(Frame::Event(expected.clone())));
        }
        let frame = frames.message().await.unwrap().unwrap();
        assert_eq!(frame.cursor, "3");
        assert!(matches!(frame.frame, Some(Frame::Heartbeat(beat)) if beat.height == 3));
    }
    assert_eq!(net.events("1", None, 10).await.len(), 2);
    assert_eq!(net.events("2", None, 10).await.len(), 2);
    assert_eq!(net.events("3", None, 10).await.len(), 0);
}

#[tokio::test]
async fn a_subscription_follows_the_chain_live_and_heartbeats_advance_its_cursor() {
    let net = eventful().await;
    let mut frames = net.subscribe("").await;
    let first = frames.message().await.unwrap().unwrap();
    assert_eq!(
        (first.cursor.as_str(), matches!(first.frame, Some(Frame::Heartbeat(_)))),
        ("3", true)
    );
    net.submit(&pay(&net.chain, 0, 5, vec![transfer(1, 6)])).await.unwrap();
    net.chain.commit();
    let frame = loop {
        match frames.message().await.unwrap().unwrap().frame.unwrap() {
            Frame::Heartbeat(_) => {}
            Frame::Event(event) => break event,
        }
    };
    assert_eq!((frame.cursor.as_str(), frame.name.as_str()), ("4/0/0", "Transferred"));
    net.chain.commit();
    while frames.message().await.unwrap().unwrap().cursor != "5" {}
    net.stop.cancel();
    let end = loop {
        match frames.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("closed without a reason"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&end), ServiceReason::ShuttingDown.into());
}

#[tokio::test]
async fn filters_select_by_account_and_name() {
    let net = eventful().await;
    let filter = |accounts: &[u32], names: &[&str]| {
        let accounts = accounts.iter().map(|n| shown(*n)).collect();
        Some(EventFilter { accounts, names: names.iter().map(|n| (*n).to_owned()).collect() })
    };
    assert_eq!(net.events("0", filter(&[1], &[]), 2).await.len(), 4);
    assert_eq!(net.events("0", filter(&[3], &["Transferred"]), 2).await.len(), 4);
    assert_eq!(net.events("0", filter(&[1, 3], &[]), 2).await.len(), 8);
    assert_eq!(net.events("0", filter(&[], &["Minted"]), 2).await.len(), 0);
    let mut client = EventServiceClient::new(net.channel.clone());
    let bad = [filter(&[], &["Transfered"]), filter(&[0; 101], &[])];
    for filter in bad {
        let request = ListEventsRequest { filter, ..ListEventsRequest::default() };
        assert_reason(client.list_events(request).await, ServiceReason::InvalidRequest);
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_resumed_is_refused_with_the_reason() {
    let net = eventful().await;
    let mut client = EventServiceClient::new(net.channel.clone());
    let mut ask = async |after: &str| {
        let request = SubscribeEventsRequest { after: after.into(), filter: None };
        let answer = client.subscribe_events(request).await;
        WireError::from_status(&answer.unwrap_err()).unwrap()
    };
    assert_eq!(ask("1/2").await.reason, ServiceReason::BadCursor.into());
    let ahead = ask("4").await;
    assert_eq!(ahead.reason, ServiceReason::CursorAhead.into());
    assert_eq!(ahead.metadata["head"], "3");
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_with_its_cursor() {
    let mut config = config();
    config.subscription_frames_max = 2;
    config.subscription_stall = Duration::from_millis(200);
    let net = Net::with(config).await;
    let mut frames = net.subscribe("0").await;
    // More than HTTP/2's windows and the frames that may wait hold.
    for block in 0..20 {
        for nonce in 1..=64 {
            let ops = vec![transfer(1, 1); 16];
            net.submit(&pay(&net.chain, 0, 64 * block + nonce, ops)).await.unwrap();
        }
        net.chain.commit();
    }
    // The subscription listens for new heads for as long as it lives.
    until(|| net.chain.head.receiver_count() == 0).await;
    let mut last = String::new();
    let end = loop {
        match frames.message().await {
            Ok(Some(frame)) => last = frame.cursor,
            Ok(None) => panic!("closed without a reason"),
            Err(status) => break WireError::from_status(&status).unwrap(),
        }
    };
    assert_eq!(end.reason, ServiceReason::SlowReader.into());
    assert_eq!(end.metadata["cursor"], last);
}
