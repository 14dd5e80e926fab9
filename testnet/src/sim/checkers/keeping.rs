//! A batch is kept as long as it may be committed: what a validator drops holds no transaction that
//! is still valid at the time of its newest block.

use super::{Checker, Fact, Scene, Verdict, txs_of};

#[derive(Default)]
pub struct Keeping;

impl Checker for Keeping {
    fn name(&self) -> &'static str {
        "batches kept"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Dropped { node, batches, time } = fact else { return Ok(()) };
        let valid = txs_of(batches)?.into_iter().find(|(_, tx)| tx.body.valid_until > *time);
        valid.map_or(Ok(()), |(id, tx)| {
            let until = tx.body.valid_until;
            Err(format!("node {node} drops {id} at {time}, which is valid until {until}"))
        })
    }
}
