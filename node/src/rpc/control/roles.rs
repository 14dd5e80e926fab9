//! Who holds which role.

use ballast_primitives::Address;
use ballast_proto::error::WireError;
use ballast_proto::v1::{ListRolesRequest, ListRolesResponse};
use ballast_runtime::object::{Kind as _, Role, RoleGrant};
use ballast_runtime::{Key, Object};

use crate::rpc::context::{Context, internal, object, page_size};
use crate::rpc::objects::{Page, by_key};
use crate::store::Store;

pub(crate) type Grant = (Role, Address, RoleGrant);

pub(super) fn list(
    context: &Context,
    request: &ListRolesRequest,
) -> Result<ListRolesResponse, WireError> {
    let size = page_size(request.page_size, 100, 1_000);
    let role = match request.role {
        0 => None,
        number => Some(context.wire.read::<Role, _>("role", &number)?),
    };
    let (height, roles, next_page_token) = match request.holder.as_str() {
        "" => {
            let keys = [range(role)];
            let Page { items, next, height, .. } =
                by_key(context, &keys, &request.page_token, size, |_, _, key, object| {
                    read(key, &object)
                })?;
            (height, items, next)
        }
        // So few that there is but one page.
        text => {
            let holder = context.read_address("holder", text)?;
            let (head, mut grants) = context.consistent(|store| held(store, &holder))?;
            grants.retain(|(held, ..)| role.is_none_or(|role| role == *held));
            (head.height, grants, String::new())
        }
    };
    let show = |(role, by, grant): &Grant| context.wire.role_grant(*role, by, grant);
    let roles = roles.iter().map(show).collect();
    Ok(ListRolesResponse { roles, next_page_token, height })
}

/// The keys of all grants, or of one role's.
fn range(role: Option<Role>) -> (Key, Key) {
    let [first, .., last] = Role::ALL;
    let first = Key::Role(role.unwrap_or(first), Address([0; 32]));
    (first, Key::Role(role.unwrap_or(last), Address([u8::MAX; 32])))
}

fn read(key: Key, object: &Object) -> Result<Grant, WireError> {
    match (key, RoleGrant::of(object)) {
        (Key::Role(role, holder), Some(grant)) => Ok((role, holder, *grant)),
        (key, _) => Err(internal(format!("{key:?} is no grant of a role"))),
    }
}

/// The grants of one holder, by role.
pub(crate) fn held(store: &Store, holder: &Address) -> Result<Vec<Grant>, WireError> {
    let mut grants = Vec::new();
    for role in Role::ALL {
        let grant = object::<RoleGrant>(store, &Key::Role(role, *holder))?;
        grants.extend(grant.map(|grant| (role, *holder, grant)));
    }
    Ok(grants)
}
