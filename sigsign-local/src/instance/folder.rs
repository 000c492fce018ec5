//! The folder of an instance: whose it is, who has it open, and of what kind it is.
//!
//! ```text
//! instance.json    version of the layout, and what was chosen when it was made
//! lock             locked by the one process that has it open
//! running.json     address and process, while it is served
//! secret           where the keys come from
//! offline/         secrets that can be kept elsewhere
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::instance::{Choices, Clock, Data, FolderError};
use crate::key::Scheme;

/// The version of the layout that this program reads and writes.
pub(super) const SCHEMA: u32 = 1;

const MARKER: &str = "instance.json";
const LOCK: &str = "lock";
const RUNNING: &str = "running.json";
const SECRET: &str = "secret";

/// Documents are much smaller.
const DOCUMENT_BYTES: u64 = 1 << 20;

/// The folder of an instance, which nobody else has open.
#[derive(Debug)]
pub struct Folder {
    data: Data,
    marker: Marker,
    /// Locked until this is dropped.
    _lock: File,
}

/// What is known about an instance without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "shown as it is")]
pub struct About {
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// What was chosen then.
    pub choices: Choices,
    /// Whether a process has it open.
    pub is_open: bool,
    /// Where it is served, if it is.
    pub running: Option<Running>,
}

/// Who serves an instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "the file has no more")]
pub struct Running {
    /// `http://localhost:7480`
    pub url: String,
    /// The process.
    pub pid: u32,
}

/// `instance.json`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Marker {
    schema: u32,
    created: i64,
    log_key: String,
    stamper_key: String,
    token_key: String,
    witness: bool,
}

/// `instance.json` of any version.
#[derive(Deserialize)]
struct AnyMarker {
    schema: u32,
}

/// How the folder of an instance is opened.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Opening {
    /// What a new one is made with, and an old one must have been made with.
    pub choices: Option<Choices>,
    /// Where the secrets of a new one come from, if they are not to be random.
    pub seed: Option<Vec<u8>>,
    /// How long to wait for another process that has it open, unless it is a server.
    pub patience: Duration,
}

impl Folder {
    /// Opens the folder of an instance, and makes it first if it is not there or empty.
    ///
    /// # Errors
    ///
    /// A [`FolderError`] inside, or what the system says.
    pub fn open(folder: &Path, opening: &Opening, clock: &Clock) -> io::Result<Self> {
        if !folder.join(MARKER).exists() {
            refuse_others(folder)?;
        }
        let mut data = Data::open(folder)?;
        let lock = lock_patiently(folder, opening.patience)?;
        if let Some(seed) = &opening.seed {
            data = data.seeded(seed);
        }
        let marker = match marker(folder)? {
            Some(marker) => marker,
            None => make(&data, opening.choices.clone().unwrap_or_default(), clock)?,
        };
        let found = marker.choices()?;
        if let Some(wanted) = opening.choices.as_ref().filter(|it| **it != found) {
            let wanted = wanted.clone();
            return Err(FolderError::Choices { wanted, found }.into());
        }
        let it = Self {
            data,
            marker,
            _lock: lock,
        };
        // A server that was killed may have left it.
        it.stopped()?;
        Ok(it)
    }

    /// The folder itself.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// When it was made, in seconds since 1970.
    pub fn created(&self) -> i64 {
        self.marker.created
    }

    /// What was chosen then.
    ///
    /// # Errors
    ///
    /// [`FolderError::Damaged`]
    pub fn choices(&self) -> io::Result<Choices> {
        self.marker.choices()
    }

