//! Entities of one answered invoice: 102, 103, 198, 199, and 294 or 295 where a part is not paid.

use super::Outcome;
use noemie_parsers::b2::{Facture, Lot};
use noemie_parsers::noemie::{Gabarit, e102, e103, e198, e199, e294, e295};
use noemie_parsers::types::{Date, Montant};

/// Returns the 102 of an invoice, then its leaves, with the amounts that AMO and AMC paid.
pub(super) fn of_invoice(
    facture: &Facture,
    lot: &Lot,
    outcome: Outcome,
    [amo_paid, amc_paid]: [Montant; 2],
) -> Vec<Gabarit> {
    let totals = facture.totaux();
    let (amo, amc) = outcome.states();
    let mut entities = vec![head(facture, lot), insured(facture)];
    {
        use e198::layout as t;
        let part = Gabarit::nouveau(&t::LAYOUT)
            .montant(&t::MONTANT_AMO_DEMANDE, totals.amo)
            .octets(&t::ETAT, amo);
        entities.push(part.montant_signe(&t::MONTANT_AMO_PAYE, &t::SIGNE, amo_paid));
    }
    {
        use e199::layout as t;
        let number = facture.numero_amc().map(|n| n.as_str().to_owned()).unwrap_or_default();
        let part = Gabarit::nouveau(&t::LAYOUT)
            .montant(&t::MONTANT_AMC_DEMANDE, totals.amc)
            .octets(&t::ETAT, amc)
            .montant_signe(&t::MONTANT_AMC_PAYE, &t::SIGNE, amc_paid)
            .texte(&t::NUMERO_AMC_DESTINATAIRE, &number)
            .texte(&t::NUMERO_ADHERENT, &facture.adherent());
        entities.push(part);
    }
    match outcome {
        Outcome::Rejected => entities.extend([
            reject("AAA460053R", "ETABLISSEMENT PRESCRIPTEUR INCONNU AU FICHIER NATIONAL", "O"),
            comment("VERIFIER LES DROITS ET LE RATTACHEMENT"),
        ]),
        Outcome::AmcRejected => {
            entities.push(reject("AAA000122R", "GARANTIE NON ACTIVE A LA DATE DES SOINS", "C"))
        }
        Outcome::Deferred => {
            entities.push(comment("EN COURS DE TRAITEMENT A LA CAISSE NE PAS RENVOYER"))
        }
        Outcome::Paid | Outcome::AmcLeft => {}
    }
    entities
}

fn head(facture: &Facture, lot: &Lot) -> Gabarit {
    use e102::layout as t;
    let identite = facture.identite();
    let date = facture.date().map_or_else(|| "000000".to_owned(), Date::jjmmaa);
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::NUMERO_FACTURE, &identite.numero)
        .texte(&t::COMPLEMENT_NUMERO, &identite.complement)
        .texte(&t::NUMERO_LOT, &lot.numero())
        .texte(&t::DATE_CREATION_LOT, &lot.date().map_or_else(|| "000000".to_owned(), Date::jjmmaa))
        .texte(&t::TYPE_FACTURE, "D")
        .texte(&t::DATE_FACTURATION, &date)
        .texte(&t::TRAITEMENT_PART_AMC, "C")
        // Type 2, columns 77-78 in both norms.
        .octets(&t::NATURE_ASSURANCE, &facture.principale().record[76..78])
}

fn insured(facture: &Facture) -> Gabarit {
    use e103::layout as t;
    let identite = facture.identite();
    let mut entity = Gabarit::nouveau(&t::LAYOUT)
        .octets(&t::NUMERO_IMMATRICULATION, &identite.nir_brut)
        .octets(&t::CLE, &identite.cle)
        .octets(&t::DATE_NAISSANCE, identite.naissance.expose_jjmmaa().as_bytes())
        .octets(&t::RANG_NAISSANCE, &[identite.rang]);
    if let Some(own) = facture.nir_individuel().filter(|own| own.len() == 15) {
        entity = entity
            .octets(&t::NIR_INDIVIDUEL, &own.as_bytes()[..13])
            .octets(&t::CLE_NIR_INDIVIDUEL, &own.as_bytes()[13..]);
    }
    entity
}

fn reject(code: &str, label: &str, part: &str) -> Gabarit {
    use e294::layout as t;
    Gabarit::nouveau(&t::LAYOUT)
        .texte(&t::CODIFICATION_REJET, code)
        .texte(&t::LIBELLE_REJET, label)
        .texte(&t::NIVEAU_REJET, "F")
        .texte(&t::PART_CONCERNEE, part)
        .nombre(&t::RANG_REJET, 1)
}

fn comment(text: &str) -> Gabarit {
    Gabarit::nouveau(&e295::layout::LAYOUT).texte(&e295::layout::COMMENTAIRE, text)
}
