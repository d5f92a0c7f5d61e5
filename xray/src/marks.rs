//! The marks of a file: whether a record says that it is a test or a demonstration, and whether two
//! records contradict one another.

use noemie_parsers::anomaly::{Anomaly, Code, Position};
use noemie_parsers::b2::{Facture, FinLot, NormeLot, t2, t6};
use noemie_parsers::layout::Zone;
use noemie_parsers::marquage::Marquage;
use noemie_parsers::noemie::{EnTete, e000};

/// Marks that a pass has met.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    first: Option<(Marquage, u64)>,
    is_test: bool,
    is_mixed: bool,
}

impl Marks {
    /// Returns whether a record is marked as a test or a demonstration.
    pub(crate) const fn is_test(&self) -> bool {
        self.is_test
    }

    /// Reads the mark of the type 2 of an invoice, which only norm PS has; the columns of a
    /// quarantined invoice are not trusted. Returns a warning at the first record of the file
    /// whose mark contradicts the marks before it.
    pub(crate) fn invoice(&mut self, facture: &Facture) -> Option<Anomaly> {
        let piece = facture.principale();
        if facture.tables.norme != NormeLot::Ps || facture.quarantined() {
            return None;
        }
        self.see(piece.position, "2", &t2::ps::MARQUAGE_FACTURE, &piece.record)
    }

    /// Reads the mark of a type 6, as [`Self::invoice`].
    pub(crate) fn end_of_lot(&mut self, fin: &FinLot) -> Option<Anomaly> {
        self.see(fin.position, "6", &t6::layout::INDICATEUR_MARQUAGE, &fin.record)
    }

    /// Reads the mark of a 000 of NOEMIE, as [`Self::invoice`].
    pub(crate) fn header(&mut self, en_tete: &EnTete) -> Option<Anomaly> {
        self.see(en_tete.position, "000", &e000::layout::TYPE_FLUX, &en_tete.octets)
    }

    fn see(
        &mut self,
        at: Position,
        record_type: &str,
        zone: &'static Zone,
        record: &[u8],
    ) -> Option<Anomaly> {
        let mark = zone.of(record).first().copied().and_then(Marquage::lire)?;
        self.is_test |= mark.is_test();
        let (first, first_record) = *self.first.get_or_insert((mark, at.record));
        if first == mark || self.is_mixed {
            return None;
        }
        self.is_mixed = true;
        let message = format!(
            "Marquage {} ({}) alors que l'enregistrement {first_record} porte {} ({}) : tout le \
             fichier est un test, sauf réglage contraire de son émetteur",
            char::from(mark.octet()),
            mark.libelle(),
            char::from(first.octet()),
            first.libelle()
        );
        Some(Anomaly::on_zone(Code::MarquagesDifferents, at, record_type, zone, record, message))
    }
}
