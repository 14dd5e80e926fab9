//! Says now and then how far a run is, and how long the rest will take.

use std::time::{Duration, Instant};

use super::faults::Fault;
use super::machine::Machine;

const EVERY: Duration = Duration::from_secs(10);

pub struct Progress<'a> {
    kinds: Vec<Kind<'a>>,
    at: usize,
    said: Instant,
}

/// One kind of fault: how often, and what is known of how long one takes.
struct Kind<'a> {
    fault: &'a Fault,
    count: u32,
    done: u32,
    took: Duration,
}

impl Kind<'_> {
    fn left(&self) -> Duration {
        let each = self.took.checked_div(self.done).unwrap_or(self.fault.typical);
        each * self.count.saturating_sub(self.done)
    }
}

impl<'a> Progress<'a> {
    /// What the machine cannot do takes no time.
    pub fn new(faults: &'a [(Fault, u32)], machine: &Machine) -> Self {
        let kind = |(fault, count): &'a (Fault, u32)| {
            let skipped = fault.needs.iter().any(|need| machine.lacks(*need).is_some());
            let count = if skipped { 0 } else { *count };
            Kind { fault, count, done: 0, took: Duration::ZERO }
        };
        Self { kinds: faults.iter().map(kind).collect(), at: 0, said: Instant::now() }
    }

    /// The kind at this place of the plan begins.
    pub fn begin(&mut self, at: usize) {
        self.at = at;
        self.say();
    }

    /// One more was injected and recovered from.
    pub fn injected(&mut self, took: Duration) {
        if let Some(kind) = self.kinds.get_mut(self.at) {
            kind.done += 1;
            kind.took += took;
        }
        if self.said.elapsed() >= EVERY {
            self.say();
        }
    }

    fn say(&mut self) {
        self.said = Instant::now();
        if let Some(kind) = self.kinds.get(self.at) {
            let left: Duration = self.kinds.iter().map(Kind::left).sum();
            let (name, done, count) = (kind.fault.name, kind.done, kind.count);
            eprintln!("{name}: {done} of {count}; about {} s left in all", left.as_secs());
        }
    }
}
