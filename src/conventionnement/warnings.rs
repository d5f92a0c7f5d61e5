//! Warnings beside an answer, in French with a stable code.

use super::answer::Answer;
use super::choice::Choice;
use super::dates::french_date;
use super::facts::Facts;
use super::query::ANY_DOMAIN;
use crate::domain::identifier::{Number, WRONG_KEY};
use crate::store::conventions::{ConventionRow, EstablishmentRow, Path};
use time::Date;

/// Age from which a warning calls the register old: a new extract appears every day, and 1.5 % of
/// the legal entities change in a year.
const OLD_REGISTER_DAYS: i64 = 45;

/// Returns the warnings of an answer.
pub(super) fn of(
    facts: &Facts<'_>,
    answer: Answer,
    reason_code: &str,
) -> Vec<(&'static str, String)> {
    let mut warnings = Vec::new();
    about_number(facts, answer, reason_code, &mut warnings);
    if let Some((path, row)) = facts.convention() {
        about_path(path, row, &mut warnings);
        if answer == Answer::Yes && row.concentrator.is_empty() {
            warnings.push((
                "CONCENTRATEUR_ABSENT",
                "La convention ne nomme aucun concentrateur : la \
                    télétransmission n'est pas confirmée."
                    .to_owned(),
            ));
        }
        if let Choice::Convention { other_domains, .. } = &facts.choice
            && !other_domains.is_empty()
        {
            warnings.push(("AUTRES_DOMAINES", about_domains(row, other_domains)));
        }
        if let Some(change) = entity_change(&facts.versions, row.starts_on, facts.on) {
            warnings.push(("EJ_MODIFIEE", change));
        }
    }
    about_register(facts, &mut warnings);
    warnings
}

/// Names the domain that answered a question about all domains, and the others.
fn about_domains(row: &ConventionRow, others: &[String]) -> String {
    let answered = match row.domain.as_str() {
        ANY_DOMAIN => "tous les domaines".to_owned(),
        domain => format!("le domaine {domain}"),
    };
    let others: Vec<&str> = others
        .iter()
        .map(|domain| if domain == ANY_DOMAIN { "tous les domaines" } else { domain.as_str() })
        .collect();
    let others = others.join(", ");
    format!(
        "Question sans domaine : la réponse vaut pour {answered}. Conventions aussi pour : \
         {others}."
    )
}

fn about_number(
    facts: &Facts<'_>,
    answer: Answer,
    reason_code: &str,
    warnings: &mut Vec<(&'static str, String)>,
) {
    if !facts.number.key_is_right() && reason_code != "CLE_INVALIDE" {
        warnings.push(("CLE_INVALIDE", WRONG_KEY.to_owned()));
    }
    let Number::Ps(number) = facts.number else { return };
    if !number.is_finess() && answer != Answer::Yes {
        let text = "Ce numéro est un numéro de facturation, pas un FINESS (son troisième caractère \
            n'est pas 0).";
        warnings.push(("NUMERO_DE_FACTURATION", text.to_owned()));
    }
    let in_register = !facts.versions.is_empty() || facts.is_legal_entity;
    if number.is_finess() && !in_register && facts.register.is_some() && facts.known() {
        warnings.push((
            "HORS_REPERTOIRE",
            "Ce FINESS figure dans les conventions mais pas au répertoire.".to_owned(),
        ));
    }
}

fn about_path(path: Path, row: &ConventionRow, warnings: &mut Vec<(&'static str, String)>) {
    let holder = &row.identifier;
    match path {
        Path::Own | Path::Rpps => {}
        Path::Linked => warnings.push((
            "PAR_NUMERO_DE_FACTURATION",
            format!(
                "La convention est au nom du numéro de facturation {holder}, rattaché à cet \
                établissement."
            ),
        )),
        Path::LegalEntity => warnings.push((
            "PAR_ENTITE_JURIDIQUE",
            format!(
                "La convention est au \
            nom de l'entité juridique {holder}."
            ),
        )),
        Path::Establishment => {
            warnings.push((
                "PAR_ETABLISSEMENT",
                format!(
                    "La convention est au nom de {holder}, établissement de cette entité \
                    juridique ou rattaché à l'un d'eux."
                ),
            ));
        }
    }
}

fn about_register(facts: &Facts<'_>, warnings: &mut Vec<(&'static str, String)>) {
    if let Some(establishment) = &facts.establishment {
        if let Some(closed) = establishment.valid_to.filter(|closed| *closed <= facts.on) {
            let seen = establishment.last_seen.unwrap_or(closed);
            let text = format!(
                "L'établissement ne figure plus au répertoire (vu pour la dernière fois dans \
                 l'extrait du {}).",
                french_date(seen)
            );
            warnings.push(("ETABLISSEMENT_FERME", text));
        }
        if establishment.valid_from > facts.on {
            let text = format!(
                "Le répertoire connu commence le {} : l'établissement est montré tel qu'à cette \
                 date.",
                french_date(establishment.valid_from)
            );
            warnings.push(("REPERTOIRE_POSTERIEUR", text));
        }
    }
    match &facts.register {
        None => {
            warnings.push(("REPERTOIRE_ABSENT", "Aucun répertoire FINESS n'est chargé.".to_owned()))
        }
        Some(register) if register.age_days > OLD_REGISTER_DAYS => {
            warnings.push((
                "REPERTOIRE_ANCIEN",
                format!(
                    "Le répertoire FINESS a {} jours (extrait du {}).",
                    register.age_days,
                    french_date(register.as_of)
                ),
            ));
        }
        Some(_) => {}
    }
}

/// Returns a sentence when the establishment passed to another legal entity since the convention
/// began.
fn entity_change(versions: &[EstablishmentRow], since: Date, on: Date) -> Option<String> {
    let mut changed = versions
        .windows(2)
        .filter(|pair| pair[0].finess_ej != pair[1].finess_ej)
        .map(|pair| &pair[1]);
    let last = changed.rfind(|version| version.valid_from > since && version.valid_from <= on)?;
    let (entity, day) = (&last.finess_ej, french_date(last.valid_from));
    Some(format!(
        "L'établissement a changé d'entité juridique depuis le début de la convention ({entity}, \
         extrait du {day})."
    ))
}
