//! Delivered and archived files whose rows the database lost: a restore of an older database beside
//! newer files.
//!
//! An ARL in the directory of a recipient proves that its receipt was given. An archived file
//! without receipt proves less, because a deposit may be cut before its receipt: such a file counts
//! as lost only where an ARL or a witness line shows that the database is older than its files.

use super::finding::{Kind, Verification};
use super::losses::{LOSSES, Loss, LostDeposit, RESTORE_FINISH, made_at};
use super::sources::Sources;
use crate::archive::Archive;
use crate::domain::civil_time::reception_hour;
use crate::domain::{ExchangeId, ReturnId, Scope};
use crate::reading::{BatchSender, Batches, blocking};
use crate::store::{Stage, StoreError};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};
use time::OffsetDateTime;
use uuid::Uuid;

/// Files looked up with one read of the database.
const BATCH_SIZE: usize = 500;

/// Sender of an archived file that names none.
const UNKNOWN_SENDER: &str = "sender unknown";

/// A file in the directory of a recipient.
struct Delivered {
    recipient: String,
    name: String,
    id: Uuid,
    is_arl: bool,
}

/// Reads the losses that ended restores put on record: they become notes.
pub(super) async fn read_known(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let steps = sources.store.steps_of_action(RESTORE_FINISH).await?;
    let ended: HashSet<Uuid> = steps
        .iter()
        .filter(|step| step.stage == Stage::Done)
        .map(|step| step.operation_id)
        .collect();
    let listed = steps.iter().filter(|step| ended.contains(&step.operation_id));
    let ids = listed.filter_map(|step| step.detail[LOSSES].as_array()).flatten();
    verification.known = ids.filter_map(|id| id.as_str()?.parse().ok()).collect();
    Ok(())
}

/// Finds the delivered and archived files that no row names, and says what to tell their senders. A
/// directory that cannot be read is a finding as well.
pub(super) async fn find_lost(
    sources: &Sources,
    out: &Path,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let out: PathBuf = out.to_owned();
    let mut lost = HashSet::new();
    let mut files = Batches::start(BATCH_SIZE, move |sender| delivered(&out, sender).map(|()| 0));
    while let Some(batch) = files.next_batch().await {
        find_lost_receipts(sources, &batch, &mut lost, verification).await?;
        find_lost_rejects(sources, batch, verification).await?;
    }
    if let Err(failure) = files.envelope().await {
        let detail = format!("the delivered files cannot be listed: {failure}");
        verification.find(Kind::ReceiptLost, None, detail);
    }
    if lost.is_empty() && !verification.findings.iter().any(|f| f.code == Kind::WitnessDiffers) {
        return Ok(());
    }
    find_lost_deposits(sources, &lost, verification).await
}

/// Finds the ARLs of a batch whose receipts the database lost.
async fn find_lost_receipts(
    sources: &Sources,
    batch: &[Delivered],
    lost: &mut HashSet<Uuid>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let arls = || batch.iter().filter(|file| file.is_arl);
    let ids: Vec<ExchangeId> = arls().map(|file| ExchangeId(file.id)).collect();
    let known = sources.store.chain_sequences(&ids).await?;
    let known: HashSet<Uuid> = known.into_iter().map(|(id, _)| id.0).collect();
    for file in arls().filter(|file| !known.contains(&file.id)) {
        lost.insert(file.id);
        let (archive, id) = (Arc::clone(&sources.archive), file.id);
        let raw = blocking(move || archive.find(id)).await.ok().flatten();
        let detail = lost_receipt(file, raw.as_deref());
        let deposit = LostDeposit {
            exchange: ExchangeId(id),
            file: file_of_arl(&file.name).to_owned(),
            reference: String::new(),
            deposited_at: made_at(id),
            arl: file.name.clone(),
            is_archived: raw.is_some(),
        };
        let loss = Loss::Receipt(deposit);
        verification.lose(
            Kind::ReceiptLost,
            id,
            Some(ExchangeId(id)),
            detail,
            (&file.recipient, loss),
        );
    }
    Ok(())
}

/// Returns in words what the lost receipt of an ARL means.
fn lost_receipt(file: &Delivered, raw: Option<&str>) -> String {
    let raw = raw.map_or_else(
        || "its raw file is not in the archive".to_owned(),
        |name| format!("its raw file is still {name} in the archive"),
    );
    let Delivered { recipient, name, .. } = file;
    format!(
        "{name} was delivered to {recipient}, and the database has lost its receipt; {raw}: \
         restore a newer database, or ask {recipient} to send the file again"
    )
}

