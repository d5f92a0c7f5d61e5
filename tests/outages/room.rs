//! Full resources: the disk of the archive, and the slots for uploads.

use super::gateway::{self, Gateway, eventually};
use super::load::{drop_whole, submit};
use super::proof::{self, Deposit, number};
use super::story::dre;
use super::{EXCHANGES, wait_until_idle};
use noemie_gateway::grpc::proto;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tonic_types::StatusExt as _;

/// A file system of two megabytes, which is unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it. Returns `None` where mounting is not allowed.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|m| m.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazy: the gateway may have files open on it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// When the disk of the archive is full, uploads are refused with their reason and dropped files
/// stay. Both are taken once the disk has room again.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("data/archive");
    let Some(_disk) = SmallDisk::mount(&archive) else {
        eprintln!("SKIPPED: a full disk needs the right to mount a small one");
        return;
    };
    let url = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
    let gateway = Gateway::start(directory.path(), &[]).await;
    let deposit = |name: &str, seed| Deposit {
        sender: "oct".into(),
        name: name.into(),
        bytes: dre(seed, 300, None),
    };
    let files = [deposit("before.b2", 1), deposit("dropped.b2", 2), deposit("uploaded.b2", 3)];
    submit(gateway.channel.clone(), &files[0]).await.expect("the disk has room");
    let ballast = archive.join("ballast");
    fs::write(&ballast, vec![0; 2 * 1024 * 1024]).expect_err("the disk fills up");
    let refused = submit(gateway.channel.clone(), &files[2]).await.expect_err("the disk is full");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
    assert_eq!(
        refused.get_error_details().error_info().map(|i| i.reason.as_str()),
        Some("archive_full")
    );
    drop_whole(directory.path(), &files[1]);
    eventually("the log names the file that stays", || async {
        gateway.log().contains("the file stays in the drop directory").then_some(())
    })
    .await;
    assert!(gateway::drop_path(directory.path(), "oct", "dropped.b2").exists());
    assert_eq!(number(&url, EXCHANGES).await.unwrap(), 1, "a refused deposit leaves no exchange");
    fs::remove_file(&ballast).unwrap();
    submit(gateway.channel.clone(), &files[2]).await.expect("the disk has room again");
    wait_until_idle(&url, directory.path(), &files).await;
    proof::check(&gateway, &url, directory.path(), &files, &BTreeSet::new()).await;
    proof::check_facts(&url, &proof::stream(&gateway, &url).await).await;
}

/// Returns whether a file is being received under a directory.
fn has_partial_file(dir: &Path) -> bool {
    let mut entries = fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path());
    entries.any(|path| {
        if path.is_dir() {
            has_partial_file(&path)
        } else {
            path.extension().is_some_and(|e| e == "part")
        }
    })
}

/// An upload above the limit is refused with its reason, and is taken once another upload has ended.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_uploads() {
    use proto::submit_exchange_request::Part;
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path(), &[("NOEMIE_MAX_UPLOADS", "1")]).await;
    let file = Deposit { sender: "oct".into(), name: "file.b2".into(), bytes: dre(1, 10, None) };
    let (parts, uploading) = tokio::sync::mpsc::channel(4);
    let part = |part| proto::SubmitExchangeRequest { part: Some(part) };
    parts
        .send(part(Part::Metadata(proto::SubmitMetadata {
            sender: "oct".into(),
            ..Default::default()
        })))
        .await
        .unwrap();
    let mut client = gateway.exchange();
    let first = tokio::spawn(async move {
        client.submit_exchange(tokio_stream::wrappers::ReceiverStream::new(uploading)).await
    });
    eventually("the upload is open", || {
        std::future::ready(has_partial_file(&directory.path().join("data/archive")).then_some(()))
    })
    .await;
    let refused = submit(gateway.channel.clone(), &file).await.expect_err("every slot is taken");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
    assert_eq!(
        refused.get_error_details().error_info().map(|i| i.reason.as_str()),
        Some("too_many_uploads")
    );
    assert!(refused.message().contains("max_uploads"), "{refused}");
    parts.send(part(Part::Chunk(dre(2, 10, None)))).await.unwrap();
    drop(parts);
    first.await.unwrap().expect("the open upload ends well");
    submit(gateway.channel.clone(), &file).await.expect("a slot is free again");
}
