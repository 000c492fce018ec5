//! The trust root repository: what the instance says about itself, for clients of TUF.
//!
//! In: the documents, as targets. Out: metadata that is renewed before it is over, and signed by
//! other keys when asked. Not here: delegations.
//!
//! ```text
//! N.root.json        every one of them, as clients walk from theirs to the newest
//! N.targets.json     N.snapshot.json
//! timestamp.json     written last: what it does not lead to was never published
//! targets/SHA256.trusted_root.json
//! ```
//!
//! Spec: tuf

mod canonical;
mod keys;
mod metadata;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::instance::{Context, Data, FolderError, Refusal};
use crate::key::sha256;
use crate::text::{hex, rfc3339};
use keys::Generation;
use metadata::{Root, Signed, Target};

/// The largest file of metadata.
const METADATA_BYTES: u64 = 1 << 20;

const DAY: i64 = 86_400;

/// How long metadata is good, and how much of that must be left.
const ROOT: Lifetime = Lifetime(365 * DAY, 180 * DAY);
const TARGETS: Lifetime = Lifetime(90 * DAY, 60 * DAY);
const TIMESTAMP: Lifetime = Lifetime(7 * DAY, 6 * DAY);

#[derive(Clone, Copy)]
struct Lifetime(i64, i64);

impl Lifetime {
    fn end(self, now: i64) -> String {
        rfc3339(now + self.0)
    }

    /// Whether something that ends then is to be renewed; times in this form compare as text.
    fn is_over(self, now: i64, end: &str) -> bool {
        *rfc3339(now + self.1) > *end
    }
}

/// The repository.
#[derive(Debug)]
pub struct Tuf {
    context: Arc<Context>,
    data: Data,
    targets: Vec<Target>,
    /// Until when nothing needs to be renewed; `None` before the first look.
    fresh_until: Mutex<Option<i64>>,
}

