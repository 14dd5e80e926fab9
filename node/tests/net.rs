//! The peer network over real sockets on loopback. Every wait is for a condition, with a limit.

use std::{
    future::Future,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use ballast_node::net::{
    Inbox, Lane, NetConfig, NetError, NetEvent, NetLimits, NetMetrics, Network, PeerEntry, PeerKey,
    RequestError, SendError, start,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};
use zeroize::Zeroizing;

const LIMIT: Duration = Duration::from_secs(30);
const CHAIN: [u8; 32] = [7; 32];
const CONSENSUS_FRAME_MAX: usize = 256 << 10;
const LANES: [Lane; 2] = [Lane::Consensus, Lane::Batch];

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("not within {LIMIT:?}: {what}"))
}

struct Node {
    network: Network,
    events: Inbox,
    batches: Inbox,
    metrics: NetMetrics,
    address: SocketAddr,
    key: PeerKey,
}

fn secret(seed: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([seed; 32])
}

fn key(seed: u8) -> PeerKey {
    PeerKey::of_secret(&secret(seed)).unwrap()
}

fn config(seed: u8) -> NetConfig {
    NetConfig {
        secret: secret(seed),
        listen: "/ip4/127.0.0.1/tcp/0".to_owned(),
        peers: Vec::new(),
        chain: CHAIN,
        limits: NetLimits::default(),
    }
}

impl Node {
    async fn start(config: NetConfig) -> Self {
        let metrics = NetMetrics::default();
        let started = start(config, metrics.clone()).await.unwrap();
        let key = started.network.key();
        Self {
            network: started.network,
            events: started.events,
            batches: started.batches,
            metrics,
            address: started.address,
            key,
        }
    }

    fn entry(&self) -> PeerEntry {
        PeerEntry { key: self.key, address: Some(self.address.to_string()) }
    }

    fn inbox(&mut self, lane: Lane) -> &mut Inbox {
        match lane {
            Lane::Consensus => &mut self.events,
            Lane::Batch => &mut self.batches,
        }
    }

    /// The next event that `pick` takes; others are passed over.
    async fn event<T>(&mut self, what: &str, mut pick: impl FnMut(NetEvent) -> Option<T>) -> T {
        let events = &mut self.events;
        within(what, async {
            loop {
                if let Some(found) = pick(events.recv().await.expect("the network runs")) {
                    return found;
                }
            }
        })
        .await
    }

    async fn connected(&mut self, peer: PeerKey) {
        let connected = |event| matches!(event, NetEvent::Connected(p) if p == peer).then_some(());
        self.event("Connected", connected).await;
    }

    async fn disconnected(&mut self, peer: PeerKey) {
        let gone = |event| matches!(event, NetEvent::Disconnected(p) if p == peer).then_some(());
        self.event("Disconnected", gone).await;
    }

    async fn rejected(&mut self) -> (String, String) {
        self.event("Rejected", |event| match event {
            NetEvent::Rejected { peer, why } => Some((peer, why)),
            _ => None,
        })
        .await
    }

    async fn frame(&mut self, expected: Lane) -> (PeerKey, Vec<u8>) {
        let inbox = self.inbox(expected);
        within("Frame", async {
            loop {
                if let NetEvent::Frame { from, lane, bytes, .. } = inbox.recv().await.unwrap() {
                    assert_eq!(lane, expected);
                    return (from, bytes);
                }
            }
        })
        .await
    }

    async fn request(&mut self) -> (PeerKey, Vec<u8>, ballast_node::net::ReplyHandle) {
        let batches = &mut self.batches;
        within("Request", async {
            loop {
                if let NetEvent::Request { from, body, reply } = batches.recv().await.unwrap() {
                    return (from, body, reply);
                }
            }
        })
        .await
    }
}

/// Lets each node know all the others, at the same moment: their dials cross.
fn introduce(nodes: &[&Node]) {
    let list: Vec<PeerEntry> = nodes.iter().map(|node| node.entry()).collect();
    for node in nodes {
        node.network.set_allowed(list.clone()).unwrap();
    }
}

async fn pair_of(one: NetConfig, two: NetConfig) -> (Node, Node) {
    let (mut a, mut b) = (Node::start(one).await, Node::start(two).await);
    introduce(&[&a, &b]);
    a.connected(b.key).await;
    b.connected(a.key).await;
    (a, b)
}

async fn pair() -> (Node, Node) {
    pair_of(config(1), config(2)).await
}

fn frame(size: usize) -> Arc<[u8]> {
    vec![9; size].into()
}

