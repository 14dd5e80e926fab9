//! What clients meet: a network that loses, delays and cuts, and other clients that mean harm.
//! Needs `ballast-node` in BALLAST_BIN_DIR or in the target folder.

#[path = "../validators/common.rs"]
#[allow(dead_code, reason = "the validators' scenarios need more of it")]
mod common;
mod flaky;
mod relay;
