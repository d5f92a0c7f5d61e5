//! Plans of the listing of claims without statistics, and with them: each page comes from one index
//! in its order. No plan sorts, and none scans a table.

use super::claims::{ClaimFilter, FlagFilter};
use super::{Database, sqlite};
use crate::domain::{ClaimStatus, ExchangeId, Flag, PageToken, PartKind, PartState, Scope};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use time::OffsetDateTime;
use time::macros::date;
use uuid::Uuid;

/// Each filter, alone and with a PS or a sender, and the index that answers it.
fn filters() -> Vec<(String, ClaimFilter, &'static str)> {
    let none = ClaimFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let alone = [
        ("none", none(), "claims_newest"),
        ("ps", ClaimFilter { ps: text("990000010"), ..none() }, "claims_by_ps"),
        ("sender", ClaimFilter { sender: text("octpetit"), ..none() }, "claims_by_sender"),
        (
            "exchange",
            ClaimFilter { exchange_id: Some(ExchangeId(Uuid::from_u128(1))), ..none() },
            "claims_by_exchange",
        ),
        ("lot", ClaimFilter { lot: text("017"), ..none() }, "claims_by_lot"),
        ("amc", ClaimFilter { amc_number: text("0000000200"), ..none() }, "claims_by_amc"),
        (
            "person",
            ClaimFilter { person: text("00000000000000000000000000000042"), ..none() },
            "claims_by_person",
        ),
        ("flagged", ClaimFilter { flag: Some(FlagFilter::Any), ..none() }, "claim_parts_flagged"),
        (
            "flag",
            ClaimFilter { flag: Some(FlagFilter::One(Flag::OverAsked)), ..none() },
            "claim_parts_flagged",
        ),
        (
            "transfer",
            ClaimFilter { transfer: text("VIR2021-03-01amc7"), ..none() },
            "claim_parts_by_transfer",
        ),
        (
            "overdue",
            ClaimFilter { overdue_at: Some(OffsetDateTime::UNIX_EPOCH), ..none() },
            "claim_parts_due",
        ),
        (
            "paid",
            ClaimFilter {
                paid_from: Some(date!(2020 - 10 - 01)),
                paid_before: Some(date!(2020 - 11 - 01)),
                ..none()
            },
            "claim_parts_by_payment",
        ),
    ];
    let mut filters: Vec<(String, ClaimFilter, &'static str)> =
        alone.into_iter().map(|(name, filter, index)| (name.to_owned(), filter, index)).collect();
    for status in ClaimStatus::ALL {
        let filter = ClaimFilter { status: Some(*status), ..none() };
        filters.push((format!("status {}", status.as_str()), filter, "claim_parts_by_status"));
    }
    for state in PartState::ALL {
        for kind in PartKind::ALL {
            let filter = ClaimFilter { part: Some(*kind), part_state: Some(*state), ..none() };
            let name = format!("{} {}", kind.as_str(), state.as_str());
            filters.push((name, filter, "claim_parts_by_state"));
        }
    }
    let with = |(name, filter, index): &(String, ClaimFilter, &'static str)| {
        let of_claims = ["ps", "sender", "none"].contains(&name.as_str());
        let ps = ClaimFilter { ps: text("990000010"), ..filter.clone() };
        let sender = ClaimFilter { sender: text("octpetit"), ..filter.clone() };
        let named =
            [(format!("{name} + ps"), ps, *index), (format!("{name} + sender"), sender, *index)];
        if of_claims { Vec::new() } else { named.to_vec() }
    };
    let more: Vec<_> = filters.iter().flat_map(with).collect();
    filters.extend(more);
    filters
}

/// Returns the first page and a later one of each filter.
fn pages() -> [Option<PageToken>; 2] {
    [None, Some(PageToken { at_micros: 1_700_000_000_000_000, id: Uuid::from_u128(9) })]
}

#[tokio::test]
async fn sqlite_reads_each_page_from_one_index() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("gateway.db").display());
    let database = Database::open(Some(&url), directory.path(), 2).await.expect("opens");
    database.store().migrate().await.expect("migrates");
    let mut db = SqliteConnection::connect(&url).await.expect("connects");
    for (name, filter, index) in filters() {
        for after in pages() {
            let walk = sqlite::claim_listing::walk(&filter, None);
            let query =
                sqlite::claim_listing::claims(&Scope::everything(), &filter, walk, after, 100);
            let sql = format!("EXPLAIN QUERY PLAN {}", query.sql().as_str());
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut db).await.expect("explains");
            // The steps of subqueries have a parent.
            let own = rows.iter().filter(|row| row.get::<i64, _>("parent") == 0);
            let plan: Vec<String> = own.map(|row| row.get("detail")).collect();
            let first = plan.first().expect("a step");
            assert!(first.contains(index), "{name}: {index}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("B-TREE")), "{name}: {plan:#?}");
            let others = plan.iter().skip(1).filter(|step| step.starts_with("SCAN"));
            assert_eq!(others.count(), 0, "{name}: {plan:#?}");
        }
    }
}
