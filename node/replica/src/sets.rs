//! Which validator set decides which height, and who is let in because of it.
//!
//! A set chosen by block `h` decides from height `h + 2`. Execution happens in the step that
//! commits, so whoever has committed a height knows the sets of the next two: whose votes count
//! now, and whose may arrive early. Everything is derived from the stored state, so that a restart
//! at any height finds the same sets.

use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{Committee, PublicKey, Validator};
use ballast_runtime::State;
use ballast_runtime::object::Validators;

/// For how many heights a validator that has left the set may stay connected: enough for one that
/// lags a little to learn that it has left.
pub const GRACE_HEIGHTS: u64 = 32;

/// Who decides a height, and who of them is passed over as a proposer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seats {
    pub set: Committee,
    /// Ascending.
    pub passed: Vec<PublicKey>,
}

impl Seats {
    fn of(height: u64, state: &State) -> Self {
        let passed = state.validators().turns.passed_at(height);
        Self { set: state.committee(height).clone(), passed }
    }

    fn move_to(&mut self, height: u64, state: &State) {
        set_to(&mut self.set, state.committee(height));
        self.passed = state.validators().turns.passed_at(height);
    }

    /// Whose turn it is.
    pub fn proposer(&self, height: u64, round: u32) -> &Validator {
        let passed = if planted(Bug::NobodyPassedOver) { &[] } else { self.passed.as_slice() };
        self.set.proposer(passed, height, round)
    }
}

/// The validator sets that the chain's end has fixed, and the one that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sets {
    /// The height that `current` decides.
    height: u64,
    previous: Committee,
    current: Seats,
    next: Seats,
}

impl Sets {
    /// The sets after the block at `tip`, whose results are `state`.
    pub fn after(tip: u64, state: &State) -> Self {
        let height = tip.saturating_add(1);
        Self {
            height,
            previous: state.validators().at(tip).clone(),
            current: Seats::of(height, state),
            next: Seats::of(height.saturating_add(1), state),
        }
    }

    /// The set that decided the tip. After a restart, and only if the tip and the block before it
    /// both chose a set, it is the one after that: then a certificate of the tip by the former
    /// proves nothing here.
    pub const fn previous(&self) -> &Committee {
        &self.previous
    }

    /// The set that decides the height after the tip.
    pub const fn current(&self) -> &Committee {
        &self.current.set
    }

    /// The set that decides the height after that.
    pub const fn next(&self) -> &Committee {
        &self.next.set
    }

    /// Who decides `height` in which turns, if the chain has fixed it and has not passed it.
    pub fn seats(&self, height: u64) -> Option<&Seats> {
        match height.checked_sub(self.height)? {
            0 => Some(&self.current),
            1 => Some(&self.next),
            _ => None,
        }
    }

    /// The set that decides `height`, likewise.
    pub fn of(&self, height: u64) -> Option<&Committee> {
        self.seats(height).map(|seats| &seats.set)
    }

    /// Whether `key` is in the set that decides `height`.
    pub fn has(&self, height: u64, key: &PublicKey) -> bool {
        self.of(height).is_some_and(|set| set.get(key).is_some())
    }

    /// Whether `key` is in one of the two sets.
    pub fn knows(&self, key: &PublicKey) -> bool {
        self.current().get(key).is_some() || self.next().get(key).is_some()
    }

    /// Moves on to the sets after `tip`.
    pub(crate) fn advance(&mut self, tip: u64, state: &State) {
        self.height = tip.saturating_add(1);
        set_to(&mut self.previous, &self.current.set);
        self.current.move_to(self.height, state);
        if !planted(Bug::NextSetForgotten) {
            self.next.move_to(self.height.saturating_add(1), state);
        }
    }
}

/// Sets hardly ever change: comparing costs less than copying.
fn set_to(kept: &mut Committee, new: &Committee) {
    if kept != new {
        kept.clone_from(new);
    }
}

