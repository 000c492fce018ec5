//! The files of a log, laid out as they are served.
//!
//! ```text
//! checkpoint
//! tile/0/x001/234            hashes of leaves
//! tile/1/005.p/210           hashes of full tiles below
//! tile/entries/x001/234      entries
//! ```
//!
//! Spec: C2SP tlog-tiles

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::edge::{Edge, Full};
use super::tile::{Tile, WIDTH, number_path};
use crate::instance::Data;

/// Tiles kept in memory, 16 KiB each.
const CACHED_TILES: usize = 64;

/// The largest bundle of entries that is read: 256 of two certificates each.
const BUNDLE_BYTES: u64 = 256 * 160 * 1024;

/// The folder of a log.
#[derive(Debug)]
pub(crate) struct Store {
    data: Data,
    /// `entries`, or `data` for certificates.
    kind: &'static str,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    tiles: HashMap<(u32, u64), Arc<Tile>>,
    order: VecDeque<(u32, u64)>,
}

impl Store {
    pub(crate) fn new(data: Data, kind: &'static str) -> Self {
        let cache = Mutex::default();
        Self { data, kind, cache }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.data.folder()
    }

    /// Where the journal is.
    pub(crate) fn journal_path(&self) -> PathBuf {
        self.folder().join("journal")
    }

    /// A full tile.
    pub(crate) fn tile(&self, level: u32, number: u64) -> io::Result<Arc<Tile>> {
        let key = (level, number);
        if let Some(tile) = self.lock().tiles.get(&key) {
            return Ok(Arc::clone(tile));
        }
        let tile = Arc::new(self.uncached_tile(level, number)?);
        self.remember(level, number, &tile);
        Ok(tile)
    }

    /// A full tile that is not asked for again soon.
    pub(crate) fn uncached_tile(&self, level: u32, number: u64) -> io::Result<Tile> {
        let path = self.tile_path(level, number);
        let bytes = read(&path, (WIDTH * 32) as u64)?;
        let tile = Tile::from_bytes(&bytes).filter(|tile| tile.width() == WIDTH);
        tile.ok_or_else(|| damaged(&path))
    }

    /// Keeps a tile in memory, so that it can be asked for before it is written.
    pub(crate) fn remember(&self, level: u32, number: u64, tile: &Arc<Tile>) {
        let mut cache = self.lock();
        let key = (level, number);
        if cache.tiles.insert(key, Arc::clone(tile)).is_none() {
            cache.order.push_back(key);
        }
        while cache.order.len() > CACHED_TILES {
            if let Some(oldest) = cache.order.pop_front() {
                cache.tiles.remove(&oldest);
            }
        }
    }

    /// A file of the folder, if it is there.
    pub(crate) fn read_file(&self, name: &str, cap: u64) -> io::Result<Option<Vec<u8>>> {
        self.data.read(name, cap)
    }

    /// What bundles are called.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// A full bundle of entries.
    pub(crate) fn bundle(&self, number: u64) -> io::Result<Vec<u8>> {
        read(&self.bundle_path(number), BUNDLE_BYTES)
    }

    /// Forgets what is in memory, which may have been for a tree that came to nothing.
    pub(crate) fn forget(&self) {
        *self.lock() = Cache::default();
    }

    /// Writes what became full, in the place of its parts; where it is. Not yet durable.
    pub(crate) fn write(&self, full: &Full) -> io::Result<PathBuf> {
        let (path, bytes) = self.file_of(full);
        replace(&path, &bytes)?;
        match fs::remove_dir_all(parts_folder(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(path),
        }
    }

    /// As [`Self::write`], but leaves a file alone that is right already: to make it durable costs
    /// nothing if it is.
    pub(crate) fn write_again(&self, full: &Full) -> io::Result<PathBuf> {
        let (path, bytes) = self.file_of(full);
        match read(&path, bytes.len() as u64) {
            Ok(found) if found == bytes => Ok(path),
            _ => self.write(full),
        }
    }

    fn file_of(&self, full: &Full) -> (PathBuf, Vec<u8>) {
        match full {
            Full::Hashes(level, number, tile) => {
                (self.tile_path(*level, *number), tile.bytes(WIDTH))
            }
            Full::Entries(number, entries) => (self.bundle_path(*number), entries.concat()),
        }
    }

    /// Writes the parts of tiles at the edge, and then the checkpoint that covers them, for those
    /// who read the folder and do not ask the log.
    pub(crate) fn write_edge(&self, edge: &Edge, checkpoint: &str) -> io::Result<()> {
        for (level, tile) in (0..).zip(&edge.tiles) {
            if tile.width() > 0 {
                let full = self.tile_path(level, edge.number(level));
                replace(&partial_path(&full, tile.width()), &tile.bytes(WIDTH))?;
            }
        }
        if !edge.entries.is_empty() {
            let full = self.bundle_path(edge.number(0));
            let part = partial_path(&full, edge.entries.len());
            replace(&part, &edge.entries.concat())?;
        }
        replace(
            &self.data.folder().join("checkpoint"),
            checkpoint.as_bytes(),
        )
    }

    fn tile_path(&self, level: u32, number: u64) -> PathBuf {
        let name = format!("tile/{level}/{}", number_path(number));
        self.data.folder().join(name)
    }

    fn bundle_path(&self, number: u64) -> PathBuf {
        let name = format!("tile/{}/{}", self.kind, number_path(number));
        self.data.folder().join(name)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the partial tile of a width is, beside the full one.
fn partial_path(full: &Path, width: usize) -> PathBuf {
    parts_folder(full).join(width.to_string())
}

fn parts_folder(full: &Path) -> PathBuf {
    let mut folder = full.as_os_str().to_owned();
    folder.push(".p");
    PathBuf::from(folder)
}

/// Writes a file that appears whole or not at all, as long as the machine runs.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = beside(path);
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// Writes a file that appears whole or not at all, whatever happens; durable when this returns.
pub(crate) fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    fs::write(&temporary, bytes)?;
    File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn read(path: &Path, cap: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(cap + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap {
        return Err(damaged(path));
    }
    Ok(bytes)
}

fn damaged(path: &Path) -> io::Error {
    let text = format!("{}: not what the log wrote", path.display());
    io::Error::new(io::ErrorKind::InvalidData, text)
}
