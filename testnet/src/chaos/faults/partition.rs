//! Packets between some validators are dropped for a while. Their connections stay open, and find
//! out by themselves.

use std::time::Instant;

use super::Scene;
use crate::failure::Failure;

/// One validator no longer hears the others, or the others no longer hear it.
pub fn one_way(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let (world, hosts) = (scene.world, scene.world.hosts()?);
    let n = scene.any();
    let others = world.others(&[n]);
    if scene.round.is_multiple_of(2) {
        hosts.cut(&others, &[n])?;
    } else {
        hosts.cut(&[n], &others)?;
    }
    last(scene);
    world.wait_progress(&others, 1)?;
    hosts.heal()?;
    Ok(Instant::now())
}

/// Neither half is a quorum, so neither may commit.
pub fn in_two(scene: &mut Scene<'_>) -> Result<Instant, Failure> {
    let (world, hosts) = (scene.world, scene.world.hosts()?);
    let half = scene.any_two();
    hosts.split(&half, &world.others(&half))?;
    // What was on its way has arrived.
    scene.last(500, 501);
    let before = world.height(&world.all());
    if scene.once_in(3) {
        // Its memory of this height has to hold as well.
        let n = scene.any();
        world.kill(&[n])?;
        world.launch(&[n])?;
    }
    last(scene);
    let after = world.height(&world.all());
    if after > before + 1 {
        let why = format!("two of four went from height {before} to {after} by themselves");
        return Err(Failure::safety(why));
    }
    hosts.heal()?;
    Ok(Instant::now())
}

fn last(scene: &mut Scene<'_>) {
    if scene.is_long() {
        // Connections are given up after 15 s without an answer.
        scene.last(17_000, 18_000);
    } else {
        scene.last(500, 2_000);
    }
}
