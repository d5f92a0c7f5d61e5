//! The writer: groups and leaves in, one logical file out, with its counters, sums, prefixes and
//! blocks computed here and nowhere else.
//!
//! ```text
//! ouvrir(1, 020) ouvrir(2, 040) ... feuille(199) fermer() ... terminer()  >  000, entities and 990, 999
//! ```
//!
//! What it writes, [`super::Reader`] accepts without a finding. Bytes of several logical files may
//! follow each other.
//!
//! Counts and sums stand behind what they count, so a file of any size is written as it comes:
//! [`Ecrivain::produits`] gives the bytes that are final, and what is kept is one record of
//! packaging A, one block of packaging B, and the groups that are open.

use super::arbre::Contenu;
use super::entete::BORNE;
use super::entite::FEUILLE;
use super::flux::Packaging;
use super::gabarit::{ErreurEcriture, Gabarit};
use super::{e000, e010, e020, e040, e070, e071, e080, e081, e100, e102, e110, e150, e990, e999};
use crate::layout::Zone;
use crate::physical::noemie_blocs::UTILE;
use crate::types::Montant;

/// Longest body written in packaging A. Receivers must accept 9 999, but the writers seen in
/// production stop here.
const CORPS_ECRIT_MAX: usize = 1_019;

/// A group not closed yet.
#[derive(Debug)]
struct Ouvert {
    niveau: u8,
    cle: Vec<u8>,
    contenu: Contenu,
}

/// Writes one logical file.
#[derive(Debug)]
pub struct Ecrivain {
    packaging: Packaging,
    entete: Vec<u8>,
    /// Final bytes that nobody took yet.
    produits: Vec<u8>,
    /// Entities of the record, or of the stream, that is not final.
    courant: Vec<u8>,
    enregistrements: u64,
    pile: Vec<Ouvert>,
    total: Contenu,
    lots: u64,
}

impl Ecrivain {
    /// Starts a file with its record 000 (a [`Gabarit`] of that table).
    ///
    /// # Errors
    /// When the header is not a 000, or one of its zones could not be filled.
    pub fn nouveau(entete: Gabarit, packaging: Packaging) -> Result<Self, ErreurEcriture> {
        let table = entete.table().tag;
        if table != e000::layout::LAYOUT.tag {
            return Err(ErreurEcriture::Place { table });
        }
        let entete = entete.nombre(&e000::layout::LONGUEUR_ENREGISTREMENT, BORNE as u64).finir()?;
        let mut ecrivain = Self {
            packaging,
            entete,
            produits: Vec::new(),
            courant: Vec::new(),
            enregistrements: 0,
            pile: Vec::new(),
            total: Contenu::default(),
            lots: 0,
        };
        ecrivain.enregistrer(&ecrivain.entete.clone());
        Ok(ecrivain)
    }

    /// Opens a group; `niveau` is the next level, said so that the caller's tree is checked.
    ///
    /// # Errors
    /// When another level is next, or the entity could not be filled.
    pub fn ouvrir(&mut self, niveau: u8, mut entite: Gabarit) -> Result<(), ErreurEcriture> {
        let attendu = self.pile.last().map_or(0, |o| o.niveau) + 1;
        if niveau != attendu || niveau >= FEUILLE {
            return Err(ErreurEcriture::Niveau { attendu, demande: niveau });
        }
        entite.fixer_niveau(niveau);
        let octets = entite_seule(entite)?;
        self.contenu().compter_sous_groupe();
        self.lots += u64::from(niveau == 1);
        self.pile.push(Ouvert { niveau, cle: cle(&octets), contenu: Contenu::default() });
        self.compter(octets);
        Ok(())
    }

    /// Adds a leaf to the innermost group.
    ///
    /// # Errors
    /// When no group is open, or the entity could not be filled.
    pub fn feuille(&mut self, mut entite: Gabarit) -> Result<(), ErreurEcriture> {
        if self.pile.is_empty() {
            return Err(ErreurEcriture::AucunNiveau);
        }
        entite.fixer_niveau(FEUILLE);
        let octets = entite_seule(entite)?;
        self.contenu().compter_feuille(true);
        self.compter(octets);
        Ok(())
    }

    /// Closes the innermost group by its 990.
    ///
    /// # Errors
    /// When no group is open, or its sum does not fit the 990.
    pub fn fermer(&mut self) -> Result<(), ErreurEcriture> {
        use e990::layout as t;
        let Some(ouvert) = self.pile.pop() else { return Err(ErreurEcriture::AucunNiveau) };
        let mut fin = Gabarit::nouveau(&t::LAYOUT)
            .octets(&t::IDENTIFICATION_NIVEAU, &ouvert.cle)
            .nombre(&t::COMPTEUR, ouvert.contenu.compteur())
            .montant_signe(&t::CUMUL_MONTANTS, &t::SIGNE, ouvert.contenu.somme);
        fin.fixer_niveau(ouvert.niveau);
        let fin = fin.finir()?;
        self.ecrire(&fin);
        self.contenu().absorber(&ouvert.contenu);
        Ok(())
    }

