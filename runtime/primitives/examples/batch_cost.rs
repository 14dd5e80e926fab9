//! What verifying a signature costs, in batches, with keys from bytes and with prepared keys:
//! `cargo run --release -p ballast-primitives --example batch_cost`.

use std::time::Instant;

use ballast_primitives::SecretKey;
use ballast_primitives::signature::{
    Item, PreparedItem, PreparedKey, verify_batch, verify_batch_prepared,
};

fn main() {
    let message = [7u8; 200];
    for size in [1, 16, 64, 256, 1024] {
        let keys: Vec<_> = (0..size).map(|n| SecretKey::dev("cost", &n.to_string())).collect();
        let items: Vec<_> = keys
            .iter()
            .map(|key| Item { key: key.public(), message: &message, signature: key.sign(&message) })
            .collect();
        let prepared: Vec<_> =
            items.iter().map(|item| PreparedKey::new(&item.key).expect("a good key")).collect();
        let ready: Vec<_> = items
            .iter()
            .zip(&prepared)
            .map(|(item, key)| PreparedItem { key, message: item.message, signature: item.signature })
            .collect();
        let from_bytes = cost(size, || verify_batch(&items, &mut rand::rng()).len());
        let from_points = cost(size, || verify_batch_prepared(&ready, &mut rand::rng()).len());
        println!("{size:5} signatures: {from_bytes:6.1} µs each, prepared {from_points:6.1} µs each");
    }
}

/// Microseconds for each of `size`, best of several rounds.
fn cost(size: usize, verify: impl Fn() -> usize) -> f64 {
    let round = || {
        let start = Instant::now();
        let repeats = 1 + 4_096 / size;
        for _ in 0..repeats {
            assert_eq!(verify(), size);
        }
        start.elapsed().as_secs_f64() * 1e6 / (repeats * size) as f64
    };
    (0..8).map(|_| round()).fold(f64::MAX, f64::min)
}
