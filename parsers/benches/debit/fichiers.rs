//! Files built by the crate's own writers: nobody's data, the same at each run.

use noemie_parsers::b2::{Ecrivain, Fiche, t000, t1, t2, t2s, t4};
use noemie_parsers::noemie::{
    self, Gabarit, Packaging, e000, e020, e040, e071, e081, e102, e103, e198, e199, e295,
};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::{Date, Montant, Nir};

/// Invoices of a lot.
const PAR_LOT: u64 = 200;
/// A professional with a right key, in a department that does not exist.
const PS: &str = "992001362";
/// An insurer with a right key.
const AMC: &str = "0099900011";

fn jour() -> Date {
    Date::new(2026, 2, 1).expect("in the calendar")
}

/// A number that jumps about, the same for the same rank.
const fn tirage(rang: u64, modulo: u64) -> u64 {
    (rang.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % modulo
}

/// A DRE of norm PS: each invoice one 2, one 2S, one to five 4 and its 5.
pub(crate) fn b2(factures: u64, forme: Forme) -> Vec<u8> {
    let mut ecrivain = Ecrivain::new(Vec::new(), forme);
    ecrivain.en_tete(&en_tete()).expect("a right header");
    for rang in 0..factures {
        if rang.is_multiple_of(PAR_LOT) {
            ecrivain.lot(&lot(rang / PAR_LOT + 1)).expect("a right lot");
        }
        ecrivain.facture(&facture(rang)).expect("a right invoice");
    }
    ecrivain.terminer().expect("memory does not fail").0
}

fn en_tete() -> Fiche {
    use t000::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::TYPE_EMETTEUR, "OT")
        .chiffres(&t::NO_EMETTEUR, "99900000000011")
        .texte(&t::TYPE_DESTINATAIRE, "OC")
        .chiffres(&t::NO_DESTINATAIRE, AMC)
        .texte(&t::APPLICATION_TYPE_ECHANGE, "RT")
        .texte(&t::IDENTIFICATION_FICHIER, "BANC01")
        .date(&t::DATE_CREATION_FICHIER, jour())
        .texte(&t::NORME, "PS")
        .texte(&t::VERSION_NORME, "B2")
        .texte(&t::ZONE_MESSAGE, "FACTURE INITIALE")
}

fn lot(numero: u64) -> Fiche {
    use t1::layout as t;
    Fiche::nouvelle(&t::LAYOUT)
        .texte(&t::NO_PARTENAIRE_SANTE_CLE, PS)
        .nombre(&t::NO_ORGANISME_DESTINATAIRE, 999)
        .nombre(&t::NO_LOT, numero)
        .texte(&t::NOM_RAISON_SOCIALE, "PHARMACIE DU BANC")
        .texte(&t::VERSION_NORME_UTILISEE, "B2")
        .date(&t::DATE_CREATION_LOT, jour())
        .texte(&t::CODE_NORME, "PH")
        .nombre(&t::NUMERO_VERSION_NORME, 22_003)
        .texte(&t::UNITE_MONETAIRE, "E")
}

fn facture(rang: u64) -> Vec<Fiche> {
    use t2::ps as t;
    let nir = Nir::from_bytes(format!("29208999{:05}", tirage(rang, 100_000)).as_bytes())
        .expect("thirteen digits");
    let principale = Fiche::nouvelle(&t::LAYOUT)
        .assure(&nir)
        .numero(rang + 1)
        .nombre(&t::NATURE_OPERATION, 1)
        .date(&t::DATE_FACTURATION, jour())
        .texte(&t::TYPE_FACTURE, "D")
        .nombre(&t::CODE_GRAND_REGIME, 1)
        .nombre(&t::NO_CAISSE_GESTIONNAIRE, 999)
        .nombre(&t::NATURE_PIECE_JUSTIFICATIVE_DROITS, 4)
        .texte(&t::NO_PRESCRIPTEUR_CLE, PS)
        .date(&t::DATE_PRESCRIPTION, jour())
        .texte(&t::REGIME_PRESTATION_ASSURE, "000")
        .nombre(&t::NATURE_ASSURANCE, 10)
        .chiffres(&t::JUSTIFICATION_EXONERATION_TM, "0")
        .octets(&t::DATE_NAISSANCE_BENEFICIAIRE, b"920804")
        .nombre(&t::RANG_NAISSANCE, 1)
        .nombre(&t::NO_ADHERENT, rang)
        .nombre(&t::SPECIALITE_PRESCRIPTEUR, 1)
        .nombre(&t::DESTINATAIRE_REGLEMENT, 15)
        .chiffres(&t::NO_ORGANISME_COMPLEMENTAIRE, AMC);
    let lignes = (0..=tirage(rang, 5)).map(|k| ligne(100 + tirage(rang + k, 9_900)));
    [principale, Fiche::nouvelle(&t2s::ps::LAYOUT).individuel(&nir)]
        .into_iter()
        .chain(lignes)
        .collect()
}

