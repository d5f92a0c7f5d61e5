//! C39, C40 and C41: dates after the file, in an impossible order, or missing. All are warnings of
//! the project: an insurer rejects such invoices.
//!
//! "Today" is the creation date of the file, so that a file gets the same findings on every day.
//! Dates of six digits are of this century. A birth date may be of the last one: it is compared
//! only where no NIR of the invoice has its year.

use super::super::colonnes::d;
use super::super::element::{EnTete, Lot};
use super::super::facture::{Facture, Piece};
use super::super::genre::{Genre, NormeLot};
use super::super::{t000, t1, t2, t2p, t2s, t3, t3s, t4};
use super::{at, vide};
use crate::anomaly::{Anomaly, Code, Position};
use crate::layout::{Zone, famille36};
use crate::picture;
use crate::types::Date;

/// A date of an invoice and its place.
#[derive(Clone, Copy)]
struct Lue<'a> {
    piece: &'a Piece,
    zone: &'static Zone,
    date: Date,
}

impl<'a> Lue<'a> {
    fn lire(piece: &'a Piece, zone: &'static Zone) -> Option<Self> {
        d(zone, &piece.record).map(|date| Self { piece, zone, date })
    }

    fn signaler(self, code: Code, message: String, out: &mut Vec<Anomaly>) {
        out.push(at(code, self.piece, self.zone, message));
    }

    /// Reports C39. Returns whether the date is after the creation of the file.
    #[inline]
    fn future(self, fichier: Option<Date>, what: &str, out: &mut Vec<Anomaly>) -> bool {
        let Some(fichier) = fichier.filter(|fichier| self.date > *fichier) else { return false };
        self.signaler_future(fichier, what, out);
        true
    }

    /// Adds the finding of C39.
    #[cold]
    fn signaler_future(self, fichier: Date, what: &str, out: &mut Vec<Anomaly>) {
        let message = format!("{what} le {}, après la création du fichier ({fichier})", self.date);
        self.signaler(Code::DateFuture, message, out);
    }
}

/// Verifies the creation date of a file.
pub(super) fn en_tete(en_tete: &EnTete, out: &mut Vec<Anomaly>) {
    let zone = &t000::layout::DATE_CREATION_FICHIER;
    if vide(zone.of(&en_tete.record)) {
        let message = "La date de création du fichier manque : les autres dates ne lui sont pas \
                       comparées";
        absente(en_tete.position, "000", zone, &en_tete.record, message, out);
    }
}

/// Verifies the creation date of a lot; `fichier` is the creation date of its file.
pub(super) fn lot(lot: &Lot, fichier: Option<Date>, out: &mut Vec<Anomaly>) {
    let zone = &t1::layout::DATE_CREATION_LOT;
    if vide(zone.of(&lot.record)) {
        let message = "La date de création du lot manque";
        absente(lot.position, "1", zone, &lot.record, message, out);
    }
    if let (Some(date), Some(fichier)) = (lot.date(), fichier)
        && date > fichier
    {
        let message = format!("Lot créé le {date}, après la création du fichier ({fichier})");
        let code = Code::DateFuture;
        out.push(Anomaly::on_zone(code, lot.position, "1", zone, &lot.record, message));
    }
}

fn absente(
    position: Position,
    record_type: &str,
    zone: &'static Zone,
    record: &[u8],
    message: &str,
    out: &mut Vec<Anomaly>,
) {
    out.push(Anomaly::on_zone(Code::DateAbsente, position, record_type, zone, record, message));
}

/// Verifies the dates of an invoice; `fichier` is the creation date of its file.
pub(super) fn facture(facture: &Facture, fichier: Option<Date>, out: &mut Vec<Anomaly>) {
    let facturation = facturation(facture, out);
    if let Some(facturation) = facturation {
        facturation.future(fichier, "Facture établie", out);
    }
    // First and last day of care.
    let mut soins: Option<(Date, Date)> = None;
    let decrite = |p: &&Piece| p.genre.is_ligne() && facture.tables.layout(p.genre).is_some();
    for piece in facture.pieces.iter().filter(decrite) {
        if let Some(jour) = ligne(facture, piece, (fichier, facturation), out) {
            soins = Some(soins.map_or((jour, jour), |(a, b)| (a.min(jour), b.max(jour))));
        }
    }
    let principale = facture.principale();
    if facture.is_cp() {
        sejour(principale, fichier, out);
        prescriptions_cp(facture, fichier, out);
    } else if let Some(lue) = Lue::lire(principale, &t2::ps::DATE_PRESCRIPTION) {
        prescription(lue, soins.map(|(_, dernier)| dernier), fichier, out);
    }
    if let Some((premier, _)) = soins {
        naissance(facture, premier, out);
        accident(principale, premier, out);
    }
}

/// Returns the date of an invoice; its absence is C41. Norm CP has it in the 2P of a DRE only.
fn facturation<'a>(facture: &'a Facture, out: &mut Vec<Anomaly>) -> Option<Lue<'a>> {
    let (piece, zone) = match facture.tables.norme {
        NormeLot::Ps => (facture.principale(), &t2::ps::DATE_FACTURATION),
        NormeLot::Cp => (
            facture.piece(Genre::ComplementFacture(b'P')).filter(|_| facture.tables.dre)?,
            &t2p::dre2009::DATE_FACTURATION,
        ),
    };
    let lue = Lue::lire(piece, zone);
    if lue.is_none() && vide(zone.of(&piece.record)) {
        out.push(at(Code::DateAbsente, piece, zone, "La date de la facture manque"));
    }
    lue
}

