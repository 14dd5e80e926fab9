//! ProofService: what a client verifies offline.

use ballast_primitives::codec;
use ballast_primitives::proof::PROOF_BYTES_MAX;
use ballast_primitives::proof::StateProof;
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::get_proof_request::Target;
use ballast_proto::v1::get_proof_response::{Proof, Value};
use ballast_proto::v1::proof_service_server::ProofService;
use ballast_proto::v1::{GetProofRequest, GetProofResponse};
use ballast_runtime::{Key, Object};
use tonic::{Request, Response, Status};

use super::backend::ProveError;
use super::context::{Context, internal, read_tx_id};
use super::receipt_proof;

pub(super) struct Proofs(pub Context);

#[tonic::async_trait]
impl ProofService for Proofs {
    async fn get_proof(
        &self,
        request: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        let answer = match request.into_inner().target {
            Some(Target::Account(text)) => {
                let address = self.0.read_address("account", &text)?;
                self.state(Key::Account(address)).await?
            }
            Some(Target::Supply(_)) => self.state(Key::Supply).await?,
            Some(Target::TxId(text)) => self.receipt(&text).await?,
            None => return Err(WireError::field("target", "is missing").into()),
        };
        Ok(Response::new(answer))
    }
}

impl Proofs {
    async fn state(&self, key: Key) -> Result<GetProofResponse, WireError> {
        let proving = self.0.backend.prove(key);
        let proof = tokio::time::timeout(self.0.config.wait_max, proving)
            .await
            .unwrap_or(Err(ProveError::Timeout))
            .map_err(unproven)?;
        let header = &proof.anchor.header;
        Ok(GetProofResponse {
            proven_height: header.executed_height,
            anchor: Some(self.0.wire.header(header)),
            value: Some(self.leaf(&proof)?),
            proof: Some(Proof::StateProof(codec::encode(&proof))),
        })
    }

    /// What a proof's leaf says.
    fn leaf(&self, proof: &StateProof) -> Result<Value, WireError> {
        let leaf: (Key, Object) = codec::decode(&proof.leaf, PROOF_BYTES_MAX).map_err(internal)?;
        match leaf {
            (Key::Account(address), Object::Account(account)) => {
                Ok(Value::Account(self.0.wire.account(&address, &account)))
            }
            (Key::Supply, Object::Supply(supply)) => Ok(Value::Supply(self.0.wire.show(&supply))),
            _ => Err(internal("a proof is of another object than was asked for")),
        }
    }

    async fn receipt(&self, tx_id: &str) -> Result<GetProofResponse, WireError> {
        let id = read_tx_id(tx_id)?;
        let (proof, receipt) = receipt_proof::prove(&self.0, id).await?;
        Ok(GetProofResponse {
            proven_height: proof.height,
            anchor: Some(self.0.wire.header(&proof.anchor.header)),
            value: Some(Value::Receipt(self.0.wire.receipt(&receipt))),
            proof: Some(Proof::ReceiptProof(codec::encode(&proof))),
        })
    }
}

fn unproven(error: ProveError) -> WireError {
    WireError::new(match error {
        ProveError::NotFound => ServiceReason::ProofNotFound,
        ProveError::Timeout => ServiceReason::ProofTimeout,
        ProveError::Unavailable => ServiceReason::ProofUnavailable,
    })
}
