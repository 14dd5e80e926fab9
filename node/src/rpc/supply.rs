//! SupplyService: how much there is, why, and what it rests on.

use ballast_proto::v1::supply_service_server::SupplyService;
use ballast_proto::v1::{
    GetReportRequest, GetReportResponse, GetReserveRequest, GetReserveResponse, GetSupplyRequest,
    GetSupplyResponse, ListReportsRequest, ListReportsResponse, ListSupplyPointsRequest,
    ListSupplyPointsResponse,
};
use ballast_runtime::Key;
use ballast_runtime::object::{Policy, ReserveIndex, Supply, Window};
use tonic::{Request, Response, Status};

use super::context::{Context, fixed, page_size};
use super::reserve;

pub(super) struct Supplies(pub Context);

#[tonic::async_trait]
impl SupplyService for Supplies {
    async fn get_supply(
        &self,
        _request: Request<GetSupplyRequest>,
    ) -> Result<Response<GetSupplyResponse>, Status> {
        let wire = &self.0.wire;
        let (head, (supply, policy, window, newest)) = self.0.consistent(|store| {
            let policy: Policy = fixed(store, &Key::Policy)?;
            let index: ReserveIndex = fixed(store, &Key::Reserve)?;
            let newest = reserve::point(store, &policy, index.checkpoint)?;
            let supply: Supply = fixed(store, &Key::Supply)?;
            Ok((supply, policy, fixed::<Window>(store, &Key::Window)?, newest))
        })?;
        Ok(Response::new(GetSupplyResponse {
            supply: Some(wire.show(&supply)),
            height: head.height,
            block_time_ms: head.time_ms,
            newest_point: newest.map(|point| wire.show(&point)),
            window_used_micros: window.total(head.time_ms).to_string(),
            window_cap_micros: policy.global_window_cap,
        }))
    }

    async fn list_supply_points(
        &self,
        request: Request<ListSupplyPointsRequest>,
    ) -> Result<Response<ListSupplyPointsResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 100, 1_000);
        let page = move |context: &Context| reserve::points(context, &request.page_token, size);
        Ok(Response::new(self.0.blocking(page).await?))
    }

    async fn get_reserve(
        &self,
        _request: Request<GetReserveRequest>,
    ) -> Result<Response<GetReserveResponse>, Status> {
        Ok(Response::new(reserve::get(&self.0).await?))
    }

    async fn get_report(
        &self,
        request: Request<GetReportRequest>,
    ) -> Result<Response<GetReportResponse>, Status> {
        Ok(Response::new(reserve::report(&self.0, request.into_inner().number)?))
    }

    async fn list_reports(
        &self,
        request: Request<ListReportsRequest>,
    ) -> Result<Response<ListReportsResponse>, Status> {
        let request = request.into_inner();
        let page = move |context: &Context| reserve::reports(context, &request);
        Ok(Response::new(self.0.blocking(page).await?))
    }
}
