//! A durable tile log, shared by the three logs of an instance.
//!
//! In: leaves. Out: their places, with a proof to a checkpoint that is published, once they are
//! durable. Not here: what a leaf is, and how requests and answers look.
//!
//! One thread writes. It appends a batch to the journal, which is one `fsync`, then
//! writes what became full tiles, publishes the checkpoint, and answers. After a crash the journal
//! is read, so what was promised is there; and as nothing is published that is not in the journal,
//! the tree never forks.
//!
//! Spec: C2SP tlog-tiles, tlog-checkpoint

mod edge;
mod filer;
mod journal;
mod keys;
mod proof;
mod recovery;
mod store;
#[cfg(test)]
mod tests;
mod tile;
mod writer;

use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

pub use keys::{LogKeys, NoteKind};
pub use tile::TreeHash;

use edge::{Edge, View};
use journal::Record;
use recovery::{known, recover, start_of};
use store::Store;
use tile::{WIDTH, parse_number_path};
use writer::{Request, Writer, unavailable};

use crate::instance::{Clock, Data, Refusal};

/// Requests that may wait for the writer.
const WAITING: usize = 8192;

/// A leaf, and what the log keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Leaf {
    /// What is hashed.
    pub data: Vec<u8>,
    /// What is written to the bundle of entries, with its length.
    pub stored: Vec<u8>,
}

impl Leaf {
    /// A leaf that is kept as it is, after its length in two bytes.
    ///
    /// # Errors
    ///
    /// 400 if `data` is longer than 65535 bytes.
    ///
    /// Spec: C2SP tlog-tiles, Log Entries
    pub fn plain(data: Vec<u8>) -> Result<Self, Refusal> {
        let stored = prefixed(&data)?;
        Ok(Self { data, stored })
    }

    /// A leaf that is kept behind a time, which is still to be set: eight bytes.
    pub(crate) fn timed(data: Vec<u8>) -> Result<Self, Refusal> {
        let stored = prefixed(&[&[0; 8], &data[..]].concat())?;
        Ok(Self { data, stored })
    }

    /// Sets the time of a timed leaf.
    pub(crate) fn at(mut self, time: i64) -> Self {
        if let Some(place) = self.stored.get_mut(2..10) {
            place.copy_from_slice(&time.to_be_bytes());
        }
        self
    }
}

/// What to do with a leaf that the log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else to do")]
pub enum Repeats {
    /// Say where it is.
    Known,
    /// Log it again.
    Logged,
}

/// Where a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are no other places")]
pub enum Place {
    /// It was added at this index.
    New(u64),
    /// It was there before, at this index.
    Known(u64),
}

impl Place {
    /// The index, whichever it is.
    pub fn index(self) -> u64 {
        match self {
            Self::New(index) | Self::Known(index) => index,
        }
    }
}

/// A leaf in a published tree.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "services take it apart")]
pub struct Appended {
    /// Where it is.
    pub place: Place,
    /// Size of the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: TreeHash,
    /// From the leaf's sibling up.
    pub proof: Vec<TreeHash>,
    /// The signed note.
    pub checkpoint: String,
    /// When the leaf was made, in milliseconds since 1970.
    pub time_ms: i64,
}

/// A tree that everybody may see.
#[derive(Debug)]
struct Published {
    edge: Edge,
    root: TreeHash,
    checkpoint: String,
}

/// What the writer and the readers share.
#[derive(Debug)]
struct Shared {
    store: Store,
    published: RwLock<Arc<Published>>,
    known: RwLock<HashMap<u64, u64>>,
}

/// A log, open for reading and for writing.
#[derive(Debug)]
pub struct TileLog {
    keys: LogKeys,
    clock: Clock,
    shared: Arc<Shared>,
    requests: Option<SyncSender<Request>>,
    writer: Option<JoinHandle<()>>,
}

