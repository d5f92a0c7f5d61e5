//! Writes the ARL (accusé de réception logique): the answer to a deposit, sent after its commit.
//!
//! **Provisional profile.** No public source gives the reference and the entities of the ARL in
//! use. This profile is built from known NOEMIE entities under the reference `ARL` of the gateway,
//! and its header says so; `docs/arl.md` describes it. An ARL names no person. Its tree:
//!
//! ```text
//! 000 > 020(01) > 040(02) [295 counts] [290 faults of the file] > 080(03) > 100(04) > 290(99)…
//!     990(04) 990(03) 990(02) 990(01) > 999
//! ```

use crate::domain::civil_time::paris_date;
use crate::domain::{
    Exchange, Finding, KeyId, Norm, ReturnFile, ReturnId, ReturnKind, Severity, UnwrittenInvoice,
    Verdict,
};
use crate::vault::{Vault, VaultError};
use noemie_parsers::anomaly::Code;
use noemie_parsers::noemie::{
    Ecrivain, ErreurEcriture, Gabarit, Packaging, e000, e020, e040, e080, e100, e290, e295,
};
use noemie_xray::Examination;
use uuid::Uuid;

/// Reference of the exchange in the ARL (000, 62-65); the norm has no such reference.
pub const REFERENCE: &str = "ARL";

/// Most faults of the file that an ARL lists; the report lists them all.
const MAX_FAULTS: usize = 200;

/// Beginning of the message of a file whose identification is that of an earlier exchange.
pub const KNOWN_REMITTANCE: &str = "Remise déjà reçue";

/// Next step for a file whose identification is known.
const KNOWN_FILE: &str = "FICHIER DEJA RECU SOUS CETTE IDENTIFICATION : NE PAS LE RENVOYER ; POUR \
    UN AUTRE CONTENU, CHANGER L'IDENTIFICATION";
/// Next step for a file of duplicates only.
const ALL_KNOWN: &str = "TOUTES LES FACTURES SONT DEJA CONNUES : RIEN A CORRIGER, RIEN A RENVOYER";
/// Lines of the ARL of the test lane, before the counts.
const TEST_LINES: [&str; 3] = [
    "TEST",
    "FICHIER MARQUE T OU D : CONTROLE COMME UN FICHIER REEL, RIEN NE SERA PAYE",
    "POUR UN ENVOI REEL : MEME FICHIER AVEC LA MARQUE R OU SANS MARQUE",
];

/// Next step for a verdict of a later version. An ARL is written with the verdict of this version,
/// so that no partner reads it.
const UNKNOWN_VERDICT: &str = "VERDICT INCONNU DE CETTE VERSION";

/// Writes the ARL of an exchange. Returns the sealed file and its bytes.
#[must_use]
pub fn write(
    exchange: &Exchange,
    examination: &Examination,
    unwritten: &[UnwrittenInvoice],
    vault: &Vault,
    id: Uuid,
) -> (ReturnFile, Vec<u8>) {
    let bytes = bytes(exchange, examination, unwritten).unwrap_or_else(|error| {
        // Only text copied from the deposit can fail (numbers of a damaged header): the second
        // form copies none.
        tracing::warn!(exchange = %exchange.id, %error, "ARL written without the numbers of the \
            received header");
        bytes(exchange, &without_header(examination), &[]).expect(
            "a header of zeros and the \
            counts always fit",
        )
    });
    let id = ReturnId(id);
    let file = ReturnFile {
        id,
        kind: ReturnKind::Arl,
        recipient: exchange.sender.clone(),
        lane: exchange.lane,
        exchange_id: Some(exchange.id),
        file_name: file_name(exchange),
        digest: blake3::hash(&bytes).to_hex().to_string(),
        sealed: vault.seal(&ReturnFile::seal_context(id), &bytes),
        key_id: KeyId(vault.key_id()),
        created_at: exchange.received_at,
    };
    (file, bytes)
}

