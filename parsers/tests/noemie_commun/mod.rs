//! What the tests of the returns share: a file written by our writer, and a reading of it.

#![allow(dead_code, reason = "each test file uses its part")]

use noemie_parsers::anomaly::{Anomaly, Code};
use noemie_parsers::noemie::{
    Comptes, Ecrivain, Element, ErreurEcriture, Gabarit, Packaging, Reader, Retour, e000, e020,
    e040, e071, e081, e102, e103, e198, e199, e250, e261, e262, e294, e295,
};
use noemie_parsers::types::Montant;
use std::io::Read;

pub(crate) const PACKAGINGS: [Packaging; 2] = [Packaging::Lignes, Packaging::Blocs];

pub(crate) struct Lu {
    pub(crate) elements: Vec<Element>,
    pub(crate) comptes: Comptes,
}

impl Lu {
    pub(crate) fn retours(&self) -> impl Iterator<Item = &Retour> {
        self.elements
            .iter()
            .filter_map(|e| if let Element::Retour(r) = e { Some(&**r) } else { None })
    }

    pub(crate) fn hors_facture(&self) -> impl Iterator<Item = &Anomaly> {
        self.elements
            .iter()
            .filter_map(|e| if let Element::Anomalies(a) = e { Some(a) } else { None })
            .flatten()
    }

    pub(crate) fn anomalies(&self) -> Vec<&Anomaly> {
        self.retours().flat_map(|r| &r.anomalies).chain(self.hors_facture()).collect()
    }

    pub(crate) fn codes(&self) -> Vec<Code> {
        self.anomalies().iter().map(|a| a.code).collect()
    }

    pub(crate) fn quarantaine(&self) -> Vec<&str> {
        self.retours().filter(|r| r.quarantined()).map(|r| r.numero.as_str()).collect()
    }
}

pub(crate) fn lire_de(source: impl Read, packaging: Packaging) -> Lu {
    let mut reader = Reader::new(source, packaging);
    let mut elements = Vec::new();
    while let Some(e) = reader.next_element().expect("memory never fails") {
        elements.push(e);
    }
    Lu { elements, comptes: reader.comptes().clone() }
}

pub(crate) fn lire(octets: &[u8], packaging: Packaging) -> Lu {
    lire_de(octets, packaging)
}

pub(crate) fn centimes(n: i64) -> Montant {
    Montant::from_centimes(n)
}

pub(crate) fn entete(reference: &str) -> Gabarit {
    use e000::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::TYPE_EMETTEUR, "CP")
        .texte(&t::NUMERO_EMETTEUR, "19990000")
        .texte(&t::TYPE_DESTINATAIRE, "TP")
        .texte(&t::NUMERO_DESTINATAIRE, "99000000000001")
        .texte(&t::IDENTIFICATION_FICHIER, "ESSAI1")
        .texte(&t::DATE_CREATION, "260301")
        .texte(&t::NORME_REFERENCE_ECHANGE, reference)
}

pub(crate) fn facture(numero: u64) -> Gabarit {
    use e102::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::NUMERO_FACTURE, &format!("{numero:09}"))
        .texte(&t::NUMERO_LOT, "007")
        .texte(&t::DATE_CREATION_LOT, "010326")
        .texte(&t::TYPE_FACTURE, "F")
        .texte(&t::DATE_FACTURATION, "280226")
        .texte(&t::TRAITEMENT_PART_AMC, "C")
        .texte(&t::NATURE_ASSURANCE, "10")
}

pub(crate) fn assure() -> Gabarit {
    use e103::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::NUMERO_IMMATRICULATION, "2990199999001")
        .texte(&t::CLE, "07")
        .texte(&t::NOM_PATRONYMIQUE, "Modèle")
        .texte(&t::DATE_NAISSANCE, "310199")
        .texte(&t::RANG_NAISSANCE, "1")
}

pub(crate) fn amo(demande: i64, etat: &str, paye: i64) -> Gabarit {
    use e198::layout as t;
    let part = Gabarit::nouveau(&t::LAYOUT)
        .montant(&t::MONTANT_AMO_DEMANDE, centimes(demande))
        .texte(&t::ETAT, etat);
    part.montant_signe(&t::MONTANT_AMO_PAYE, &t::SIGNE, centimes(paye))
}

