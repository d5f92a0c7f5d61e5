//! Counted nouns, amounts and formats in French.

use crate::report::Report;
use noemie_parsers::anomaly::Severity;
use noemie_parsers::outcome::{Norm, Packaging, Verdict};
use noemie_parsers::types::Montant;

/// Returns a count with its French noun: the plural begins at 2.
#[must_use]
pub fn french(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count < 2 { one } else { many })
}

/// Returns an amount in euros: `51,96 €`.
pub(crate) fn euros(centimes: i64) -> String {
    format!("{} €", Montant::from_centimes(centimes))
}

/// Returns the norm and the packaging of a file in French words.
pub(crate) fn format_name(report: &Report) -> String {
    let norm = match report.norm {
        Some(Norm::B2) => "norme B2",
        Some(Norm::Noemie) => "norme NOEMIE",
        Some(Norm::Concentrator) => "retour de concentrateur",
        Some(Norm::Unknown) | None => return "format non reconnu".to_owned(),
    };
    let packaging = match report.packaging {
        Some(Packaging::Blocks) => "blocs de 128 octets sans fin de ligne",
        Some(Packaging::Crlf) => "lignes finies par CR LF",
        Some(Packaging::Lf) => "lignes finies par LF",
        Some(Packaging::Lines) => "lignes précédées de leur longueur",
        Some(Packaging::Unknown) | None => return norm.to_owned(),
    };
    format!("{norm}, {packaging}")
}

/// Returns the sentence that says what happens with the file and its invoices.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let is_return = matches!(report.norm, Some(Norm::Noemie | Norm::Concentrator));
    let accepted = report.accepted_invoices;
    let taken = if is_return {
        french(accepted, "retour accepté", "retours acceptés")
    } else {
        french(accepted, "facture acceptée", "factures acceptées")
    };
    match report.verdict {
        Verdict::Refused if report.norm.is_none() => {
            "Fichier refusé : son contenu n'est pas reconnu, rien n'en est accepté".to_owned()
        }
        Verdict::Refused => {
            let none = if is_return {
                "aucun retour n'est accepté"
            } else {
                "aucune facture n'est acceptée"
            };
            format!("Fichier refusé : {none}, corriger et renvoyer le fichier entier")
        }
        Verdict::Partial => {
            let repeats = report.duplicate_invoices;
            let rest = report.invoices.saturating_sub(accepted).saturating_sub(repeats);
            let what = if is_return {
                "mis de côté, à corriger par le payeur"
            } else {
                "à corriger et renvoyer"
            };
            let mut sentence = format!("Fichier accepté en partie : {taken}");
            if rest > 0 {
                sentence.push_str(&format!(", {rest} {what}"));
            }
            if repeats > 0 {
                let repeats = french(repeats, "facture déjà reçue", "factures déjà reçues");
                sentence.push_str(&format!(", {repeats} à ne pas renvoyer"));
            }
            sentence
        }
        Verdict::Accepted if report.invoices == 0 => {
            let none = if is_return { "aucun retour" } else { "aucune facture" };
            format!("Fichier accepté : il ne contient {none}")
        }
        Verdict::Accepted if report.anomaly_count > 0 => {
            let points = french(report.anomaly_count, "point", "points");
            format!("Fichier accepté : {taken}, {points} à vérifier")
        }
        Verdict::Accepted => format!("Fichier accepté : {taken}, rien à corriger"),
        Verdict::Unknown => report.verdict.libelle().to_owned(),
    }
}

/// Returns the facts of a file, each with its French name: format, counts, sums.
pub(crate) fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Format", format_name(report))];
    if report.test {
        facts.push(("Voie", "fichier de test ou de démonstration".to_owned()));
    }
    let content = [
        french(report.records, "enregistrement", "enregistrements"),
        french(report.logical_files, "fichier logique", "fichiers logiques"),
        french(report.lots, "lot", "lots"),
        french(report.invoices, "facture", "factures"),
        french(report.lines, "ligne", "lignes"),
    ];
    facts.push(("Contenu", content.join(", ")));
    if report.payment_notices > 0 {
        let notices = french(report.payment_notices, "avis de paiement", "avis de paiement");
        facts.push(("Dont", notices));
    }
    if report.verdict != Verdict::Refused {
        facts.extend(sums(report));
    }
    facts
}

