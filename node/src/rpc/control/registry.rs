//! What the council and the registrar have set: parameters, terms, documents, bridges,
//! institutions, minters, validators, the next upgrade; and allowances.

use ballast_primitives::{Address, Committee};
use ballast_proto::error::WireError;
use ballast_proto::v1::{
    self, BridgeRecord, DocumentRecord, GetAllowanceRequest, GetAllowanceResponse,
    GetPolicyRequest, GetPolicyResponse, GetTermsRequest, GetTermsResponse, GetUpgradeRequest,
    GetUpgradeResponse, InstitutionRecord, ListBridgesRequest, ListBridgesResponse,
    ListDocumentsRequest, ListDocumentsResponse, ListInstitutionsRequest, ListInstitutionsResponse,
    ListMintersRequest, ListMintersResponse, ListValidatorsRequest, ListValidatorsResponse,
    MinterRecord, NamedValidator,
};
use ballast_runtime::object::{
    Allowance, Document, DocumentKind, Policy, Role, RoleGrant, Terms, Upgrade, Validators,
};
use ballast_runtime::{Key, Object};

use super::evidence::{kind_of, name_of};
use crate::rpc::context::{Context, fixed, internal, object, page_size};
use crate::rpc::objects::{Page, by_key};

pub(super) fn policy(
    context: &Context,
    _request: &GetPolicyRequest,
) -> Result<GetPolicyResponse, WireError> {
    let (head, policy) = context.consistent(|store| fixed::<Policy>(store, &Key::Policy))?;
    Ok(GetPolicyResponse { policy: Some(context.wire.show(&policy)), height: head.height })
}

pub(super) fn terms(
    context: &Context,
    _request: &GetTermsRequest,
) -> Result<GetTermsResponse, WireError> {
    let (head, terms) = context.consistent(|store| fixed::<Terms>(store, &Key::Terms))?;
    Ok(GetTermsResponse { terms: Some(context.wire.show(&terms)), height: head.height })
}

pub(super) fn documents(
    context: &Context,
    _request: &ListDocumentsRequest,
) -> Result<ListDocumentsResponse, WireError> {
    let (head, documents) = context.consistent(|store| {
        let mut documents = Vec::new();
        for kind in DocumentKind::ALL {
            let document = object::<Document>(store, &Key::Document(kind))?;
            documents.extend(document.map(|document| DocumentRecord {
                kind: context.wire.show(&kind),
                document: Some(context.wire.show(&document)),
            }));
        }
        Ok(documents)
    })?;
    Ok(ListDocumentsResponse { documents, height: head.height })
}

pub(super) fn bridges(
    context: &Context,
    request: &ListBridgesRequest,
) -> Result<ListBridgesResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let keys = [(Key::Bridge(0), Key::Bridge(u32::MAX))];
    let Page { items: bridges, next: next_page_token, height, .. } =
        by_key(context, &keys, &request.page_token, size, |_, _, key, object| {
            match (key, object) {
                (Key::Bridge(number), Object::Bridge(bridge)) => {
                    Ok(BridgeRecord { number, bridge: Some(context.wire.show(&*bridge)) })
                }
                (key, _) => Err(misplaced(&key)),
            }
        })?;
    Ok(ListBridgesResponse { bridges, next_page_token, height })
}

pub(super) fn institutions(
    context: &Context,
    request: &ListInstitutionsRequest,
) -> Result<ListInstitutionsResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let keys = [(Key::Institution(0), Key::Institution(u32::MAX))];
    let Page { items: institutions, next: next_page_token, height, .. } =
        by_key(context, &keys, &request.page_token, size, |_, _, key, object| {
            match (key, object) {
                (Key::Institution(number), Object::Institution(institution)) => {
                    let institution = Some(context.wire.show(&institution));
                    Ok(InstitutionRecord { number, institution })
                }
                (key, _) => Err(misplaced(&key)),
            }
        })?;
    Ok(ListInstitutionsResponse { institutions, next_page_token, height })
}

pub(super) fn minters(
    context: &Context,
    request: &ListMintersRequest,
) -> Result<ListMintersResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let all = |key: fn(Address) -> Key| (key(Address([0; 32])), key(Address([u8::MAX; 32])));
    let keys = [all(Key::Minter), all(|holder| Key::Role(Role::Minter, holder))];
    let Page { items: minters, next: next_page_token, height, time_ms: block_time_ms } =
        by_key(context, &keys, &request.page_token, size, |store, now, key, found| {
            let (Key::Minter(holder), Object::Minter(minter)) = (&key, found) else {
                return Err(misplaced(&key));
            };
            let grant = object::<RoleGrant>(store, &Key::Role(Role::Minter, *holder))?;
            Ok(MinterRecord {
                holder: context.wire.address(holder),
                minter: Some(context.wire.show(&*minter)),
                active: !minter.suspended && grant.is_some_and(|grant| grant.is_live(now)),
                window_used_micros: minter.window.total(now).to_string(),
            })
        })?;
    Ok(ListMintersResponse { minters, next_page_token, height, block_time_ms })
}

fn misplaced(key: &Key) -> WireError {
    internal(format!("another kind of object is under {key:?}"))
}

pub(super) fn validators(
    context: &Context,
    _request: &ListValidatorsRequest,
) -> Result<ListValidatorsResponse, WireError> {
    let (head, validators) =
        context.consistent(|store| fixed::<Validators>(store, &Key::Validators))?;
    let Validators { set, from_height, before, named, .. } = &validators;
    let show = |set: &Committee| {
        set.validators().iter().map(|v| context.wire.show(v)).collect::<Vec<v1::Validator>>()
    };
    let named = named.all().iter().map(|named| NamedValidator {
        validator: named.key.to_string(),
        validator_name: name_of(context, &validators, &named.key),
        kind: kind_of(named.kind).into(),
        height: named.height,
        round: named.round,
        times: named.times,
        block_height: named.block,
        block_time_ms: named.at,
    });
    Ok(ListValidatorsResponse {
        named: named.collect(),
        validators: show(set),
        from_height: *from_height,
        before: before.as_ref().map(show).unwrap_or_default(),
        height: head.height,
    })
}

pub(super) fn allowance(
    context: &Context,
    request: &GetAllowanceRequest,
) -> Result<GetAllowanceResponse, WireError> {
    let owner = context.read_address("owner", &request.owner)?;
    let spender = context.read_address("spender", &request.spender)?;
    let key = Key::Allowance(owner, spender);
    let (head, found) = context.consistent(|store| object::<Allowance>(store, &key))?;
    Ok(GetAllowanceResponse {
        current_micros: found.map_or(0, |allowance| allowance.current(head.time_ms)),
        allowance: found.map(|allowance| context.wire.show(&allowance)),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

pub(super) fn upgrade(
    context: &Context,
    _request: &GetUpgradeRequest,
) -> Result<GetUpgradeResponse, WireError> {
    let (head, upgrade) = context.consistent(|store| fixed::<Upgrade>(store, &Key::Upgrade))?;
    let info = context.backend.info();
    Ok(GetUpgradeResponse {
        upgrade: Some(context.wire.show(&upgrade)),
        runtime_version: info.rules_newest,
        height: head.height,
        validators_ready: info.upgrade_ready,
        validators: info.validators,
    })
}
