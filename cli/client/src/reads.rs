//! Reading the state: one method for each call, asked at one validator after the other.

use ballast_proto::v1;
use ballast_proto::v1::control_service_client::ControlServiceClient;
use ballast_proto::v1::supply_service_client::SupplyServiceClient;

use crate::{Client, Error};

macro_rules! reads {
    ($($service:ident { $($name:ident($request:ident) -> $response:ident;)* })*) => {
        impl Client {
            $($(
                #[doc = concat!("See `", stringify!($request), "` for what it asks.")]
                pub async fn $name(
                    &self,
                    request: v1::$request,
                ) -> Result<v1::$response, Error> {
                    let call = |channel| {
                        let request = request.clone();
                        async move { $service::new(channel).$name(request).await }
                    };
                    self.endpoints.ask(call).await
                }
            )*)*
        }
    };
}

reads! {
    SupplyServiceClient {
        get_supply(GetSupplyRequest) -> GetSupplyResponse;
        list_supply_points(ListSupplyPointsRequest) -> ListSupplyPointsResponse;
        get_reserve(GetReserveRequest) -> GetReserveResponse;
        get_report(GetReportRequest) -> GetReportResponse;
        list_reports(ListReportsRequest) -> ListReportsResponse;
    }
    ControlServiceClient {
        list_roles(ListRolesRequest) -> ListRolesResponse;
        get_council(GetCouncilRequest) -> GetCouncilResponse;
        classify_operations(ClassifyOperationsRequest) -> ClassifyOperationsResponse;
        get_proposal(GetProposalRequest) -> GetProposalResponse;
        list_proposals(ListProposalsRequest) -> ListProposalsResponse;
        list_control_events(ListControlEventsRequest) -> ListControlEventsResponse;
        list_pauses(ListPausesRequest) -> ListPausesResponse;
        list_incidents(ListIncidentsRequest) -> ListIncidentsResponse;
        list_documents(ListDocumentsRequest) -> ListDocumentsResponse;
        get_policy(GetPolicyRequest) -> GetPolicyResponse;
        get_terms(GetTermsRequest) -> GetTermsResponse;
        get_deposit(GetDepositRequest) -> GetDepositResponse;
        list_deposits(ListDepositsRequest) -> ListDepositsResponse;
        get_redemption(GetRedemptionRequest) -> GetRedemptionResponse;
        list_redemptions(ListRedemptionsRequest) -> ListRedemptionsResponse;
        list_bridges(ListBridgesRequest) -> ListBridgesResponse;
        list_institutions(ListInstitutionsRequest) -> ListInstitutionsResponse;
        list_minters(ListMintersRequest) -> ListMintersResponse;
        list_validators(ListValidatorsRequest) -> ListValidatorsResponse;
        get_allowance(GetAllowanceRequest) -> GetAllowanceResponse;
        get_upgrade(GetUpgradeRequest) -> GetUpgradeResponse;
    }
}
