//! An invoice: the records 2 to 5, decoded where the gateway needs values, raw everywhere else.

use super::colonnes::{Colonnes, LIGNE_3, LIGNE_4_CP, LIGNE_4_PS, d, m, n};
use super::genre::{Genre, NormeLot, Tables};
use super::texte::text;
use super::{Record, t2, t2p, t2s, t2x, t5};
use crate::anomaly::{Anomaly, Code, Position, Severity};
use crate::layout::{Famille, Zone, famille36, famille39};
use crate::picture::{self};
use crate::types::{Date, DateNaissance, Montant, Nir, NumeroAmc, NumeroPs};

/// Most records one invoice may hold. The type 5 counter has three digits, so a true invoice stays
/// under 1,100; the margin lets a long damaged invoice be reported whole. Beyond, the file is
/// refused: memory must not grow with it.
pub const ENREGISTREMENTS_MAX: usize = 20_000;

/// One record of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub genre: Genre,
    /// Where it stands.
    pub position: Position,
    /// Its 128 bytes.
    pub record: Record,
    /// Whether its length was wrong, so that its columns cannot be trusted.
    pub douteux: bool,
}

/// Who and what an invoice is about, as sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Identite {
    /// PS number with its key (2-10), 9 characters as sent.
    pub ps: String,
    /// The same, when well formed.
    pub numero_ps: Option<NumeroPs>,
    /// Invoice number, 9 characters as sent.
    pub numero: String,
    /// NIR of the insured, when well formed.
    pub nir: Option<Nir>,
    /// NIR as sent, 13 bytes. A person's datum.
    pub nir_brut: [u8; 13],
    /// Key of the NIR as sent.
    pub cle: [u8; 2],
    /// Birth date of the beneficiary as sent. A person's datum.
    pub naissance: DateNaissance,
    /// Birth rank as sent.
    pub rang: u8,
    /// Complement of the titre de recette (2S 42-47, norm CP), trimmed.
    pub complement: String,
}

impl std::fmt::Debug for Identite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identite")
            .field("ps", &self.ps)
            .field("numero", &self.numero)
            .finish_non_exhaustive()
    }
}

/// One main line of an invoice. Unreadable numbers count as zero: an invoice that has some is
/// quarantined anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ligne {
    /// Type 3 (hospital prestation) or 4 (act, product).
    pub genre: Genre,
    /// Act code with its complement, trimmed.
    pub code_acte: String,
    /// Date of care, or start of the stay.
    pub date: Option<Date>,
    /// Quantity.
    pub quantite: u64,
    /// Coefficient in hundredths.
    pub coefficient: u64,
    /// Unit price.
    pub prix_unitaire: Montant,
    /// Base of reimbursement.
    pub base: Montant,
    /// Rate, percent.
    pub taux: u64,
    /// Amount billed.
    pub depense: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
    /// Qualificatif de la depense, empty when none.
    pub qualificatif: String,
}

/// Sums over the lines of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totaux {
    /// Billed.
    pub total: Montant,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
}

/// An invoice, whole and verified.
#[derive(Debug, Clone)]
pub struct Facture {
    /// Rank in the physical file, 1-based.
    pub rang: u64,
    /// Rank of its logical file, 1-based.
    pub fichier: u32,
    /// Rank of its lot in the physical file, 1-based.
    pub lot: u32,
    /// Tables of its records.
    pub tables: Tables,
    /// Its records, 2 first.
    pub pieces: Vec<Piece>,
    /// Its faults.
    pub anomalies: Vec<Anomaly>,
}

impl Facture {
    /// Whether it must be put aside.
    #[must_use]
    pub fn quarantined(&self) -> bool {
        self.anomalies.iter().any(|a| a.severity >= Severity::Invoice)
    }

    /// The main type 2.
    #[must_use]
    pub fn principale(&self) -> &Piece {
        self.pieces.first().expect("an invoice begins with its type 2")
    }

    /// The first record of a genre.
    #[must_use]
    pub fn piece(&self, genre: Genre) -> Option<&Piece> {
        self.pieces.iter().find(|p| p.genre == genre)
    }

    /// Whether the norm of its lot is CP.
    #[must_use]
    pub const fn is_cp(&self) -> bool {
        matches!(self.tables.norme, NormeLot::Cp)
    }

    /// The prefix of a record of this invoice. A complement that no table names has the prefix of
    /// the column where its letter stands.
    #[must_use]
    pub const fn famille(&self, piece: &Piece) -> Famille {
        let unknown = matches!(piece.genre, Genre::ComplementFacture(_) | Genre::Complement3(_))
            && !self.tables.is_named(piece.genre);
        if unknown && self.is_cp() && !piece.record[35].is_ascii_alphabetic() {
            Famille::Famille39
        } else {
            piece.genre.famille(self.tables.norme)
        }
    }

