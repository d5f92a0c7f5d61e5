//! Time of the first page of the work lists: answers without claim, held copies, transfers.

use crate::gateway::Bench;
use crate::past;
use crate::served::{Kind, Served, percentile, with_history};
use noemie_gateway::grpc::proto::claim_work_service_client::ClaimWorkServiceClient;
use noemie_gateway::grpc::proto::{
    ListHeldAttemptsRequest, ListTransfersRequest, ListUnmatchedReturnsRequest,
};
use std::time::{Duration, Instant};
use tonic::transport::Channel;
use tonic::{Response, Status};

/// Calls of each list.
const CALLS: usize = 15;

/// Measures lists of so many rows over a history of so many claims, in both databases.
pub async fn work_lists(rows: u64, claims: u64) {
    for kind in Kind::BOTH {
        let bench = with_history(kind, claims).await;
        past::fill_work_lists(&bench.url, rows).await;
        println!("{kind:?}: first pages of work lists of {rows} rows over {claims} claims");
        measure(&bench).await;
        bench.close().await;
    }
}

async fn measure(bench: &Bench) {
    let served = Served::start(bench).await;
    let work = served.work();
    let held = |page_token: String| {
        let mut work = work.clone();
        async move {
            let request = ListHeldAttemptsRequest { page_token, ..Default::default() };
            work.list_held_attempts(request).await.map(|page| page.into_inner().held.len())
        }
    };
    report("held copies", || held(String::new())).await;
    answers(&work).await;
    transfers(&work).await;
}

/// Measures the list of answers without claim.
async fn answers(work: &ClaimWorkServiceClient<Channel>) {
    let unmatched = [
        ("answers without claim", ListUnmatchedReturnsRequest::default()),
        (
            "answers of a sender",
            ListUnmatchedReturnsRequest { sender: "past".into(), ..Default::default() },
        ),
        (
            "answers of another sender",
            ListUnmatchedReturnsRequest { sender: "nobody".into(), ..Default::default() },
        ),
        (
            "answers of a PS",
            ListUnmatchedReturnsRequest { ps: "750000001".into(), ..Default::default() },
        ),
        (
            "answers with candidates",
            ListUnmatchedReturnsRequest { candidates: "with".into(), ..Default::default() },
        ),
        (
            "answers matched by hand",
            ListUnmatchedReturnsRequest { matched_by_hand: true, ..Default::default() },
        ),
    ];
    for (name, request) in unmatched {
        report(name, || {
            let (mut work, request) = (work.clone(), request.clone());
            async move {
                let page = work.list_unmatched_returns(request).await;
                page.map(|page: Response<_>| page.into_inner().returns.len())
            }
        })
        .await;
    }
}

/// Measures the list of transfers.
async fn transfers(work: &ClaimWorkServiceClient<Channel>) {
    let none = ListTransfersRequest::default;
    let transfers = [
        ("transfers", none()),
        ("transfers unexplained", ListTransfersRequest { state: "unexplained".into(), ..none() }),
        ("transfers of a payee", ListTransfersRequest { ps: "750000001".into(), ..none() }),
        (
            "transfers of a payee, unexplained",
            ListTransfersRequest { ps: "750000001".into(), state: "unexplained".into(), ..none() },
        ),
        ("transfers of a payer", ListTransfersRequest { payer: "017100000".into(), ..none() }),
        (
            "transfers of a month",
            ListTransfersRequest {
                day_from: "2020-02-01".into(),
                day_to: "2020-02-29".into(),
                ..none()
            },
        ),
        (
            "transfers of no day",
            ListTransfersRequest {
                day_from: "2019-02-01".into(),
                day_to: "2019-02-28".into(),
                ..none()
            },
        ),
    ];
    for (name, request) in transfers {
        report(name, || {
            let (mut work, request) = (work.clone(), request.clone());
            async move {
                let page = work.list_transfers(request).await;
                page.map(|page| page.into_inner().transfers.len())
            }
        })
        .await;
    }
}

async fn report<F: Future<Output = Result<usize, Status>>>(name: &str, call: impl Fn() -> F) {
    let (mut times, mut rows) = (Vec::<Duration>::new(), 0);
    for _ in 0..CALLS {
        let start = Instant::now();
        rows = call().await.unwrap();
        times.push(start.elapsed());
    }
    println!(
        "  {name:<34} median {:>9.1?}  shortest {:>9.1?}  {rows:>4} rows",
        percentile(&times, 0.5),
        percentile(&times, 0.0),
    );
}
