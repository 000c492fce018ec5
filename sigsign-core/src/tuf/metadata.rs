//! The four kinds of metadata, each made only from bytes that the role's keys signed.
//!
//! Spec: tuf 4.3 to 4.6

use std::collections::{BTreeMap, HashSet};

use super::envelope::{Authority, Envelope, Header, Keys, Signed};
use super::error::UpdateError;
use super::pattern::Cover;
use super::wire::{DelegatedJson, FileJson, MetaJson, RoleJson, RootJson, TargetsJson};
use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::encoding::hex_decode;
use crate::json::wire::Object;

pub(super) const ROOT: &str = "root";
pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const SNAPSHOT: &str = "snapshot";
pub(super) const TARGETS: &str = "targets";

/// Whose keys sign the roles.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) header: Header,
    pub(super) consistent_snapshot: bool,
    own: Authority,
    timestamp: Authority,
    snapshot: Authority,
    targets: Authority,
}

impl Root {
    /// Reads a root that the caller trusts already.
    ///
    /// Spec: tuf 5.2
    pub(super) fn given(bytes: &[u8]) -> Result<Self, UpdateError> {
        Self::read(Envelope::parse(ROOT, bytes)?.claims())
    }

    /// The same, and checks that it is signed as it says.
    pub(super) fn given_signed(bytes: &[u8]) -> Result<Self, UpdateError> {
        let mut envelope = Envelope::parse(ROOT, bytes)?;
        let root = Self::read(envelope.claims())?;
        root.own.open(&mut envelope)?;
        Ok(root)
    }

    /// Reads the root that follows this one.
    ///
    /// Spec: tuf 5.3.4, 5.3.5
    pub(super) fn next(&self, bytes: &[u8]) -> Result<Self, UpdateError> {
        let mut envelope = Envelope::parse(ROOT, bytes)?;
        // 5.3.4. Signed by a threshold of keys of version N.
        let signed = self.own.open(&mut envelope)?;
        let next = Self::read(signed)?;
        // And by a threshold of its own.
        next.own.open(&mut envelope)?;
        // 5.3.5. Exactly one version further (T7).
        next.header
            .check_version(self.header.version.saturating_add(1))?;
        Ok(next)
    }

    fn read(signed: Signed<'_>) -> Result<Self, UpdateError> {
        let header = signed.header(ROOT)?;
        let json: RootJson = signed.read()?;
        let authority =
            |role: &RoleJson| signed.authority(&role.keyids, role.threshold, &json.keys);
        Ok(Self {
            header,
            consistent_snapshot: json.consistent_snapshot.unwrap_or(false),
            own: authority(&json.roles.root)?,
            timestamp: authority(&json.roles.timestamp)?,
            snapshot: authority(&json.roles.snapshot)?,
            targets: authority(&json.roles.targets)?,
        })
    }

    /// Whether `next` takes a key from the roles that say what is new.
    ///
    /// Spec: tuf 5.3.11
    pub(super) fn is_rotated_by(&self, next: &Self) -> bool {
        self.timestamp.lost_keys(&next.timestamp) || self.snapshot.lost_keys(&next.snapshot)
    }

    /// Spec: tuf 4.6, 5.4.2
    pub(super) fn timestamp(&self, bytes: &[u8]) -> Result<TimestampMeta, UpdateError> {
        let mut envelope = Envelope::parse(TIMESTAMP, bytes)?;
        let signed = self.timestamp.open(&mut envelope)?;
        let header = signed.header(TIMESTAMP)?;
        let json: MetaJson = signed.read()?;
        let snapshot = json.meta.get("snapshot.json");
        let snapshot = snapshot.ok_or_else(|| not_listed(SNAPSHOT))?;
        Ok(TimestampMeta {
            header,
            snapshot: Listed::new(&signed, snapshot)?,
        })
    }

    /// Spec: tuf 4.4, 5.5.3
    pub(super) fn snapshot(&self, bytes: &[u8]) -> Result<SnapshotMeta, UpdateError> {
        let mut envelope = Envelope::parse(SNAPSHOT, bytes)?;
        let signed = self.snapshot.open(&mut envelope)?;
        let header = signed.header(SNAPSHOT)?;
        let json: MetaJson = signed.read()?;
        let mut roles = BTreeMap::new();
        for (file, listed) in &json.meta {
            if let Some(role) = file.strip_suffix(".json") {
                roles.insert(role.to_owned(), Listed::new(&signed, listed)?);
            }
        }
        Ok(SnapshotMeta { header, roles })
    }

