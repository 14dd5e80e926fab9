//! One accepted connection: it must show how it begins in time, and may not fall silent for long.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::config::RpcConfig;
use super::listen::Seat;

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most bytes of the first head of an HTTP/1.1 connection (gRPC-web).
const HTTP1_HEAD_MAX: usize = 16 * 1024;
const HTTP1_HEAD_END: &[u8] = b"\r\n\r\n";

/// A TCP stream, the bytes already read from it, and its seat in the census.
pub(super) struct Connection {
    stream: TcpStream,
    /// Read while waiting for the preface; given out again first.
    begun: io::Cursor<Vec<u8>>,
    silence: Pin<Box<Sleep>>,
    idle_timeout: Duration,
    info: TcpConnectInfo,
    _seat: Seat,
}

impl Connection {
    /// Waits until the peer has sent the HTTP/2 preface or a whole HTTP/1.1 head. Under TLS the
    /// handshake's own time limit stands in for that. The caller bounds the time.
    pub(super) async fn admit(
        mut stream: TcpStream,
        peer: SocketAddr,
        seat: Seat,
        config: &RpcConfig,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let begun = match &config.tls {
            None => read_beginning(&mut stream).await?,
            Some(_) => Vec::new(),
        };
        let info = TcpConnectInfo { local_addr: stream.local_addr().ok(), remote_addr: Some(peer) };
        Ok(Self {
            stream,
            begun: io::Cursor::new(begun),
            silence: Box::pin(sleep(config.idle_timeout)),
            idle_timeout: config.idle_timeout,
            info,
            _seat: seat,
        })
    }

    fn poll_fresh(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(done) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.moved();
            return Poll::Ready(done);
        }
        ready!(self.silence.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer fell silent")))
    }

    /// Bytes went through, so the peer is there.
    fn moved(&mut self) {
        let next = Instant::now().checked_add(self.idle_timeout);
        self.silence.as_mut().reset(next.unwrap_or_else(Instant::now));
    }

    fn after_write(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.moved();
        }
        written
    }
}

async fn read_beginning(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut begun = Vec::with_capacity(1024);
    loop {
        let http2 = begun.iter().zip(PREFACE).all(|(got, expected)| got == expected);
        let whole = if http2 {
            begun.len() >= PREFACE.len()
        } else {
            begun.windows(HTTP1_HEAD_END.len()).any(|window| window == HTTP1_HEAD_END)
        };
        if whole {
            return Ok(begun);
        }
        if begun.len() > HTTP1_HEAD_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the first head is too long"));
        }
        if stream.read_buf(&mut begun).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buf.filled().len();
        ready!(Pin::new(&mut this.begun).poll_read(cx, buf))?;
        if buf.filled().len() > filled {
            return Poll::Ready(Ok(()));
        }
        this.poll_fresh(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.after_write(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.after_write(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.info.clone()
    }
}
