//! The trust root repository, read by a client that shares nothing with it: the workflow of the
//! specification, in its order.
//!
//! Spec: tuf 5.3 to 5.7

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use sigsign_core::crypto::{Algorithm, PublicKey, sha256};
use sigsign_local::instance::{FolderError, Instance, SIGNING_CONFIG_FILE, TRUSTED_ROOT_FILE};
use sigsign_local::recipe::NOW;
use sigsign_local::text::{hex, rfc3339};

use crate::asked::{Asked, options};

const DAY: i64 = 86_400;

#[test]
fn accepts_a_client_that_starts_with_the_first_root() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);

    client.update(&asked, NOW).unwrap();

    assert_eq!((1, 1, 1, 1), client.versions());
    let documents = [
        (TRUSTED_ROOT_FILE, asked.instance.trusted_root()),
        (SIGNING_CONFIG_FILE, asked.instance.signing_config()),
    ];
    for (name, text) in documents {
        assert_eq!(text.as_bytes(), client.target(&asked, name).unwrap());
    }
}

#[test]
fn accepts_a_client_after_every_rotation() {
    let asked = Asked::new();
    let mut old = Client::new(&asked);
    let mut early = Client::new(&asked);
    early.update(&asked, NOW).unwrap();

    assert_eq!(2, asked.instance.tuf().rotate().unwrap());
    early.update(&asked, NOW).unwrap();
    assert_eq!(3, asked.instance.tuf().rotate().unwrap());
    early.update(&asked, NOW).unwrap();
    old.update(&asked, NOW).unwrap();

    assert_eq!((3, 3, 3, 3), early.versions());
    assert_eq!((3, 3, 3, 3), old.versions());
    let keys = |version| -> BTreeSet<String> {
        let root = Client::json(&asked, &format!("{version}.root.json")).unwrap();
        let keys = root["signed"]["keys"].as_object().unwrap();
        keys.keys().cloned().collect()
    };
    assert_eq!(6, keys(1).len());
    assert!(keys(1).is_disjoint(&keys(2)), "every role has new keys");
    assert!(keys(2).is_disjoint(&keys(3)));
    assert_eq!(
        asked.get("/tuf/root.json").unwrap().body,
        asked.get("/tuf/3.root.json").unwrap().body
    );
}

#[test]
fn rejects_an_old_client_without_a_root_between() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    asked.instance.tuf().rotate().unwrap();
    asked.instance.tuf().rotate().unwrap();
    fs::remove_file(asked.place.path().join("tuf/2.root.json")).unwrap();

    assert_eq!(
        Err("timestamp: threshold".to_owned()),
        client.update(&asked, NOW)
    );
}

#[test]
fn accepts_metadata_that_is_renewed_before_it_is_over() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    let clock = &asked.instance.context().clock;

    // Every third day for two years.
    for day in (0..730).step_by(3) {
        client.update(&asked, NOW + day * DAY).unwrap();
        clock.advance(3 * DAY * 1000);
    }

    let (root, timestamp, snapshot, targets) = client.versions();
    assert_eq!(4, root, "every half year");
    assert_eq!(244, timestamp, "every time");
    assert!((23..=25).contains(&snapshot), "{snapshot}");
    assert_eq!(snapshot, targets);
}

#[test]
fn accepts_a_repository_that_slept_for_a_year() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    client.update(&asked, NOW).unwrap();

    asked.instance.context().clock.advance(364 * DAY * 1000);

    client.update(&asked, NOW + 364 * DAY).unwrap();
    assert_eq!((2, 2, 2, 2), client.versions());
}

#[test]
fn accepts_a_repository_without_the_secret_of_its_root() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    client.update(&asked, NOW).unwrap();
    let secret = asked.place.path().join("offline/tuf-root");
    fs::remove_file(&secret).unwrap();
    asked.instance.context().clock.advance(300 * DAY * 1000);

    client.update(&asked, NOW + 300 * DAY).unwrap();
    let error = asked.instance.tuf().rotate().unwrap_err();

    assert_eq!((1, 2, 2, 2), client.versions());
    assert_eq!(Some(&FolderError::OfflineSecret), FolderError::of(&error));
    assert!(!secret.exists(), "no other secret is made");
}

#[test]
fn accepts_other_documents_after_a_restart() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    client.update(&asked, NOW).unwrap();
    let Asked { instance, place } = asked;
    drop(instance);

    let mut options = options(&place);
    options.base_url = "http://localhost:1234".to_owned();
    let instance = Instance::open(options).unwrap();
    let asked = Asked { instance, place };
    client.update(&asked, NOW).unwrap();

    assert_eq!((1, 2, 2, 2), client.versions());
    let config = client.target(&asked, SIGNING_CONFIG_FILE).unwrap();
    assert_eq!(asked.instance.signing_config().as_bytes(), config);
}

