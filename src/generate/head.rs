//! The records before the lines: 2 and its complements, and the draw of a whole invoice.

use super::acts::Care;
use super::calendar::Calendar;
use super::people::{self, Person, REGIME};
use super::random::Random;
use super::{Options, Profile, auxiliaire, biologie, clinique, optique, pharmacie, transport};
use noemie_parsers::b2::{Fiche, t2, t2b, t2c, t2p, t2s, t2x};
use noemie_parsers::remplir;
use noemie_parsers::types::Date;

/// Largest invoice number: nine digits.
pub(super) const NUMBERS: u64 = 999_999_999;

/// Draws invoices one after the other, in the same buffers of records.
pub(super) struct Invoice<'a> {
    options: &'a Options,
    calendar: &'a Calendar,
    /// The invoice as drawn last.
    pub(super) records: Vec<Fiche>,
    /// Number of the next invoice, from a start that the seed decides: unique over the file.
    number: u64,
}

impl<'a> Invoice<'a> {
    pub(super) fn new(options: &'a Options, calendar: &'a Calendar, random: &mut Random) -> Self {
        Self { options, calendar, records: Vec::new(), number: random.between(1, NUMBERS) }
    }

    /// Draws the next invoice of a lot.
    pub(super) fn draw(&mut self, profile: Profile, ps: &str, random: &mut Random) {
        let person = people::person(random);
        let care = Care::drawn(profile, ps, self.calendar, random);
        self.records.clear();
        if profile == Profile::Clinique {
            self.head_cp(&person, &care, random);
        } else {
            self.head_ps(profile, &person, &care, random);
        }
        let out = &mut self.records;
        match profile {
            Profile::Pharmacie | Profile::Mixte => pharmacie::lines(&care, random, out),
            Profile::Auxiliaire => auxiliaire::lines(&care, random, out),
            Profile::Transport => transport::lines(&care, random, out),
            Profile::Optique => optique::lines(&care, random, out),
            Profile::Biologie => biologie::lines(&care, random, out),
            Profile::Clinique => clinique::lines(&care, random, out),
        }
        self.number = self.number % NUMBERS + 1;
    }

    fn head_ps(&mut self, profile: Profile, person: &Person, care: &Care<'_>, random: &mut Random) {
        use t2::ps as t;
        let mut main = Fiche::nouvelle(&t::LAYOUT)
            .assure(&person.nir)
            .numero(self.number)
            .nombre(&t::NATURE_OPERATION, 1)
            .date(&t::DATE_FACTURATION, care.date)
            .texte(&t::TYPE_FACTURE, "D")
            .nombre(&t::CODE_GRAND_REGIME, REGIME)
            .nombre(&t::NO_CAISSE_GESTIONNAIRE, 999)
            .nombre(&t::NATURE_PIECE_JUSTIFICATIVE_DROITS, 4)
            .texte(&t::NO_PRESCRIPTEUR_CLE, &care.prescriber)
            .date(&t::DATE_PRESCRIPTION, care.prescribed)
            .nombre(&t::NATURE_ASSURANCE, care.nature)
            .chiffres(&t::JUSTIFICATION_EXONERATION_TM, care.exemption)
            .octets(&t::DATE_NAISSANCE_BENEFICIAIRE, &person.birth)
            .nombre(&t::RANG_NAISSANCE, person.rank)
            .nombre(&t::NO_ADHERENT, person.member)
            .nombre(&t::SPECIALITE_PRESCRIPTEUR, 1)
            .nombre(&t::DESTINATAIRE_REGLEMENT, 15)
            .chiffres(&t::NO_ORGANISME_COMPLEMENTAIRE, &self.options.amc);
        // Blank when there is none; zeros would be read as absent too.
        main = main.texte(&t::REGIME_PRESTATION_ASSURE, "000");
        match care.nature {
            41 => {
                main = main.chiffres(&t::NO_AT_DATE_ACCIDENT_DROIT_COMMUN, &accident(care.accident))
            }
            30 => main = main.date(&t::DATE_MATERNITE, care.accident),
            _ => {}
        }
        self.records.push(main);
        self.records.push(Fiche::nouvelle(&t2s::ps::LAYOUT).individuel(&person.own));
        if random.chance(50) {
            self.address(person, random);
        }
        let authority =
            if profile == Profile::Optique { random.between(1, 9_999_999_999_999_999) } else { 0 };
        self.follow_up(profile, person, care, authority);
    }

