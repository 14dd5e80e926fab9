//! Ways to do harm that need no keys: those of clients at the gRPC port and of strangers at the peer
//! port, each from addresses of its own, as raw bytes.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ballast_proto::v1;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

use crate::chain::Chain;
use crate::cluster::Cluster;
use crate::failure::Failure;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Dev accounts: who floods, and who is paid.
const FLOODER: u32 = 9;
const PAID: u32 = 8;

/// One way to do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
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
    /// As many HTTP/2 connections as there are places, that answer pings and make no call.
    Pings,
    /// Connections to the peer port that never say a word, from 17 addresses.
    PeerSilence,
    /// Handshakes at the peer port that are begun, wrongly, and begun again.
    Handshakes,
    /// Handshakes at the peer port of which a byte comes now and then.
    SlowHandshakes,
}

impl Harm {
    /// Of clients.
    pub const CLIENTS: [Self; 7] = [
        Self::Silence,
        Self::RapidReset,
        Self::Headers,
        Self::HalfBodies,
        Self::Megabytes,
        Self::Flood,
        Self::Pings,
    ];
    /// Of strangers.
    pub const STRANGERS: [Self; 3] = [Self::PeerSilence, Self::Handshakes, Self::SlowHandshakes];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Silence => "client-silence",
            Self::RapidReset => "client-rapid-reset",
            Self::Headers => "client-headers",
            Self::HalfBodies => "client-half-bodies",
            Self::Megabytes => "client-megabytes",
            Self::Flood => "client-flood",
            Self::Pings => "client-pings",
            Self::PeerSilence => "stranger-silence",
            Self::Handshakes => "stranger-handshakes",
            Self::SlowHandshakes => "stranger-slow-handshakes",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Self::CLIENTS.into_iter().chain(Self::STRANGERS).find(|harm| harm.name() == name)
    }
}

/// Whom the harm is done to.
#[derive(Clone)]
pub struct Target {
    grpc: SocketAddr,
    peer: SocketAddr,
    chain: Chain,
}

impl Target {
    pub fn of(cluster: &Cluster, n: usize) -> Result<Self, Failure> {
        let entry = cluster.entry(n);
        let grpc = entry.grpc().trim_start_matches("http://").parse().map_err(Failure::internal)?;
        let peer = SocketAddr::new(IpAddr::V4(entry.host), entry.peer_port);
        Ok(Self { grpc, peer, chain: cluster.chain.clone() })
    }
}

/// Harm being done, until it is told to stop.
pub struct Harmful {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    /// How often each kind was begun.
    attempts: Vec<Arc<AtomicU64>>,
}

impl Harmful {
    /// Must be called inside an async runtime.
    pub fn start(target: &Target, kinds: &[Harm]) -> Result<Self, Failure> {
        let mut harmful =
            Self { stop: Arc::default(), tasks: JoinSet::new(), attempts: Vec::new() };
        for kind in kinds {
            let done = Arc::new(AtomicU64::new(0));
            harmful.attempts.push(Arc::clone(&done));
            harmful.begin(target, *kind, &done)?;
        }
        Ok(harmful)
    }

    fn begin(&mut self, target: &Target, kind: Harm, done: &Arc<AtomicU64>) -> Result<(), Failure> {
        let Target { grpc, peer, .. } = *target;
        match kind {
            Harm::Silence => self.again(done, 8, move || silence(grpc)),
            Harm::RapidReset => self.again(done, 2, move || rapid_reset(grpc)),
            Harm::Headers => self.again(done, 2, move || headers(grpc)),
            Harm::HalfBodies => self.again(done, 8, move || half_body(grpc)),
            Harm::Megabytes => {
                let client = from_elsewhere(grpc)?;
                self.again(done, 2, move || megabytes(client.clone()));
            }
            Harm::Flood => {
                let flood = Arc::new(Flood::new(target)?);
                self.again(done, 4, move || Arc::clone(&flood).once());
            }
            Harm::Pings => {
                let next = Arc::new(AtomicU64::new(0));
                self.again(done, CONNECTIONS, move || pings(grpc, Arc::clone(&next)));
            }
            Harm::PeerSilence => {
                let next = Arc::new(AtomicU64::new(0));
                self.again(done, 17, move || peer_silence(peer, Arc::clone(&next)));
            }
            Harm::Handshakes => self.again(done, 16, move || handshake(peer)),
            Harm::SlowHandshakes => {
                let next = Arc::new(AtomicU64::new(0));
                self.again(done, 128, move || slow_handshake(peer, Arc::clone(&next)));
            }
        }
        Ok(())
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
                    done.fetch_add(1, Ordering::Relaxed);
                    once().await;
                    tokio::task::yield_now().await;
                }
            });
        }
    }

    /// Whether every kind has been begun.
    pub async fn until_all_have_begun(&self, patience: Duration) -> bool {
        let begun = async {
            while self.attempts.iter().any(|count| count.load(Ordering::Relaxed) == 0) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(patience, begun).await.is_ok()
    }

    /// How often they have tried.
    pub async fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.shutdown().await;
        self.attempts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// Where those are who do harm.
const fn elsewhere(n: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + (n % ADDRESSES) as u8))
}