/// Finds the files of rejects of a batch that the database lost.
async fn find_lost_rejects(
    sources: &Sources,
    batch: Vec<Delivered>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    for file in batch.into_iter().filter(|file| !file.is_arl) {
        let known = sources.store.return_file(&Scope::everything(), ReturnId(file.id)).await?;
        if known.is_none() {
            let Delivered { recipient, name, id, .. } = file;
            let detail = format!(
                "{name} was delivered to {recipient}, and the database has lost it with its \
                 rejects: restore a newer database, or tell {recipient} which rejects it announced"
            );
            let loss = Loss::Rejects(name);
            verification.lose(Kind::ReceiptLost, id, None, detail, (&recipient, loss));
        }
    }
    Ok(())
}

/// Finds the archived files without receipt, staged deposit or ARL.
async fn find_lost_deposits(
    sources: &Sources,
    lost: &HashSet<Uuid>,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let archive = Arc::clone(&sources.archive);
    let mut files = Batches::start(BATCH_SIZE, move |sender| {
        let mut pushed = Ok(());
        archive.walk(|name, id| {
            pushed = sender.push((name, id));
            pushed.is_ok()
        })?;
        pushed.map(|()| 0)
    });
    while let Some(batch) = files.next_batch().await {
        let names: Vec<String> = batch.iter().map(|(name, _)| name.clone()).collect();
        let named = sources.store.archive_names_in_use(&names).await?;
        let named: HashSet<String> = named.into_iter().collect();
        for (name, id) in batch {
            if !named.contains(&name) && !lost.contains(&id) {
                lose_deposit(sources, name, id, verification).await;
            }
        }
    }
    if let Err(failure) = files.envelope().await {
        let detail = format!("the archive cannot be listed: {failure}");
        verification.find(Kind::ArchiveUnreadable, None, detail);
    }
    Ok(())
}

/// Records an archived file that no row names.
async fn lose_deposit(sources: &Sources, name: String, id: Uuid, verification: &mut Verification) {
    let (archive, opened, at) = (Arc::clone(&sources.archive), name.clone(), made_at(id));
    let (sender, reference) = blocking(move || sender_of(&archive, &opened, at))
        .await
        .unwrap_or_else(|_| (UNKNOWN_SENDER.to_owned(), String::new()));
    let detail = format!(
        "{name} is in the archive, and the database has neither its receipt nor a deposit under \
         way; no ARL of it was delivered to a directory. {sender}, {reference}: ask whether the \
         file was acknowledged over gRPC, and have it sent again"
    );
    let deposit = LostDeposit {
        exchange: ExchangeId(id),
        file: String::new(),
        reference,
        deposited_at: at,
        arl: String::new(),
        is_archived: true,
    };
    let (exchange, loss) = (Some(ExchangeId(id)), Loss::Receipt(deposit));
    verification.lose(Kind::ReceiptLost, id, exchange, detail, (&sender, loss));
}

/// Returns the issuer and the reference of the first 000 of an archived file, in words.
fn sender_of(
    archive: &Archive,
    name: &str,
    at: Option<OffsetDateTime>,
) -> io::Result<(String, String)> {
    let mut source = archive.open(name)?;
    let hour = reception_hour(at.unwrap_or(OffsetDateTime::UNIX_EPOCH));
    let examination = noemie_xray::examine_at(&mut source, "", hour)?;
    let first = examination.remittances.first();
    let (first, _) = first.ok_or(io::ErrorKind::InvalidData)?;
    let reference = format!("file {} of {}", first.file_id, first.created);
    Ok((format!("issuer {}", first.issuer), reference))
}

/// Returns the name of the sender's file in the name of its ARL; empty when it has none.
fn file_of_arl(name: &str) -> &str {
    let name = name.strip_suffix(".noemie").unwrap_or(name);
    name.splitn(4, '_').nth(3).unwrap_or_default()
}

/// Lists the ARLs and files of rejects in the directories of the recipients.
fn delivered(out: &Path, files: &mut BatchSender<Delivered>) -> io::Result<()> {
    for directory in entries(out)? {
        let recipient = file_name(&directory);
        for path in entries(&directory)? {
            let name = file_name(&path);
            let Some((kind, id)) = name.strip_suffix(".noemie").and_then(|n| n.split_once('_'))
            else {
                continue;
            };
            // An ARL goes on with its sign and the name of the file that it answers.
            let id = id.split_once('_').map_or(id, |(id, _)| id);
            let (Ok(id), true) = (Uuid::try_parse(id), matches!(kind, "ARL" | "580")) else {
                continue;
            };
            let is_arl = kind == "ARL";
            files.push(Delivered { recipient: recipient.clone(), name, id, is_arl })?;
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        found => found?.map(|entry| entry.map(|entry| entry.path())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_deposited_file_is_read_from_that_of_its_arl() {
        let id = Uuid::nil();
        let name = format!("ARL_{id}_pos_lot_1.b2.noemie");
        assert_eq!(file_of_arl(&name), "lot_1.b2");
        assert_eq!(file_of_arl(&format!("ARL_{id}_neg.noemie")), "");
    }
}
