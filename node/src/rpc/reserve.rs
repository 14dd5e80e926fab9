//! The reserve: its reports, the supply's checkpoints, and what the mint gate makes of them.

use ballast_proto::error::WireError;
use ballast_proto::v1::{
    self, GetReportResponse, GetReserveResponse, ListReportsRequest, ListReportsResponse,
    ListSupplyPointsResponse, ReportRecord,
};
use ballast_runtime::limits::CHECKPOINTS_KEPT;
use ballast_runtime::object::{Checkpoint, Policy, Report, ReportStatus, ReserveIndex};
use ballast_runtime::reserve::{Reserve, summary, unencumbered};
use ballast_runtime::{Code, Key, State};
use borsh::{BorshDeserialize, BorshSerialize};

use super::context::{Context, fixed, object, page_size};
use super::objects::{self, Numbered};
use super::page::{bad_token, list_changed, read_token, token};
use crate::store::Store;

/// The most ticks that one page looks at.
const TICKS_MAX: usize = 2_000;

/// The reserve as a mint would find it now.
pub(super) async fn get(context: &Context) -> Result<GetReserveResponse, WireError> {
    let (head, reserve) = context.look(reserve_of).await?;
    let (height, block_time_ms) = (head.height, head.time_ms);
    Ok(GetReserveResponse { reserve: Some(reserve), height, block_time_ms })
}

fn reserve_of(state: &State, now: u64) -> v1::Reserve {
    let Reserve { report, unencumbered, reserve, ceiling, headroom, refused } = summary(state, now);
    let as_of = report.and_then(|number| state.report(number)).map_or(0, |r| r.body.as_of);
    let supply = state.supply();
    let room_below_cap = supply.cap.saturating_sub(supply.total);
    let max_age = report.map_or(0, |_| state.policy().report_max_age_ms);
    v1::Reserve {
        open: refused.is_none(),
        reason: refused.map(Code::name).unwrap_or_default().to_owned(),
        report: report.unwrap_or(0),
        as_of_ms: as_of,
        stale_at_ms: as_of.saturating_add(max_age),
        eligible_micros: unencumbered.to_string(),
        rolled_micros: reserve.to_string(),
        ceiling_micros: ceiling.to_string(),
        total_micros: supply.total.to_string(),
        cap_micros: supply.cap.to_string(),
        headroom_micros: headroom.min(room_below_cap).to_string(),
    }
}

/// One report; 0 is the latest effective one.
pub(super) fn report(context: &Context, number: u64) -> Result<GetReportResponse, WireError> {
    let (head, found) = context.consistent(|store| {
        let index = index(store)?;
        let number = if number == 0 { index.latest.unwrap_or(0) } else { number };
        let found = object::<Report>(store, &Key::Report(number))?;
        Ok(found.map(|report| record(context, &index, number, &report)))
    })?;
    Ok(GetReportResponse {
        report: Some(found.ok_or_else(|| WireError::new(Code::UnknownReport))?),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

fn index(store: &Store) -> Result<ReserveIndex, WireError> {
    fixed(store, &Key::Reserve)
}

fn record(context: &Context, index: &ReserveIndex, number: u64, report: &Report) -> ReportRecord {
    ReportRecord {
        number,
        report: Some(context.wire.show(report)),
        eligible_micros: unencumbered(&report.body).to_string(),
        latest: index.latest == Some(number),
    }
}

pub(super) fn reports(
    context: &Context,
    request: &ListReportsRequest,
) -> Result<ListReportsResponse, WireError> {
    let statuses: Vec<ReportStatus> = context.wire.read("statuses", &request.statuses)?;
    let size = page_size(request.page_size, 20, 100);
    let page = objects::by_number(
        context,
        Numbered::Report,
        &request.page_token,
        size,
        |store| Ok(index(store)?.next),
        |store, _, number, report: Report| {
            let wanted = statuses.is_empty() || statuses.contains(&report.status);
            Ok(if wanted { Some(record(context, &index(store)?, number, &report)) } else { None })
        },
    )?;
    Ok(ListReportsResponse { reports: page.items, next_page_token: page.next, height: page.height })
}

/// Where the next page of checkpoints goes on: below a tick.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct Below {
    tick: u64,
    /// The height that all pages are pinned to.
    height: u64,
    /// The oldest tick that was kept then, and the interval of ticks.
    oldest: u64,
    interval: u64,
    /// Keeps this token apart from others of the same length.
    points: bool,
}

/// The checkpoint of a tick, if it is kept.
pub(super) fn point(
    store: &Store,
    policy: &Policy,
    at: u64,
) -> Result<Option<Checkpoint>, WireError> {
    let found = object::<Checkpoint>(store, &Checkpoint::key(at, policy.checkpoint_ms))?;
    Ok(found.filter(|checkpoint| checkpoint.at == at))
}

pub(super) fn points(
    context: &Context,
    page_token: &str,
    size: usize,
) -> Result<ListSupplyPointsResponse, WireError> {
    let place = read_token::<Below>(page_token)?;
    let (_, (points, next, height)) = context.consistent(|store| {
        let policy: Policy = fixed(store, &Key::Policy)?;
        let index = index(store)?;
        let newest = index.checkpoint.checked_div(policy.checkpoint_ms).unwrap_or(0);
        let end = newest.saturating_add(1);
        // Older ones have been replaced.
        let oldest = end.saturating_sub(u64::from(CHECKPOINTS_KEPT));
        let (interval, height) = (policy.checkpoint_ms, context.head().height);
        let first = Below { tick: end, height, oldest, interval, points: true };
        let place = place.unwrap_or(first);
        // One that was to come may have been replaced; none ever changes. There are none from before
        // the genesis.
        let genesis = context.backend.genesis().time.checked_div(interval).unwrap_or(0);
        if place.oldest.max(genesis) < oldest || place.interval != interval {
            return Err(list_changed());
        }
        if place.tick > end {
            return Err(bad_token());
        }
        let mut below = place.tick;
        let mut points = Vec::new();
        let mut looked_at = 0usize;
        while below > oldest && points.len() < size && looked_at < TICKS_MAX {
            below = below.saturating_sub(1);
            let at = below.saturating_mul(policy.checkpoint_ms);
            points.extend(point(store, &policy, at)?.map(|point| context.wire.show(&point)));
            looked_at = looked_at.saturating_add(1);
        }
        let next = Some(Below { tick: below, ..place }).filter(|next| next.tick > oldest);
        Ok((points, next, place.height))
    })?;
    Ok(ListSupplyPointsResponse {
        points,
        next_page_token: next.as_ref().map(token).unwrap_or_default(),
        height,
    })
}
