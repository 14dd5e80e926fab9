//! Who broke the rules of consensus.

use ballast_primitives::equivocation::TwinKind;
use ballast_primitives::{Hash, PublicKey, codec};
use ballast_proto::error::WireError;
use ballast_proto::v1::{self, ListEvidenceRequest, ListEvidenceResponse};
use ballast_replica::types::Seen;
use ballast_runtime::Key;
use ballast_runtime::object::Validators;

use crate::rpc::context::{Context, fixed, internal, page_size};

pub(super) fn list(
    context: &Context,
    request: &ListEvidenceRequest,
) -> Result<ListEvidenceResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let stored = context.store().evidence(size).map_err(internal)?;
    let sets: Validators = fixed(context.store(), &Key::Validators)?;
    let shown =
        stored.iter().map(|seen| show(seen, name_of(context, &sets, &seen.evidence.validator)));
    Ok(ListEvidenceResponse { evidence: shown.collect() })
}

/// Whoever has left since is named as in the set before, or at genesis.
pub(super) fn name_of(context: &Context, sets: &Validators, key: &PublicKey) -> String {
    let genesis = &context.backend.genesis().validators;
    let sets = std::iter::once(&sets.set).chain(&sets.before).chain([genesis]);
    let validator = sets.filter_map(|set| set.get(key)).next();
    validator.map(|validator| validator.name.clone()).unwrap_or_default()
}

pub(super) const fn kind_of(kind: TwinKind) -> v1::EvidenceKind {
    match kind {
        TwinKind::Prevote => v1::EvidenceKind::Prevotes,
        TwinKind::Precommit => v1::EvidenceKind::Precommits,
        TwinKind::Proposal => v1::EvidenceKind::Proposals,
    }
}

fn show(seen: &Seen, validator_name: String) -> v1::Evidence {
    let evidence = &seen.evidence;
    let id = |block: Option<Hash>| block.map(|block| block.to_string()).unwrap_or_default();
    let [first, second] = evidence.blocks();
    v1::Evidence {
        kind: kind_of(evidence.kind()).into(),
        validator: evidence.validator.to_string(),
        validator_name,
        height: evidence.height,
        round: evidence.round,
        first_block_id: id(first),
        second_block_id: id(second),
        seen_at_height: seen.at,
        evidence_bytes: codec::encode(evidence),
    }
}
