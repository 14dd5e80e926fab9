//! A frame on a stream: `u32` big-endian length, then that many bytes.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A buffer begins no larger than this, whatever length the peer claims.
const FIRST_STEP_BYTES: usize = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame of {size} bytes where at most {max} are allowed")]
    TooLong { size: u32, max: u32 },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a length and compares it with its cap.
pub(super) async fn read_length<R>(io: &mut R, max: u32) -> Result<u32, FrameError>
where
    R: AsyncRead + Unpin,
{
    let mut prefix = [0; 4];
    io.read_exact(&mut prefix).await?;
    let size = u32::from_be_bytes(prefix);
    if size > max { Err(FrameError::TooLong { size, max }) } else { Ok(size) }
}

/// Reads the body of a frame. The buffer doubles as bytes arrive: a peer pays for what it claims.
pub(super) async fn read_body<R>(io: &mut R, size: u32) -> io::Result<Vec<u8>>
where
    R: AsyncRead + Unpin,
{
    let length = usize::try_from(size).map_err(io::Error::other)?;
    let mut body = Vec::with_capacity(length.min(FIRST_STEP_BYTES));
    io.take(u64::from(size)).read_to_end(&mut body).await?;
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

/// Writes a frame without flushing it.
pub(super) async fn write<W>(io: &mut W, body: &[u8]) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    let size = u32::try_from(body.len()).map_err(io::Error::other)?;
    io.write_all(&size.to_be_bytes()).await?;
    io.write_all(body).await
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, io::Cursor};

    use super::*;

    fn read(bytes: &[u8], max: u32) -> Result<Vec<u8>, FrameError> {
        block_on(async {
            let mut io = Cursor::new(bytes);
            let size = read_length(&mut io, max).await?;
            Ok(read_body(&mut io, size).await?)
        })
    }

    #[test]
    fn the_bytes_of_a_frame_are_frozen() {
        let mut io = Cursor::new(Vec::new());
        block_on(write(&mut io, b"vote")).unwrap();
        assert_eq!(io.into_inner(), b"\0\0\0\x04vote");
    }

    #[test]
    fn a_frame_at_its_cap_is_read_and_one_byte_more_is_refused() {
        assert_eq!(read(b"\0\0\0\x04vote", 4).unwrap(), b"vote");
        let error = read(b"\0\0\0\x05votes", 4).unwrap_err();
        assert!(matches!(error, FrameError::TooLong { size: 5, max: 4 }));
    }

    #[test]
    fn a_claimed_length_allocates_nothing_and_a_short_body_is_an_error() {
        let error = read(b"\xff\xff\xff\xffvote", u32::MAX).unwrap_err();
        assert!(matches!(error, FrameError::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof));
        assert!(read(b"\0\0", 4).is_err());
        assert_eq!(read(b"\0\0\0\0", 4).unwrap(), b"");
    }
}
