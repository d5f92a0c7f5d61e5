//! Words the answer of a search: yes, no or unknown, its code and its French sentence.

use super::answer::{Answer, LookupAnswer};
use super::choice::{Choice, Standing};
use super::dates::french_date;
use super::facts::Facts;
use super::query::ANY_DOMAIN;
use super::warnings;
use crate::domain::identifier::WRONG_KEY;
use crate::store::conventions::ConventionRow;

/// Returns the answer of a search.
pub(super) fn by_facts(facts: Facts<'_>) -> LookupAnswer {
    let (answer, reason_code, reason) = reason(&facts);
    let matched_by = facts.matched_by();
    let warnings = warnings::of(&facts, answer, reason_code);
    let convention = facts.choice.convention().cloned();
    let concentrator =
        convention.as_ref().map(|row| row.concentrator.to_string()).filter(|name| !name.is_empty());
    LookupAnswer {
        answer,
        reason_code,
        reason,
        teletransmission_active: answer == Answer::Yes && concentrator.is_some(),
        concentrator,
        matched_by,
        convention,
        establishment: facts.establishment,
        register: facts.register,
        warnings,
    }
}

fn reason(facts: &Facts<'_>) -> (Answer, &'static str, String) {
    let Facts { amc, domain, on, .. } = facts;
    let day = french_date(*on);
    match &facts.choice {
        Choice::Convention { found, standing, .. } => {
            of_convention(&found.row, *standing, domain, &day)
        }
        Choice::OtherDomains(domains) => {
            let others = domains.join(", ");
            (
                Answer::No,
                "AUCUNE_CONVENTION",
                format!(
                    "Pas de convention avec l'organisme {amc} pour le domaine {domain} \
                     (conventions pour : {others})."
                ),
            )
        }
        Choice::None if facts.known() && facts.amc_known => (
            Answer::No,
            "AUCUNE_CONVENTION",
            format!("Aucune convention de ce numéro avec l'organisme {amc}."),
        ),
        Choice::None if facts.known() => (
            Answer::Unknown,
            "AMC_INCONNU",
            format!(
                "Aucune convention de l'organisme {amc} n'est chargée ici : impossible de répondre."
            ),
        ),
        Choice::None if !facts.number.key_is_right() => (
            Answer::Unknown,
            "CLE_INVALIDE",
            format!("Le numéro {} n'est connu ici nulle part. {WRONG_KEY}", facts.number.as_str()),
        ),
        Choice::None => {
            let number = facts.number.as_str();
            (
                Answer::Unknown,
                "IDENTIFIANT_INCONNU",
                format!(
                    "Le numéro {number} ne figure ni au répertoire ni dans les conventions \
                     chargées."
                ),
            )
        }
    }
}

fn of_convention(
    row: &ConventionRow,
    standing: Standing,
    domain: &str,
    day: &str,
) -> (Answer, &'static str, String) {
    let start = french_date(row.starts_on);
    let end = row.ends_on.map_or_else(
        || "sans date de fin".to_owned(),
        |end| format!("jusqu'au {}", french_date(end)),
    );
    let with = format!("avec l'organisme {} {}", row.amc, for_domain(row, domain));
    let why = if row.motive.is_empty() {
        String::new()
    } else {
        format!(" Motif : {}.", row.motive.as_str().trim_end_matches('.'))
    };
    match standing {
        Standing::InForce => (
            Answer::Yes,
            "CONVENTION_ACTIVE",
            format!("Convention active le {day} {with} (depuis le {start}, {end})."),
        ),
        Standing::Suspended => (
            Answer::No,
            "CONVENTION_SUSPENDUE",
            format!("Convention suspendue le {day} {with} (depuis le {start}, {end}).{why}"),
        ),
        Standing::Pending => (
            Answer::No,
            "CONVENTION_EN_ATTENTE",
            format!("Convention demandée, pas encore accordée le {day} {with}.{why}"),
        ),
        Standing::Unknown => (
            Answer::Unknown,
            "ETAT_INCONNU",
            format!(
                "Convention le {day} {with}, dans un état que cette version ne connaît pas (depuis \
                 le {start}, {end}).{why}"
            ),
        ),
        Standing::Terminated => {
            let since = row.ends_on.map_or_else(
                || format!("depuis le {start}"),
                |end| format!("depuis le {} au soir", french_date(end)),
            );
            (
                Answer::No,
                "CONVENTION_RESILIEE",
                format!("Convention résiliée {with}, {since}.{why}"),
            )
        }
        Standing::Expired => (
            Answer::No,
            "CONVENTION_EXPIREE",
            format!("Convention expirée le {day} {with} (du {start} {end})."),
        ),
        Standing::NotYet => (
            Answer::No,
            "CONVENTION_PAS_ENCORE_ACTIVE",
            format!("Convention pas encore active le {day} {with} : elle commence le {start}."),
        ),
    }
}

/// Returns the words for the domain of an answer: the domain asked, or the convention's own for a
/// question about all domains.
fn for_domain(row: &ConventionRow, asked: &str) -> String {
    match (asked, row.domain.as_str()) {
        (ANY_DOMAIN, ANY_DOMAIN) => "pour tous les domaines".to_owned(),
        (ANY_DOMAIN, domain) | (domain, _) => format!("pour le domaine {domain}"),
    }
}
