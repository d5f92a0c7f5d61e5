//! What was sealed under another vault key is told from what was altered.

use super::world::World;
use super::*;
use noemie_gateway::verify::Finding;

/// A verification with another key says of every seal that its key is another one, and of nothing
/// that it was altered.
async fn another_key_is_no_alteration(db: TestDatabase) {
    let world = World::new(db).await;
    let vault = Arc::new(Vault::from_master_key([8; 32]));
    let archive = Arc::new(Archive::new(world.archive_dir(), Arc::clone(&vault)));
    let sources = Sources { vault, archive, ..world.sources.clone() };
    let seen = verify(&sources, None).await.unwrap();
    let altered: Vec<&Finding> =
        seen.findings.iter().filter(|f| f.code != Kind::OtherKey).collect();
    assert!(altered.is_empty(), "{altered:#?}");
    for check in [
        "marked under another vault key",
        "chained under",
        "the ARL",
        "sealed under another vault key",
        "580_",
        "accesses",
        "decisions",
        "operations",
        "conventions",
        "register",
    ] {
        let is_named = seen.findings.iter().any(|finding| finding.detail.contains(check));
        assert!(is_named, "{check}: {:#?}", seen.findings);
    }
}

/// One claim and one event of another key beside those of this key: each is named, and only those.
async fn a_claim_of_another_key_is_named(db: TestDatabase) {
    let world = World::new(db).await;
    let other = Vault::from_master_key([8; 32]);
    let claim = world.waiting().await.pop().unwrap();
    let person = world.sources.vault.unseal_person(&claim.vault, claim.id.0).unwrap();
    let sealed = other.seal_person(&person, claim.id.0);
    let digest = other.row_digest(&["event"]);
    world
        .db
        .run(format!(
            "UPDATE claims SET vault = {}, key_id = '{}' WHERE id = {}",
            world.db.bytes(&sealed),
            other.key_id(),
            world.db.id(claim.id.0)
        ))
        .await;
    let seen = world.verify().await.unwrap();
    assert_eq!(kinds(&seen), [Kind::OtherKey], "{:#?}", seen.findings);
    assert!(seen.findings[0].detail.contains(&claim.id.to_string()), "{:?}", seen.findings);
    world
        .db
        .run(format!(
            "UPDATE events SET key_check = '{digest}' WHERE subject_id = {}",
            world.db.id(claim.id.0)
        ))
        .await;
    let seen = world.verify().await.unwrap();
    assert_eq!(kinds(&seen), [Kind::OtherKey], "{:#?}", seen.findings);
    assert!(seen.findings[0].detail.contains("event 1"), "{:?}", seen.findings);
    // The same row with this key in its column is altered.
    world
        .db
        .run(format!(
            "UPDATE claims SET key_id = '{}' WHERE id = {}",
            world.sources.vault.key_id(),
            world.db.id(claim.id.0)
        ))
        .await;
    let seen = world.verify().await.unwrap();
    assert!(kinds(&seen).contains(&Kind::ClaimDiffers), "{:#?}", seen.findings);
}

on_both! { another_key_is_no_alteration, a_claim_of_another_key_is_named }
