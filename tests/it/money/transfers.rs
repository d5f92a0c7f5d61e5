//! Transfers: what a return file announces beside its items, written here entity by entity.

use super::hand::{Gateway, Invoice, Says, closing, file, invoices, told};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::PartKind::Amo;
use noemie_gateway::domain::{
    BankTransfer, Scope, TransferEntry, TransferFlag, TransferItemKind, TransferState,
};
use noemie_gateway::store::TransferFilter;
use noemie_parsers::types::Montant;
use std::path::Path;

/// A return file with one transfer.
pub(super) struct Announced<'a> {
    pub(super) id: u32,
    pub(super) label: &'a str,
    /// Invoices with the AMO part that is paid, centimes.
    pub(super) paid: Vec<(&'a Invoice, i64)>,
    /// Recoveries of 250: taken from the payee.
    pub(super) recoveries: Vec<i64>,
    /// Flat payments of 261, each with one 262.
    pub(super) flat: Vec<i64>,
    /// Sum and sign of the 990 that closes the transfer, 12 characters; what its items are when not
    /// given.
    pub(super) sum: Option<&'a str>,
}

impl Announced<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let ps = self.paid.first().map_or("992000001", |(invoice, _)| invoice.ps.as_str());
        let mut entities = vec![
            "02001000000000000000@".to_owned(),
            format!("04002000000{ps}@"),
            format!("07103271126{:<32}{:<32}01999     @", self.label, ""),
            format!("0810401{:14}@", ""),
        ];
        let mut invoiced = 0;
        for (invoice, paid) in &self.paid {
            let says = [Says::paid(Amo, invoice.amo, *paid)];
            invoiced += told(invoice, &says, None, &mut entities);
        }
        entities.push(closing("9900401               ", self.paid.len(), invoiced));
        let taken: i64 = self.recoveries.iter().sum();
        if !self.recoveries.is_empty() {
            entities.push(format!("0810405{:14}@", ""));
            for amount in &self.recoveries {
                entities
                    .push(format!("2509901{:<10}241126INDRPR{amount:08}N00001500@", "DET0000001"));
            }
            entities.push(closing("9900405               ", self.recoveries.len(), -taken));
        }
        let flat: i64 = self.flat.iter().sum();
        if !self.flat.is_empty() {
            entities.push(format!("0810403{:14}@", ""));
            for amount in &self.flat {
                entities.push(format!("2619900001{amount:08}@"));
                let nir = "2990199999001";
                entities.push(format!(
                    "26299{:<5}{:<80}{nir}073101991T010726300926{amount:08}@",
                    "FORF", "FORFAIT TRIMESTRIEL"
                ));
            }
            entities.push(closing("9900403               ", 2 * self.flat.len(), flat));
        }
        let total = invoiced - taken + flat;
        let groups = 1 + usize::from(taken != 0) + usize::from(flat != 0);
        let sum = closing(&format!("99003{:<17}", "271126"), groups, total);
        entities.push(match self.sum {
            Some(announced) => format!("{}{announced}@", &sum[..30]),
            None => sum,
        });
        entities.push(closing(&format!("99002000000{ps}  "), 1, total));
        entities.push(closing("99001000000000000000  ", 1, total));
        file(self.id, &entities.concat(), total)
    }
}

/// Two invoices of one professional that were deposited.
async fn two_invoices(gateway: &Gateway, seed: u64) -> Vec<Invoice> {
    let file = dre(&options(seed));
    gateway.deposit("oct-test", &file).await;
    let mut known: Vec<Invoice> =
        invoices(&file).into_iter().filter(|invoice| invoice.amo > 100).collect();
    let ps = known.first().expect("an AMO part").ps.clone();
    known.retain(|invoice| invoice.ps == ps);
    known.truncate(2);
    assert_eq!(known.len(), 2, "two invoices of one professional");
    known
}

fn announced<'a>(known: &'a [Invoice], id: u32, label: &'a str) -> Announced<'a> {
    Announced {
        id,
        label,
        paid: known.iter().map(|invoice| (invoice, invoice.amo)).collect(),
        recoveries: Vec::new(),
        flat: Vec::new(),
        sum: None,
    }
}

