//! The network between validators: who is connected, which ways are cut, and what becomes of a
//! frame: lost, delayed, overtaken by later ones or delivered twice. Bytes take time, what waits to
//! leave is bounded, and a frame beyond its lane's cap costs the connection, as in the node's network.

use super::rng::Rng;

/// A frame sent again comes at most this much later.
const ECHO_US: u64 = 400_000;

/// What a way carries: 400 Mbit a second.
const BYTES_EACH_US: u64 = 50;
/// What waits to leave for one peer at most: its messages and batches.
const QUEUE_BYTES: u64 = 48 << 20;
/// Caps of the lanes.
pub const MESSAGE_FRAME_MAX: usize = 256 << 10;
pub const BATCH_FRAME_MAX: usize = 8 << 20;

pub struct Network {
    rng: Rng,
    delay_us: (u64, u64),
    /// Until when each way is taken by what was sent before.
    taken: Vec<Vec<u64>>,
    /// What faults add, for everyone.
    pub weather: Weather,
    /// How many faults cut the way from one to another.
    cuts: Vec<Vec<u8>>,
    /// Both ways or not at all.
    connected: Vec<Vec<bool>>,
}

/// Chances in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub loss: u32,
    pub duplicate: u32,
    pub reorder: u32,
    pub slow_us: u64,
}

/// What becomes of a frame: when it arrives, each time it does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate {
    pub first: Option<u64>,
    pub second: Option<u64>,
    pub overtaken: bool,
    /// There was no room for it in its sender's queue.
    pub crowded: bool,
}

impl Network {
    pub fn new(validators: usize, delay_us: (u64, u64), rng: Rng) -> Self {
        Self {
            rng,
            delay_us,
            taken: vec![vec![0; validators]; validators],
            weather: Weather::default(),
            cuts: vec![vec![0; validators]; validators],
            connected: vec![vec![false; validators]; validators],
        }
    }

    pub fn delay(&mut self) -> u64 {
        self.rng.between(self.delay_us.0, self.delay_us.1)
    }

    /// The fate of a frame of so many bytes sent at `at`.
    pub fn fate(&mut self, (from, to): (usize, usize), bytes: usize, at: u64) -> Fate {
        let Weather { loss, duplicate, reorder, slow_us } = self.weather;
        if !self.is_connected(from, to) || self.is_cut(from, to) || self.rng.chance(loss) {
            return Fate::default();
        }
        let Some(leaves) = self.leave(from, to, bytes as u64, at) else {
            return Fate { crowded: true, ..Fate::default() };
        };
        let overtaken = self.rng.chance(reorder);
        let later = if overtaken { self.rng.below(self.delay_us.1 * 10 + 100_000) } else { 0 };
        let slow = if slow_us > 0 { self.rng.below(slow_us) } else { 0 };
        let first = leaves + self.delay() + later + slow;
        let second = self.rng.chance(duplicate).then(|| first + self.rng.below(ECHO_US));
        Fate { first: Some(first), second, overtaken, crowded: false }
    }

    /// When the last byte has left; none when too much waits before it.
    fn leave(&mut self, from: usize, to: usize, bytes: u64, at: u64) -> Option<u64> {
        let taken = &mut self.taken[from][to];
        let waits = taken.saturating_sub(at) * BYTES_EACH_US;
        if waits + bytes > QUEUE_BYTES {
            return None;
        }
        *taken = at.max(*taken) + bytes / BYTES_EACH_US;
        Some(*taken)
    }

    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts[from][to] > 0
    }

    /// Whether a connection could be made: it needs both ways.
    pub fn is_open(&self, a: usize, b: usize) -> bool {
        !self.is_cut(a, b) && !self.is_cut(b, a)
    }

    pub fn cut(&mut self, from: usize, to: usize) {
        self.cuts[from][to] += 1;
    }

    pub fn mend(&mut self, from: usize, to: usize) {
        self.cuts[from][to] = self.cuts[from][to].saturating_sub(1);
    }

    pub fn is_connected(&self, a: usize, b: usize) -> bool {
        self.connected[a][b]
    }

    pub fn set_connected(&mut self, a: usize, b: usize, connected: bool) {
        self.connected[a][b] = connected;
        self.connected[b][a] = connected;
        // What waited to leave is gone with the connection.
        self.taken[a][b] = 0;
        self.taken[b][a] = 0;
    }
}