/// Returns the name of the ARL: the exchange, which no other ARL has, the sign, and the name that
/// the sender gave to its file, by which the sender pairs the two.
#[must_use]
pub fn file_name(exchange: &Exchange) -> String {
    let sign = if exchange.verdict == Verdict::Refused { "neg" } else { "pos" };
    let sent = exchange.file_name.as_part();
    let mark = if sent.is_empty() { "" } else { "_" };
    format!("ARL_{}_{sign}{mark}{sent}.noemie", exchange.id)
}

/// Opens a sealed return file.
pub fn open(file: &ReturnFile, vault: &Vault) -> Result<Vec<u8>, VaultError> {
    vault.unseal(&ReturnFile::seal_context(file.id), &file.sealed)
}

fn without_header(examination: &Examination) -> Examination {
    Examination { remittances: Vec::new(), ..examination.clone() }
}

fn bytes(
    exchange: &Exchange,
    examination: &Examination,
    unwritten: &[UnwrittenInvoice],
) -> Result<Vec<u8>, ErreurEcriture> {
    let received = examination.remittances.first().map(|(file, _)| file);
    // The sender of the deposit is the receiver of the ARL: a type of two letters, then 14 digits.
    let (to, from) = received.map_or(("", ""), |f| (f.issuer.as_str(), f.recipient.as_str()));
    let mut out = Ecrivain::nouveau(
        header(exchange, from, to, received.map_or("", |f| &f.file_id)),
        Packaging::Lignes,
    )?;
    out.ouvrir(1, Gabarit::nouveau(&e020::layout::LAYOUT))?;
    out.ouvrir(
        2,
        Gabarit::nouveau(&e040::layout::LAYOUT)
            .texte(&e040::layout::NUMERO_DESTINATAIRE, number(to)),
    )?;
    for line in summary(exchange, examination, unwritten.len()) {
        out.feuille(
            Gabarit::nouveau(&e295::layout::LAYOUT).texte(&e295::layout::COMMENTAIRE, &line),
        )?;
    }
    for finding in examination
        .report
        .anomalies
        .iter()
        .filter(|f| f.severity == Severity::File)
        .take(MAX_FAULTS)
    {
        let record = finding.record.map(|r| format!("ENREGISTREMENT {r} : ")).unwrap_or_default();
        fault(&mut out, finding.code.as_str(), &format!("{record}{}", finding.message))?;
    }
    for lot in by_lot(unwritten) {
        lot_group(&mut out, exchange, lot)?;
    }
    out.fermer()?;
    out.fermer()?;
    out.terminer()
}

fn header(exchange: &Exchange, from: &str, to: &str, file_id: &str) -> Gabarit {
    use e000::layout as t;
    let sign = if exchange.verdict == Verdict::Refused {
        "ARL NEGATIF PROFIL PROVISOIRE"
    } else {
        "ARL POSITIF PROFIL PROVISOIRE"
    };
    let date = paris_date(exchange.received_at);
    let mark = if exchange.lane.is_test() { "T" } else { "" };
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::TYPE_FLUX, mark)
        .texte(&t::TYPE_EMETTEUR, from.get(..2).unwrap_or("OC"))
        .texte(&t::NUMERO_EMETTEUR, number(from))
        .texte(&t::TYPE_DESTINATAIRE, to.get(..2).unwrap_or("OT"))
        .texte(&t::NUMERO_DESTINATAIRE, number(to))
        .texte(&t::APPLICATION_TYPE_ECHANGE, "AR")
        .texte(&t::IDENTIFICATION_FICHIER, file_id)
        .texte(
            &t::DATE_CREATION,
            &format!(
                "{:02}{:02}{:02}",
                date.year().rem_euclid(100),
                u8::from(date.month()),
                date.day()
            ),
        )
        .texte(&t::NORME_REFERENCE_ECHANGE, REFERENCE)
        .texte(&t::UNITE_MONETAIRE, "U")
        .texte(&t::ZONE_MESSAGE, sign)
}

/// Returns the digits after the type of a sender or receiver; empty when they are not digits.
fn number(party: &str) -> &str {
    let number = party.get(2..).unwrap_or_default().trim();
    if number.bytes().all(|b| b.is_ascii_digit()) { number } else { "" }
}

