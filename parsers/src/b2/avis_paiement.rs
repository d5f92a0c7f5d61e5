//! Payment notices: a DRE whose invoices tell what the insurer paid.

use super::facture::Facture;
use super::genre::Genre;
use super::texte::text;
use super::{t2, t2x};

/// A payment notice of an insurer, written as the invoice that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvisPaiement {
    /// Financial reference (2X 71-80), trimmed; empty when blank.
    pub reference: String,
    /// Kind of notice (2X 81): `N` the payment is made, `A` it is cancelled.
    pub nature: char,
}

impl Facture {
    /// The payment notice that this record of an invoice is, in a DRE (type de facture `L` or `R`);
    /// `None` for an invoice.
    #[must_use]
    pub fn avis_paiement(&self) -> Option<AvisPaiement> {
        let zone = &t2::ps::TYPE_FACTURE;
        let is_notice = !self.is_cp() && matches!(zone.of(&self.principale().record), b"L" | b"R");
        let suivi = self.piece(Genre::ComplementFacture(b'X')).filter(|_| is_notice);
        is_notice.then(|| AvisPaiement {
            reference: suivi
                .map(|p| text(t2x::dre2009::REFERENCE_FINANCIERE.of(&p.record)))
                .unwrap_or_default(),
            nature: suivi.map_or(' ', |p| char::from(t2x::dre2009::TYPE_AVIS.of(&p.record)[0])),
        })
    }
}
