//! The version of the rules: what the next block needs, and what this program and its peers'
//! programs execute.
//!
//! A program that lacks the version of the next height is outdated: it decides, signs and executes
//! nothing any more, asks for no blocks and takes no transactions. It still says its height and
//! answers from what it has; another release goes on from there.

use super::*;

/// What a node says that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// The newest version of the rules that it executes; it executes every earlier one, too.
    pub version: u32,
    /// Digest of the release; zero when it is not known.
    pub release: Hash,
}

/// Which rules hold for the height after `height`, whose state holds `upgrade`. Without them the
/// rules of `height` itself, and true: the program is outdated.
pub(super) fn rules_after(
    rulebook: Rulebook,
    upgrade: &Upgrade,
    height: u64,
) -> Result<(&'static Rules, bool), String> {
    if let Some(rules) = rulebook.at(upgrade, height.saturating_add(1)) {
        return Ok((rules, false));
    }
    rulebook.of(upgrade.current).map(|rules| (rules, true)).ok_or_else(|| {
        format!(
            "the state at height {height} is of version {} of the rules, and this program has \
             versions up to {}: install the release that was here before, or a later one",
            upgrade.current,
            rulebook.newest()
        )
    })
}

impl Replica {
    /// Whether the next height needs rules that this program lacks.
    pub const fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// The version of the rules in force, and the one that is scheduled.
    pub fn upgrade(&self) -> &Upgrade {
        self.state.upgrade()
    }

    /// What this node runs.
    pub fn program(&self) -> Program {
        Program { version: self.config.rulebook.newest(), release: self.config.release }
    }

    /// What the validators of the next height say that they run, this one included; none of whom
    /// nothing was heard.
    pub fn programs(&self) -> impl Iterator<Item = (&Validator, Option<Program>)> {
        self.sets.current().validators().iter().map(|validator| {
            let heard = self.programs.get(&validator.key).copied();
            (validator, if validator.key == self.key { Some(self.program()) } else { heard })
        })
    }

    /// Chooses the rules of the height after the tip.
    pub(super) fn choose_rules(&mut self) {
        let upgrade = self.state.upgrade();
        match rules_after(self.config.rulebook, upgrade, self.tip.height) {
            Ok((rules, outdated)) => {
                self.tip.rules = rules;
                self.outdated = outdated;
            }
            Err(why) => self.halt(&why),
        }
        if self.outdated {
            self.host.safety_mut().withhold(true);
        }
        self.tell_of_upgrade();
    }

    /// Tells the operator, once, of a version that is scheduled, and of being outdated.
    pub(super) fn tell_of_upgrade(&mut self) {
        let upgrade = *self.state.upgrade();
        let Upgrade { version, code, height, .. } = upgrade;
        if self.told != upgrade && upgrade.is_pending() {
            let known = self.config.rulebook.of(version).is_some();
            let notice = Notice::UpgradeScheduled { version, height, code, known };
            self.effects.push(Effect::Notice(notice));
        }
        self.told = upgrade;
        if self.outdated {
            self.effects.push(Effect::Notice(Notice::Outdated { version, height, code }));
        }
    }

    /// Whether the next block may name a batch of these transactions.
    pub(super) fn knows(&self, txs: &[VerifiedTx]) -> bool {
        let since = self.config.rulebook.since(txs);
        since.is_some_and(|since| since <= self.tip.rules.version)
    }

    pub(super) fn program_message(&self) -> Message {
        let Program { version, release } = self.program();
        Message::Program { version, release }
    }
}
