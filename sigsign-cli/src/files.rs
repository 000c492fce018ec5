//! Files: what is read, how much of it, and where a bundle is looked for.

mod checksums;
mod list;
mod read_ahead;
mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sigsign_core::limits;

pub(crate) use checksums::checksums;
pub(crate) use list::List;
pub(crate) use read_ahead::ReadAhead;
pub(crate) use write::{Places, bundle_beside, bundles_beside};

use crate::problem::Problem;

/// Bytes of a list of bundles in JSON lines. Ours: several of the largest bundles.
const LINES_BYTES: usize = 64 << 20;

/// Bytes of a file with one key. Ours; the largest RSA key in PEM is far smaller.
const KEY_BYTES: usize = 64 << 10;

/// Bytes of a list of checksums. Ours: a thousand long names, and what stands around them.
const CHECKSUMS_BYTES: usize = 8 << 20;

/// Bytes of what a job runs for. GitHub sends no event above 25 MB.
const EVENT_BYTES: usize = 32 << 20;

/// Bytes of manifests of a cluster. Ours: far more than a release of anything has.
const MANIFESTS_BYTES: usize = 64 << 20;

/// Up to this size a file is read at once; above it, in the background.
pub(crate) const AT_ONCE_BYTES: u64 = 1 << 20;

/// What kind of document is read: its name for messages, its cap, its code.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Document {
    Bundle,
    Checksums,
    CtRoot,
    Event,
    Key,
    Manifests,
    Password,
    Policy,
    Predicate,
    PrivateKey,
    SigningConfig,
    Statement,
    TlsAuthority,
    Token,
    TrustedRoot,
    TufRoot,
}

impl Document {
    fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Checksums => "list of checksums",
            Self::Event => "event",
            Self::Key => "key",
            Self::Manifests => "manifests",
            Self::Password => "password",
            Self::Policy => "policy",
            Self::Predicate => "predicate",
            Self::PrivateKey => "private key",
            Self::SigningConfig => "signing config",
            Self::Statement => "statement",
            Self::CtRoot | Self::TlsAuthority => "certificate authority",
            Self::Token => "identity token",
            Self::TrustedRoot => "trusted root",
            Self::TufRoot => "root of the repository",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Bundle => "bundle.unreadable",
            Self::Checksums => "checksums.read",
            Self::Event => "ci.event",
            Self::CtRoot => "ct-root.read",
            Self::Key => "key.read",
            Self::Manifests => "manifests.read",
            Self::Password => "password.read",
            Self::Policy => "policy-file.read",
            Self::Predicate => "predicate.read",
            Self::PrivateKey => "signing-key.read",
            Self::SigningConfig => "signing-config.read",
            Self::Statement => "statement.read",
            Self::TlsAuthority => "tls-ca.read",
            Self::Token => "token.read",
            Self::TrustedRoot => "root.read",
            Self::TufRoot => "trust.read",
        }
    }

    fn cap(self, path: &Path) -> usize {
        match self {
            Self::Bundle if is_lines(path) => LINES_BYTES,
            Self::Bundle => limits::BUNDLE_BYTES,
            Self::CtRoot | Self::Key | Self::Password | Self::PrivateKey | Self::TlsAuthority => {
                KEY_BYTES
            }
            Self::Policy => limits::POLICY_FILE_BYTES,
            Self::Predicate | Self::Statement => limits::STATEMENT_BYTES,
            Self::Checksums => CHECKSUMS_BYTES,
            Self::Event => EVENT_BYTES,
            Self::Manifests => MANIFESTS_BYTES,
            // A line end may follow.
            Self::Token => limits::TOKEN_BYTES.saturating_add(2),
            Self::TufRoot => limits::TUF_ROOT_BYTES,
            Self::SigningConfig | Self::TrustedRoot => limits::TRUSTED_ROOT_BYTES,
        }
    }

    /// Reads all of it; `-` is standard input. No more than the cap is read, from endless pipes
    /// neither.
    pub(crate) fn read(self, path: &Path) -> Result<Vec<u8>, Problem> {
        let what = || format!("{} {} cannot be read", self.name(), shown(path));
        let cap = self.cap(path);
        let bytes = if is_stdin(path) {
            bounded(io::stdin().lock(), cap, 0)
        } else {
            open(path).and_then(|(file, size)| bounded(file, cap, size))
        };
        let bytes = bytes.map_err(|error| Problem::io(self.code(), &what(), &error))?;
        if bytes.len() > cap {
            let what = format!("{} {} is longer than {cap} bytes", self.name(), shown(path));
            return Err(Problem::input(self.code(), what));
        }
        Ok(bytes)
    }
}

/// At most one byte more than the cap, into a buffer that has room for `size` from the start.
fn bounded(reader: impl Read, cap: usize, size: u64) -> io::Result<Vec<u8>> {
    let room = usize::try_from(size).unwrap_or(cap).min(cap);
    let mut bytes = Vec::with_capacity(room.saturating_add(1));
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens what can be read as a file, and says how long it is: 0 for a pipe.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => io::Error::new(
            io::ErrorKind::NotFound,
            "symbolic link to a file that is not there",
        ),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "is a directory",
        ));
    }
    let size = if metadata.is_file() {
        metadata.len()
    } else {
        0
    };
    Ok((file, size))
}

/// An artifact that the system does not let us read.
pub(crate) fn unreadable(error: &io::Error) -> Problem {
    Problem::io("artifact.read", "artifact cannot be read", error)
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of a file in messages.
pub(crate) fn shown(path: &Path) -> String {
    if is_stdin(path) {
        return "on standard input".to_owned();
    }
    path.display().to_string()
}

/// Whether a file of this name has a bundle in each line.
pub(crate) fn is_lines(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "jsonl")
}
