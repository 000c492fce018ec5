use super::repo::{CONTENT, TARGET, bump, header, key_id, listed, public, sign, sign_as};
use super::*;
use crate::tuf::{Item, Memory, Store, UpdateError};
use serde_json::json;

fn refused(change: impl FnOnce(&mut Repo)) -> UpdateError {
    let mut repo = Repo::new();
    change(&mut repo);
    update_all(&repo, &mut Memory::default()).unwrap_err()
}

/// What an update says to a second publication, and what it has kept then.
fn refused_later(change: impl FnOnce(&mut Repo)) -> (UpdateError, Memory) {
    let mut repo = Repo::new();
    repo.publish_next();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    change(&mut repo);
    let error = update_all(&repo, &mut store).unwrap_err();
    (error, store)
}

fn threshold(role: &str, need: u64, got: u64) -> UpdateError {
    UpdateError::Threshold {
        role: role.to_owned(),
        need,
        got,
    }
}

// V65 T3 T5
#[test]
fn accepts_a_repository() {
    let repo = Repo::new();
    let mut store = Memory::default();

    let updated = update_all(&repo, &mut store).unwrap();

    assert_eq!(vec![Some(CONTENT.to_vec())], updated.targets);
    let versions: Vec<_> = updated.roles.all().iter().map(|it| it.version).collect();
    assert_eq!(vec![1, 1, 1, 1], versions);
    assert!(repo.asked().contains(&"2.root.json".to_owned()));
}

// V65 T1 T8
#[test]
fn accepts_what_is_newer_or_the_same() {
    let mut repo = Repo::new();
    let mut store = Memory::default();
    for version in [1, 1, 2, 2, 3] {
        if repo.timestamp["version"] != json!(version) {
            repo.publish_next();
        }

        update_all(&repo, &mut store).unwrap();

        let held = load_all(&repo, &store).unwrap().unwrap();
        for role in ["timestamp", "snapshot", "targets"] {
            assert_eq!(version, held.roles.role(role).unwrap().version, "{role}");
        }
    }
}

// V65 T1
#[test]
fn rejects_a_timestamp_that_goes_back() {
    let (error, store) = refused_later(|repo| {
        repo.timestamp["version"] = json!(1);
        repo.publish();
    });

    let role = "timestamp".to_owned();
    let (trusted, found) = (2, 1);
    assert_eq!(
        UpdateError::Rollback {
            role,
            trusted,
            found
        },
        error
    );
    assert!(load_all(&Repo::new(), &store).unwrap().is_some());
}

// V65 T1
#[test]
fn rejects_a_snapshot_that_goes_back() {
    let (error, _) = refused_later(|repo| {
        bump(&mut repo.timestamp);
        repo.timestamp["meta"]["snapshot.json"]["version"] = json!(1);
        repo.publish();
    });

    assert!(
        matches!(&error, UpdateError::Rollback { role, trusted: 2, found: 1 }
        if role == "snapshot")
    );
}

// V65 T1: whoever can write to what is kept takes the timestamp away
#[test]
fn rejects_a_snapshot_that_goes_back_without_a_kept_timestamp() {
    let mut repo = Repo::new();
    let earlier = repo.files["timestamp.json"].clone();
    repo.publish_next();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    store.remove(&Item::Timestamp).unwrap();
    repo.files.insert("timestamp.json".to_owned(), earlier);

    let error = update_all(&repo, &mut store).unwrap_err();

    assert!(
        matches!(&error, UpdateError::Rollback { role, trusted: 2, found: 1 }
        if role == "snapshot")
    );
}

// V65 T1
#[test]
fn rejects_targets_that_go_back() {
    let (error, _) = refused_later(|repo| {
        repo.publish_next();
        repo.snapshot["meta"]["targets.json"]["version"] = json!(1);
        repo.publish();
    });

    assert!(
        matches!(&error, UpdateError::Rollback { role, trusted: 2, found: 1 }
        if role == "targets")
    );
}

// V65 T1
#[test]
fn rejects_a_delegated_role_that_goes_back_or_is_gone() {
    let mut repo = Repo::new();
    repo.delegate("a", 7, &["*"]);
    repo.snapshot["meta"]["a.json"]["version"] = json!(5);
    repo.publish_next();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    repo.snapshot["meta"]["a.json"]["version"] = json!(4);
    repo.publish_next();

    let back = update_all(&repo, &mut store).unwrap_err();
    repo.snapshot["meta"]
        .as_object_mut()
        .unwrap()
        .remove("a.json");
    repo.publish_next();
    let gone = update_all(&repo, &mut store).unwrap_err();

    assert!(matches!(&back, UpdateError::Rollback { role, trusted: 5, found: 4 } if role == "a"));
    let role = "a".to_owned();
    assert_eq!(UpdateError::Removed { role }, gone);
}

