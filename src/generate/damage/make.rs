//! Makes each kind of fault in a sheet of records.

use super::sheet::Sheet;
use super::{Damage, Fault};
use noemie_parsers::b2::{Genre, t2b, t3, t4, t5, t6, t999};
use noemie_parsers::layout::{Zone, famille36, famille39};

/// Makes the fault; `None` when the file has no record for it.
pub(super) fn make(kind: Damage, sheet: &mut Sheet) -> Option<Fault> {
    let middle = sheet.invoices.len() / 2;
    match kind {
        Damage::NirKey => everywhere(kind, sheet, middle, &famille36::CLE_NO_IMMATRICULATION),
        Damage::FinessKey => everywhere(kind, sheet, middle, &famille36::NO_PARTENAIRE_SANTE_CLE),
        Damage::Line127 | Damage::Line129 => length(kind, sheet, middle),
        Damage::Truncated => {
            let index = sheet.find_in(middle, |g| matches!(g, Genre::ComplementFacture(b'X')))?;
            sheet.records[index].bytes.truncate(60);
            sheet.records.truncate(index + 1);
            Some(Fault::at(kind, index, 61))
        }
        Damage::Missing999 => {
            sheet.records.pop()?;
            Some(Fault::at(kind, sheet.records.len().checked_sub(1)?, 1))
        }
        Damage::Count999 => {
            add(kind, sheet, |g| g == Genre::FinFichier, &t999::layout::NOMBRE_ENREGISTREMENTS, 1)
        }
        Damage::LotTotal => {
            add(kind, sheet, |g| g == Genre::FinLot, &t6::layout::MONTANT_TOTAL_FACTURE_LOT, 100)
        }
        Damage::Type5Amo => type_5(kind, sheet, middle),
        Damage::UnknownType => letter(kind, sheet, middle),
        Damage::UnknownComplement => letter(kind, sheet, middle),
        Damage::InvoiceNumber => number(kind, sheet, middle),
        Damage::LetterInAmount | Damage::ImpossibleDate | Damage::LowerCase => {
            line(kind, sheet, middle)
        }
        Damage::Latin1Name => {
            let index =
                sheet.records.iter().position(|r| r.genre == Genre::ComplementFacture(b'B'))?;
            sheet.records[index].bytes[usize::from(t2b::layout::NOM_BENEFICIAIRE.start) + 1] = 0xd4;
            Some(Fault {
                column: u32::from(t2b::layout::NOM_BENEFICIAIRE.start) + 2,
                ..Fault::in_zone(kind, index, &t2b::layout::NOM_BENEFICIAIRE)
            })
        }
        Damage::Missing2s => missing_2s(kind, sheet),
        Damage::SixBeforeFive => {
            let index = sheet.records.iter().position(|r| r.genre == Genre::FinLot)?;
            sheet.records.swap(index - 1, index);
            Some(Fault::at(kind, index - 1, 1))
        }
        Damage::DuplicateInvoice => duplicate(kind, sheet, middle),
        Damage::DuplicateFileId => {
            let start = sheet.records.iter().rposition(|r| r.genre == Genre::EnTete)?;
            let index = sheet.records.len();
            let copy = sheet.records[start..].to_vec();
            sheet.records.extend(copy);
            let zone = &noemie_parsers::b2::t000::layout::IDENTIFICATION_FICHIER;
            Some(Fault::in_zone(kind, index, zone))
        }
        Damage::Empty | Damage::Garbage => None,
    }
}

/// Makes the same change of a key on every record of an invoice.
fn everywhere(kind: Damage, sheet: &mut Sheet, invoice: usize, zone: &Zone) -> Option<Fault> {
    let last = usize::from(zone.end()) - 1;
    let mut first = None;
    for (index, record) in
        sheet.records.iter_mut().enumerate().filter(|(_, r)| r.invoice == Some(invoice))
    {
        record.bytes[last] = if record.bytes[last] == b'9' { b'0' } else { record.bytes[last] + 1 };
        first.get_or_insert(index);
    }
    let column = u32::from(zone.end());
    Some(Fault { column, ..Fault::in_zone(kind, first?, zone) }.of_invoice(sheet, invoice))
}

fn length(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    if kind == Damage::Line127 {
        let index = sheet.find_in(middle, |g| g == Genre::ComplementFacture(b'X'))?;
        sheet.records[index].bytes.pop()?;
        return Some(Fault::at(kind, index, 128));
    }
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    sheet.records[index].bytes.insert(64, b' ');
    // A reader can only report the zone from which the columns are wrong.
    Some(Fault { columns: (50, 75), ..Fault::at(kind, index, 65) })
}

fn add(
    kind: Damage,
    sheet: &mut Sheet,
    which: impl Fn(Genre) -> bool,
    zone: &'static Zone,
    n: u64,
) -> Option<Fault> {
    let index = sheet.records.iter().rposition(|r| which(r.genre))?;
    sheet.add(index, zone, n);
    Some(Fault::in_zone(kind, index, zone))
}