impl Tuf {
    /// Opens the repository in the folder `tuf`. `targets` are names and what is in them. Nothing
    /// is read or made until somebody asks.
    ///
    /// The root's keys come from a secret of their own in the folder `offline`, which may be taken
    /// away until the root is renewed: half a year.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn open(context: Arc<Context>, targets: Vec<(&str, Vec<u8>)>) -> io::Result<Self> {
        let data = context.data.sub("tuf")?;
        let targets = targets.into_iter();
        let targets = targets.map(|(name, bytes)| Target::new(name, bytes));
        Ok(Self {
            data,
            targets: targets.collect(),
            fresh_until: Mutex::default(),
            context,
        })
    }

    /// `/tuf/...`
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/tuf/{*path}", get(file))
            .with_state(self)
    }

    /// Publishes a root with new keys for every role; returns its version.
    ///
    /// # Errors
    ///
    /// [`FolderError::OfflineSecret`] if the secret of the root is not there; otherwise what the
    /// system says.
    ///
    /// Spec: tuf 6.1
    pub fn rotate(&self) -> io::Result<u64> {
        let mut fresh_until = self.lock();
        self.refresh(&mut fresh_until)?;
        let old = self.newest_root()?.ok_or_else(damaged)?;
        let generation = self.generation(&old)?;
        let next = self.keys(old.version + 1)?;
        let secret = self.offline_secret()?.ok_or(FolderError::OfflineSecret)?;
        let signers = [generation.root(&secret), next.root(&secret)].concat();
        let root = metadata::root(&Root {
            version: old.version + 1,
            expires: ROOT.end(self.context.clock.now()),
            root: &next.root(&secret),
            targets: &next.targets,
            snapshot: &next.snapshot,
            timestamp: &next.timestamp,
        });
        let root = metadata::signed(root, &signers);
        self.data
            .write(&format!("{}.root.json", old.version + 1), &root)?;
        *fresh_until = None;
        self.refresh(&mut fresh_until)?;
        Ok(old.version + 1)
    }

    /// A file under the path that clients ask for; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If the files cannot be read or written.
    pub fn file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut fresh_until = self.lock();
        self.refresh(&mut fresh_until)?;
        if let Some(name) = path.strip_prefix("targets/") {
            let target = self.targets.iter().find(|it| it.file_name() == name);
            return Ok(target.map(|it| it.bytes.clone()));
        }
        match path {
            "root.json" => Ok(self.newest_root()?.map(|it| it.file)),
            "timestamp.json" => self.read(path),
            _ if is_versioned(path) => self.read(path),
            _ => Ok(None),
        }
    }

    /// Makes what is not there, and renews what is nearly over or about other targets.
    fn refresh(&self, fresh_until: &mut Option<i64>) -> io::Result<()> {
        let now = self.context.clock.now();
        if fresh_until.is_some_and(|until| now < until) {
            return Ok(());
        }
        let root = self.fresh_root(now)?;
        let keys = self.generation(&root)?;
        let published = self.published()?;
        let targets = self.fresh_targets(now, &keys, published.as_ref())?;
        let is_over =
            |it: &Signed| TIMESTAMP.is_over(now, &it.expires) || !it.is_signed_by(&keys.timestamp);
        let old = published.as_ref().map(|it| &it.timestamp);
        if targets.is_some() || old.is_none_or(is_over) {
            let snapshot = targets.or_else(|| published.as_ref().map(|it| it.snapshot.clone()));
            let timestamp = metadata::timestamp(
                old.map_or(0, |it| it.version) + 1,
                &TIMESTAMP.end(now),
                &snapshot.ok_or_else(damaged)?,
            );
            let timestamp = metadata::signed(timestamp, &[keys.timestamp]);
            self.data.write("timestamp.json", &timestamp)?;
        }
        *fresh_until = Some(now + DAY / 2);
        Ok(())
    }

    fn fresh_root(&self, now: i64) -> io::Result<Signed> {
        let old = self.newest_root()?;
        let secret = match &old {
            Some(old) if !ROOT.is_over(now, &old.expires) => return Ok(old.clone()),
            Some(_) => self.offline_secret()?,
            None => Some(self.context.data.sub("offline")?.secret(SECRET)?),
        };
        // Without its secret the root stays as it is, until it is over.
        let (keys, secret) = match (&old, secret) {
            (Some(old), None) => return Ok(old.clone()),
            (Some(old), Some(secret)) => (self.generation(old)?, secret),
            (None, secret) => (self.keys(1)?, secret.ok_or_else(damaged)?),
        };
        let version = old.map_or(0, |it| it.version) + 1;
        let signers = keys.root(&secret);
        let root = metadata::root(&Root {
            version,
            expires: ROOT.end(now),
            root: &signers,
            targets: &keys.targets,
            snapshot: &keys.snapshot,
            timestamp: &keys.timestamp,
        });
        let root = metadata::signed(root, &signers);
        self.data.write(&format!("{version}.root.json"), &root)?;
        Signed::from_json(root).ok_or_else(damaged)
    }

    /// The new snapshot, if there had to be one.
    fn fresh_targets(
        &self,
        now: i64,
        keys: &Generation,
        old: Option<&Published>,
    ) -> io::Result<Option<Signed>> {
        let version = old.map_or(0, |it| it.targets.version) + 1;
        let is_fresh = old.is_some_and(|it| {
            !TARGETS.is_over(now, &it.targets.expires)
                && it.targets.is_signed_by(&keys.targets)
                && it.snapshot.is_signed_by(&keys.snapshot)
                && it.targets.names(&self.targets)
        });
        if is_fresh {
            return Ok(None);
        }
        let files = self.data.sub("targets")?;
        for target in &self.targets {
            files.write(&target.file_name(), &target.bytes)?;
        }
        let end = TARGETS.end(now);
        let targets = metadata::targets(version, &end, &self.targets);
        let targets = metadata::signed(targets, std::slice::from_ref(&keys.targets));
        self.data
            .write(&format!("{version}.targets.json"), &targets)?;
        let version = old.map_or(0, |it| it.snapshot.version) + 1;
        let targets = Signed::from_json(targets).ok_or_else(damaged)?;
        let snapshot = metadata::snapshot(version, &end, &targets);
        let snapshot = metadata::signed(snapshot, std::slice::from_ref(&keys.snapshot));
        self.data
            .write(&format!("{version}.snapshot.json"), &snapshot)?;
        Signed::from_json(snapshot).map(Some).ok_or_else(damaged)
    }

    /// What the timestamp leads to.
    fn published(&self) -> io::Result<Option<Published>> {
        let Some(timestamp) = self.signed("timestamp.json")? else {
            return Ok(None);
        };
        let version = timestamp.meta("snapshot.json").ok_or_else(damaged)?;
        let snapshot = self.signed(&format!("{version}.snapshot.json"))?;
        let snapshot = snapshot.ok_or_else(damaged)?;
        let version = snapshot.meta("targets.json").ok_or_else(damaged)?;
        let targets = self.signed(&format!("{version}.targets.json"))?;
        Ok(Some(Published {
            timestamp,
            snapshot,
            targets: targets.ok_or_else(damaged)?,
        }))
    }

    fn newest_root(&self) -> io::Result<Option<Signed>> {
        let mut newest = None;
        for version in 1_u64.. {
            match self.read(&format!("{version}.root.json"))? {
                Some(file) => newest = Some(file),
                None => break,
            }
        }
        let read = |file| Signed::from_json(file).ok_or_else(damaged);
        newest.map(read).transpose()
    }

    /// The keys that a root names: made with this version of it, or an earlier one.
    fn generation(&self, root: &Signed) -> io::Result<Generation> {
        for version in (1..=root.version).rev() {
            let keys = self.keys(version)?;
            if root.has_role("timestamp", &keys.timestamp) {
                return Ok(keys);
            }
        }
        Err(damaged())
    }

    /// The keys that come with this version of the root.
    fn keys(&self, version: u64) -> io::Result<Generation> {
        Ok(Generation::new(&self.context.keys, version))
    }

    /// The secret of the root's keys, unless it is kept elsewhere.
    fn offline_secret(&self) -> io::Result<Option<[u8; 32]>> {
        let offline = self.context.data.sub("offline")?;
        match offline.read(SECRET, 32)? {
            Some(_) => offline.secret(SECRET).map(Some),
            None => Ok(None),
        }
    }

    fn signed(&self, name: &str) -> io::Result<Option<Signed>> {
        let read = |file| Signed::from_json(file).ok_or_else(damaged);
        self.read(name)?.map(read).transpose()
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.data.read(name, METADATA_BYTES)
    }

    fn lock(&self) -> MutexGuard<'_, Option<i64>> {
        self.fresh_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the root's secret in the folder `offline`.