    /// The zone of the invoice number in a record of this invoice.
    #[must_use]
    pub const fn zone_numero(&self, genre: Genre) -> &'static Zone {
        match genre.famille(self.tables.norme) {
            Famille::Famille39 => &famille39::NO_FACTURE,
            _ => &famille36::NO_FACTURE,
        }
    }

    /// Invoice number, 9 characters as sent.
    #[must_use]
    pub fn numero(&self) -> String {
        text(self.zone_numero(Genre::Facture).of(&self.principale().record))
    }

    /// Who and what it is about.
    #[must_use]
    pub fn identite(&self) -> Identite {
        let r = &self.principale().record;
        let nir = famille36::NO_IMMATRICULATION_ASSURE.of(r);
        let ps = famille36::NO_PARTENAIRE_SANTE_CLE.of(r);
        let (naissance, rang) = if self.is_cp() {
            (&t2::cp::DATE_NAISSANCE_BENEFICIAIRE, &t2::cp::RANG_NAISSANCE)
        } else {
            (&t2::ps::DATE_NAISSANCE_BENEFICIAIRE, &t2::ps::RANG_NAISSANCE)
        };
        let complement =
            if self.is_cp() { self.piece(Genre::ComplementFacture(b'S')) } else { None };
        Identite {
            ps: text(ps),
            numero_ps: NumeroPs::from_bytes(ps),
            numero: self.numero(),
            nir: Nir::from_bytes(nir),
            nir_brut: nir.try_into().expect("the zone has 13 bytes"),
            cle: famille36::CLE_NO_IMMATRICULATION.of(r).try_into().expect("the zone has 2 bytes"),
            naissance: DateNaissance::from_aammjj(naissance.of(r)).expect("the zone has 6 bytes"),
            rang: rang.of(r)[0],
            complement: complement
                .map(|p| text(t2s::cp::COMPLEMENT_NO_TITRE_RECETTE.of(&p.record)))
                .unwrap_or_default(),
        }
    }

    /// The beneficiary's own NIR and key (2S 50-64, 15 characters), when filled. A person's datum.
    #[must_use]
    pub fn nir_individuel(&self) -> Option<String> {
        let piece = self.piece(Genre::ComplementFacture(b'S'))?;
        let raw = &piece.record[49..64];
        raw.iter().any(|b| !matches!(b, b' ' | b'0')).then(|| text(raw))
    }

    /// Member number of the AMC (2P 114-121 in DRE, else type 2 PS 105-112), empty when absent. A
    /// person's datum.
    #[must_use]
    pub fn adherent(&self) -> String {
        let from_2p = self
            .piece(Genre::ComplementFacture(b'P'))
            .filter(|_| self.tables.dre)
            .map(|p| text(t2p::dre2009::NO_ADHERENT_AMC.of(&p.record)));
        match from_2p {
            Some(number) if !number.is_empty() => number,
            _ if self.is_cp() => String::new(),
            _ => text(t2::ps::NO_ADHERENT.of(&self.principale().record)),
        }
    }

    /// Date of the invoice: 2P 103-108 in norm CP (the type 2 does not carry it), type 2 40-45
    /// otherwise.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        let zone = if self.is_cp() {
            let piece = self.piece(Genre::ComplementFacture(b'P')).filter(|_| self.tables.dre)?;
            t2p::dre2009::DATE_FACTURATION.of(&piece.record)
        } else {
            t2::ps::DATE_FACTURATION.of(&self.principale().record)
        };
        picture::aammjj(zone).unwrap_or_default()
    }

    /// Number of the complementary insurer (119-128), when given.
    #[must_use]
    pub fn numero_amc(&self) -> Option<NumeroAmc> {
        NumeroAmc::from_bytes(t2::ps::NO_ORGANISME_COMPLEMENTAIRE.of(&self.principale().record))
    }

    /// Grand regime, caisse and centre (49-57, same columns in both norms), as sent.
    #[must_use]
    pub fn organisme_amo(&self) -> String {
        text(&self.principale().record[48..57])
    }

    /// Limit for the answer of the insurer (2X 45-52): date and hour.
    #[must_use]
    pub fn limite_reponse(&self) -> Option<(Date, u8)> {
        let piece = self.piece(Genre::ComplementFacture(b'X'))?;
        picture::aammjjhh(t2x::dre2009::DATE_LIMITE_REPONSE_AMC.of(&piece.record))
            .unwrap_or_default()
    }

    /// Returns the limit of 2X as sent (AAMMJJHH), empty when there is none: [`limite_reponse`] has
    /// no value for a limit that is no date. A byte that is no digit stands as `?`, because a
    /// misplaced record may bring a name here.
    ///
    /// [`limite_reponse`]: Self::limite_reponse
    #[must_use]
    pub fn date_limite_reponse_amc(&self) -> String {
        let Some(piece) = self.piece(Genre::ComplementFacture(b'X')) else { return String::new() };
        let zone = t2x::dre2009::DATE_LIMITE_REPONSE_AMC.of(&piece.record);
        let readable = |byte: &u8| match byte {
            b'0'..=b'9' | b' ' => char::from(*byte),
            _ => '?',
        };
        zone.iter().map(readable).collect::<String>().trim_end().to_owned()
    }

    /// Returns a warning when the limit of 2X was past at the hour of reception. Both are hours of
    /// Paris; a limit is past from the first minute of its hour.
    #[must_use]
    pub fn limite_depassee(&self, reception: (Date, u8)) -> Option<Anomaly> {
        let (date, hour) = self.limite_reponse().filter(|limit| *limit <= reception)?;
        let piece = self.piece(Genre::ComplementFacture(b'X'))?;
        let message = format!(
            "Limite de réponse du {date} à {hour} h déjà passée à la réception : le délai \
             conventionnel s'applique"
        );
        let zone = &t2x::dre2009::DATE_LIMITE_REPONSE_AMC;
        let (code, at) = (Code::LimiteReponse, piece.position);
        Some(Anomaly::on_zone(code, at, piece.genre.nom(), zone, &piece.record, message))
    }

    /// Its main lines.
    pub fn lignes(&self) -> impl Iterator<Item = Ligne> + '_ {
        self.pieces.iter().filter(|p| p.genre.is_ligne()).map(|p| self.ligne(p))
    }

    /// Sums over its lines.
    #[must_use]
    pub fn totaux(&self) -> Totaux {
        let lignes = self
            .pieces
            .iter()
            .filter(|p| p.genre.is_ligne())
            .map(|p| (self.colonnes(p.genre), &p.record));
        lignes.fold(Totaux::default(), |t, (c, r)| Totaux {
            total: t.total + m(c.depense, r),
            amo: t.amo + m(c.amo, r),
            amc: t.amc + m(c.amc, r),
        })
    }

    fn ligne(&self, piece: &Piece) -> Ligne {
        let (c, r, lus) = (self.colonnes(piece.genre), &piece.record, self.chiffres(piece));
        Ligne {
            genre: piece.genre,
            code_acte: text(c.code_acte.of(r)),
            date: lus.date,
            quantite: lus.quantite,
            coefficient: lus.coefficient,
            prix_unitaire: lus.prix_unitaire,
            base: lus.base,
            taux: lus.taux,
            depense: m(c.depense, r),
            amo: lus.amo,
            amc: m(c.amc, r),
            qualificatif: text(c.qualificatif.of(r)),
        }
    }

    /// What the controls compute with, read without making any text.
    pub(super) fn chiffres(&self, piece: &Piece) -> Chiffres {
        let (c, r) = (self.colonnes(piece.genre), &piece.record);
        Chiffres {
            date: d(c.date, r),
            quantite: n(c.quantite, r),
            coefficient: n(c.coefficient, r),
            prix_unitaire: m(c.prix_unitaire, r),
            base: m(c.base, r),
            taux: n(c.taux, r),
            amo: m(c.amo, r),
        }
    }

    pub(super) const fn colonnes(&self, genre: Genre) -> &'static Colonnes {
        match (genre, self.is_cp()) {
            (Genre::Ligne3, _) => &LIGNE_3,
            (_, true) => &LIGNE_4_CP,
            (_, false) => &LIGNE_4_PS,
        }
    }
}

