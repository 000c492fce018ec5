//! A repository in memory, which signs whatever it is told to.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::crypto::sha256;
use crate::encoding::hex_encode;
use crate::time::Timestamp;
use crate::transport::{Pending, Request, Response, Transport, TransportError};
use crate::tuf::{Held, Memory, Repository, UpdateError, Updated, load, update};

/// 2026-01-01T00:00:00Z
pub(super) const AT: Timestamp = Timestamp::from_unix_seconds(1_767_225_600);

pub(super) const EXPIRES: &str = "2026-06-01T00:00:00Z";

/// The name of the one target, and what is in it.
pub(super) const TARGET: &str = "trusted_root.json";
pub(super) const CONTENT: &[u8] = b"content";

/// The metadata before it is signed, and by which keys it is going to be.
#[derive(Debug)]
pub(super) struct Repo {
    pub(super) root: Value,
    pub(super) timestamp: Value,
    pub(super) snapshot: Value,
    pub(super) targets: Value,
    pub(super) delegated: BTreeMap<String, (Value, Vec<u8>)>,
    pub(super) root_keys: Vec<u8>,
    pub(super) timestamp_keys: Vec<u8>,
    pub(super) snapshot_keys: Vec<u8>,
    pub(super) targets_keys: Vec<u8>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Repo {
    /// Everything at version 1, the root signed by two keys of three, the others by one.
    pub(super) fn new() -> Self {
        let mut repo = Self {
            root: json!({
                "_type": "root", "spec_version": "1.0.31", "version": 1, "expires": EXPIRES,
                "consistent_snapshot": true, "x-unknown": {"é": ["\"\\", null, true]},
                "keys": {}, "roles": {},
            }),
            timestamp: header("timestamp"),
            snapshot: header("snapshot"),
            targets: header("targets"),
            delegated: BTreeMap::new(),
            root_keys: vec![1, 2],
            timestamp_keys: vec![4],
            snapshot_keys: vec![5],
            targets_keys: vec![6],
            files: BTreeMap::new(),
            asked: Mutex::default(),
        };
        for n in 1..=9 {
            repo.root["keys"][key_id(n)] = public(n);
        }
        repo.set_role("root", &[1, 2, 3], 2);
        repo.set_role("timestamp", &[4], 1);
        repo.set_role("snapshot", &[5], 1);
        repo.set_role("targets", &[6], 1);
        repo.timestamp["meta"] = json!({"snapshot.json": {"version": 1}});
        repo.snapshot["meta"] = json!({"targets.json": {"version": 1}});
        repo.targets["targets"] = json!({ TARGET: listed(CONTENT) });
        repo.publish_root();
        repo.publish();
        repo
    }

    pub(super) fn set_role(&mut self, role: &str, keys: &[u8], threshold: i64) {
        let ids: Vec<String> = keys.iter().map(|n| key_id(*n)).collect();
        self.root["roles"][role] = json!({"keyids": ids, "threshold": threshold});
    }

    /// Adds a delegation of the targets role to `name`, whose metadata is of version 1.
    pub(super) fn delegate(&mut self, name: &str, key: u8, paths: &[&str]) {
        let delegation = delegation(name, key, paths);
        let delegations = &mut self.targets["delegations"];
        if delegations.is_null() {
            *delegations = json!({"keys": keys(), "roles": []});
        }
        delegations["roles"]
            .as_array_mut()
            .unwrap()
            .push(delegation);
        self.add_role(name, key);
    }

    /// The metadata of a role, without anybody trusting it.
    pub(super) fn add_role(&mut self, name: &str, key: u8) {
        let mut metadata = header("targets");
        metadata["targets"] = json!({});
        self.snapshot["meta"][format!("{name}.json")] = json!({"version": 1});
        self.delegated
            .insert(name.to_owned(), (metadata, vec![key]));
    }

    pub(super) fn publish_root(&mut self) {
        let name = format!("{}.root.json", self.root["version"]);
        self.files.insert(name, sign(&self.root, &self.root_keys));
    }

    /// The next version of the root, signed by the keys there are.
    pub(super) fn rotate(&mut self, change: impl FnOnce(&mut Self)) {
        bump(&mut self.root);
        change(self);
        self.publish_root();
    }

    /// Signs everything but the root.
    pub(super) fn publish(&mut self) {
        for (name, (metadata, keys)) in &self.delegated {
            let name = format!("{}.{name}.json", metadata["version"]);
            self.files.insert(name, sign(metadata, keys));
        }
        for (name, metadata, keys) in [
            ("targets", &self.targets, &self.targets_keys),
            ("snapshot", &self.snapshot, &self.snapshot_keys),
        ] {
            let name = format!("{}.{name}.json", metadata["version"]);
            self.files.insert(name, sign(metadata, keys));
        }
        let timestamp = sign(&self.timestamp, &self.timestamp_keys);
        self.files.insert("timestamp.json".to_owned(), timestamp);
        let name = format!("targets/{}.{TARGET}", hex_encode(&sha256(CONTENT)));
        self.files.insert(name, CONTENT.to_vec());
    }

    /// Everything but the root in its next version.
    pub(super) fn publish_next(&mut self) {
        bump(&mut self.targets);
        bump(&mut self.snapshot);
        bump(&mut self.timestamp);
        self.snapshot["meta"]["targets.json"]["version"] = self.targets["version"].clone();
        self.timestamp["meta"]["snapshot.json"]["version"] = self.snapshot["version"].clone();
        self.publish();
    }

    pub(super) fn repository(&self) -> Repository {
        Repository::new("https://tuf.example/", self.files["1.root.json"].clone())
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Transport for Repo {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        let path = request.url().strip_prefix("https://tuf.example/").unwrap();
        self.asked.lock().unwrap().push(path.to_owned());
        let answer = match self.files.get(path) {
            Some(file) if file.len() > request.cap() => {
                Err(TransportError::TooLarge { cap: request.cap() })
            }
            Some(file) => Ok(Response::new(200, file.clone())),
            None => Ok(Response::new(404, Vec::new())),
        };
        Box::pin(std::future::ready(answer))
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Runs what does not wait for anything.
pub(super) fn block<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("waits"),
    }
}

pub(super) fn update_all(repo: &Repo, store: &mut Memory) -> Result<Updated, UpdateError> {
    block(update(&repo.repository(), repo, store, &[TARGET], AT))
}

pub(super) fn load_all(repo: &Repo, store: &Memory) -> Result<Option<Held>, UpdateError> {
    load(repo.repository().root(), store, &[TARGET], AT)
}

pub(super) fn bump(metadata: &mut Value) {
    metadata["version"] = json!(metadata["version"].as_u64().unwrap() + 1);
}

pub(super) fn listed(bytes: &[u8]) -> Value {
    json!({"length": bytes.len(), "hashes": {"sha256": hex_encode(&sha256(bytes))}})
}

pub(super) fn delegation(name: &str, key: u8, paths: &[&str]) -> Value {
    json!({"name": name, "keyids": [key_id(key)], "threshold": 1, "terminating": false,
           "paths": paths})
}

pub(super) fn header(role: &str) -> Value {
    json!({"_type": role, "spec_version": "1.0.31", "version": 1, "expires": EXPIRES})
}

pub(super) fn keys() -> Value {
    let keys = (1..=9).map(|n| (key_id(n), public(n)));
    Value::Object(keys.collect())
}

pub(super) fn key_id(n: u8) -> String {
    format!("key {n}")
}

pub(super) fn public(n: u8) -> Value {
    let public = hex_encode(key(n).verifying_key().as_bytes());
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})
}

pub(super) fn sign(signed: &Value, keys: &[u8]) -> Vec<u8> {
    let ids: Vec<(String, u8)> = keys.iter().map(|n| (key_id(*n), *n)).collect();
    sign_as(signed, &ids)
}

/// Signs with keys under other names.
pub(super) fn sign_as(signed: &Value, keys: &[(String, u8)]) -> Vec<u8> {
    // serde_json sorts members, and there is nothing here that it escapes otherwise.
    let message = signed.to_string();
    let signatures: Vec<Value> = keys
        .iter()
        .map(|(id, n)| {
            let signature = key(*n).sign(message.as_bytes());
            json!({"keyid": id, "sig": hex_encode(&signature.to_bytes())})
        })
        .collect();
    json!({"signed": signed, "signatures": signatures})
        .to_string()
        .into_bytes()
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}
