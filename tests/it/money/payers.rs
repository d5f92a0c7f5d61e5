//! The caisse of a return against that of the invoice.

use super::hand::{Gateway, Invoice, Return, Says, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::PartKind;
use noemie_gateway::generate::Options;

/// Payer of the 071 as [`Return`] writes it, with the delimiter.
const PAYER: &str = "01999     @";

/// Header of the file as [`Return`] writes it: kind and number of its sender.
const SENDER: &str = "CP00000001999000";

/// How the AMC part is handled, at the end of the 102 as [`Return`] writes it.
const HANDLING: &str = "F261126C10@";

/// Returns a file that pays a part of an invoice as asked, with texts in place of others.
fn paying(id: u32, invoice: &Invoice, part: PartKind, replaced: &[(&str, &str)]) -> Vec<u8> {
    let asked = if part == PartKind::Amo { invoice.amo } else { invoice.amc };
    let told = vec![(invoice, vec![Says::paid(part, asked, asked)])];
    let label = format!("VIR {id}");
    let told = Return { id, day: "271126", label: &label, told, reject: None };
    let mut text = String::from_utf8(told.bytes()).expect("ASCII");
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text.into_bytes()
}

async fn another_caisse_is_flagged_and_its_money_counts(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&Options { invoices: 24, ..options(510) });
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let mut asked = known.iter().filter(|invoice| invoice.amo > 0);
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], ""),
        (&[(PAYER, "01751     @")], " other_payer"),
        (&[(PAYER, "02999     @")], " other_payer"),
        // A centre, a name and a blank say nothing; neither does a sender that is no caisse.
        (&[(PAYER, "01999042  @")], ""),
        (&[(PAYER, "CPAM EXEMP@")], ""),
        (&[(PAYER, "01751     @"), (SENDER, "OT00000001999000")], ""),
    ];
    for (id, (replaced, flag)) in (1..).zip(cases) {
        let one = asked.next().expect("an AMO part");
        gateway.deposit("cpam-test", &paying(id, one, PartKind::Amo, replaced)).await;
        let found = gateway.described(&one.ps, &one.number).await;
        let expected = format!("paid {}{flag} |", one.amo);
        assert!(found.starts_with(&expected), "{replaced:?}: {found}");
    }
    gateway.verify().await;
}

async fn the_sender_is_the_payer_where_the_071_names_none(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&Options { invoices: 24, ..options(511) });
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let mut asked = known.iter().filter(|invoice| invoice.amo > 0);
    for (id, sender, flag) in [(1, SENDER, ""), (2, "CP00000001751000", " other_payer")] {
        let one = asked.next().expect("an AMO part");
        let replaced = [(PAYER, "          @"), (SENDER, sender)];
        gateway.deposit("cpam-test", &paying(id, one, PartKind::Amo, &replaced)).await;
        let found = gateway.described(&one.ps, &one.number).await;
        assert!(found.starts_with(&format!("paid {}{flag} |", one.amo)), "{sender}: {found}");
    }
    gateway.verify().await;
}

async fn a_caisse_that_pays_a_part_split_at_its_source_is_flagged(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&Options { invoices: 24, ..options(512) });
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let mut asked = known.iter().filter(|invoice| invoice.amc > 0);
    for (id, handling, flag) in [(1, "C", ""), (2, " ", ""), (3, "E", " other_payer")] {
        let one = asked.next().expect("an AMC part");
        let handled = HANDLING.replace('C', handling);
        let bytes = paying(id, one, PartKind::Amc, &[(HANDLING, &handled)]);
        gateway.deposit("cpam-test", &bytes).await;
        let found = gateway.described(&one.ps, &one.number).await;
        assert!(found.ends_with(&format!("| paid {}{flag}", one.amc)), "{handling}: {found}");
    }
    gateway.verify().await;
}

on_both! {
    another_caisse_is_flagged_and_its_money_counts,
    the_sender_is_the_payer_where_the_071_names_none,
    a_caisse_that_pays_a_part_split_at_its_source_is_flagged,
}
