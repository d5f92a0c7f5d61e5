//! A database that was restored from an older copy, beside the files that were delivered since.

use super::*;
use noemie_gateway::outgoing::deliver;
use noemie_gateway::verify::verify_with_deliveries;
use support::raw::Raw;

async fn a_receipt_that_the_database_lost_is_named_with_its_sender(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let out = tempfile::tempdir().unwrap();
    let Sources { store, vault, clock, .. } = &filled.sources;
    assert_eq!(deliver::step(store, vault, clock, out.path()).await.unwrap(), 5);
    let whole = verify_with_deliveries(&filled.sources, None, out.path()).await.unwrap();
    assert_eq!(whole.findings, []);
    // The older copy knows nothing of the last deposit, a return of a caisse.
    forget_last_deposit(&db).await;
    assert!(!kinds(&filled.verify().await).contains(&Kind::ReceiptLost));
    let seen = verify_with_deliveries(&filled.sources, None, out.path()).await.unwrap();
    let lost: Vec<_> = seen.findings.iter().filter(|f| f.code == Kind::ReceiptLost).collect();
    let [lost] = lost[..] else { panic!("{:?}", seen.findings) };
    assert!(lost.detail.contains("delivered to oct-a"), "{}", lost.detail);
    assert!(lost.detail.contains(".enc in the archive"), "{}", lost.detail);
    assert!(lost.detail.contains("ask oct-a to send the file again"), "{}", lost.detail);
}

/// Removes the last receipt with its link, as a copy made before it has none.
async fn forget_last_deposit(db: &TestDatabase) {
    let mut raw = Raw::connect(&db.url).await;
    for statement in [
        "DELETE FROM returns WHERE exchange_id IN (SELECT exchange_id FROM receipt_chain \
         WHERE sequence = 5)",
        "DELETE FROM ledgers WHERE exchange_id IN (SELECT exchange_id FROM receipt_chain \
         WHERE sequence = 5)",
        "DELETE FROM exchanges WHERE id IN (SELECT exchange_id FROM receipt_chain \
         WHERE sequence = 5)",
        "DELETE FROM receipt_chain WHERE sequence = 5",
        "UPDATE receipt_chain_tip SET sequence = 4, link = (SELECT link FROM receipt_chain \
         WHERE sequence = 4)",
    ] {
        raw.done(statement.to_owned()).await;
    }
}

on_both! { a_receipt_that_the_database_lost_is_named_with_its_sender }
