//! Return files other than ARLs, each opened and compared with the digest of its row.

use super::finding::{Kind, Verification};
use super::sources::Sources;
use crate::domain::{ReturnFile, ReturnKind, Scope};
use crate::store::StoreError;
use crate::vault::VaultError;

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
            if let Some((kind, fault)) = fault(sources, file) {
                verification.find(kind, None, format!("{}: {fault}", file.file_name));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Returns in words what is wrong with a file.
fn fault(sources: &Sources, file: &ReturnFile) -> Option<(Kind, String)> {
    let opened = sources.vault.unseal(&ReturnFile::seal_context(file.id), &file.sealed);
    let fault = match opened {
        Err(VaultError::OtherKey) => {
            return Some((Kind::OtherKey, VaultError::OtherKey.to_string()));
        }
        Err(failure) => failure.to_string(),
        Ok(body) if blake3::hash(&body).to_hex().as_str() != file.digest => {
            "it has another digest".to_owned()
        }
        Ok(_) if file.key_id.0 != sources.vault.key_id() => {
            "its row names another key than the one that sealed it".to_owned()
        }
        Ok(_)
            if file.kind == ReturnKind::Rejects580
                && (file.exchange_id.is_some()
                    || file.file_name != ReturnFile::rejects_name(file.id)) =>
        {
            "its row differs from the row of a file of rejects".to_owned()
        }
        Ok(_) => return None,
    };
    Some((Kind::ReturnFileAltered, fault))
}