impl TileLog {
    /// Opens the log in a folder, which nobody else has open. `kind` is the name of its bundles:
    /// `entries`, or what the log's specification says.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the files are not what a log wrote, or another log did.
    pub fn open(
        data: Data,
        kind: &'static str,
        keys: LogKeys,
        repeats: Repeats,
        clock: Clock,
    ) -> io::Result<Self> {
        let store = Store::new(data, kind);
        let recovered = recover(&store, &keys)?;
        let size = recovered.edge.size;
        let published = Published {
            edge: recovered.edge.clone(),
            root: recovered.root,
            checkpoint: keys.checkpoint(size, &recovered.root, clock.now_ms()),
        };
        let shared = Arc::new(Shared {
            known: RwLock::new(known(&store, &published.edge)?),
            store,
            published: RwLock::new(Arc::new(published)),
        });
        let (requests, received) = sync_channel(WAITING);
        let its = Arc::clone(&shared);
        let writer = Writer::new(keys.clone(), clock.clone(), repeats, its, recovered)?;
        let writer = thread::Builder::new()
            .name("log writer".to_owned())
            .spawn(move || writer.run(&received))?;
        Ok(Self {
            keys,
            clock,
            shared,
            requests: Some(requests),
            writer: Some(writer),
        })
    }

    /// Adds a leaf; it is durable and covered by the checkpoint when this returns.
    ///
    /// # Errors
    ///
    /// 503 if the log cannot write, or has too much to do. The leaf may be in the log all the same.
    pub async fn append(&self, leaf: Leaf) -> Result<Appended, Refusal> {
        self.append_with(move |_, _| leaf).await
    }

    /// Adds a leaf that is made for its index and the time in milliseconds.
    ///
    /// # Errors
    ///
    /// As [`Self::append`].
    pub async fn append_with(
        &self,
        make: impl FnOnce(u64, i64) -> Leaf + Send + 'static,
    ) -> Result<Appended, Refusal> {
        let (reply, answer) = oneshot::channel();
        let make = Box::new(make);
        let requests = self.requests.as_ref().ok_or_else(unavailable)?;
        match requests.try_send(Request { make, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return Err(unavailable());
            }
        }
        let answer = answer.await.map_err(|_| unavailable())??;
        self.prove(answer.place, answer.time_ms, &answer.published)
            .map_err(|_| unavailable())
    }

