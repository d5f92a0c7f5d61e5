//! Time of the first page of a listing of claims, for each filter alone and with a PS or a sender.

use crate::gateway::Bench;
use crate::served::{Kind, Served, percentile, with_history};
use noemie_gateway::domain::{ClaimStatus, Flag, PartState};
use noemie_gateway::grpc::proto::ListDreRequest;
use sqlx::{Connection, PgConnection, SqliteConnection, query_scalar};
use std::time::{Duration, Instant};

/// Largest time of a first page.
const GOAL: Duration = Duration::from_millis(20);
/// Calls of each filter; the median counts.
const CALLS: usize = 5;

/// Measures a history of so many claims, in both databases.
pub async fn listings(claims: u64) {
    for kind in Kind::BOTH {
        let bench = with_history(kind, claims).await;
        measure(kind, &bench, claims).await;
        bench.close().await;
    }
}

async fn measure(kind: Kind, bench: &Bench, claims: u64) {
    let served = Served::start(bench).await;
    let mut client = served.statuses();
    let cases = cases(&Rare::of(kind, bench).await);
    let (mut all, mut over) = (Vec::new(), Vec::new());
    for (name, request) in &cases {
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..CALLS {
            let start = Instant::now();
            let page = client.list_dre(request.clone()).await.unwrap().into_inner();
            times.push(start.elapsed());
            rows = page.dre.len();
        }
        let time = percentile(&times, 0.5);
        all.push(time);
        if time > GOAL {
            over.push((time, rows, name));
        }
    }
    println!(
        "{kind:?}: first pages of {} filters over {claims} claims: median {:.1?}, 99 of a hundred \
         within {:.1?}, longest {:.1?}; over {GOAL:?}: {}",
        all.len(),
        percentile(&all, 0.5),
        percentile(&all, 0.99),
        percentile(&all, 1.0),
        over.len()
    );
    over.sort();
    for (time, rows, name) in over.iter().rev() {
        println!("  {time:>9.1?}  {rows:>4} rows  {name}");
    }
}

/// Values of the history that the filters need.
struct Rare {
    person: String,
    exchange: String,
}

impl Rare {
    async fn of(kind: Kind, bench: &Bench) -> Self {
        let sql = |id: &str| format!("SELECT {id} FROM claims ORDER BY received_at, id LIMIT 1");
        let person = sqlx::AssertSqlSafe(sql("person"));
        let exchange = |id: &str| sqlx::AssertSqlSafe(sql(id));
        match kind {
            Kind::Postgres => {
                let mut db = PgConnection::connect(&bench.url).await.unwrap();
                Self {
                    person: query_scalar(person).fetch_one(&mut db).await.unwrap(),
                    exchange: query_scalar(exchange("exchange_id::text"))
                        .fetch_one(&mut db)
                        .await
                        .unwrap(),
                }
            }
            Kind::Sqlite => {
                let mut db = SqliteConnection::connect(&bench.url).await.unwrap();
                let exchange: String = query_scalar(exchange("lower(hex(exchange_id))"))
                    .fetch_one(&mut db)
                    .await
                    .unwrap();
                Self { person: query_scalar(person).fetch_one(&mut db).await.unwrap(), exchange }
            }
        }
    }
}

/// Returns every filter: each alone, and each with a PS or a sender, with many and few claims.
fn cases(rare: &Rare) -> Vec<(String, ListDreRequest)> {
    let others = alone(rare);
    let senders = ["old", "big", "half", "tenth", "mild", "small", "few", "nobody"];
    let numbers = ["750000001", "750000002", "750000003", "900000000", "999999999"];
    let mut cases = others.clone();
    for (name, request) in
        std::iter::once(&("none".to_owned(), ListDreRequest::default())).chain(&others)
    {
        for sender in senders {
            let request = ListDreRequest { sender: sender.into(), ..request.clone() };
            cases.push((format!("{name}, sender {sender}"), request));
        }
        for ps in numbers {
            let request = ListDreRequest { ps: ps.into(), ..request.clone() };
            cases.push((format!("{name}, PS {ps}"), request));
        }
    }
    cases
}

/// Returns each filter alone.
fn alone(rare: &Rare) -> Vec<(String, ListDreRequest)> {
    let none = ListDreRequest::default;
    let mut filters = vec![
        ("exchange", ListDreRequest { exchange_id: rare.exchange.clone(), ..none() }),
        ("person", ListDreRequest { person_token: rare.person.clone(), ..none() }),
        ("overdue", ListDreRequest { overdue: true, ..none() }),
        ("flagged", ListDreRequest { flagged: true, ..none() }),
        ("test", ListDreRequest { test: true, ..none() }),
        ("paid in a month", paid("2020-02-01", "2020-03-01")),
        ("paid on a day", paid("2020-01-20", "2020-01-21")),
        ("paid never", paid("2019-01-01", "2019-02-01")),
        ("paid AMO", ListDreRequest { part: "amo".into(), ..paid("2020-02-01", "2020-03-01") }),
    ]
    .into_iter()
    .map(|(name, request)| (name.to_owned(), request))
    .collect::<Vec<_>>();
    for lot in ["017", "001", "999x"] {
        filters.push((format!("lot {lot}"), ListDreRequest { lot: lot.into(), ..none() }));
    }
    for amc in ["0099900011", "0099900025", "0099900099", "0000000000"] {
        filters.push((format!("AMC {amc}"), ListDreRequest { amc_number: amc.into(), ..none() }));
    }
    for label in ["VIREMENT", "VIR 17-3", "VIR 190-3", "NONE"] {
        let request = ListDreRequest { transfer: label.into(), ..none() };
        filters.push((format!("transfer {label}"), request));
    }
    for flag in Flag::ALL {
        let request = ListDreRequest { flag: flag.as_str().into(), ..none() };
        filters.push((format!("flag {}", flag.as_str()), request));
    }
    for status in ClaimStatus::ALL {
        let request = ListDreRequest { status: status.as_str().into(), ..none() };
        filters.push((format!("status {}", status.as_str()), request));
    }
    for state in PartState::ALL {
        for part in ["amc", "amo"] {
            let request =
                ListDreRequest { part: part.into(), part_state: state.as_str().into(), ..none() };
            filters.push((format!("{part} {}", state.as_str()), request));
        }
    }
    filters
}

fn paid(from: &str, before: &str) -> ListDreRequest {
    ListDreRequest {
        paid_from: from.into(),
        paid_before: before.into(),
        ..ListDreRequest::default()
    }
}
