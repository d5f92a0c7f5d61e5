//! Writes NOEMIE-PS 580 files: the insurer's rejects, for the concentrator of the claims.
//!
//! The tree is `020(01) > 040(02) > 071(03) > 081(04) > 102(05) > 103 199 294…`. Dates are JJMMAA,
//! as the norm says, of days in Paris (a known writer leaves lot and birth dates in AAMMJJ; readers
//! accept both). The norm wants persons in the file: the store keeps it sealed, and only its
//! recipient gets it.

use crate::clock::SharedClock;
use crate::domain::civil_time::paris_date;
use crate::domain::{
    Claim, ClaimId, ClaimLine, KeyId, Lane, Reason, ReturnFile, ReturnId, ReturnKind,
};
use crate::kill_point;
use crate::store::{SharedStore, StoreError, UnitOfWork};
use crate::vault::{PersonRecord, Vault, VaultError};
use noemie_parsers::noemie::{
    Ecrivain, ErreurEcriture, Gabarit, Packaging, e000, e020, e040, e071, e081, e102, e103, e199,
    e294,
};
use noemie_parsers::types::Montant;
use std::collections::{BTreeMap, HashMap};
use time::{Date, OffsetDateTime};

/// Most rejects in one file: a person can still read it.
const BATCH: usize = 1_000;
/// Characters of the act in a 294.
const MAX_ACT_CHARS: usize = 5;
/// Largest line number that a 294 has room for.
const MAX_LINE: u32 = 999;

/// Lines of the claims whose reasons name lines.
type Lines = HashMap<ClaimId, Vec<ClaimLine>>;

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    /// The database failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
    /// A person's data could not be opened.
    #[error("opening the vault for claim {claim}")]
    Vault {
        /// The claim.
        claim: ClaimId,
        /// Cause.
        #[source]
        source: VaultError,
    },
    /// A value does not fit the norm.
    #[error("writing the 580 file")]
    Writing(#[from] ErreurEcriture),
}

/// Makes the 580 files of the rejects in no file yet, one for each lane, sender and insurer.
/// Returns the number of rejects written. A reject that cannot be written waits alone: the first
/// failure is returned when no other reject is left.
pub async fn step(
    store: &SharedStore,
    vault: &Vault,
    clock: &SharedClock,
) -> Result<usize, RejectsError> {
    if !store.has_rejects_to_return().await? {
        return Ok(0);
    }
    let mut work = store.begin().await?;
    let rejects = work.rejects_to_return(BATCH).await?;
    let lines = lines_named(work.as_mut(), &rejects).await?;
    let mut groups: BTreeMap<(Lane, String, String), Vec<Claim>> = BTreeMap::new();
    for claim in rejects {
        let group = (claim.lane, claim.sender.clone(), claim.amc_number.clone());
        groups.entry(group).or_default().push(claim);
    }
    let (mut count, mut failure) = (0, None);
    for ((lane, sender, amc), mut claims) in groups {
        claims.sort_by(|a, b| (&a.ps, &a.invoice_number).cmp(&(&b.ps, &b.invoice_number)));
        let (id, at) = (ReturnId(clock.new_id()), clock.now());
        let of = FileHead { lane, amc, id, at };
        let mut written = write((&claims, &lines), &of, vault);
        if let Err(e) = written {
            failure = failure.or(Some(e));
            claims.retain(|c| write((std::slice::from_ref(c), &lines), &of, vault).is_ok());
            if claims.is_empty() {
                continue;
            }
            written = write((&claims, &lines), &of, vault);
        }
        let file = sealed(&of, sender, &written?, vault);
        work.insert_return_file(&file, &claims.iter().map(|c| c.id).collect::<Vec<_>>()).await?;
        count += claims.len();
    }
    if count > 0 {
        kill_point::reach("rejects.written");
        work.commit().await?;
        kill_point::reach("rejects.committed");
        return Ok(count);
    }
    failure.map_or(Ok(0), Err)
}

/// Values of a 580 file that its header has.
struct FileHead {
    lane: Lane,
    amc: String,
    id: ReturnId,
    at: OffsetDateTime,
}

fn sealed(of: &FileHead, recipient: String, bytes: &[u8], vault: &Vault) -> ReturnFile {
    let id = of.id;
    ReturnFile {
        id,
        kind: ReturnKind::Rejects580,
        recipient,
        lane: of.lane,
        exchange_id: None,
        file_name: ReturnFile::rejects_name(id),
        digest: blake3::hash(bytes).to_hex().to_string(),
        sealed: vault.seal(&ReturnFile::seal_context(id), bytes),
        key_id: KeyId(vault.key_id()),
        created_at: of.at,
    }
}

