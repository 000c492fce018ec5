//! Why the folder of an instance cannot be opened.

use std::fmt;
use std::io;

use crate::instance::Choices;
use crate::instance::folder::{Running, SCHEMA};

/// Why a folder cannot be opened or reset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderError {
    /// The instance was made with other choices.
    Choices {
        /// What was asked for.
        wanted: Choices,
        /// What it was made with.
        found: Choices,
    },
    /// A file is not what this program writes.
    Damaged {
        /// Its name.
        file: &'static str,
    },
    /// Another process has it open.
    InUse {
        /// Where that process serves it, if it does.
        by: Option<Running>,
    },
    /// No instance is there, but something else, or nothing.
    NotAnInstance,
    /// The secret of the trust root repository's root keys was taken out of `offline`.
    OfflineSecret,
    /// A later program made it.
    Schema {
        /// The version of its layout.
        found: u32,
    },
}

impl FolderError {
    /// The one inside an error.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Choices { .. } => "local.choices",
            Self::Damaged { .. } => "local.damaged",
            Self::InUse { .. } => "local.in-use",
            Self::NotAnInstance => "local.not-an-instance",
            Self::OfflineSecret => "local.offline-secret",
            Self::Schema { .. } => "local.schema",
        }
    }
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choices { wanted, found } => {
                write!(f, "instance was made with {found}, wanted {wanted}")
            }
            Self::Damaged { file } => write!(f, "{file} is not what an instance writes"),
            Self::InUse { by: None } => f.write_str("another process has the instance open"),
            Self::InUse { by: Some(by) } => {
                write!(f, "process {} serves the instance at {}", by.pid, by.url)
            }
            Self::NotAnInstance => f.write_str("not the folder of an instance"),
            Self::OfflineSecret => {
                f.write_str("secret of the root keys, offline/tuf-root, is not in the folder")
            }
            Self::Schema { found } => {
                write!(
                    f,
                    "layout of the folder is version {found}, wanted {SCHEMA}"
                )
            }
        }
    }
}

impl std::error::Error for FolderError {}

impl From<FolderError> for io::Error {
    fn from(error: FolderError) -> Self {
        let kind = match error {
            FolderError::InUse { .. } => io::ErrorKind::WouldBlock,
            FolderError::Choices { .. } => io::ErrorKind::InvalidInput,
            FolderError::NotAnInstance | FolderError::OfflineSecret => io::ErrorKind::NotFound,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
