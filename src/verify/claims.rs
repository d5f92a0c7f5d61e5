//! A claim beside its invoice in the file, column by column.

use super::words;
use crate::domain::life_cycle::is_live;
use crate::domain::{Claim, ClaimLine, ClaimStatus, NewClaim, PartKind};
use crate::store::{PartMarks, StoredInvoice};
use crate::vault::Vault;
use noemie_parsers::types::Montant;
use time::Date;

/// Names of the texts of a claim.
const TEXTS: [&str; 12] = [
    "flow",
    "lane",
    "sender",
    "lot",
    "PS",
    "norm code",
    "invoice number",
    "complement",
    "AMC number",
    "AMO organism",
    "limit of the answer",
    "key",
];

/// Returns in words how a claim and its lines differ from their invoice. The values of tokens and
/// of the sealed person are left out.
pub(super) fn differences(vault: &Vault, stored: &StoredInvoice, read: &NewClaim) -> Vec<String> {
    let mut expected = stored.expected_for(read);
    let is = &stored.new.claim;
    let is_of_other_key = of_other_key(vault, is).is_some();
    if is_of_other_key {
        // Tokens and blobs of another key say nothing about the invoice.
        expected.claim.identity = is.identity.clone();
        expected.claim.person = is.person.clone();
        expected.claim.key_id = is.key_id.clone();
    }
    let wanted = &expected.claim;
    let mut parts = vec![
        words::differences(TEXTS, &texts(is), &texts(wanted)),
        words::differences(
            ["logical file", "rank", "first record", "records", "version of the tokens"],
            &counts(is),
            &counts(wanted),
        ),
        words::differences(
            ["total", "asked of the AMO", "asked of the AMC"],
            &sums(is),
            &sums(wanted),
        ),
        words::differences(["date of the lot", "date of the invoice"], &days(is), &days(wanted)),
        words::differences(["received at"], &[is.received_at], &[wanted.received_at]),
        lines(&stored.new.lines, &expected.lines),
    ];
    if is.identity != wanted.identity {
        parts.push("the token of the invoice is another one".to_owned());
    }
    if is.person != wanted.person {
        parts.push("the token of the insured person is another one".to_owned());
    }
    if !is_of_other_key {
        parts.push(person(vault, is, &read.claim));
    }
    parts.push(flags(stored));
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns in words under which other vault key a claim was sealed: its row and the header of the
/// sealed person both name another key.
pub(super) fn of_other_key(vault: &Vault, claim: &Claim) -> Option<String> {
    let key = &claim.key_id.0;
    let is_other = *key != vault.key_id() && vault.is_under_this_key(&claim.vault) == Some(false);
    is_other.then(|| format!("its person is sealed under the vault key {key}"))
}

fn texts(c: &Claim) -> [String; 12] {
    [
        c.flow.as_str().to_owned(),
        if c.lane.is_test() { "test" } else { "real" }.to_owned(),
        c.sender.clone(),
        c.lot.clone(),
        c.ps.clone(),
        c.norm_code.clone(),
        c.invoice_number.clone(),
        c.invoice_complement.clone(),
        c.amc_number.clone(),
        c.amo_organism.clone(),
        c.date_limite_reponse_amc.clone(),
        c.key_id.0.clone(),
    ]
}

fn counts(c: &Claim) -> [u64; 5] {
    [
        u64::from(c.logical_file),
        c.ordinal,
        c.first_record,
        u64::from(c.record_count),
        u64::from(c.token_version),
    ]
}

const fn sums(c: &Claim) -> [Montant; 3] {
    [c.total, c.amo.asked, c.amc.asked]
}

fn days(c: &Claim) -> [String; 2] {
    [c.lot_date, c.invoice_date].map(day)
}

fn day(date: Option<Date>) -> String {
    date.map_or_else(|| "none".to_owned(), |date| date.to_string())
}

/// Returns how the lines differ: their number, or the ranks of those with other values.
fn lines(stored: &[ClaimLine], read: &[ClaimLine]) -> String {
    if stored.len() != read.len() {
        return words::differences(["lines"], &[stored.len()], &[read.len()]);
    }
    let other = stored.iter().zip(read).filter(|(is, wanted)| is != wanted);
    let ranks: Vec<String> = other.map(|(_, wanted)| wanted.rank.to_string()).collect();
    if ranks.is_empty() { String::new() } else { format!("other lines: {}", ranks.join(", ")) }
}

/// Opens the person of a claim and compares it with the person of the invoice.
fn person(vault: &Vault, stored: &Claim, read: &Claim) -> String {
    let opened = vault.unseal_person(&stored.vault, stored.id.0);
    match (opened, vault.unseal_person(&read.vault, read.id.0)) {
        (Err(failure), _) => format!("the person: {failure}"),
        (Ok(is), Ok(wanted)) if is == wanted => String::new(),
        (Ok(_), _) => "the sealed person is another one".to_owned(),
    }
}

/// Checks the columns that follow from the parts.
fn flags(stored: &StoredInvoice) -> String {
    let claim = &stored.new.claim;
    let of_amo = stored.marks.iter().filter(|marks| marks.kind == PartKind::Amo);
    let status = claim.status();
    // The status of a state of a later version is the later version's.
    let has_status = |marks: &PartMarks| match marks.kind {
        PartKind::Amc if status == ClaimStatus::Unknown => marks.claim_status.is_some(),
        PartKind::Amc => marks.claim_status.as_deref() == Some(status.as_str()),
        _ => marks.claim_status.is_none(),
    };
    if stored.is_live != is_live(claim.amo.state, claim.amc.state) {
        "whether the invoice may be sent again does not follow from the parts".to_owned()
    } else if of_amo.into_iter().any(|amo| amo.due_at.is_some() || amo.reported_in.is_some()) {
        "the AMO part has a limit or a report, which only the AMC part has".to_owned()
    } else if has_wrong_limit(stored) {
        "the AMC part has no limit, or one in the test lane".to_owned()
    } else if stored.marks.iter().any(|marks| !marks.repeats_claim) {
        "a part repeats another instant, PS or sender than those of the claim".to_owned()
    } else if !stored.marks.iter().all(has_status) {
        "the status that listings filter by does not follow from the parts".to_owned()
    } else {
        String::new()
    }
}

fn has_wrong_limit(stored: &StoredInvoice) -> bool {
    let is_test = stored.new.claim.lane.is_test();
    let mut of_amc = stored.marks.iter().filter(|marks| marks.kind == PartKind::Amc);
    of_amc.any(|amc| amc.due_at.is_none() != is_test)
}