// V65 T2
#[test]
fn rejects_one_key_under_two_names() {
    let error = refused(|repo| {
        repo.rotate(|repo| {
            repo.root["keys"]["again"] = public(6);
            repo.root["roles"]["targets"] =
                json!({"keyids": [key_id(6), "again", key_id(6)], "threshold": 2});
        });
        let names = [(key_id(6), 6), ("again".to_owned(), 6)];
        let targets = sign_as(&repo.targets, &names);
        repo.files.insert("1.targets.json".to_owned(), targets);
    });

    assert_eq!(threshold("targets", 2, 1), error);
}

// V65 T2
#[test]
fn rejects_two_signatures_under_one_name() {
    let error = refused(|repo| {
        repo.timestamp_keys = vec![4, 4];
        repo.publish();
    });

    let role = "timestamp".to_owned();
    assert_eq!(UpdateError::DuplicateSignature { role }, error);
}

// V65
#[test]
fn rejects_signatures_of_others() {
    for (change, want) in [
        (
            (|repo| repo.timestamp_keys = vec![5]) as fn(&mut Repo),
            threshold("timestamp", 1, 0),
        ),
        (
            |repo| repo.snapshot_keys = vec![4],
            threshold("snapshot", 1, 0),
        ),
        (
            |repo| repo.targets_keys = vec![],
            threshold("targets", 1, 0),
        ),
    ] {
        let error = refused(|repo| {
            change(repo);
            repo.publish();
        });

        assert_eq!(want, error);
    }
}

// V65
#[test]
fn accepts_bad_signatures_beside_enough_good_ones() {
    let mut repo = Repo::new();
    let mut timestamp: serde_json::Value =
        serde_json::from_slice(&repo.files["timestamp.json"]).unwrap();
    for (id, sig) in [("other", ""), ("unknown", "zz"), ("key 5", "00")] {
        let signatures = timestamp["signatures"].as_array_mut().unwrap();
        signatures.insert(0, json!({"keyid": id, "sig": sig}));
    }
    let timestamp = timestamp.to_string().into_bytes();
    repo.files.insert("timestamp.json".to_owned(), timestamp);

    assert!(update_all(&repo, &mut Memory::default()).is_ok());
}