const SECRET: &str = "tuf-root";

/// What clients see now.
#[derive(Debug)]
struct Published {
    timestamp: Signed,
    snapshot: Signed,
    targets: Signed,
}

impl Target {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            hash: hex(&sha256(&bytes)),
            bytes,
        }
    }

    fn file_name(&self) -> String {
        format!("{}.{}", self.hash, self.name)
    }
}

/// Nothing else in the folder is anybody's business.
fn is_versioned(path: &str) -> bool {
    let Some((version, role)) = path.split_once('.') else {
        return false;
    };
    let is_number = version
        .parse::<u64>()
        .is_ok_and(|it| it.to_string() == version);
    is_number && ["root.json", "snapshot.json", "targets.json"].contains(&role)
}

fn damaged() -> io::Error {
    let file = "tuf/*.json";
    FolderError::Damaged { file }.into()
}

async fn file(State(tuf): State<Arc<Tuf>>, Path(path): Path<String>) -> Result<Response, Refusal> {
    let file = tuf.file(&path).map_err(|error| {
        tracing::error!(%error, "trust root repository");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Refusal::new(status, "the repository cannot read or renew its files")
    })?;
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "no such file");
    let is_fixed = path.starts_with("targets/") || is_versioned(&path);
    let caching = if is_fixed { "max-age=3600" } else { "no-cache" };
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", caching),
    ];
    Ok((headers, file.ok_or_else(not_found)?).into_response())
}
