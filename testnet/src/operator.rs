//! Asking a validator's operator port: one HTTP/1.0 request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;

const PATIENCE: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// The part of `/status` that is shown here.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    pub ready: bool,
    pub height: u64,
    pub peers_connected: usize,
    pub syncing: bool,
    pub voting: String,
}

/// Whether `/readyz` answers 200, and if not why.
pub fn ready(at: SocketAddr) -> Result<(), String> {
    match get(at, "/readyz?verbose") {
        Ok((200, _)) => Ok(()),
        Ok((_, why)) => Err(why),
        Err(error) => Err(format!("the operator port does not answer: {error}")),
    }
}

pub fn live(at: SocketAddr) -> bool {
    matches!(get(at, "/livez"), Ok((200, _)))
}

pub fn status(at: SocketAddr) -> Option<Status> {
    let (_, body) = get(at, "/status").ok()?;
    serde_json::from_str(&body).ok()
}

/// The value of a metric, all its labels together.
pub fn metric(at: SocketAddr, name: &str) -> Option<f64> {
    let (_, body) = get(at, "/metrics").ok()?;
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let labels = rest.starts_with('{').then(|| rest.split_once('}'));
        labels.map_or(Some(rest), |rest| Some(rest?.1))?.strip_prefix(' ')?.parse::<f64>().ok()
    };
    body.lines().filter_map(value).reduce(|sum, more| sum + more)
}

/// The HTTP status code and the body.
fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| io::Error::other("not an HTTP answer"))
}

fn parse(text: &str) -> Option<(u16, String)> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let code = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    Some((code.parse().ok()?, body.to_owned()))
}
