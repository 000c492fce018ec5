//! An update: what the repository has, checked step by step, and kept.
//!
//! Spec: tuf 5

use super::error::UpdateError;
use super::held::{Roles, is_current};
use super::metadata::{
    Delegation, Listed, Root, SNAPSHOT, SnapshotMeta, TARGETS, Target, Targets, TimestampMeta,
};
use super::name::{segment, target_path};
use super::search::Search;
use super::store::{Item, Store};
use crate::encoding::hex_encode;
use crate::limits;
use crate::time::Timestamp;
use crate::transport::{self, Request, Transport, TransportError};

/// Where metadata and targets are, and the root that all trust in them begins with.
#[derive(Clone, Debug)]
pub struct Repository {
    metadata: String,
    targets: String,
    root: Vec<u8>,
}

impl Repository {
    /// A repository with its metadata at `url` and its targets in `url/targets`.
    ///
    /// # Security
    ///
    /// Whoever chooses `root` decides what is trusted. It must not come from the repository, nor
    /// from where the updates are kept (T13).
    pub fn new(url: &str, root: Vec<u8>) -> Self {
        let url = url.trim_end_matches('/');
        Self::at(url, &format!("{url}/targets"), root)
    }

    /// The same with both places named.
    pub fn at(metadata: &str, targets: &str, root: Vec<u8>) -> Self {
        Self {
            metadata: metadata.trim_end_matches('/').to_owned(),
            targets: targets.trim_end_matches('/').to_owned(),
            root,
        }
    }

    /// Checks that the root is signed as it says, and says which version it is.
    ///
    /// # Errors
    ///
    /// [`UpdateError`], by what is wrong with it.
    pub fn check_root(&self) -> Result<u64, UpdateError> {
        Ok(Root::given_signed(&self.root)?.header.version)
    }

    /// Where the metadata is.
    pub fn url(&self) -> &str {
        &self.metadata
    }

    /// The root that all trust begins with.
    pub fn root(&self) -> &[u8] {
        &self.root
    }
}

/// A repository at one point in time, all of whose metadata is verified and current.
pub struct Client<'a> {
    repository: &'a Repository,
    transport: &'a dyn Transport,
    store: &'a mut dyn Store,
    at: Timestamp,
    root: Root,
    timestamp: TimestampMeta,
    snapshot: SnapshotMeta,
    targets: Targets,
    targets_bytes: Vec<u8>,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("repository", &self.repository.metadata)
            .finish_non_exhaustive()
    }
}

/// An update that went well.
#[derive(Debug)]
#[non_exhaustive]
pub struct Updated {
    /// What the metadata is now.
    pub roles: Roles,
    /// The targets asked for; `None` for one that the repository does not have.
    pub targets: Vec<Option<Vec<u8>>>,
}

/// Brings what is kept up to date, and gets the targets called `wanted`.
///
/// `at` is the time of the whole update. What is kept stays of use if this fails halfway.
///
/// # Errors
///
/// [`UpdateError`], by what is wrong.
///
/// Spec: tuf 5
pub async fn update(
    repository: &Repository,
    transport: &dyn Transport,
    store: &mut dyn Store,
    wanted: &[&str],
    at: Timestamp,
) -> Result<Updated, UpdateError> {
    let mut client = Client::renew(repository, transport, store, at).await?;
    let mut targets = Vec::with_capacity(wanted.len());
    for name in wanted {
        targets.push(match client.target(name).await {
            Ok(bytes) => Some(bytes),
            Err(UpdateError::NoTarget { .. }) => None,
            Err(error) => return Err(error),
        });
    }
    // Last: what is kept is read from here on downwards, and all of it is there now.
    client.keep_targets()?;
    Ok(Updated {
        roles: client.roles(),
        targets,
    })
}

impl<'a> Client<'a> {
    /// Brings the metadata of the four roles up to date, and keeps it.
    ///
    /// # Errors
    ///
    /// [`UpdateError`], by what is wrong.
    ///
    /// Spec: tuf 5.3 to 5.6.6
    pub async fn refresh(
        repository: &'a Repository,
        transport: &'a dyn Transport,
        store: &'a mut dyn Store,
        at: Timestamp,
    ) -> Result<Self, UpdateError> {
        let mut client = Self::renew(repository, transport, store, at).await?;
        client.keep_targets()?;
        Ok(client)
    }

