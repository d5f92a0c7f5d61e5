//! Families of rejects: meaning of a reason for the professional, and what they can do.
//!
//! The families are those of two public programs of transporters. The tables give the family of a
//! known code; the family of an unknown code is read from its label, because payers renumber their
//! codes and keep their words.

use crate::remplir::capitales;

/// Family of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RejectFamily {
    /// The invoice was settled or received before.
    Duplicate,
    /// The invoice came too late.
    Delay,
    /// Insured person unknown, or rights closed on the day of care.
    Rights,
    /// The invoice belongs to another payer.
    WrongPayer,
    /// The exemption is not known to the payer.
    Exemption,
    /// Prior agreement missing, refused or out of date.
    PriorAgreement,
    /// A document is missing.
    MissingDocument,
    /// Prescriber or prescription.
    Prescription,
    /// Amount, rate, price or act.
    Tariff,
    /// Contract or number of the complementary insurer.
    Complementary,
    /// Any other reason.
    Other,
}

/// Texts of a family.
struct Texts {
    code: &'static str,
    meaning: &'static str,
    to_do: &'static str,
}

impl RejectFamily {
    /// Every family, in order.
    pub const ALL: [Self; 11] = [
        Self::Duplicate,
        Self::Delay,
        Self::Rights,
        Self::WrongPayer,
        Self::Exemption,
        Self::PriorAgreement,
        Self::MissingDocument,
        Self::Prescription,
        Self::Tariff,
        Self::Complementary,
        Self::Other,
    ];

    /// Returns the stable code, for example `DROITS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.texts().code
    }

    /// Returns the family of a stable code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == code)
    }

    /// Returns what a reason of the family means, one French sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.texts().meaning
    }

    /// Returns what the professional can do, one French sentence.
    #[must_use]
    pub const fn to_do(self) -> &'static str {
        self.texts().to_do
    }

    const fn texts(self) -> Texts {
        let (code, meaning, to_do) = match self {
            Self::Duplicate => (
                "DOUBLON",
                "Le payeur a déjà réglé ou reçu cette facture.",
                "Rapprocher le règlement déjà reçu ; ne pas renvoyer la facture.",
            ),
            Self::Delay => (
                "DELAI",
                "La facture est arrivée hors du délai admis.",
                "Vérifier les dates de la facture ; si elles sont justes, écrire au payeur.",
            ),
            Self::Rights => (
                "DROITS",
                "L'assuré est inconnu du payeur, ou ses droits étaient fermés à la date des soins.",
                "Vérifier la carte ou l'attestation (numéro, caisse, dates), corriger et renvoyer.",
            ),
            Self::WrongPayer => (
                "DESTINATAIRE",
                "La facture relève d'un autre payeur.",
                "Lire de nouveau la carte ou l'attestation, et renvoyer au bon organisme.",
            ),
            Self::Exemption => (
                "EXONERATION",
                "L'exonération facturée n'est pas connue du payeur à la date des soins.",
                "Vérifier les droits à cette date, corriger le taux ou joindre le justificatif.",
            ),
            Self::PriorAgreement => (
                "ACCORD",
                "L'accord préalable ou la prise en charge manque, ou ne couvre pas ces soins.",
                "Vérifier le numéro et les dates de l'accord, corriger et renvoyer.",
            ),
            Self::MissingDocument => {
                ("PIECE", "Une pièce justificative manque.", "Envoyer la pièce demandée au payeur.")
            }
            Self::Prescription => (
                "PRESCRIPTION",
                "Le prescripteur ou la prescription n'est pas accepté.",
                "Vérifier le numéro du prescripteur et la date de l'ordonnance, corriger et \
                 renvoyer.",
            ),
            Self::Tariff => (
                "TARIF",
                "Le montant, le taux, le prix ou l'acte n'est pas celui que le payeur calcule.",
                "Vérifier la cotation et les montants, corriger et renvoyer.",
            ),
            Self::Complementary => (
                "COMPLEMENTAIRE",
                "La complémentaire ne reconnaît pas le contrat, le numéro ou le tiers payant pour \
                 cet acte.",
                "Vérifier la carte de tiers payant (numéro AMC, adhérent, dates, actes couverts) ; \
                 corriger et renvoyer, ou interroger la complémentaire.",
            ),
            Self::Other => (
                "AUTRE",
                "Le payeur donne ce motif sans autre précision.",
                "Se reporter au libellé du payeur, ou l'interroger avec le numéro de la facture.",
            ),
        };
        Texts { code, meaning, to_do }
    }

    /// Returns the family that the words of a label tell; `Other` when none does.
    #[must_use]
    pub fn of_label(label: &str) -> Self {
        let capitals = capitales(label);
        let words = String::from_utf8_lossy(&capitals);
        let tells = |(family, hints): &(Self, &[&str])| {
            hints.iter().any(|hint| words.contains(hint)).then_some(*family)
        };
        HINTS.iter().find_map(tells).unwrap_or(Self::Other)
    }
}

