//! Which nonce comes next. The chain accepts any unused one of the 128 above the highest used, and
//! the unused ones below it that its window still reaches.
//!
//! Of one nonce at most one transaction is ever executed. So what was refused, or has expired as
//! far as one knows, gives its nonce to what is built next: if the first one commits after all, the
//! second one cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use ballast_primitives::Address;
use ballast_runtime::replay::{ReplayWindow, WINDOW};

/// The most nonces that are kept to be given out again: whoever chooses them by hand may choose any.
const AGAIN_MAX: usize = 256;

/// What was given out for one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NonceBook {
    /// Nonces of what may be on its way, each with the end of its validity.
    given: BTreeMap<u64, u64>,
    /// Nonces of what was refused, or whose time is over: first to be given out again, until more
    /// than one endpoint shows that the chain has used them.
    again: BTreeSet<u64>,
}

impl NonceBook {
    /// The nonce for a transaction that is valid until `until`; none while all of the window are on
    /// their way. `gone` are those to be given out again that are known not to be of use.
    pub fn next(
        &mut self,
        window: &ReplayWindow,
        gone: &BTreeSet<u64>,
        now: u64,
        until: u64,
    ) -> Option<u64> {
        self.lapse(now);
        self.again.retain(|nonce| !gone.contains(nonce));
        self.given.retain(|nonce, _| *nonce > window.high || window.check(*nonce).is_ok());
        let last = window.high.saturating_add(WINDOW);
        let again = self.again.iter().copied().find(|nonce| *nonce <= last);
        let fresh = || {
            let first = window.high.checked_add(1)?;
            (first..=last).find(|nonce| !self.given.contains_key(nonce))
        };
        let next = again.or_else(fresh)?;
        self.take(next, until);
        Some(next)
    }

    /// Notes a nonce that was chosen by hand.
    pub fn take(&mut self, nonce: u64, until: u64) {
        self.again.remove(&nonce);
        let given = self.given.entry(nonce).or_default();
        *given = until.max(*given);
    }

    /// What had it was refused, or expired: it is given out again.
    pub fn release(&mut self, nonce: u64) {
        self.given.remove(&nonce);
        self.again.insert(nonce);
        if self.again.len() > AGAIN_MAX {
            self.again.pop_last();
        }
    }

    /// What had it is on chain.
    pub fn spent(&mut self, nonce: u64) {
        self.given.remove(&nonce);
        self.again.remove(&nonce);
    }

    /// Those that are given out again.
    pub fn again(&self) -> BTreeSet<u64> {
        self.again.clone()
    }

    /// What can no longer be included gives its nonce to others.
    fn lapse(&mut self, now: u64) {
        let over: Vec<_> = self
            .given
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(nonce, _)| *nonce)
            .collect();
        over.into_iter().for_each(|nonce| self.release(nonce));
    }

    /// As lines of text, for a file: `NONCE UNTIL`, or `NONCE again`.
    pub fn to_text(&self) -> String {
        let given = self.given.iter().map(|(nonce, until)| format!("{nonce} {until}\n"));
        given.chain(self.again.iter().map(|nonce| format!("{nonce} again\n"))).collect()
    }

    /// Reads [`Self::to_text`] back; lines that do not read are passed over.
    pub fn of_text(text: &str) -> Self {
        let mut book = Self::default();
        for line in text.lines() {
            match line.split_once(' ').map(|(nonce, until)| (nonce.parse(), until)) {
                Some((Ok(nonce), "again")) => book.release(nonce),
                Some((Ok(nonce), until)) => {
                    if let Ok(until) = until.parse() {
                        book.take(nonce, until);
                    }
                }
                _ => {}
            }
        }
        book
    }
}

/// The books of all accounts.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<BTreeMap<Address, NonceBook>>);

