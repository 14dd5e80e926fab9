//! The supply's checkpoints, reserve reports, and the reserve as a mint finds it.

use ballast_runtime::object::{Report, ReportBody, ReportStatus};
use ballast_runtime::ops::attest_report::AttestReport;
use ballast_runtime::ops::revoke_report::RevokeReport;
use ballast_runtime::ops::submit_report::{SubmitReport, report_digest};
use ballast_runtime::reserve::unencumbered;

use crate::prelude::*;

#[tokio::test]
async fn supply_points_are_complete_newest_first_and_pinned() {
    let net = Net::new().await;
    for _ in 0..6 {
        net.chain.commit_later(5_000, Vec::new());
    }
    // A tick without a block has no checkpoint.
    net.chain.commit_later(12_000, Vec::new());
    let expected = |state: &State| {
        let newest = state.reserve().checkpoint;
        let ticks =
            (0..20u64).filter_map(|back| state.checkpoint(newest.checked_sub(back * 5_000)?));
        ticks.map(|point| (point.at, point.height)).collect::<Vec<_>>()
    };
    let expected = expected(&net.chain.inner.lock().state);
    assert_eq!(expected.len(), 8);
    for page_size in [0, 1, 3, 8] {
        let request = ListSupplyPointsRequest { page_size, ..Default::default() };
        let points = all!(net.supply(), list_supply_points, request, points);
        let found: Vec<_> = points.iter().map(|point| (point.at_ms, point.height)).collect();
        assert_eq!(found, expected);
    }
    let mut request = ListSupplyPointsRequest { page_size: 2, ..Default::default() };
    let page = net.supply().list_supply_points(request.clone()).await.unwrap().into_inner();
    net.chain.commit_later(5_000, Vec::new());
    request.page_token = page.next_page_token;
    let page = net.supply().list_supply_points(request.clone()).await.unwrap().into_inner();
    assert_eq!(page.points[0].at_ms, expected[2].0);
    request.page_token = "00".to_owned();
    let refused = net.supply().list_supply_points(request).await;
    assert_reason(refused, ServiceReason::BadPageToken);

    let answer = net.supply().get_supply(GetSupplyRequest {}).await.unwrap().into_inner();
    let newest = net.chain.inner.lock().state.reserve().checkpoint;
    assert_eq!(answer.newest_point.unwrap().at_ms, newest);
}

/// A report as of the newest checkpoint, signed by both officers.
fn report(chain: &Chain) -> (ReportBody, Op) {
    let inner = chain.inner.lock();
    let state = &inner.state;
    let point = *state.checkpoint(state.reserve().checkpoint).unwrap();
    let mut body = state.report(1).unwrap().body.clone();
    (body.as_of, body.period_start, body.as_of_height) = (point.at, point.at, point.height);
    body.stated_outstanding = point.total;
    let message = signed_bytes_on(SignTag::Report, &chain.genesis_hash, 7, &body);
    let sign = |key: SecretKey| Witness { key: key.public(), signature: key.sign(&message) };
    let mut witnesses = dev::officer_keys(SEED).map(sign).to_vec();
    witnesses.sort_unstable_by_key(|witness| witness.key);
    let op = SubmitReport { body: Box::new(body.clone()), witnesses };
    (body, Op::SubmitReport(op))
}

async fn reserve(net: &Net) -> Reserve {
    let answer = net.supply().get_reserve(GetReserveRequest {}).await.unwrap().into_inner();
    assert_eq!(answer.height, net.chain.head.borrow().height);
    answer.reserve.unwrap()
}

#[tokio::test]
async fn reports_are_listed_with_what_they_count_for_and_the_reserve_follows_the_latest() {
    let net = Net::new().await;
    net.chain.commit_later(5_000, Vec::new());
    let before = reserve(&net).await;
    assert!(before.open && before.reason.is_empty() && before.report == 1, "{before:?}");
    let (ceiling, total): (u128, u128) =
        (before.ceiling_micros.parse().unwrap(), before.total_micros.parse().unwrap());
    assert_eq!(before.headroom_micros, (ceiling - total).to_string());

    let (body, submit) = report(&net.chain);
    let manager = by_role(&net.chain, Role::ReserveManager, 1, vec![submit]);
    net.succeed(&[manager]).await;
    let get = |number| GetReportRequest { number };
    let shown = net.supply().get_report(get(2)).await.unwrap().into_inner().report.unwrap();
    let stored: Report = WIRE.read("report", &shown.report).unwrap();
    assert_eq!((stored.body, stored.status), (body.clone(), ReportStatus::Draft));
    assert_eq!(shown.eligible_micros, unencumbered(&body).to_string());
    assert!(!shown.latest && shown.report.unwrap().digest == report_digest(&body).to_string());
    assert_eq!(reserve(&net).await.report, 1);

    let attest = Op::AttestReport(AttestReport { report: 2, digest: report_digest(&body) });
    net.succeed(&[by_role(&net.chain, Role::Attestor, 1, vec![attest])]).await;
    assert_eq!(reserve(&net).await.report, 2);
    // 0 is the latest effective one.
    let latest = net.supply().get_report(get(0)).await.unwrap().into_inner().report.unwrap();
    assert!(latest.latest && latest.number == 2);

    for page_size in [0, 1] {
        let request = ListReportsRequest { page_size, ..Default::default() };
        let reports = all!(net.supply(), list_reports, request, reports);
        assert_eq!(reports.iter().map(|report| report.number).collect::<Vec<_>>(), [2, 1]);
    }
    let statuses = vec![v1::ReportStatus::Superseded.into()];
    let request = ListReportsRequest { statuses, ..Default::default() };
    let superseded = all!(net.supply(), list_reports, request, reports);
    assert_eq!(superseded.iter().map(|report| report.number).collect::<Vec<_>>(), [1]);

    let revoke = Op::RevokeReport(RevokeReport { report: 2, document: Hash([1; 32]) });
    net.succeed(&[by_role(&net.chain, Role::Attestor, 2, vec![revoke])]).await;
    let after = reserve(&net).await;
    assert_eq!((after.open, after.reason.as_str(), after.report), (false, "NO_REPORT", 2));

    assert_reason(net.supply().get_report(get(3)).await, Code::UnknownReport);
    let request = ListReportsRequest { statuses: vec![99], ..Default::default() };
    assert_reason(net.supply().list_reports(request).await, ServiceReason::InvalidRequest);
}
