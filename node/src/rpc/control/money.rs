//! Money on its way in and out: deposits and redemptions, found by their events, shown as they are
//! now.

use ballast_primitives::{Address, Hash};
use ballast_proto::convert::read_hash;
use ballast_proto::error::WireError;
use ballast_proto::v1::{
    DepositRecord, GetDepositRequest, GetDepositResponse, GetRedemptionRequest,
    GetRedemptionResponse, ListDepositsRequest, ListDepositsResponse, ListRedemptionsRequest,
    ListRedemptionsResponse, RedemptionRecord,
};
use ballast_runtime::object::{Deposit, Payout, Redemption, RedemptionStatus};
use ballast_runtime::{Code, Event, Key};

use crate::rpc::context::{Context, fixed, object, page_size};
use crate::rpc::history::{self, Place, Source};
use crate::store::{Store, Topic};

/// Numbers of the lists, for their page tokens.
const DEPOSITS: u8 = 1;
const REDEMPTIONS: u8 = 2;

pub(super) fn deposit(
    context: &Context,
    request: &GetDepositRequest,
) -> Result<GetDepositResponse, WireError> {
    let id = read_hash("deposit_id", &request.deposit_id)?;
    let (head, found) = context.consistent(|store| object::<Deposit>(store, &Key::Deposit(id)))?;
    let deposit = found.ok_or_else(|| WireError::new(Code::UnknownDeposit))?;
    Ok(GetDepositResponse {
        deposit: Some(deposit_record(context, &id, &deposit, head.time_ms)),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

fn deposit_record(context: &Context, id: &Hash, deposit: &Deposit, now: u64) -> DepositRecord {
    let may_be_minted = !deposit.reversed && now >= deposit.final_at;
    let left = deposit.amount.saturating_sub(deposit.minted);
    DepositRecord {
        deposit_id: id.to_string(),
        deposit: Some(context.wire.show(deposit)),
        mintable_micros: if may_be_minted { left } else { 0 },
    }
}

pub(super) fn deposits(
    context: &Context,
    request: &ListDepositsRequest,
) -> Result<ListDepositsResponse, WireError> {
    let custodian: Option<Address> = context.wire.read("custodian", &request.custodian)?;
    let beneficiary: Option<Address> = context.wire.read("beneficiary", &request.beneficiary)?;
    let size = page_size(request.page_size, 100, 1_000);
    // Whoever is named has them in the account's own history.
    let account = beneficiary.or(custodian).map(Source::Account);
    let source = account.unwrap_or(Source::Topic(Topic::Deposit));
    let place = Place::of(context, source, DEPOSITS, &request.page_token)?;
    let now = context.head().time_ms;
    let page = history::page(context, place, size, |found| {
        let Event::DepositConfirmed { deposit: id, .. } = found.event else { return Ok(None) };
        let deposit: Deposit = fixed(context.store(), &Key::Deposit(*id))?;
        let open = !deposit.reversed && deposit.minted < deposit.amount;
        let wanted = (open || !request.open_only)
            && custodian.is_none_or(|custodian| custodian == deposit.custodian)
            && beneficiary.is_none_or(|beneficiary| beneficiary == deposit.beneficiary);
        Ok(wanted.then(|| deposit_record(context, id, &deposit, now)))
    })?;
    Ok(ListDepositsResponse {
        deposits: page.items,
        next_page_token: page.next,
        height: page.height,
        block_time_ms: now,
    })
}

pub(super) fn redemption(
    context: &Context,
    request: &GetRedemptionRequest,
) -> Result<GetRedemptionResponse, WireError> {
    let id = read_hash("redemption_id", &request.redemption_id)?;
    let (head, found) = context.consistent(|store| {
        let found = object::<Redemption>(store, &Key::Redemption(id))?;
        let now = context.head().time_ms;
        found.map(|found| redemption_record(context, store, &id, &found, now)).transpose()
    })?;
    Ok(GetRedemptionResponse {
        redemption: Some(found.ok_or_else(|| WireError::new(Code::UnknownRedemption))?),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

fn redemption_record(
    context: &Context,
    store: &Store,
    id: &Hash,
    redemption: &Redemption,
    now: u64,
) -> Result<RedemptionRecord, WireError> {
    let payout = match redemption.payout {
        Some(payout) => Some(fixed::<Payout>(store, &Key::Payout(payout))?),
        None => None,
    };
    Ok(RedemptionRecord {
        redemption_id: id.to_string(),
        redemption: Some(context.wire.show(redemption)),
        payout: payout.map(|payout| context.wire.show(&payout)),
        overdue: redemption.status == RedemptionStatus::Requested && now >= redemption.due_at,
    })
}

pub(super) fn redemptions(
    context: &Context,
    request: &ListRedemptionsRequest,
) -> Result<ListRedemptionsResponse, WireError> {
    let owner: Option<Address> = context.wire.read("owner", &request.owner)?;
    let statuses: Vec<RedemptionStatus> = context.wire.read("statuses", &request.statuses)?;
    let size = page_size(request.page_size, 100, 1_000);
    let source = owner.map_or(Source::Topic(Topic::Redemption), Source::Account);
    let place = Place::of(context, source, REDEMPTIONS, &request.page_token)?;
    let (store, now) = (context.store(), context.head().time_ms);
    let page = history::page(context, place, size, |found| {
        let Event::RedemptionRequested { redemption: id, .. } = found.event else {
            return Ok(None);
        };
        let redemption: Redemption = fixed(store, &Key::Redemption(*id))?;
        let wanted = (statuses.is_empty() || statuses.contains(&redemption.status))
            && owner.is_none_or(|owner| owner == redemption.owner);
        let record = || redemption_record(context, store, id, &redemption, now);
        wanted.then(record).transpose()
    })?;
    Ok(ListRedemptionsResponse {
        redemptions: page.items,
        next_page_token: page.next,
        height: page.height,
        block_time_ms: now,
    })
}
