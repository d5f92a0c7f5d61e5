//! The answer: a value for machines, a stable code, a French sentence that a desk can read out, and
//! what deserves attention beside it.

use super::choice::{Choice, Standing};
use super::french_date;
use super::identifier::{Number, WRONG_KEY};
use super::special_amc::SpecialAmc;
use crate::store::conventions::{ConventionRow, EstablishmentRow, Path, Snapshot};
use time::Date;
use time::OffsetDateTime;

/// Age from which the register is called old: it is published every day, and 1.5 % of its legal
/// entities change in a year.
const OLD_REGISTER_DAYS: i64 = 45;

/// Yes, no, or not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Conventionné that day (or no convention is needed).
    Yes,
    /// Known, and not conventionné that day.
    No,
    /// Nothing here allows to answer.
    Unknown,
}

/// The key by which the number asked was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Billing number.
    BillingNumber,
    /// FINESS of an establishment.
    FinessEt,
    /// FINESS of a legal entity.
    FinessEj,
    /// RPPS.
    Rpps,
}

/// The register in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterState {
    /// Date of the extract.
    pub as_of: Date,
    /// When it was imported.
    pub imported_at: OffsetDateTime,
    /// Days since the extract.
    pub age_days: i64,
    /// BLAKE3 of the file, hex.
    pub digest: String,
    /// Establishments it holds.
    pub rows: i64,
}

impl RegisterState {
    pub(super) fn of(snapshot: Snapshot, today: Date) -> Self {
        let Snapshot { digest, as_of, imported_at, row_count, .. } = snapshot;
        Self {
            as_of,
            imported_at,
            age_days: (today - as_of).whole_days().max(0),
            digest,
            rows: row_count,
        }
    }
}

/// What is known of a number, an AMC, a domain and a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupAnswer {
    /// Yes, no, unknown.
    pub answer: Answer,
    /// Stable code of the reason.
    pub reason_code: &'static str,
    /// The reason, in French.
    pub reason: String,
    /// Whether claims can be sent to this AMC: a convention in force names a concentrator.
    pub teletransmission_active: bool,
    /// That concentrator.
    pub concentrator: Option<String>,
    /// By which key the number was found.
    pub matched_by: Option<MatchedBy>,
    /// The convention that answers.
    pub convention: Option<ConventionRow>,
    /// The establishment, as the register showed it that day.
    pub establishment: Option<EstablishmentRow>,
    /// The register in force, `None` before the first import.
    pub register: Option<RegisterState>,
    /// What deserves attention: code and French sentence.
    pub warnings: Vec<(&'static str, String)>,
}

/// All that was found, to be told.
pub(super) struct Facts<'a> {
    pub(super) number: &'a Number,
    pub(super) amc: &'a str,
    pub(super) domain: &'a str,
    pub(super) on: Date,
    pub(super) choice: Choice,
    /// Versions of the number as an establishment.
    pub(super) versions: Vec<EstablishmentRow>,
    /// Whether the number is a legal entity of the register.
    pub(super) is_legal_entity: bool,
    /// The establishment to show.
    pub(super) establishment: Option<EstablishmentRow>,
    /// Whether some convention, of any AMC, names the number.
    pub(super) is_holder: bool,
    /// Whether some convention of the AMC is in the table.
    pub(super) amc_known: bool,
    pub(super) register: Option<RegisterState>,
}

/// Answers by the rule of a special AMC.
pub(super) fn by_rule(rule: &SpecialAmc, register: Option<RegisterState>) -> LookupAnswer {
    LookupAnswer {
        answer: rule.answer,
        reason_code: rule.reason_code,
        reason: rule.reason.to_owned(),
        teletransmission_active: false,
        concentrator: None,
        matched_by: None,
        convention: None,
        establishment: None,
        register,
        warnings: Vec::new(),
    }
}

