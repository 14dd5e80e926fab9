//! The chaos suite: what real validators on this machine can be hit with, and what must hold
//! afterwards. docs/chaos.md describes every fault and shows the last long run.
//!
//! [`suite`] runs a plan of [`faults`] against a [`world`], a network with everything around it
//! that can be broken here: [`hosts`] to cut apart, [`volume`]s to cut the power of or to fill up,
//! a [`shim`] that makes clocks and disks lie. [`machine`] finds out which of these there are, and
//! what there is not is skipped with its reason. A payment load runs all the time; [`verdict`] says
//! whether every payment that was acknowledged is there, once, on every validator. [`proof`] shows
//! that it would be noticed if not. [`lies`] sets those who mean harm against honest
//! validators: a validator or an observer that lies, and what needs no keys ([`harm`]).

pub mod faults;
pub mod harm;
pub mod hosts;
pub mod lies;
pub mod machine;
mod progress;
pub mod proof;
pub mod report;
pub mod sandbox;
pub mod shim;
pub mod sign_state;
pub mod suite;
mod tool;
pub mod verdict;
pub mod volume;
pub mod world;
