//! The folder with the state of an instance.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::key::sha256;

/// A folder that only its owner reads.
#[derive(Clone)]
pub struct Data {
    folder: PathBuf,
    seed: Option<[u8; 32]>,
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = f.debug_struct("Data");
        text.field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Data {
    /// Opens the folder, and makes it first if it is not there.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        make_folder(&folder)?;
        Ok(Self { folder, seed: None })
    }

    /// New secrets come from `seed` instead of random bytes: the same ones every time.
    #[must_use]
    pub fn seeded(self, seed: &[u8]) -> Self {
        Self {
            seed: Some(sha256(seed)),
            ..self
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder in it, made if it is not there.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn sub(&self, name: &str) -> io::Result<Self> {
        Ok(Self {
            seed: self.seed,
            ..Self::open(self.folder.join(name))?
        })
    }

    /// The 32 bytes of a secret; a new one is random unless there is a seed, and durable when this
    /// returns. Secrets of one seed differ by their names.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the file is not 32 bytes long.
    pub fn secret(&self, name: &str) -> io::Result<[u8; 32]> {
        match File::open(self.folder.join(name)) {
            Ok(file) => {
                let mut secret = Vec::new();
                file.take(33).read_to_end(&mut secret)?;
                secret.try_into().map_err(|found: Vec<u8>| {
                    let text = format!("{name}: wanted 32 bytes, found {}", found.len());
                    io::Error::new(io::ErrorKind::InvalidData, text)
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = self.new_secret(name)?;
                self.write(name, &secret)?;
                Ok(secret)
            }
            Err(error) => Err(error),
        }
    }

    fn new_secret(&self, name: &str) -> io::Result<[u8; 32]> {
        if let Some(seed) = &self.seed {
            let text = [b"sigsign-local secret\0", name.as_bytes(), b"\0", seed];
            return Ok(sha256(&text.concat()));
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(secret)
    }

    /// Writes a file whole or not at all: it is durable when this returns.
    ///
    /// # Errors
    ///
    /// If the system does not let us; the file is then as it was.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = write_private(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, self.folder.join(name)))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Reads a file of at most `cap` bytes, if it is there.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the file is longer.
    pub fn read(&self, name: &str, cap: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match File::open(self.folder.join(name)) {
            Ok(file) => file.take(cap + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if bytes.len() as u64 > cap {
            let text = format!("{name}: more than {cap} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Some(bytes))
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
