//! Asking a running node's operator port: one HTTP/1.0 request, enough for `status` and `doctor`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use thiserror::Error;

use super::status::StatusReport;

const PATIENCE: Duration = Duration::from_secs(3);
const ANSWER_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Error)]
pub enum AskError {
    #[error("no node answers on {address}: {error}")]
    Unreachable { address: SocketAddr, error: io::Error },
    #[error("{address} answers, but not as a Ballast node's operator port")]
    NotOurs { address: SocketAddr },
}

/// The status of the node whose operator port is `address`.
pub fn status(address: SocketAddr) -> Result<StatusReport, AskError> {
    let (_, body) = get(address, "/status")?;
    serde_json::from_str(&body).map_err(|_| AskError::NotOurs { address })
}

/// The HTTP status code and the body of `path`.
pub fn get(address: SocketAddr, path: &str) -> Result<(u16, String), AskError> {
    let text = exchange(address, path).map_err(|error| AskError::Unreachable { address, error })?;
    parse(&text).ok_or(AskError::NotOurs { address })
}

fn exchange(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Option<(u16, String)> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let code = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((code.parse().ok()?, body.to_owned()))
}
