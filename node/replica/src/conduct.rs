//! How much of what each author has packed came to nothing for a reason that an honest author would
//! have seen. Duplicates, used nonces, spent quotas and late transactions say nothing: others can
//! bring those about.

use std::collections::BTreeMap;

use ballast_primitives::PublicKey;
use ballast_runtime::Code;

/// So many must be left out before it matters.
const JUNK_MIN: u64 = 256;
/// Counts are halved from here on: what is long ago counts for less.
const MEMORY: u64 = 4_096;
/// For how long an author has little room.
pub const RESTRAINED_MS: u64 = 60_000;
/// How much less.
pub const RESTRAINT: usize = 16;

#[derive(Debug, Default)]
struct Record {
    txs: u64,
    junk: u64,
    until_ms: u64,
}

#[derive(Debug, Default)]
pub struct Conduct(BTreeMap<PublicKey, Record>);

/// Whether whoever packs a transaction can know beforehand that it will be left out for this.
pub const fn is_junk(code: Code) -> bool {
    matches!(
        code,
        Code::BadChain | Code::UnknownAccount | Code::BadSignature | Code::LaneUnauthorized
    )
}

impl Conduct {
    /// A block committed `txs` transactions of an author, of which `junk` were left out.
    pub fn committed(&mut self, author: PublicKey, txs: u64, junk: u64, now_ms: u64) {
        let record = self.0.entry(author).or_default();
        record.txs = record.txs.saturating_add(txs);
        record.junk = record.junk.saturating_add(junk);
        if record.junk >= JUNK_MIN && record.junk.saturating_mul(2) > record.txs {
            *record =
                Record { until_ms: now_ms.saturating_add(RESTRAINED_MS), ..Record::default() };
        } else if record.txs > MEMORY {
            (record.txs, record.junk) = (record.txs / 2, record.junk / 2);
        }
    }

    /// What is left of an author's room.
    pub fn room(&self, author: &PublicKey, whole: usize, now_ms: u64) -> usize {
        let restrained = self.0.get(author).is_some_and(|record| now_ms < record.until_ms);
        if restrained { whole / RESTRAINT } else { whole }
    }

    /// Forgets those who are not known any more.
    pub fn retain(&mut self, known: impl Fn(&PublicKey) -> bool) {
        self.0.retain(|author, _| known(author));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: PublicKey = PublicKey([1; 32]);

    #[test]
    fn an_author_whose_batches_are_mostly_left_out_has_less_room_for_a_while() {
        let mut conduct = Conduct::default();
        conduct.committed(AUTHOR, 255, 255, 0);
        assert_eq!(conduct.room(&AUTHOR, 160, 0), 160);
        conduct.committed(AUTHOR, 1, 1, 0);
        assert_eq!(conduct.room(&AUTHOR, 160, RESTRAINED_MS - 1), 10);
        assert_eq!(conduct.room(&PublicKey([2; 32]), 160, 0), 160);
        assert_eq!(conduct.room(&AUTHOR, 160, RESTRAINED_MS), 160);
    }

    #[test]
    fn what_is_less_than_half_is_forgiven_and_fades() {
        let mut conduct = Conduct::default();
        for _ in 0..100 {
            conduct.committed(AUTHOR, 1_000, 500, 0);
        }
        assert_eq!(conduct.room(&AUTHOR, 160, 0), 160);
        for _ in 0..10 {
            conduct.committed(AUTHOR, 1_000, 900, 0);
        }
        assert_eq!(conduct.room(&AUTHOR, 160, 0), 10);
    }
}
