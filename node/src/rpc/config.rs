//! Every limit of the gRPC server, in one place.

use std::net::SocketAddr;
use std::time::Duration;

use super::tls::TlsFiles;

/// The most transactions of one SubmitBatch.
pub const BATCH_TXS_MAX: usize = 8_192;

/// How to serve. [`RpcConfig::new`] has the defaults that the fields name.
#[derive(Clone)]
pub struct RpcConfig {
    /// Where to listen; port 0 takes a free one. An address other than loopback needs TLS.
    pub listen: SocketAddr,
    /// None: plaintext, on loopback only.
    pub tls: Option<TlsFiles>,
    /// How often the files of `tls` are looked at for a renewal. (10 s)
    pub tls_refresh: Duration,
    /// Origins that browsers may call from; empty allows any. (empty)
    pub cors_origins: Vec<String>,
    /// The most bytes of a request. (256 KiB)
    pub request_bytes_max: usize,
    /// The most bytes of a SubmitBatch. (4 MiB)
    pub batch_bytes_max: usize,
    /// The most bytes of an answer that has a page; the page is cut short to fit. (2 MiB)
    pub page_bytes_max: usize,
    /// The most a call may take, from its first byte to its answer. (10 s)
    pub call_timeout: Duration,
    /// The most that WaitTx and GetProof may wait. (60 s)
    pub wait_max: Duration,
    /// The most connections in all, and from one address. (1,024 and 64)
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    /// The most calls of one address each second; twice as many at once. (10,000)
    pub calls_per_second_max: u32,
    /// The most time from the connection to the HTTP/2 preface, a TLS handshake included. (5 s)
    pub preface_timeout: Duration,
    /// A connection on which no byte moves for this long, in either direction, is closed. (HTTP/2
    /// connections are pinged, so only dead ones and HTTP/1.1 ones come to this.) (60 s)
    pub idle_timeout: Duration,
    /// The most calls at once on one connection. (64)
    pub streams_max: u32,
    /// The most bytes of a call's headers. (16 KiB)
    pub header_bytes_max: u32,
    /// How often a silent HTTP/2 connection is pinged, and how long the answer may take.
    /// (20 s and 10 s)
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    /// The most event subscriptions at once. (512)
    pub subscriptions_max: usize,
    /// The most frames that wait for a subscriber. (256)
    pub subscription_frames_max: usize,
    /// A subscriber that takes nothing for this long, with all frames waiting, is closed. (10 s)
    pub subscription_stall: Duration,
    /// The most time between two frames of a subscription. (5 s)
    pub heartbeat: Duration,
    /// How long open calls may take to end once the server stops. (5 s)
    pub drain: Duration,
}

impl RpcConfig {
    pub const fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            tls: None,
            tls_refresh: Duration::from_secs(10),
            cors_origins: Vec::new(),
            request_bytes_max: 256 * 1024,
            batch_bytes_max: 4 * 1024 * 1024,
            page_bytes_max: 2 * 1024 * 1024,
            call_timeout: Duration::from_secs(10),
            wait_max: Duration::from_secs(60),
            connections_max: 1_024,
            connections_per_address_max: 64,
            calls_per_second_max: 10_000,
            preface_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            streams_max: 64,
            header_bytes_max: 16 * 1024,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
            subscriptions_max: 512,
            subscription_frames_max: 256,
            subscription_stall: Duration::from_secs(10),
            heartbeat: Duration::from_secs(5),
            drain: Duration::from_secs(5),
        }
    }
}
