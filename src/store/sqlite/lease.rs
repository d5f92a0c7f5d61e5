//! Leases that one task has at a time. One process serves the file; a command may work on the file
//! beside that process (`ingest`, `deposits abandon`), so that the lease of a staged deposit is
//! also a lock file beside the database, which the system frees when its process ends.

use crate::domain::ExchangeId;
use crate::store::codec::doing;
use crate::store::{Lease, StoreError};
use async_trait::async_trait;
use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Work that a lease covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum LeaseKey {
    /// Publication of events.
    Relay,
    /// Writing of a staged deposit.
    StagedDeposit(ExchangeId),
    /// Deposit of the dropped files of a sender, by the key of the sender.
    DroppedFiles(i64),
    /// Writing of witness lines.
    Witness,
}

/// The leases on one database.
#[derive(Debug)]
pub(super) struct Leases {
    held: Mutex<HashSet<LeaseKey>>,
    /// Folder of the lock files.
    dir: PathBuf,
}

impl Leases {
    /// Returns the leases on the database in this file.
    pub(super) fn beside(database: &Path) -> Self {
        let mut dir = database.as_os_str().to_owned();
        dir.push("-locks");
        Self { held: Mutex::default(), dir: dir.into() }
    }

    fn held(&self) -> MutexGuard<'_, HashSet<LeaseKey>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock of a file, removed before it is freed.
struct Lock {
    path: PathBuf,
    /// Open file: closing it frees the lock.
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that stays is empty, and the next holder takes it.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(dir: &Path, id: ExchangeId) -> io::Result<Option<Lock>> {
    fs::create_dir_all(dir)?;
    let path = dir.join(id.to_string());
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(failure)) => return Err(failure),
            Ok(()) => {}
        }
        // The last holder may have removed the file since it was opened: the lock of a file without
        // a name excludes no process.
        let locked = file.metadata()?.ino();
        if fs::metadata(&path).is_ok_and(|named| named.ino() == locked) {
            return Ok(Some(Lock { path, _file: file }));
        }
    }
}

struct Held {
    all: Arc<Leases>,
    key: LeaseKey,
    _lock: Option<Lock>,
}

/// Takes the lease when it is free.
pub(super) fn take(all: &Arc<Leases>, key: LeaseKey) -> Result<Option<Box<dyn Lease>>, StoreError> {
    if !all.held().insert(key) {
        return Ok(None);
    }
    let locked = match key {
        LeaseKey::Relay | LeaseKey::DroppedFiles(_) | LeaseKey::Witness => Ok(Some(None)),
        LeaseKey::StagedDeposit(id) => lock(&all.dir, id).map(|lock| lock.map(Some)),
    };
    match locked {
        Ok(Some(lock)) => Ok(Some(Box::new(Held { all: Arc::clone(all), key, _lock: lock }))),
        taken => {
            all.held().remove(&key);
            taken
                .map(|_| None)
                .map_err(|failure| doing("locking a staged deposit")(sqlx::Error::Io(failure)))
        }
    }
}

#[async_trait]
impl Lease for Held {
    async fn still_held(&mut self) -> bool {
        true
    }

    async fn release(self: Box<Self>) {
        drop(self);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.held().remove(&self.key);
    }
}
