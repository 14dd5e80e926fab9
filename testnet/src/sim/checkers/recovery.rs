//! Once faults are healed the chain goes on: every honest validator commits a new block within ten
//! virtual seconds, and in the end all are alike and every client has its answer.

use super::{Checker, Fact, Scene, Verdict};

/// A new block must come within this time of the healing.
pub const RECOVERY_MS: u64 = 10_000;
/// Everyone must be alike within this time of the healing, unless clients still send.
pub const SETTLE_MS: u64 = 60_000;

#[derive(Default)]
pub struct Recovery {
    /// When the faults were healed, and the height then.
    healed: Option<(u64, u64)>,
}

impl Checker for Recovery {
    fn name(&self) -> &'static str {
        "recovery"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Healed { at_ms, height } => {
                self.healed = Some((*at_ms, *height));
                Ok(())
            }
            Fact::Progress { at_ms, heights, clients_waiting } => {
                let Some((healed, height)) = self.healed else { return Ok(()) };
                let since = at_ms - healed;
                let late = heights.iter().find(|(_, at)| *at <= height);
                match late {
                    Some((node, at)) if since >= RECOVERY_MS => Err(format!(
                        "{since} ms after the healing at {height} node {node} has {at}"
                    )),
                    _ if since >= SETTLE_MS => Err(format!(
                        "{since} ms after the healing {clients_waiting} clients wait, {heights:?}"
                    )),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}
