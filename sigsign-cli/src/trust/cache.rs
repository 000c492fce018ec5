//! What updates of trusted roots leave, in a folder for each instance.
//!
//! Nothing in it is believed: every file is verified again whenever it is read. Updates lock the
//! folder; those who only read need not, since the file that makes the others count is written last.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use sigsign_core::tuf::{Item, Memory, Store, StoreError};
use tempfile::NamedTempFile;

use super::user_folder;
use crate::problem::io_text;

/// A folder to read from, and to write to if it is locked.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
    /// Kept open while the cache is: closing it gives the lock back.
    lock: Option<File>,
    /// What could not be written.
    memory: Memory,
}

impl Cache {
    /// To read from.
    pub(crate) fn open(instance: &str) -> Self {
        Self {
            folder: folder(instance),
            lock: None,
            memory: Memory::default(),
        }
    }

    /// To write to, after whoever does so now. Where that cannot be, it is kept for as long as this
    /// program runs, and the reason is given.
    pub(crate) fn lock(instance: &str) -> (Self, Option<io::Error>) {
        let mut cache = Self::open(instance);
        match cache.folder.as_deref().map(locked) {
            Some(Ok(lock)) => {
                cache.lock = Some(lock);
                (cache, None)
            }
            Some(Err(error)) => (cache, Some(error)),
            None => {
                let error = io::Error::new(io::ErrorKind::NotFound, "the user has no folder");
                (cache, Some(error))
            }
        }
    }

    fn path(&self, item: &Item<'_>) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(item.file_name()))
    }
}

impl Store for Cache {
    fn read(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(bytes) = self.memory.read(item)? {
            return Ok(Some(bytes));
        }
        let Some(path) = self.path(item) else {
            return Ok(None);
        };
        match read(&path, item.cap()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    fn write(&mut self, item: &Item<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        match (&self.lock, self.path(item)) {
            (Some(_), Some(path)) => write(&path, bytes).map_err(|error| failed(&path, &error)),
            _ => self.memory.write(item, bytes),
        }
    }

    fn remove(&mut self, item: &Item<'_>) -> Result<(), StoreError> {
        self.memory.remove(item)?;
        match (&self.lock, self.path(item)) {
            (Some(_), Some(path)) => match fs::remove_file(&path) {
                Err(error) if !is_absent(&error) => Err(failed(&path, &error)),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Below the user's folder for what can be had again.
fn folder(instance: &str) -> Option<PathBuf> {
    let base = user_folder("XDG_CACHE_HOME", ".cache", "LOCALAPPDATA")?;
    Some(base.join("trust").join(instance))
}

fn locked(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn read(path: &Path, cap: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > cap {
        let problem = format!("is longer than {cap} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

/// Beside its place, then renamed.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// The file is not there, nor perhaps its folder.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError {
        what: path.display().to_string(),
        problem: io_text(error),
    }
}
