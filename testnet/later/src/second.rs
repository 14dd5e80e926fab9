//! `ballast-node` as the release with the second version of the rules would be: longer memos. It exists
//! for tests of upgrades, and never ships.

use std::process::ExitCode;

use ballast_runtime::{Rulebook, Rules};

const VERSIONS: &[Rules] = &[Rules::V1, Rules { version: 2, memo_bytes_max: 64, ..Rules::V1 }];

fn main() -> ExitCode {
    ballast_node::main(Rulebook::new(VERSIONS))
}
