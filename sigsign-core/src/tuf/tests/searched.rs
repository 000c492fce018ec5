use super::repo::{CONTENT, TARGET, delegation, keys, listed};
use super::*;
use crate::tuf::{Client, Item, Memory, Store, UpdateError};
use serde_json::json;

/// Roles that were asked for, in order, in the search for a target that is not there.
fn visited(repo: &Repo, name: &str) -> Vec<String> {
    let (repository, mut store) = (repo.repository(), Memory::default());
    repo.asked();
    let error = block(async {
        let mut client = Client::refresh(&repository, repo, &mut store, AT).await?;
        client.target(name).await
    })
    .unwrap_err();
    let name = name.to_owned();
    assert_eq!(UpdateError::NoTarget { name }, error);
    let asked = repo.asked().into_iter().skip(4);
    let roles = asked.map(|it| {
        it.trim_start_matches("1.")
            .trim_end_matches(".json")
            .to_owned()
    });
    roles.collect()
}

/// targets -> a, b; a -> c, d; c -> a
fn graph() -> Repo {
    let mut repo = Repo::new();
    repo.delegate("a", 7, &["*"]);
    repo.delegate("b", 7, &["*"]);
    for name in ["c", "d"] {
        repo.add_role(name, 8);
    }
    let to = |names: &[&str]| {
        let roles: Vec<_> = names.iter().map(|it| delegation(it, 8, &["*"])).collect();
        json!({"keys": keys(), "roles": roles})
    };
    repo.delegated.get_mut("a").unwrap().0["delegations"] = to(&["c", "d"]);
    repo.delegated.get_mut("c").unwrap().0["delegations"] = to(&["a"]);
    repo.publish();
    repo
}

// V65
#[test]
fn asks_those_trusted_by_the_first_before_the_second() {
    assert_eq!(vec!["a", "c", "d", "b"], visited(&graph(), "x"));
}

// V65
#[test]
fn asks_nobody_after_a_terminating_delegation() {
    let mut repo = graph();
    let a = repo.delegated.get_mut("a").unwrap();
    a.0["delegations"]["roles"][0]["terminating"] = json!(true);
    repo.publish();

    assert_eq!(vec!["a", "c"], visited(&repo, "x"));
}

// V65 T11
#[test]
fn asks_only_those_whose_paths_fit() {
    let mut repo = graph();
    let roles = &mut repo.targets["delegations"]["roles"];
    roles[0]["paths"] = json!(["a/*"]);
    roles[1]["paths"] = json!(["*"]);
    repo.publish();

    assert_eq!(vec!["b"], visited(&repo, "x"));
    assert_eq!(vec!["a"], visited(&repo, "a/x"));
    assert!(visited(&repo, "a/b/x").is_empty());
}

// V65 T4 T9 T12
#[test]
fn accepts_a_target_of_a_delegated_role() {
    let mut repo = graph();
    repo.targets["targets"] = json!({});
    let content = CONTENT;
    let d = repo.delegated.get_mut("d").unwrap();
    d.0["targets"] = json!({ TARGET: listed(content) });
    repo.publish();
    let mut store = Memory::default();

    let updated = update_all(&repo, &mut store).unwrap();

    assert_eq!(vec![Some(content.to_vec())], updated.targets);
    let held = load_all(&repo, &store).unwrap().unwrap();
    assert_eq!(
        (vec![Some(content.to_vec())], None),
        (held.targets, held.stale)
    );
}

// V65 T4: the same name with other keys, by another delegator
#[test]
fn rejects_a_role_signed_for_another_delegator() {
    let mut repo = graph();
    repo.targets["targets"] = json!({});
    let roles = repo.targets["delegations"]["roles"].as_array_mut().unwrap();
    roles.insert(0, delegation("c", 9, &["*"]));
    repo.publish();

    let error = update_all(&repo, &mut Memory::default()).unwrap_err();

    assert!(matches!(&error, UpdateError::Threshold { role, need: 1, got: 0 } if role == "c"));
}

// V65 T12
#[test]
fn rejects_a_kept_role_once_its_delegator_has_other_keys() {
    let mut repo = graph();
    repo.targets["targets"] = json!({});
    repo.publish();
    let mut store = Memory::default();
    update_all(&repo, &mut store).unwrap();
    assert!(store.read(&Item::Delegated("a")).unwrap().is_some());
    let roles = &mut repo.targets["delegations"]["roles"];
    roles[0] = delegation("a", 9, &["*"]);
    repo.publish_next();

    let error = update_all(&repo, &mut store).unwrap_err();

    assert!(matches!(&error, UpdateError::Threshold { role, .. } if role == "a"));
}

// V65
#[test]
fn rejects_a_role_that_the_snapshot_does_not_list() {
    let mut repo = graph();
    repo.targets["targets"] = json!({});
    repo.snapshot["meta"]
        .as_object_mut()
        .unwrap()
        .remove("c.json");
    repo.publish();

    let error = update_all(&repo, &mut Memory::default()).unwrap_err();

    let role = "c".to_owned();
    assert_eq!(UpdateError::NotListed { role }, error);
}

// V65 T4 T6
#[test]
fn rejects_delegated_roles_that_are_called_like_others() {
    for name in [
        "root",
        "timestamp",
        "snapshot",
        "targets",
        "mirrors",
        "",
        "b",
    ] {
        let mut repo = graph();
        repo.targets["delegations"]["roles"][0]["name"] = json!(name);
        repo.publish();

        let error = update_all(&repo, &mut Memory::default()).unwrap_err();

        assert_eq!("tuf.field", error.code(), "{name}");
    }
}

// V65 T6
#[test]
fn accepts_odd_names_without_leaving_the_repository() {
    let mut repo = Repo::new();
    repo.targets["targets"] = json!({});
    repo.delegate("../a?#", 7, &["*"]);
    repo.publish();
    let file = repo.files.remove("1.../a?#.json").unwrap();
    repo.files.insert("1...%2Fa%3F%23.json".to_owned(), file);
    let mut store = Memory::default();

    update_all(&repo, &mut store).unwrap();

    let item = Item::Delegated("../a?#");
    assert!(store.read(&item).unwrap().is_some());
    assert_eq!("role...%2Fa%3F%23.json", item.file_name());
}

// V65 T6
#[test]
fn rejects_targets_outside_the_repository() {
    let mut repo = Repo::new();
    let name = "../timestamp.json";
    repo.targets["targets"] = json!({ name: listed(b"") });
    repo.publish();
    let (repository, mut store) = (repo.repository(), Memory::default());

    let error = block(crate::tuf::update(
        &repository,
        &repo,
        &mut store,
        &[name],
        AT,
    ))
    .unwrap_err();

    let name = name.to_owned();
    assert_eq!(UpdateError::Name { name }, error);
}

// V65
#[test]
fn rejects_paths_and_hash_prefixes_together() {
    let mut repo = graph();
    repo.targets["delegations"]["roles"][0]["path_hash_prefixes"] = json!(["00"]);
    repo.publish();

    let error = update_all(&repo, &mut Memory::default()).unwrap_err();

    assert_eq!("tuf.field", error.code());
}
