//! What is kept between updates, and where.

use std::collections::BTreeMap;
use std::fmt;

use super::StoreError;
use super::name::file_part;

/// Keeps files. What comes out of it is verified again each time, so it need not be guarded; but
/// whoever can write to it can take newer versions away.
pub trait Store: Send {
    /// A file as it was written last; `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be read.
    fn read(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a file in place of the one before, at once or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be kept.
    fn write(&mut self, item: &Item<'_>, bytes: &[u8]) -> Result<(), StoreError>;

    /// Forgets a file, if there is one.
    ///
    /// # Errors
    ///
    /// If it is there still.
    fn remove(&mut self, item: &Item<'_>) -> Result<(), StoreError>;
}

/// A file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A version of the root.
    Root(u64),
    /// The timestamp.
    Timestamp,
    /// The snapshot.
    Snapshot,
    /// The targets that the root's keys sign for. Written last: before it is there, what is kept
    /// is of no use.
    Targets,
    /// The targets of a role that others trust with them.
    Delegated(&'a str),
    /// A target.
    Target {
        /// What the repository calls it.
        name: &'a str,
        /// Its hash, in hexadecimal.
        hash: &'a str,
    },
}

impl Item<'_> {
    /// A name for the file: lower-case letters, digits and `%-._~`, and none that leads anywhere.
    pub fn file_name(&self) -> String {
        match self {
            Self::Root(version) => format!("{version}.root.json"),
            Self::Timestamp => "timestamp.json".to_owned(),
            Self::Snapshot => "snapshot.json".to_owned(),
            Self::Targets => "targets.json".to_owned(),
            Self::Delegated(role) => format!("role.{}.json", file_part(role)),
            Self::Target { name, hash } => format!("target.{hash}.{}", file_part(name)),
        }
    }

    /// The most bytes that such a file has.
    pub fn cap(&self) -> usize {
        use crate::limits;
        match self {
            Self::Root(_) => limits::TUF_ROOT_BYTES,
            Self::Timestamp => limits::TUF_TIMESTAMP_BYTES,
            Self::Snapshot => limits::TUF_SNAPSHOT_BYTES,
            Self::Targets | Self::Delegated(_) => limits::TUF_TARGETS_BYTES,
            Self::Target { .. } => limits::TRUSTED_ROOT_BYTES,
        }
    }
}

/// Keeps files as long as it lives.
#[derive(Clone, Default)]
pub struct Memory(BTreeMap<String, Vec<u8>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Store for Memory {
    fn read(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(&item.file_name()).cloned())
    }

    fn write(&mut self, item: &Item<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.insert(item.file_name(), bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, item: &Item<'_>) -> Result<(), StoreError> {
        self.0.remove(&item.file_name());
        Ok(())
    }
}
