use super::repo::{CONTENT, TARGET, bump, listed};
use super::*;
use crate::time::Timestamp;
use crate::tuf::{Item, Memory, Stale, Store, UpdateError, load};
use serde_json::json;

fn kept() -> (Repo, Memory) {
    let mut repo = Repo::new();
    repo.rotate(|_| ());
    repo.publish_next();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    (repo, store)
}

// V64 T12-T14
#[test]
fn accepts_what_the_last_update_left() {
    let (repo, store) = kept();
    repo.asked();

    let held = load_all(&repo, &store).unwrap().unwrap();

    assert_eq!(vec![Some(CONTENT.to_vec())], held.targets);
    assert_eq!(None, held.stale);
    assert_eq!(2, held.roles.role("root").unwrap().version);
    assert!(repo.asked().is_empty());
}

#[test]
fn accepts_nothing_where_nothing_was_kept() {
    let (repo, _) = kept();

    assert!(load_all(&repo, &Memory::default()).unwrap().is_none());
}

/// A newer version of this library comes with a newer root.
#[test]
fn accepts_nothing_that_is_older_than_the_root_given() {
    let mut repo = Repo::new();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    repo.rotate(|_| ());

    let held = load(&repo.files["2.root.json"], &store, &[TARGET], AT).unwrap();

    assert!(held.is_none());
}

#[test]
fn says_when_what_is_kept_is_over() {
    let (repo, store) = kept();
    let late = Timestamp::from_unix_seconds(1_800_000_000);

    let held = load(repo.repository().root(), &store, &[TARGET], late).unwrap();

    let stale = held.unwrap().stale;
    assert!(matches!(stale, Some(Stale::Expired { role, .. }) if role == "root"));
}

// V64 T12 T14
#[test]
fn rejects_what_was_changed_where_it_is_kept() {
    let (repo, whole) = kept();
    for item in [
        Item::Root(2),
        Item::Timestamp,
        Item::Snapshot,
        Item::Targets,
    ] {
        let mut store = whole.clone();
        let bytes = whole.read(&item).unwrap().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let changed = text.replace("2026-06-01", "2027-06-01");
        assert_ne!(text, changed);
        store.write(&item, changed.as_bytes()).unwrap();

        let error = load_all(&repo, &store).unwrap_err();

        assert_eq!("tuf.threshold", error.code(), "{item:?}");
    }
}

// V64 T14
#[test]
fn rejects_a_target_that_was_changed_where_it_is_kept() {
    let (repo, mut store) = kept();
    let hash = crate::encoding::hex_encode(&crate::crypto::sha256(CONTENT));
    let item = Item::Target {
        name: TARGET,
        hash: &hash,
    };
    store.write(&item, b"Content").unwrap();

    let changed = load_all(&repo, &store).unwrap_err();
    store.remove(&item).unwrap();
    let absent = load_all(&repo, &store).unwrap_err();

    assert_eq!("tuf.hash", changed.code());
    let what = format!("target {TARGET}");
    assert_eq!(UpdateError::Incomplete { what }, absent);
}

// V64 T13
#[test]
fn rejects_a_root_of_somebody_else_where_it_is_kept() {
    let (repo, mut store) = kept();
    let mut other = Repo::new();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        other.set_role(role, &[9], 1);
    }
    let all = |repo: &mut Repo| {
        repo.root_keys = vec![9];
        repo.timestamp_keys = vec![9];
        repo.snapshot_keys = vec![9];
        repo.targets_keys = vec![9];
    };
    all(&mut other);
    other.publish_root();
    other.rotate(|_| ());
    other.publish();
    for (item, file) in [
        (Item::Root(1), "1.root.json"),
        (Item::Root(2), "2.root.json"),
        (Item::Timestamp, "timestamp.json"),
        (Item::Snapshot, "1.snapshot.json"),
        (Item::Targets, "1.targets.json"),
    ] {
        store.write(&item, &other.files[file]).unwrap();
    }

    let error = load_all(&repo, &store).unwrap_err();

    assert!(matches!(&error, UpdateError::Threshold { role, got: 0, .. } if role == "root"));
    // And an update goes on from the root given, as if nothing had been kept.
    assert!(update_all(&repo, &mut store).is_ok());
    assert!(load_all(&repo, &store).is_ok());
}