    /// Spec: tuf 4.5, 5.6.3
    pub(super) fn targets(&self, bytes: &[u8]) -> Result<Targets, UpdateError> {
        Targets::open(TARGETS, &self.targets, bytes)
    }
}

/// What is newest.
#[derive(Clone, Debug)]
pub(super) struct TimestampMeta {
    pub(super) header: Header,
    pub(super) snapshot: Listed,
}

impl TimestampMeta {
    /// Checks that this one does not go back behind `trusted`.
    ///
    /// Spec: tuf 5.4.3 (T1)
    pub(super) fn check_follows(&self, trusted: &Self) -> Result<(), UpdateError> {
        check_rollback(TIMESTAMP, trusted.header.version, self.header.version)?;
        check_rollback(SNAPSHOT, trusted.snapshot.version, self.snapshot.version)
    }
}

/// Which versions go together.
#[derive(Clone, Debug)]
pub(super) struct SnapshotMeta {
    pub(super) header: Header,
    roles: BTreeMap<String, Listed>,
}

impl SnapshotMeta {
    /// Checks that no role goes back behind `trusted`, and none is gone.
    ///
    /// Spec: tuf 5.5.5 (T1)
    pub(super) fn check_follows(&self, trusted: &Self) -> Result<(), UpdateError> {
        check_rollback(SNAPSHOT, trusted.header.version, self.header.version)?;
        for (role, before) in &trusted.roles {
            let Some(now) = self.roles.get(role) else {
                let role = role.clone();
                return Err(UpdateError::Removed { role });
            };
            check_rollback(role, before.version, now.version)?;
        }
        Ok(())
    }

    pub(super) fn listed(&self, role: &str) -> Result<&Listed, UpdateError> {
        self.roles.get(role).ok_or_else(|| not_listed(role))
    }
}

/// What one piece of metadata says about another.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) version: u64,
    pub(super) length: Option<u64>,
    hashes: Option<Vec<Digest>>,
}

impl Listed {
    fn new(signed: &Signed<'_>, json: &FileJson) -> Result<Self, UpdateError> {
        Ok(Self {
            version: signed.positive("meta.version", json.version.unwrap_or(0))?,
            length: length(signed, json)?,
            hashes: json
                .hashes
                .as_ref()
                .map(|it| hashes(signed, it))
                .transpose()?,
        })
    }

    /// Checks bytes that are said to be this.
    ///
    /// Spec: tuf 5.5.2, 5.6.2 (T9)
    pub(super) fn check_bytes(&self, role: &str, bytes: &[u8]) -> Result<(), UpdateError> {
        let what = || format!("{role} metadata");
        check_bytes(what, self.length, self.hashes.as_deref(), bytes)
    }
}

/// What there is to get, and whom else to ask.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    pub(super) header: Header,
    targets: BTreeMap<String, Target>,
    delegations: Vec<Delegation>,
}

impl Targets {
    fn open(role: &str, authority: &Authority, bytes: &[u8]) -> Result<Self, UpdateError> {
        let mut envelope = Envelope::parse(role, bytes)?;
        let signed = authority.open(&mut envelope)?;
        let header = signed.header(TARGETS)?;
        let json: TargetsJson = signed.read()?;
        let mut targets = BTreeMap::new();
        for (name, file) in &json.targets {
            let hashes = file.hashes.as_ref().map(|it| hashes(&signed, it));
            let target = Target {
                name: name.clone(),
                length: length(&signed, file)?
                    .ok_or_else(|| signed.field("targets.length", "a number of bytes"))?,
                hashes: hashes.transpose()?.unwrap_or_default(),
            };
            targets.insert(name.clone(), target);
        }
        let delegations = match &json.delegations {
            Some(json) => delegations(&signed, &json.keys, &json.roles)?,
            None => Vec::new(),
        };
        Ok(Self {
            header,
            targets,
            delegations,
        })
    }

    pub(super) fn target(&self, name: &str) -> Option<&Target> {
        self.targets.get(name)
    }

    /// Those who are trusted with a target, in order.
    pub(super) fn delegations(&self) -> &[Delegation] {
        &self.delegations
    }
}

/// A role that is trusted with some of the targets of another.
#[derive(Clone, Debug)]
pub(super) struct Delegation {
    pub(super) role: String,
    pub(super) terminating: bool,
    pub(super) cover: Cover,
    authority: Authority,
}

