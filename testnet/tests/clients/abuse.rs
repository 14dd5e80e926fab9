//! Clients that mean harm, one way at a time and all at once, while honest ones pay: those must be
//! served whatever the others do. How long they wait is measured and printed, not judged, but for
//! the bound that everyone is served at all.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ballast_proto::v1;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_testnet::chain::{Chain, Client, Signer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::common::{Net, succeed, up};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Honest payers, each with one payment at a time.
const PAYERS: u32 = 4;
/// Where those are who do harm.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Who floods.
const FLOODER: u32 = 9;

/// One way to do harm, from an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    /// Connections that never say a word, far more than an address may have.
    Silence,
    /// Calls that are taken back as soon as they are made.
    RapidReset,
    /// 64 KiB of headers.
    Headers,
    /// Requests whose second half never comes.
    HalfBodies,
    /// Messages of 5 MiB.
    Megabytes,
    /// One account that sends as fast as it can.
    Flood,
}

const ALL: [Harm; 6] = [
    Harm::Silence,
    Harm::RapidReset,
    Harm::Headers,
    Harm::HalfBodies,
    Harm::Megabytes,
    Harm::Flood,
];

#[tokio::test(flavor = "multi_thread")]
async fn the_honest_are_served_while_others_do_harm() {
    measure(20, &[&ALL]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures each way of doing harm by itself: takes minutes"]
async fn how_long_the_honest_wait_while_others_do_harm() {
    let alone: Vec<_> = ALL.iter().map(std::slice::from_ref).collect();
    measure(150, &[alone, vec![&ALL]].concat()).await;
}

/// Payments of each payer under each set of harms, and without any; a table of how long they took.
async fn measure(payments: u64, cases: &[&[Harm]]) {
    let net = up();
    let mut payers: Vec<_> = (0..PAYERS).map(|n| Payer::new(&net, n)).collect();
    println!("| Harm | p50 ms | p99 ms | slowest ms | attempts |\n|---|---|---|---|---|");
    row("none", &pay(&mut payers, payments).await, 0);
    for case in cases {
        let harm = Harmful::start(&net, case);
        // Payments begin once every kind has begun.
        harm.until_all_have_begun().await;
        let waits = pay(&mut payers, payments).await;
        let name = if case.len() == 1 { format!("{:?}", case[0]) } else { "all".to_owned() };
        row(&name, &waits, harm.stop().await);
    }
    net.audit(&[]).await.unwrap();
}

fn row(name: &str, waits: &[Duration], attempts: u64) {
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)].as_millis();
    println!("| {name} | {} | {} | {} | {attempts} |", at(50), at(99), at(100));
}

struct Payer {
    client: Client,
    chain: Chain,
    signer: Signer,
    nonce: u64,
}

impl Payer {
    fn new(net: &Net, n: u32) -> Self {
        let (chain, client) = (net.chain.clone(), net.client(0));
        Self { client, signer: chain.account(n), chain, nonce: 0 }
    }

    async fn pay(&mut self) -> Duration {
        self.nonce += 1;
        let to = self.chain.account(PAYERS).address;
        let tx = self.chain.pay(&self.signer, to, 1, self.nonce);
        let began = Instant::now();
        succeed(&self.client, &tx).await;
        began.elapsed()
    }
}

/// How long each payment took from its submission to its receipt, ascending.
async fn pay(payers: &mut Vec<Payer>, payments: u64) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    for mut payer in payers.drain(..) {
        tasks.spawn(async move {
            let mut waits = Vec::new();
            for _ in 0..payments {
                waits.push(payer.pay().await);
            }
            (payer, waits)
        });
    }
    let mut all = Vec::new();
    for (payer, waits) in tasks.join_all().await {
        payers.push(payer);
        all.extend(waits);
    }
    all.sort_unstable();
    all
}

struct Harmful {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    /// How often each kind has tried.
    attempts: Vec<Arc<AtomicU64>>,
}

impl Harmful {
    fn start(net: &Net, kinds: &[Harm]) -> Self {
        let mut harmful =
            Self { stop: Arc::default(), tasks: JoinSet::new(), attempts: Vec::new() };
        let url = net.entry(0).grpc();
        let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        for kind in kinds {
            let done = Arc::new(AtomicU64::new(0));
            harmful.attempts.push(Arc::clone(&done));
            match kind {
                Harm::Silence => harmful.again(&done, 8, move || silence(address)),
                Harm::RapidReset => harmful.again(&done, 2, move || rapid_reset(address)),
                Harm::Headers => harmful.again(&done, 2, move || headers(address)),
                Harm::HalfBodies => harmful.again(&done, 8, move || half_body(address)),
                Harm::Megabytes => {
                    let client = from_elsewhere(net);
                    harmful.again(&done, 2, move || megabytes(client.clone()));
                }
                Harm::Flood => {
                    let flood = Arc::new(Flood::new(net));
                    harmful.again(&done, 4, move || Arc::clone(&flood).once());
                }
            }
        }
        harmful
    }

