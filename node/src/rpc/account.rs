//! AccountService: accounts, and what changed their balances.

use ballast_primitives::Address;
use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::account_service_server::AccountService;
use ballast_proto::v1::{
    GetAccountRequest, GetAccountResponse, ListTransfersRequest, ListTransfersResponse,
    TransferKind, TransferRecord,
};
use ballast_runtime::object::{Account, Minter};
use ballast_runtime::{Event, Key, Object, Receipt};
use borsh::{BorshDeserialize, BorshSerialize};
use tonic::{Request, Response, Status};

use super::context::{Context, internal, object, page_size};
use super::page::{bad_token, read_token, token};
use super::roles::{Grant, held};
use crate::store::Store;

/// The most transactions of an account's history that one page looks at.
const SCAN_MAX: usize = 1_000;
/// How many it reads at a time.
const SCAN_STEP: usize = 100;

pub(super) struct Accounts(pub Context);

/// Where the next page goes on: below this event.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct Place {
    address: Address,
    /// The height that all pages are pinned to.
    height: u64,
    below: (u64, u32, u32),
}

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
            Ok((account, held(store, &address)?, minter(store, &address)?))
        })?;
        let grant = |(role, by, grant): &Grant| context.wire.role_grant(*role, by, grant);
        Ok(Response::new(GetAccountResponse {
            account: Some(context.wire.account(&address, &account)),
            height: head.height,
            block_time_ms: head.time_ms,
            roles: roles.iter().map(grant).collect(),
            minter: minter.map(|minter| context.wire.minter(&minter)),
        }))
    }

    async fn list_transfers(
        &self,
        request: Request<ListTransfersRequest>,
    ) -> Result<Response<ListTransfersResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 50, 500);
        let address = self.0.read_address("address", &request.address)?;
        let head = self.0.head().height;
        account(self.0.store(), &address)?;
        let place = read_token::<Place>(&request.page_token)?;
        if place.is_some_and(|place| place.address != address || place.height > head) {
            return Err(bad_token().into());
        }
        let first = Place { address, height: head, below: (head.saturating_add(1), 0, 0) };
        let place = place.unwrap_or(first);
        let answer = self.0.blocking(move |context| transfers(context, place, size)).await?;
        Ok(Response::new(answer))
    }
}

fn account(store: &Store, address: &Address) -> Result<Account, WireError> {
    match object(store, &Key::Account(*address))? {
        Some(Object::Account(account)) => Ok(account),
        _ => Err(WireError::new(ServiceReason::AccountNotFound)),
    }
}

fn minter(store: &Store, address: &Address) -> Result<Option<Minter>, WireError> {
    Ok(match object(store, &Key::Minter(*address))? {
        Some(Object::Minter(minter)) => Some(minter),
        _ => None,
    })
}

/// One page, newest first, of what lies below `place`.
fn transfers(
    context: &Context,
    place: Place,
    size: usize,
) -> Result<ListTransfersResponse, WireError> {
    let mut place = place;
    let mut found = Vec::new();
    let mut looked_at = 0;
    let next = 'page: loop {
        let (height, index, event) = place.below;
        // Events of this very receipt may be left, so it is read again.
        let before = if event == 0 { (height, index) } else { (height, index.saturating_add(1)) };
        let history = context
            .store()
            .account_history(&place.address, Some(before), SCAN_STEP)
            .map_err(internal)?;
        if history.is_empty() {
            break None;
        }
        for (height, index) in history {
            let mut records = transfers_in(context, &place.address, height, index)?;
            records.retain(|record| (height, index, record.event_index) < place.below);
            for record in records.into_iter().rev() {
                if found.len() == size {
                    break 'page Some(place);
                }
                place.below = (height, index, record.event_index);
                found.push(record);
            }
            place.below = (height, index, 0);
            looked_at = usize::saturating_add(looked_at, 1);
            if looked_at == SCAN_MAX {
                break 'page Some(place);
            }
        }
    };
    Ok(ListTransfersResponse {
        transfers: found,
        next_page_token: next.as_ref().map(token).unwrap_or_default(),
        height: place.height,
    })
}

/// The transfers of one receipt that concern `address`, in order.
fn transfers_in(
    context: &Context,
    address: &Address,
    height: u64,
    index: u32,
) -> Result<Vec<TransferRecord>, WireError> {
    let store = context.store();
    let Some(record) = store.record(height, index).map_err(internal)? else {
        return Ok(Vec::new());
    };
    let time = store.executed(height).map_err(internal)?.map_or(0, |executed| executed.time);
    let receipt = &record.receipt;
    let mine = receipt.events.iter().zip(0u32..).filter(|(event, _)| moves(event, address));
    Ok(mine.filter_map(|(event, at)| transfer(context, receipt, event, at, time)).collect())
}

/// Whether `event` changed the balance of `address`.
fn moves(event: &Event, address: &Address) -> bool {
    match event {
        Event::Transferred { from, to, .. } => from == address || to == address,
        Event::Minted { to, .. } => to == address,
        Event::Burned { minter, .. } => minter == address,
        _ => false,
    }
}

fn transfer(
    context: &Context,
    receipt: &Receipt,
    event: &Event,
    event_index: u32,
    block_time_ms: u64,
) -> Option<TransferRecord> {
    let show = |address: &Address| context.wire.address(address);
    let (kind, from, to, amount_micros, memo) = match event {
        Event::Transferred { from, to, amount, memo } => {
            (TransferKind::Transfer, show(from), show(to), *amount, memo.clone())
        }
        Event::Minted { to, amount, .. } => {
            (TransferKind::Mint, String::new(), show(to), *amount, None)
        }
        Event::Burned { minter, amount } => {
            (TransferKind::Burn, show(minter), String::new(), *amount, None)
        }
        _ => return None,
    };
    Some(TransferRecord {
        kind: kind.into(),
        from,
        to,
        amount_micros,
        memo,
        tx_id: receipt.tx.to_string(),
        height: receipt.height,
        tx_index: receipt.index,
        event_index,
        block_time_ms,
    })
}