    /// What the metadata is.
    pub fn roles(&self) -> Roles {
        let headers = [
            &self.root.header,
            &self.timestamp.header,
            &self.snapshot.header,
            &self.targets.header,
        ];
        Roles::of(headers, true)
    }

    /// Gets a target, from what is kept if it is there.
    ///
    /// # Errors
    ///
    /// [`UpdateError::NoTarget`] if no role that is trusted with it lists it; others by what is
    /// wrong.
    ///
    /// Spec: tuf 5.6.7, 5.7
    pub async fn target(&mut self, name: &str) -> Result<Vec<u8>, UpdateError> {
        let target = self.find(name).await?;
        let hash = hex_encode(target.hash()?.as_bytes());
        let path = target_path(name, self.root.consistent_snapshot.then_some(&hash))?;
        let item = Item::Target { name, hash: &hash };
        if let Some(bytes) = self.store.read(&item)?
            && target.check_bytes(&bytes).is_ok()
        {
            return Ok(bytes);
        }
        let url = format!("{}/{path}", self.repository.targets);
        let what = format!("target {name}");
        let cap = cap_of(Some(target.length), &what, item.cap())?;
        let bytes = fetch(self.transport, url, &what, cap).await?.found()?;
        target.check_bytes(&bytes)?;
        self.store.write(&item, &bytes)?;
        Ok(bytes)
    }

    async fn renew(
        repository: &'a Repository,
        transport: &'a dyn Transport,
        store: &'a mut dyn Store,
        at: Timestamp,
    ) -> Result<Self, UpdateError> {
        let mut update = Update {
            repository,
            transport,
            store,
            at,
        };
        let root = update.root().await?;
        let timestamp = update.timestamp(&root).await?;
        let snapshot = update.snapshot(&root, &timestamp).await?;
        let listed = snapshot.listed(TARGETS)?;
        let open = |bytes: &[u8]| root.targets(bytes);
        let (targets, targets_bytes) = update
            .targets(&root, TARGETS, Item::Targets, listed, open)
            .await?;
        Ok(Self {
            repository,
            transport,
            store: update.store,
            at,
            root,
            timestamp,
            snapshot,
            targets,
            targets_bytes,
        })
    }

    fn keep_targets(&mut self) -> Result<(), UpdateError> {
        let kept = self.store.read(&Item::Targets)?;
        if kept.as_ref() != Some(&self.targets_bytes) {
            self.store.write(&Item::Targets, &self.targets_bytes)?;
        }
        Ok(())
    }

    /// Spec: tuf 5.6.7
    async fn find(&mut self, name: &str) -> Result<Target, UpdateError> {
        let mut search = Search::new(name);
        let mut found = search.look(&self.targets);
        loop {
            if let Some(target) = found {
                return Ok(target);
            }
            let delegation = search.next()?;
            found = search.look(&self.delegated(&delegation).await?);
        }
    }

    async fn delegated(&mut self, delegation: &Delegation) -> Result<Targets, UpdateError> {
        let role = delegation.role.as_str();
        let listed = self.snapshot.listed(role)?;
        let item = Item::Delegated(role);
        let update = Update {
            repository: self.repository,
            transport: self.transport,
            store: &mut *self.store,
            at: self.at,
        };
        let open = |bytes: &[u8]| delegation.targets(bytes);
        let (targets, bytes) = update.targets(&self.root, role, item, listed, open).await?;
        if self.store.read(&item)?.as_ref() != Some(&bytes) {
            self.store.write(&item, &bytes)?;
        }
        Ok(targets)
    }
}

/// The steps of an update.
struct Update<'a> {
    repository: &'a Repository,
    transport: &'a dyn Transport,
    store: &'a mut dyn Store,
    at: Timestamp,
}