/// Answers by what was found.
pub(super) fn by_facts(facts: Facts<'_>) -> LookupAnswer {
    let (answer, reason_code, reason) = reason(&facts);
    let matched_by = matched_by(&facts);
    let warnings = warnings(&facts, answer, reason_code);
    let convention = match facts.choice {
        Choice::Convention { found, .. } => Some(found.row),
        Choice::OtherDomains(_) | Choice::None => None,
    };
    let concentrator =
        convention.as_ref().map(|row| row.concentrator.clone()).filter(|name| !name.is_empty());
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
        Choice::Convention { found, standing } => {
            of_convention(&found.row, *standing, domain, &day)
        }
        Choice::OtherDomains(domains) => {
            let held = domains.join(", ");
            (
                Answer::No,
                "AUCUNE_CONVENTION",
                format!(
                    "Pas de convention avec l'organisme {amc} pour le domaine {domain} (conventions pour : {held})."
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
                    "Le numéro {number} ne figure ni au répertoire ni dans les conventions chargées."
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
    let with = format!("avec l'organisme {} pour le domaine {domain}", row.amc);
    let why = if row.motive.is_empty() {
        String::new()
    } else {
        format!(" Motif : {}.", row.motive.trim_end_matches('.'))
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

impl Facts<'_> {
    fn known(&self) -> bool {
        !self.versions.is_empty() || self.is_legal_entity || self.is_holder
    }

    /// What the number is, by the tables first and by its third character where they are silent.
    fn kind(&self) -> MatchedBy {
        match self.number {
            Number::Rpps(_) => MatchedBy::Rpps,
            Number::Ps(number) if !number.is_finess() && self.is_holder => MatchedBy::BillingNumber,
            Number::Ps(_) if !self.versions.is_empty() => MatchedBy::FinessEt,
            Number::Ps(_) if self.is_legal_entity => MatchedBy::FinessEj,
            Number::Ps(number) if number.is_finess() => MatchedBy::FinessEt,
            Number::Ps(_) => MatchedBy::BillingNumber,
        }
    }

    fn convention(&self) -> Option<(Path, &ConventionRow)> {
        match &self.choice {
            Choice::Convention { found, .. } => Some((found.path, &found.row)),
            Choice::OtherDomains(_) | Choice::None => None,
        }
    }
}

fn matched_by(facts: &Facts<'_>) -> Option<MatchedBy> {
    match facts.convention() {
        Some((Path::Own, _)) => Some(facts.kind()),
        Some((Path::Linked | Path::LegalEntity, _)) => Some(MatchedBy::FinessEt),
        Some((Path::Rpps, _)) => Some(MatchedBy::Rpps),
        Some((Path::Establishment, _)) => Some(MatchedBy::FinessEj),
        None => facts.known().then(|| facts.kind()),
    }
}

fn warnings(facts: &Facts<'_>, answer: Answer, reason_code: &str) -> Vec<(&'static str, String)> {
    let mut warnings = Vec::new();
    about_number(facts, answer, reason_code, &mut warnings);
    if let Some((path, row)) = facts.convention() {
        about_path(path, row, &mut warnings);
        if answer == Answer::Yes && row.concentrator.is_empty() {
            warnings
                .push(("CONCENTRATEUR_ABSENT", "La convention ne nomme aucun concentrateur : la télétransmission n'est pas confirmée.".to_owned()));
        }
        if let Some(change) = entity_change(&facts.versions, row.starts_on, facts.on) {
            warnings.push(("EJ_MODIFIEE", change));
        }
    }
    about_register(facts, &mut warnings);
    warnings
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
        let text = "Ce numéro est un numéro de facturation, pas un FINESS (son troisième caractère n'est pas 0).";
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
            format!("La convention est au nom du numéro de facturation {holder}, rattaché à cet établissement."),
        )),
        Path::LegalEntity => warnings.push(("PAR_ENTITE_JURIDIQUE", format!("La convention est au nom de l'entité juridique {holder}."))),
        Path::Establishment => {
            warnings.push((
                "PAR_ETABLISSEMENT",
                format!("La convention est au nom de {holder}, établissement de cette entité juridique ou rattaché à l'un d'eux."),
            ));
        }
    }
}

fn about_register(facts: &Facts<'_>, warnings: &mut Vec<(&'static str, String)>) {
    if let Some(establishment) = &facts.establishment {
        if let Some(closed) = establishment.valid_to.filter(|closed| *closed <= facts.on) {
            let seen = establishment.last_seen.unwrap_or(closed);
            let text = format!(
                "L'établissement ne figure plus au répertoire (vu pour la dernière fois dans l'extrait du {}).",
                french_date(seen)
            );
            warnings.push(("ETABLISSEMENT_FERME", text));
        }
        if establishment.valid_from > facts.on {
            let text = format!(
                "Le répertoire connu commence le {} : l'établissement est montré tel qu'à cette date.",
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

/// Whether the establishment passed to another legal entity since the convention began.
fn entity_change(versions: &[EstablishmentRow], since: Date, on: Date) -> Option<String> {
    let mut changed = versions
        .windows(2)
        .filter(|pair| pair[0].finess_ej != pair[1].finess_ej)
        .map(|pair| &pair[1]);
    let last = changed.rfind(|version| version.valid_from > since && version.valid_from <= on)?;
    let (entity, day) = (&last.finess_ej, french_date(last.valid_from));
    Some(format!(
        "L'établissement a changé d'entité juridique depuis le début de la convention ({entity}, extrait du {day})."
    ))
}
