//! What was kept by the last update, verified again without a network.
//!
//! In: a root that the caller trusts, and a store that anybody may have written to. Out: what the
//! keys of that root vouch for. That it is over is no error here, but is said; that it is older
//! than something seen before cannot be known.

use super::envelope::Header;
use super::error::UpdateError;
use super::metadata::{Delegation, Listed, Root, SNAPSHOT, SnapshotMeta, TARGETS, Target, Targets};
use super::search::Search;
use super::store::{Item, Store};
use crate::encoding::hex_encode;
use crate::limits;
use crate::time::Timestamp;
use crate::trust::{Source, TrustedRoot, TrustedRootError};

/// What the last update left.
#[derive(Debug)]
#[non_exhaustive]
pub struct Held {
    /// What the metadata was then.
    pub roles: Roles,
    /// The targets asked for; `None` for one that the repository did not have.
    pub targets: Vec<Option<Vec<u8>>>,
    /// Why there should be an update; `None` if there need not be.
    pub stale: Option<Stale>,
}

/// Why there should be an update.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stale {
    /// Metadata that is over.
    Expired {
        /// Whose it is.
        role: String,
        /// When it was over.
        expires: Timestamp,
    },
    /// The last update did not come to its end.
    Unfinished,
}

/// The metadata of the four roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    states: Vec<RoleState>,
    is_finished: bool,
}

impl Roles {
    pub(super) fn of<'h>(headers: impl IntoIterator<Item = &'h Header>, is_finished: bool) -> Self {
        let states = headers.into_iter().map(|header| RoleState {
            name: header.role.clone(),
            version: header.version,
            expires: header.expires,
        });
        Self {
            states: states.collect(),
            is_finished,
        }
    }

    /// Each role: root, timestamp, snapshot and targets, where they are there.
    pub fn all(&self) -> &[RoleState] {
        &self.states
    }

    /// The metadata of one role.
    pub fn role(&self, name: &str) -> Option<&RoleState> {
        self.states.iter().find(|it| it.name == name)
    }

    /// When the first of them is over.
    pub fn expires(&self) -> Option<Timestamp> {
        self.states.iter().map(|it| it.expires).min()
    }

    /// Each is there, and is the version that the one above it lists.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }
}

/// Reads a target that is a trusted root, which reports are to call `name`.
///
/// # Errors
///
/// As [`TrustedRoot::from_json`].
pub fn trusted_root(
    json: &[u8],
    name: &str,
    roles: &Roles,
) -> Result<TrustedRoot, TrustedRootError> {
    let version = |role| roles.role(role).map_or(0, |it| it.version);
    let (root, targets) = (version("root"), version("targets"));
    let source = Source {
        name: name.to_owned(),
        version: Some(format!("TUF root {root}, targets {targets}")),
        expires: roles.expires(),
        is_unfinished: !roles.is_finished(),
    };
    TrustedRoot::from_source(json, source)
}

/// The metadata of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleState {
    /// The role.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// When it is over.
    pub expires: Timestamp,
}

/// Reads what the last update left, with the targets called `wanted`; `None` if there was none
/// since this root.
///
/// Each piece is verified from `root` on, as in an update, but for the times (T12, T13, T14).
///
/// # Errors
///
/// [`UpdateError`], by what is wrong.
///
/// # Security
///
/// `root` must not come from where `store` is (T13).
pub fn load(
    root: &[u8],
    store: &dyn Store,
    wanted: &[&str],
    at: Timestamp,
) -> Result<Option<Held>, UpdateError> {
    // Absent after no update, after one that did not come to its end, and after one that began
    // with an older root than this: what it left may be older too.
    let Some(targets_bytes) = store.read(&Item::Targets)? else {
        return Ok(None);
    };
    let given = Root::given(root)?;
    if store.read(&Item::Root(given.header.version))?.is_none() {
        return Ok(None);
    }
    let root = newest(given, store)?;
    let targets = root.targets(&targets_bytes)?;
    let timestamp = read(store, &Item::Timestamp, |bytes| root.timestamp(bytes))?;
    let snapshot = read(store, &Item::Snapshot, |bytes| root.snapshot(bytes))?;
    let mut is_finished = true;
    if let (Some((timestamp, _)), Some((snapshot, bytes))) = (&timestamp, &snapshot) {
        let listed = &timestamp.snapshot;
        is_finished &= fits(SNAPSHOT, &snapshot.header, bytes, listed)?;
    }
    if let Some((snapshot, _)) = &snapshot {
        let listed = snapshot.listed(TARGETS)?;
        is_finished &= fits(TARGETS, &targets.header, &targets_bytes, listed)?;
    }
    let snapshot = snapshot.map(|(snapshot, _)| snapshot);
    let held = Kept {
        store,
        snapshot: snapshot.as_ref(),
        targets: &targets,
    };
    let found = wanted.iter().map(|name| held.target(name));
    let found = found.collect::<Result<_, _>>()?;
    let timestamp = timestamp.as_ref().map(|(timestamp, _)| &timestamp.header);
    let snapshot = snapshot.as_ref().map(|snapshot| &snapshot.header);
    is_finished &= timestamp.is_some() && snapshot.is_some();
    let headers = [
        Some(&root.header),
        timestamp,
        snapshot,
        Some(&targets.header),
    ];
    let roles = Roles::of(headers.into_iter().flatten(), is_finished);
    let over = roles.all().iter().find(|role| role.expires <= at);
    let stale = over.map(|role| Stale::Expired {
        role: role.name.clone(),
        expires: role.expires,
    });
    Ok(Some(Held {
        targets: found,
        stale: stale.or_else(|| (!roles.is_finished).then_some(Stale::Unfinished)),
        roles,
    }))
}