    fn head_cp(&mut self, person: &Person, care: &Care<'_>, random: &mut Random) {
        use t2::cp as t;
        let main = Fiche::nouvelle(&t::LAYOUT)
            .assure(&person.nir)
            .numero(self.number)
            .texte(&t::NATURE_OPERATION, "D")
            .chiffres(&t::NO_ENTREE, &self.number.to_string())
            .nombre(&t::CODE_GRAND_REGIME, REGIME)
            .nombre(&t::NO_CAISSE_GESTIONNAIRE, 999)
            .nombre(&t::NATURE_PIECE_JUSTIFICATIVE_DROITS, 4)
            .nombre(&t::NATURE_ASSURANCE, 10)
            .chiffres(&t::JUSTIFICATION_EXONERATION_TM, care.exemption)
            .date(&t::DATE_HOSPITALISATION, care.admitted)
            .octets(&t::DATE_NAISSANCE_BENEFICIAIRE, &person.birth)
            .nombre(&t::RANG_NAISSANCE, person.rank)
            .date(&t::DATE_ENTREE, care.admitted)
            .date(&t::DATE_SORTIE, care.date)
            .nombre(&t::HEURE_SORTIE, random.between(8, 18))
            .chiffres(&t::NO_ORGANISME_COMPLEMENTAIRE, &self.options.amc);
        let next = Fiche::nouvelle(&t2s::cp::LAYOUT)
            .nombre(&t2s::cp::DESTINATAIRE_REGLEMENT, 15)
            .individuel(&person.own)
            .texte(&t2s::cp::TOP_DECLARATION_MEDECIN_TRAITANT, "O")
            .texte(&t2s::cp::NOM_MEDECIN_TRAITANT_ORIENTEUR, "MEDECIN FICTIF")
            .texte(&t2s::cp::PRENOM, "PAUL")
            .texte(&t2s::cp::NO_ASSURANCE_MALADIE_MEDECIN_TRAITANT, &care.prescriber)
            .texte(&t2s::cp::INDICATEUR_PARCOURS_SOINS, "O");
        self.records.extend([main, next]);
        let authority = random.between(1, 9_999_999_999_999_999);
        self.follow_up(Profile::Clinique, person, care, authority);
    }

    /// Adds the records 2B and 2C.
    fn address(&mut self, person: &Person, random: &mut Random) {
        use {t2b::layout as b, t2c::layout as c};
        let name = Fiche::nouvelle(&b::LAYOUT)
            .texte(&b::QUALITE_BENEFICIAIRE, if person.insured { "A" } else { "E" })
            .texte(&b::CODE_CIVILITE, person.civility)
            .texte(&b::NOM_BENEFICIAIRE, person.name)
            .texte(&b::PRENOM, person.first_name)
            .nombre(&b::NO_VOIE, random.between(1, 99))
            .texte(&b::TYPE_VOIE, "RUE")
            .texte(&b::LIBELLE_VOIE, "DES EXEMPLES");
        let address = Fiche::nouvelle(&c::LAYOUT)
            .texte(&c::COMMUNE_RESIDENCE, "VILLE FICTIVE")
            .texte(&c::CODE_POSTAL, &format!("99{:03}", random.between(1, 999)))
            .texte(&c::NOM_ASSURE, person.name)
            .texte(&c::PRENOM_ASSURE, person.first_name);
        self.records.extend([name, address]);
    }

    /// Adds the records 2P and 2X.
    fn follow_up(&mut self, profile: Profile, person: &Person, care: &Care<'_>, authority: u64) {
        use {t2p::dre2009 as p, t2x::dre2009 as x};
        let routing = Fiche::nouvelle(&p::LAYOUT)
            .nombre(&p::SPECIALITE_PS, profile.speciality())
            .nombre(&p::NO_PRISE_CHARGE, authority)
            .date(&p::DATE_FACTURATION, care.date)
            .nombre(&p::NO_ADHERENT_AMC, person.member);
        let follow = Fiche::nouvelle(&x::LAYOUT)
            .date_heure(&x::DATE_RECEPTION_OPERATEUR, self.options.created, 10)
            .date_heure(&x::DATE_LIMITE_REPONSE_AMC, self.calendar.after(3), 20)
            .nombre(&x::NO_DECOMPTE_COMPOSITION, self.number % 10_000_000);
        self.records.extend([routing, follow]);
    }
}

/// Returns the number of an accident: AAMMJJ, CRAM 99 and the key.
fn accident(date: Date) -> String {
    let number = format!("{}99", date.aammjj());
    let key = remplir::cle_type_1_2(number.as_bytes()).expect("digits");
    format!("{number}{}", char::from(key))
}
