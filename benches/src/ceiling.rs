//! What verifying signatures alone costs here and now: the figure everything else is set against.

use std::time::{Duration, Instant};

use ballast_primitives::SecretKey;
use ballast_primitives::signature::{Item, verify_batch};

/// Validators that each verify every transaction.
const VALIDATORS: f64 = 4.0;
const BATCH: usize = 256;

#[derive(Clone, Copy, Debug)]
pub struct Ceiling {
    /// CPU microseconds per signature, batches of 256 with distinct keys, one core.
    pub batch_verify_us_per_sig: f64,
    /// Transactions a second that this machine's cores could verify four times each.
    pub per_s: f64,
    pub cores: usize,
}

pub fn measure(wanted: Duration) -> Ceiling {
    let message = [7u8; 200];
    let items: Vec<_> = (0..BATCH)
        .map(|n| {
            let key = SecretKey::dev("ceiling", &n.to_string());
            Item { key: key.public(), message: &message[..], signature: key.sign(&message) }
        })
        .collect();
    let start = Instant::now();
    let mut signatures = 0u32;
    while start.elapsed() < wanted {
        let verdicts = verify_batch(&items, &mut rand::rng());
        assert!(verdicts.iter().all(Result::is_ok), "a good signature was refused");
        signatures += BATCH as u32;
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(signatures);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ceiling {
        batch_verify_us_per_sig: each,
        per_s: cores as f64 * 1e6 / (VALIDATORS * each),
        cores,
    }
}
