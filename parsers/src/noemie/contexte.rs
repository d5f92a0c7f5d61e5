//! What the groups around an invoice say of it: who is paid, by which transfer, for which lot.

use super::entite::Entite;
use super::valeurs::DateBrute;
use super::{e010, e020, e040, e070, e071, e080, e081, e150};
use crate::layout::Zone;
use crate::picture;
use crate::types::{Montant, NumeroPs};
use std::sync::Arc;

/// The payee (040).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destinataire {
    /// The 15 characters as found.
    pub brut: [u8; 15],
    /// The last nine, when they are a number of a professional or structure after zeros or blanks.
    pub ps: Option<NumeroPs>,
}

/// The accounting date, and the transfer when the caisse announces it (070 or 071).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Virement {
    /// JJMMAA.
    pub date_comptable: DateBrute,
    /// Text of the bank statement, first line; empty in a 070.
    pub libelle_1: String,
    /// Second line.
    pub libelle_2: String,
    /// Payer.
    pub organisme_payeur: String,
}

/// The end of a group of one payee and one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinVirement {
    /// Groups around its invoices: payee and transfer.
    pub contexte: Arc<Contexte>,
    /// Signed sum of the 990 that closes the group, in centimes: the amount of the transfer. `None`
    /// when the 990 is missing or its sum is blank or unreadable.
    pub cumul: Option<Montant>,
}

/// The lot (080).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Date of constitution.
    pub date: DateBrute,
    /// Three digits.
    pub numero: String,
}

/// What kind of return (081).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRetour {
    /// 01 electronic claims, 02 paper claims, 03 flat payments, 04 arrears, 05 recoveries.
    pub code: String,
    /// Place of execution.
    pub lieu_execution: String,
}

/// The groups open around an entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexte {
    /// 010, 8 digits.
    pub organisme_complementaire: Option<String>,
    /// 020, 15 digits, zeros when there is none.
    pub mandataire: Option<String>,
    /// 040.
    pub destinataire: Option<Destinataire>,
    /// 070 or 071.
    pub virement: Option<Virement>,
    /// 080.
    pub lot: Option<Lot>,
    /// 081.
    pub type_retour: Option<TypeRetour>,
    /// 150: AS, AM, AT.
    pub nature_assurance: Option<String>,
}

impl Contexte {
    /// Whether an entity belongs to the context.
    pub(super) fn concerne(code: &[u8]) -> bool {
        matches!(code, b"010" | b"020" | b"040" | b"070" | b"071" | b"080" | b"081" | b"150")
    }

    /// Whether a group of this entity has a payee or a transfer of its own.
    pub(super) fn ouvre_un_virement(code: &[u8]) -> bool {
        matches!(code, b"040" | b"070" | b"071")
    }

    /// Takes what an entity says.
    pub(super) fn noter(&mut self, entite: &Entite) {
        let octets = &entite.octets;
        let texte = |zone: &Zone| picture::texte(zone.of(octets));
        match &entite.code {
            b"010" => {
                self.organisme_complementaire =
                    Some(texte(&e010::layout::NUMERO_ORGANISME_COMPLEMENTAIRE))
            }
            b"020" => self.mandataire = Some(texte(&e020::layout::NUMERO_MANDATAIRE)),
            b"040" => {
                self.destinataire = destinataire(e040::layout::NUMERO_DESTINATAIRE.of(octets))
            }
            b"070" => {
                self.virement = Some(journee(e070::layout::DATE_JOURNEE_COMPTABLE.of(octets)))
            }
            b"071" => {
                self.virement = Some(Virement {
                    libelle_1: texte(&e071::layout::LIBELLE_VIREMENT_LIGNE_1),
                    libelle_2: texte(&e071::layout::LIBELLE_VIREMENT_LIGNE_2),
                    organisme_payeur: texte(&e071::layout::ORGANISME_PAYEUR),
                    ..journee(e071::layout::DATE_COMPTABLE_DATE_VIREMENT.of(octets))
                });
            }
            b"080" => {
                let date = DateBrute::lire(e080::layout::DATE_CONSTITUTION_LOT.of(octets));
                self.lot = Some(Lot { date, numero: texte(&e080::layout::NUMERO_LOT) });
            }
            b"081" => {
                let lieu_execution = texte(&e081::layout::NUMERO_LIEU_EXECUTION);
                self.type_retour = Some(TypeRetour {
                    code: texte(&e081::layout::CODE_TYPE_RETOUR),
                    lieu_execution,
                });
            }
            b"150" => self.nature_assurance = Some(texte(&e150::layout::NATURE_ASSURANCE)),
            _ => {}
        }
    }
}

fn journee(date: &[u8]) -> Virement {
    Virement {
        date_comptable: DateBrute::lire(date),
        libelle_1: String::new(),
        libelle_2: String::new(),
        organisme_payeur: String::new(),
    }
}

fn destinataire(zone: &[u8]) -> Option<Destinataire> {
    Some(Destinataire { brut: zone.try_into().ok()?, ps: numero_ps(zone) })
}

/// A PS number on the right of a longer zone.
pub(super) fn numero_ps(zone: &[u8]) -> Option<NumeroPs> {
    let (remplissage, numero) = zone.split_at_checked(zone.len().checked_sub(9)?)?;
    let vide = remplissage.iter().all(|b| *b == b'0') || remplissage.iter().all(|b| *b == b' ');
    if vide { NumeroPs::from_bytes(numero) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payees() {
        let ps = |zone: &[u8]| numero_ps(zone).map(|n| n.as_str().to_owned());
        assert_eq!(ps(b"000000992001362").as_deref(), Some("992001362"));
        assert_eq!(ps(b"0000002A0000014").as_deref(), Some("2A0000014"));
        assert_eq!(ps(b"123456992001362"), None);
        assert_eq!(ps(b"short"), None);
    }
}
