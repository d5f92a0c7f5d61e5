//! Returns of an archived NOEMIE file, normalised: the second pass matches them with claims, and
//! keeps the transfers around them.

use crate::domain::UnwrittenInvoice;
use crate::domain::exchange::civil;
use crate::domain::{KeyId, Token, UnmatchedReturn};
use crate::normalise;
use crate::normalise::{
    Answer, DepositContext, NamedLot, ReturnSource, Told, TransferReader, reasons,
};
use crate::reading::Batches;
use crate::vault::TOKEN_VERSION;
use noemie_parsers::noemie::{Element, Packaging, Reader, Retour};

/// A return as the controls judge it.
pub(super) enum ReadReturn {
    /// The return is matched with a claim.
    Answer(Box<Answer>),
    /// The controls quarantine the return.
    Quarantined(Box<QuarantinedReturn>),
    /// A row about a transfer, after the returns under it.
    Told(Told),
}

/// A return that the controls quarantine. Its row is stored among the unmatched returns with an
/// empty identity, so that no later claim matches it.
pub(super) struct QuarantinedReturn {
    /// Row in the store.
    pub(super) row: UnmatchedReturn,
    /// Entry in the ARL.
    pub(super) unwritten: UnwrittenInvoice,
    /// Entities of the return.
    pub(super) entities: u64,
}

/// Reads the returns of a file.
pub(super) fn read_returns(context: &DepositContext, packaging: Packaging) -> Batches<ReadReturn> {
    let context = context.clone();
    Batches::start(context.batch_size, move |sender| {
        let mut reader = Reader::new(context.open_file()?, packaging);
        let mut in_returns = 0;
        let mut source = ReturnSource::of(None, &context.origin);
        let mut transfers = TransferReader::new(&context.origin);
        while let Some(element) = reader.next_element()? {
            for told in transfers.take(&element, &source) {
                sender.push(ReadReturn::Told(told))?;
            }
            match element {
                Element::EnTete(header) => {
                    source = ReturnSource::of(Some(&header), &context.origin);
                }
                Element::Retour(retour) => {
                    in_returns += retour.entites.len() as u64;
                    sender.push(read_return(&retour, &source, &context))?;
                }
                _ => {}
            }
        }
        if let Some(told) = transfers.close() {
            sender.push(ReadReturn::Told(told))?;
        }
        Ok(reader.comptes().entites - in_returns)
    })
}

fn read_return(retour: &Retour, source: &ReturnSource, context: &DepositContext) -> ReadReturn {
    let entities = retour.entites.len() as u64;
    if retour.quarantined() {
        return ReadReturn::Quarantined(Box::new(QuarantinedReturn {
            row: quarantined_row(retour),
            unwritten: unwritten(retour),
            entities,
        }));
    }
    ReadReturn::Answer(Box::new(Answer {
        ordinal: retour.ordinal,
        record: retour.position.record,
        entities,
        ps: ps(retour),
        invoice_number: retour.numero.clone(),
        complement: retour.complement.clone(),
        person: normalise::person(retour),
        identities: normalise::identities(retour, context.origin.lane, &context.vault),
        lot: named_lot(retour),
        outcomes: normalise::outcomes(retour, source, &context.origin),
    }))
}

fn named_lot(retour: &Retour) -> NamedLot {
    let dates = retour.date_lot.iter().flat_map(|date| [date.jjmmaa(), date.aammjj()]);
    NamedLot { number: retour.lot.clone(), dates: dates.flatten().filter_map(civil).collect() }
}

fn ps(retour: &Retour) -> String {
    let destinataire = retour.contexte.destinataire.as_ref();
    destinataire.and_then(|d| d.ps).map(|n| n.as_str().to_owned()).unwrap_or_default()
}

fn quarantined_row(retour: &Retour) -> UnmatchedReturn {
    let codes: Vec<String> = reasons(&retour.anomalies).into_iter().map(|(code, _)| code).collect();
    UnmatchedReturn {
        ordinal: retour.ordinal,
        identity: Token(String::new()),
        other_identity: Token(String::new()),
        token_version: TOKEN_VERSION,
        ps: ps(retour),
        invoice_number: retour.numero.clone(),
        invoice_complement: retour.complement.clone(),
        amc_number: String::new(),
        summary: format!("Retour mis de côté : {}", codes.join(", ")),
        vault: Vec::new(),
        key_id: KeyId(String::new()),
        is_quarantined: true,
    }
}

fn unwritten(retour: &Retour) -> UnwrittenInvoice {
    UnwrittenInvoice {
        ps: ps(retour),
        lot: retour.lot.clone(),
        invoice_number: retour.numero.clone(),
        reasons: reasons(&retour.anomalies),
    }
}
