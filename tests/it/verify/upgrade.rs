//! Controls that change with a version: older receipts stay valid.

use super::*;

/// A version with other controls.
pub struct Earlier<'a> {
    pub sources: &'a Sources,
    /// Whether the version refuses the file.
    pub refuses: bool,
    /// Code for which the version quarantines an invoice.
    pub judges: fn(&UnjudgedInvoice) -> Option<&'static str>,
}

impl Earlier<'_> {
    /// Deposits a file as that version would: in one transaction, with an authentic receipt.
    pub async fn deposit(&self, bytes: &[u8]) -> Exchange {
        let Sources { store, archive, vault, clock } = self.sources;
        let (id, at) = (ExchangeId(clock.new_id()), clock.now());
        let mut writer = archive.create(id.0, at).unwrap();
        writer.write_all(bytes).unwrap();
        let archived = writer.finish().unwrap();
        let mut examination = noemie_xray::examine(bytes, "f.b2").unwrap();
        examination.report.anomalies.clear();
        let mut work = store.begin().await.unwrap();
        assert_eq!(
            work.reserve_exchange("oct-a", &archived.digest_hex, "", "", Lane::Real, id)
                .await
                .unwrap(),
            None
        );
        let mut ledger = Ledger { read: examination.read, ..Ledger::default() };
        let (mut claims, mut aside) = (Vec::new(), Vec::new());
        if self.refuses {
            ledger.envelope = ledger.read;
        } else {
            let Some(Norme::B2(forme)) = examination.norme else {
                panic!("{:?}", examination.norme)
            };
            let context = DepositContext {
                origin: Origin {
                    exchange_id: id,
                    sender: "oct-a".into(),
                    received_at: at,
                    lane: Lane::Real,
                    calendar: clock.calendar(),
                },
                archive_name: archived.name.clone(),
                archive: Arc::clone(archive),
                vault: Arc::clone(vault),
                clock: Arc::clone(clock),
                batch_size: 1_000,
                is_staged: false,
            };
            let mut batches = read_unjudged(&context, forme);
            while let Some(batch) = batches.next_batch().await {
                for invoice in batch {
                    let records = u64::from(invoice.new.claim.record_count);
                    match (self.judges)(&invoice) {
                        None => ledger.accepted += records,
                        Some(_) => ledger.quarantined += records,
                    }
                    match (self.judges)(&invoice) {
                        None => claims.push(invoice.new),
                        Some(code) => aside.push(quarantined(&invoice, code)),
                    }
                }
            }
            ledger.envelope = batches.envelope().await.unwrap();
        }
        assert_eq!(
            work.insert_claims(&support::samples::offered(&claims)).await.unwrap().len(),
            claims.len()
        );
        let source = support::samples::source("oct-a", Some(id), at);
        let event = |c: &noemie_gateway::domain::Claim| {
            ClaimEvent::of(c, &c.amo, EventId(clock.new_id()), 1, &source)
        };
        work.insert_events(&claims.iter().map(|new| event(&new.claim)).collect::<Vec<_>>())
            .await
            .unwrap();
        work.insert_quarantined(&aside).await.unwrap();
        let sum = |of: fn(&noemie_gateway::domain::Claim) -> Montant| {
            claims.iter().map(|new| of(&new.claim)).sum()
        };
        let verdict = match (self.refuses, aside.is_empty()) {
            (true, _) => Verdict::Refused,
            (false, true) => Verdict::Accepted,
            (false, false) => Verdict::Partial,
        };
        let exchange = Exchange {
            id,
            sender: "oct-a".into(),
            lane: Lane::Real,
            channel: Channel::Cli,
            file_name: "f.b2".into(),
            digest: archived.digest_hex,
            records_digest: String::new(),
            idempotency_key: String::new(),
            size: archived.size,
            norm: examination.report.norm,
            packaging: examination.report.packaging,
            verdict,
            logical_files: examination.report.logical_files,
            lots: examination.report.lots,
            invoices: examination.report.invoices,
            lines: examination.report.lines,
            accepted: claims.len() as u64,
            quarantined: aside.len() as u64,
            duplicates: 0,
            unmatched: 0,
            total: sum(|c| c.total),
            amo: sum(|c| c.amo.asked),
            amc: sum(|c| c.amc.asked),
            anomalies: 0,
            received_at: at,
            archive_name: archived.name,
        };
        let (arl, _) = arl::write(&exchange, &examination, &[], vault, clock.new_id());
        let closing = Closing { exchange, ledger, logical_files: vec![], arl, at };
        let codes = receipt::Codes::of(&closing.exchange);
        let text = |contents: &str| {
            receipt::text(&closing.exchange, &codes, &closing.ledger, &closing.arl, (contents, 0))
        };
        work.close_exchange(&closing, &|tip, contents| NewLink {
            link: vault.receipt_link(&tip.link, tip.sequence + 1, &text(contents)),
            key_id: KeyId(vault.key_id()),
            at,
            behind_ms: 0,
        })
        .await
        .unwrap();
        work.commit().await.unwrap();
        closing.exchange
    }
}

