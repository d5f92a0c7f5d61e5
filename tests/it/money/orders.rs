//! What is told in every order: the claims end the same.

use super::hand::{Gateway, Return, Says, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::PartKind::{Amc, Amo};
use noemie_gateway::generate::Options;

/// Every order of four files.
fn orders() -> Vec<[usize; 4]> {
    let mut found = Vec::new();
    for code in 0..256_usize {
        let order = [code & 3, (code >> 2) & 3, (code >> 4) & 3, (code >> 6) & 3];
        let mut sorted = order;
        sorted.sort_unstable();
        if sorted == [0, 1, 2, 3] {
            found.push(order);
        }
    }
    found
}

async fn every_order_of_a_dre_and_its_returns_ends_the_same(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    for (seed, order) in (100..).zip(orders()) {
        let dre = dre(&Options { seed, ..options(seed) });
        let known = invoices(&dre);
        let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
        let id = u32::try_from(seed).expect("small") * 10;
        let said = |paid: i64| Says::paid(Amo, one.amo, paid);
        let returns = [
            Return {
                id,
                day: "271126",
                label: "VIR 1",
                told: vec![(one, vec![said(one.amo), Says::paid(Amc, one.amc, one.amc)])],
                reject: None,
            },
            Return {
                id: id + 1,
                day: "301126",
                label: "VIR 2",
                told: vec![(one, vec![said(-one.amo), said(one.amo - 50)])],
                reject: None,
            },
            Return {
                id: id + 2,
                day: "261126",
                label: "VIR 0",
                told: vec![(one, vec![Says { state: 'R', paid: 0, ..said(0) }])],
                reject: Some(("AAA250050R", 'O')),
            },
        ];
        for file in order {
            match file {
                0 => {
                    gateway.deposit("oct-test", &dre).await;
                }
                file => gateway.send(&returns[file - 1]).await,
            }
        }
        let expected = format!("partly_paid {} paid_and_rejected | paid {}", one.amo - 50, one.amc);
        assert_eq!(gateway.described(&one.ps, &one.number).await, expected, "{order:?}");
    }
    gateway.verify().await;
}

/// A DRE and its return that end at the same moment: the later one sees both.
async fn a_dre_and_its_return_at_the_same_moment_meet(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    for seed in 300..312 {
        let dre = dre(&Options { seed, ..options(seed) });
        let known = invoices(&dre);
        let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
        let told = Return {
            id: u32::try_from(seed).expect("small"),
            day: "271126",
            label: "VIR 1",
            told: vec![(one, vec![Says::paid(Amo, one.amo, one.amo)])],
            reject: None,
        };
        tokio::join!(gateway.deposit("oct-test", &dre), gateway.send(&told));
        let expected = format!("paid {} | received 0", one.amo);
        assert_eq!(gateway.described(&one.ps, &one.number).await, expected, "{seed}");
    }
    gateway.verify().await;
}

on_both! { a_dre_and_its_return_at_the_same_moment_meet, every_order_of_a_dre_and_its_returns_ends_the_same }
