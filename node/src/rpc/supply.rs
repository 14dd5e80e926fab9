//! SupplyService: how much there is.

use ballast_proto::v1::supply_service_server::SupplyService;
use ballast_proto::v1::{GetSupplyRequest, GetSupplyResponse};
use ballast_runtime::{Key, Object};
use tonic::{Request, Response, Status};

use super::context::{Context, internal, object};

pub(super) struct Supplies(pub Context);

#[tonic::async_trait]
impl SupplyService for Supplies {
    async fn get_supply(
        &self,
        _request: Request<GetSupplyRequest>,
    ) -> Result<Response<GetSupplyResponse>, Status> {
        let (head, supply) = self.0.consistent(|store| object(store, &Key::Supply))?;
        let Some(Object::Supply(supply)) = supply else {
            return Err(internal("the state has no supply").into());
        };
        Ok(Response::new(GetSupplyResponse {
            supply: Some(self.0.wire.supply(&supply)),
            height: head.height,
            block_time_ms: head.time_ms,
        }))
    }
}