/// Returns the comment lines at the head of an ARL: the exchange, the test lane, the
/// counts, the next step.
fn summary(exchange: &Exchange, examination: &Examination, listed: usize) -> Vec<String> {
    let mut lines = vec![format!("ECHANGE {}", exchange.id)];
    if exchange.lane.is_test() {
        lines.extend(TEST_LINES.map(str::to_owned));
    }
    let [counts, next_step] = counts_and_next_step(exchange);
    lines.push(counts);
    lines.push(if is_only_known(examination) { KNOWN_FILE.to_owned() } else { next_step });
    if exchange.unmatched > 0 {
        lines.push(format!(
            "{} SANS DEMANDE : REPONSES CONSERVEES, APPLIQUEES QUAND LA DEMANDE ARRIVE",
            exchange.unmatched
        ));
    }
    if exchange.quarantined + exchange.duplicates > listed as u64 {
        lines.push(format!(
            "LISTE LIMITEE A {listed} FACTURES SUR {}",
            exchange.quarantined + exchange.duplicates
        ));
    }
    lines
}

/// Returns whether a file is refused for nothing but its identification, which is known (C5).
fn is_only_known(examination: &Examination) -> bool {
    let mut of_file =
        examination.report.anomalies.iter().filter(|a| a.severity == Severity::File).peekable();
    // Two remittances of one file may share an identification as well: nothing was received then.
    let is_known = |a: &Finding| {
        a.code == Code::RemiseDejaRecue.as_str() && a.message.starts_with(KNOWN_REMITTANCE)
    };
    of_file.peek().is_some() && of_file.all(is_known)
}

/// Returns the line of the counts and the line of the next step.
fn counts_and_next_step(exchange: &Exchange) -> [String; 2] {
    if exchange.norm == Some(Norm::Concentrator) && exchange.verdict != Verdict::Refused {
        return [
            format!("AVIS LUS {}", exchange.invoices),
            "AVIS CONSERVES : ILS NE CHANGENT PAS L'ETAT DES DEMANDES".to_owned(),
        ];
    }
    if matches!(exchange.norm, Some(Norm::Noemie | Norm::Concentrator)) {
        let counts = format!(
            "RETOURS LUS {} RAPPROCHES {} MIS DE COTE {} SANS DEMANDE CORRESPONDANTE {}",
            exchange.invoices, exchange.accepted, exchange.quarantined, exchange.unmatched
        );
        let next = match exchange.verdict {
            Verdict::Refused => {
                "RETOUR REFUSE : RIEN N'A ETE PRIS EN COMPTE, CORRIGER ET RENVOYER LE FICHIER \
                 ENTIER"
            }
            Verdict::Partial => {
                "RETOUR PRIS EN COMPTE EN PARTIE : CORRIGER LES FACTURES MISES DE COTE, LES \
                 RENVOYER SOUS UNE AUTRE IDENTIFICATION"
            }
            Verdict::Accepted => "RETOUR PRIS EN COMPTE",
            Verdict::Unknown => UNKNOWN_VERDICT,
        };
        return [counts, next.to_owned()];
    }
    let counts = format!(
        "FACTURES LUES {} PRISES EN CHARGE {} MISES DE COTE {} DEJA CONNUES {}",
        exchange.invoices, exchange.accepted, exchange.quarantined, exchange.duplicates
    );
    let next = match exchange.verdict {
        Verdict::Refused => {
            "FICHIER REFUSE : AUCUNE FACTURE PRISE EN CHARGE, CORRIGER ET RENVOYER LE FICHIER \
             ENTIER"
        }
        Verdict::Partial if exchange.duplicates == 0 => {
            "FICHIER ACCEPTE EN PARTIE : CORRIGER ET RENVOYER SEULEMENT LES FACTURES LISTEES"
        }
        Verdict::Partial if exchange.quarantined + exchange.accepted == 0 => ALL_KNOWN,
        Verdict::Partial if exchange.quarantined == 0 => {
            "FICHIER ACCEPTE EN PARTIE : LES FACTURES LISTEES SONT DEJA CONNUES, NE PAS LES \
             RENVOYER"
        }
        Verdict::Partial => {
            "FICHIER ACCEPTE EN PARTIE : CORRIGER ET RENVOYER LES FACTURES LISTEES, SAUF CELLES \
             DEJA CONNUES"
        }
        Verdict::Accepted => "FICHIER ACCEPTE : RIEN A RENVOYER, NE PAS ENVOYER DE DOUBLE PAPIER",
        Verdict::Unknown => UNKNOWN_VERDICT,
    };
    [counts, next.to_owned()]
}

