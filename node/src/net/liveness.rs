//! Which connections still answer.
//!
//! libp2p's ping reports a failure only when it is the second in a row, and its second try has
//! ten more seconds to open a stream: too late. But it reports every success, so we look at those:
//! a connection without one for `ping_interval + ping_timeout` is dead.

use std::{collections::HashMap, time::Duration};

use libp2p::swarm::ConnectionId;
use tokio::time::{self, Instant, Interval, MissedTickBehavior};

use super::NetLimits;

pub(super) struct Liveness {
    answered: HashMap<ConnectionId, Instant>,
    patience: Duration,
    tick: Interval,
}

impl Liveness {
    pub fn new(limits: &NetLimits) -> Self {
        let patience = limits.ping_interval.saturating_add(limits.ping_timeout);
        let mut tick = time::interval((patience / 16).max(Duration::from_millis(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { answered: HashMap::new(), patience, tick }
    }

    /// A connection was opened.
    pub fn opened(&mut self, id: ConnectionId) {
        self.answered.insert(id, Instant::now());
    }

    /// The peer has answered a ping.
    pub fn answered(&mut self, id: ConnectionId) {
        if let Some(at) = self.answered.get_mut(&id) {
            *at = Instant::now();
        }
    }

    pub fn closed(&mut self, id: ConnectionId) {
        self.answered.remove(&id);
    }

    /// Waits for the next look, and names the connections that are dead. Safe to cancel.
    pub async fn dead(&mut self) -> Vec<ConnectionId> {
        let now = self.tick.tick().await;
        let silent = |at: &Instant| now.saturating_duration_since(*at) > self.patience;
        self.answered.iter().filter(|(_, at)| silent(at)).map(|(id, _)| *id).collect()
    }
}