async fn transfers(db: &TestDatabase) -> Vec<BankTransfer> {
    let all = TransferFilter::default();
    db.store.transfers(&Scope::everything(), &all, None, 100).await.expect("a page").items
}

/// Returns the only transfer: state, announced, unexplained, flags.
async fn seen(db: &TestDatabase) -> (TransferState, Option<i64>, i64, Vec<TransferFlag>) {
    let found = transfers(db).await;
    let [transfer] = &found[..] else { panic!("one transfer: {found:?}") };
    let balance = &transfer.balance;
    let announced = balance.announced.map(Montant::centimes);
    (balance.state, announced, balance.unexplained().centimes(), balance.flags.clone())
}

async fn a_transfer_is_its_invoices_recoveries_and_flat_payments(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 900).await;
    let told = Announced {
        recoveries: vec![120, 30],
        flat: vec![4_200],
        ..announced(&known, 1, "CPAM VIR 1")
    };
    gateway.deposit("cpam-test", &told.bytes()).await;
    let paid = known[0].amo + known[1].amo;
    let total = paid - 150 + 4_200;
    assert_eq!(seen(&db).await, (TransferState::Explained, Some(total), 0, vec![]));
    let [transfer] = &transfers(&db).await[..] else { panic!("one transfer") };
    let (key, balance) = (&transfer.key, &transfer.balance);
    assert_eq!((key.payee.as_str(), key.payer.as_str()), (known[0].ps.as_str(), "01999"));
    assert_eq!((key.reference.as_str(), transfer.id), ("CPAM VIR 1", key.id()));
    assert_eq!(
        [balance.invoices, balance.recoveries, balance.flat_payments].map(Montant::centimes),
        [paid, -150, 4_200]
    );
    let everything = Scope::everything();
    let items = db
        .store
        .transfer_entries(&everything, transfer.id, &balance.told_by, None, 100)
        .await
        .expect("items");
    let sum: Montant = items.iter().map(TransferEntry::amount).sum();
    assert_eq!(sum.centimes(), total, "no centime without a place");
    let numbers: Vec<&str> = items
        .iter()
        .filter_map(|item| match item {
            TransferEntry::Part(part) => part.claim_id.map(|_| part.invoice_number.as_str()),
            TransferEntry::Movement(_) => None,
        })
        .collect();
    assert_eq!(numbers, [known[0].number.as_str(), known[1].number.as_str()]);
    let [.., TransferEntry::Movement(recovery), TransferEntry::Movement(flat)] = &items[..] else {
        panic!("a recovery and a flat payment: {items:?}")
    };
    assert_eq!((recovery.code.as_str(), recovery.operation.as_str()), ("IND", "RPR"));
    assert_eq!(recovery.balance.map(Montant::centimes), Some(1_500));
    assert_eq!((flat.kind, flat.amount.centimes()), (TransferItemKind::FlatPayment, 4_200));
    let [detail] = &flat.details[..] else { panic!("one detail") };
    assert_eq!((detail.label.as_str(), detail.amount), ("FORFAIT TRIMESTRIEL", 4_200));
    assert_eq!(detail.period, "T 010726 300926");
    // Each page begins where the one before ended.
    let mut paged = Vec::new();
    while let Ok(page) = db
        .store
        .transfer_entries(
            &everything,
            transfer.id,
            &balance.told_by,
            paged.last().map(TransferEntry::place),
            1,
        )
        .await
    {
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, items);
    gateway.verify().await;
}

async fn one_centime_too_many_is_unexplained(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 901).await;
    let total = known[0].amo + known[1].amo + 1;
    let sum = format!("{total:011}P");
    let told = Announced { sum: Some(&sum), ..announced(&known, 1, "VIR 1") };
    gateway.deposit("cpam-test", &told.bytes()).await;
    assert_eq!(seen(&db).await, (TransferState::Unexplained, Some(total), 1, vec![]));
    let [transfer] = &transfers(&db).await[..] else { panic!("one transfer") };
    let balance = &transfer.balance;
    assert_eq!(balance.unexplained_since, Some(balance.first_told_at));
    gateway.verify().await;
}

