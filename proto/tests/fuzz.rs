//! A short fuzz run of what clients send: the body is that of the target in testnet/fuzz, the seeds
//! are the golden transactions and receipts as they are shown. `BALLAST_FUZZ_ROUNDS` makes it long.

#[path = "fuzz/bodies.rs"]
mod bodies;
#[path = "../../runtime/tests/fuzz/driver.rs"]
mod driver;

use ballast_primitives::{Network, codec};
use ballast_proto::convert::Wire;
use ballast_runtime::{Op, Receipt, SignedTx};
use prost::Message as _;

const TRANSACTIONS: &str = include_str!("../../runtime/tests/golden/transactions.txt");
const CHAIN: &str = include_str!("../../runtime/tests/golden/chain.txt");

/// The values of the lines whose name is one of those.
fn golden(text: &str, is_one: fn(&str) -> bool) -> impl Iterator<Item = Vec<u8>> {
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    let digit = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    lines
        .filter(move |(name, _)| is_one(name))
        .map(move |(_, hex)| (0..hex.len()).step_by(2).map(|at| digit(hex, at)).collect())
}

#[test]
fn grpc_requests() {
    let wire = Wire::new(Network::Dev);
    let txs = golden(TRANSACTIONS, |name| name.ends_with(": transaction"));
    let txs: Vec<_> = txs.map(|bytes| SignedTx::decode(&bytes).unwrap()).collect();
    let receipts = golden(CHAIN, |name| name.starts_with("receipt "));
    let mut seeds: Vec<_> = txs.iter().map(|tx| wire.transaction(tx).encode_to_vec()).collect();
    for op in txs.iter().flat_map(|tx| &tx.body.ops) {
        seeds.push(wire.op(op).encode_to_vec());
        if let Op::Propose(propose) = op {
            seeds.extend(propose.ops.iter().map(|op| wire.council_op(op).encode_to_vec()));
        }
    }
    for bytes in receipts {
        let receipt: Receipt = codec::decode(&bytes, 1 << 20).unwrap();
        seeds.push(wire.receipt(&receipt).encode_to_vec());
    }
    driver::drive("grpc", 1, &seeds, bodies::grpc);
}
