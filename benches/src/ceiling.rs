//! What verifying signatures alone costs here and now: the figure everything else is set against.

use std::time::Duration;

use ballast_primitives::SecretKey;
use ballast_primitives::signature::{Item, verify_batch};
use serde::Serialize;

use crate::clock;

/// Validators that each verify every transaction.
const VALIDATORS: f64 = 4.0;
pub const BATCH: usize = 256;

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Ceiling {
    /// CPU microseconds per signature: batches of 256, distinct keys from their bytes, one core.
    pub batch_verify_us_per_sig: f64,
    /// Transactions a second that this machine's cores could verify four times each.
    pub per_s: f64,
    pub cores: usize,
}

/// Messages of a transfer's size, each signed by another key.
pub struct Signed(Vec<(SecretKey, Vec<u8>)>);

impl Signed {
    pub fn new(count: usize) -> Self {
        let one = |n: usize| (SecretKey::dev("ceiling", &n.to_string()), vec![n as u8; 200]);
        Self((0..count).map(one).collect())
    }

    pub fn items(&self) -> Vec<Item<'_>> {
        let item = |(key, message): &'_ (SecretKey, Vec<u8>)| (key.public(), key.sign(message));
        let signed = self.0.iter().map(|one| (item(one), &one.1));
        signed.map(|((key, signature), message)| Item { key, message, signature }).collect()
    }
}

pub fn measure(wanted: Duration) -> Ceiling {
    let signed = Signed::new(BATCH);
    let items = signed.items();
    let each = clock::us_each(wanted, BATCH, || {
        let verdicts = verify_batch(&items, &mut rand::rng());
        assert!(verdicts.iter().all(Result::is_ok), "a good signature was refused");
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let per_s = cores as f64 * 1e6 / (VALIDATORS * each);
    Ceiling { batch_verify_us_per_sig: each, per_s, cores }
}