fn sums(report: &Report) -> Vec<(&'static str, String)> {
    let Some(sums) = report.sums else {
        return vec![
            ("Total accepté", euros(report.total_centimes)),
            ("Demandé à l'AMO", euros(report.amo_centimes)),
            ("Demandé à l'AMC", euros(report.amc_centimes)),
        ];
    };
    let paid = |paid: i64, asked: i64| format!("{} sur {} demandés", euros(paid), euros(asked));
    let mut facts = vec![
        ("Total", euros(report.total_centimes)),
        ("Payé par l'AMO", paid(sums.amo_paid, sums.amo_asked)),
        ("Payé par l'AMC", paid(sums.amc_paid, sums.amc_asked)),
    ];
    if sums.recovered != 0 {
        facts.push(("Récupéré", euros(sums.recovered)));
    }
    if sums.flat != 0 {
        facts.push(("Forfaits", euros(sums.flat)));
    }
    facts
}

/// Returns the number of anomalies by their cost: `4 anomalies : 1 met une facture de côté, 3
/// avertissements`. When the report does not list them all, only their number is known.
pub(crate) fn costs(report: &Report) -> String {
    if report.anomaly_count == 0 {
        return "Aucune anomalie".to_owned();
    }
    let all = french(report.anomaly_count, "anomalie", "anomalies");
    if report.anomaly_count > report.anomalies.len() as u64 {
        return all;
    }
    let part = |severity, one, many| {
        let count = report.anomalies.iter().filter(|f| f.severity == severity).count() as u64;
        (count > 0).then(|| french(count, one, many))
    };
    let parts = [
        part(Severity::File, "refuse le fichier", "refusent le fichier"),
        part(Severity::Invoice, "met une facture de côté", "mettent une facture de côté"),
        part(Severity::Warning, "avertissement", "avertissements"),
    ];
    format!("{all} : {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Report of a file of norm B2 in lines.
    fn report(verdict: Verdict, invoices: u64, accepted: u64) -> Report {
        let mut report = crate::validate(&b"000"[..], "f").expect("memory does not fail");
        report.norm = Some(Norm::B2);
        report.verdict = verdict;
        report.invoices = invoices;
        report.accepted_invoices = accepted;
        report.anomaly_count = 0;
        report
    }

    #[test]
    fn the_verdict_says_what_happens_with_the_invoices() {
        for (file, expected) in [
            (report(Verdict::Accepted, 3, 3), "accepté : 3 factures acceptées, rien à corriger"),
            (report(Verdict::Accepted, 1, 1), "accepté : 1 facture acceptée, rien à corriger"),
            (
                Report { anomaly_count: 2, ..report(Verdict::Accepted, 3, 3) },
                "accepté : 3 factures acceptées, 2 points à vérifier",
            ),
            (
                Report { duplicate_invoices: 1, ..report(Verdict::Partial, 2, 1) },
                "accepté en partie : 1 facture acceptée, 1 facture déjà reçue à ne pas renvoyer",
            ),
            (report(Verdict::Accepted, 0, 0), "accepté : il ne contient aucune facture"),
            (
                report(Verdict::Partial, 3, 2),
                "accepté en partie : 2 factures acceptées, 1 à corriger et renvoyer",
            ),
            (
                report(Verdict::Refused, 3, 0),
                "refusé : aucune facture n'est acceptée, corriger et renvoyer le fichier entier",
            ),
        ] {
            assert_eq!(verdict(&file), format!("Fichier {expected}"));
        }
        let mut answered = report(Verdict::Partial, 3, 2);
        answered.norm = Some(Norm::Noemie);
        assert!(
            verdict(&answered)
                .ends_with("2 retours acceptés, 1 mis de côté, à corriger par le payeur")
        );
        answered.norm = None;
        answered.verdict = Verdict::Refused;
        assert!(verdict(&answered).contains("n'est pas reconnu"));
    }

    #[test]
    fn zero_is_singular_in_french() {
        for (count, expected) in [(0, "0 lot"), (1, "1 lot"), (2, "2 lots")] {
            assert_eq!(french(count, "lot", "lots"), expected);
        }
    }
}
