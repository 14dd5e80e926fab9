//! What all files of this test need.

pub use std::collections::BTreeMap;
pub use std::sync::Arc;
pub use std::time::Duration;

pub use ballast_node::rpc::{
    Backend, Claim, Head, Look, NodeInfo, ProveError, Refusal, RpcConfig, RpcError, RpcMetrics,
    RpcServer, Simulation, Submitted, TlsFiles, serve,
};
pub use ballast_node::store::{Store, StoreOptions};
pub use ballast_primitives::domain::SignTag;
pub use ballast_primitives::equivocation::{Ballot, Twins};
pub use ballast_primitives::history::{SetChange, SetHistory};
pub use ballast_primitives::proof::{CertifiedHeader, ReceiptProof, StateProof};
pub use ballast_primitives::{
    Address, BatchRef, CommitCertificate, CommitSignature, Committee, Hash, Header, Names, Payload,
    SecretKey, Signature, Turns, Validator, Vote, VoteKind, codec, merkle,
};
pub use ballast_proto::error::{Reason, ServiceReason, WireError};
pub use ballast_proto::v1::account_service_client::AccountServiceClient;
pub use ballast_proto::v1::control_service_client::ControlServiceClient;
pub use ballast_proto::v1::event_service_client::EventServiceClient;
pub use ballast_proto::v1::get_proof_request::Target;
pub use ballast_proto::v1::get_proof_response::{Proof, Value};
pub use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
pub use ballast_proto::v1::proof_service_client::ProofServiceClient;
pub use ballast_proto::v1::subscribe_events_response::Frame;
pub use ballast_proto::v1::supply_service_client::SupplyServiceClient;
pub use ballast_proto::v1::tx_service_client::TxServiceClient;
pub use ballast_proto::v1::*;
pub use ballast_proto::{Wire, v1};
pub use ballast_replica::types::{Batch, CommitWrite, Evidence, Executed, StoredBlock, TxRecord};
pub use ballast_runtime::authorisation::signed_bytes_on;
pub use ballast_runtime::dev::{self, DevSpec};
pub use ballast_runtime::object::{self, Role, Validators};
pub use ballast_runtime::ops::council_exec::CouncilExec;
pub use ballast_runtime::ops::transfer::Transfer as TransferOp;
pub use ballast_runtime::simulate::{Trial, simulate};
pub use ballast_runtime::state::Change;
pub use ballast_runtime::tx::VALIDITY_MS_MAX;
pub use ballast_runtime::{
    BlockContext, Code, CouncilOp, Genesis, Key, Object, Op, SignedTx, State, TxBody, VerifiedTx,
    Witness, admission, execute_block,
};
pub use parking_lot::Mutex;
pub use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
pub use tokio::net::TcpStream;
pub use tokio::sync::watch;
pub use tokio_util::sync::CancellationToken;
pub use tonic::Status;
pub use tonic::transport::Channel;

pub use crate::chain::*;
pub use crate::net::*;
