//! Codes of a 250 and their French labels: the nature of the debt and that of the operation.
//!
//! Both tables have the codes of two generations: those of 2020 (nomenclatures `IR_NDT_V` and
//! `IR_OPR_V` of the SNDS, indsante/schema-snds, MPL-2.0), and those of 2007 (source S1) that the
//! list of 2020 lacks. `API`, `APR` and `IPI` meant something else in 2007; the label is that of
//! 2020. A code in neither list has no label: the code is shown as sent.

/// Natures of a debt (columns 24-26), in alphabetical order.
const DETTES: [(&str, &str); 137] = [
    ("AAP", "Avance à un autre établissement privé"),
    ("AAV", "Avance, fonds de roulement"),
    ("ABS", "Autre bénéficiaire de service"),
    ("ACC", "Acompte sur prestations, hors professionnel de santé"),
    ("ACF", "Acompte à un pharmacien"),
    ("ACH", "Avance à un CHR"),
    ("ACI", "Acompte sur prestations d'invalidité"),
    ("ACL", "Acompte à un laboratoire"),
    ("ACM", "Acompte manuel sur prestations, hors professionnel de santé"),
    ("ACP", "Acompte à un établissement privé"),
    ("ACR", "Acompte sur rente"),
    ("ACS", "Acompte sur prestations, professionnel de santé"),
    ("ACU", "Acompte à un établissement public, hors budget global"),
    ("ADE", "Acompte à un établissement divers, hors budget global"),
    ("ADP", "Pénalités L162-1-14, autres débiteurs"),
    ("AEH", "Avance d'assurance, établissement hospitalier"),
    ("AFF", "Affranchissement"),
    ("ALA", "Avance permanente à un laboratoire"),
    ("AMS", "Majoration de pénalités L162-1-14, autres débiteurs"),
    ("ANV", "Admission en non-valeur"),
    ("APC", "Acompte à un praticien"),
    ("APH", "Avance permanente à un pharmacien"),
    ("API", "Acompte à une clinique privée"),
    ("APR", "Autre prestation à récupérer"),
    ("APU", "Avance à un autre établissement public"),
    ("ARR", "Autres recours contre tiers"),
    ("ASM", "Majoration de pénalité financière, assuré"),
    ("ASP", "Pénalité financière, assuré"),
    ("ATD", "Avis à tiers détenteur"),
    ("ATJ", "Avance, télé-mise à jour"),
    ("AVC", "Avance à une clinique privée (T2A)"),
    ("AVP", "Avance à un praticien (T2A)"),
    ("AVS", "Avance permanente à un professionnel de santé"),
    ("CRD", "CRDS sur indemnités journalières"),
    ("CRI", "CRDS sur invalidité"),
    ("CSG", "CSG sur invalidité"),
    ("CSI", "CSG déductible sur invalidité"),
    ("CSJ", "CSG sur indemnités journalières"),
    ("DAA", "Acomptes divers à un professionnel de santé"),
    ("DCD", "Créances, prestations diverses"),
    ("DCE", "Dépassement de capacité, établissement privé"),
    ("DII", "Préjudice T2A, établissement privé"),
    ("DIR", "Dommages et intérêts"),
    ("EFI", "Faute inexcusable (L452-3)"),
    ("EMM", "Majoration de pénalité financière, employeur"),
    ("EMP", "Pénalité financière, employeur"),
    ("ERQ", "Indu L133-4, établissement privé"),
    ("ERR", "Indu, erreur de règlement"),
    ("EUQ", "Indu L133-4, établissement public"),
    ("EXR", "Excédent de versement à rembourser"),
    ("FCR", "Frais de contentieux à récupérer"),
    ("FHR", "Récupération du forfait de 18 euros"),
    ("FRA", "Indu sur fraude"),
    ("FRR", "Franchise à récupérer"),
    ("IAP", "Indu AP-HP"),
    ("IEC", "Indu, erreur comptable"),
    ("IEH", "Indu, EHPAD privé"),
    ("IEU", "Indu, EHPAD public"),
    ("IFR", "Indemnité forfaitaire de frais de gestion"),
    ("IND", "Indu"),
    ("IPH", "Indu sur avance à un pharmacien"),
    ("IPI", "Indu, clinique privée"),
    ("ISI", "Indu sur prestation d'invalidité"),
    ("ISP", "Ordonnance impayée"),
    ("ISR", "Indu sur rente"),
    ("LCI", "Lettre-chèque impayée"),
    ("LMD", "Indu LMA ou LMD"),
    ("MCM", "Prestations mises à la charge de tiers"),
    ("MEP", "Majoration d'indu T2A, hôpital public"),
    ("MRQ", "Majoration d'indu L133-4, établissement privé"),
    ("MSQ", "Majoration d'indu L133-4, professionnel de santé"),
    ("MUQ", "Majoration d'indu L133-4, établissement public"),
    ("OAD", "Opposition administrative"),
    ("OCX", "Opposition, contentieux"),
    ("ODL", "Opposition, double paiement"),
    ("OIC", "Opposition interne, créance des œuvres"),
    ("OID", "Opposition amiable"),
    ("OPA", "Opposition légale, pension alimentaire"),
    ("OQC", "Créance OQN, clinique privée"),
    ("OQD", "Créance OQN, dentiste"),
    ("OQF", "Créance OQN, fournisseur"),
    ("OQG", "Créance OQN, médecin généraliste"),
    ("OQI", "Créance OQN, infirmier"),
    ("OQK", "Créance OQN, kinésithérapeute"),
    ("OQL", "Créance OQN, laboratoire"),
    ("OQM", "Créance OQN, médecin spécialiste"),
    ("OQO", "Créance OQN, orthophoniste"),
    ("OQP", "Créance OQN, pharmacien"),
    ("OQS", "Créance OQN, sage-femme"),
    ("OQT", "Créance OQN, transport sanitaire"),
    ("OQU", "Créance OQN, pédicure"),
    ("OQV", "Créance OQN, orthoptiste"),
    ("OSA", "Opposition, saisie-arrêt"),
    ("OSR", "Opposition sur rémunération"),
    ("OTD", "Opposition à tiers détenteur"),
    ("PAS", "Pénalités et sanctions sur assuré (L323-6)"),
    ("PAZ", "Prélèvement à la source"),
    ("PDP", "Pénalité, dépassement de prix (L165-3-1)"),
    ("PFR", "Participation forfaitaire à retenir"),
    ("PIJ", "Prélèvement à la source sur indemnités journalières"),
    ("PJP", "Prélèvement à la source sur AJAP"),
    ("PMI", "Majoration d'indu T2A, établissement privé"),
    ("PMS", "Majoration de sanction T2A (L162-22-18), établissement privé"),
    ("PRC", "Provision, recours contre tiers"),
    ("PRE", "Encaissement après provision"),
    ("PRI", "Indu T2A, établissement privé"),
    ("PRM", "Majoration de pénalité financière, établissement privé"),
    ("PRP", "Pénalité financière, établissement privé"),
    ("PRS", "Sanction T2A (L162-22-18), établissement privé"),
    ("PSA", "Autre indu, professionnel de santé"),
    ("PSM", "Majoration de pénalité financière, professionnel de santé"),
    ("PSP", "Pénalité financière, professionnel de santé"),
    ("PSQ", "Indu L133-4, professionnel de santé"),
    ("PST", "Indu L315-1"),
    ("PUM", "Majoration de pénalité financière, établissement public"),
    ("PUP", "Pénalité financière, établissement public"),
    ("RCI", "Régularisation de CSG déductible sur invalidité"),
    ("RCJ", "Régularisation de CSG sur indemnités journalières"),
    ("RCS", "Régularisation de CSG sur invalidité"),
    ("RDP", "Récupération d'un dépassement de prix (L165-3-1)"),
    ("REA", "Prestations à récupérer sur l'employeur (L244-8)"),
    ("REB", "Prestations à récupérer sur l'employeur (L374-1)"),
    ("REC", "Prestations à récupérer sur l'employeur (L471-1)"),
    ("RED", "Recours contre l'employeur, divers"),
    ("REI", "Prestations à récupérer sur l'employeur (L452-5)"),
    ("REL", "Reliquat"),
    ("REP", "Indu T2A, hôpital public"),
    ("RFI", "Prestations récupérables (L452-2)"),
    ("RHC", "Recours hors convergence"),
    ("RRD", "Régularisation de CRDS sur indemnités journalières"),
    ("RRI", "Régularisation de CRDS sur invalidité"),
    ("SMP", "Majoration de sanction T2A (L162-22-18), établissement public"),
    ("SRP", "Sanction T2A (L162-22-18), établissement public"),
    ("STD", "Saisie à tiers détenteur"),
    ("UAD", "Usagers, activité dentaire"),
    ("UCS", "Usagers, centres de santé"),
    ("VMI", "Virement impayé"),
];