    /// Takes the bytes that are final so far.
    pub fn produits(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.produits)
    }

    /// Ends the file and gives its bytes, those already taken excepted.
    ///
    /// # Errors
    /// When a group is still open, or a total does not fit the 999.
    pub fn terminer(mut self) -> Result<Vec<u8>, ErreurEcriture> {
        if !self.pile.is_empty() {
            return Err(ErreurEcriture::NiveauxOuverts(self.pile.len()));
        }
        self.clore();
        let fin = self.fin(self.enregistrements + 1)?;
        self.enregistrer(&fin);
        Ok(self.produits)
    }

    /// Sum written so far outside open groups, in centimes.
    #[must_use]
    pub fn somme(&self) -> Montant {
        self.total.somme
    }

    fn contenu(&mut self) -> &mut Contenu {
        self.pile.last_mut().map_or(&mut self.total, |o| &mut o.contenu)
    }

    fn compter(&mut self, octets: Vec<u8>) {
        self.contenu().payer(&octets, true);
        self.ecrire(&octets);
    }

    /// Whole entities, as many as fit in a record; in blocks, all that surely is not the last one.
    fn ecrire(&mut self, entite: &[u8]) {
        match self.packaging {
            Packaging::Lignes => {
                if self.courant.len() + entite.len() > CORPS_ECRIT_MAX {
                    self.clore();
                }
                self.courant.extend_from_slice(entite);
            }
            Packaging::Blocs => {
                self.courant.extend_from_slice(entite);
                while self.courant.len() > UTILE {
                    let suite = self.courant.split_off(UTILE);
                    self.bloc(b'0');
                    self.courant = suite;
                }
            }
        }
    }

    /// Writes the record or the last block that is being filled.
    fn clore(&mut self) {
        if self.courant.is_empty() {
            return;
        }
        match self.packaging {
            Packaging::Lignes => {
                let corps = std::mem::take(&mut self.courant);
                self.enregistrer(&corps);
            }
            Packaging::Blocs => self.bloc(b'1'),
        }
    }

    /// The flag, then the stream, the end filled with blanks.
    fn bloc(&mut self, drapeau: u8) {
        let mut bloc = vec![drapeau];
        bloc.append(&mut self.courant);
        bloc.resize(UTILE + 1, b' ');
        self.enregistrer(&bloc);
    }

    fn enregistrer(&mut self, corps: &[u8]) {
        self.enregistrements += 1;
        if self.packaging == Packaging::Lignes {
            self.produits.extend_from_slice(format!("{:04}", corps.len()).as_bytes());
        }
        self.produits.extend_from_slice(corps);
        if self.packaging == Packaging::Lignes {
            self.produits.extend_from_slice(b"\r\n");
        }
    }

    fn fin(&self, enregistrements: u64) -> Result<Vec<u8>, ErreurEcriture> {
        use e999::layout as t;
        let commun =
            usize::from(t::TYPE_EMETTEUR.start) - 1..usize::from(t::IDENTIFICATION_FICHIER.end());
        let mut octets = Gabarit::nouveau(&t::LAYOUT)
            .nombre(&t::NOMBRE_ENREGISTREMENTS, enregistrements)
            .nombre(&t::NOMBRE_LOTS, self.lots)
            .montant_signe(&t::CUMUL_MONTANTS, &t::SIGNE, self.total.somme)
            // Blank since there is one currency. The kind of flow stays blank too: optional here,
            // the header has it.
            .octets(&t::CUMUL_AUTRE_MONNAIE, &[b' '; 11])
            .finir()?;
        octets[commun.clone()].copy_from_slice(&self.entete[commun]);
        Ok(octets)
    }
}

fn entite_seule(entite: Gabarit) -> Result<Vec<u8>, ErreurEcriture> {
    let table = entite.table().tag;
    if !entite.est_entite() || table == e990::layout::LAYOUT.tag {
        return Err(ErreurEcriture::Place { table });
    }
    entite.finir()
}

/// What a 990 says of the group it closes: 17 characters, blank for the entities whose key was not
/// seen.
fn cle(octets: &[u8]) -> Vec<u8> {
    let zones: &[&Zone] = match &octets[..3] {
        b"010" => &[&e010::layout::NUMERO_ORGANISME_COMPLEMENTAIRE],
        b"020" => &[&e020::layout::NUMERO_MANDATAIRE],
        b"040" => &[&e040::layout::NUMERO_DESTINATAIRE],
        b"070" => &[&e070::layout::DATE_JOURNEE_COMPTABLE],
        b"071" => &[&e071::layout::DATE_COMPTABLE_DATE_VIREMENT],
        b"080" => &[&e080::layout::DATE_CONSTITUTION_LOT, &e080::layout::NUMERO_LOT],
        b"081" => &[&e081::layout::CODE_TYPE_RETOUR],
        b"100" => &[&e100::layout::NUMERO_FACTURE],
        b"102" => &[&e102::layout::NUMERO_FACTURE],
        b"110" => &[&e110::layout::NUMERO_IMMATRICULATION, &e110::layout::CLE],
        b"150" => &[&e150::layout::NATURE_ASSURANCE],
        _ => &[],
    };
    let mut cle: Vec<u8> = zones.iter().flat_map(|z| z.of(octets)).copied().collect();
    cle.resize(usize::from(e990::layout::IDENTIFICATION_NIVEAU.len), b' ');
    cle
}