    /// Where the keys come from.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn secret(&self) -> io::Result<[u8; 32]> {
        self.data.secret(SECRET)
    }

    /// Writes down that the instance is served, until [`Self::stopped`].
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn running(&self, url: &str) -> io::Result<()> {
        let running = Running {
            url: url.to_owned(),
            pid: std::process::id(),
        };
        self.data.write(RUNNING, &serde_json::to_vec(&running)?)
    }

    /// The instance is not served any longer.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn stopped(&self) -> io::Result<()> {
        match fs::remove_file(self.data.folder().join(RUNNING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The secret of an instance, which another process may have open.
///
/// # Errors
///
/// [`FolderError::NotAnInstance`], or what the system says.
pub fn secret(folder: &Path) -> io::Result<[u8; 32]> {
    if marker(folder)?.is_none() {
        return Err(FolderError::NotAnInstance.into());
    }
    Data::open(folder)?.secret(SECRET)
}

/// What is known about an instance without opening it.
///
/// # Errors
///
/// [`FolderError::NotAnInstance`] or another of them, or what the system says.
pub fn about(folder: &Path) -> io::Result<About> {
    let marker = marker(folder)?.ok_or(FolderError::NotAnInstance)?;
    let (is_open, running) = match lock(folder) {
        Ok(_) => (false, None),
        Err(error) => match FolderError::of(&error) {
            Some(FolderError::InUse { by }) => (true, by.clone()),
            _ => return Err(error),
        },
    };
    Ok(About {
        created: marker.created,
        choices: marker.choices()?,
        is_open,
        running,
    })
}

/// Removes an instance with its keys. What it did not make itself stays; the names of that are
/// returned.
///
/// # Errors
///
/// [`FolderError::NotAnInstance`], [`FolderError::InUse`], or what the system says.
pub fn reset(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if read(folder, MARKER)?.is_none() {
        return Err(FolderError::NotAnInstance.into());
    }
    let lock = lock(folder)?;
    for name in FOLDERS {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok_and(|it| it.is_dir()) {
            fs::remove_dir_all(path)?;
        }
    }
    // The marker goes last: until then, what is left can be reset again.
    for name in FILES.into_iter().chain([MARKER, LOCK]) {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    drop(lock);
    let left: Vec<PathBuf> = entries(folder)?.into_iter().map(PathBuf::from).collect();
    if left.is_empty() {
        fs::remove_dir(folder)?;
    }
    Ok(left)
}

/// Folders that an instance makes.
const FOLDERS: [&str; 8] = [
    "ca", "ct", "offline", "oidc", "rekor-v1", "rekor-v2", "tsa", "tuf",
];

/// Files that an instance makes, besides its marker and lock.
const FILES: [&str; 4] = [
    RUNNING,
    SECRET,
    "signing_config.v0.2.json",
    "trusted_root.json",
];

impl Marker {
    fn choices(&self) -> io::Result<Choices> {
        let scheme = |name: &str| {
            let found = Scheme::ALL.into_iter().find(|it| it.details() == name);
            found.ok_or(FolderError::Damaged { file: MARKER })
        };
        Ok(Choices {
            log_key: scheme(&self.log_key)?,
            stamper_key: scheme(&self.stamper_key)?,
            token_key: scheme(&self.token_key)?,
            witness: self.witness,
        })
    }
}

fn make(data: &Data, choices: Choices, clock: &Clock) -> io::Result<Marker> {
    let marker = Marker {
        schema: SCHEMA,
        created: clock.now(),
        log_key: choices.log_key.details().to_owned(),
        stamper_key: choices.stamper_key.details().to_owned(),
        token_key: choices.token_key.details().to_owned(),
        witness: choices.witness,
    };
    data.secret(SECRET)?;
    data.write(MARKER, &serde_json::to_vec(&marker)?)?;
    Ok(marker)
}

/// Only an empty folder becomes an instance, or one where making it was cut short.
fn refuse_others(folder: &Path) -> io::Result<()> {
    let ours = |name: &String| {
        [LOCK, SECRET].contains(&name.as_str())
            || name.starts_with(&format!(".{SECRET}."))
            || name.starts_with(&format!(".{MARKER}."))
    };
    match entries(folder) {
        Ok(names) if names.iter().all(ours) => Ok(()),
        // Somebody else made it between the two looks.
        Ok(names) if names.iter().any(|it| it == MARKER) => Ok(()),
        Ok(_) => Err(FolderError::NotAnInstance.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn entries(folder: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn lock_patiently(folder: &Path, patience: Duration) -> io::Result<File> {
    let begun = Instant::now();
    loop {
        match lock(folder) {
            Err(error)
                if FolderError::of(&error) == Some(&FolderError::InUse { by: None })
                    && begun.elapsed() < patience =>
            {
                thread::sleep(PAUSE);
            }
            locked => return locked,
        }
    }
}

/// Between two tries to lock.
const PAUSE: Duration = Duration::from_millis(5);

fn lock(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let by = served(folder)?;
            Err(FolderError::InUse { by }.into())
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn served(folder: &Path) -> io::Result<Option<Running>> {
    Ok(read(folder, RUNNING)?.and_then(|it| serde_json::from_slice(&it).ok()))
}

fn marker(folder: &Path) -> io::Result<Option<Marker>> {
    let Some(bytes) = read(folder, MARKER)? else {
        return Ok(None);
    };
    let damaged = |_| FolderError::Damaged { file: MARKER };
    let any: AnyMarker = serde_json::from_slice(&bytes).map_err(damaged)?;
    if any.schema != SCHEMA {
        return Err(FolderError::Schema { found: any.schema }.into());
    }
    Ok(Some(serde_json::from_slice(&bytes).map_err(damaged)?))
}

/// A file of a folder that need not be there.
fn read(folder: &Path, name: &str) -> io::Result<Option<Vec<u8>>> {
    match folder.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(_) => Data::open(folder)?.read(name, DOCUMENT_BYTES),
    }
}
