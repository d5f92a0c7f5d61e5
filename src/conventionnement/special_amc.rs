//! AMC numbers that name no insurer. A rule answers them before any search, so that a convention
//! stored under such a number cannot change the answer. `docs/conventionnement.md` shows the same
//! table.

use super::answer::{Answer, LookupAnswer, RegisterState};

/// Special AMC number, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpecialAmc {
    pub(super) amc: &'static str,
    pub(super) answer: Answer,
    pub(super) reason_code: &'static str,
    pub(super) reason: &'static str,
}

impl SpecialAmc {
    /// Returns the answer of the rule.
    pub(super) fn answer(&self, register: Option<RegisterState>) -> LookupAnswer {
        LookupAnswer {
            answer: self.answer,
            reason_code: self.reason_code,
            reason: self.reason.to_owned(),
            teletransmission_active: false,
            concentrator: None,
            matched_by: None,
            convention: None,
            establishment: None,
            register,
            warnings: Vec::new(),
        }
    }
}

const TABLE: [SpecialAmc; 3] = [
    SpecialAmc {
        amc: "0099999997",
        answer: Answer::Yes,
        reason_code: "C2S_CAISSE",
        reason: "Complémentaire santé solidaire gérée par la caisse : la caisse règle les deux \
            parts, aucune convention n'est nécessaire.",
    },
    // The number says that a complementary insurer manages the C2S, but not which one.
    SpecialAmc {
        amc: "0088888888",
        answer: Answer::Unknown,
        reason_code: "C2S_ORGANISME_A_PRECISER",
        reason: "Complémentaire santé solidaire gérée par un organisme complémentaire : ce numéro \
            ne dit pas lequel. Interrogez avec le numéro \
                 de l'organisme qui figure sur la carte.",
    },
    SpecialAmc {
        amc: "0075500017",
        answer: Answer::Yes,
        reason_code: "AME",
        reason: "Aide médicale de l'État : la caisse règle, aucune convention n'est nécessaire.",
    },
];

/// Returns the rule of an AMC number (10 digits), `None` for the number of an insurer.
pub(super) fn rule(amc: &str) -> Option<&'static SpecialAmc> {
    TABLE.iter().find(|special| special.amc == amc)
}
