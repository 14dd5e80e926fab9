//! Makes a failing plan smaller: fewer faults, liars and transactions, shorter faults, a shorter
//! run, as long as the same rule is broken.

use super::checkers::Violation;
use super::plan::Plan;
use super::run;

/// The most runs that shrinking takes.
const RUNS_MAX: usize = 600;

/// The smallest plan found that breaks the rule that `plan` breaks, and how; none if it breaks
/// none.
pub fn shrink(plan: &Plan) -> Option<(Plan, Violation)> {
    let violation = run(plan, None).violation?;
    let mut shrinker = Shrinker { plan: plan.clone(), violation, runs: 0 };
    while shrinker.round() {}
    Some((shrinker.plan, shrinker.violation))
}

struct Shrinker {
    plan: Plan,
    violation: Violation,
    runs: usize,
}

impl Shrinker {
    /// Tries everything once; whether anything helped.
    fn round(&mut self) -> bool {
        let mut helped = self.fewer_faults();
        helped |= self.fewer_liars();
        for change in CHANGES {
            helped |= self.attempt(change);
        }
        for at in 0..self.plan.faults.len() {
            helped |= self.attempt(|plan| {
                let fault = &mut plan.faults[at];
                fault.to_ms = fault.from_ms + (fault.to_ms - fault.from_ms) / 2;
            });
        }
        helped && self.runs < RUNS_MAX
    }

    /// Leaves out parts of the list of faults: halves, then quarters, down to single ones.
    fn fewer_faults(&mut self) -> bool {
        let mut helped = false;
        let mut size = self.plan.faults.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < self.plan.faults.len() {
                let end = (at + size).min(self.plan.faults.len());
                if self.attempt(|plan| drop(plan.faults.drain(at..end))) {
                    helped = true;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        helped
    }

    fn fewer_liars(&mut self) -> bool {
        let mut helped = false;
        let mut at = 0;
        while at < self.plan.liars.len() {
            if self.attempt(|plan| drop(plan.liars.remove(at))) {
                helped = true;
            } else {
                at += 1;
            }
        }
        helped
    }

    /// Keeps a change after which the same rule is broken.
    fn attempt(&mut self, change: impl Fn(&mut Plan)) -> bool {
        let mut candidate = self.plan.clone();
        change(&mut candidate);
        if candidate == self.plan || self.runs >= RUNS_MAX {
            return false;
        }
        self.runs += 1;
        match run(&candidate, None).violation {
            Some(violation) if violation.rule == self.violation.rule => {
                (self.plan, self.violation) = (candidate, violation);
                true
            }
            _ => false,
        }
    }
}

/// Changes to a plan as a whole.
const CHANGES: &[fn(&mut Plan)] = &[
    |plan| plan.load.every_ms *= 4,
    |plan| plan.load.until_ms /= 2,
    |plan| plan.load.accounts = 2,
    |plan| plan.load.valid_ms = (3_000, 5_000),
    |plan| plan.sync_us = 0,
    |plan| plan.delay_us = (1_000, 1_000),
    |plan| plan.heal_ms = plan.heal_ms.min(plan.last_ms().max(1_000)),
    |plan| plan.heal_ms = plan.heal_ms.min(plan.last_ms().max(plan.heal_ms / 2)),
];
