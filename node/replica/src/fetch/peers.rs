//! How well each peer answers: whom to ask next, how long to wait, and who is left alone for a
//! while.

use std::collections::BTreeMap;

use ballast_primitives::PublicKey;

/// Questions to one peer for batches that may be open at once, and one more for headers. The network
/// carries more, for what consensus asks.
const OPEN_MAX: u32 = 2;
/// How long to wait for an answer of either kind before any has come, doubled each time in vain.
const WAIT_FIRST_MS: [u64; 2] = [250, 1_500];
const WAIT_MIN_MS: u64 = 250;
pub const WAIT_MAX_MS: u64 = 3_000;
/// How many times the median answer may take before the question goes to another peer.
const WAIT_MEDIANS: u64 = 3;
/// For how long a peer is not asked after its first failure, doubled with each further one.
pub const BAR_MS: u64 = 1_000;
const BAR_DOUBLINGS: u32 = 6;
/// For how long it is not asked even when nobody else is left.
const REST_MS: u64 = 250;
/// So many good answers make up for a failure.
const GOOD_PER_FAILURE: u32 = 16;
/// Of how many peers, gone ones included, something is remembered.
const MARKS_MAX: usize = 256;

/// The two kinds of questions, whose answers differ in size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Headers,
    Batches,
}

#[derive(Clone, Debug, Default)]
struct Mark {
    open: u32,
    failures: u32,
    good: u32,
    failed_at: u64,
    /// Not asked until then.
    barred_until: u64,
    /// How long its answers took lately, by kind.
    took: [Option<u64>; 2],
}

#[derive(Clone, Debug, Default)]
pub struct Peers {
    marks: BTreeMap<PublicKey, Mark>,
    /// Questions in vain since the last answer.
    in_vain: u32,
}

impl Peers {
    /// Of `candidates`, one that is not barred and has room for a question: the least busy one,
    /// then the fastest. When all are barred, whose time is over first, one question at a time and
    /// not at once after it failed.
    pub fn pick(
        &self,
        kind: Kind,
        candidates: impl Iterator<Item = PublicKey>,
        now: u64,
    ) -> Option<PublicKey> {
        let fresh = Mark::default();
        let marked = candidates.map(|peer| (peer, self.marks.get(&peer).unwrap_or(&fresh)));
        let all: Vec<_> = marked.collect();
        let free = all.iter().filter(|(_, mark)| mark.barred_until <= now);
        if free.clone().next().is_some() {
            let most = OPEN_MAX + u32::from(kind == Kind::Headers);
            let (peer, _) = free
                .filter(|(_, mark)| mark.open < most)
                .min_by_key(|(peer, mark)| (mark.open, mark.took(kind), *peer))?;
            return Some(*peer);
        }
        let rested = |mark: &Mark| now >= mark.failed_at.saturating_add(REST_MS);
        let idle = all.iter().filter(|(_, mark)| mark.open == 0 && rested(mark));
        idle.min_by_key(|(_, mark)| mark.barred_until).map(|(peer, _)| *peer)
    }

    /// How long a question of this kind may be open before another peer is asked.
    pub fn patience_ms(&self, kind: Kind) -> u64 {
        let mut took: Vec<_> =
            self.marks.values().filter_map(|mark| *mark.took.get(kind as usize)?).collect();
        took.sort_unstable();
        let wait = match took.get(took.len() / 2) {
            Some(median) => median.saturating_mul(WAIT_MEDIANS).max(WAIT_MIN_MS),
            None => WAIT_FIRST_MS.get(kind as usize).copied().unwrap_or(WAIT_MAX_MS),
        };
        wait.saturating_mul(1 << self.in_vain.min(3)).min(WAIT_MAX_MS)
    }

    pub fn asked(&mut self, peer: PublicKey) {
        self.marks.entry(peer).or_default().open += 1;
    }

    /// A question is open no longer, whatever became of it.
    pub fn closed(&mut self, peer: &PublicKey) {
        if let Some(mark) = self.marks.get_mut(peer) {
            mark.open = mark.open.saturating_sub(1);
        }
    }

    /// A good answer.
    pub fn good(&mut self, peer: PublicKey, kind: Kind, took_ms: u64) {
        self.in_vain = 0;
        let mark = self.marks.entry(peer).or_default();
        if let Some(took) = mark.took.get_mut(kind as usize) {
            // A quarter of what is new, so that one slow answer is not all there is to say.
            *took = Some(took.map_or(took_ms, |before| (3 * before + took_ms) / 4));
        }
        mark.good += 1;
        if mark.good >= GOOD_PER_FAILURE {
            mark.good = 0;
            mark.failures = mark.failures.saturating_sub(1);
        }
    }

