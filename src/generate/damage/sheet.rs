//! A small file as a list of records that can be changed, inserted and removed.

use noemie_parsers::b2::{Element, Genre, Lecteur, Totaux};
use noemie_parsers::layout::Zone;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::{picture, remplir};
use std::io;

/// A record with its kind.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
    pub(super) genre: Genre,
    /// Index of its invoice in the file.
    pub(super) invoice: Option<usize>,
    /// Whether its lot is of norm CP.
    pub(super) cp: bool,
}

/// Number and totals of an invoice.
pub(super) struct Invoice {
    pub(super) number: String,
    pub(super) totals: Totaux,
}

/// A file as a list of records.
pub(super) struct Sheet {
    pub(super) records: Vec<Record>,
    pub(super) invoices: Vec<Invoice>,
    forme: Forme,
}

impl Sheet {
    pub(super) fn read(clean: &[u8], forme: Forme) -> io::Result<Self> {
        let mut sheet = Self { records: Vec::new(), invoices: Vec::new(), forme };
        let mut reader = Lecteur::new(clean, forme);
        while let Some(element) = reader.suivant()? {
            let genre = match &element {
                Element::EnTete(_) => Genre::EnTete,
                Element::Lot(_) => Genre::Lot,
                Element::ComplementLot(c) => c.genre,
                Element::FinLot(_) => Genre::FinLot,
                Element::FinFichier(_) => Genre::FinFichier,
                Element::Anomalies(_) => continue,
                Element::Facture(facture) => {
                    let (invoice, cp) = (Some(sheet.invoices.len()), facture.is_cp());
                    sheet.records.extend(facture.pieces.iter().map(|p| Record {
                        bytes: p.record.to_vec(),
                        genre: p.genre,
                        invoice,
                        cp,
                    }));
                    sheet
                        .invoices
                        .push(Invoice { number: facture.numero(), totals: facture.totaux() });
                    continue;
                }
            };
            sheet.records.extend(element.records().map(|(_, r)| Record {
                bytes: r.to_vec(),
                genre,
                invoice: None,
                cp: false,
            }));
        }
        Ok(sheet)
    }

    const fn line_end(&self) -> &'static [u8] {
        match self.forme {
            Forme::Blocs => b"",
            Forme::Crlf => b"\r\n",
            Forme::Lf => b"\n",
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.records.iter().flat_map(|r| r.bytes.iter().chain(self.line_end())).copied().collect()
    }

    /// Offset of a record.
    pub(super) fn offset(&self, index: usize) -> u64 {
        self.records[..index].iter().map(|r| (r.bytes.len() + self.line_end().len()) as u64).sum()
    }

    /// Returns the first record of that kind in an invoice.
    pub(super) fn find_in(&self, invoice: usize, which: impl Fn(Genre) -> bool) -> Option<usize> {
        self.records.iter().position(|r| r.invoice == Some(invoice) && which(r.genre))
    }

    /// Adds `n` to a number of a record.
    pub(super) fn add(&mut self, index: usize, zone: &Zone, n: u64) {
        self.change(index, zone, |value| value + n);
    }

    /// Subtracts one from a number of the next record of that kind.
    pub(super) fn lower(&mut self, from: usize, genre: Genre, zone: &Zone) {
        if let Some(i) = self.records[from..].iter().position(|r| r.genre == genre) {
            self.change(from + i, zone, |value| value.saturating_sub(1));
        }
    }

    fn change(&mut self, index: usize, zone: &Zone, with: impl Fn(u64) -> u64) {
        let bytes = &mut self.records[index].bytes;
        let value = picture::nombre(zone.of(bytes)).ok().flatten().unwrap_or_default();
        let start = usize::from(zone.start) - 1;
        let _fits = remplir::nombre(&mut bytes[start..start + usize::from(zone.len)], with(value));
    }
}