/// Splits the list into runs of invoices of one lot, in order.
fn by_lot(unwritten: &[UnwrittenInvoice]) -> impl Iterator<Item = &[UnwrittenInvoice]> {
    unwritten.chunk_by(|a, b| a.lot == b.lot && a.ps == b.ps)
}

fn lot_group(
    out: &mut Ecrivain,
    exchange: &Exchange,
    lot: &[UnwrittenInvoice],
) -> Result<(), ErreurEcriture> {
    use e080::layout as t;
    let date = paris_date(exchange.received_at);
    let jjmmaa =
        format!("{:02}{:02}{:02}", date.day(), u8::from(date.month()), date.year().rem_euclid(100));
    let number = lot.first().map(|a| digits(&a.lot)).unwrap_or_default();
    out.ouvrir(
        3,
        Gabarit::nouveau(&t::LAYOUT)
            .texte(&t::DATE_CONSTITUTION_LOT, &jjmmaa)
            .texte(&t::NUMERO_LOT, &number),
    )?;
    for invoice in lot {
        out.ouvrir(
            4,
            Gabarit::nouveau(&e100::layout::LAYOUT)
                .texte(&e100::layout::NUMERO_FACTURE, &digits(&invoice.invoice_number)),
        )?;
        for (code, text) in &invoice.reasons {
            fault(out, code, text)?;
        }
        out.fermer()?;
    }
    out.fermer()
}

/// Returns the digits of a number as sent. A damaged number may hold other characters: the text of
/// the fault shows them.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Writes a fault: its code and label, and the whole text as a comment when the label cuts it.
fn fault(out: &mut Ecrivain, code: &str, text: &str) -> Result<(), ErreurEcriture> {
    use e290::layout as t;
    out.feuille(
        Gabarit::nouveau(&t::LAYOUT)
            .texte(&t::CODIFICATION, &codification(code))
            .texte(&t::LIBELLE, text),
    )?;
    if text.chars().count() > usize::from(t::LIBELLE.len) {
        out.feuille(
            Gabarit::nouveau(&e295::layout::LAYOUT).texte(&e295::layout::COMMENTAIRE, text),
        )?;
    }
    Ok(())
}

/// Returns the NOEMIE form of a code: `NG`, the letter of its control, the number on 6 digits, `R`
/// (`C10-NIR-CLE` gives `NGC000010R`). Codes of duplicates have no control and begin with `NGD`.
fn codification(code: &str) -> String {
    let letter =
        code.chars().next().filter(|_| code.chars().nth(1).is_some_and(|c| c.is_ascii_digit()));
    let number: String = code.chars().skip(1).take_while(char::is_ascii_digit).collect();
    match (letter, code) {
        (Some(letter), _) => format!("NG{letter}{number:0>6}R"),
        (None, "DEJA_PAYEE") => "NGD000002R".to_owned(),
        (None, _) => "NGD000001R".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fit_ten_characters() {
        assert_eq!(codification("C10-NIR-CLE"), "NGC000010R");
        assert_eq!(codification("P2-LONGUEUR"), "NGP000002R");
        assert_eq!(codification("DEJA_RECUE"), "NGD000001R");
        for code in noemie_parsers::anomaly::Code::ALL {
            assert_eq!(codification(code.as_str()).len(), 10, "{code}");
        }
    }
}