// V64 T12 T14
#[test]
fn accepts_after_an_update_what_was_damaged_before_it() {
    let (repo, whole) = kept();
    let hash = crate::encoding::hex_encode(&crate::crypto::sha256(CONTENT));
    let target = Item::Target {
        name: TARGET,
        hash: &hash,
    };
    // There is no third root yet.
    let roots = [Item::Root(1), Item::Root(2), Item::Root(3)];
    let others = [Item::Timestamp, Item::Snapshot, Item::Targets, target];
    for item in roots.iter().chain(&others) {
        let mut store = whole.clone();
        store.write(item, b"{}").unwrap();

        update_all(&repo, &mut store).unwrap();

        let held = load_all(&repo, &store).unwrap().unwrap();
        assert_eq!(vec![Some(CONTENT.to_vec())], held.targets, "{item:?}");
        assert_eq!(None, held.stale, "{item:?}");
    }
}

#[test]
fn accepts_what_an_update_left_halfway() {
    let (mut repo, mut store) = kept();
    repo.publish_next();
    let targets = repo.files.remove("3.targets.json").unwrap();

    let error = update_all(&repo, &mut store).unwrap_err();
    let halfway = load_all(&repo, &store).unwrap().unwrap();
    repo.files.insert("3.targets.json".to_owned(), targets);
    update_all(&repo, &mut store).unwrap();
    let whole = load_all(&repo, &store).unwrap().unwrap();

    assert_eq!("tuf.status", error.code());
    assert_eq!(Some(Stale::Unfinished), halfway.stale);
    assert_eq!(vec![Some(CONTENT.to_vec())], halfway.targets);
    assert_eq!(None, whole.stale);
}

#[test]
fn rejects_parts_that_nobody_put_together() {
    let (repo, mut store) = kept();
    // Version 1 of the timestamp knows nothing of version 2 of the snapshot.
    let old = Repo::new();
    let timestamp = &old.files["timestamp.json"];
    store.write(&Item::Timestamp, timestamp).unwrap();

    let error = load_all(&repo, &store).unwrap_err();

    let role = "snapshot".to_owned();
    let (want, found) = (1, 2);
    assert_eq!(UpdateError::Version { role, want, found }, error);
}

// V64 T14
#[test]
fn rejects_a_snapshot_that_the_timestamp_does_not_mean() {
    let mut repo = Repo::new();
    repo.timestamp["meta"]["snapshot.json"] = listed(&repo.files["1.snapshot.json"]);
    repo.timestamp["meta"]["snapshot.json"]["version"] = json!(1);
    repo.publish();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    // Signed by the same keys, of the same version and length.
    repo.snapshot["expires"] = json!("2026-06-02T00:00:00Z");
    repo.publish();
    let other = &repo.files["1.snapshot.json"];
    store.write(&Item::Snapshot, other).unwrap();

    let error = load_all(&repo, &store).unwrap_err();

    assert_eq!("tuf.hash", error.code());
}

// V64 T14
#[test]
fn rejects_a_delegated_role_that_the_snapshot_does_not_mean() {
    let mut repo = Repo::new();
    repo.targets["targets"] = json!({});
    repo.delegate("a", 7, &["*"]);
    repo.publish();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    bump(&mut repo.delegated.get_mut("a").unwrap().0);
    repo.publish();
    let newer = &repo.files["2.a.json"];
    store.write(&Item::Delegated("a"), newer).unwrap();

    let error = load_all(&repo, &store).unwrap_err();

    let role = "a".to_owned();
    let (want, found) = (1, 2);
    assert_eq!(UpdateError::Version { role, want, found }, error);
}

#[test]
fn keeps_the_versions_after_an_update_that_is_refused() {
    let (mut repo, mut store) = kept();
    repo.targets_keys = vec![9];
    repo.publish_next();

    let error = update_all(&repo, &mut store).unwrap_err();

    assert_eq!("tuf.threshold", error.code());
    let held = load_all(&repo, &store).unwrap().unwrap();
    assert_eq!(3, held.roles.role("snapshot").unwrap().version);
    assert_eq!(2, held.roles.role("targets").unwrap().version);
    assert_eq!(json!(3), repo.targets["version"]);
}
