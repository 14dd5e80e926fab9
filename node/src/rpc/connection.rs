//! One accepted connection: it must show how it begins in time, may not fall silent for long,
//! and goes when another needs its place.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::transport::server::Connected;

use super::census::Seat;
use super::config::RpcConfig;
use super::rate::Caller;

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most bytes of the first head of an HTTP/1.1 connection (gRPC-web).
const HTTP1_HEAD_MAX: usize = 16 * 1024;
const HTTP1_HEAD_END: &[u8] = b"\r\n\r\n";

/// What bytes go through: TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream, the bytes already read from it, and its seat in the census.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// Read while waiting for the preface; given out again first.
    begun: io::Cursor<Vec<u8>>,
    silence: Pin<Box<Sleep>>,
    idle_timeout: Duration,
    /// Another needs the place.
    displaced: Pin<Box<WaitForCancellationFutureOwned>>,
    seat: Seat,
}

impl Connection {
    /// Waits for the TLS handshake, if there is one, and then until the peer has sent the HTTP/2
    /// preface or a whole HTTP/1.1 head. The caller bounds the time.
    pub(super) async fn admit(
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        seat: Seat,
        config: &RpcConfig,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.accept(stream).await?),
        };
        let begun = read_beginning(&mut stream).await?;
        Ok(Self {
            stream,
            begun: io::Cursor::new(begun),
            silence: Box::pin(sleep(config.idle_timeout)),
            idle_timeout: config.idle_timeout,
            displaced: Box::pin(seat.visit.leave.clone().cancelled_owned()),
            seat,
        })
    }

    fn poll_fresh(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(done) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.moved();
            return Poll::Ready(done);
        }
        if self.displaced.as_mut().poll(cx).is_ready() {
            let why = "idle, and its place was needed";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why)));
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

async fn read_beginning(stream: &mut dyn Stream) -> io::Result<Vec<u8>> {
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
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        Caller(Arc::clone(&self.seat.visit))
    }
}
