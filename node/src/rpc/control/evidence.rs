//! Who broke the rules of consensus.

use ballast_primitives::{Hash, codec};
use ballast_proto::error::WireError;
use ballast_proto::v1::{self, ListEvidenceRequest, ListEvidenceResponse};
use ballast_replica::types::{Evidence, EvidenceKind};
use ballast_runtime::Key;
use ballast_runtime::object::Validators;

use crate::rpc::context::{Context, fixed, internal, page_size};

pub(super) fn list(
    context: &Context,
    request: &ListEvidenceRequest,
) -> Result<ListEvidenceResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let stored = context.store().evidence(size).map_err(internal)?;
    let names = validator_names(context)?;
    let shown = stored.iter().map(|evidence| {
        let name = names.iter().find(|(key, _)| *key == evidence.validator.to_string());
        show(evidence, name.map(|(_, name)| name.clone()).unwrap_or_default())
    });
    Ok(ListEvidenceResponse { evidence: shown.collect() })
}

fn validator_names(context: &Context) -> Result<Vec<(String, String)>, WireError> {
    let sets: Validators = fixed(context.store(), &Key::Validators)?;
    // Whoever has left since is named as in the set before, or at genesis.
    let genesis = &context.backend.genesis().validators;
    let sets = std::iter::once(&sets.set).chain(&sets.before).chain([genesis]);
    let validators = sets.flat_map(|set| set.validators());
    Ok(validators.map(|v| (v.key.to_string(), v.name.clone())).collect())
}

fn show(evidence: &Evidence, validator_name: String) -> v1::Evidence {
    let id = |block: Option<Hash>| block.map(|block| block.to_string()).unwrap_or_default();
    let (kind, first, second) = match &evidence.kind {
        EvidenceKind::Votes { first, second } => {
            (v1::EvidenceKind::Votes, first.0.block, second.0.block)
        }
        EvidenceKind::Proposals { first, second } => {
            (v1::EvidenceKind::Proposals, Some(first.0), Some(second.0))
        }
    };
    v1::Evidence {
        kind: kind.into(),
        validator: evidence.validator.to_string(),
        validator_name,
        height: evidence.height,
        round: evidence.round,
        first_block_id: id(first),
        second_block_id: id(second),
        seen_at_height: evidence.seen_at,
        evidence_bytes: codec::encode(evidence),
    }
}