#[test]
fn accepts_the_same_repository_after_a_restart() {
    let asked = Asked::new();
    let before = asked.get("/tuf/timestamp.json").unwrap();
    let Asked { instance, place } = asked;
    drop(instance);

    let instance = Instance::open(options(&place)).unwrap();
    let asked = Asked { instance, place };

    assert_eq!(before, asked.get("/tuf/timestamp.json").unwrap());
    assert_eq!(404, asked.get("/tuf/2.snapshot.json").unwrap().status);
}

#[test]
fn accepts_a_publication_that_was_cut_short() {
    let asked = Asked::new();
    let mut client = Client::new(&asked);
    client.update(&asked, NOW).unwrap();
    asked.instance.tuf().rotate().unwrap();
    // The new root and targets are there, the timestamp that leads to them is not.
    let Asked { instance, place } = asked;
    drop(instance);
    fs::write(
        place.path().join("tuf/timestamp.json"),
        &client.files.timestamp,
    )
    .unwrap();

    let instance = Instance::open(options(&place)).unwrap();
    let asked = Asked { instance, place };
    client.update(&asked, NOW).unwrap();

    assert_eq!((2, 2, 2, 2), client.versions());
}

#[test]
fn rejects_paths_to_anything_else() {
    let asked = Asked::new();
    asked.get("/tuf/timestamp.json").unwrap();

    for path in [
        "/tuf/",
        "/tuf/snapshot.json",
        "/tuf/01.root.json",
        "/tuf/0.root.json",
        "/tuf/2.root.json",
        "/tuf/1.timestamp.json",
        "/tuf/1.mirrors.json",
        "/tuf/../secret",
        "/tuf/..%2Fsecret",
        "/tuf/%2e%2e/secret",
        "/tuf/targets/..%2F1.root.json",
        "/tuf/targets/trusted_root.json",
        "/tuf/targets",
        "/tuf/18446744073709551616.root.json",
    ] {
        assert_eq!(404, asked.get(path).unwrap().status, "{path}");
    }
}

/// What a client keeps: metadata that it trusts.
struct Client {
    root: Value,
    timestamp: Value,
    snapshot: Value,
    targets: Value,
    files: Files,
}

#[derive(Default)]
struct Files {
    timestamp: Vec<u8>,
}

impl Client {
    fn new(asked: &Asked) -> Self {
        Self {
            root: Self::json(asked, "1.root.json").unwrap(),
            timestamp: Value::Null,
            snapshot: Value::Null,
            targets: Value::Null,
            files: Files::default(),
        }
    }

    fn versions(&self) -> (u64, u64, u64, u64) {
        let version = |it: &Value| it["signed"]["version"].as_u64().unwrap();
        (
            version(&self.root),
            version(&self.timestamp),
            version(&self.snapshot),
            version(&self.targets),
        )
    }

    /// Spec: tuf 5.3 to 5.6
    fn update(&mut self, asked: &Asked, now: i64) -> Result<(), String> {
        for version in self.versions_of_root() + 1.. {
            let Some(next) = Self::json(asked, &format!("{version}.root.json")) else {
                break;
            };
            check(&self.root, "root", &next)?;
            check(&next, "root", &next)?;
            same("root: version", &version.into(), &next["signed"]["version"])?;
            self.root = next;
        }
        fresh("root", &self.root, now)?;
        self.files.timestamp = Self::get(asked, "timestamp.json").unwrap_or_default();
        let timestamp = Self::parse(&self.files.timestamp);
        check(&self.root, "timestamp", &timestamp)?;
        no_rollback("timestamp", &self.timestamp, &timestamp)?;
        fresh("timestamp", &timestamp, now)?;
        self.timestamp = timestamp;
        let meta = &self.timestamp["signed"]["meta"]["snapshot.json"];
        let snapshot = Self::listed(asked, "snapshot", meta)?;
        check(&self.root, "snapshot", &snapshot)?;
        no_rollback("snapshot", &self.snapshot, &snapshot)?;
        fresh("snapshot", &snapshot, now)?;
        self.snapshot = snapshot;
        let meta = &self.snapshot["signed"]["meta"]["targets.json"];
        let targets = Self::listed(asked, "targets", meta)?;
        check(&self.root, "targets", &targets)?;
        no_rollback("targets", &self.targets, &targets)?;
        fresh("targets", &targets, now)?;
        self.targets = targets;
        Ok(())
    }

    /// Spec: tuf 5.7
    fn target(&self, asked: &Asked, name: &str) -> Result<Vec<u8>, String> {
        let about = &self.targets["signed"]["targets"][name];
        let hash = about["hashes"]["sha256"].as_str().unwrap_or_default();
        let bytes = Self::get(asked, &format!("targets/{hash}.{name}"));
        let bytes = bytes.ok_or("target: not found")?;
        fits("target", about, &bytes)?;
        Ok(bytes)
    }

