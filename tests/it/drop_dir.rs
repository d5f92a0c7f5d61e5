//! The drop directory beside hostile entries, another replica and a stop.

use crate::ingest_support::{Gateway, dre, files_in, options};
use crate::support::databases::{TestDatabase, on_postgres};
use crate::support::wait::until;
use noemie_gateway::archive::Archive;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::Sender;
use noemie_gateway::ingest::drop_dir::{DropDir, Quota};
use noemie_gateway::ingest::{Ingest, Limits};
use noemie_gateway::vault::Vault;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// No limit of files or bytes.
pub const NO_QUOTA: Quota = Quota { files: 0, bytes: 0 };

/// Steps after which the test gives up: a step ends after a second, or when nothing is left to do.
const MAX_STEPS: usize = 60;

/// Puts a file in the directory of a sender, old enough to be whole.
fn put(root: &Path, sender: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let dir = root.join(sender);
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    path
}

/// Steps until so many files are deposited; returns how many were.
async fn deposit(drop_dir: &mut DropDir, ingest: &Arc<Ingest>, wanted: usize) -> usize {
    let (mut deposited, go_on) = (0, CancellationToken::new());
    for _ in 0..MAX_STEPS {
        if deposited >= wanted {
            break;
        }
        deposited += drop_dir.step(ingest, &go_on).await;
    }
    deposited
}

#[tokio::test]
async fn hostile_entries_stay_and_hold_nobody_up() {
    let gateway = Gateway::open().await;
    let (root, outside) = (gateway.app.config.drop_dir(), tempfile::tempdir().unwrap());
    let secret = outside.path().join("secret.b2");
    fs::write(&secret, dre(&options(1))).unwrap();
    let honest = put(&root, "oct-b", "honest.b2", &dre(&options(2)));
    let hostile = ["pipe", "link", "twice", "sub"].map(|name| root.join("oct-a").join(name));
    fs::create_dir(root.join("oct-a")).unwrap();
    mknodat(CWD, &hostile[0], FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink(&secret, &hostile[1]).unwrap();
    fs::hard_link(&secret, &hostile[2]).unwrap();
    fs::create_dir(&hostile[3]).unwrap();
    symlink(outside.path(), root.join("oct-c")).unwrap();
    let mut drop_dir = DropDir::new(&root, None, "test".to_owned(), NO_QUOTA);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 1);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 0, "nothing else is taken");
    assert!(!honest.exists());
    assert!(hostile.iter().all(|path| path.symlink_metadata().is_ok()), "all of them stay");
    assert_eq!(gateway.number("SELECT count(*) FROM exchanges").await, 1);
}

/// A file past a quota, or past the limit of size, stays with a notice; other senders go on.
#[tokio::test]
async fn files_past_a_limit_stay_with_a_notice() {
    let gateway = Gateway::open().await;
    let (root, out) = (gateway.app.config.drop_dir(), gateway.app.config.out_dir());
    let file = dre(&options(1));
    let limit = gateway.app.config.max_file_bytes;
    put(&root, "oct-a", "1.b2", &file);
    let second = put(&root, "oct-a", "2.b2", &dre(&options(2)));
    put(&root, "oct-b", "3.b2", &dre(&options(3)));
    let sparse = put(&root, "oct-c", "sparse.b2", b"");
    File::options().write(true).open(&sparse).unwrap().set_len(limit + 1).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().append(true).open(&sparse).unwrap().set_modified(old).unwrap();
    let quota = Quota { files: 1, bytes: 0 };
    let mut drop_dir = DropDir::new(&root, Some(out.clone()), "test".to_owned(), quota);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 2).await, 2);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 0);
    assert!(second.exists() && sparse.exists(), "refused files stay");
    let starts = |sender: &str, begin: &str| {
        files_in(&out.join(sender)).into_iter().find(|name| name.starts_with(begin))
    };
    until("the senders have their notices", || async {
        starts("oct-a", "REFUS_QUOTA_FICHIERS_JOUR_").is_some()
            && starts("oct-c", "REFUS_FICHIER_TROP_GROS_sparse.b2").is_some()
    })
    .await;
    let name = starts("oct-a", "REFUS_QUOTA_FICHIERS_JOUR_").unwrap();
    let notice = fs::read_to_string(out.join("oct-a").join(name)).unwrap();
    assert!(notice.starts_with("code : QUOTA_FICHIERS_JOUR\nfichier : 2.b2\n"), "{notice}");
    // The next day, or with more room, the file is deposited.
    let more = Quota { files: 2, bytes: 2 * file.len() as u64 * 10 };
    let mut drop_dir = DropDir::new(&root, Some(out.clone()), "test".to_owned(), more);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 1);
    let less = Quota { files: 0, bytes: 1 };
    put(&root, "oct-b", "4.b2", &dre(&options(4)));
    let mut drop_dir = DropDir::new(&root, Some(out.clone()), "test".to_owned(), less);
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 0);
    until("the sender has its notice", || async {
        starts("oct-b", "REFUS_QUOTA_OCTETS_JOUR_").is_some()
    })
    .await;
}