async fn a_sum_that_is_blank_or_zero_says_nothing(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 902).await;
    for (id, sum) in [(1, "            "), (2, "00000000000 "), (3, "00000000000P")] {
        let label = format!("VIR {id}");
        let told = Announced { sum: Some(sum), ..announced(&known, id, &label) };
        gateway.deposit("cpam-test", &told.bytes()).await;
    }
    let found = transfers(&db).await;
    assert_eq!(found.len(), 3);
    for transfer in found {
        let balance = transfer.balance;
        assert_eq!((balance.state, balance.announced), (TransferState::NotAnnounced, None));
        assert_eq!(balance.invoices.centimes(), known[0].amo + known[1].amo);
    }
    gateway.verify().await;
}

async fn a_transfer_told_by_two_files_counts_once(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 903).await;
    let first = announced(&known, 1, "CPAM VIR 1");
    gateway.deposit("cpam-test", &first.bytes()).await;
    let before = transfers(&db).await;
    gateway.deposit("cpam-test", &first.bytes()).await;
    assert_eq!(transfers(&db).await, before, "the same bytes again change nothing");
    gateway.deposit("cpam-test", &announced(&known, 2, "CPAM  vir 1").bytes()).await;
    let total = known[0].amo + known[1].amo;
    assert_eq!(seen(&db).await, (TransferState::Explained, Some(total), 0, vec![]));
    let id = transfers(&db).await[0].id;
    let files = db.store.tellings_of(&Scope::everything(), id, 10).await.expect("files");
    assert_eq!(files.len(), 2);
    gateway.verify().await;
}

async fn a_transfer_told_with_two_totals_is_flagged(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 904).await;
    let less = Announced { paid: vec![(&known[0], 50)], ..announced(&known, 2, "VIR 1") };
    gateway.deposit("cpam-test", &less.bytes()).await;
    gateway.deposit("cpam-test", &announced(&known, 1, "VIR 1").bytes()).await;
    let (state, announced, unexplained, flags) = seen(&db).await;
    assert_eq!((state, announced, unexplained), (TransferState::Unexplained, Some(50), 0));
    assert_eq!(flags, [TransferFlag::Restated]);
    gateway.verify().await;
}

/// A return that matches no claim, and the claim that comes later.
async fn an_unmatched_return_counts_in_its_transfer(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let later = dre(&options(905));
    let known: Vec<Invoice> =
        invoices(&later).into_iter().filter(|invoice| invoice.amo > 100).take(1).collect();
    gateway.deposit("cpam-test", &announced(&known, 1, "VIR 1").bytes()).await;
    let expected = (TransferState::Explained, Some(known[0].amo), 0, vec![]);
    assert_eq!(seen(&db).await, expected);
    let [transfer] = &transfers(&db).await[..] else { panic!("one transfer") };
    let items = async || {
        let told_by = &transfer.balance.told_by;
        db.store.transfer_entries(&Scope::everything(), transfer.id, told_by, None, 10).await
    };
    let [TransferEntry::Part(part)] = &items().await.expect("items")[..] else { panic!("a part") };
    assert_eq!((part.claim_id, part.invoice_number.as_str()), (None, known[0].number.as_str()));
    gateway.deposit("oct-test", &later).await;
    assert_eq!(seen(&db).await, expected);
    let [TransferEntry::Part(part)] = &items().await.expect("items")[..] else { panic!("a part") };
    assert!(part.claim_id.is_some());
    gateway.verify().await;
}

/// Two files that tell one transfer, deposited at the same moment: the later one sees both.
async fn two_files_at_the_same_moment_see_one_another(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 906).await;
    for round in 0..6 {
        let label = format!("VIR {round}");
        let one = announced(&known, 10 + 2 * round, &label).bytes();
        let other =
            Announced { paid: vec![(&known[0], 50)], ..announced(&known, 11 + 2 * round, &label) };
        let other = other.bytes();
        tokio::join!(gateway.deposit("cpam-test", &one), gateway.deposit("cpam-other", &other));
    }
    let found = transfers(&db).await;
    assert_eq!(found.len(), 6);
    for transfer in found {
        assert_eq!(transfer.balance.flags, [TransferFlag::Restated], "{transfer:?}");
    }
    gateway.verify().await;
}