impl Delegation {
    /// Reads the metadata of the role, with the keys that this delegator gives it (T4, T12).
    pub(super) fn targets(&self, bytes: &[u8]) -> Result<Targets, UpdateError> {
        Targets::open(&self.role, &self.authority, bytes)
    }
}

/// A file in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) length: u64,
    hashes: Vec<Digest>,
}

impl Target {
    /// Spec: tuf 5.7.3
    pub(super) fn check_bytes(&self, bytes: &[u8]) -> Result<(), UpdateError> {
        let what = || format!("target {}", self.name);
        check_bytes(what, Some(self.length), Some(&self.hashes), bytes)
    }

    /// The hash that it is called by.
    ///
    /// Spec: tuf 6.2.2
    pub(super) fn hash(&self) -> Result<&Digest, UpdateError> {
        self.hashes.first().ok_or_else(|| UpdateError::Hash {
            what: format!("target {}", self.name),
        })
    }
}

fn delegations(
    signed: &Signed<'_>,
    keys: &Keys,
    roles: &[Object<DelegatedJson>],
) -> Result<Vec<Delegation>, UpdateError> {
    let mut names = HashSet::new();
    let mut delegations = Vec::with_capacity(roles.len());
    for json in roles {
        let role = json.name.as_str();
        // A delegated role must not be taken for one of the root's.
        let is_taken = [ROOT, TIMESTAMP, SNAPSHOT, TARGETS, "mirrors", ""].contains(&role);
        if is_taken || !names.insert(role) {
            return Err(signed.field("delegations.roles.name", "a name of its own"));
        }
        delegations.push(Delegation {
            role: role.to_owned(),
            terminating: json.terminating,
            cover: cover(signed, json)?,
            authority: signed.authority(&json.keyids, json.threshold, keys)?,
        });
    }
    Ok(delegations)
}

fn cover(signed: &Signed<'_>, json: &DelegatedJson) -> Result<Cover, UpdateError> {
    match (&json.paths, &json.path_hash_prefixes) {
        (Some(paths), None) => Ok(Cover::Paths(paths.clone())),
        (None, Some(prefixes)) => Ok(Cover::HashPrefixes(prefixes.clone())),
        (None, None) => Ok(Cover::Nothing),
        (Some(_), Some(_)) => {
            Err(signed.field("delegations.roles", "paths or path_hash_prefixes, not both"))
        }
    }
}

fn length(signed: &Signed<'_>, json: &FileJson) -> Result<Option<u64>, UpdateError> {
    let length = json.length.map(u64::try_from).transpose();
    length.map_err(|_| signed.field("length", "a number that is not negative"))
}

/// The hashes by algorithms that we know, SHA-256 first.
fn hashes(
    signed: &Signed<'_>,
    json: &BTreeMap<String, String>,
) -> Result<Vec<Digest>, UpdateError> {
    let mut found = Vec::new();
    for algorithm in HashAlgorithm::ALL {
        let Some(text) = json.get(algorithm.name()) else {
            continue;
        };
        let bytes = hex_decode(text).unwrap_or_default();
        let digest = Digest::from_bytes(algorithm, &bytes);
        found.push(digest.ok_or_else(|| signed.field("hashes", "a hash in hexadecimal"))?);
    }
    Ok(found)
}

/// Length and every hash; a list of hashes of which we know none is not a match.
fn check_bytes(
    what: impl Fn() -> String,
    length: Option<u64>,
    hashes: Option<&[Digest]>,
    bytes: &[u8],
) -> Result<(), UpdateError> {
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if let Some(want) = length.filter(|want| *want != found) {
        let what = what();
        return Err(UpdateError::Length { what, want, found });
    }
    let is_of = |digest: &Digest| hash(digest.algorithm(), bytes) == *digest;
    match hashes {
        Some(hashes) if hashes.is_empty() || !hashes.iter().all(is_of) => {
            Err(UpdateError::Hash { what: what() })
        }
        _ => Ok(()),
    }
}

fn check_rollback(role: &str, trusted: u64, found: u64) -> Result<(), UpdateError> {
    if found >= trusted {
        return Ok(());
    }
    Err(UpdateError::Rollback {
        role: role.to_owned(),
        trusted,
        found,
    })
}

fn not_listed(role: &str) -> UpdateError {
    UpdateError::NotListed {
        role: role.to_owned(),
    }
}
