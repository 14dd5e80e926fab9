//! Deadlines on the monotonic clock, kept by the replica so that the shell needs only one timer.

use std::collections::BTreeMap;

use arc_malachitebft_core_types::{Timeout, TimeoutKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    Propose(u32),
    Prevote(u32),
    Precommit(u32),
    Rebroadcast(u32),
    /// Start the next height.
    Start,
    /// Seal the open batch.
    Seal,
    /// Go on catching up.
    CatchUp,
    /// Status, requests for what is missing.
    Housekeeping,
}

impl Timer {
    /// The core's timeouts; none for the one that is never scheduled here.
    pub fn from_timeout(timeout: Timeout) -> Option<Self> {
        let round = timeout.round.as_u32()?;
        match timeout.kind {
            TimeoutKind::Propose => Some(Self::Propose(round)),
            TimeoutKind::Prevote => Some(Self::Prevote(round)),
            TimeoutKind::Precommit => Some(Self::Precommit(round)),
            TimeoutKind::Rebroadcast => Some(Self::Rebroadcast(round)),
            TimeoutKind::FinalizeHeight(_) => None,
        }
    }

    /// The core's timeout this is, if it is one.
    pub fn timeout(self) -> Option<Timeout> {
        match self {
            Self::Propose(round) => Some(Timeout::propose(round.into())),
            Self::Prevote(round) => Some(Timeout::prevote(round.into())),
            Self::Precommit(round) => Some(Timeout::precommit(round.into())),
            Self::Rebroadcast(round) => Some(Timeout::rebroadcast(round.into())),
            Self::Start | Self::Seal | Self::CatchUp | Self::Housekeeping => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Timers(BTreeMap<Timer, u64>);

impl Timers {
    pub fn set(&mut self, timer: Timer, deadline: u64) {
        self.0.insert(timer, deadline);
    }

    /// Sets a timer that is not running.
    pub fn set_if_unset(&mut self, timer: Timer, deadline: u64) {
        self.0.entry(timer).or_insert(deadline);
    }

    /// Brings a timer that is running forward to `deadline`.
    pub fn set_earlier(&mut self, timer: Timer, deadline: u64) {
        if let Some(at) = self.0.get_mut(&timer) {
            *at = deadline.min(*at);
        }
    }

    pub fn is_set(&self, timer: Timer) -> bool {
        self.0.contains_key(&timer)
    }

    pub fn cancel(&mut self, timer: Timer) {
        self.0.remove(&timer);
    }

    /// Cancels every timeout of the core.
    pub fn cancel_consensus(&mut self) {
        self.0.retain(|timer, _| timer.timeout().is_none());
    }

    pub fn next_deadline(&self) -> Option<u64> {
        self.0.values().min().copied()
    }

    /// Takes one timer that is due, the earliest first.
    pub fn take_due(&mut self, now: u64) -> Option<Timer> {
        let (timer, _) = self.0.iter().filter(|(_, at)| **at <= now).min_by_key(|(_, at)| **at)?;
        let timer = *timer;
        self.0.remove(&timer);
        Some(timer)
    }
}