/// The numbers of a main line that the controls compare.
pub(super) struct Chiffres {
    pub(super) date: Option<Date>,
    pub(super) quantite: u64,
    pub(super) coefficient: u64,
    pub(super) prix_unitaire: Montant,
    pub(super) base: Montant,
    pub(super) taux: u64,
    pub(super) amo: Montant,
}

/// The totals that the type 5 of an invoice declares, as far as they are readable.
#[must_use]
pub fn totaux_declares(piece: &Piece, norme: NormeLot) -> Totaux {
    let r = &piece.record;
    match norme {
        NormeLot::Cp => Totaux {
            total: m(&t5::cp::MONTANT_TOTAL_FACTURE_PH, r)
                + m(&t5::cp::TOTAL_HONORAIRES_FACTURES, r),
            amo: m(&t5::cp::TOTAL_REMBOURSABLE_AMO_PH, r)
                + m(&t5::cp::TOTAL_REMBOURSABLE_AMO_HONORAIRES, r),
            amc: m(&t5::cp::TOTAL_REMBOURSABLE_OC_PH, r)
                + m(&t5::cp::TOTAL_REMBOURSABLE_OC_HONORAIRES, r),
        },
        NormeLot::Ps => Totaux {
            total: m(&t5::ps::TOTAL_MONTANTS_FACTURES, r),
            amo: m(&t5::ps::TOTAL_REMBOURSABLE_AMO, r),
            amc: m(&t5::ps::TOTAL_REMBOURSABLE_OC, r),
        },
    }
}