impl Update<'_> {
    /// Spec: tuf 5.2, 5.3
    async fn root(&mut self) -> Result<Root, UpdateError> {
        // 5.2. The root that we were given; it may be over.
        let mut root = Root::given_signed(&self.repository.root)?;
        let first = Item::Root(root.header.version);
        if self.store.read(&first)?.as_ref() != Some(&self.repository.root) {
            self.store.write(&first, &self.repository.root)?;
        }
        // 5.3.2 to 5.3.9. Those that follow, kept ones first; each is verified with the one before.
        let mut is_kept = true;
        for _ in 0..limits::TUF_ROTATIONS {
            let version = root.header.version.saturating_add(1);
            if is_kept {
                match self.kept(&Item::Root(version), |bytes| root.next(bytes))? {
                    Some((next, _)) => {
                        root = next;
                        continue;
                    }
                    None => is_kept = false,
                }
            }
            let Some(bytes) = self.next_root(version).await? else {
                // What is kept in its place, if anything, is nobody's, and would be read first.
                self.store.remove(&Item::Root(version))?;
                break;
            };
            let next = root.next(&bytes)?;
            // 5.3.11. Versions that somebody with a lost key has driven up count no more. Before
            // the root is kept, so that it is not forgotten if this ends here.
            if root.is_rotated_by(&next) {
                self.store.remove(&Item::Timestamp)?;
                self.store.remove(&Item::Snapshot)?;
            }
            // 5.3.8
            self.store.write(&Item::Root(version), &bytes)?;
            root = next;
        }
        // 5.3.10. The last one must be good still.
        root.header.check_time(self.at)?;
        Ok(root)
    }

    /// 5.3.3. `None` if there is none, or nobody may read it, which is how some servers say so.
    async fn next_root(&self, version: u64) -> Result<Option<Vec<u8>>, UpdateError> {
        let url = format!("{}/{version}.root.json", self.repository.metadata);
        let what = "root metadata";
        match fetch(self.transport, url, what, limits::TUF_ROOT_BYTES).await? {
            Fetched::Missing { .. } => Ok(None),
            Fetched::Found(bytes) => Ok(Some(bytes)),
        }
    }

    /// Spec: tuf 5.4
    async fn timestamp(&mut self, root: &Root) -> Result<TimestampMeta, UpdateError> {
        let kept = self.kept(&Item::Timestamp, |bytes| root.timestamp(bytes))?;
        // 5.4.1
        let url = format!("{}/timestamp.json", self.repository.metadata);
        let what = "timestamp metadata";
        let bytes = fetch(self.transport, url, what, limits::TUF_TIMESTAMP_BYTES).await?;
        let bytes = bytes.found()?;
        // 5.4.2
        let mut timestamp = root.timestamp(&bytes)?;
        let mut is_new = true;
        // 5.4.3
        if let Some((kept, _)) = kept {
            timestamp.check_follows(&kept)?;
            if timestamp.header.version == kept.header.version {
                is_new = false;
                timestamp = kept;
            }
        }
        // 5.4.4
        timestamp.header.check_time(self.at)?;
        // 5.4.5. Not before all of this (T8).
        if is_new {
            self.store.write(&Item::Timestamp, &bytes)?;
        }
        Ok(timestamp)
    }

    /// Spec: tuf 5.5
    async fn snapshot(
        &mut self,
        root: &Root,
        timestamp: &TimestampMeta,
    ) -> Result<SnapshotMeta, UpdateError> {
        let listed = &timestamp.snapshot;
        let kept = self.kept(&Item::Snapshot, |bytes| root.snapshot(bytes))?;
        if let Some((kept, bytes)) = &kept
            && is_current(SNAPSHOT, &kept.header, bytes, listed, self.at)
        {
            return Ok(kept.clone());
        }
        // 5.5.1
        let version = root.consistent_snapshot.then_some(listed.version);
        let url = self.url(SNAPSHOT, version);
        let what = "snapshot metadata";
        let cap = cap_of(listed.length, what, limits::TUF_SNAPSHOT_BYTES)?;
        let bytes = fetch(self.transport, url, what, cap).await?.found()?;
        // 5.5.2
        listed.check_bytes(SNAPSHOT, &bytes)?;
        // 5.5.3
        let snapshot = root.snapshot(&bytes)?;
        // 5.5.4
        snapshot.header.check_version(listed.version)?;
        // 5.5.5
        if let Some((kept, _)) = &kept {
            snapshot.check_follows(kept)?;
        }
        // 5.5.6
        snapshot.header.check_time(self.at)?;
        // 5.5.7
        self.store.write(&Item::Snapshot, &bytes)?;
        Ok(snapshot)
    }

    /// Targets of the root's role or of another, which `open` verifies with its keys. Whoever
    /// calls this keeps them.
    ///
    /// Spec: tuf 5.6
    async fn targets(
        &self,
        root: &Root,
        role: &str,
        item: Item<'_>,
        listed: &Listed,
        open: impl Fn(&[u8]) -> Result<Targets, UpdateError>,
    ) -> Result<(Targets, Vec<u8>), UpdateError> {
        if let Some((kept, bytes)) = self.kept(&item, &open)?
            && is_current(role, &kept.header, &bytes, listed, self.at)
        {
            return Ok((kept, bytes));
        }
        // 5.6.1
        let url = self.url(role, root.consistent_snapshot.then_some(listed.version));
        let what = format!("{role} metadata");
        let cap = cap_of(listed.length, &what, limits::TUF_TARGETS_BYTES)?;
        let bytes = fetch(self.transport, url, &what, cap).await?.found()?;
        // 5.6.2
        listed.check_bytes(role, &bytes)?;
        // 5.6.3
        let targets = open(&bytes)?;
        // 5.6.4
        targets.header.check_version(listed.version)?;
        // 5.6.5
        targets.header.check_time(self.at)?;
        Ok((targets, bytes))
    }

    /// What is kept, unless it no longer verifies: then it is as if it were not there (T12).
    fn kept<T>(
        &self,
        item: &Item<'_>,
        open: impl Fn(&[u8]) -> Result<T, UpdateError>,
    ) -> Result<Option<(T, Vec<u8>)>, UpdateError> {
        let Some(bytes) = self.store.read(item)? else {
            return Ok(None);
        };
        Ok(open(&bytes).ok().map(|opened| (opened, bytes)))
    }

    fn url(&self, role: &str, version: Option<u64>) -> String {
        let (base, role) = (&self.repository.metadata, segment(role));
        match version {
            Some(version) => format!("{base}/{version}.{role}.json"),
            None => format!("{base}/{role}.json"),
        }
    }
}