    /// Does it again and again, in several tasks.
    fn again<F: Future<Output = ()> + Send>(
        &mut self,
        done: &Arc<AtomicU64>,
        tasks: usize,
        once: impl Fn() -> F + Send + Clone + 'static,
    ) {
        for _ in 0..tasks {
            let (stop, done, once) = (Arc::clone(&self.stop), Arc::clone(done), once.clone());
            self.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    once().await;
                    done.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            });
        }
    }

    async fn until_all_have_begun(&self) {
        let begun = async {
            while self.attempts.iter().any(|count| count.load(Ordering::Relaxed) == 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), begun).await.expect("some harm never began");
    }

    /// How often they have tried.
    async fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.shutdown().await;
        self.attempts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// A connection from the address of those who do harm.
async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(ELSEWHERE, 0))?;
    socket.connect(to).await
}

fn from_elsewhere(net: &Net) -> TxServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(net.entry(0).grpc()).unwrap();
    TxServiceClient::new(endpoint.local_address(Some(ELSEWHERE)).connect_lazy())
}

/// Waits until the validator closes the connection, or a moment at most.
async fn linger(mut stream: TcpStream, patience: Duration) {
    let mut rest = Vec::new();
    drop(tokio::time::timeout(patience, stream.read_to_end(&mut rest)).await);
}

/// 250 connections that are opened and then say nothing: with the eight tasks, 2,000 at a time.
async fn silence(address: SocketAddr) {
    let mut streams = Vec::new();
    for _ in 0..250 {
        streams.extend(connect(address).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Says it on a connection of its own, and waits for what comes of it.
async fn say(address: SocketAddr, bytes: &[u8], patience: Duration) {
    let Ok(mut stream) = connect(address).await else { return };
    // The validator may end it in the midst.
    if stream.write_all(bytes).await.is_ok() {
        linger(stream, patience).await;
    }
}

/// One HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call, without compression (RFC 7541, 6.2.2), and others that fill them up.
fn call_headers(more: &[(&str, &str)]) -> Vec<u8> {
    let own = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/ballast.v1.SupplyService/GetSupply"),
        (":authority", "x"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut block = Vec::new();
    for (name, value) in own.iter().chain(more) {
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541, 5.1).
fn length(block: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else {
        return block.push(u8::try_from(length).unwrap());
    };
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Ten thousand calls on one connection, each taken back at once.
async fn rapid_reset(address: SocketAddr) {
    say(address, &RESETS, Duration::from_millis(300)).await;
}

/// Made once, like all that is sent here: the harmful have machines of their own elsewhere, and
/// must not take these cores for what they say.
static RESETS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let headers = call_headers(&[]);
    let calls = (0..10_000u32).map(|n| 2 * n + 1).flat_map(|id| {
        let reset = frame(RST_STREAM, 0, id, &8u32.to_be_bytes());
        [frame(HEADERS, END_HEADERS, id, &headers), reset].concat()
    });
    PREFACE.iter().copied().chain(calls).collect()
});

/// A call with 64 KiB of headers.
async fn headers(address: SocketAddr) {
    say(address, &LONG_HEADERS, Duration::from_millis(100)).await;
}

static LONG_HEADERS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let long = "y".repeat(64 * 1024);
    let block = call_headers(&[("x", &long)]);
    let mut bytes = PREFACE.to_vec();
    let pieces: Vec<_> = block.chunks(16 * 1024).collect();
    for (n, piece) in pieces.iter().enumerate() {
        let kind = if n == 0 { HEADERS } else { CONTINUATION };
        let flags = if n + 1 == pieces.len() { END_HEADERS } else { 0 };
        bytes.extend(frame(kind, flags, 1, piece));
    }
    bytes
});

/// A request that says 100 bytes and sends 10.
async fn half_body(address: SocketAddr) {
    let request = "POST /ballast.v1.TxService/SubmitTx HTTP/1.1\r\nhost: x\r\n\
                   content-type: application/grpc-web+proto\r\ncontent-length: 100\r\n\r\n\
                   0123456789";
    say(address, request.as_bytes(), Duration::from_secs(1)).await;
}

async fn megabytes(mut client: TxServiceClient<Channel>) {
    let request = v1::SubmitTxRequest { signed_tx: vec![0; 5 << 20] };
    assert!(client.submit_tx(request).await.is_err());
}

/// One account's payments to itself's neighbour, a hundred in a batch, as fast as it goes: signed
/// beforehand, and the same again when all were sent.
struct Flood {
    client: TxServiceClient<Channel>,
    batches: Vec<Vec<Vec<u8>>>,
    next: AtomicU64,
}

impl Flood {
    fn new(net: &Net) -> Self {
        let chain = net.chain.clone();
        let (signer, to) = (chain.account(FLOODER), chain.account(PAYERS).address);
        let batch = |first: u64| -> Vec<_> {
            (first..first + 100).map(|nonce| chain.pay(&signer, to, 1, nonce).encode()).collect()
        };
        let batches = (0..100).map(|n| batch(100 * n + 1)).collect();
        Self { client: from_elsewhere(net), batches, next: AtomicU64::new(0) }
    }

    async fn once(self: Arc<Self>) {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let signed_txs = self.batches[next as usize % self.batches.len()].clone();
        // Whatever it says: most are refused, for their nonces are too far ahead, or were used.
        drop(self.client.clone().submit_batch(v1::SubmitBatchRequest { signed_txs }).await);
    }
}