    fn versions_of_root(&self) -> u64 {
        self.root["signed"]["version"].as_u64().unwrap()
    }

    /// A file of metadata that another one lists.
    fn listed(asked: &Asked, role: &str, meta: &Value) -> Result<Value, String> {
        let file = Self::get(asked, &format!("{}.{role}.json", meta["version"]));
        let file = file.ok_or_else(|| format!("{role}: not found"))?;
        fits(role, meta, &file)?;
        let json = Self::parse(&file);
        same(
            &format!("{role}: version"),
            &meta["version"],
            &json["signed"]["version"],
        )?;
        Ok(json)
    }

    fn json(asked: &Asked, name: &str) -> Option<Value> {
        Self::get(asked, name).map(|it| Self::parse(&it))
    }

    fn parse(file: &[u8]) -> Value {
        serde_json::from_slice(file).unwrap()
    }

    fn get(asked: &Asked, name: &str) -> Option<Vec<u8>> {
        let answer = asked.get(&format!("/tuf/{name}")).unwrap();
        (answer.status == 200).then_some(answer.body)
    }
}

fn same(what: &str, want: &Value, found: &Value) -> Result<(), String> {
    let is_same = want == found;
    is_same
        .then_some(())
        .ok_or_else(|| format!("{what}: {want}, {found}"))
}

fn fits(what: &str, about: &Value, bytes: &[u8]) -> Result<(), String> {
    let hash = hex(&sha256(bytes));
    same(
        &format!("{what}: length"),
        &about["length"],
        &bytes.len().into(),
    )?;
    same(
        &format!("{what}: hash"),
        &about["hashes"]["sha256"],
        &hash.into(),
    )
}

fn no_rollback(role: &str, old: &Value, new: &Value) -> Result<(), String> {
    let version = |it: &Value| it["signed"]["version"].as_u64();
    let is_older = version(old) > version(new);
    (!is_older)
        .then_some(())
        .ok_or_else(|| format!("{role}: rollback"))
}

fn fresh(role: &str, json: &Value, now: i64) -> Result<(), String> {
    let end = json["signed"]["expires"].as_str().unwrap();
    let is_over = *end <= *rfc3339(now);
    (!is_over)
        .then_some(())
        .ok_or_else(|| format!("{role}: over since {end}"))
}

/// A threshold of the keys that `root` gives the role has signed.
///
/// Spec: tuf 4.2.1, 4.3
fn check(root: &Value, role: &str, json: &Value) -> Result<(), String> {
    same("type", &role.into(), &json["signed"]["_type"])?;
    let mut bytes = String::new();
    canonical(&json["signed"], &mut bytes);
    let by = &root["signed"]["roles"][role];
    let ids: BTreeSet<&str> = strings(&by["keyids"]).collect();
    let mut good = BTreeSet::new();
    for signature in json["signatures"].as_array().unwrap() {
        let id = signature["keyid"].as_str().unwrap();
        let key = &root["signed"]["keys"][id];
        if !ids.contains(id) {
            continue;
        }
        let mut text = String::new();
        canonical(key, &mut text);
        same("key id", &id.into(), &hex(&sha256(text.as_bytes())).into())?;
        let signature = unhex(signature["sig"].as_str().unwrap());
        if verifies(key, bytes.as_bytes(), &signature) {
            good.insert(id);
        }
    }
    let threshold = by["threshold"].as_u64().unwrap();
    let is_met = threshold > 0 && good.len() as u64 >= threshold;
    is_met
        .then_some(())
        .ok_or_else(|| format!("{role}: threshold"))
}

fn verifies(key: &Value, bytes: &[u8], signature: &[u8]) -> bool {
    let public = key["keyval"]["public"].as_str().unwrap();
    match (key["keytype"].as_str(), key["scheme"].as_str()) {
        (Some("ecdsa"), Some("ecdsa-sha2-nistp256")) => {
            let key = PublicKey::from_pem(public).unwrap();
            key.verify(Algorithm::EcdsaSha256, bytes, signature).is_ok()
        }
        (Some("ed25519"), Some("ed25519")) => {
            let spki = [unhex("302a300506032b6570032100"), unhex(public)].concat();
            let key = PublicKey::from_spki(&spki).unwrap();
            key.verify(Algorithm::Ed25519, bytes, signature).is_ok()
        }
        _ => false,
    }
}

/// Spec: OLPC canonical JSON
fn canonical(json: &Value, out: &mut String) {
    match json {
        Value::String(text) => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = write!(out, "\"{text}\"");
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            let names: BTreeSet<&String> = members.keys().collect();
            for (at, name) in names.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                canonical(&Value::from(name.as_str()), out);
                out.push(':');
                canonical(&members[name], out);
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