// V65 T3
#[test]
fn rejects_thresholds_below_one() {
    for number in [0, -1] {
        let error = refused(|repo| {
            repo.delegate("a", 7, &["*"]);
            repo.targets["delegations"]["roles"][0]["threshold"] = json!(number);
            repo.publish();
        });
        let of_root = refused(|repo| repo.rotate(|it| it.set_role("targets", &[6], number)));

        for error in [error, of_root] {
            let UpdateError::Field { problem, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!("threshold", problem.path());
        }
    }
}

// V65 T5
#[test]
fn rejects_what_is_no_metadata() {
    for (text, code) in [
        ("", "tuf.json"),
        ("{", "tuf.json"),
        (r#"{"signed":{"a":1,"a":2},"signatures":[]}"#, "tuf.json"),
        ("[]", "tuf.shape"),
        ("{}", "tuf.shape"),
        (r#"{"signed":{},"signatures":[]}"#, "tuf.threshold"),
        (r#"{"signed":{"a":1.5},"signatures":[]}"#, "tuf.shape"),
        (r#"{"signed":{},"signatures":[{"keyid":1}]}"#, "tuf.shape"),
        (r#"{"signed":null,"signatures":null}"#, "tuf.shape"),
    ] {
        let error = refused(|repo| {
            let bytes = text.as_bytes().to_vec();
            repo.files.insert("timestamp.json".to_owned(), bytes);
        });

        assert_eq!(code, error.code(), "{text}");
    }
}

// V65
#[test]
fn rejects_metadata_that_says_something_else() {
    for (name, value, code) in [
        ("_type", json!("snapshot"), "tuf.role"),
        ("spec_version", json!("2.0"), "tuf.spec-version"),
        ("spec_version", json!("1"), "tuf.spec-version"),
        ("version", json!(0), "tuf.field"),
        ("version", json!("1"), "tuf.shape"),
        ("expires", json!("tomorrow"), "tuf.field"),
        ("expires", json!("2026-01-01T00:00:00Z"), "tuf.expired"),
        ("meta", json!({}), "tuf.not-listed"),
        ("meta", json!({"snapshot.json": {}}), "tuf.field"),
        (
            "meta",
            json!({"snapshot.json": {"version": 1, "length": -1}}),
            "tuf.field",
        ),
    ] {
        let error = refused(|repo| {
            repo.timestamp[name] = value;
            repo.publish();
        });

        assert_eq!(code, error.code(), "{name}: {error:?}");
    }
}

// V65 T7
#[test]
fn rejects_roots_that_do_not_follow() {
    for found in [1, 3] {
        let error = refused(|repo| {
            repo.root["version"] = json!(found);
            let root = sign(&repo.root, &repo.root_keys);
            repo.files.insert("2.root.json".to_owned(), root);
        });

        let role = "root".to_owned();
        assert_eq!(
            UpdateError::Version {
                role,
                want: 2,
                found
            },
            error
        );
    }
}

// V65 T7
#[test]
fn rejects_roots_without_both_thresholds() {
    let old_only = refused(|repo| repo.rotate(|it| it.set_role("root", &[7, 8], 2)));
    let new_only = refused(|repo| {
        repo.rotate(|it| {
            it.set_role("root", &[7, 8], 2);
            it.root_keys = vec![7, 8, 1];
        });
    });

    assert_eq!(threshold("root", 2, 0), old_only);
    assert_eq!(threshold("root", 2, 1), new_only);
}

// V65 T2 T7
#[test]
fn rejects_a_root_that_calls_another_key_by_the_name_of_one_that_signed() {
    let error = refused(|repo| repo.rotate(|it| it.root["keys"][key_id(1)] = public(8)));

    assert_eq!(threshold("root", 2, 1), error);
}

// V65 T2 T7
#[test]
fn accepts_roots_with_other_keys() {
    let mut repo = Repo::new();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    repo.rotate(|it| {
        it.set_role("root", &[7, 8], 2);
        it.root_keys = vec![7, 8, 1, 2];
    });
    repo.rotate(|it| it.root_keys = vec![7, 8]);

    let updated = update_all(&repo, &mut store).unwrap();

    assert_eq!(3, updated.roles.role("root").unwrap().version);
    assert!(load_all(&repo, &store).unwrap().is_some());
}

// V65 T15
#[test]
fn accepts_a_root_that_is_over_if_one_follows() {
    let over = "2025-01-01T00:00:00Z";
    let mut repo = Repo::new();
    repo.root["expires"] = json!(over);
    repo.publish_root();

    let alone = update_all(&repo, &mut Memory::default()).unwrap_err();
    repo.rotate(|it| it.root["expires"] = json!("2026-06-01T00:00:00Z"));

    assert_eq!("tuf.expired", alone.code());
    assert!(update_all(&repo, &mut Memory::default()).is_ok());
}

// V65 T8
#[test]
fn rejects_timestamps_without_keeping_them() {
    let older = json!({"snapshot.json": {"version": 1}});
    for (name, value, code) in [
        ("expires", json!("2025-01-01T00:00:00Z"), "tuf.expired"),
        ("meta", older, "tuf.rollback"),
    ] {
        let (error, store) = refused_later(|repo| {
            bump(&mut repo.timestamp);
            repo.timestamp[name] = value;
            repo.publish();
        });

        assert_eq!(code, error.code());
        let held = load_all(&Repo::new(), &store).unwrap().unwrap();
        assert_eq!(2, held.roles.role("timestamp").unwrap().version, "{name}");
    }
}

// V65 T9
#[test]
fn accepts_metadata_of_the_hash_and_length_that_are_listed() {
    let mut repo = Repo::new();
    repo.delegate("a", 7, &["*"]);
    repo.targets["targets"] = json!({});
    let exact = |bytes: &[u8]| {
        let mut entry = listed(bytes);
        entry["version"] = json!(1);
        entry
    };
    repo.publish();
    for role in ["targets", "a"] {
        let entry = exact(&repo.files[&format!("1.{role}.json")]);
        repo.snapshot["meta"][format!("{role}.json")] = entry;
    }
    repo.publish();
    repo.timestamp["meta"]["snapshot.json"] = exact(&repo.files["1.snapshot.json"]);
    repo.publish();

    let updated = update_all(&repo, &mut Memory::default()).unwrap();

    assert_eq!(vec![None], updated.targets);
    assert!(repo.asked().contains(&"1.a.json".to_owned()));
}

// V65 T9
#[test]
fn rejects_metadata_of_another_hash_or_length() {
    for (listed, code) in [
        (json!({"version": 1, "length": 1}), "tuf.too-large"),
        (json!({"version": 1, "length": 9999}), "tuf.length"),
        (
            json!({"version": 1, "length": 1_u64 << 40}),
            "tuf.too-large",
        ),
        (
            json!({"version": 1, "hashes": {"sha256": "00".repeat(32)}}),
            "tuf.hash",
        ),
        (
            json!({"version": 1, "hashes": {"sha256": "00"}}),
            "tuf.field",
        ),
        (json!({"version": 1, "hashes": {"md5": "00"}}), "tuf.hash"),
    ] {
        for role in ["snapshot", "targets", "a"] {
            let error = refused(|repo| {
                repo.delegate("a", 7, &["*"]);
                repo.targets["targets"] = json!({});
                match role {
                    "snapshot" => repo.timestamp["meta"]["snapshot.json"] = listed.clone(),
                    role => repo.snapshot["meta"][format!("{role}.json")] = listed.clone(),
                }
                repo.publish();
            });

            assert_eq!(code, error.code(), "{role} {listed}: {error:?}");
        }
    }
}

// V65 T9 T15
#[test]
fn rejects_each_role_that_is_over() {
    for role in ["root", "timestamp", "snapshot", "targets", "a"] {
        let error = refused(|repo| {
            repo.delegate("a", 7, &["*"]);
            repo.targets["targets"] = json!({});
            let over = json!("2026-01-01T00:00:00Z");
            match role {
                "root" => repo.rotate(|it| it.root["expires"] = over),
                "timestamp" => repo.timestamp["expires"] = over,
                "snapshot" => repo.snapshot["expires"] = over,
                "targets" => repo.targets["expires"] = over,
                _ => repo.delegated.get_mut("a").unwrap().0["expires"] = over,
            }
            repo.publish();
        });

        assert!(matches!(&error, UpdateError::Expired { role: found, .. } if found == role));
    }
}

// V65
#[test]
fn rejects_other_versions_than_listed() {
    for (role, file) in [
        ("snapshot", "1.snapshot.json"),
        ("targets", "1.targets.json"),
    ] {
        let error = refused(|repo| {
            let (metadata, keys) = match role {
                "snapshot" => (&mut repo.snapshot, &repo.snapshot_keys),
                _ => (&mut repo.targets, &repo.targets_keys),
            };
            bump(metadata);
            let bytes = sign(metadata, keys);
            repo.files.insert(file.to_owned(), bytes);
        });

        let role = role.to_owned();
        let (want, found) = (1, 2);
        assert_eq!(UpdateError::Version { role, want, found }, error);
    }
}

// V65
#[test]
fn rejects_targets_with_other_bytes() {
    let path = |repo: &Repo| {
        let mut names = repo.files.keys();
        names.find(|it| it.starts_with("targets/")).unwrap().clone()
    };
    for (bytes, code) in [
        (b"Content".to_vec(), "tuf.hash"),
        (b"conten".to_vec(), "tuf.length"),
        (b"content!".to_vec(), "tuf.too-large"),
    ] {
        let error = refused(|repo| {
            repo.files.insert(path(repo), bytes);
        });

        assert_eq!(code, error.code());
    }
    let error = refused(|repo| {
        repo.files.remove(&path(repo));
    });
    assert!(matches!(error, UpdateError::Status { status: 404, .. }));
}

// V65
#[test]
fn rejects_targets_without_a_known_hash() {
    let error = refused(|repo| {
        repo.targets["targets"][TARGET]["hashes"] = json!({"md5": "00"});
        repo.publish();
    });

    assert_eq!("tuf.hash", error.code());
}

// V65
#[test]
fn accepts_the_absence_of_a_target() {
    let mut repo = Repo::new();
    repo.targets["targets"] = json!({"other": listed(b"")});
    repo.publish();

    let updated = update_all(&repo, &mut Memory::default()).unwrap();

    assert_eq!(vec![None], updated.targets);
}

// V65
#[test]
fn accepts_versions_that_were_driven_up_with_a_lost_key() {
    for role in ["timestamp", "snapshot"] {
        let mut repo = Repo::new();
        for metadata in [&mut repo.timestamp, &mut repo.snapshot] {
            metadata["version"] = json!(900);
        }
        repo.timestamp["meta"]["snapshot.json"]["version"] = json!(900);
        repo.publish();
        let mut store = Memory::default();
        update_all(&repo, &mut store).unwrap();
        repo.rotate(|it| {
            it.set_role(role, &[9], 1);
            match role {
                "timestamp" => it.timestamp_keys = vec![9],
                _ => it.snapshot_keys = vec![9],
            }
        });
        repo.timestamp["version"] = json!(2);
        repo.snapshot["version"] = json!(2);
        repo.timestamp["meta"]["snapshot.json"]["version"] = json!(2);
        repo.publish();

        let updated = update_all(&repo, &mut store).unwrap();

        assert_eq!(2, updated.roles.role("timestamp").unwrap().version);
    }
}

// V65
#[test]
fn accepts_keys_of_unknown_kinds_without_counting_them() {
    let mut repo = Repo::new();
    repo.rotate(|it| {
        it.root["keys"]["new"] = json!({"keytype": "dilithium", "scheme": "x", "keyval": 5});
        it.root["keys"]["broken"] = json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
                                           "keyval": {"public": "no PEM"}});
        it.root["roles"]["timestamp"] =
            json!({"keyids": ["new", "broken", "absent", key_id(4)], "threshold": 1});
    });

    assert!(update_all(&repo, &mut Memory::default()).is_ok());
    repo.rotate(|it| it.root["roles"]["timestamp"]["threshold"] = json!(2));
    let error = update_all(&repo, &mut Memory::default()).unwrap_err();
    assert_eq!(threshold("timestamp", 2, 1), error);
}

// V65
#[test]
fn rejects_too_many_roles_in_a_row() {
    let mut repo = Repo::new();
    repo.targets["targets"] = json!({});
    for n in 0..40 {
        repo.delegate(&format!("role{n}"), 7, &["*"]);
    }
    repo.publish();

    let error = update_all(&repo, &mut Memory::default()).unwrap_err();

    assert_eq!(UpdateError::Delegations { cap: 32 }, error);
}

// V65
#[test]
fn rejects_a_repository_without_metadata() {
    for (file, url) in [
        ("timestamp.json", "https://tuf.example/timestamp.json"),
        ("1.snapshot.json", "https://tuf.example/1.snapshot.json"),
        ("1.targets.json", "https://tuf.example/1.targets.json"),
    ] {
        let error = refused(|repo| {
            repo.files.remove(file);
        });

        let (url, status) = (url.to_owned(), 404);
        assert_eq!(UpdateError::Status { url, status }, error);
    }
}

// V65
#[test]
fn rejects_a_first_root_that_is_not_signed() {
    let mut repo = Repo::new();
    repo.root_keys = vec![1];
    repo.publish_root();

    let error = update_all(&repo, &mut Memory::default()).unwrap_err();

    assert_eq!(threshold("root", 2, 1), error);
}

// V65
#[test]
fn asks_for_no_more_than_is_new() {
    let mut repo = Repo::new();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    repo.asked();

    update_all(&repo, &mut store).unwrap();

    assert_eq!(vec!["2.root.json", "timestamp.json"], repo.asked());
    bump(&mut repo.timestamp);
    repo.publish();
    update_all(&repo, &mut store).unwrap();
    assert_eq!(vec!["2.root.json", "timestamp.json"], repo.asked());
}

// V65
#[test]
fn accepts_plain_names_where_snapshots_are_not_consistent() {
    let mut repo = Repo::new();
    repo.root["consistent_snapshot"] = json!(false);
    repo.publish_root();
    for (old, new) in [
        ("1.snapshot.json", "snapshot.json"),
        ("1.targets.json", "targets.json"),
    ] {
        let file = repo.files.remove(old).unwrap();
        repo.files.insert(new.to_owned(), file);
    }
    let path = format!("targets/{TARGET}");
    repo.files.insert(path, CONTENT.to_vec());

    let mut store = Memory::default();

    assert!(update_all(&repo, &mut store).is_ok());
    assert!(store.read(&Item::Targets).unwrap().is_some());
    assert_eq!("targets", header("targets")["_type"]);
}
