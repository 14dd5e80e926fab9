//! The times of blocks: a little later, much later, or at the very edge of an interval.

use ballast_primitives::{Address, Hash};
use ballast_runtime::limits::{DAY_MS, FREEZE_COOLDOWN_MS, HOUR_MS, PAUSE_COOLDOWN_MS};
use ballast_runtime::object::{ProposalStatus, RedemptionStatus, Role, Scope};
use ballast_runtime::{Key, Object};

use crate::world::World;

/// No jump is longer, and most are much shorter, or every role, report and registration would
/// have run out.
const JUMP_MS_MAX: u64 = 8 * DAY_MS;
const USUAL_JUMP_MS_MAX: u64 = 12 * HOUR_MS;

impl World {
    /// The time of the next block.
    pub fn next_time(&mut self) -> u64 {
        let last = self.context.time;
        let step = match self.rng.below(100) {
            0..60 => 1 + self.rng.below(2_000),
            60..74 => 1 + self.rng.below(60_000),
            74..80 => 1 + self.rng.below(2 * HOUR_MS),
            80 => 1 + self.rng.below(DAY_MS),
            81 => 1 + HOUR_MS - last % HOUR_MS,
            _ => return self.edge().unwrap_or(last + 500),
        };
        last + step
    }

    /// A time next to the end of something, not far ahead.
    fn edge(&mut self) -> Option<u64> {
        let last = self.context.time;
        let most = if self.rng.chance(12) { JUMP_MS_MAX } else { USUAL_JUMP_MS_MAX };
        let mut edges = self.edges();
        edges.retain(|edge| (last + 1..last + most).contains(edge));
        edges.sort_unstable();
        // Mostly what ends soon: what is far would end everything before it.
        let near = edges.len().min(if self.rng.chance(85) { 6 } else { usize::MAX });
        let edge = *edges[..near].get(self.rng.index(near.max(1)))?;
        Some(self.near(edge).max(last + 1))
    }

    fn edges(&mut self) -> Vec<u64> {
        let mut edges = Vec::new();
        let council = self.state.council();
        for number in &council.open {
            if let Some(proposal) = self.state.proposal(*number) {
                match (proposal.status, proposal.eta) {
                    (ProposalStatus::Approved, Some(eta)) => {
                        edges.extend([eta, eta + council.grace_ms]);
                    }
                    _ => edges.push(proposal.created + council.ttl_ms),
                }
            }
        }
        edges.extend(council.delays.iter().filter_map(|delay| Some(delay.shorter?.1)));
        for scope in Scope::ALL {
            let pause = self.state.pause(scope);
            edges.extend([pause.until, pause.short_until + PAUSE_COOLDOWN_MS]);
        }
        if let Some((_, report)) = self.state.latest_report() {
            edges.push(report.body.as_of + self.state.policy().report_max_age_ms);
        }
        edges.extend(self.edges_of_objects());
        edges
    }

    fn edges_of_objects(&mut self) -> Vec<u64> {
        let mut edges = Vec::new();
        let (first, last) = (self.hash(), Hash([255; 32]));
        let (from, role) = (Address(self.rng.bytes()), self.rng.pick(&Role::ALL));
        let to = Address([255; 32]);
        let some = [
            self.some(Key::Role(role, from), Key::Minter(Address([0; 32])), 12),
            self.some(Key::Deposit(first), Key::Deposit(last), 6),
            self.some(Key::Redemption(first), Key::Redemption(last), 12),
            self.some(Key::Allowance(from, from), Key::Allowance(to, to), 6),
        ];
        for _ in 0..12 {
            let who = self.person();
            let account = self.account(&who);
            edges.push(account.kyc_until);
            if account.freeze.until > 0 {
                let until = account.freeze.until;
                edges.extend([until, until + FREEZE_COOLDOWN_MS]);
            }
        }
        for (_, object) in some.into_iter().flatten() {
            match object {
                Object::Role(grant) => edges.push(grant.valid_until),
                Object::Deposit(deposit) => edges.push(deposit.final_at),
                Object::Redemption(redemption)
                    if redemption.status == RedemptionStatus::Requested =>
                {
                    edges.push(redemption.due_at);
                }
                Object::Allowance(allowance) => edges.push(allowance.expires),
                _ => {}
            }
        }
        edges
    }
}
