//! The ARL (accuse de reception logique): the answer given to a deposit, after its commit.
//!
//! **Provisional profile.** The ARL of the field has a reference and entities that no public source gives. This one is built from known NOEMIE entities
//! under the reference `ARL`, which is ours, and says so in its header; `docs/arl.md` describes it.
//! It names no person:
//!
//! ```text
//! 000 > 020(01) > 040(02) [295 counts] [290 faults of the file] > 080(03) > 100(04) > 290(99)… 990(04) 990(03) 990(02) 990(01) > 999
//! ```

use crate::domain::{Exchange, Norm, ReturnFile, ReturnId, ReturnKind, Severity, Verdict};
use crate::vault::{Vault, VaultError};
use noemie_parsers::noemie::{
    Ecrivain, ErreurEcriture, Gabarit, Packaging, e000, e020, e040, e080, e100, e290, e295,
};
use noemie_xray::Examination;
use uuid::Uuid;

/// Reference of the exchange in our ARL (000, 62-65): not a reference of the norm.
pub const REFERENCE: &str = "ARL";

/// Faults of the file told one by one; the report has them all.
const LONGEST_FAULTS: usize = 200;

/// An invoice that was not loaded, as the ARL tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotLoaded {
    /// PS number.
    pub ps: String,
    /// Lot number.
    pub lot: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Code and French text.
    pub reasons: Vec<(String, String)>,
}

/// Writes the ARL of an exchange. Answers the sealed file and its bytes.
#[must_use]
pub fn write(
    exchange: &Exchange,
    examination: &Examination,
    aside: &[NotLoaded],
    vault: &Vault,
    id: Uuid,
) -> (ReturnFile, Vec<u8>) {
    let bytes = bytes(exchange, examination, aside).unwrap_or_else(|error| {
        // Only text that is not ours can do this (numbers of a damaged header): the plain form has
        // none of it.
        tracing::warn!(exchange = %exchange.id, %error, "ARL written without the numbers of the received header");
        bytes(exchange, &without_header(examination), &[]).expect("a header of zeros and the counts always fit")
    });
    let id = ReturnId(id);
    let sign = if exchange.verdict == Verdict::Refused { "neg" } else { "pos" };
    let file = ReturnFile {
        id,
        kind: ReturnKind::Arl,
        recipient: exchange.sender.clone(),
        exchange_id: Some(exchange.id),
        file_name: format!("ARL_{}_{sign}.noemie", exchange.id),
        digest: blake3::hash(&bytes).to_hex().to_string(),
        sealed: vault.seal(&ReturnFile::seal_context(id), &bytes),
        created_at: exchange.received_at,
    };
    (file, bytes)
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
    aside: &[NotLoaded],
) -> Result<Vec<u8>, ErreurEcriture> {
    let received = examination.remittances.first().map(|(file, _)| file);
    // Sender and receiver of the deposit change places: 14 digits after the two letters of the
    // type.
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
    for line in summary(exchange, aside.len()) {
        out.feuille(
            Gabarit::nouveau(&e295::layout::LAYOUT).texte(&e295::layout::COMMENTAIRE, &line),
        )?;
    }
    for finding in examination
        .report
        .anomalies
        .iter()
        .filter(|f| f.severity == Severity::File)
        .take(LONGEST_FAULTS)
    {
        let place = finding.record.map(|r| format!("ENREGISTREMENT {r} : ")).unwrap_or_default();
        told(&mut out, finding.code.as_str(), &format!("{place}{}", finding.message))?;
    }
    for lot in by_lot(aside) {
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
    let date = exchange.received_at.date();
    Gabarit::nouveau(&t::LAYOUT)
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

/// The digits after the type of a sender or receiver.
fn number(party: &str) -> &str {
    let number = party.get(2..).unwrap_or_default().trim();
    if number.bytes().all(|b| b.is_ascii_digit()) { number } else { "" }
}

/// What a person reads first: who answers, what was taken, what comes next and by when.
fn summary(exchange: &Exchange, listed: usize) -> Vec<String> {
    let mut lines = vec![format!("ECHANGE {}", exchange.id)];
    lines.extend(what_was_taken(exchange));
    if exchange.quarantined + exchange.duplicates > listed as u64 {
        lines.push(format!(
            "LISTE LIMITEE A {listed} FACTURES SUR {}",
            exchange.quarantined + exchange.duplicates
        ));
    }
    lines
}

/// The counts, and what to do.
fn what_was_taken(exchange: &Exchange) -> [String; 2] {
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
                "RETOUR REFUSE : RIEN N'A ETE PRIS EN COMPTE, CORRIGER ET RENVOYER LE FICHIER ENTIER"
            }
            Verdict::Partial => {
                "RETOUR PRIS EN COMPTE EN PARTIE : LES FACTURES MISES DE COTE NE L'ONT PAS ETE"
            }
            Verdict::Accepted => "RETOUR PRIS EN COMPTE",
        };
        return [counts, next.to_owned()];
    }
    let counts = format!(
        "FACTURES LUES {} PRISES EN CHARGE {} MISES DE COTE {} DEJA CONNUES {}",
        exchange.invoices, exchange.accepted, exchange.quarantined, exchange.duplicates
    );
    let next = match exchange.verdict {
        Verdict::Refused => {
            "FICHIER REFUSE : AUCUNE FACTURE PRISE EN CHARGE, CORRIGER ET RENVOYER LE FICHIER ENTIER"
        }
        Verdict::Partial if exchange.duplicates == 0 => {
            "FICHIER ACCEPTE EN PARTIE : CORRIGER ET RENVOYER SEULEMENT LES FACTURES LISTEES"
        }
        Verdict::Partial if exchange.quarantined == 0 => {
            "FICHIER ACCEPTE EN PARTIE : LES FACTURES LISTEES SONT DEJA CONNUES, NE PAS LES RENVOYER"
        }
        Verdict::Partial => {
            "FICHIER ACCEPTE EN PARTIE : CORRIGER ET RENVOYER LES FACTURES LISTEES, SAUF CELLES DEJA CONNUES"
        }
        Verdict::Accepted => "FICHIER ACCEPTE : RIEN A RENVOYER, NE PAS ENVOYER DE DOUBLE PAPIER",
    };
    [counts, next.to_owned()]
}

/// Runs of invoices of one lot, in order.
fn by_lot(aside: &[NotLoaded]) -> impl Iterator<Item = &[NotLoaded]> {
    aside.chunk_by(|a, b| a.lot == b.lot && a.ps == b.ps)
}

fn lot_group(
    out: &mut Ecrivain,
    exchange: &Exchange,
    lot: &[NotLoaded],
) -> Result<(), ErreurEcriture> {
    use e080::layout as t;
    let date = exchange.received_at.date();
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
            told(out, code, text)?;
        }
        out.fermer()?;
    }
    out.fermer()
}

/// A number as sent may be damaged: what is not a digit is left out, the text of the fault tells
/// the rest.
fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// A fault: its code and label, and a comment with the whole text when the label is too short for
/// it.
fn told(out: &mut Ecrivain, code: &str, text: &str) -> Result<(), ErreurEcriture> {
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

/// `NG` + letter of the control + its number on 6 digits + `R`: `C10-NIR-CLE` gives `NGC000010R`.
/// Codes without control: `NGD`.
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
