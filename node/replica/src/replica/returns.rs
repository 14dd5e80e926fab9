//! Coming back after having been passed over: by one's own statement, which another's block holds.

use super::*;

impl Replica {
    /// Says that this validator is well again, if it is passed over, and it is, and it is time to.
    pub(super) fn say_return(&mut self) {
        let next = self.tip.height.saturating_add(1);
        let standing = self.state.validators().turns.get(&self.key);
        let Some(standing) = standing.filter(|s| s.is_out() && s.due() <= next) else { return };
        if !self.is_well() {
            return;
        }
        if let Some(said) = self.host.sign_return(standing.from) {
            self.effects.push(Effect::Broadcast(Message::Return(said)));
        }
    }

    /// Whether this validator would keep its turns, as far as it knows.
    fn is_well(&self) -> bool {
        self.is_validator() && self.lag() == 0 && self.own_skew().is_none()
    }

    pub(super) fn on_return(&mut self, from: PublicKey, said: Return) {
        if said.validator != from {
            return self.bad_peer(from, Offence::Forgery, "said for another that it is well");
        }
        let known = self.returns.get(&from) == Some(&said);
        if known || !self.may_return(&said) {
            return;
        }
        match self.host.return_is_genuine(&said) {
            true => drop(self.returns.insert(from, said)),
            false => {
                self.bad_peer(from, Offence::Forgery, "said with a bad signature that it is well");
            }
        }
    }

    fn may_return(&self, said: &Return) -> bool {
        // Kept until it is due.
        self.state.validators().turns.may_return(said, u64::MAX)
    }

    /// What the next block may hold.
    pub(super) fn due_returns(&self) -> Vec<Return> {
        let (turns, next) = (&self.state.validators().turns, self.tip.height.saturating_add(1));
        self.returns.values().filter(|said| turns.may_return(said, next)).copied().collect()
    }

    /// Forgets what can no longer stand in a block.
    pub(super) fn forget_returns(&mut self) {
        let turns = &self.state.validators().turns;
        self.returns.retain(|_, said| turns.may_return(said, u64::MAX));
    }
}
