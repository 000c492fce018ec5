//! Who signs which role.

use super::canonical::canonical;
use crate::instance::Keys;
use crate::json::Json;
use crate::key::{Key, Scheme, sha256};
use crate::text::{hex, pem};

/// How many of the root's keys must sign.
pub(super) const ROOT_THRESHOLD: u32 = 2;

/// The keys of all roles, as they came with one version of the root.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    version: u64,
    pub(super) targets: Key,
    pub(super) snapshot: Key,
    pub(super) timestamp: Key,
}

impl Generation {
    pub(super) fn new(keys: &Keys, version: u64) -> Self {
        let key = |scheme, role| keys.key(scheme, &format!("tuf {role} {version}"));
        Self {
            version,
            targets: key(Scheme::P256, "targets"),
            snapshot: key(Scheme::Ed25519, "snapshot"),
            timestamp: key(Scheme::Ed25519, "timestamp"),
        }
    }

    /// The keys of the root, of which [`ROOT_THRESHOLD`] must sign.
    pub(super) fn root(&self, secret: &[u8; 32]) -> Vec<Key> {
        let keys = Keys::new(*secret);
        let key = |scheme, number| keys.key(scheme, &format!("tuf root {} {number}", self.version));
        vec![
            key(Scheme::P256, 1),
            key(Scheme::P256, 2),
            key(Scheme::Ed25519, 3),
        ]
    }
}

/// KEY
///
/// Spec: tuf 4.2
pub(super) fn public(key: &Key) -> Json {
    let (kind, scheme, public) = match key.scheme {
        Scheme::Ed25519 => ("ed25519", "ed25519", hex(&key.raw_public())),
        _ => {
            let pem = pem("PUBLIC KEY", &key.spki());
            ("ecdsa", "ecdsa-sha2-nistp256", pem)
        }
    };
    Json::object([
        ("keytype", Json::text(kind)),
        ("keyval", Json::object([("public", Json::text(public))])),
        ("scheme", Json::text(scheme)),
    ])
}

/// KEYID
pub(super) fn id(key: &Key) -> String {
    hex(&sha256(&canonical(&public(key))))
}
