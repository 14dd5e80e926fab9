//! Receipts and objects of a small chain in which every kind of both is there.

use ballast_primitives::{Hash, codec, merkle};
use ballast_runtime::{BlockOutcome, VerifiedTx};
use serde_json::{Value, json};

use crate::common::{World, genesis};
use crate::pages::Pages;
use crate::scenario::Chain;
use crate::{check, hex};

#[test]
fn receipts_and_objects_are_as_committed() {
    let pages = Pages::read();
    let genesis = genesis();
    let shown = pages.decode("Genesis", &genesis.encode());
    assert_eq!(shown["accounts"].as_array().unwrap().len(), genesis.accounts.len());
    let (mut blocks, mut chained) = (Vec::new(), Hash::ZERO);
    let mut record = |_: &World, _: &[VerifiedTx], outcome: &BlockOutcome| {
        let receipts: Vec<_> = outcome.receipts.iter().map(codec::encode).collect();
        let leaves: Vec<_> = receipts.iter().map(|bytes| merkle::RECEIPTS.leaf(bytes)).collect();
        assert_eq!(merkle::RECEIPTS.root_of(&leaves), outcome.receipts_root);
        chained = merkle::chain_receipts(&chained, &outcome.receipts_root);
        let receipt = |bytes: &Vec<u8>| json!({ "receipt": pages.decode("Receipt", bytes), "bytes": hex(bytes) });
        blocks.push(json!({
            "receipts": receipts.iter().map(receipt).collect::<Value>(),
            "root": outcome.receipts_root.to_string(),
            "chained_root": chained.to_string(),
        }));
    };
    let mut chain = Chain { world: World::from(&genesis), record: &mut record };
    chain.run();
    let state = &chain.world.state;
    let leaf = |change: ballast_runtime::Change| {
        let bytes = [change.key, change.value].concat();
        let mut rest = &bytes[..];
        let key = pages.named("Key", &mut rest);
        let object = pages.named("Object", &mut rest);
        assert!(rest.is_empty(), "{key}: {} bytes are left over", rest.len());
        assert_eq!(key["type"], object["type"]);
        json!({ "key": key, "object": object, "bytes": hex(&bytes) })
    };
    let leaves: Vec<_> = state.changes().map(leaf).collect();
    let root = state.root().to_string();
    check("receipts.json", &json!(blocks));
    check("objects.json", &json!({ "leaves": leaves, "root": root }));
}
