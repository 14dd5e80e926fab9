//! What must hold whatever a client sends: requests decode or are refused, and what is read from a
//! message shows itself as one that reads the same. Given damaged inputs by `tests/fuzz.rs`, a
//! fuzzer's by testnet/fuzz.

use ballast_primitives::Network;
use ballast_proto::convert::{Wire, read_hash};
use ballast_proto::v1;
use prost::Message;

const WIRE: Wire = Wire::new(Network::Dev);

/// What a request says in Protobuf, as far as the runtime's types can hold it.
pub fn grpc(bytes: &[u8]) {
    if let Ok(shown) = v1::Transaction::decode(bytes)
        && let Ok(tx) = WIRE.read_transaction(&shown)
    {
        assert_eq!(WIRE.read_transaction(&WIRE.transaction(&tx)).as_ref(), Ok(&tx));
        let _ = tx.check_shape();
    }
    if let Ok(shown) = v1::Operation::decode(bytes)
        && let Ok(op) = WIRE.read_op(&shown)
    {
        assert_eq!(WIRE.read_op(&WIRE.op(&op)), Ok(op));
    }
    if let Ok(shown) = v1::CouncilOperation::decode(bytes)
        && let Ok(op) = WIRE.read_council_op(&shown)
    {
        assert_eq!(WIRE.read_council_op(&WIRE.council_op(&op)), Ok(op));
    }
    if let Ok(shown) = v1::Receipt::decode(bytes)
        && let Ok(receipt) = WIRE.read_receipt(&shown)
    {
        assert_eq!(WIRE.read_receipt(&WIRE.receipt(&receipt)), Ok(receipt));
    }
    if let Ok(shown) = v1::Header::decode(bytes)
        && let Ok(header) = WIRE.read_header(&shown)
    {
        assert_eq!(WIRE.read_header(&WIRE.header(&header)), Ok(header));
    }
    requests(bytes);
}

/// Requests whose fields are text and numbers.
fn requests(bytes: &[u8]) {
    let _ = v1::SubmitBatchRequest::decode(bytes);
    let _ = v1::SubscribeEventsRequest::decode(bytes);
    let _ = v1::GetProofRequest::decode(bytes);
    if let Ok(request) = v1::GetAccountRequest::decode(bytes) {
        let _ = WIRE.read_address("address", &request.address);
    }
    if let Ok(request) = v1::GetTxRequest::decode(bytes) {
        let _ = read_hash("tx_id", &request.tx_id);
    }
    if let Ok(request) = v1::ClassifyOperationsRequest::decode(bytes) {
        let _ = WIRE.read::<Vec<ballast_runtime::CouncilOp>, _>("ops", &request.ops);
    }
}
