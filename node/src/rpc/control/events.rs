//! What power was used for: the log of control, pauses, incidents.

use ballast_proto::error::WireError;
use ballast_proto::v1::{
    IncidentRecord, ListControlEventsRequest, ListControlEventsResponse, ListIncidentsRequest,
    ListIncidentsResponse, ListPausesRequest, ListPausesResponse, PauseRecord,
};
use ballast_runtime::Key;
use ballast_runtime::object::{Incident, IncidentLog, PauseState, Scope};

use crate::rpc::context::{Context, fixed, page_size};
use crate::rpc::history::{self, Place, Source};
use crate::rpc::objects::{self, Numbered};
use crate::rpc::scan::{self, Filter};
use crate::store::Topic;

pub(super) fn list(
    context: &Context,
    request: &ListControlEventsRequest,
) -> Result<ListControlEventsResponse, WireError> {
    let filter = Filter::read(&context.wire, request.filter.clone())?;
    let size = page_size(request.page_size, 100, 1_000);
    let place = Place::of(context, Source::Topic(Topic::Control), 0, &request.page_token)?;
    let page = history::page(context, place, size, |found| {
        let wanted = Topic::of(found.event) == Some(Topic::Control) && filter.wants(found.event);
        let record = || {
            let (receipt, event) = (found.receipt, found.event);
            scan::record(&context.wire, receipt, event, found.cursor, found.block_time_ms)
        };
        Ok(wanted.then(record))
    })?;
    Ok(ListControlEventsResponse {
        events: page.items,
        next_page_token: page.next,
        height: page.height,
    })
}

pub(super) fn pauses(
    context: &Context,
    _request: &ListPausesRequest,
) -> Result<ListPausesResponse, WireError> {
    let (head, states) = context.consistent(|store| {
        let state = |scope| Ok((scope, fixed::<PauseState>(store, &Key::Pause(scope))?));
        Scope::ALL.into_iter().map(state).collect::<Result<Vec<_>, WireError>>()
    })?;
    let record = |(scope, state): (Scope, PauseState)| PauseRecord {
        scope: context.wire.show(&scope),
        state: Some(context.wire.show(&state)),
        paused: state.is_paused(head.time_ms),
    };
    Ok(ListPausesResponse {
        pauses: states.into_iter().map(record).collect(),
        height: head.height,
        block_time_ms: head.time_ms,
    })
}

pub(super) fn incidents(
    context: &Context,
    request: &ListIncidentsRequest,
) -> Result<ListIncidentsResponse, WireError> {
    let page = objects::by_number(
        context,
        Numbered::Incident,
        &request.page_token,
        page_size(request.page_size, 100, 1_000),
        |store| Ok(fixed::<IncidentLog>(store, &Key::Incidents)?.next),
        |_, _, number, incident: Incident| {
            Ok(Some(IncidentRecord { number, incident: Some(context.wire.show(&incident)) }))
        },
    )?;
    Ok(ListIncidentsResponse {
        incidents: page.items,
        next_page_token: page.next,
        height: page.height,
    })
}
