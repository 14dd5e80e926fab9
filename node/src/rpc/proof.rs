//! ProofService: what a client verifies offline.

use ballast_primitives::codec;
use ballast_primitives::history::SetChange;
use ballast_primitives::proof::{PROOF_BYTES_MAX, StateProof};
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::get_proof_request::Target;
use ballast_proto::v1::get_proof_response::{Proof, Value};
use ballast_proto::v1::proof_service_server::ProofService;
use ballast_proto::v1::{
    self, GetProofRequest, GetProofResponse, ListSetChangesRequest, ListSetChangesResponse,
};
use ballast_runtime::{Key, Object};
use borsh::{BorshDeserialize, BorshSerialize};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::backend::ProveError;
use super::context::{Context, internal, page_size, read_tx_id};
use super::page::{bad_token, read_token, token};
use super::receipt_proof;

pub(super) struct Proofs(pub Context);

/// Where the next page of set changes goes on: at `next`, upwards.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct ChangePlace {
    /// What the first page was asked for.
    from: u64,
    /// The height that all pages are pinned to.
    pinned: u64,
    next: u64,
}

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
            Some(Target::Report(number)) => self.state(Key::Report(number)).await?,
            Some(Target::TxId(text)) => self.receipt(&text).await?,
            None => return Err(WireError::field("target", "is missing").into()),
        };
        Ok(Response::new(answer))
    }

    async fn list_set_changes(
        &self,
        request: Request<ListSetChangesRequest>,
    ) -> Result<Response<ListSetChangesResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 20, 100);
        let (from, head) = (request.from_height, self.0.head().height);
        let place = read_token::<ChangePlace>(&request.page_token)?;
        if place.is_some_and(|place| place.from != from || place.pinned > head) {
            return Err(bad_token().into());
        }
        let place = place.unwrap_or(ChangePlace { from, pinned: head, next: from });
        let answer = self.0.blocking(move |context| set_changes(context, place, size)).await?;
        Ok(Response::new(answer))
    }
}

/// A page of changes, cut short to fit, one at least.
fn set_changes(
    context: &Context,
    place: ChangePlace,
    size: usize,
) -> Result<ListSetChangesResponse, WireError> {
    let one_more = size.saturating_add(1);
    let found = context.store().set_changes(place.next, one_more).map_err(internal)?;
    let pinned = found.iter().filter(|change| change.anchor.header.height <= place.pinned);
    let mut bytes = 0usize;
    let mut changes = Vec::new();
    let mut next = None;
    for change in pinned {
        let height = change.anchor.header.height;
        let shown = show_change(context, change);
        bytes = bytes.saturating_add(shown.encoded_len());
        let fits = changes.is_empty() || bytes <= context.config.page_bytes_max;
        if changes.len() >= size || !fits {
            next = Some(ChangePlace { next: height, ..place });
            break;
        }
        changes.push(shown);
    }
    let next_page_token = next.as_ref().map(token).unwrap_or_default();
    Ok(ListSetChangesResponse { changes, next_page_token, head: place.pinned })
}

fn show_change(context: &Context, change: &SetChange) -> v1::SetChange {
    let validators = change.set.validators().iter();
    v1::SetChange {
        height: change.anchor.header.height,
        set_change: codec::encode(change),
        validators: validators.map(|validator| context.wire.show(validator)).collect(),
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
            (Key::Report(_), Object::Report(report)) => {
                Ok(Value::Report(self.0.wire.show(&report)))
            }
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