/// Verifies the dates of a main line against those of its file and of its invoice. Returns the date
/// of care.
fn ligne(
    facture: &Facture,
    piece: &Piece,
    (fichier, facturation): (Option<Date>, Option<Lue<'_>>),
    out: &mut Vec<Anomaly>,
) -> Option<Date> {
    let zone = facture.colonnes(piece.genre).date;
    let Some(debut) = Lue::lire(piece, zone) else {
        if vide(zone.of(&piece.record)) {
            out.push(at(Code::DateAbsente, piece, zone, "La date des soins manque"));
        }
        return None;
    };
    if !debut.future(fichier, "Soins", out) {
        apres_facture(debut, facturation, out);
    }
    if piece.genre == Genre::Ligne3
        && let Some(fin) = Lue::lire(piece, &t3::cp::DATE_FIN_SEJOUR)
    {
        if fin.date < debut.date {
            let message = format!("Fin le {}, avant le début ({})", fin.date, debut.date);
            fin.signaler(Code::OrdreDates, message, out);
        } else if fin.date != debut.date && !fin.future(fichier, "Fin des soins", out) {
            apres_facture(fin, facturation, out);
        }
    }
    Some(debut.date)
}

/// C40: the care is later than its invoice.
fn apres_facture(soins: Lue<'_>, facturation: Option<Lue<'_>>, out: &mut Vec<Anomaly>) {
    if let Some(facturation) = facturation.filter(|facturation| soins.date > facturation.date) {
        let message =
            format!("Soins le {}, après la date de la facture ({})", soins.date, facturation.date);
        soins.signaler(Code::OrdreDates, message, out);
    }
}

/// C39 and C40 of the entry and of the discharge (norm CP).
fn sejour(principale: &Piece, fichier: Option<Date>, out: &mut Vec<Anomaly>) {
    let entree = Lue::lire(principale, &t2::cp::DATE_ENTREE);
    let sortie = Lue::lire(principale, &t2::cp::DATE_SORTIE);
    let entree = entree.filter(|entree| !entree.future(fichier, "Entrée", out));
    let sortie = sortie.filter(|sortie| !sortie.future(fichier, "Sortie", out));
    if let (Some(entree), Some(sortie)) = (entree, sortie)
        && entree.date > sortie.date
    {
        let message = format!("Sortie le {}, avant l'entrée ({})", sortie.date, entree.date);
        sortie.signaler(Code::OrdreDates, message, out);
    }
}

/// Verifies the prescription of each hospital prestation against its own line.
fn prescriptions_cp(facture: &Facture, fichier: Option<Date>, out: &mut Vec<Anomaly>) {
    let mut soins = None;
    for piece in &facture.pieces {
        match piece.genre {
            // A prestation may be prescribed during the stay.
            Genre::Ligne3 => {
                let fin = d(&t3::cp::DATE_FIN_SEJOUR, &piece.record);
                soins = fin.or(d(&t3::cp::DATE_DEBUT_SEJOUR, &piece.record));
            }
            Genre::Ligne4 => soins = d(&t4::cp::DATE_SOINS, &piece.record),
            Genre::Complement3(b'S') => {
                if let Some(lue) = Lue::lire(piece, &t3s::cp::DATE_PRESCRIPTION) {
                    prescription(lue, soins, fichier, out);
                }
            }
            _ => {}
        }
    }
}

fn prescription(lue: Lue<'_>, soins: Option<Date>, fichier: Option<Date>, out: &mut Vec<Anomaly>) {
    if lue.future(fichier, "Prescription", out) {
        return;
    }
    if let Some(soins) = soins.filter(|soins| lue.date > *soins) {
        let message = format!("Prescription le {}, après les soins ({soins})", lue.date);
        lue.signaler(Code::OrdreDates, message, out);
    }
}

/// C40: the birth is later than the care. A date of six digits may be that of a centenarian: it is
/// left alone where a NIR of the invoice has the same year of birth.
fn naissance(facture: &Facture, soins: Date, out: &mut Vec<Anomaly>) {
    let principale = facture.principale();
    let zone = if facture.is_cp() {
        &t2::cp::DATE_NAISSANCE_BENEFICIAIRE
    } else {
        &t2::ps::DATE_NAISSANCE_BENEFICIAIRE
    };
    let Some(naissance) = d(zone, &principale.record).filter(|date| *date > soins) else { return };
    let limite = (soins.annee() + 1, soins.mois(), soins.jour());
    if (naissance.annee(), naissance.mois(), naissance.jour()) > limite {
        return;
    }
    let annee = &zone.of(&principale.record)[..2];
    let assure = famille36::NO_IMMATRICULATION_ASSURE.of(&principale.record);
    let individuel = facture.piece(Genre::ComplementFacture(b'S'));
    let individuel = individuel.map(|p| t2s::cp::NO_IMMATRICULATION_INDIVIDUEL.of(&p.record));
    let centenaire =
        [Some(assure), individuel].into_iter().flatten().any(|nir| &nir[1..3] == annee);
    if !centenaire {
        let message = format!("Bénéficiaire né après les soins ({soins})");
        out.push(at(Code::OrdreDates, principale, zone, message));
    }
}

/// C40: the accident is later than the care. Both norms have the zone at the same columns; the date
/// is in its first six columns, or after `000`.
fn accident(principale: &Piece, soins: Date, out: &mut Vec<Anomaly>) {
    let zone = &t2::ps::NO_AT_DATE_ACCIDENT_DROIT_COMMUN;
    let value = zone.of(&principale.record);
    if vide(value) {
        return;
    }
    let date = value.strip_prefix(b"000").unwrap_or(&value[..6]);
    if let Some(accident) = picture::aammjj(date).ok().flatten().filter(|date| *date > soins) {
        let message = format!("Accident le {accident}, après les soins ({soins})");
        out.push(at(Code::OrdreDates, principale, zone, message));
    }
}
