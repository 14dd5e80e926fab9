//! AccountService: accounts, and what changed their balances.

use ballast_primitives::Address;
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::account_service_server::AccountService;
use ballast_proto::v1::{
    GetAccountRequest, GetAccountResponse, ListTransfersRequest, ListTransfersResponse,
    TransferKind, TransferRecord,
};
use ballast_runtime::object::{Account, Minter};
use ballast_runtime::{Event, Key};
use tonic::{Request, Response, Status};

use super::context::{Context, object, page_size};
use super::control::roles::{Grant, held};
use super::history::{self, Found, Place, Source};
use crate::store::Store;

pub(super) struct Accounts(pub Context);

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let context = &self.0;
        let address = context.read_address("address", &request.into_inner().address)?;
        let (head, (account, roles, minter)) = context.consistent(|store| {
            let account = account(store, &address)?;
            let minter = object::<Minter>(store, &Key::Minter(address))?;
            Ok((account, held(store, &address)?, minter))
        })?;
        let grant = |(role, by, grant): &Grant| context.wire.role_grant(*role, by, grant);
        Ok(Response::new(GetAccountResponse {
            account: Some(context.wire.account(&address, &account)),
            height: head.height,
            block_time_ms: head.time_ms,
            roles: roles.iter().map(grant).collect(),
            minter: minter.map(|minter| context.wire.show(&minter)),
        }))
    }

    async fn list_transfers(
        &self,
        request: Request<ListTransfersRequest>,
    ) -> Result<Response<ListTransfersResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 50, 500);
        let address = self.0.read_address("address", &request.address)?;
        account(self.0.store(), &address)?;
        let place = Place::of(&self.0, Source::Account(address), 0, &request.page_token)?;
        let answer = self.0.blocking(move |context| {
            let page = history::page(context, place, size, |found| {
                Ok(transfer(context, &found).filter(|_| moves(found.event, &address)))
            })?;
            Ok(ListTransfersResponse {
                transfers: page.items,
                next_page_token: page.next,
                height: page.height,
            })
        });
        Ok(Response::new(answer.await?))
    }
}

fn account(store: &Store, address: &Address) -> Result<Account, WireError> {
    let account = object(store, &Key::Account(*address))?;
    account.ok_or_else(|| WireError::new(ServiceReason::AccountNotFound))
}

/// Whether `event` changed the balance of `address`.
fn moves(event: &Event, address: &Address) -> bool {
    match event {
        Event::Transferred { from, to, .. } => from == address || to == address,
        Event::Seized { from, to, .. } => from == address || to.as_ref() == Some(address),
        Event::Minted { to, .. } | Event::BridgedIn { to, .. } => to == address,
        Event::Burned { minter, .. } => minter == address,
        Event::RedemptionRequested { owner, .. } | Event::RedemptionClosed { owner, .. } => {
            owner == address
        }
        Event::BridgedOut { from, .. } => from == address,
        _ => false,
    }
}

fn transfer(context: &Context, found: &Found<'_>) -> Option<TransferRecord> {
    let memo = match found.event {
        Event::Transferred { memo, .. } => memo.clone(),
        _ => None,
    };
    let show = |address: Option<&Address>| context.wire.show(&address.copied());
    let (kind, from, to, amount_micros) = movement(found.event)?;
    Some(TransferRecord {
        kind: kind.into(),
        from: show(from),
        to: show(to),
        amount_micros,
        memo,
        tx_id: found.receipt.tx.to_string(),
        height: found.cursor.height,
        tx_index: found.cursor.tx,
        event_index: found.cursor.event,
        block_time_ms: found.block_time_ms,
    })
}

type Movement<'a> = (TransferKind, Option<&'a Address>, Option<&'a Address>, u64);

/// Out of which account, into which, and how much.
const fn movement(event: &Event) -> Option<Movement<'_>> {
    use TransferKind as Kind;
    Some(match event {
        Event::Transferred { from, to, amount, .. } => {
            (Kind::Transfer, Some(from), Some(to), *amount)
        }
        Event::Minted { to, amount, .. } => (Kind::Mint, None, Some(to), *amount),
        Event::Burned { minter, amount } => (Kind::Burn, Some(minter), None, *amount),
        Event::Seized { from, to, amount, .. } => (Kind::Seizure, Some(from), to.as_ref(), *amount),
        Event::RedemptionRequested { owner, gross, .. } => {
            (Kind::Redeem, Some(owner), None, *gross)
        }
        Event::RedemptionClosed { owner, refund, .. } => (Kind::Refund, None, Some(owner), *refund),
        Event::BridgedOut { from, amount, .. } => (Kind::BridgeOut, Some(from), None, *amount),
        Event::BridgedIn { to, amount, .. } => (Kind::BridgeIn, None, Some(to), *amount),
        _ => return None,
    })
}