const ADDRESSES: u64 = 17;
/// More than a validator has places for.
const CONNECTIONS: usize = 1_088;

/// A connection from the `n`-th address of those who do harm.
async fn connect(n: u64, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(elsewhere(n), 0))?;
    socket.connect(to).await
}

fn from_elsewhere(grpc: SocketAddr) -> Result<TxServiceClient<Channel>, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{grpc}")).map_err(Failure::internal)?;
    Ok(TxServiceClient::new(endpoint.local_address(Some(elsewhere(0))).connect_lazy()))
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
        streams.extend(connect(0, address).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Says it on a connection of its own, and waits for what comes of it.
async fn say(address: SocketAddr, bytes: &[u8], patience: Duration) {
    let Ok(mut stream) = connect(0, address).await else { return };
    // The validator may end it in the midst.
    if stream.write_all(bytes).await.is_ok() {
        linger(stream, patience).await;
    }
}

/// One HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [length.as_slice(), &[kind, flags], &stream.to_be_bytes(), payload].concat()
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
        return block.push(length.to_le_bytes()[0]);
    };
    block.push(127);
    while rest >= 128 {
        block.push(rest.to_le_bytes()[0] | 128);
        rest /= 128;
    }
    block.push(rest.to_le_bytes()[0]);
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
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
    drop(client.submit_tx(request).await);
}

/// A connection that answers every ping and sends its own twice a second, until it is closed. Not
/// again at once: a stranger elsewhere could not either.
async fn pings(address: SocketAddr, next: Arc<AtomicU64>) {
    let n = next.fetch_add(1, Ordering::Relaxed);
    if let Ok(stream) = connect(n, address).await {
        drop(keep_alive(stream).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn keep_alive(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(PREFACE).await?;
    let (mut arriving, mut leaving) = stream.split();
    let every = Duration::from_millis(500);
    loop {
        let mut head = [0; 9];
        match tokio::time::timeout(every, arriving.read_exact(&mut head)).await {
            Err(_) => leaving.write_all(&frame(PING, 0, 0, &[0; 8])).await?,
            Ok(read) => {
                read?;
                let [a, b, c, kind, flags, ..] = head;
                let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
                arriving.read_exact(&mut payload).await?;
                if kind == PING && flags & ACK == 0 {
                    leaving.write_all(&frame(PING, ACK, 0, &payload)).await?;
                }
            }
        }
    }
}

/// 70 connections to the peer port that say nothing, from one of the addresses.
async fn peer_silence(address: SocketAddr, next: Arc<AtomicU64>) {
    let n = next.fetch_add(1, Ordering::Relaxed);
    let mut streams = Vec::new();
    for _ in 0..70 {
        streams.extend(connect(n, address).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// What a peer says first, and a noise handshake's first message that is none.
const BEGUN: &[u8] = b"\x13/multistream/1.0.0\n\x07/noise\n\0\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

async fn handshake(address: SocketAddr) {
    say(address, BEGUN, Duration::from_millis(100)).await;
}

/// A handshake a byte at a time, as slowly as it is borne.
async fn slow_handshake(address: SocketAddr, next: Arc<AtomicU64>) {
    let n = next.fetch_add(1, Ordering::Relaxed);
    let Ok(mut stream) = connect(n, address).await else {
        return tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for byte in BEGUN {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One account's payments to its neighbour, a hundred in a batch, as fast as it goes: signed
/// beforehand, and the same again when all were sent.
struct Flood {
    client: TxServiceClient<Channel>,
    batches: Vec<Vec<Vec<u8>>>,
    next: AtomicU64,
}

impl Flood {
    fn new(target: &Target) -> Result<Self, Failure> {
        let chain = &target.chain;
        let (signer, to) = (chain.account(FLOODER), chain.account(PAID).address);
        let batch = |first: u64| -> Vec<_> {
            (first..first + 100).map(|nonce| chain.pay(&signer, to, 1, nonce).encode()).collect()
        };
        let batches = (0..100).map(|n| batch(100 * n + 1)).collect();
        Ok(Self { client: from_elsewhere(target.grpc)?, batches, next: AtomicU64::new(0) })
    }

    async fn once(self: Arc<Self>) {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let signed_txs = self.batches[next as usize % self.batches.len()].clone();
        // Whatever it says: most are refused, for their nonces are too far ahead, or were used.
        drop(self.client.clone().submit_batch(v1::SubmitBatchRequest { signed_txs }).await);
    }
}
