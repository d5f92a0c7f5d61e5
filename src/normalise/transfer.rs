//! Transfers of a return file: what each group of one payee and one transfer announces, and the
//! recoveries and flat payments under it.

use super::outcome::{ReturnSource, transfer};
use super::{DepositContext, Origin};
use crate::domain::masking::masked;
use crate::domain::{
    ExchangeId, FlatDetail, FreeText, ItemsDigest, PartKind, ToldTransfer, Transfer, TransferItem,
    TransferItemKind,
};
use crate::reading::Batches;
use noemie_parsers::noemie::{
    Contexte, DetailForfait, Element, Mouvement, NatureMouvement, Packaging, Payeur, Reader, Retour,
};
use noemie_parsers::types::Montant;
use std::sync::Arc;
use time::OffsetDateTime;

/// Reads what an archived file tells of transfers, as the second pass wrote it.
pub(crate) fn read_told(context: &DepositContext, packaging: Packaging) -> Batches<Told> {
    let context = context.clone();
    Batches::start(context.batch_size, move |sender| {
        let mut reader = Reader::new(context.open_file()?, packaging);
        let mut transfers = TransferReader::new(&context.origin);
        let mut source = ReturnSource::of(None, &context.origin);
        while let Some(element) = reader.next_element()? {
            for told in transfers.take(&element, &source) {
                sender.push(told)?;
            }
            if let Element::EnTete(header) = &element {
                source = ReturnSource::of(Some(header), &context.origin);
            }
        }
        transfers.close().map_or(Ok(()), |told| sender.push(told))?;
        Ok(reader.comptes().entites)
    })
}

/// A row about a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// A recovery or flat payment; its transfer follows.
    Item(Box<TransferItem>),
    /// A group, once it is closed.
    Transfer(Box<ToldTransfer>),
}

/// Follows the elements of a return file, and makes the rows about its transfers. Holds sums of one
/// group only, so that memory does not grow with the file.
pub(crate) struct TransferReader {
    exchange_id: ExchangeId,
    received_at: OffsetDateTime,
    groups: u64,
    items: u64,
    open: Option<Open>,
}

/// A group that is not closed yet.
struct Open {
    contexte: Arc<Contexte>,
    told: ToldTransfer,
    /// Whether money, or a return whose money is unknown, stands under it.
    has_money: bool,
}

impl Open {
    /// Returns whether a context has the payee and the transfer of the group.
    fn is_around(&self, contexte: &Contexte) -> bool {
        self.contexte.destinataire == contexte.destinataire
            && self.contexte.virement == contexte.virement
    }
}

