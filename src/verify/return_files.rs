//! Return files other than ARLs, each opened and compared with the digest of its row.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::{ReturnFile, ReturnKind, Scope};
use crate::store::StoreError;

/// Files read at a time: a file of rejects has some hundred kilobytes at most.
const PAGE_SIZE: usize = 20;

/// Opens every return file that no receipt covers.
pub(super) async fn open_all(
    sources: &Sources,
    verification: &mut Verification,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let everything = Scope::everything();
        let page = sources.store.return_files(&everything, None, None, after, PAGE_SIZE).await?;
        for file in page.items.iter().filter(|file| file.kind != ReturnKind::Arl) {
            if let Some(fault) = fault(sources, file) {
                let detail = format!("{}: {fault}", file.file_name);
                verification.find(Kind::ReturnFileAltered, None, detail);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Returns in words what is wrong with a file.
fn fault(sources: &Sources, file: &ReturnFile) -> Option<String> {
    let body = match sources.vault.unseal(&ReturnFile::seal_context(file.id), &file.sealed) {
        Ok(body) => body,
        Err(failure) => return Some(failure.to_string()),
    };
    if blake3::hash(&body).to_hex().as_str() != file.digest {
        Some("it has another digest".to_owned())
    } else if file.key_id.0 != sources.vault.key_id() {
        Some("its row names another key than the one that sealed it".to_owned())
    } else if file.kind == ReturnKind::Rejects580
        && (file.exchange_id.is_some() || file.file_name != ReturnFile::rejects_name(file.id))
    {
        Some("its row differs from the row of a file of rejects".to_owned())
    } else {
        None
    }
}