/// Who may be connected after the block at `tip`: the newest set, from the block that chose it on,
/// two heights before it decides; and who was in the one before it, until [`GRACE_HEIGHTS`] after
/// that one's last height. An entry that both sets hold alike is named once.
pub fn listed(validators: &Validators, tip: u64) -> Vec<&Validator> {
    let mut listed: Vec<_> = validators.set.validators().iter().collect();
    let graced = tip < validators.from_height.saturating_add(GRACE_HEIGHTS);
    if let Some(before) = validators.before.as_ref().filter(|_| graced) {
        let left = |v: &&Validator| validators.set.get(&v.key).is_none_or(|now| now.peer != v.peer);
        listed.extend(before.validators().iter().filter(left));
    }
    listed
}

#[cfg(test)]
mod tests {
    use ballast_primitives::{Names, SecretKey, Turns, codec};
    use ballast_runtime::{Key, Object, dev};

    use super::*;

    fn validator(n: usize, peer: usize) -> Validator {
        Validator {
            key: SecretKey::dev("sets", &format!("key {n}")).public(),
            peer: SecretKey::dev("sets", &format!("peer {peer}")).public(),
            power: 1,
            name: format!("validator-{n}"),
        }
    }

    fn committee(members: &[(usize, usize)]) -> Committee {
        Committee::new(members.iter().map(|(n, peer)| validator(*n, *peer)).collect()).unwrap()
    }

    fn names(validators: &Validators, tip: u64) -> Vec<(String, PublicKey)> {
        let mut names: Vec<_> =
            listed(validators, tip).into_iter().map(|v| (v.name.clone(), v.peer)).collect();
        names.sort();
        names
    }

    /// A state whose block of height `from_height - 2` chose `set` after `before`.
    fn state(before: &Committee, set: &Committee, from_height: u64) -> State {
        let genesis = dev::genesis(&dev::DevSpec {
            chain_id: 1,
            time: 1,
            validators: before.validators().to_vec(),
            accounts: 1,
            balance: 1,
            seed: "sets".to_owned(),
        });
        let mut leaves: Vec<_> =
            State::from_genesis(&genesis.unwrap()).unwrap().changes().collect();
        let key = codec::encode(&Key::Validators);
        let leaf = leaves.iter_mut().find(|leaf| leaf.key == key).unwrap();
        let (set, before) = (set.clone(), Some(before.clone()));
        leaf.value = codec::encode(&Object::Validators(Box::new(Validators {
            set,
            from_height,
            before,
            turns: Turns::default(),
            named: Names::default(),
        })));
        State::restore(leaves).unwrap()
    }

    #[test]
    fn each_height_has_its_own_set_whether_the_sets_were_kept_or_read_back() {
        let (old, new) = (committee(&[(0, 0), (1, 1)]), committee(&[(0, 0), (2, 2)]));
        let state = state(&old, &new, 12);
        let newcomer = validator(2, 2).key;
        let mut kept = Sets::after(9, &state);
        for (tip, current, next) in
            [(9, &old, &old), (10, &old, &new), (11, &new, &new), (12, &new, &new)]
        {
            kept.advance(tip, &state);
            assert_eq!(kept, Sets::after(tip, &state));
            assert_eq!((kept.current(), kept.next()), (current, next), "after {tip}");
            let expected = [None, Some(current), Some(next), None];
            assert_eq!([0, 1, 2, 3].map(|ahead| kept.of(tip + ahead)), expected);
            assert_eq!(kept.has(tip + 2, &newcomer), next == &new);
        }
    }

    #[test]
    fn newcomers_are_let_in_at_once_and_those_who_left_stay_for_the_grace() {
        let validators = Validators {
            set: committee(&[(0, 0), (1, 7), (3, 3)]),
            from_height: 12,
            before: Some(committee(&[(0, 0), (1, 1), (2, 2)])),
            turns: Turns::default(),
            named: Names::default(),
        };
        let entry = |n: usize, peer: usize| (format!("validator-{n}"), validator(n, peer).peer);
        let mut all = vec![entry(0, 0), entry(1, 1), entry(1, 7), entry(2, 2), entry(3, 3)];
        all.sort();
        let mut new = vec![entry(0, 0), entry(1, 7), entry(3, 3)];
        new.sort();
        for (tip, expected) in
            [(10, &all), (12, &all), (11 + GRACE_HEIGHTS, &all), (12 + GRACE_HEIGHTS, &new)]
        {
            assert_eq!(&names(&validators, tip), expected, "after {tip}");
        }
    }
}