/// Words that tell a family, in capitals without accents. The first row with one of its words in
/// the label decides: the rows go from the most to the least telling words.
const HINTS: [(RejectFamily, &[&str]); 10] = [
    (
        RejectFamily::Duplicate,
        &[
            "DEJA PAYE",
            "DEJA REGLE",
            "DEJA REMBOURSE",
            "DEJA RECU",
            "DOUBLON",
            "DOUBLE ",
            "CHEVAUCH",
        ],
    ),
    (
        RejectFamily::PriorAgreement,
        &[
            "ACCORD",
            "ENTENTE",
            "PRISE EN CHARGE INCONNUE",
            "PRISE EN CHARGE CLOSE",
            "CELUI DE LA PRISE",
        ],
    ),
    (RejectFamily::Exemption, &["EXONERATION", "EXONERATI", "ALD ", "ETM ", " EXO "]),
    (RejectFamily::Prescription, &["PRESCRI", "ORDONNANCE"]),
    (
        RejectFamily::Complementary,
        &[
            "COMPLEMENTAIRE",
            "MUTUELLE",
            "ORG. COMPL",
            "ADHERENT",
            "DE TIERS PAYANT",
            "HORS TIERS PAYANT",
            "CONTRAT",
        ],
    ),
    (RejectFamily::MissingDocument, &["JUSTIFICATIF", "PIECE", "ATTESTATION"]),
    (
        RejectFamily::WrongPayer,
        &["NON GERE PAR", "AUTRE CAISSE", "DESTINATAIRE ERRONE", "MAUVAISE CAISSE"],
    ),
    (RejectFamily::Delay, &["FORCLUSION", "HORS DELAI", "DELAI DEPASSE", "PRESCRIPTION BIENNALE"]),
    (
        RejectFamily::Rights,
        &[
            "DROITS",
            "ASSURE ABSENT",
            "ASSURE INCONNU",
            "BENEFICIAIRE INCONNU",
            "GARANTIE",
            "MATRICULE",
            "CARTE",
            "NATURE D'ASSURANCE",
        ],
    ),
    (
        RejectFamily::Tariff,
        &[
            "MONTANT",
            "TARIF",
            "PRIX",
            "TAUX",
            "COTATION",
            "ACTE INCONNU",
            "HONORAIRES",
            "MAJORATION",
            "FORFAIT",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_own_code_and_texts() {
        for (at, family) in RejectFamily::ALL.into_iter().enumerate() {
            assert_eq!(RejectFamily::from_code(family.as_str()), Some(family));
            assert!(family.meaning().ends_with('.') && family.to_do().ends_with('.'));
            for other in &RejectFamily::ALL[at + 1..] {
                assert_ne!(family.meaning(), other.meaning());
            }
        }
        assert_eq!(RejectFamily::from_code("DROIT"), None);
    }

    #[test]
    fn words_of_a_label_tell_the_family() {
        let check =
            |label: &str, expect| assert_eq!(RejectFamily::of_label(label), expect, "{label}");
        check("FACTURE DEJA PAYEE", RejectFamily::Duplicate);
        check("Facture déjà réglée au professionnel", RejectFamily::Duplicate);
        check("ETM NON TROUVEE EN BDO", RejectFamily::Exemption);
        check("ALD INCONNUE EN BASE (MAIS PEC POSSIBLE SUR MOTIF FSV)", RejectFamily::Exemption);
        check("ORG. COMPL. INCONNU DANS LA BDO", RejectFamily::Complementary);
        check("ETABLISSEMENT PRESCRIPTEUR INCONNU", RejectFamily::Prescription);
        check("ABSENCE DEMANDE ENTENTE PREALABLE", RejectFamily::PriorAgreement);
        check("DROITS NON OUVERTS", RejectFamily::Rights);
        check("ECART MONTANT DEMANDE / MONTANT CALCULE", RejectFamily::Tariff);
        check("", RejectFamily::Other);
        check("LOT ATYPIQUE", RejectFamily::Other);
    }
}
