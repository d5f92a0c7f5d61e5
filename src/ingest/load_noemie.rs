//! Second pass over a NOEMIE return: what the payer says is matched to claims and changes their
//! parts.

use super::IngestError;
use super::batch::give_way;
use super::books::Books;
use super::invoices::{BATCHES_AHEAD, reasons};
use super::load_b2::{Source, WriteContext};
use crate::domain::{Token, UnmatchedReturn};
use crate::kill_point;
use crate::matching::{Answer, apply};
use crate::normalise;
use crate::outgoing::arl::NotLoaded;
use crate::store::UnitOfWork;
use noemie_parsers::noemie::{Element, Packaging, Reader, Retour};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Loads the returns of a file.
pub(super) async fn load(
    source: &Source<'_>,
    packaging: Packaging,
    loading: &WriteContext<'_>,
    work: &mut dyn UnitOfWork,
    books: &mut Books,
) -> Result<(), IngestError> {
    let (sender, mut batches) = mpsc::channel::<Vec<ReadReturn>>(BATCHES_AHEAD);
    let (archive, name, vault, size) = (
        Arc::clone(source.archive),
        source.name.to_owned(),
        Arc::clone(loading.vault),
        loading.batch,
    );
    let thread = tokio::task::spawn_blocking(move || -> io::Result<u64> {
        let mut reader = Reader::new(archive.open(&name)?, packaging);
        let mut batch = Vec::with_capacity(size);
        let mut inside = 0u64;
        while let Some(element) = reader.next_element()? {
            if let Element::Retour(retour) = element {
                inside += retour.entites.len() as u64;
                batch.push(ReadReturn::new(&retour, &vault));
            }
            if batch.len() == size && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(0); // The database side failed and says why.
            }
        }
        let _ = sender.blocking_send(batch);
        Ok(reader.comptes().entites - inside)
    });
    while let Some(batch) = batches.recv().await {
        write(batch, loading, work, books).await?;
    }
    let envelope = thread
        .await
        .map_err(io::Error::other)
        .and_then(|r| r)
        .map_err(IngestError::archive("reading the file again"))?;
    books.envelope(envelope);
    Ok(())
}

/// One return, read.
enum ReadReturn {
    /// To be matched.
    Answer(Answer),
    /// Put aside by the parser: what is kept, what the ARL tells, number of entities.
    Unmatched(Box<(UnmatchedReturn, NotLoaded, u64)>),
}

impl ReadReturn {
    fn new(retour: &Retour, vault: &crate::vault::Vault) -> Self {
        let entities = retour.entites.len() as u64;
        if retour.quarantined() {
            return Self::Unmatched(Box::new((put_aside(retour), told(retour), entities)));
        }
        Self::Answer(Answer {
            ordinal: retour.ordinal,
            record: retour.position.record,
            entities,
            ps: ps(retour),
            invoice_number: retour.numero.clone(),
            identities: normalise::identities(retour, vault),
            outcomes: normalise::outcomes(retour),
        })
    }
}

fn ps(retour: &Retour) -> String {
    retour
        .contexte
        .destinataire
        .as_ref()
        .and_then(|d| d.ps)
        .map(|n| n.as_str().to_owned())
        .unwrap_or_default()
}

/// A return that cannot be believed is kept with those without claim, under no identity: nothing
/// must match it later.
fn put_aside(retour: &Retour) -> UnmatchedReturn {
    let codes: Vec<String> = reasons(&retour.anomalies).into_iter().map(|(code, _)| code).collect();
    UnmatchedReturn {
        ordinal: retour.ordinal,
        identity: Token(String::new()),
        ps: ps(retour),
        invoice_number: retour.numero.clone(),
        summary: format!("Retour mis de côté : {}", codes.join(", ")),
    }
}

fn told(retour: &Retour) -> NotLoaded {
    NotLoaded {
        ps: ps(retour),
        lot: retour.lot.clone(),
        invoice_number: retour.numero.clone(),
        reasons: reasons(&retour.anomalies),
    }
}

async fn write(
    batch: Vec<ReadReturn>,
    loading: &WriteContext<'_>,
    work: &mut dyn UnitOfWork,
    books: &mut Books,
) -> Result<(), IngestError> {
    let (mut answers, mut kept) = (Vec::with_capacity(batch.len()), Vec::new());
    for lu in batch {
        match lu {
            ReadReturn::Answer(answer) => answers.push(answer),
            ReadReturn::Unmatched(aside) => {
                let (put_aside, told, entities) = *aside;
                books.quarantine(entities);
                books.tell(told);
                kept.push(put_aside);
            }
        }
    }
    let applied = apply(&answers, loading.exchange_id, loading.at, loading.clock, work).await?;
    give_way(applied.exchanges.iter().copied(), loading, work).await?;
    for (answer, matched) in answers.iter().zip(&applied.matched) {
        if *matched { books.accept(answer.entities) } else { books.unmatch(answer.entities) }
    }
    kept.extend(
        answers.into_iter().zip(applied.matched).filter(|(_, m)| !m).map(|(a, _)| unmatched(a)),
    );
    if !kept.is_empty() {
        work.insert_unmatched(loading.exchange_id, &kept).await?;
    }
    kill_point::reach("returns.matched");
    applied.findings.into_iter().for_each(|f| books.find(f));
    Ok(())
}

fn unmatched(answer: Answer) -> UnmatchedReturn {
    let said: Vec<String> = answer
        .outcomes
        .iter()
        .map(|o| format!("{} : {}", o.kind.libelle(), o.state.libelle()))
        .collect();
    UnmatchedReturn {
        ordinal: answer.ordinal,
        identity: answer.identities.into_iter().next().unwrap_or_else(|| Token(String::new())),
        ps: answer.ps,
        invoice_number: answer.invoice_number,
        summary: said.join(" ; "),
    }
}