fn type_5(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, |g| g == Genre::FinFacture)?;
    let (zone, control) = match sheet.records[index].cp {
        true => (&t5::cp::TOTAL_REMBOURSABLE_AMO_PH, "C30"),
        false => (&t5::ps::TOTAL_REMBOURSABLE_AMO, kind.control()),
    };
    sheet.add(index, zone, 1);
    Some(Fault { control, ..Fault::in_zone(kind, index, zone) }.of_invoice(sheet, middle))
}

/// Changes the type or the letter of a detail record of the invoice, or of its 2X when it has none.
fn letter(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let detail = sheet.find_in(middle, |g| matches!(g, Genre::Complement4(l) if l != b'S'));
    let index =
        detail.or_else(|| sheet.find_in(middle, |g| g == Genre::ComplementFacture(b'X')))?;
    let record = &mut sheet.records[index];
    if kind == Damage::UnknownType {
        record.bytes[0] = b'8';
        record.genre = Genre::Inconnu(b'8');
        return Some(Fault::at(kind, index, 1).of_invoice(sheet, middle));
    }
    record.bytes[35] = b'Z';
    record.genre =
        if detail.is_some() { Genre::Complement4(b'Z') } else { Genre::ComplementFacture(b'Z') };
    Some(Fault { columns: (1, 36), ..Fault::at(kind, index, 36) })
}

fn number(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    let record = &mut sheet.records[index];
    let zone = if record.cp { &famille39::NO_FACTURE } else { &famille36::NO_FACTURE };
    let changed = usize::from(zone.start) + 4;
    record.bytes[changed] =
        if record.bytes[changed] == b'9' { b'0' } else { record.bytes[changed] + 1 };
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}

fn line(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let index = sheet.find_in(middle, Genre::is_ligne)?;
    let record = &mut sheet.records[index];
    let [amount, date, code] = match (record.cp, record.genre) {
        (false, _) => [
            &t4::ps::MONTANT_HONORAIRES_DEPENSE,
            &t4::ps::DATE_SOINS_DELIVRANCE,
            &t4::ps::CODE_ACTE,
        ],
        (true, Genre::Ligne3) => {
            [&t3::cp::MONTANT_TOTAL_DEPENSE, &t3::cp::DATE_DEBUT_SEJOUR, &t3::cp::CODE_ACTE]
        }
        (true, _) => [&t4::cp::MONTANT_HONORAIRES, &t4::cp::DATE_SOINS, &t4::cp::CODE_ACTE],
    };
    let zone = match kind {
        Damage::LetterInAmount => amount,
        Damage::ImpossibleDate => date,
        _ => code,
    };
    let start = usize::from(zone.start) - 1;
    match kind {
        Damage::LetterInAmount => record.bytes[start] = b'O',
        Damage::ImpossibleDate => record.bytes[start + 2..start + 6].copy_from_slice(b"0230"),
        _ => record.bytes[start..start + 5].make_ascii_lowercase(),
    }
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}

fn missing_2s(kind: Damage, sheet: &mut Sheet) -> Option<Fault> {
    let index =
        sheet.records.iter().position(|r| r.cp && r.genre == Genre::ComplementFacture(b'S'))?;
    sheet.records.remove(index);
    sheet.lower(index, Genre::FinLot, &t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_2);
    sheet.lower(index, Genre::FinFichier, &t999::layout::NOMBRE_ENREGISTREMENTS);
    Some(Fault { columns: (1, 128), ..Fault::at(kind, index - 1, 1) })
}

fn duplicate(kind: Damage, sheet: &mut Sheet, middle: usize) -> Option<Fault> {
    let copy: Vec<_> =
        sheet.records.iter().filter(|r| r.invoice == Some(middle)).cloned().collect();
    let end = sheet.records.iter().rposition(|r| r.invoice == Some(middle))?;
    let index = end + sheet.records[end..].iter().position(|r| r.genre == Genre::FinLot)?;
    let count = |f: fn(Genre) -> bool| copy.iter().filter(|r| f(r.genre)).count() as u64;
    let totals = sheet.invoices[middle].totals;
    let cents = |m: noemie_parsers::types::Montant| u64::try_from(m.centimes()).unwrap_or_default();
    for (zone, n) in [
        (&t6::layout::NOMBRE_FACTURES, 1),
        (&t6::layout::NOMBRE_LIGNES_ACTES, count(Genre::is_ligne)),
        (
            &t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_2,
            count(|g| matches!(g, Genre::Facture | Genre::ComplementFacture(_))),
        ),
        (&t6::layout::NOMBRE_ENREGISTREMENTS_TYPE_5, 1),
        (&t6::layout::MONTANT_TOTAL_FACTURE_LOT, cents(totals.total)),
        (&t6::layout::MONTANT_TOTAL_AMO_LOT, cents(totals.amo)),
        (&t6::layout::MONTANT_TOTAL_OC_LOT, cents(totals.amc)),
    ] {
        sheet.add(index, zone, n);
    }
    let fin = index + sheet.records[index..].iter().position(|r| r.genre == Genre::FinFichier)?;
    sheet.add(fin, &t999::layout::NOMBRE_ENREGISTREMENTS, copy.len() as u64);
    let zone = if sheet.records[end].cp { &famille39::NO_FACTURE } else { &famille36::NO_FACTURE };
    sheet.records.splice(index..index, copy);
    Some(Fault::in_zone(kind, index, zone).of_invoice(sheet, middle))
}