/// Returns the lines of the claims of which a reason names one.
async fn lines_named(work: &mut dyn UnitOfWork, rejects: &[Claim]) -> Result<Lines, StoreError> {
    let names = |claim: &&Claim| claim.amc.reasons.iter().any(|reason| reason.line.is_some());
    let named: Vec<ClaimId> = rejects.iter().filter(names).map(|claim| claim.id).collect();
    let mut lines = Lines::new();
    if !named.is_empty() {
        for (claim, line) in work.lines_of(&named).await? {
            lines.entry(claim).or_default().push(line);
        }
    }
    Ok(lines)
}

/// Returns the bytes of a 580 file; the claims are of one lane and insurer, and sorted by PS.
fn write(
    (claims, lines): (&[Claim], &Lines),
    of: &FileHead,
    vault: &Vault,
) -> Result<Vec<u8>, RejectsError> {
    let day = jjmmaa(Some(paris_date(of.at)));
    let mut out = Ecrivain::nouveau(header(of, &day), Packaging::Lignes)?;
    out.ouvrir(1, Gabarit::nouveau(&e020::layout::LAYOUT))?;
    for of_one_ps in claims.chunk_by(|a, b| a.ps == b.ps) {
        let ps = of_one_ps.first().map_or("", |c| &c.ps);
        out.ouvrir(
            2,
            Gabarit::nouveau(&e040::layout::LAYOUT).texte(&e040::layout::NUMERO_DESTINATAIRE, ps),
        )?;
        out.ouvrir(
            3,
            Gabarit::nouveau(&e071::layout::LAYOUT)
                .texte(&e071::layout::DATE_COMPTABLE_DATE_VIREMENT, &day),
        )?;
        out.ouvrir(
            4,
            Gabarit::nouveau(&e081::layout::LAYOUT).texte(&e081::layout::CODE_TYPE_RETOUR, "01"),
        )?;
        for claim in of_one_ps {
            let person = vault
                .unseal_person(&claim.vault, claim.id.0)
                .map_err(|source| RejectsError::Vault { claim: claim.id, source })?;
            let lines = lines.get(&claim.id).map_or(&[][..], Vec::as_slice);
            invoice(&mut out, claim, lines, &person)?;
        }
        for _ in 0..3 {
            out.fermer()?;
        }
    }
    out.fermer()?;
    Ok(out.terminer()?)
}

fn header(of: &FileHead, day: &str) -> Gabarit {
    use e000::layout as t;
    let mark = if of.lane.is_test() { "T" } else { "" };
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::TYPE_EMETTEUR, "OC")
        .texte(&t::NUMERO_EMETTEUR, &of.amc)
        .texte(&t::TYPE_DESTINATAIRE, "CS")
        .texte(&t::NUMERO_DESTINATAIRE, "00000000000000")
        .texte(&t::APPLICATION_TYPE_ECHANGE, "TR")
        .texte(&t::IDENTIFICATION_FICHIER, &file_id(of.id))
        .texte(&t::DATE_CREATION, day)
        .texte(&t::NORME_REFERENCE_ECHANGE, "580")
        .texte(&t::UNITE_MONETAIRE, "U")
        .texte(&t::TYPE_FLUX, mark)
}

/// Returns six characters A-Z0-9 derived from the identifier of the file.
fn file_id(id: ReturnId) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut n = blake3::hash(id.0.as_bytes()).as_bytes()[..8]
        .iter()
        .fold(0u64, |n, b| n << 8 | u64::from(*b));
    let mut out = String::with_capacity(6);
    for _ in 0..6 {
        out.push(char::from(ALPHABET[usize::try_from(n % 36).expect("less than 36")]));
        n /= 36;
    }
    out
}

fn invoice(
    out: &mut Ecrivain,
    claim: &Claim,
    lines: &[ClaimLine],
    person: &PersonRecord,
) -> Result<(), ErreurEcriture> {
    use e102::layout as f;
    out.ouvrir(
        5,
        Gabarit::nouveau(&f::LAYOUT)
            .texte(&f::NUMERO_FACTURE, &claim.invoice_number)
            .texte(&f::COMPLEMENT_NUMERO, &claim.invoice_complement)
            .texte(&f::NUMERO_LOT, &claim.lot)
            .texte(&f::DATE_CREATION_LOT, &jjmmaa(claim.lot_date))
            .texte(&f::TYPE_FACTURE, "X")
            .texte(&f::DATE_FACTURATION, &jjmmaa(claim.invoice_date)),
    )?;
    out.feuille(insured(person))?;
    out.feuille(amc_part(claim, person))?;
    for reason in &claim.amc.reasons {
        out.feuille(reject(reason, lines))?;
    }
    out.fermer()
}

