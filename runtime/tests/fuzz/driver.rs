//! What stands in for a fuzzer in an ordinary test run: a body is given every seed and then many
//! damaged ones, made from a fixed number, so that the same source gives the same run.
//!
//! The damage knows what encodings are made of: lengths and numbers in little-endian, digests and
//! keys of 32 bytes, parts that are repeated, left out, or taken from another seed. A real fuzzer
//! takes over from here: see testnet/fuzz.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

#[allow(dead_code, reason = "the differential test uses the rest")]
#[path = "../differential/rng.rs"]
mod rng;

use rng::Rng;

/// Damaged inputs of an ordinary run; `BALLAST_FUZZ_ROUNDS` asks for more.
const ROUNDS: u64 = 10_000;
/// How often one input is damaged at most.
const DAMAGES_MAX: u64 = 4;
/// How wide a number is damaged.
const WIDTHS: [usize; 5] = [1, 2, 4, 8, 16];
/// How long keys, digests and addresses are.
const DIGEST: usize = 32;

/// Gives `body` the seeds and what is made of them, in fewer rounds where it takes `cost` times as
/// long as decoding does. Where `BALLAST_FUZZ_CORPUS` names a folder, the seeds are also written
/// there, for the target of this name.
pub fn drive(target: &str, cost: u64, seeds: &[Vec<u8>], body: impl Fn(&[u8])) {
    assert!(!seeds.is_empty(), "{target} has nothing to begin with");
    if let Some(folder) = std::env::var_os("BALLAST_FUZZ_CORPUS") {
        write_corpus(&Path::new(&folder).join(target), seeds);
    }
    let rounds =
        std::env::var_os("BALLAST_FUZZ_ROUNDS").and_then(|rounds| rounds.into_string().ok());
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("rounds are a number"));
    seeds.iter().for_each(|seed| try_one(target, seed, &body));
    let mut rng = Rng::new(target.bytes().fold(1, |sum, byte| sum * 31 + u64::from(byte)));
    for _ in 0..rounds / cost {
        let mut input = rng.pick(seeds);
        for _ in 0..=rng.below(DAMAGES_MAX) {
            damage(&mut input, seeds, &mut rng);
        }
        try_one(target, &input, &body);
    }
}

fn write_corpus(folder: &Path, seeds: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).expect("the corpus has a folder");
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:03}")), seed).expect("a seed is written");
    }
}

/// Says which input it was when the body panics.
fn try_one(target: &str, input: &[u8], body: &impl Fn(&[u8])) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(input))) {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("target {target} fails on these bytes: {hex}");
        resume_unwind(panic);
    }
}

fn damage(input: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.index(input.len() + 1);
    let rest = input.len() - at;
    match rng.below(9) {
        0 if rest > 0 => input[at] ^= 1 << rng.below(8),
        1 => write_number(&mut input[at..], rng),
        2 => input.truncate(at),
        3 => drop(input.drain(at..at + rng.index(rest.min(DIGEST) + 1))),
        4 => {
            let again = input[at..at + rng.index(rest.min(2 * DIGEST) + 1)].to_vec();
            input.splice(at..at, again);
        }
        5 => {
            // A part of another seed in place of, or besides, what is here.
            let other = rng.pick(seeds);
            let from = rng.index(other.len() + 1);
            let part = &other[from..from + rng.index(other.len() - from + 1)];
            let over = if rng.chance(50) { rest.min(part.len()) } else { 0 };
            input.splice(at..at + over, part.iter().copied());
        }
        6 if input.len() >= 2 * DIGEST => {
            // One digest or address for another.
            let from = rng.index(input.len() - DIGEST + 1);
            let to = rng.index(input.len() - DIGEST + 1);
            input.copy_within(from..from + DIGEST, to);
        }
        7 => input.splice(at..at, rng.bytes()).for_each(drop),
        _ => input.extend((0..rng.below(9)).map(|_| 0)),
    }
}

/// A number at an edge, or one more or less than the number that is here.
fn write_number(place: &mut [u8], rng: &mut Rng) {
    let width = rng.pick(&WIDTHS).min(place.len());
    let mut number = [0; 16];
    number[..width].copy_from_slice(&place[..width]);
    let here = u128::from_le_bytes(number);
    let changed = match rng.below(6) {
        0 => 0,
        1 => u128::MAX,
        2 => u128::MAX >> 1,
        3 => here.wrapping_add(1),
        4 => here.wrapping_sub(1),
        _ => u128::from(rng.next()),
    };
    place[..width].copy_from_slice(&changed.to_le_bytes()[..width]);
}
