//! Delivered files whose rows the database lost: a restore of an older database beside newer files.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::{ExchangeId, ReturnId, Scope};
use crate::reading::blocking;
use crate::store::StoreError;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};
use uuid::Uuid;

/// Files looked up with one read of the database.
const BATCH_SIZE: usize = 500;

/// A file in the directory of a recipient.
struct Delivered {
    recipient: String,
    name: String,
    id: Uuid,
    is_arl: bool,
}

/// Finds the delivered files that no row names, and says what to tell their recipients. A directory
/// that cannot be read is a finding as well.
pub(super) async fn find_lost(
    sources: &Sources,
    out: &Path,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let out: PathBuf = out.to_owned();
    let files = match blocking(move || delivered(&out)).await {
        Ok(files) => files,
        Err(failure) => {
            let detail = format!("the delivered files cannot be listed: {failure}");
            verification.find(Kind::ReceiptLost, None, detail);
            return Ok(());
        }
    };
    let (arls, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.is_arl);
    for batch in arls.chunks(BATCH_SIZE) {
        let ids: Vec<ExchangeId> = batch.iter().map(|file| ExchangeId(file.id)).collect();
        let known = sources.store.chain_sequences(&ids).await?;
        let known: HashSet<Uuid> = known.into_iter().map(|(id, _)| id.0).collect();
        for file in batch.iter().filter(|file| !known.contains(&file.id)) {
            let detail = lost_receipt(sources, file).await;
            verification.find(Kind::ReceiptLost, Some(ExchangeId(file.id)), detail);
        }
    }
    for file in others {
        let known = sources.store.return_file(&Scope::everything(), ReturnId(file.id)).await?;
        if known.is_none() {
            let Delivered { recipient, name, .. } = file;
            let detail = format!(
                "{name} was delivered to {recipient}, and the database has lost it with its \
                 rejects: restore a newer database, or tell {recipient} which rejects it announced"
            );
            verification.find(Kind::ReceiptLost, None, detail);
        }
    }
    Ok(())
}

/// Returns in words what the lost receipt of an ARL means.
async fn lost_receipt(sources: &Sources, file: &Delivered) -> String {
    let (archive, id) = (Arc::clone(&sources.archive), file.id);
    let raw = match blocking(move || archive.find(id)).await {
        Ok(Some(name)) => format!("its raw file is still {name} in the archive"),
        _ => "its raw file is not in the archive".to_owned(),
    };
    let Delivered { recipient, name, .. } = file;
    format!(
        "{name} was delivered to {recipient}, and the database has lost its receipt; {raw}: \
         restore a newer database, or ask {recipient} to send the file again"
    )
}

/// Lists the ARLs and files of rejects in the directories of the recipients.
fn delivered(out: &Path) -> io::Result<Vec<Delivered>> {
    let mut files = Vec::new();
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
            files.push(Delivered { recipient: recipient.clone(), name, id, is_arl });
        }
    }
    Ok(files)
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