/// Natures of an operation (columns 27-29), in alphabetical order.
const OPERATIONS: [(&str, &str); 35] = [
    ("ANI", "Annulation d'une dette inférieure au seuil"),
    ("ANM", "Annulation, montée en charge"),
    ("ANN", "Annulation du compte"),
    ("ANT", "Annulation totale"),
    ("CIM", "Constat initial, montée en charge"),
    ("CIN", "Constat initial"),
    ("CMP", "Complément"),
    ("ENC", "Encaissement"),
    ("ISP", "Passage d'un impayé soldé en profit"),
    ("LOP", "Mainlevée partielle d'opposition"),
    ("LOT", "Mainlevée totale d'opposition"),
    ("MLO", "Mainlevée partielle d'opposition"),
    ("NVA", "Admission en non-valeur, totale"),
    ("NVP", "Admission en non-valeur, partielle"),
    ("NVT", "Admission en non-valeur, totale"),
    ("PAC", "Paiement à l'agence comptable"),
    ("PAD", "Passage en créance douteuse"),
    ("PAI", "Paiement"),
    ("PEE", "Perte d'euro (moins de 3 centimes)"),
    ("PEN", "Passage en statut normal"),
    ("PEP", "Passage en créance prescrite"),
    ("PFE", "Profit d'euro (moins de 3 centimes)"),
    ("PPE", "Passage en perte"),
    ("PPR", "Passage en profit"),
    ("RAS", "Remboursement à l'assuré"),
    ("RDD", "Remise de dette"),
    ("RDP", "Remise de dette, partielle"),
    ("RDS", "Remise d'une petite dette"),
    ("RDT", "Remise de dette, totale"),
    ("REL", "Rectification d'un élément d'identité"),
    ("RMA", "Récupération manuelle"),
    ("RMO", "Rectification du montant"),
    ("RMR", "Rectification du montant à récupérer"),
    ("RPR", "Retenue sur prestations"),
    ("SLD", "Solde (mise à charge sur provision)"),
];

/// The French label of the nature of a debt; `None` for an unknown code.
#[must_use]
pub fn libelle_dette(code: &str) -> Option<&'static str> {
    libelle(&DETTES, code)
}

/// The French label of the nature of an operation; `None` for an unknown code.
#[must_use]
pub fn libelle_operation(code: &str) -> Option<&'static str> {
    libelle(&OPERATIONS, code)
}

fn libelle(table: &[(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    table.binary_search_by_key(&code, |(code, _)| code).ok().map(|at| table[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_codes_unique() {
        let in_order = |table: &[(&str, &str)]| table.windows(2).all(|w| w[0].0 < w[1].0);
        assert!(in_order(&DETTES) && in_order(&OPERATIONS));
        assert_eq!(libelle_dette("IND"), Some("Indu"));
        assert_eq!(libelle_operation("RPR"), Some("Retenue sur prestations"));
        assert_eq!(libelle_dette("ZZZ"), None);
    }
}