/// A stop ends a step at once, and the files that are not copied yet stay.
#[tokio::test]
async fn a_stop_leaves_the_files_that_wait() {
    let gateway = Gateway::open().await;
    let root = gateway.app.config.drop_dir();
    let path = put(&root, "oct-a", "a.b2", &dre(&options(1)));
    let mut drop_dir = DropDir::new(&root, None, "test".to_owned(), NO_QUOTA);
    let stop = CancellationToken::new();
    assert_eq!(drop_dir.step(&gateway.app.ingest, &stop).await, 0, "one scan is not enough");
    stop.cancel();
    assert_eq!(drop_dir.step(&gateway.app.ingest, &stop).await, 0);
    assert!(path.exists());
    assert_eq!(deposit(&mut drop_dir, &gateway.app.ingest, 1).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_read_by_the_replica_that_has_the_lease() {
    on_postgres(one_replica_reads).await;
}

/// Another replica reads the files of `oct-a`; then it dies.
async fn one_replica_reads(db: TestDatabase) {
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    let archive = Arc::new(Archive::new(data.path(), Arc::clone(&vault)));
    let ingest = Arc::new(Ingest::new(
        Arc::clone(&db.store),
        vault,
        archive,
        Arc::new(SystemClock),
        Limits::default(),
    ));
    let mut drop_dir = DropDir::new(root.path(), None, "test".to_owned(), NO_QUOTA);
    let held = put(root.path(), "oct-a", "a.b2", &dre(&options(1)));
    let sender = Sender::try_from("oct-a").unwrap();
    let other = db.replica().await;
    let lease = other.try_drop_lease(&sender).await.unwrap().expect("free");
    assert_eq!(deposit(&mut drop_dir, &ingest, 1).await, 0, "the other replica has the lease");
    assert!(held.exists());
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "no byte of the file was read");
    put(root.path(), "oct-b", "b.b2", &dre(&options(2)));
    assert_eq!(deposit(&mut drop_dir, &ingest, 1).await, 1, "other senders go on");
    assert!(held.exists());
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND \
         database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .await
    .unwrap();
    until("the lease ends with its replica", || async {
        let taken = db.store.try_drop_lease(&sender).await.unwrap();
        let is_free = taken.is_some();
        if let Some(lease) = taken {
            lease.release().await;
        }
        is_free
    })
    .await;
    assert_eq!(deposit(&mut drop_dir, &ingest, 1).await, 1, "this replica takes over");
    assert!(!held.exists());
    drop(lease);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_read_each_file_once() {
    on_postgres(two_replicas_share_a_directory).await;
}

/// Two replicas with the same files in sight: each file becomes one exchange with one ARL, each
/// sender's files in their order, and the archive has one copy of each.
async fn two_replicas_share_a_directory(db: TestDatabase) {
    let [root, data, out] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let senders = ["oct-a", "oct-b", "oct-c"];
    for (at, sender) in (0_u64..).zip(senders) {
        for file in 0..4 {
            put(root.path(), sender, &format!("{file}.b2"), &dre(&options(10 * at + file)));
        }
    }
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    let replica = |store| {
        let archive = Arc::new(Archive::new(data.path(), Arc::clone(&vault)));
        let (vault, clock) = (Arc::clone(&vault), Arc::new(SystemClock));
        Arc::new(Ingest::new(store, vault, archive, clock, Limits::default()))
    };
    let (one, two) = (replica(Arc::clone(&db.store)), replica(db.replica().await));
    let watch = |name: &str| {
        let out = Some(out.path().to_owned());
        DropDir::new(root.path(), out, name.to_owned(), NO_QUOTA)
    };
    let (mut first, mut second) = (watch("one"), watch("two"));
    let go_on = CancellationToken::new();
    let mut deposited = (0, 0);
    for _ in 0..MAX_STEPS {
        let steps = tokio::join!(first.step(&one, &go_on), second.step(&two, &go_on));
        deposited = (deposited.0 + steps.0, deposited.1 + steps.1);
        if deposited.0 + deposited.1 >= 12 {
            break;
        }
    }
    assert_eq!(deposited.0 + deposited.1, 12, "{deposited:?}");
    assert!(senders.iter().all(|sender| files_in(&root.path().join(sender)).is_empty()));
    for (rows, expected) in [
        ("SELECT count(*) FROM exchanges", 12),
        ("SELECT count(*) FROM returns WHERE kind = 'arl'", 12),
        (
            "SELECT count(*) FROM exchanges a JOIN exchanges b ON a.sender = b.sender \
             AND a.file_name < b.file_name AND a.received_at > b.received_at",
            0,
        ),
    ] {
        assert_eq!(db.number(rows).await, expected, "{rows}");
    }
    assert_eq!(copies(data.path()), 12, "one copy of each file");
    // A file read twice would have its first ARL written again.
    assert!(senders.iter().all(|sender| files_in(&out.path().join(sender)).is_empty()));
}

/// Counts the files below a directory.
fn copies(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { copies(&path) } else { 1 }).sum()
}
