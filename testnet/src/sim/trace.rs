//! What happened in a run: a hash over every event, and on demand a log for people.

use std::io::Write;

/// The time and nature of every event go into the hash; lines only to who asked for them.
pub struct Trace {
    hasher: blake3::Hasher,
    events: u64,
    log: Option<Box<dyn Write>>,
}

impl Trace {
    pub fn new(log: Option<Box<dyn Write>>) -> Self {
        Self { hasher: blake3::Hasher::new(), events: 0, log }
    }

    /// Notes an event: when, of which kind, at which node, and what tells it from others.
    pub fn event(&mut self, at: u64, kind: u8, node: usize, detail: &[u8]) {
        self.events += 1;
        self.hasher.update(&at.to_le_bytes());
        self.hasher.update(&[kind, node as u8]);
        self.hasher.update(&(detail.len() as u32).to_le_bytes());
        self.hasher.update(detail);
    }

    /// Adds a line for people; `what` is asked only if someone reads.
    pub fn line(&mut self, at: u64, node: Option<usize>, what: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            let who = node.map_or_else(|| "     ".to_owned(), |node| format!("node{node}"));
            // A reader who has gone away is no reason to stop.
            let _ = writeln!(log, "{:>4}.{:06} {who} {}", at / 1_000_000, at % 1_000_000, what());
        }
    }

    pub const fn events(&self) -> u64 {
        self.events
    }

    /// 16 hex digits.
    pub fn hash(&self) -> String {
        let hash = self.hasher.finalize();
        const_hex::encode(&hash.as_bytes()[..8])
    }
}
