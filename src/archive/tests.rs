//! Tests of the archive: round trips, damage, names from outside, sweeps.

use super::*;
use proptest::prelude::*;
use std::fs::File;
use std::io::Write;
use time::macros::datetime;
use uuid::Uuid;

const AT: OffsetDateTime = datetime!(2026-03-07 12:00 UTC);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn archive() -> (tempfile::TempDir, Archive) {
    let dir = tempfile::tempdir().unwrap();
    let archive =
        Archive::new(dir.path().join("archive"), Arc::new(Vault::from_master_key([3; 32])));
    (dir, archive)
}

fn keep(archive: &Archive, id: Uuid, plain: &[u8]) -> Archived {
    let mut writer = archive.create(id, AT).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn read(archive: &Archive, name: &str) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    archive.open(name)?.read_to_end(&mut plain)?;
    Ok(plain)
}

fn some_bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

#[test]
fn a_file_that_exists_is_never_replaced() {
    let (_dir, archive) = archive();
    let first = keep(&archive, id(1), b"the first");
    let refused = archive.create(id(1), AT).err().expect("the name is taken");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(read(&archive, &first.name).unwrap(), b"the first");
    // A writer that was refused leaves nothing in the way of the next one.
    assert_eq!(archive.create(id(1), AT).err().unwrap().kind(), ErrorKind::AlreadyExists);
}

#[test]
fn files_around_the_chunk_limits_come_back() {
    let (_dir, archive) = archive();
    for (number, size) in (0..).zip([
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        2 * CHUNK_BYTES - 1,
        2 * CHUNK_BYTES,
        2 * CHUNK_BYTES + 1,
        5 * CHUNK_BYTES + 17,
    ]) {
        let plain = some_bytes(size);
        let archived = keep(&archive, id(number), &plain);
        assert_eq!(archived.size, size as u64);
        assert_eq!(archived.digest_hex, blake3::hash(&plain).to_hex().as_str());
        assert_eq!(archived.name, format!("2026/03/07/{}.enc", id(number)));
        assert!(read(&archive, &archived.name).unwrap() == plain, "size {size}");
    }
}

#[test]
fn every_cut_is_noticed() {
    let (_dir, archive) = archive();
    let name = keep(&archive, id(1), &some_bytes(2 * CHUNK_BYTES)).name;
    let path = archive.dir.join(&name);
    let whole = std::fs::read(&path).unwrap();
    let chunks = HEADER_BYTES + CHUNK_BYTES + TAG_BYTES;
    for length in [
        0,
        3,
        HEADER_BYTES - 1,
        HEADER_BYTES,
        HEADER_BYTES + 5,
        HEADER_BYTES + TAG_BYTES,
        chunks - 1,
        chunks,
        chunks + 1,
        whole.len() - TAG_BYTES,
        whole.len() - 1,
    ] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(
            read(&archive, &name).unwrap_err().kind(),
            ErrorKind::InvalidData,
            "cut at {length}"
        );
    }
    std::fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(read(&archive, &name).is_err(), "a byte too many");
}

#[test]
fn a_file_does_not_pass_for_another_nor_open_under_another_key() {
    let (_dir, archive) = archive();
    let (one, two) = (keep(&archive, id(1), b"one").name, keep(&archive, id(2), b"two").name);
    std::fs::copy(archive.dir.join(&one), archive.dir.join(&two)).unwrap();
    assert!(read(&archive, &two).is_err());
    let other = Archive::new(&archive.dir, Arc::new(Vault::from_master_key([4; 32])));
    assert_eq!(read(&other, &one).unwrap_err().to_string(), "sealed under another vault key");
}

#[test]
fn an_abandoned_file_leaves_nothing() {
    let (_dir, archive) = archive();
    let mut writer = archive.create(id(1), AT).unwrap();
    writer.write_all(&some_bytes(3 * CHUNK_BYTES)).unwrap();
    assert!(archive.create(id(1), AT).is_err(), "one writer per exchange");
    drop(writer);
    assert!(names_in(&archive.dir.join("2026/03/07")).unwrap().is_empty());
}

#[test]
fn names_from_outside_reach_nothing() {
    let (dir, archive) = archive();
    std::fs::write(dir.path().join("secret"), "x").unwrap();
    let known = keep(&archive, id(1), b"one").name;
    let upper = known.replace("0000000001.enc", "000000000A.enc");
    for name in [
        "",
        "secret",
        "../secret",
        "2026/03/07/../../../../secret",
        "/etc/passwd",
        "2026/03/../secret",
        &upper,
        &known.replace(".enc", ".part"),
    ] {
        assert_eq!(
            archive.open(name).err().map(|error| error.kind()),
            Some(ErrorKind::InvalidInput),
            "{name}"
        );
        assert!(archive.remove(name).is_err(), "{name}");
    }
    archive.remove(&known).unwrap();
    archive.remove(&known).unwrap();
    assert_eq!(archive.open(&known).err().map(|error| error.kind()), Some(ErrorKind::NotFound));
}

#[test]
fn a_sweep_removes_dead_parts_and_names_orphans() {
    let (_dir, archive) = archive();
    assert_eq!(archive.sweep(|_| true).unwrap(), Swept::default(), "no directory yet");
    let age = |path: &Path, age: Duration| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - age).unwrap();
    };
    let names: Vec<String> = (1..=3).map(|number| keep(&archive, id(number), b"x").name).collect();
    for name in &names[..2] {
        age(&archive.dir.join(name), ORPHAN_AGE * 2);
    }
    let day = archive.dir.join("2026/03/07");
    let (dead, live) = (day.join(format!("{}.part", id(4))), day.join(format!("{}.part", id(5))));
    for part in [&dead, &live] {
        std::fs::write(part, "x").unwrap();
    }
    age(&dead, PART_AGE * 2);
    std::fs::write(day.join("notes.txt"), "not ours").unwrap();
    let swept = archive.sweep(|known| *known == id(1)).unwrap();
    assert_eq!(swept.removed, [format!("2026/03/07/{}.part", id(4))]);
    assert_eq!(swept.orphans, [names[1].clone()]);
    assert!(!dead.exists() && live.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_size_written_in_any_pieces_comes_back(
        size in 0..3 * CHUNK_BYTES,
        piece in 1..100_000usize,
    ) {
        let (_dir, archive) = archive();
        let plain = some_bytes(size);
        let mut writer = archive.create(id(1), AT).unwrap();
        for piece in plain.chunks(piece) {
            writer.write_all(piece).unwrap();
        }
        let archived = writer.finish().unwrap();
        prop_assert!(read(&archive, &archived.name).unwrap() == plain);
    }

    #[test]
    fn one_flipped_byte_is_noticed(
        size in 0..3 * CHUNK_BYTES,
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let (_dir, archive) = archive();
        let name = keep(&archive, id(1), &some_bytes(size)).name;
        let path = archive.dir.join(&name);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, bytes).unwrap();
        prop_assert_eq!(read(&archive, &name).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
