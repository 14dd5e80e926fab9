//! ControlService: who holds which power, and who broke the rules of consensus.

use ballast_primitives::{Address, Hash, codec};
use ballast_proto::convert;
use ballast_proto::error::WireError;
use ballast_proto::v1::control_service_server::ControlService;
use ballast_proto::v1::{
    self, ListEvidenceRequest, ListEvidenceResponse, ListRolesRequest, ListRolesResponse,
};
use ballast_replica::types::{Evidence, EvidenceKind};
use ballast_runtime::object::Role;
use ballast_runtime::{Key, Object};
use borsh::{BorshDeserialize, BorshSerialize};
use tonic::{Request, Response, Status};

use super::context::{Context, internal, object, page_size};
use super::page::{read_token, token};
use super::roles::{Grant, RoleIndex};

pub(super) struct Controls {
    context: Context,
    roles: RoleIndex,
}

impl Controls {
    pub fn new(context: Context) -> Self {
        Self { context, roles: RoleIndex::default() }
    }
}

/// Where the next page goes on: behind this grant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
struct RolePlace {
    role: Role,
    holder: Address,
}

#[tonic::async_trait]
impl ControlService for Controls {
    async fn list_roles(
        &self,
        request: Request<ListRolesRequest>,
    ) -> Result<Response<ListRolesResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 100, 1_000);
        let role = match request.role {
            0 => None,
            number => Some(convert::read_role("role", number).map_err(WireError::from)?),
        };
        let holder = match request.holder.as_str() {
            "" => None,
            text => Some(self.context.read_address("holder", text)?),
        };
        let after = read_token::<RolePlace>(&request.page_token)?;
        let (head, grants) = match holder {
            Some(holder) => RoleIndex::of(&self.context, &holder)?,
            None => self.roles.all(&self.context).await?,
        };
        let (roles, next_page_token) = page(&self.context, grants, role, after, size);
        Ok(Response::new(ListRolesResponse { roles, next_page_token, height: head.height }))
    }

    async fn list_evidence(
        &self,
        request: Request<ListEvidenceRequest>,
    ) -> Result<Response<ListEvidenceResponse>, Status> {
        let size = page_size(request.into_inner().page_size, 100, 1_000);
        let answer = self.context.blocking(move |context| {
            let stored = context.store().evidence(size).map_err(internal)?;
            let names = validator_names(context)?;
            let shown = stored.iter().map(|evidence| {
                let name = names.iter().find(|(key, _)| *key == evidence.validator.to_string());
                show(evidence, name.map(|(_, name)| name.clone()).unwrap_or_default())
            });
            Ok(ListEvidenceResponse { evidence: shown.collect() })
        });
        Ok(Response::new(answer.await?))
    }
}

fn validator_names(context: &Context) -> Result<Vec<(String, String)>, WireError> {
    let stored = object(context.store(), &Key::Validators)?;
    let stored = stored.as_ref().and_then(|object| match object {
        Object::Validators(sets) => Some(sets),
        _ => None,
    });
    // Whoever has left since is named as in the set before, or at genesis.
    let newest = stored.map(|sets| &sets.set).into_iter();
    let before = stored.and_then(|sets| sets.before.as_ref());
    let sets = newest.chain(before).chain([&context.backend.genesis().validators]);
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

/// One page of the grants that match, by role and then by holder.
fn page(
    context: &Context,
    grants: Vec<Grant>,
    role: Option<Role>,
    after: Option<RolePlace>,
    size: usize,
) -> (Vec<v1::RoleGrant>, String) {
    let wanted = |grant: &Grant| {
        let place = RolePlace { role: grant.0, holder: grant.1 };
        role.is_none_or(|role| role == grant.0) && after.is_none_or(|after| place > after)
    };
    let mut matching = grants.into_iter().filter(wanted).peekable();
    let page: Vec<_> = matching.by_ref().take(size).collect();
    let more = matching.peek().is_some();
    let last = page.last().map(|(role, holder, _)| RolePlace { role: *role, holder: *holder });
    let next = last.filter(|_| more).as_ref().map(token).unwrap_or_default();
    let shown = page.iter().map(|(role, by, grant)| context.wire.role_grant(*role, by, grant));
    (shown.collect(), next)
}