fn insured(person: &PersonRecord) -> Gabarit {
    use e103::layout as t;
    let birth = &person.birth_date;
    let turned: String = [4, 5, 2, 3, 0, 1].iter().filter_map(|i| birth.chars().nth(*i)).collect();
    let mut entity = Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::NUMERO_IMMATRICULATION, &person.nir)
        .texte(&t::CLE, &person.nir_key)
        .texte(&t::DATE_NAISSANCE, &turned)
        .texte(&t::RANG_NAISSANCE, &person.birth_rank);
    if let Some((nir, key)) = person.individual_nir.split_at_checked(13) {
        entity = entity.texte(&t::NIR_INDIVIDUEL, nir).texte(&t::CLE_NIR_INDIVIDUEL, key);
    }
    entity
}

fn amc_part(claim: &Claim, person: &PersonRecord) -> Gabarit {
    use e199::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .montant(&t::MONTANT_AMC_DEMANDE, claim.amc.asked)
        .texte(&t::ETAT, "R")
        .montant_signe(&t::MONTANT_AMC_PAYE, &t::SIGNE, Montant::ZERO)
        .texte(&t::NUMERO_AMC_DESTINATAIRE, &claim.amc_number)
        .texte(&t::NUMERO_ADHERENT, &person.member_number)
}

/// Returns the 294 of a reason. A reason of a line has the level `L`, with the number, the act and
/// the date of care of that line.
fn reject(reason: &Reason, lines: &[ClaimLine]) -> Gabarit {
    use e294::layout as t;
    let entity = Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::CODIFICATION_REJET, &codification(reason.code.as_str()))
        .texte(&t::LIBELLE_REJET, reason.label.as_str())
        .texte(&t::PART_CONCERNEE, "C");
    let line = reason.line.and_then(|rank| lines.iter().find(|line| line.rank == rank));
    let Some(line) = line else { return entity.texte(&t::NIVEAU_REJET, "F") };
    let act: String = line.act_code.chars().take(MAX_ACT_CHARS).collect();
    let entity = entity
        .texte(&t::NIVEAU_REJET, "L")
        .texte(&t::NATURE_PRESTATION, &act)
        .texte(&t::DATE_SOINS, &jjmmaa(line.care_date));
    if line.rank > MAX_LINE { entity } else { entity.nombre(&t::NUMERO_LIGNE, line.rank.into()) }
}

/// Returns `AAA`, 6 digits, `R`. A worker's code that is not a number of at most 6 digits becomes
/// 000900 (technical reject); its label keeps the meaning.
fn codification(code: &str) -> String {
    // Bytes, not characters: a worker's code is any text, and cutting inside a letter would stop
    // the gateway.
    let whole =
        code.is_ascii() && code.len() == 10 && code.as_bytes()[3..9].iter().all(u8::is_ascii_digit);
    let number = !code.is_empty() && code.len() <= 6 && code.bytes().all(|b| b.is_ascii_digit());
    match (whole, number) {
        (true, _) => code.to_owned(),
        (_, true) => format!("AAA{code:0>6}R"),
        _ => "AAA000900R".to_owned(),
    }
}

fn jjmmaa(date: Option<Date>) -> String {
    date.map_or_else(
        || "000000".to_owned(),
        |d| format!("{:02}{:02}{:02}", d.day(), u8::from(d.month()), d.year().rem_euclid(100)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_workers() {
        assert_eq!(codification("122"), "AAA000122R");
        assert_eq!(codification("AAA000651R"), "AAA000651R");
        assert_eq!(codification("NON_CONVENTIONNE"), "AAA000900R");
        assert_eq!(codification(""), "AAA000900R");
        assert_eq!(codification("AAA00000é"), "AAA000900R", "ten bytes, the ninth inside a letter");
    }

    #[test]
    fn file_ids_are_six_capitals_or_digits() {
        let id = file_id(ReturnId(uuid::Uuid::from_u128(7)));
        assert!(
            id.len() == 6 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
            "{id}"
        );
    }
}
