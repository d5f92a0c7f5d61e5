//! `transfers`: the bank transfers that return files announce, and the items of one.

use super::{Session, day, output};
use crate::domain::civil_time::{french_day, paris_date};
use crate::domain::{TransferEntry, TransferId, TransferItem, TransferItemKind, TransferState};
use crate::service::transfers::{TransferDetails, TransferFile, TransferFilter, TransferView};
use anyhow::Result;
use clap::{Args, ValueEnum};
use noemie_parsers::types::Montant;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use time::Date;
use time::format_description::well_known::Rfc3339;

/// Columns of the listing in French, for people and for spreadsheets.
const COLUMNS: [&str; 10] = [
    "Virement",
    "Date",
    "Payeur",
    "Bénéficiaire",
    "Référence",
    "Annoncé",
    "Expliqué",
    "Inexpliqué",
    "État",
    "Depuis (jours)",
];
/// Seconds of a day.
const DAY_SECONDS: u64 = 86_400;

#[derive(Debug, Args)]
pub(super) struct TransfersArgs {
    /// Transfer whose files and items are printed; the listing when not given.
    #[arg(conflicts_with_all = ["unexplained", "restated", "ps", "payer", "from", "to"])]
    transfer: Option<TransferId>,
    /// Only transfers whose items are not the amount announced, as `noemie_transfers_unexplained`
    /// counts them.
    #[arg(long)]
    unexplained: bool,
    /// Only transfers on which two files disagree: amount, sums or items.
    #[arg(long)]
    restated: bool,
    /// PS number of the payee; all when not given.
    #[arg(long)]
    ps: Option<String>,
    /// Payer, as the return file names it; all when not given.
    #[arg(long)]
    payer: Option<String>,
    /// First accounting day.
    #[arg(long, value_parser = day, value_name = "AAAA-MM-JJ")]
    from: Option<Date>,
    /// Last accounting day.
    #[arg(long, value_parser = day, value_name = "AAAA-MM-JJ")]
    to: Option<Date>,
    /// Transfers, or items of one, printed at most, up to 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// `table` for people, `json` for one object a line, `csv` for spreadsheets.
    #[arg(long, value_enum, default_value = "table")]
    format: TableFormat,
}

/// Format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For people.
    Table,
    /// JSON, one object a line.
    Json,
    /// Fields between semicolons.
    Csv,
}

/// Exit status 0; 1 when the transfer is not known.
pub(super) async fn run(args: &TransfersArgs, session: &mut Session) -> Result<ExitCode> {
    let transfers = session.app.service().transfers;
    if let Some(id) = args.transfer {
        let found = transfers.get(&session.caller, id, None, args.limit.into()).await?;
        let Some(details) = found else {
            output::notice("Aucun virement ne correspond.");
            return Ok(ExitCode::FAILURE);
        };
        print_details(&details, args.format, session)?;
        return Ok(ExitCode::SUCCESS);
    }
    let filter = TransferFilter {
        payee: args.ps.clone(),
        payer: args.payer.clone(),
        state: args.unexplained.then_some(TransferState::Unexplained),
        day_from: args.from,
        day_to: args.to,
        restated: args.restated,
    };
    let page = transfers.list(&session.caller, &filter, None, args.limit.into()).await?;
    if args.format == TableFormat::Json {
        for view in &page.items {
            session.out.json(&object(view))?;
        }
    } else {
        let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
        write_table(&COLUMNS, &rows, args.format, session)?;
    }
    if page.next.is_some() {
        output::notice("D'autres virements suivent : augmenter --limit, ou filtrer.");
    }
    Ok(ExitCode::SUCCESS)
}

fn row(view: &TransferView) -> Vec<String> {
    let (key, balance) = (&view.transfer.key, &view.transfer.balance);
    let mut state = balance.state.libelle().to_owned();
    for flag in &balance.flags {
        state = format!("{state} ; {}", flag.libelle());
    }
    vec![
        view.transfer.id.to_string(),
        key.day.to_string(),
        key.payer.clone(),
        key.payee.clone(),
        key.reference.clone(),
        balance.announced.map(|amount| amount.to_string()).unwrap_or_default(),
        balance.explained().to_string(),
        balance.unexplained().to_string(),
        state,
        view.unexplained_for.map(days).unwrap_or_default(),
    ]
}

fn days(age: Duration) -> String {
    (age.as_secs() / DAY_SECONDS).to_string()
}