fn quarantined(invoice: &UnjudgedInvoice, code: &str) -> Quarantined {
    let c = &invoice.new.claim;
    Quarantined {
        exchange_id: c.exchange_id,
        ordinal: c.ordinal,
        ps: c.ps.clone(),
        invoice_number: c.invoice_number.clone(),
        lot: c.lot.clone(),
        codes: vec![code.into()],
        first_record: c.first_record,
        record_count: c.record_count,
        offset: 0,
        duplicate_of: None,
        resolved_by: None,
        at: c.received_at,
    }
}

pub fn takes_all(_: &UnjudgedInvoice) -> Option<&'static str> {
    None
}

/// After an upgrade that changes the controls, older receipts stay valid: other judgements are notes.
/// Altered rows are findings all the same.
pub async fn other_controls_are_noted_and_nothing_altered_passes(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let sources = sources_in(&dir, &db);
    let verified = async || {
        let seen = verify(&sources, None).await.unwrap();
        assert!(
            seen.notes
                .iter()
                .all(|note| note.code == Kind::JudgedOtherwise && note.exchange.is_some()),
            "{:?}",
            seen.notes
        );
        assert_eq!(seen.note_count, seen.notes.len() as u64);
        (kinds(&seen), seen.note_count)
    };
    // The version accepted an invoice that is quarantined today.
    let lenient = Earlier { sources: &sources, refuses: false, judges: takes_all };
    let taken =
        lenient.deposit(&made(&Options { damage: Some(Damage::NirKey), ..options(1) })).await;
    assert_eq!((taken.verdict, verified().await), (Verdict::Accepted, (vec![], 1)));
    // The version quarantined two invoices that are accepted today.
    let strict = Earlier {
        sources: &sources,
        refuses: false,
        judges: |invoice| (invoice.new.claim.ordinal <= 2).then_some("C99-ANCIEN"),
    };
    strict.deposit(&made(&options(2))).await;
    assert_eq!(verified().await, (vec![], 3));
    // The version refused a file that is accepted today, and accepted one that is refused today.
    Earlier { sources: &sources, refuses: true, judges: takes_all }
        .deposit(&made(&options(3)))
        .await;
    assert_eq!(verified().await, (vec![], 4));
    lenient.deposit(&made(&Options { damage: Some(Damage::Count999), ..options(4) })).await;
    assert_eq!(verified().await, (vec![], 5));
    assert!(verify(&sources, None).await.unwrap().is_clean());

    db.execute(
        "UPDATE claims SET total = total + 100 WHERE exchange_id = (SELECT exchange_id FROM \
        receipt_chain WHERE sequence = 1)",
    )
    .await
    .unwrap();
    assert_eq!(verified().await, (vec![Kind::ClaimDiffers, Kind::ExchangeDiffers], 5));
    db.execute(
        "UPDATE claims SET total = total - 100 WHERE exchange_id = (SELECT exchange_id FROM \
        receipt_chain WHERE sequence = 1)",
    )
    .await
    .unwrap();
    db.execute("UPDATE quarantine SET codes = '[\"DEJA_RECUE\"]' WHERE ordinal = 1").await.unwrap();
    let found = verified().await.0;
    for kind in
        [Kind::ReceiptAltered, Kind::QuarantinedDiffers, Kind::ExchangeDiffers, Kind::LedgerDiffers]
    {
        assert!(found.contains(&kind), "{found:?}");
    }
    db.execute("DELETE FROM quarantine WHERE ordinal = 1").await.unwrap();
    assert!(verified().await.0.contains(&Kind::InvoiceLost));
}
