//! Says, readably, where both sides differ.

use ballast_runtime::{Code, Genesis, Key, Object, Receipt, SignedTx, State};

use crate::oracle::{Answer, Block, Oracle, Results};
use crate::view;
use crate::world::World;

/// The most lines of a state that are shown.
const LINES: usize = 12;

/// What differs in the results of a block, if anything does.
pub fn of_results(block: &Block, ours: &Results, theirs: &Results) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let left_out = format!(
        "--- left out by the runtime\n{:?}\n--- by the model\n{:?}",
        left_out(ours),
        left_out(theirs)
    );
    let receipts = ours.receipts.len().max(theirs.receipts.len());
    let differs = |at: &usize| ours.receipts.get(*at) != theirs.receipts.get(*at);
    let Some(at) = (0..receipts).find(differs) else { return Some(left_out) };
    let (mine, other) = (ours.receipts.get(at), theirs.receipts.get(at));
    let tx = mine.or(other).and_then(|receipt| transaction_of(block, receipt));
    Some(format!(
        "receipt {at}\n--- transaction\n{}\n--- runtime\n{}\n--- model\n{}\n{left_out}",
        tx.unwrap_or_default(),
        readable(mine),
        readable(other),
    ))
}

fn left_out(results: &Results) -> Vec<(u32, Option<Code>)> {
    results.dropped.iter().map(|it| (it.index, Code::from_number(it.code))).collect()
}

fn readable(receipt: Option<&Vec<u8>>) -> String {
    let Some(bytes) = receipt else { return "none".to_owned() };
    match borsh::from_slice::<Receipt>(bytes) {
        Ok(receipt) => format!("{receipt:#?}"),
        Err(error) => format!("{error}: {}", view::hex(bytes)),
    }
}

fn transaction_of(block: &Block, receipt: &[u8]) -> Option<String> {
    let receipt: Receipt = borsh::from_slice(receipt).ok()?;
    let mut decoded = block.txs.iter().filter_map(|bytes| SignedTx::decode(bytes).ok());
    decoded.find(|tx| tx.body.id() == receipt.tx).map(|tx| format!("{tx:#?}"))
}

/// What differs in two states (sorted lines), if anything does.
pub fn of_states(ours: &[String], theirs: &[String]) -> Option<String> {
    if theirs == ours {
        return None;
    }
    let only = |these: &[String], those: &[String]| {
        let lines = these.iter().filter(|line| those.binary_search(line).is_err());
        lines.take(LINES).cloned().collect::<Vec<_>>().join("\n")
    };
    Some(format!("--- runtime\n{}\n--- model\n{}", only(ours, theirs), only(theirs, ours)))
}

/// What differs in the trees over two states whose records are equal, if anything does.
pub fn of_trees(ours: &State, theirs: &Answer) -> Option<String> {
    let digest = |slot: u64| theirs.leaves.get(usize::try_from(slot).ok()?);
    if let Some(leaf) = ours.changes().find(|leaf| Some(&leaf.leaf().0) != digest(leaf.slot)) {
        let key = borsh::from_slice::<Key>(&leaf.key);
        let object = borsh::from_slice::<Object>(&leaf.value);
        return Some(format!(
            "the model has another leaf in slot {}: {key:?} {object:?}",
            leaf.slot
        ));
    }
    let theirs_count = theirs.leaves.iter().filter(|leaf| **leaf != [0; 32]).count();
    let counts = (ours.len(), theirs_count as u64);
    let same = counts.0 == counts.1 && ours.root().0 == theirs.root;
    (!same).then(|| format!("{counts:?} leaves, one set of digests and two roots"))
}

/// Executes the blocks once more, one at a time, and says which of them made the states differ.
pub fn locate(genesis: &Genesis, history: &[Block], oracle: &mut Oracle) -> String {
    let mut world = World::new(genesis, 0);
    oracle.ask(Some(&world.genesis_bytes), &[]);
    for block in history {
        world.now = block.time;
        world.carry_out(block.txs.clone(), block.report());
        let answer = oracle.ask(None, std::slice::from_ref(block));
        if let Some(difference) = of_states(&world.view(), &answer.state) {
            let txs = block.txs.iter().map(|bytes| format!("{:#?}", SignedTx::decode(bytes)));
            let txs: Vec<_> = txs.collect();
            return format!("block {}\n{difference}\n{}", block.height, txs.join("\n"));
        }
    }
    "the states do not differ when the blocks are executed one by one".to_owned()
}