/// A product at 65 %, its price in centimes.
fn ligne(prix: u64) -> Fiche {
    use t4::ps as t;
    let amo = (prix * 65 + 50) / 100;
    Fiche::nouvelle(&t::LAYOUT)
        .nombre(&t::CODE_ACCORD_PREALABLE, 9)
        .texte(&t::NO_EXECUTANT_CLE, PS)
        .nombre(&t::SPECIALITE_EXECUTANT, 50)
        .date(&t::DATE_SOINS_DELIVRANCE, jour())
        .texte(&t::CODE_ACTE, "PH7")
        .nombre(&t::QUANTITE, 1)
        .nombre(&t::COEFFICIENT, 100)
        .nombre(&t::DENOMBREMENT, 1)
        .nombre(&t::PRIX_UNITAIRE, prix)
        .nombre(&t::BASE_REMBOURSEMENT, prix)
        .nombre(&t::TAUX, 65)
        .nombre(&t::MONTANT_REMBOURSABLE_AMO, amo)
        .nombre(&t::MONTANT_HONORAIRES_DEPENSE, prix)
        .nombre(&t::MONTANT_REMBOURSABLE_OC, prix - amo)
}

/// A return: one lot, each invoice a 102, a 103, a 198, a 199, and a 295 for one in four.
pub(crate) fn noemie(factures: u64, packaging: Packaging) -> Vec<u8> {
    let mut ecrivain =
        noemie::Ecrivain::nouveau(tete_de_retour(), packaging).expect("a right header");
    let transfert = Gabarit::nouveau(&e071::layout::LAYOUT)
        .texte(&e071::layout::DATE_COMPTABLE_DATE_VIREMENT, "010226")
        .texte(&e071::layout::LIBELLE_VIREMENT_LIGNE_1, "CPAM EXEMPLE VIR 0000100");
    let retour = Gabarit::nouveau(&e081::layout::LAYOUT).nombre(&e081::layout::CODE_TYPE_RETOUR, 1);
    let destinataire =
        Gabarit::nouveau(&e040::layout::LAYOUT).texte(&e040::layout::NUMERO_DESTINATAIRE, PS);
    for (niveau, groupe) in
        (1..).zip([Gabarit::nouveau(&e020::layout::LAYOUT), destinataire, transfert, retour])
    {
        ecrivain.ouvrir(niveau, groupe).expect("a right group");
    }
    for rang in 0..factures {
        repondre(&mut ecrivain, rang);
    }
    for _ in 0..4 {
        ecrivain.fermer().expect("four groups are open");
    }
    ecrivain.terminer().expect("every group is closed")
}

fn tete_de_retour() -> Gabarit {
    use e000::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::TYPE_EMETTEUR, "CP")
        .texte(&t::NUMERO_EMETTEUR, "19990000")
        .texte(&t::TYPE_DESTINATAIRE, "OT")
        .texte(&t::NUMERO_DESTINATAIRE, "99900000000011")
        .texte(&t::IDENTIFICATION_FICHIER, "BANC01")
        .texte(&t::DATE_CREATION, "260201")
        .texte(&t::NORME_REFERENCE_ECHANGE, "576")
}

fn repondre(ecrivain: &mut noemie::Ecrivain, rang: u64) {
    let prix = 100 + tirage(rang, 9_900);
    let montant = |n: u64| Montant::from_centimes(i64::try_from(n).expect("small"));
    let (amo, amc) = (montant(prix), montant(prix / 2));
    let tete = Gabarit::nouveau(&e102::layout::LAYOUT)
        .texte(&e102::layout::NUMERO_FACTURE, &format!("{:09}", rang + 1))
        .texte(&e102::layout::NUMERO_LOT, "001")
        .texte(&e102::layout::DATE_CREATION_LOT, "010226")
        .texte(&e102::layout::DATE_FACTURATION, "010226")
        .texte(&e102::layout::NATURE_ASSURANCE, "10");
    ecrivain.ouvrir(5, tete).expect("a right invoice");
    let assure = Gabarit::nouveau(&e103::layout::LAYOUT)
        .octets(
            &e103::layout::NUMERO_IMMATRICULATION,
            format!("29208999{:05}", tirage(rang, 100_000)).as_bytes(),
        )
        .octets(&e103::layout::DATE_NAISSANCE, b"040892");
    let part_amo = Gabarit::nouveau(&e198::layout::LAYOUT)
        .montant(&e198::layout::MONTANT_AMO_DEMANDE, amo)
        .octets(&e198::layout::ETAT, b"P")
        .montant_signe(&e198::layout::MONTANT_AMO_PAYE, &e198::layout::SIGNE, amo);
    let part_amc = Gabarit::nouveau(&e199::layout::LAYOUT)
        .montant(&e199::layout::MONTANT_AMC_DEMANDE, amc)
        .octets(&e199::layout::ETAT, b"P")
        .montant_signe(&e199::layout::MONTANT_AMC_PAYE, &e199::layout::SIGNE, amc)
        .texte(&e199::layout::NUMERO_AMC_DESTINATAIRE, AMC);
    let commentaire = rang.is_multiple_of(4).then(|| {
        Gabarit::nouveau(&e295::layout::LAYOUT)
            .texte(&e295::layout::COMMENTAIRE, "VERIFIER LES DROITS")
    });
    for feuille in [assure, part_amo, part_amc].into_iter().chain(commentaire) {
        ecrivain.feuille(feuille).expect("a right leaf");
    }
    ecrivain.fermer().expect("the invoice is open");
}
