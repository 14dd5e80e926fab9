//! ControlService: who holds which power, how it was used, and the money that is on its way in and
//! out. One file for each topic.

mod council;
mod events;
mod evidence;
mod money;
mod registry;
pub(super) mod roles;

use ballast_proto::v1::control_service_server::ControlService;
use ballast_proto::v1::*;
use tonic::{Request, Response, Status};

use super::context::Context;

pub(super) struct Controls(pub Context);

/// The calls whose answer is a function of the context and the request, run off the async threads.
macro_rules! calls {
    ($($name:ident($request:ident) -> $response:ident = $call:path;)*) => {
        #[tonic::async_trait]
        impl ControlService for Controls {
            $(async fn $name(
                &self,
                request: Request<$request>,
            ) -> Result<Response<$response>, Status> {
                let request = request.into_inner();
                let answer = self.0.blocking(move |context| $call(context, &request)).await?;
                Ok(Response::new(answer))
            })*

            async fn classify_operations(
                &self,
                request: Request<ClassifyOperationsRequest>,
            ) -> Result<Response<ClassifyOperationsResponse>, Status> {
                let answer = council::classify(&self.0, &request.into_inner()).await?;
                Ok(Response::new(answer))
            }
        }
    };
}

calls! {
    list_roles(ListRolesRequest) -> ListRolesResponse = roles::list;
    list_evidence(ListEvidenceRequest) -> ListEvidenceResponse = evidence::list;
    get_council(GetCouncilRequest) -> GetCouncilResponse = council::get;
    get_proposal(GetProposalRequest) -> GetProposalResponse = council::proposal;
    list_proposals(ListProposalsRequest) -> ListProposalsResponse = council::proposals;
    list_control_events(ListControlEventsRequest) -> ListControlEventsResponse = events::list;
    list_pauses(ListPausesRequest) -> ListPausesResponse = events::pauses;
    list_incidents(ListIncidentsRequest) -> ListIncidentsResponse = events::incidents;
    list_documents(ListDocumentsRequest) -> ListDocumentsResponse = registry::documents;
    get_policy(GetPolicyRequest) -> GetPolicyResponse = registry::policy;
    get_terms(GetTermsRequest) -> GetTermsResponse = registry::terms;
    get_deposit(GetDepositRequest) -> GetDepositResponse = money::deposit;
    list_deposits(ListDepositsRequest) -> ListDepositsResponse = money::deposits;
    get_redemption(GetRedemptionRequest) -> GetRedemptionResponse = money::redemption;
    list_redemptions(ListRedemptionsRequest) -> ListRedemptionsResponse = money::redemptions;
    list_bridges(ListBridgesRequest) -> ListBridgesResponse = registry::bridges;
    list_institutions(ListInstitutionsRequest) -> ListInstitutionsResponse = registry::institutions;
    list_minters(ListMintersRequest) -> ListMintersResponse = registry::minters;
    list_validators(ListValidatorsRequest) -> ListValidatorsResponse = registry::validators;
    get_allowance(GetAllowanceRequest) -> GetAllowanceResponse = registry::allowance;
    get_upgrade(GetUpgradeRequest) -> GetUpgradeResponse = registry::upgrade;
}
