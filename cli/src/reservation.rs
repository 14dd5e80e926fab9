//! Nonces that this machine has given out, so that two commands at once do not take the same one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};

use ballast_primitives::Address;
use ballast_runtime::replay::WINDOW;

use crate::context::Context;
use crate::keystore::Keystore;
use crate::send::now_ms;

/// The last nonce this machine gave out for an account, locked while the next one is taken: two
/// commands at once, or one right after the other, do not take the same one.
pub struct Reservation {
    file: File,
    last: u64,
    /// When the transaction that took it expires.
    until: u64,
}

impl Reservation {
    /// None where nothing can be written: the chain's window alone then decides.
    pub async fn open(ctx: &Context, account: &Address) -> Option<Self> {
        let chain = ctx.chain().await.ok()?;
        let folder = Keystore::open_default().ok()?.home().join("nonces");
        fs::create_dir_all(&folder).ok()?;
        let name: String = chain.genesis.to_string().chars().take(16).collect();
        let path = folder.join(format!("{name}-{}", account.display(chain.network)));
        let mut options = OpenOptions::new();
        let open = options.read(true).write(true).create(true).truncate(false);
        let mut file = open.open(path).ok()?;
        file.lock().ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap_or(0));
        let (last, until) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Some(Self { file, last, until })
    }

    /// The nonce to stay above.
    pub fn floor(&self, high: u64) -> u64 {
        floor(self.last, self.until, high, now_ms())
    }

    /// A nonce that was chosen by hand may be below others that are in flight.
    pub fn take(&mut self, nonce: u64, until: u64, by_hand: bool) {
        let last = if by_hand { self.last.max(nonce) } else { nonce };
        let until = self.until.max(until);
        let text = format!("{last} {until}\n");
        let written = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(text.as_bytes()));
        // Best effort: at worst the chain refuses a nonce.
        drop(written);
    }
}

/// What was given out binds until it expires, as long as the chain's window reaches above it.
const fn floor(last: u64, until: u64, high: u64, now: u64) -> u64 {
    let reachable = last.saturating_sub(high) < WINDOW;
    if now < until && reachable { last } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_given_out_binds_until_it_expires_or_leaves_the_window() {
        assert_eq!(floor(15, 100, 10, 99), 15);
        assert_eq!(floor(15, 100, 10, 100), 0);
        assert_eq!(floor(137, 100, 10, 1), 137);
        assert_eq!(floor(138, 100, 10, 1), 0);
        assert_eq!(floor(5, 100, 10, 1), 5);
    }
}
