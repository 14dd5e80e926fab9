//! Reads a validator's sign-state, apart from the code that writes it: a judge shares nothing with
//! the judged. The format is in `node/src/journal/sign_state.rs`.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

const MAGIC: [u8; 8] = *b"BALSIGN2";
const SLOTS: [usize; 2] = [0, 4096];
const RECORD_BYTES_MAX: usize = 256;
/// Consensus key and genesis hash.
const OWNER_BYTES: usize = 64;
const BODY_BYTES: usize = 8 + OWNER_BYTES + 8 + 2 + RECORD_BYTES_MAX;
const NO_RECORD: u16 = u16::MAX;

/// What was signed last: a place in the chain's history, and the digest of what was signed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    pub height: u64,
    pub round: u32,
    /// Proposal, prevote, precommit.
    pub step: u8,
    pub message: [u8; 32],
}

impl Signed {
    const fn place(&self) -> (u64, u32, u8) {
        (self.height, self.round, self.step)
    }

    /// Why a validator whose newest signature was `before` must never be found with this one.
    pub fn contradicts(&self, before: &Self) -> Option<String> {
        let (now, then) = (self.place(), before.place());
        if now < then {
            return Some(format!("its sign-state went back from {then:?} to {now:?}"));
        }
        (now == then && self.message != before.message)
            .then(|| format!("its sign-state has two messages at {now:?}"))
    }
}

/// The newest record of the file; none when nothing was signed yet.
pub fn read(path: &Path) -> Result<Option<Signed>, Failure> {
    let file = fs::read(path).map_err(Failure::at(path))?;
    let slots = SLOTS.iter().filter_map(|offset| slot(*offset, &file));
    let newest = slots.max_by_key(|(generation, _)| *generation);
    let damaged = || Failure::internal(format!("{}: both slots are damaged", path.display()));
    let (_, record) = newest.ok_or_else(damaged)?;
    let Some(record) = record else { return Ok(None) };
    decode(&record).ok_or_else(damaged)
}

/// Generation and record.
fn slot(offset: usize, file: &[u8]) -> Option<(u64, Option<Vec<u8>>)> {
    let (body, rest) = file.get(offset..)?.split_at_checked(BODY_BYTES)?;
    let mut hasher = blake3::Hasher::new_derive_key("ballast v1 sign-state slot");
    hasher.update(&(offset as u64).to_le_bytes()).update(body);
    if rest.get(..32)? != hasher.finalize().as_bytes() {
        return None;
    }
    let (generation, rest) = body.strip_prefix(&MAGIC)?.get(OWNER_BYTES..)?.split_first_chunk()?;
    let (length, record) = rest.split_first_chunk()?;
    let record = match u16::from_le_bytes(*length) {
        NO_RECORD => None,
        length => Some(record.get(..usize::from(length))?.to_vec()),
    };
    Some((u64::from_le_bytes(*generation), record))
}

/// Version, whether the history is known, and what was signed last, if anything.
fn decode(record: &[u8]) -> Option<Option<Signed>> {
    let record = match record {
        [2, 0 | 1, 0] => return Some(None),
        [2, 0 | 1, 1, rest @ ..] => rest,
        _ => return None,
    };
    let (height, rest) = record.split_first_chunk()?;
    let (round, rest) = rest.split_first_chunk()?;
    let (step, message) = rest.split_first()?;
    Some(Some(Signed {
        height: u64::from_le_bytes(*height),
        round: u32::from_le_bytes(*round),
        step: *step,
        message: message.try_into().ok()?,
    }))
}