/// Writes rows under their headings: columns of equal width, or fields between semicolons.
fn write_table<const N: usize>(
    columns: &[&str; N],
    rows: &[Vec<String>],
    format: TableFormat,
    session: &mut Session,
) -> Result<()> {
    let headings: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(rows).collect();
    let widths: Vec<usize> = (0..N)
        .map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    for line in lines {
        let text = if format == TableFormat::Csv {
            line.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(";")
        } else {
            let padded = line.iter().zip(&widths);
            let padded: Vec<String> = padded.map(|(field, w)| format!("{field:<w$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        writeln!(session.out, "{text}")?;
    }
    Ok(())
}

/// Returns a field of a CSV line. A text that a spreadsheet would take for a formula gets an
/// apostrophe.
fn quoted(field: &str) -> String {
    let is_number = field.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ','));
    let is_formula = field.starts_with(['=', '+', '-', '@']) && !is_number;
    let text = if is_formula { format!("'{field}") } else { field.to_owned() };
    if text.contains([';', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn print_details(
    details: &TransferDetails,
    format: TableFormat,
    session: &mut Session,
) -> Result<()> {
    if format == TableFormat::Json {
        let mut found = object(&details.view);
        found["files"] = details.files.iter().map(file).collect();
        found["items"] = details.entries.iter().map(item).collect();
        session.out.json(&found)?;
        return Ok(());
    }
    let items: Vec<Vec<String>> = details.entries.iter().map(item_row).collect();
    let columns = ["Nature", "Facture", "Demande", "Montant", "Précision"];
    if format == TableFormat::Csv {
        return write_table(&columns, &items, format, session);
    }
    let view = &details.view;
    write_table(&COLUMNS, &[row(view)], format, session)?;
    let balance = &view.transfer.balance;
    writeln!(
        session.out,
        "\nFactures {} €, retenues {} €, paiements forfaitaires {} €\n",
        balance.invoices, balance.recoveries, balance.flat_payments
    )?;
    write_table(&columns, &items, format, session)?;
    writeln!(session.out)?;
    for file in &details.files {
        let exchanges: Vec<String> = file.exchanges.iter().map(ToString::to_string).collect();
        let announced = file
            .telling
            .announced
            .map_or_else(|| "sans montant".to_owned(), |amount| format!("{amount} €"));
        writeln!(
            session.out,
            "Annoncé par {} le {} : {announced} (échange {})",
            file.telling.told_by,
            french_day(paris_date(file.telling.told_at)),
            exchanges.join(", ")
        )?;
    }
    if details.next.is_some() {
        output::notice("D'autres éléments suivent : augmenter --limit.");
    }
    Ok(())
}

fn item_row(entry: &TransferEntry) -> Vec<String> {
    let amount = entry.amount().to_string();
    match entry {
        TransferEntry::Part(part) => vec![
            part.part.libelle().to_owned(),
            part.invoice_number.clone(),
            part.claim_id.map(|id| id.to_string()).unwrap_or_default(),
            amount,
            part.kind.libelle().to_owned(),
        ],
        TransferEntry::Movement(item) => {
            vec![item.kind.libelle().to_owned(), String::new(), String::new(), amount, detail(item)]
        }
    }
}

/// Returns in words what a recovery or flat payment is.
fn detail(item: &TransferItem) -> String {
    let coded = |code: &str, label: Option<&str>| match label {
        Some(label) => format!("{label} [{code}]"),
        None => code.to_owned(),
    };
    if item.kind == TransferItemKind::FlatPayment {
        let labels: Vec<&str> = item.details.iter().map(|detail| detail.label.as_str()).collect();
        return format!("{} {}", item.code, labels.join(", ")).trim().to_owned();
    }
    let debt = coded(item.code.as_str(), item.debt_label());
    let operation = coded(item.operation.as_str(), item.operation_label());
    format!("{debt}, {operation}, dette {}", item.reference)
}

fn object(view: &TransferView) -> Value {
    let (key, balance) = (&view.transfer.key, &view.transfer.balance);
    json!({
        "transfer_id": view.transfer.id,
        "payee": key.payee,
        "payer": key.payer,
        "day": key.day.to_string(),
        "reference": key.reference,
        "announced_centimes": balance.announced.map(Montant::centimes),
        "invoices_centimes": balance.invoices.centimes(),
        "recoveries_centimes": balance.recoveries.centimes(),
        "flat_payments_centimes": balance.flat_payments.centimes(),
        "unexplained_centimes": balance.unexplained().centimes(),
        "state": balance.state,
        "flags": balance.flags,
        "unexplained_since": balance.unexplained_since.and_then(|at| at.format(&Rfc3339).ok()),
    })
}

fn file(file: &TransferFile) -> Value {
    let telling = &file.telling;
    json!({
        "file": telling.told_by,
        "exchange_ids": file.exchanges,
        "label": file.label,
        "raw_day": file.raw_day,
        "groups": telling.groups,
        "announced_centimes": telling.announced.map(Montant::centimes),
        "unexplained_centimes": telling.unexplained().centimes(),
        "quarantined": telling.quarantined,
        "counts": file.counts,
    })
}

fn item(entry: &TransferEntry) -> Value {
    let amount = entry.amount().centimes();
    match entry {
        TransferEntry::Part(part) => json!({
            "amount_centimes": amount,
            "exchange_id": part.told_in,
            "claim_id": part.claim_id,
            "invoice_number": part.invoice_number,
            "part": part.part,
            "kind": part.kind,
        }),
        TransferEntry::Movement(item) => json!({
            "amount_centimes": amount,
            "exchange_id": item.told_in,
            "kind": item.kind,
            "code": item.code,
            "label": item.debt_label(),
            "operation": item.operation,
            "operation_label": item.operation_label(),
            "reference": item.reference,
            "details": item.details,
        }),
    }
}