impl TransferReader {
    /// Starts with the first element of a file.
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            exchange_id: origin.exchange_id,
            received_at: origin.received_at,
            groups: 0,
            items: 0,
            open: None,
        }
    }

    /// Takes the next element and returns the rows that are complete with it.
    pub(crate) fn take(&mut self, element: &Element, source: &ReturnSource) -> Vec<Told> {
        let mut rows = Vec::new();
        match element {
            Element::Retour(retour) => self.retour(retour, source, &mut rows),
            Element::Mouvement(mouvement) => {
                self.enter(&mouvement.contexte, source, &mut rows);
                self.item(mouvement, None, &mut rows);
            }
            Element::FinVirement(fin) => {
                self.enter(&fin.contexte, source, &mut rows);
                if let Some(open) = &mut self.open {
                    open.told.announced = fin.cumul.filter(|sum| *sum != Montant::ZERO);
                }
                rows.extend(self.close());
            }
            Element::EnTete(_) | Element::FinFichier(_) => rows.extend(self.close()),
            Element::Anomalies(_) => {}
        }
        rows
    }

    /// Closes the last group of the file.
    pub(crate) fn close(&mut self) -> Option<Told> {
        let Open { told, has_money, .. } = self.open.take()?;
        let is_kept = has_money || told.announced.is_some();
        is_kept.then(|| Told::Transfer(Box::new(told)))
    }

    fn retour(&mut self, retour: &Retour, source: &ReturnSource, rows: &mut Vec<Told>) {
        self.enter(&retour.contexte, source, rows);
        let is_quarantined = retour.quarantined();
        if let Some(Open { told, has_money, .. }) = &mut self.open {
            let first = told.invoices.map_or(retour.ordinal, |(first, _)| first);
            told.invoices = Some((first, retour.ordinal));
            told.quarantined += u64::from(is_quarantined);
            *has_money |= is_quarantined || retour.parts().any(|(_, p)| p.paye != Montant::ZERO);
        }
        if !is_quarantined {
            self.parts(retour);
            for mouvement in &retour.mouvements {
                self.item(mouvement, Some(retour.ordinal), rows);
            }
        }
    }

    /// Adds the parts with money of a return to the digest of the items.
    fn parts(&mut self, retour: &Retour) {
        let Some(open) = &mut self.open else { return };
        for (payeur, part) in retour.parts().filter(|(_, part)| part.paye != Montant::ZERO) {
            let kind = if payeur == Payeur::Amo { PartKind::Amo } else { PartKind::Amc };
            let amc = part.numero_amc.map(|number| number.as_str().to_owned());
            open.told.items.add(&[
                kind.as_str(),
                &retour.numero,
                &part.paye.centimes().to_string(),
                &amc.unwrap_or_default(),
            ]);
        }
    }

    /// Goes on in the group of this context; closes another one that is open.
    fn enter(&mut self, contexte: &Arc<Contexte>, source: &ReturnSource, rows: &mut Vec<Told>) {
        if self.open.as_ref().is_some_and(|open| open.is_around(contexte)) {
            return;
        }
        rows.extend(self.close());
        self.groups += 1;
        let virement = contexte.virement.as_ref();
        let payer = virement.map_or("", |v| v.organisme_payeur.as_str());
        let of_no_transfer =
            || Transfer { day: source.day, raw_day: String::new(), label: FreeText::default() };
        let told = ToldTransfer {
            told_in: self.exchange_id,
            group: self.groups,
            told_by: masked(&source.told_by),
            told_at: self.received_at,
            payee: payee(contexte),
            payer: masked(if payer.is_empty() { &source.issuer } else { payer }),
            transfer: virement.map_or_else(of_no_transfer, |v| transfer(v, source.day)),
            announced: None,
            invoices: None,
            quarantined: 0,
            items: ItemsDigest::default(),
        };
        self.open = Some(Open { contexte: Arc::clone(contexte), told, has_money: false });
    }

    fn item(&mut self, mouvement: &Mouvement, ordinal: Option<u64>, rows: &mut Vec<Told>) {
        let Some(open) = &mut self.open else { return };
        self.items += 1;
        open.has_money = true;
        let mut item = TransferItem {
            told_in: self.exchange_id,
            rank: self.items,
            group: open.told.group,
            ordinal,
            kind: TransferItemKind::FlatPayment,
            amount: mouvement.montant,
            code: FreeText::default(),
            operation: FreeText::default(),
            reference: FreeText::default(),
            debt_day: FreeText::default(),
            balance: None,
            details: Vec::new(),
        };
        match &mouvement.nature {
            NatureMouvement::Retenue { reference, date, dette, operation, solde, .. } => {
                item.kind = TransferItemKind::Recovery;
                item.code = dette.as_str().into();
                item.operation = operation.as_str().into();
                item.reference = reference.as_str().into();
                item.debt_day = date.brute().trim().into();
                item.balance = Some(*solde);
            }
            NatureMouvement::Forfait { code, details } => {
                item.code = code.as_str().into();
                item.details = details.iter().map(detail).collect();
            }
        }
        open.told.items.add(&[
            item.kind.as_str(),
            item.code.as_str(),
            item.reference.as_str(),
            &item.amount.centimes().to_string(),
        ]);
        rows.push(Told::Item(Box::new(item)));
    }
}

fn detail(detail: &DetailForfait) -> FlatDetail {
    let period = format!("{} {} {}", detail.periodicite, detail.debut.brute(), detail.fin.brute());
    FlatDetail {
        code: detail.codification.as_str().into(),
        label: detail.libelle.as_str().into(),
        period: period.trim().into(),
        amount: detail.montant.centimes(),
    }
}

/// Returns the PS number of the payee, or the zone as sent, masked, where it holds none.
fn payee(contexte: &Contexte) -> String {
    let Some(destinataire) = &contexte.destinataire else { return String::new() };
    match destinataire.ps {
        Some(ps) => ps.as_str().to_owned(),
        None => FreeText::new(String::from_utf8_lossy(&destinataire.brut).trim()).to_string(),
    }
}