/// What a repository answers.
enum Fetched {
    Found(Vec<u8>),
    /// Not there, or nobody may read it.
    Missing {
        url: String,
        status: u16,
    },
}

impl Fetched {
    fn found(self) -> Result<Vec<u8>, UpdateError> {
        match self {
            Self::Found(bytes) => Ok(bytes),
            Self::Missing { url, status } => Err(UpdateError::Status { url, status }),
        }
    }
}

async fn fetch(
    transport: &dyn Transport,
    url: String,
    what: &str,
    cap: usize,
) -> Result<Fetched, UpdateError> {
    let request = Request::get(url.as_str()).at_most(cap);
    let answer = transport::send(transport, &request)
        .await
        .map_err(|problem| match problem {
            TransportError::TooLarge { cap } => too_large(what, cap),
            problem => UpdateError::Fetch {
                url: url.clone(),
                problem,
            },
        })?;
    match answer.status() {
        // A transport of somebody else's may not have counted.
        200 if answer.body().len() > cap => Err(too_large(what, cap)),
        200 => Ok(Fetched::Found(answer.into_body())),
        status @ (403 | 404) => Ok(Fetched::Missing { url, status }),
        status => Err(UpdateError::Status { url, status }),
    }
}

/// The length that is known, which must not be above the cap either.
fn cap_of(length: Option<u64>, what: &str, cap: usize) -> Result<usize, UpdateError> {
    match length.map(usize::try_from) {
        None => Ok(cap),
        Some(Ok(length)) if length <= cap => Ok(length),
        Some(_) => Err(too_large(what, cap)),
    }
}

fn too_large(what: &str, cap: usize) -> UpdateError {
    UpdateError::TooLarge {
        what: what.to_owned(),
        cap,
    }
}
