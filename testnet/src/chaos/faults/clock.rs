//! Wall clocks that are wrong, and that jump while the validator runs. One clock may be anything;
//! the others, which are right, go on.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

/// Far ahead, far behind, and barely within the half second that a block's time may be ahead.
const ONE_MS: [i64; 5] = [10_000, -10_000, 400, 3_600_000, -3_600_000];
/// What two clocks at a time may be off by without harm.
const TWO_MS: i64 = 200;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let world = scene.world;
    let [a, b] = scene.any_two();
    let step = scene.round as usize % (ONE_MS.len() + 1);
    match ONE_MS.get(step) {
        Some(offset) => world.shim(a)?.skew_clock(*offset)?,
        None => {
            world.shim(a)?.skew_clock(TWO_MS)?;
            world.shim(b)?.skew_clock(-TWO_MS)?;
        }
    }
    scene.last(500, 1_500);
    world.wait_progress(&world.others(&[a]), 3)?;
    if scene.once_in(3) {
        // It also starts with the wrong time.
        world.kill(&[a])?;
        world.launch(&[a])?;
        world.wait_progress(&world.others(&[a]), 3)?;
    }
    world.shim(a)?.skew_clock(0)?;
    world.shim(b)?.skew_clock(0)?;
    Ok(Instant::now())
}
