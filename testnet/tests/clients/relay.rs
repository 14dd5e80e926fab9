//! A relay in front of a validator that treats each connection badly in a way of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout_at};

/// How one connection fares.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Closed at once.
    Refused,
    /// Every piece is late by as much.
    Slow(Duration),
    /// Both ways are cut in mid-stream.
    Cut,
    /// What the client says arrives, the answers do not.
    Deaf,
    /// What the client says does not arrive.
    Dumb,
}

impl Fault {
    fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..10) {
            0 => Self::Refused,
            1..4 => Self::Slow(Duration::from_millis(rng.random_range(1..40))),
            4..7 => Self::Cut,
            7..9 => Self::Deaf,
            _ => Self::Dumb,
        }
    }
}

/// Passes connections on, badly until [`Relay::heal`].
pub struct Relay {
    pub url: String,
    is_bad: Arc<AtomicBool>,
}

impl Relay {
    /// The same seed and the same order of connections: the same faults.
    pub async fn start(upstream: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let is_bad = Arc::new(AtomicBool::new(true));
        let bad = Arc::clone(&is_bad);
        tokio::spawn(async move {
            let mut rng = StdRng::seed_from_u64(seed);
            while let Ok((client, _)) = listener.accept().await {
                let fault = bad.load(Ordering::Relaxed).then(|| Fault::any(&mut rng));
                // Long enough for some work, short enough to be in its midst.
                let healthy = Duration::from_millis(rng.random_range(100..1_500));
                tokio::spawn(pass(client, upstream, fault, healthy));
            }
        });
        Self { url, is_bad }
    }

    /// New connections are treated well from now on.
    pub fn heal(&self) {
        self.is_bad.store(false, Ordering::Relaxed);
    }
}

async fn pass(client: TcpStream, upstream: SocketAddr, fault: Option<Fault>, healthy: Duration) {
    if matches!(fault, Some(Fault::Refused)) {
        return;
    }
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    drop(client.set_nodelay(true));
    drop(server.set_nodelay(true));
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let turn = Instant::now() + healthy;
    let delay = match fault {
        Some(Fault::Slow(delay)) => delay,
        _ => Duration::ZERO,
    };
    let end = |spared: fn(Fault) -> bool| match fault {
        None | Some(Fault::Slow(_)) => None,
        Some(fault) if spared(fault) => None,
        Some(_) => Some(turn),
    };
    // A way that is lost stays open for a moment, so that the other way goes on without it.
    let there = copy(client_in, server_out, end(|fault| matches!(fault, Fault::Deaf)), delay);
    let back = copy(server_in, client_out, end(|fault| matches!(fault, Fault::Dumb)), delay);
    let cut = async {
        match fault {
            None | Some(Fault::Slow(_)) => std::future::pending().await,
            Some(Fault::Cut) => tokio::time::sleep_until(turn).await,
            Some(_) => tokio::time::sleep_until(turn + Duration::from_millis(400)).await,
        }
    };
    tokio::select! {
        _ = async { tokio::join!(there, back) } => {}
        () = cut => {}
    }
}

/// Passes bytes on until `end`; from then on it swallows them.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    end: Option<Instant>,
    delay: Duration,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if !delay.is_zero() {
            sleep(delay).await;
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            continue;
        }
        let write = to.write_all(&buffer[..count]);
        let written = match end {
            Some(end) => timeout_at(end, write).await.unwrap_or(Ok(())),
            None => write.await,
        };
        if written.is_err() {
            break;
        }
    }
    drop(to.shutdown().await);
}
