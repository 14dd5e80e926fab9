//! Says, readably, where both sides differ.

use ballast_runtime::{Code, Receipt, SignedTx};

use crate::oracle::{Block, Results};
use crate::worlds::Flavour;

/// Panics at the first difference of a block's results.
pub fn compare_block(block: &Block, ours: &Results, theirs: &Results, flavour: Flavour, seed: u64) {
    if ours == theirs {
        return;
    }
    let place = format!("world {seed} ({flavour:?}), block {} at {}", block.height, block.time);
    for at in 0..ours.receipts.len().max(theirs.receipts.len()) {
        let (mine, other) = (ours.receipts.get(at), theirs.receipts.get(at));
        if mine != other {
            let tx = mine.or(other).and_then(|receipt| transaction(block, receipt));
            panic!(
                "{place}, receipt {at}\n--- transaction\n{}\n--- runtime\n{}\n--- model\n{}\n--- left out\n{:?}\n{:?}",
                tx.unwrap_or_default(),
                readable(mine),
                readable(other),
                left_out(ours),
                left_out(theirs),
            );
        }
    }
    panic!("{place}: left out\nruntime {:?}\nmodel   {:?}", left_out(ours), left_out(theirs));
}

fn left_out(results: &Results) -> Vec<(u32, Option<Code>)> {
    results.dropped.iter().map(|it| (it.index, Code::from_number(it.code))).collect()
}

fn readable(receipt: Option<&Vec<u8>>) -> String {
    let Some(bytes) = receipt else { return "none".to_owned() };
    match borsh::from_slice::<Receipt>(bytes) {
        Ok(receipt) => format!("{receipt:#?}"),
        Err(error) => format!("{error}: {bytes:02x?}"),
    }
}

/// The transaction that a receipt is of.
fn transaction(block: &Block, receipt: &[u8]) -> Option<String> {
    let receipt: Receipt = borsh::from_slice(receipt).ok()?;
    let decoded = block.txs.iter().filter_map(|bytes| SignedTx::decode(bytes).ok());
    let mut same = decoded.filter(|tx| tx.body.id() == receipt.tx);
    same.next().map(|tx| format!("{tx:#?}"))
}

/// Panics when the states differ; the block that did it is one of those before `height`.
pub fn compare_states(
    theirs: &[String],
    ours: &[String],
    flavour: Flavour,
    seed: u64,
    height: u64,
) {
    if theirs == ours {
        return;
    }
    let only = |these: &[String], those: &[String]| {
        let lines = these.iter().filter(|line| those.binary_search(line).is_err());
        lines.take(12).cloned().collect::<Vec<_>>().join("\n")
    };
    panic!(
        "world {seed} ({flavour:?}): the states after block {height} differ\n--- runtime\n{}\n--- model\n{}",
        only(ours, theirs),
        only(theirs, ours),
    );
}
