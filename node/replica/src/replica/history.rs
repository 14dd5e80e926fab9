//! Whether this validator knows all that its key has signed. Each start asks the peers, and signs
//! nothing until enough of them have answered to make a quorum with it. Who learns of a message
//! that its sign-state does not know follows without signing, until nothing that it may have signed
//! before can matter any more; who hears of a new one that it did not send shares its key with
//! somebody, and ends.

use std::collections::BTreeSet;

use crate::message::LastSigned;
use crate::witness::Spoken;

use super::*;

/// How often to ask those who have not answered.
const ASK_MS: u64 = 250;
/// How many heights more to follow after a block that is later than the start.
const MORE_HEIGHTS: u64 = 2;
/// A peer is answered no more often, over one connection.
const ANSWER_MS: u64 = 100;

/// A question to the peers, and who has answered it.
#[derive(Debug, Default)]
pub(super) struct Inquiry {
    /// Answers to another one do not count.
    number: u64,
    pending: bool,
    answered: BTreeSet<PublicKey>,
    again_at: u64,
    /// The greatest height that a peer has said it has committed: nobody can tell yet whether it has.
    highest: u64,
    /// When the question was asked first, by this validator's clock.
    since: u64,
    /// When each peer was answered last.
    answers: BTreeMap<PublicKey, u64>,
}

/// A history that is not known.
#[derive(Debug)]
pub(super) struct Unknown {
    /// Since when this is so, by this validator's clock.
    since: u64,
    /// The same by the clocks of peers.
    clocks: BTreeMap<PublicKey, u64>,
    /// The first block whose time is later. What the key signed before, it signed at that height at
    /// most, or at the next, for clocks differ a little.
    passed: Option<u64>,
}

impl Inquiry {
    fn begin(&mut self, number: u64) {
        self.since = number;
        self.number = number.max(self.number + 1);
        self.pending = !planted(Bug::PeersNotAsked);
        self.answered.clear();
        self.again_at = 0;
    }

    pub(super) fn forget(&mut self, peer: &PublicKey) {
        self.answers.remove(peer);
    }
}

impl Replica {
    /// At the start: asks, unless nobody else has a say.
    ///
    /// A block is stored before the sign-state records a vote that was the last to complete its
    /// certificate. So a block that was stored beside this very sign-state is as good a record.
    pub(super) fn begin_history(&mut self, block_is_ours: bool, now: Now) {
        self.inquiry.begin(now.wall_ms);
        let block = self.block.as_ref();
        let own = block.and_then(|block| self.host.hear_certificate(&block.certificate));
        if !self.host.safety().is_history_known() {
            self.forget_history(now);
        }
        match own {
            Some(heard) if block_is_ours => {
                let memory = self.host.safety_mut().approve(heard);
                self.effects.extend(memory.ok().flatten().map(|m| Effect::SignState(m.encode())));
            }
            Some(heard) => self.own_heard(heard, now),
            None => {}
        }
        self.count_answers();
    }

    /// Whether this validator has to wait for answers before it takes part.
    pub(super) fn must_wait(&self) -> bool {
        self.inquiry.pending && self.host.safety().is_history_known() && self.is_validator()
    }

    pub const fn is_history_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    /// Why nothing is signed, when it is for want of knowledge.
    pub fn history(&self) -> Option<String> {
        let answered = self.inquiry.answered.len();
        match &self.unknown {
            Some(Unknown { passed: None, .. }) => Some(
                "what its key has signed is not known; it follows until a block is later than its \
                 start"
                    .to_owned(),
            ),
            Some(Unknown { passed: Some(height), .. }) => Some(format!(
                "what its key has signed is not known; it follows until the peers have heard \
                 nothing of it above height {height}"
            )),
            None if self.must_wait() => {
                Some(format!("it asks its peers what it has signed; {answered} have answered"))
            }
            None => None,
        }
    }