impl Nonces {
    pub fn book<T>(&self, account: &Address, act: impl FnOnce(&mut NonceBook) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(*account).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn window(high: u64, seen: u128) -> ReplayWindow {
        ReplayWindow { high, seen }
    }

    /// The next one by a window that has seen all up to `high`.
    fn next(book: &mut NonceBook, high: u64, now: u64, until: u64) -> Option<u64> {
        book.next(&window(high, u128::MAX), &BTreeSet::new(), now, until)
    }

    #[test]
    fn nonces_count_upwards_from_the_highest_used_and_stop_at_the_window() {
        let mut book = NonceBook::default();
        assert_eq!(next(&mut book, 10, 5, 9), Some(11));
        assert_eq!(next(&mut book, 10, 5, 9), Some(12));
        assert_eq!(next(&mut book, 50, 5, 9), Some(51));
        for nonce in 52..=178 {
            assert_eq!(next(&mut book, 50, 5, 9), Some(nonce));
        }
        assert_eq!(next(&mut book, 50, 5, 9), None);
        assert_eq!(next(&mut book, u64::MAX, 5, 9), None);
    }

    #[test]
    fn what_was_refused_gives_its_nonce_to_the_next_even_after_later_ones_committed() {
        let mut book = NonceBook::default();
        let nonces: Vec<_> = (0..4).map(|_| next(&mut book, 10, 0, 99).unwrap()).collect();
        assert_eq!(nonces, [11, 12, 13, 14]);
        book.release(12);
        // 13 and 14 are on chain by now, 12 is not.
        let gap = window(14, !(1 << 2));
        assert_eq!(book.next(&gap, &BTreeSet::new(), 0, 99), Some(12));
        assert_eq!(book.next(&gap, &BTreeSet::new(), 0, 99), Some(15));
        book.release(12);
        book.release(12);
        assert_eq!(book.next(&gap, &BTreeSet::new(), 0, 99), Some(12));
    }

    #[test]
    fn a_nonce_is_given_out_again_until_it_is_known_to_be_gone() {
        let mut book = NonceBook::default();
        assert_eq!(next(&mut book, 10, 0, 99), Some(11));
        book.release(11);
        // A window that says that it is used is one endpoint's word.
        assert_eq!(next(&mut book, 20, 0, 99), Some(11));
        book.release(11);
        assert_eq!(book.again(), BTreeSet::from([11]));
        let gone = BTreeSet::from([11]);
        assert_eq!(book.next(&window(20, u128::MAX), &gone, 0, 99), Some(21));
        book.spent(21);
        assert_eq!(book.again(), BTreeSet::new());
    }

    #[test]
    fn hundreds_that_are_built_or_refused_without_a_commit_stop_nobody() {
        let mut book = NonceBook::default();
        for _ in 0..1_000 {
            assert_eq!(next(&mut book, 7, 0, 99), Some(8));
            book.release(8);
        }
        // Built and never sent: they lapse with their validity.
        for nonce in 8..=135 {
            assert_eq!(next(&mut book, 7, 0, 100), Some(nonce));
        }
        assert_eq!(next(&mut book, 7, 99, 200), None);
        for nonce in 8..=135 {
            assert_eq!(next(&mut book, 7, 100, 200), Some(nonce));
        }
        assert_eq!(next(&mut book, 7, 199, 300), None);
    }

    #[test]
    fn one_chosen_by_hand_is_not_given_out_beside_and_a_far_one_is_kept_back() {
        let mut book = NonceBook::default();
        book.take(11, 99);
        assert_eq!(next(&mut book, 10, 0, 99), Some(12));
        book.release(11);
        assert_eq!(next(&mut book, 10, 0, 99), Some(11));
        // Above the window: of no use yet.
        book.release(10 + WINDOW + 1);
        assert_eq!(next(&mut book, 10, 0, 99), Some(13));
        assert_eq!(next(&mut book, 11, 0, 99), Some(10 + WINDOW + 1));
        for nonce in 0..1_000 {
            book.release(nonce);
        }
        assert_eq!(book.again().len(), AGAIN_MAX);
    }

    #[test]
    fn a_book_reads_back_from_its_text() {
        let mut book = NonceBook::default();
        book.take(5, 100);
        book.take(6, 200);
        book.release(4);
        assert_eq!(book.to_text(), "5 100\n6 200\n4 again\n");
        assert_eq!(NonceBook::of_text(&book.to_text()), book);
        assert_eq!(NonceBook::of_text("x\n5\n7 y\n\n"), NonceBook::default());
    }
}
