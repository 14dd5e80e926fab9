//! Free ports on loopback.
//!
//! Taken below the range from which the system gives ports to outgoing connections: one of those
//! could otherwise sit on a validator's port while it restarts.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};

use crate::failure::Failure;

const LOWEST: u16 = 10_000;
const ATTEMPTS: u64 = 10_000;

/// `count` different ports that are free now, all held until the last was found.
pub fn free(count: usize) -> Result<Vec<u16>, Failure> {
    let end = ephemeral_start();
    let random = RandomState::new();
    let mut held = Vec::new();
    for attempt in 0..ATTEMPTS {
        if held.len() == count {
            break;
        }
        let span = u64::from(end - LOWEST);
        let port = LOWEST + u16::try_from(random.hash_one(attempt) % span).unwrap_or(0);
        held.extend(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|l| (port, l)));
    }
    if held.len() < count {
        return Err(Failure::internal("there are not enough free ports on 127.0.0.1"));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

/// `count` ports from `base` on; an error names the first that is taken.
pub fn from_base(base: u16, count: usize) -> Result<Vec<u16>, Failure> {
    let mut held = Vec::new();
    for offset in 0..count {
        let port = u16::try_from(offset).ok().and_then(|offset| base.checked_add(offset));
        let port = port.ok_or_else(|| Failure::usage("--base-port is too high"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| Failure::usage(format!("port {port}: {error}")))?;
        held.push((port, listener));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

fn ephemeral_start() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let start = range.split_whitespace().next().and_then(|start| start.parse().ok());
    start.filter(|start| *start > LOWEST + 5_000).unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_different() {
        let mut ports = free(30).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 30);
    }

    #[test]
    fn a_taken_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let failure = from_base(port, 1).unwrap_err();
        assert!(failure.message.contains(&port.to_string()));
    }
}