fn numbered(number: u32) -> Arc<[u8]> {
    number.to_be_bytes().as_slice().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_whose_dials_cross_exchange_frames_on_both_lanes_in_order() {
    const FRAMES: u32 = 500;
    let mut nodes = Vec::new();
    for seed in 1..=3 {
        nodes.push(Node::start(config(seed)).await);
    }
    introduce(&nodes.iter().collect::<Vec<_>>());
    let keys: Vec<PeerKey> = nodes.iter().map(|node| node.key).collect();
    for node in &mut nodes {
        let mut missing: Vec<PeerKey> = keys.iter().copied().filter(|k| *k != node.key).collect();
        while !missing.is_empty() {
            let up = |event| {
                if let NetEvent::Connected(p) = event { Some(p) } else { None }
            };
            let peer = node.event("Connected", up).await;
            missing.retain(|k| *k != peer);
        }
        assert_eq!(node.network.connected().len(), 2);
        assert_eq!(node.metrics.connected.get(), 2);
    }
    for node in &nodes {
        for peer in keys.iter().filter(|k| **k != node.key) {
            for number in 0..FRAMES {
                for lane in LANES {
                    node.network.send(*peer, lane, numbered(number)).unwrap();
                }
            }
        }
    }
    for node in &mut nodes {
        for lane in LANES {
            let mut next: std::collections::BTreeMap<PeerKey, u32> = Default::default();
            for _ in 0..FRAMES * 2 {
                let (from, bytes) = node.frame(lane).await;
                let expected = next.entry(from).or_default();
                assert_eq!(bytes, expected.to_be_bytes());
                *expected += 1;
            }
            assert!(next.values().all(|count| *count == FRAMES));
            assert_eq!(node.metrics.lane(lane).frames_in.get(), u64::from(FRAMES) * 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_peer_is_turned_away_and_reported_once_while_listed_ones_work() {
    let (mut a, b) = pair().await;
    let mut stranger = Node::start(config(66)).await;
    stranger.network.set_allowed(vec![a.entry()]).unwrap();
    let (peer, why) = a.rejected().await;
    assert_eq!(peer, stranger.key.peer_id_string());
    assert!(why.contains("not in the allow list"), "{why}");
    // It dials on; only the counter shows it.
    let rejected = a.metrics.rejected.clone();
    within("more attempts", async {
        while rejected.get() < 3 {
            time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(a.network.connected(), [b.key]);
    b.network.send(a.key, Lane::Consensus, numbered(1)).unwrap();
    let got = a
        .event("the frame, and no second report", |event| match event {
            NetEvent::Frame { from, .. } => Some(from),
            other => panic!("{other:?}"),
        })
        .await;
    assert_eq!(got, b.key);
    let refused = a.network.send(stranger.key, Lane::Batch, numbered(1));
    assert_eq!(refused, Err(SendError::Unknown));
    assert_eq!(stranger.network.connected(), []);
    assert!(stranger.events.try_recv().is_none(), "the stranger never sees Connected");
    b.network.shutdown().await;
    a.disconnected(b.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_comes_back_on_its_port_is_connected_again_within_two_seconds() {
    let (mut a, b) = pair().await;
    let (key, address) = (b.key, b.address);
    for round in 0..3 {
        if round == 0 {
            b.network.shutdown().await;
        }
        a.disconnected(key).await;
        assert_eq!(a.network.send(key, Lane::Batch, numbered(0)), Err(SendError::NotConnected));
        // It does not know our address in this test: a alone has to find it again.
        let listen = address.to_string();
        let peers = vec![PeerEntry { key: a.key, address: Some("127.0.0.1:1".to_owned()) }];
        let begun = Instant::now();
        let mut b = Node::start(NetConfig { listen, peers, ..config(2) }).await;
        a.connected(key).await;
        b.connected(a.key).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        for lane in LANES {
            a.network.send(key, lane, numbered(round)).unwrap();
            assert_eq!(b.frame(lane).await, (a.key, round.to_be_bytes().to_vec()));
            b.network.send(a.key, lane, numbered(round)).unwrap();
            assert_eq!(a.frame(lane).await, (key, round.to_be_bytes().to_vec()));
        }
        b.network.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_node_is_gone_and_its_inboxes_end() {
    let (mut a, b) = pair().await;
    let Node { network, mut events, mut batches, .. } = b;
    drop(network);
    a.disconnected(key(2)).await;
    within("the inboxes end", async {
        while events.recv().await.is_some() {}
        while batches.recv().await.is_some() {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_at_its_cap_passes_and_one_byte_more_is_refused() {
    let (a, mut b) = pair().await;
    for (lane, max) in [(Lane::Consensus, CONSENSUS_FRAME_MAX), (Lane::Batch, 8 << 20)] {
        let refused = a.network.send(b.key, lane, frame(max + 1));
        assert_eq!(refused, Err(SendError::TooLarge { size: max + 1, max }));
        for size in [max, 0, 1] {
            a.network.send(b.key, lane, frame(size)).unwrap();
            assert_eq!(b.frame(lane).await.1.len(), size);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_beyond_the_cap_costs_the_peer_its_connection_and_is_reported() {
    let mut liar = config(1);
    liar.limits.consensus_frame_bytes_max += 1;
    let (mut a, mut b) = pair_of(liar, config(2)).await;
    a.network.send(b.key, Lane::Consensus, frame(CONSENSUS_FRAME_MAX + 1)).unwrap();
    let (peer, why) = b.rejected().await;
    assert_eq!(peer, a.key.peer_id_string());
    assert!(why.contains("262145 bytes where at most 262144"), "{why}");
    b.disconnected(a.key).await;
    a.disconnected(b.key).await;
    // Nobody is banned: the list is the council's.
    b.connected(a.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_or_fail() {
    let (a, mut b) = pair().await;
    let to = b.key;
    let ask = |body: Vec<u8>| {
        let network = a.network.clone();
        tokio::spawn(async move { network.request(to, body).await })
    };
    for (request, response) in [(0, 8 << 20), (8 << 20, 0), (5, 7)] {
        let asking = ask(vec![1; request]);
        let (from, body, reply) = b.request().await;
        assert_eq!((from, body.len()), (a.key, request));
        reply.send(vec![2; response]).unwrap();
        assert_eq!(asking.await.unwrap(), Ok(vec![2; response]));
    }
    let too_large = RequestError::TooLarge { size: (8 << 20) + 1, max: 8 << 20 };
    assert_eq!(ask(vec![0; (8 << 20) + 1]).await.unwrap(), Err(too_large));

    let asking = ask(vec![3]);
    let (.., reply) = b.request().await;
    drop(reply);
    assert!(matches!(asking.await.unwrap(), Err(RequestError::Failed(_))));

    // More than may be open at once: the others wait for their turn.
    let asking: Vec<_> = (0..20).map(|i| ask(vec![i])).collect();
    for _ in 0..20 {
        let (_, body, reply) = b.request().await;
        reply.send(body).unwrap();
    }
    for (i, asked) in asking.into_iter().enumerate() {
        assert_eq!(asked.await.unwrap(), Ok(vec![u8::try_from(i).unwrap()]));
    }
    assert_eq!(a.network.request(key(99), vec![]).await, Err(RequestError::Unknown));
    assert_eq!(b.metrics.requests_dropped.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_never_answered_times_out_and_leaves_room_for_the_next() {
    let mut impatient = config(1);
    impatient.limits.request_timeout = Duration::from_millis(300);
    let (a, mut b) = pair_of(impatient, config(2)).await;
    for _ in 0..4 {
        let asked = a.network.request(b.key, vec![4]).await;
        assert_eq!(asked, Err(RequestError::Timeout));
    }
    // What the peer still holds counts against us there, until it lets go.
    let refused = a.network.request(b.key, vec![4]).await;
    assert!(matches!(refused, Err(RequestError::Failed(_))), "{refused:?}");
    assert_eq!(b.metrics.requests_dropped.get(), 1);
    while let Some(event) = b.batches.try_recv() {
        if let NetEvent::Request { reply, .. } = event {
            reply.send(vec![]).unwrap();
        }
    }
    let (network, to) = (a.network.clone(), b.key);
    let asking = tokio::spawn(async move {
        loop {
            if let Ok(answer) = network.request(to, vec![5]).await {
                return answer;
            }
        }
    });
    let answering = async {
        loop {
            let (_, body, reply) = b.request().await;
            reply.send(body).unwrap();
        }
    };
    within("an answer", async {
        tokio::select! {
            answer = asking => assert_ne!(answer.unwrap(), Vec::<u8>::new()),
            () = answering => {}
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_different_chains_are_never_connected() {
    let mut a = Node::start(config(1)).await;
    let mut b = Node::start(NetConfig { chain: [8; 32], ..config(2) }).await;
    introduce(&[&a, &b]);
    for (node, other) in [(&mut a, key(2)), (&mut b, key(1))] {
        let (peer, why) = node
            .event("Rejected before anything else", |event| match event {
                NetEvent::Rejected { peer, why } => Some((peer, why)),
                other => panic!("{other:?}"),
            })
            .await;
        assert_eq!(peer, other.peer_id_string());
        assert!(why.contains("no protocol of this chain"), "{why}");
        let refused = node.network.send(other, Lane::Consensus, numbered(1));
        assert_eq!(refused, Err(SendError::NotConnected));
        assert_eq!(node.network.request(other, vec![]).await, Err(RequestError::NotConnected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_replaced_at_run_time() {
    let (mut a, mut b) = pair().await;
    let mut c = Node::start(NetConfig { peers: vec![a.entry()], ..config(3) }).await;
    a.network.set_allowed(vec![c.entry()]).unwrap();
    a.disconnected(b.key).await;
    b.disconnected(a.key).await;
    a.connected(c.key).await;
    c.connected(a.key).await;
    assert_eq!(a.network.connected(), [c.key]);
    assert_eq!(a.network.send(b.key, Lane::Consensus, numbered(0)), Err(SendError::Unknown));
    let bad = vec![PeerEntry { key: b.key, address: Some("nowhere".to_owned()) }];
    assert!(matches!(a.network.set_allowed(bad), Err(NetError::Address { .. })));
    a.network.set_allowed(vec![b.entry(), c.entry()]).unwrap();
    a.connected(b.key).await;
    b.connected(a.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_an_address_is_let_in_when_it_dials_and_dialled_once_it_has_one() {
    let mut a = Node::start(config(1)).await;
    let unknown = PeerEntry { key: key(2), address: None };
    a.network.set_allowed(vec![unknown.clone()]).unwrap();
    let mut b = Node::start(NetConfig { peers: vec![a.entry()], ..config(2) }).await;
    a.connected(b.key).await;
    b.connected(a.key).await;
    // Now only `a` can find the other.
    b.network.set_allowed(vec![PeerEntry { key: a.key, address: None }]).unwrap();
    a.network.set_allowed(vec![]).unwrap();
    a.disconnected(b.key).await;
    b.disconnected(a.key).await;
    a.network.set_allowed(vec![unknown]).unwrap();
    a.network.set_allowed(vec![b.entry()]).unwrap();
    a.connected(b.key).await;
    b.connected(a.key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consensus_passes_while_batches_are_not_consumed_and_no_batch_is_lost() {
    let (a, mut b) = pair().await;
    // Until the inbox of b, the windows between, and the queue of a are full.
    let mut sent = 0_u32;
    let mut full_since = None;
    within("the queue stays full", async {
        loop {
            let mut bytes = vec![0; 1 << 20];
            bytes[..4].copy_from_slice(&sent.to_be_bytes());
            match a.network.send(b.key, Lane::Batch, bytes.into()) {
                Ok(()) => (sent, full_since) = (sent + 1, None),
                Err(SendError::Full) => {
                    let since = *full_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > Duration::from_secs(1) {
                        break;
                    }
                    time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await;
    assert!(sent >= 62, "32 MiB wait at each end, less the costs: {sent}");
    assert!(sent <= 100, "little more than that: {sent}");
    assert!(a.metrics.batch.dropped.get() > 0);
    for number in 0..100 {
        a.network.send(b.key, Lane::Consensus, numbered(number)).unwrap();
        assert_eq!(b.frame(Lane::Consensus).await, (a.key, number.to_be_bytes().to_vec()));
    }
    for number in 0..sent {
        let (_, bytes) = b.frame(Lane::Batch).await;
        assert_eq!(bytes[..4], number.to_be_bytes());
    }
}

/// Passes bytes on until it is frozen; then holds its connections and passes nothing.
async fn freezable_proxy(to: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (freeze, frozen) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((inward, _)) = listener.accept().await {
            let Ok(outward) = TcpStream::connect(to).await else {
                continue;
            };
            let (r1, w1) = inward.into_split();
            let (r2, w2) = outward.into_split();
            tokio::spawn(pass(r1, w2, frozen.clone()));
            tokio::spawn(pass(r2, w1, frozen.clone()));
        }
    });
    (address, freeze)
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_peer_is_given_up_in_time_under_load_and_found_again() {
    let impatient = |seed| {
        let mut config = config(seed);
        config.limits.ping_interval = Duration::from_millis(200);
        config.limits.ping_timeout = Duration::from_millis(800);
        config.limits.handshake_timeout = Duration::from_secs(1);
        config
    };
    let (mut a, mut b) = (Node::start(impatient(1)).await, Node::start(impatient(2)).await);
    let (address, freeze) = freezable_proxy(b.address).await;
    let nowhere = PeerEntry { key: a.key, address: Some("127.0.0.1:1".to_owned()) };
    b.network.set_allowed(vec![nowhere]).unwrap();
    let proxied = PeerEntry { key: b.key, address: Some(address.to_string()) };
    a.network.set_allowed(vec![proxied]).unwrap();
    a.connected(b.key).await;
    b.connected(a.key).await;
    freeze.send(true).unwrap();
    let begun = Instant::now();
    while a.network.send(b.key, Lane::Batch, frame(1 << 20)) != Err(SendError::Full) {}
    a.disconnected(b.key).await;
    b.disconnected(a.key).await;
    // One second by the limits; libp2p alone would take more than ten.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    freeze.send(false).unwrap();
    a.connected(b.key).await;
    b.connected(a.key).await;
    a.network.send(b.key, Lane::Consensus, numbered(5)).unwrap();
    assert_eq!(b.frame(Lane::Consensus).await, (a.key, 5_u32.to_be_bytes().to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_not_start_on_a_taken_port_or_with_impossible_limits() {
    let a = Node::start(config(1)).await;
    let taken = NetConfig { listen: a.address.to_string(), ..config(2) };
    let error = start(taken, NetMetrics::default()).await.err().unwrap();
    assert!(matches!(error, NetError::Listen { .. }), "{error}");
    let mut impossible = config(2);
    impossible.limits.batch_inbox_bytes_max = impossible.limits.batch_frame_bytes_max - 1;
    let error = start(impossible, NetMetrics::default()).await.err().unwrap();
    assert!(matches!(error, NetError::Limit { name: "inbox_bytes_max", .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_registered_under_its_name() {
    let mut registry = prometheus_client::registry::Registry::default();
    NetMetrics::default().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    for line in [
        "ballast_net_frames_in_total{lane=\"consensus\"} 0",
        "ballast_net_bytes_in_total{lane=\"batch\"} 0",
        "ballast_net_frames_out_total{lane=\"batch\"} 0",
        "ballast_net_bytes_out_total{lane=\"consensus\"} 0",
        "ballast_net_dropped_total{lane=\"batch\"} 0",
        "ballast_net_rejected_total 0",
        "ballast_net_requests_dropped_total 0",
        "ballast_net_connected_peers 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

/// Silent TCP connections, as many as anybody can open.
async fn silent(to: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(TcpStream::connect(to).await.unwrap());
    }
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_keep_no_peer_out_and_are_closed() {
    let mut patient = config(1);
    // Time alone would not let anybody in within the limit of this test.
    patient.limits.first_byte_timeout = Duration::from_secs(3_600);
    patient.limits.handshake_timeout = Duration::from_secs(3_600);
    let mut a = Node::start(patient).await;
    let strangers = silent(a.address, 70).await;
    let pending = a.metrics.handshakes.clone();
    within("handshakes of strangers", async {
        while pending.get() < 8 {
            time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut b = Node::start(config(2)).await;
    // The peer dials; nothing is known of where it lives.
    a.network.set_allowed(vec![PeerEntry { key: b.key, address: None }]).unwrap();
    b.network.set_allowed(vec![a.entry()]).unwrap();
    a.connected(b.key).await;
    b.connected(a.key).await;
    assert!(a.metrics.handshakes_displaced.get() >= 62);
    assert!(pending.get() <= 8);
    drop(strangers);

    let (c, mut stranger) = {
        let mut brisk = config(3);
        brisk.limits.first_byte_timeout = Duration::from_millis(50);
        let c = Node::start(brisk).await;
        let stranger = TcpStream::connect(c.address).await.unwrap();
        (c, stranger)
    };
    let mut byte = [0];
    let read = within("the close", stranger.read(&mut byte)).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    drop(c);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_cut_off_comes_back_when_its_time_is_over() {
    let (mut a, mut b) = pair().await;
    let time = Duration::from_millis(1_500);
    let begun = Instant::now();
    a.network.cut(b.key, "sent nonsense".to_owned(), time);
    let (peer, why) = a.rejected().await;
    assert_eq!(peer, b.key.peer_id_string());
    assert!(why.contains("cut off for 1 s: sent nonsense"), "{why}");
    a.disconnected(b.key).await;
    b.disconnected(a.key).await;
    assert_eq!(a.metrics.cut.get(), 1);
    a.connected(b.key).await;
    b.connected(a.key).await;
    assert!(begun.elapsed() >= time, "{:?}", begun.elapsed());
    assert_eq!(a.metrics.cut.get(), 0);
}
