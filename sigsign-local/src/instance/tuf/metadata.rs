//! The four roles, written and read.
//!
//! Spec: tuf 4.3 to 4.6

use serde_json::Value;

use super::canonical::canonical;
use super::keys::{ROOT_THRESHOLD, id, public};
use crate::json::Json;
use crate::key::{Key, sha256};
use crate::text::hex;

const SPEC_VERSION: &str = "1.0.31";

/// A file that clients come for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    /// SHA-256 in hexadecimal.
    pub(super) hash: String,
    pub(super) bytes: Vec<u8>,
}

/// What is in a root.
#[derive(Clone, Debug)]
pub(super) struct Root<'a> {
    pub(super) version: u64,
    pub(super) expires: String,
    pub(super) root: &'a [Key],
    pub(super) targets: &'a Key,
    pub(super) snapshot: &'a Key,
    pub(super) timestamp: &'a Key,
}

/// Spec: tuf 4.3
pub(super) fn root(root: &Root<'_>) -> Json {
    let one = std::slice::from_ref;
    let roles = [
        ("root", root.root, ROOT_THRESHOLD),
        ("snapshot", one(root.snapshot), 1),
        ("targets", one(root.targets), 1),
        ("timestamp", one(root.timestamp), 1),
    ];
    let keys = roles.iter().flat_map(|(_, keys, _)| keys.iter());
    let keys = keys.map(|key| (id(key), public(key))).collect();
    let role = |(_, keys, threshold): &(&str, &[Key], u32)| {
        let ids = keys.iter().map(|key| Json::text(id(key)));
        Json::object([
            ("keyids", Json::List(ids.collect())),
            ("threshold", Json::number(*threshold)),
        ])
    };
    let roles = roles.iter().map(|it| (it.0.to_owned(), role(it)));
    let mut json = head("root", root.version, &root.expires);
    json.set("consistent_snapshot", Json::Raw("true".to_owned()));
    json.set("keys", Json::Object(keys));
    json.set("roles", Json::Object(roles.collect()));
    json
}

/// Spec: tuf 4.5
pub(super) fn targets(version: u64, expires: &str, targets: &[Target]) -> Json {
    let each = targets.iter().map(|it| {
        let file = Json::object([
            ("hashes", Json::object([("sha256", Json::text(&it.hash))])),
            ("length", Json::number(it.bytes.len() as u64)),
        ]);
        (it.name.clone(), file)
    });
    let mut json = head("targets", version, expires);
    json.set("targets", Json::Object(each.collect()));
    json
}

/// Spec: tuf 4.4
pub(super) fn snapshot(version: u64, expires: &str, targets: &Signed) -> Json {
    let mut json = head("snapshot", version, expires);
    set_meta(&mut json, "targets.json", targets);
    json
}

/// Spec: tuf 4.6
pub(super) fn timestamp(version: u64, expires: &str, snapshot: &Signed) -> Json {
    let mut json = head("timestamp", version, expires);
    set_meta(&mut json, "snapshot.json", snapshot);
    json
}

fn head(role: &str, version: u64, expires: &str) -> Json {
    Json::object([
        ("_type", Json::text(role)),
        ("expires", Json::text(expires)),
        ("spec_version", Json::text(SPEC_VERSION)),
        ("version", Json::number(version)),
    ])
}

/// METAFILES with one member; its name has a dot in it, so it is no path.
fn set_meta(json: &mut Json, name: &str, file: &Signed) {
    let hash = hex(&sha256(&file.file));
    let about = Json::object([
        ("hashes", Json::object([("sha256", Json::text(hash))])),
        ("length", Json::number(file.file.len() as u64)),
        ("version", Json::number(file.version)),
    ]);
    json.set("meta", Json::Object(vec![(name.to_owned(), about)]));
}

/// The file of a role, signed by each of these keys.
///
/// Spec: tuf 4.2.1
pub(super) fn signed(role: Json, signers: &[Key]) -> Vec<u8> {
    let bytes = canonical(&role);
    let signature = |key: &Key| {
        Json::object([
            ("keyid", Json::text(id(key))),
            ("sig", Json::text(hex(&key.sign(&bytes)))),
        ])
    };
    let signatures = signers.iter().map(signature).collect();
    let file = Json::object([("signatures", Json::List(signatures)), ("signed", role)]);
    file.pretty().into_bytes()
}

/// The file of a role, which this program wrote.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) file: Vec<u8>,
    pub(super) version: u64,
    pub(super) expires: String,
    json: Value,
}

impl Signed {
    pub(super) fn from_json(file: Vec<u8>) -> Option<Self> {
        let json: Value = serde_json::from_slice(&file).ok()?;
        Some(Self {
            version: json["signed"]["version"].as_u64()?,
            expires: json["signed"]["expires"].as_str()?.to_owned(),
            json,
            file,
        })
    }

    /// The version of another role that this one leads to.
    pub(super) fn meta(&self, name: &str) -> Option<u64> {
        self.json["signed"]["meta"][name]["version"].as_u64()
    }

    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        self.json["signatures"][0]["keyid"] == id(key)
    }

    /// Whether a root gives this role to a key.
    pub(super) fn has_role(&self, role: &str, key: &Key) -> bool {
        self.json["signed"]["roles"][role]["keyids"][0] == id(key)
    }

    /// Whether these are the targets, and no others.
    pub(super) fn names(&self, targets: &[Target]) -> bool {
        let named = &self.json["signed"]["targets"];
        named
            .as_object()
            .is_some_and(|it| it.len() == targets.len())
            && targets
                .iter()
                .all(|it| named[&it.name]["hashes"]["sha256"] == *it.hash)
    }
}