    pub(super) fn on_what_signed(
        &mut self,
        from: PublicKey,
        key: PublicKey,
        number: u64,
        now: Now,
    ) {
        let last = self.inquiry.answers.get(&from).copied();
        if last.is_some_and(|at| now.mono_ms < at.saturating_add(ANSWER_MS)) {
            return;
        }
        self.inquiry.answers.insert(from, now.mono_ms);
        let message = self.newest_of(&key);
        let answer = LastSigned {
            key,
            number,
            message,
            certificate: self.block.as_ref().map(|block| block.certificate.clone()),
            time: now.wall_ms,
        };
        let message = Message::LastSigned(Box::new(answer));
        self.effects.push(Effect::Send { to: from, message });
    }

    pub(super) fn on_last_signed(&mut self, from: PublicKey, answer: &LastSigned, now: Now) {
        let timely = answer.key == self.key && answer.number == self.inquiry.number;
        if !timely || !self.inquiry.pending || !self.sets.knows(&from) {
            return;
        }
        if let Some(certificate) = &answer.certificate {
            self.inquiry.highest = self.inquiry.highest.max(certificate.height);
            self.sync.claim(from, certificate.height);
        }
        if let Some(spoken) = &answer.message {
            if !self.host.is_genuine(&self.key, spoken) {
                self.host.took_forgery();
                return self.bad_peer(
                    from,
                    Offence::Forgery,
                    "showed a message that this validator did not sign",
                );
            }
            self.show(*spoken, now);
        }
        // Begun anew by what was shown, the question waits for new answers.
        if answer.number != self.inquiry.number {
            return;
        }
        if let Some(unknown) = &mut self.unknown {
            unknown.clocks.entry(from).or_insert(answer.time);
        }
        self.inquiry.answered.insert(from);
        self.count_answers();
    }

    /// Looks at a message of this validator's own key that somebody shows.
    fn show(&mut self, spoken: Spoken, now: Now) {
        if let Some(heard) = self.host.hear(self.key, spoken) {
            self.own_heard(heard, now);
        }
    }

    /// A genuine message of this validator's key that its sign-state does not know.
    pub(super) fn own_heard(&mut self, heard: SignState, now: Now) {
        let new_above = match &self.unknown {
            Some(Unknown { passed, .. }) => passed.map(|height| height.saturating_add(1)),
            // It may be from before the start, or at the height that was under way then.
            None if self.inquiry.pending => None,
            None => Some(self.inquiry.highest.max(self.started_at).saturating_add(1)),
        };
        if new_above.is_some_and(|height| heard.height > height) {
            let report = format!(
                "somebody else holds this validator's key: a {:?} at height {}, round {} that was \
                 not signed here. Stop whatever runs with the key elsewhere, or retire the key",
                heard.step, heard.height, heard.round
            );
            self.effects.push(Effect::Notice(Notice::KeyElsewhere { height: heard.height }));
            return self.halt(&report);
        }
        if self.unknown.is_none() {
            self.effects.push(Effect::Notice(Notice::HistoryUnknown {
                height: heard.height,
                round: heard.round,
            }));
            self.forget_history(now);
        }
    }

    fn forget_history(&mut self, now: Now) {
        let memory = self.host.safety_mut().forget();
        self.effects.push(Effect::SignState(memory.encode()));
        let (since, clocks) = (now.wall_ms, BTreeMap::new());
        self.unknown = Some(Unknown { since, clocks, passed: None });
        self.inquiry.begin(now.wall_ms);
    }