    /// A leaf that is in the log, proven in the tree of now.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large.
    pub fn get(&self, index: u64) -> io::Result<Appended> {
        let published = self.shared.published();
        if index >= published.edge.size {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.prove(Place::Known(index), self.clock.now_ms(), &published)
    }

    /// Where a leaf is, by its hash.
    ///
    /// # Errors
    ///
    /// If the files cannot be read.
    pub fn find(&self, leaf: &TreeHash) -> io::Result<Option<u64>> {
        self.shared.find(leaf)
    }

    /// What was kept of an entry, if it was with a length in two bytes.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large.
    pub fn entry(&self, index: u64) -> io::Result<Vec<u8>> {
        let (number, place) = (index / WIDTH as u64, index % WIDTH as u64);
        let bundle = self.bundle(number, None)?.unwrap_or_default();
        let mut entries = split(&bundle);
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let entry = entries.nth(place).ok_or(io::ErrorKind::NotFound)?;
        Ok(entry.to_vec())
    }

    /// The hash of a leaf.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large.
    pub fn leaf(&self, index: u64) -> io::Result<TreeHash> {
        self.shared.leaf(index)
    }

    /// The proof that the first `new` leaves begin with the first `old`.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large, or `old` above `new`.
    pub fn consistency(&self, old: u64, new: u64) -> io::Result<Vec<TreeHash>> {
        let published = self.shared.published();
        if old > new || new > published.edge.size {
            return Err(io::ErrorKind::NotFound.into());
        }
        proof::consistency(&self.view(&published), old, new)
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> String {
        self.shared.published().checkpoint.clone()
    }

    /// Size and root of the tree that the checkpoint is about.
    pub fn head(&self) -> (u64, TreeHash) {
        let published = self.shared.published();
        (published.edge.size, published.root)
    }

    /// A file of the log under the path that the specification names: `checkpoint`,
    /// `tile/0/x001/234.p/5`, `tile/entries/000`. None if there is no such file.
    ///
    /// # Errors
    ///
    /// If the files cannot be read.
    pub fn file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        if path == "checkpoint" {
            return Ok(Some(self.checkpoint().into_bytes()));
        }
        let parts = path.strip_prefix("tile/").and_then(|it| it.split_once('/'));
        let Some((level, (number, width))) =
            parts.and_then(|(level, place)| Some((level, parse_number_path(place)?)))
        else {
            return Ok(None);
        };
        if level == self.shared.store.kind() {
            return self.bundle(number, Some(width));
        }
        match level.parse::<u32>() {
            Ok(parsed @ 0..64) if parsed.to_string() == level => self.tile(parsed, number, width),
            _ => Ok(None),
        }
    }

    /// Who signs.
    pub fn keys(&self) -> &LogKeys {
        &self.keys
    }

    /// The checkpoint of the first `size` leaves, signed now by `keys`.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large.
    pub fn checkpoint_by(&self, keys: &LogKeys, size: u64) -> io::Result<String> {
        let root = self.root_at(size)?;
        Ok(keys.checkpoint(size, &root, self.clock.now_ms()))
    }

    /// The root of the first `size` leaves.
    ///
    /// # Errors
    ///
    /// If the files cannot be read; `NotFound` if the log is not so large.
    pub fn root_at(&self, size: u64) -> io::Result<TreeHash> {
        let published = self.shared.published();
        if size > published.edge.size {
            return Err(io::ErrorKind::NotFound.into());
        }
        proof::root(&self.view(&published), size)
    }

    fn view<'a>(&'a self, published: &'a Published) -> View<'a> {
        View {
            edge: &published.edge,
            store: &self.shared.store,
        }
    }

    fn prove(&self, place: Place, time_ms: i64, published: &Published) -> io::Result<Appended> {
        let size = published.edge.size;
        let proof = proof::inclusion(&self.view(published), place.index(), size)?;
        Ok(Appended {
            place,
            size,
            root: published.root,
            proof,
            checkpoint: published.checkpoint.clone(),
            time_ms,
        })
    }

    fn tile(&self, level: u32, number: u64, width: usize) -> io::Result<Option<Vec<u8>>> {
        let published = self.shared.published();
        let edge = &published.edge;
        if number < edge.number(level) {
            return Ok(Some(self.shared.store.tile(level, number)?.bytes(width)));
        }
        let tile = usize::try_from(level)
            .ok()
            .and_then(|it| edge.tiles.get(it));
        let tile = tile.filter(|tile| number == edge.number(level) && width <= tile.width());
        Ok(tile.map(|tile| tile.bytes(width)))
    }

    /// The first `width` entries of a bundle, or all that there are.
    fn bundle(&self, number: u64, width: Option<usize>) -> io::Result<Option<Vec<u8>>> {
        let published = self.shared.published();
        let edge = &published.edge;
        if number < edge.number(0) {
            let bundle = self.shared.store.bundle(number)?;
            let kept = match width {
                // Only the full bundle: others than length-prefixed entries cannot be cut here.
                Some(width) if width < WIDTH => return Ok(None),
                _ => bundle,
            };
            return Ok(Some(kept));
        }
        let width = width.unwrap_or(edge.entries.len());
        let entries = edge.entries.get(..width);
        let entries = entries.filter(|_| number == edge.number(0));
        Ok(entries.map(<[_]>::concat))
    }
}

impl Drop for TileLog {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn published(&self) -> Arc<Published> {
        Arc::clone(
            &self
                .published
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn publish(&self, published: Arc<Published>, record: &Record) {
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = published;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (index, entry) in (record.first..).zip(&record.entries) {
            known.entry(start_of(&entry.leaf)).or_insert(index);
        }
    }

    /// After a recovery, which may have found more than was published.
    fn publish_all(&self, published: Arc<Published>) -> io::Result<()> {
        let found = known(&self.store, &published.edge)?;
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = published;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    fn find(&self, leaf: &TreeHash) -> io::Result<Option<u64>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let index = known.get(&start_of(leaf)).copied();
        drop(known);
        Ok(match index {
            Some(index) if self.leaf(index)? == *leaf => Some(index),
            _ => None,
        })
    }

    fn leaf(&self, index: u64) -> io::Result<TreeHash> {
        let published = self.published();
        if index >= published.edge.size {
            return Err(io::ErrorKind::NotFound.into());
        }
        let view = View {
            edge: &published.edge,
            store: &self.store,
        };
        proof::Nodes::node(&view, 0, index)
    }
}

/// `data` after its length in two bytes.
pub(crate) fn prefixed(data: &[u8]) -> Result<Vec<u8>, Refusal> {
    let too_long = |_| Refusal::bad_request("the entry is longer than 65535 bytes");
    let len = u16::try_from(data.len()).map_err(too_long)?;
    Ok([&len.to_be_bytes()[..], data].concat())
}

/// The entries in a bundle, each after its length in two bytes.
fn split(mut bundle: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = bundle.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        bundle = rest;
        Some(entry)
    })
}
