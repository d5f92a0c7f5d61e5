//! Plans of the listing of claims without statistics, and with them: each page comes from one index
//! in its order. No plan scans a table, and only those of the claims of a person sort.

use super::claims::{ClaimFilter, FlagFilter};
use super::sqlite::claim_listing::Stretch;
use super::{Database, sqlite};
use crate::domain::{ClaimStatus, ExchangeId, Flag, PageToken, PartKind, PartState, Scope};
use sqlx::{AssertSqlSafe, Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use time::OffsetDateTime;
use time::macros::date;
use uuid::Uuid;

/// A filter with its name, and the index that answers it.
type Case = (String, ClaimFilter, &'static str);

/// Each filter, alone and with a PS or a sender, and the index that answers it.
fn filters() -> Vec<Case> {
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
    let mut filters: Vec<Case> =
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
    let more: Vec<_> = filters.iter().flat_map(with_owner).collect();
    filters.extend(more);
    filters
}

/// Returns a filter with a PS and with a sender.
fn with_owner((name, filter, index): &Case) -> Vec<Case> {
    if ["ps", "sender", "none"].contains(&name.as_str()) {
        return Vec::new();
    }
    let ps = ClaimFilter { ps: Some("990000010".to_owned()), ..filter.clone() };
    let sender = ClaimFilter { sender: Some("octpetit".to_owned()), ..filter.clone() };
    let of = |owned: &'static str| if name == "paid" { owned } else { *index };
    vec![
        (format!("{name} + ps"), ps, of("claim_parts_payments_of_ps")),
        (format!("{name} + sender"), sender, of("claim_parts_payments_of_sender")),
    ]
}

/// Returns the first page, a later one, and a page up to a position.
fn pages() -> [Stretch; 3] {
    let at = |at_micros| Some(PageToken { at_micros, id: Uuid::from_u128(9) });
    let later = at(1_700_000_000_000_000);
    [
        Stretch::default(),
        Stretch { after: later, until: None },
        Stretch { after: later, until: at(1_600_000_000_000_000) },
    ]
}

async fn plan(
    db: &mut SqliteConnection,
    query: QueryBuilder<Sqlite>,
    is_whole: bool,
) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {}", query.sql().as_str());
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.expect("explains");
    // The steps of subqueries have a parent.
    let own = rows.iter().filter(|row| is_whole || row.get::<i64, _>("parent") == 0);
    own.map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn sqlite_reads_each_page_from_one_index() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("gateway.db").display());
    let database = Database::open(Some(&url), directory.path(), 2).await.expect("opens");
    database.store().migrate().await.expect("migrates");
    let mut db = SqliteConnection::connect(&url).await.expect("connects");
    for (name, filter, index) in filters() {
        let walk = sqlite::claim_walk::walk(&filter, None);
        let is_received = sqlite::claim_walk::order(&filter) == sqlite::claim_walk::Order::Received;
        for stretch in pages() {
            if stretch.until.is_some() && !is_received {
                continue;
            }
            let query =
                sqlite::claim_listing::claims(&Scope::everything(), &filter, walk, stretch, 100);
            if filter.person.is_some() {
                // The claims of a person are few: they are found, then sorted.
                let plan = plan(&mut db, query, true).await;
                assert!(plan.iter().any(|step| step.contains(index)), "{name}: {plan:#?}");
                continue;
            }
            let plan = plan(&mut db, query, false).await;
            let first = plan.first().expect("a step");
            assert!(first.contains(index), "{name}: {index}: {plan:#?}");
            let is_of_keys = !matches!(walk, sqlite::claim_walk::Walk::Claims(_));
            assert!(!is_of_keys || first.contains("COVERING"), "{name}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("B-TREE")), "{name}: {plan:#?}");
            let others = plan.iter().skip(1).filter(|step| step.starts_with("SCAN"));
            assert_eq!(others.count(), 0, "{name}: {plan:#?}");
        }
        if is_received && filter.person.is_none() && filter.exchange_id.is_none() {
            let query = sqlite::claim_listing::position(&filter, walk, None, 10_000);
            let plan = plan(&mut db, query, false).await;
            assert_eq!(plan.len(), 1, "{name}: {plan:#?}");
            assert!(plan[0].contains(index), "{name}: {plan:#?}");
        }
    }
}