/// Return files of another hand: each transfer has its items, and the samples are explained.
async fn files_of_another_hand_have_their_transfers(db: TestDatabase) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let read = |name: &str| std::fs::read(shared.join(name)).ok();
    let (Some(lines), Some(blocks)) =
        (read("samples/rsp_large.lines.noemie"), read("samples/rsp_small.blocks.noemie"))
    else {
        eprintln!("skipped: ../shared/samples is not there");
        return;
    };
    let gateway = Gateway::open(&db);
    gateway.deposit("cpam-test", &lines).await;
    let announced = async || -> Vec<i64> {
        let mut found: Vec<i64> = transfers(&db)
            .await
            .iter()
            .map(|transfer| transfer.balance.announced.expect("an amount").centimes())
            .collect();
        found.sort_unstable();
        found
    };
    assert_eq!(announced().await, [15_105, 17_176, 40_838, 54_608, 112_610, 201_196]);
    gateway.deposit("cpam-test", &blocks).await;
    for transfer in transfers(&db).await {
        assert_eq!(transfer.balance.state, TransferState::Explained, "{transfer:?}");
        assert!(transfer.balance.flags.is_empty(), "{transfer:?}");
    }
    for case in std::fs::read_dir(shared.join("cases")).into_iter().flatten() {
        let path = case.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "noemie") {
            gateway.deposit("cpam-case", &std::fs::read(&path).expect("a file")).await;
        }
    }
    for transfer in transfers(&db).await {
        let (id, balance) = (transfer.id, &transfer.balance);
        let (everything, told_by) = (Scope::everything(), &balance.told_by);
        let found = db.store.transfer_entries(&everything, id, told_by, None, 1_000);
        let sum: Montant = found.await.expect("items").iter().map(TransferEntry::amount).sum();
        assert_eq!(sum, balance.explained(), "{transfer:?}");
    }
    gateway.verify().await;
}

/// Two files of one transfer with equal sums and different items may be its two halves.
async fn files_with_equal_sums_and_other_items_are_told_apart(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let known = two_invoices(&gateway, 908).await;
    let paying =
        |id, invoice| Announced { paid: vec![(invoice, 100)], ..announced(&known, id, "V") };
    gateway.deposit("cpam-test", &paying(1, &known[0]).bytes()).await;
    assert_eq!(seen(&db).await, (TransferState::Explained, Some(100), 0, vec![]));
    let restated = TransferFilter { restated: true, ..TransferFilter::default() };
    let everything = Scope::everything();
    let listed = || db.store.transfers(&everything, &restated, None, 100);
    assert_eq!(listed().await.expect("a page").items.len(), 0);
    gateway.deposit("cpam-test", &paying(2, &known[0]).bytes()).await;
    assert_eq!(seen(&db).await.0, TransferState::Explained, "the same items");
    gateway.deposit("cpam-test", &paying(3, &known[1]).bytes()).await;
    let flags = vec![TransferFlag::Restated];
    assert_eq!(seen(&db).await, (TransferState::Unexplained, Some(100), 0, flags));
    assert_eq!(listed().await.expect("a page").items.len(), 1);
    gateway.verify().await;
}

on_both! {
    files_with_equal_sums_and_other_items_are_told_apart,
    files_of_another_hand_have_their_transfers,
    a_transfer_is_its_invoices_recoveries_and_flat_payments,
    one_centime_too_many_is_unexplained,
    a_sum_that_is_blank_or_zero_says_nothing,
    a_transfer_told_by_two_files_counts_once,
    a_transfer_told_with_two_totals_is_flagged,
    an_unmatched_return_counts_in_its_transfer,
    two_files_at_the_same_moment_see_one_another,
}