    /// A bad answer, or none in time: not asked for a while, which doubles.
    pub fn failed(&mut self, peer: PublicKey, in_time: bool, now: u64) {
        if !in_time {
            self.in_vain = self.in_vain.saturating_add(1);
        }
        let mark = self.marks.entry(peer).or_default();
        mark.failed_at = now;
        mark.barred_until = now.saturating_add(BAR_MS << mark.failures.min(BAR_DOUBLINGS));
        mark.failures = mark.failures.saturating_add(1);
        mark.good = 0;
    }

    /// A peer is gone. What it did wrong is remembered: it may come back at once.
    pub fn gone(&mut self, peer: &PublicKey) {
        if let Some(mark) = self.marks.get_mut(peer) {
            mark.open = 0;
        }
        while self.marks.len() > MARKS_MAX {
            let idle = self.marks.iter().filter(|(_, mark)| mark.open == 0);
            let Some(peer) = idle.min_by_key(|(_, mark)| mark.failures).map(|(peer, _)| *peer)
            else {
                return;
            };
            self.marks.remove(&peer);
        }
    }

    /// How many are not asked at present.
    pub fn barred(&self, now: u64) -> usize {
        self.marks.values().filter(|mark| mark.barred_until > now).count()
    }

    /// How many have a question open.
    pub fn asked_now(&self) -> usize {
        self.marks.values().filter(|mark| mark.open > 0).count()
    }
}

impl Mark {
    /// Who has not been asked yet comes first.
    fn took(&self, kind: Kind) -> u64 {
        self.took.get(kind as usize).copied().flatten().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PublicKey = PublicKey([1; 32]);
    const B: PublicKey = PublicKey([2; 32]);

    fn pick(peers: &Peers, now: u64) -> Option<PublicKey> {
        peers.pick(Kind::Batches, [A, B].into_iter(), now)
    }

    #[test]
    fn the_least_busy_peer_is_asked_and_none_more_often_than_it_may_be() {
        let mut peers = Peers::default();
        let mut asked = Vec::new();
        while let Some(peer) = pick(&peers, 0) {
            peers.asked(peer);
            asked.push(peer);
        }
        assert_eq!(asked, [A, B, A, B]);
        peers.closed(&B);
        assert_eq!(pick(&peers, 0), Some(B));
    }

    #[test]
    fn a_peer_that_fails_is_left_alone_for_twice_as_long_each_time() {
        let mut peers = Peers::default();
        let mut now = 0;
        for wait in [1, 2, 4, 8, 16, 32, 64, 64].map(|times| times * BAR_MS) {
            peers.failed(A, true, now);
            assert_eq!(pick(&peers, now + wait - 1), Some(B), "{wait}");
            assert_eq!(pick(&peers, now + wait), Some(A), "{wait}");
            now += wait;
        }
        (0..8 * GOOD_PER_FAILURE).for_each(|_| peers.good(A, Kind::Headers, 1));
        peers.failed(A, true, now);
        assert_eq!(pick(&peers, now + BAR_MS), Some(A));
    }

    #[test]
    fn when_all_are_barred_one_is_asked_all_the_same() {
        let mut peers = Peers::default();
        peers.failed(A, true, 10);
        peers.failed(B, true, 20);
        assert_eq!(pick(&peers, 10 + REST_MS - 1), None);
        assert_eq!(pick(&peers, 10 + REST_MS), Some(A));
        peers.asked(A);
        assert_eq!(pick(&peers, 20 + REST_MS - 1), None);
        assert_eq!(pick(&peers, 20 + REST_MS), Some(B));
        peers.asked(B);
        assert_eq!(pick(&peers, 20 + REST_MS), None);
    }

    #[test]
    fn the_wait_for_an_answer_follows_what_answers_take() {
        let mut peers = Peers::default();
        let wait = |peers: &Peers| peers.patience_ms(Kind::Headers);
        assert_eq!(wait(&peers), 250);
        peers.failed(A, false, 0);
        assert_eq!(wait(&peers), 500);
        (0..9).for_each(|_| peers.failed(A, false, 0));
        assert_eq!(wait(&peers), 2_000);
        assert_eq!(peers.patience_ms(Kind::Batches), WAIT_MAX_MS);
        peers.good(A, Kind::Headers, 10);
        assert_eq!(wait(&peers), WAIT_MIN_MS);
        peers.good(B, Kind::Headers, 300);
        assert_eq!(wait(&peers), 900);
        assert_eq!(peers.patience_ms(Kind::Batches), 1_500);
    }

    #[test]
    fn what_a_peer_did_wrong_outlives_its_connection_within_bounds() {
        let mut peers = Peers::default();
        peers.failed(A, true, 0);
        for n in 0..2 * MARKS_MAX {
            let mut key = [9; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            peers.asked(PublicKey(key));
            peers.gone(&PublicKey(key));
        }
        assert!(peers.marks.len() <= MARKS_MAX);
        assert_eq!(pick(&peers, 1), Some(B));
    }
}