/// Follows the kept roots to the newest.
fn newest(mut root: Root, store: &dyn Store) -> Result<Root, UpdateError> {
    for _ in 0..limits::TUF_ROTATIONS {
        let next = Item::Root(root.header.version.saturating_add(1));
        match store.read(&next)? {
            Some(bytes) => root = root.next(&bytes)?,
            None => break,
        }
    }
    Ok(root)
}

fn read<T>(
    store: &dyn Store,
    item: &Item<'_>,
    open: impl Fn(&[u8]) -> Result<T, UpdateError>,
) -> Result<Option<(T, Vec<u8>)>, UpdateError> {
    let Some(bytes) = store.read(item)? else {
        return Ok(None);
    };
    Ok(Some((open(&bytes)?, bytes)))
}

/// Whether metadata is the version that the one above it lists. An older one is from the update
/// before, while the last one did not come to its end; a newer one is nobody's.
fn fits(role: &str, header: &Header, bytes: &[u8], listed: &Listed) -> Result<bool, UpdateError> {
    if header.version < listed.version {
        return Ok(false);
    }
    header.check_version(listed.version)?;
    listed.check_bytes(role, bytes)?;
    Ok(true)
}

/// Whether kept metadata is what an update would get.
pub(super) fn is_current(
    role: &str,
    header: &Header,
    bytes: &[u8],
    listed: &Listed,
    at: Timestamp,
) -> bool {
    fits(role, header, bytes, listed) == Ok(true) && header.check_time(at).is_ok()
}

/// Where targets are looked for.
struct Kept<'a> {
    store: &'a dyn Store,
    snapshot: Option<&'a SnapshotMeta>,
    targets: &'a Targets,
}

impl Kept<'_> {
    fn target(&self, name: &str) -> Result<Option<Vec<u8>>, UpdateError> {
        let target = match self.find(name) {
            Ok(target) => target,
            Err(UpdateError::NoTarget { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let hash = hex_encode(target.hash()?.as_bytes());
        let kept = self.store.read(&Item::Target { name, hash: &hash })?;
        let bytes = kept.ok_or_else(|| UpdateError::Incomplete {
            what: format!("target {name}"),
        })?;
        target.check_bytes(&bytes)?;
        Ok(Some(bytes))
    }

    fn find(&self, name: &str) -> Result<Target, UpdateError> {
        let mut search = Search::new(name);
        let mut found = search.look(self.targets);
        loop {
            if let Some(target) = found {
                return Ok(target);
            }
            let delegation = search.next()?;
            found = search.look(&self.delegated(&delegation)?);
        }
    }

    fn delegated(&self, delegation: &Delegation) -> Result<Targets, UpdateError> {
        let role = delegation.role.as_str();
        let kept = read(self.store, &Item::Delegated(role), |bytes| {
            delegation.targets(bytes)
        })?;
        let (targets, bytes) = kept.ok_or_else(|| UpdateError::Incomplete {
            what: format!("{role} metadata"),
        })?;
        if let Some(snapshot) = self.snapshot {
            fits(role, &targets.header, &bytes, snapshot.listed(role)?)?;
        }
        Ok(targets)
    }
}