    /// After each block: whether it is later than the start of a validator that does not know its
    /// history, by its own clock and by those of so many peers that one of them is right.
    pub(super) fn look_back(&mut self, now: Now) {
        let (height, time) = (self.tip.height, self.tip.time);
        // Another set may need no more answers.
        let since = self.inquiry.since;
        let clocks = self.clocks.offsets();
        let clocks = clocks.map(|(peer, ahead)| (peer, since.saturating_add_signed(ahead)));
        if is_later(time, since, clocks, self.sets.current()) {
            // No peer had a block as high as this one when it was asked.
            self.inquiry.highest = self.inquiry.highest.min(height);
        }
        let Some(unknown) = &mut self.unknown else { return self.count_answers() };
        match unknown.passed {
            None => {
                let clocks = unknown.clocks.iter().map(|(peer, clock)| (peer, *clock));
                if is_later(time, unknown.since, clocks, self.sets.current()) {
                    unknown.passed = Some(height);
                }
            }
            // Whoever else signs with the key has been heard by now.
            Some(passed) if height == passed.saturating_add(MORE_HEIGHTS) => {
                self.inquiry.begin(now.wall_ms);
                self.ask_what_signed(now);
            }
            Some(_) => {}
        }
        self.count_answers();
    }

    /// Ends the question when enough have answered it.
    fn count_answers(&mut self) {
        let set = self.sets.current();
        let answered = &self.inquiry.answered;
        let power = |keys: &mut dyn Iterator<Item = &PublicKey>| -> u128 {
            keys.filter_map(|key| set.get(key)).map(|v| u128::from(v.power)).sum()
        };
        let others = power(&mut answered.iter().filter(|key| **key != self.key));
        let own = power(&mut std::iter::once(&self.key));
        if !self.inquiry.pending || !set.is_quorum(others + own) {
            return;
        }
        match &self.unknown {
            None => self.inquiry.pending = false,
            // Their clocks count as well.
            Some(Unknown { passed: None, clocks, .. }) => {
                self.inquiry.pending = !is_third(set, clocks.keys());
            }
            Some(Unknown { passed: Some(passed), .. })
                if self.tip.height >= passed.saturating_add(MORE_HEIGHTS) =>
            {
                self.inquiry.pending = false;
                self.regain_history();
            }
            Some(_) => {}
        }
    }

    fn regain_history(&mut self) {
        let height = self.tip.height;
        self.unknown = None;
        self.inquiry.highest = height;
        let memory = self.host.safety_mut().go_on_above(height);
        self.effects.push(Effect::SignState(memory.encode()));
        self.effects.push(Effect::Notice(Notice::HistoryRegained { above: height }));
    }

    pub(super) fn ask_what_signed(&mut self, now: Now) {
        if !self.inquiry.pending || now.mono_ms < self.inquiry.again_at || !self.is_asking() {
            return;
        }
        self.inquiry.again_at = now.mono_ms.saturating_add(ASK_MS);
        let message = Message::WhatSigned { key: self.key, number: self.inquiry.number };
        self.effects.push(Effect::Broadcast(message));
    }

    pub(super) fn ask_newcomer(&mut self, peer: PublicKey) {
        if self.inquiry.pending && self.is_asking() && !self.inquiry.answered.contains(&peer) {
            let message = Message::WhatSigned { key: self.key, number: self.inquiry.number };
            self.effects.push(Effect::Send { to: peer, message });
        }
    }

    /// Whoever only follows has nothing to sign.
    fn is_asking(&self) -> bool {
        self.sets.knows(&self.key)
    }

    /// The precommits of a certificate that came with a block.
    pub(super) fn note_precommits(&mut self, certificate: &CommitCertificate, now: Now) {
        if let Some(heard) = self.host.hear_certificate(certificate) {
            self.own_heard(heard, now);
        }
    }
}

/// Whether one of these is honest.
fn is_third<'a>(set: &Committee, keys: impl Iterator<Item = &'a PublicKey>) -> bool {
    set.has_honest(keys.filter_map(|key| set.get(key)).map(|v| u128::from(v.power)).sum())
}

/// Whether a block's time is later than a moment, which this validator's clock called `since`, and
/// the peers' those, so many of them that one is right.
fn is_later<'a>(
    time: u64,
    since: u64,
    clocks: impl Iterator<Item = (&'a PublicKey, u64)>,
    set: &Committee,
) -> bool {
    time > since && is_third(set, clocks.filter(|(_, clock)| *clock < time).map(|(peer, _)| peer))
}