pub(crate) fn amc(demande: i64, etat: &str, paye: i64) -> Gabarit {
    use e199::layout as t;
    let part = Gabarit::nouveau(&t::LAYOUT)
        .montant(&t::MONTANT_AMC_DEMANDE, centimes(demande))
        .texte(&t::ETAT, etat);
    part.montant_signe(&t::MONTANT_AMC_PAYE, &t::SIGNE, centimes(paye))
        .texte(&t::NUMERO_AMC_DESTINATAIRE, "99900011")
}

pub(crate) fn rejet() -> Gabarit {
    use e294::layout as t;
    let rejet = Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::CODIFICATION_REJET, "AAA000125R")
        .texte(&t::LIBELLE_REJET, "Acte inconnu");
    rejet.texte(&t::NIVEAU_REJET, "F").texte(&t::PART_CONCERNEE, "C")
}

pub(crate) fn retenue(montant: i64) -> Gabarit {
    use e250::layout as t;
    let retenue = Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::REFERENCE_DETTE, "DETTE1")
        .texte(&t::NATURE_DETTE, "IND")
        .texte(&t::NATURE_OPERATION, "RPR");
    retenue.montant_signe(&t::MONTANT_MOUVEMENT, &t::SIGNE, centimes(montant))
}

fn type_retour(code: &str) -> Gabarit {
    Gabarit::nouveau(&e081::layout::LAYOUT).texte(&e081::layout::CODE_TYPE_RETOUR, code)
}

fn groupe(e: &mut Ecrivain, feuilles: Vec<Gabarit>) -> Result<(), ErreurEcriture> {
    for feuille in feuilles {
        e.feuille(feuille)?;
    }
    e.fermer()
}

/// Three invoices (paid, partly rejected, money taken back), a flat payment and a recovery, under
/// one transfer.
pub(crate) fn ecrire(packaging: Packaging) -> Result<Vec<u8>, ErreurEcriture> {
    use e071::layout as t071;
    let mut e = Ecrivain::nouveau(entete("576"), packaging)?;
    e.ouvrir(1, Gabarit::nouveau(&e020::layout::LAYOUT))?;
    e.ouvrir(
        2,
        Gabarit::nouveau(&e040::layout::LAYOUT)
            .texte(&e040::layout::NUMERO_DESTINATAIRE, "2A0000014"),
    )?;
    let virement =
        Gabarit::nouveau(&t071::LAYOUT).texte(&t071::DATE_COMPTABLE_DATE_VIREMENT, "060326");
    e.ouvrir(3, virement.texte(&t071::LIBELLE_VIREMENT_LIGNE_1, "Virement d'essai"))?;
    e.ouvrir(4, type_retour("01"))?;
    e.ouvrir(5, facture(1))?;
    groupe(&mut e, vec![assure(), amo(6_000, "P", 6_000), amc(4_000, "P", 4_000)])?;
    e.ouvrir(5, facture(2))?;
    let commentaire = Gabarit::nouveau(&e295::layout::LAYOUT)
        .texte(&e295::layout::COMMENTAIRE, "Vérifier les droits");
    groupe(&mut e, vec![assure(), amo(1_234, "P", 1_234), amc(500, "R", 0), rejet(), commentaire])?;
    e.ouvrir(5, facture(3))?;
    groupe(&mut e, vec![assure(), amo(700, "P", -700), amc(300, " ", 0)])?;
    e.fermer()?;
    e.ouvrir(4, type_retour("03"))?;
    let forfait =
        Gabarit::nouveau(&e261::layout::LAYOUT).montant(&e261::layout::MONTANT, centimes(2_500));
    let detail = Gabarit::nouveau(&e262::layout::LAYOUT)
        .texte(&e262::layout::LIBELLE, "Forfait d'essai")
        .montant(&e262::layout::MONTANT, centimes(2_500));
    groupe(&mut e, vec![forfait, detail])?;
    e.ouvrir(4, type_retour("05"))?;
    groupe(&mut e, vec![retenue(-800)])?;
    for _ in 0..3 {
        e.fermer()?;
    }
    e.terminer()
}

pub(crate) fn ecrit(packaging: Packaging) -> Vec<u8> {
    ecrire(packaging).expect("the fixture is well formed")
}

/// The fixture in lines, as the bodies of its records; [`reunir`] puts the prefixes back.
pub(crate) fn corps() -> Vec<String> {
    let octets = ecrit(Packaging::Lignes);
    String::from_utf8(octets)
        .expect("ASCII")
        .split_terminator("\r\n")
        .map(|l| l[4..].to_owned())
        .collect()
}

pub(crate) fn reunir(corps: &[String]) -> Vec<u8> {
    corps.iter().flat_map(|c| format!("{:04}{c}\r\n", c.len()).into_bytes()).collect()
}
