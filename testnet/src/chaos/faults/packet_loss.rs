//! Every packet between validators is dropped with some probability. Slower, but it goes on.

use std::time::Instant;

use rand::RngExt;

use super::Scene;
use crate::failure::Failure;

pub fn inject(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let (world, hosts) = (scene.world, scene.world.hosts()?);
    hosts.lose(scene.random.random_range(5..30))?;
    scene.last(1_000, 2_500);
    world.wait_progress(&world.all(), 2)?;
    hosts.heal()?;
    Ok(Instant::now())
}
