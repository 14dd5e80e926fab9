//! The bytes of a request and its response: one frame each.

use std::io;

use futures::{AsyncRead, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};

use super::{
    NetLimits,
    frame::{self, FrameError},
    handle::RequestError,
};

#[derive(Clone)]
pub(super) struct Codec {
    request_bytes_max: u32,
    response_bytes_max: u32,
}

impl Codec {
    pub fn new(limits: &NetLimits) -> Self {
        Self {
            request_bytes_max: limits.request_bytes_max,
            response_bytes_max: limits.response_bytes_max,
        }
    }
}

async fn read<R: AsyncRead + Unpin>(io: &mut R, max: u32) -> io::Result<Vec<u8>> {
    let size = frame::read_length(io, max).await.map_err(|error| match error {
        FrameError::Io(error) => error,
        // The kind tells a breach of protocol from a broken stream: see `is_breach`.
        too_long => io::Error::new(io::ErrorKind::InvalidData, too_long),
    })?;
    frame::read_body(io, size).await
}

async fn write<W: AsyncWrite + Unpin>(io: &mut W, body: &[u8]) -> io::Result<()> {
    frame::write(io, body).await?;
    io.flush().await
}

/// Whether the peer itself is to blame for this error.
pub(super) fn is_breach(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<FrameError>())
}

pub(super) fn failure(error: request_response::OutboundFailure) -> RequestError {
    use request_response::OutboundFailure;
    match error {
        OutboundFailure::DialFailure => RequestError::NotConnected,
        OutboundFailure::Timeout => RequestError::Timeout,
        OutboundFailure::ConnectionClosed => RequestError::Disconnected,
        OutboundFailure::UnsupportedProtocols => {
            RequestError::Failed("the peer does not take requests".to_owned())
        }
        OutboundFailure::Io(error) => RequestError::Failed(error.to_string()),
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.request_bytes_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.response_bytes_max).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        body: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &body).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        body: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &body).await
    }
}
