//! The thread that writes a log: it takes what waits, makes it durable at once, and answers.
//!
//! Nothing waits for a full batch: a lone request is a batch of one, and what comes while that one
//! is written is the next.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::edge::{Edge, Full, View};
use super::filer::{Filer, Synced};
use super::journal::{Entry, Journal, Record};
use super::keys::LogKeys;
use super::proof;
use super::recovery::{Recovered, edge_record, recover};
use super::tile::TreeHash;
use super::{Leaf, Place, Published, Repeats, Shared};
use crate::instance::{Clock, Refusal};
use crate::tree::leaf_hash;

/// Requests in one batch.
const BATCH: usize = 1024;

/// Bytes of journal after which a new one begins, when the tiles are durable.
const JOURNAL_BYTES: u64 = 4 << 20;

/// Bytes of journal after which the writer waits for the tiles.
const JOURNAL_CAP: u64 = 16 * JOURNAL_BYTES;

/// Time between two refreshes of the edge in the folder.
const REFRESH: Duration = Duration::from_secs(1);

/// A leaf that wants to be in the log.
pub(super) struct Request {
    /// Makes the leaf for its index, and the time in milliseconds.
    pub(super) make: Box<dyn FnOnce(u64, i64) -> Leaf + Send>,
    pub(super) reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// Where the leaf is, in which tree.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) place: Place,
    pub(super) time_ms: i64,
    pub(super) published: Arc<Published>,
}

/// The thread's own.
pub(super) struct Writer {
    pub(super) keys: LogKeys,
    pub(super) clock: Clock,
    pub(super) repeats: Repeats,
    pub(super) shared: Arc<Shared>,
    edge: Edge,
    root: TreeHash,
    journal: Journal,
    filer: Filer,
    /// Whether the last batch was written whole.
    sound: bool,
    refresh_at: Option<Instant>,
}

/// A batch that is not yet written.
struct Batch {
    time_ms: i64,
    edge: Edge,
    entries: Vec<Entry>,
    full: Vec<Full>,
    places: Vec<Place>,
}

impl Writer {
    pub(super) fn new(
        keys: LogKeys,
        clock: Clock,
        repeats: Repeats,
        shared: Arc<Shared>,
        recovered: Recovered,
    ) -> io::Result<Self> {
        let filer = Filer::start(shared.store.folder())?;
        Ok(Self {
            keys,
            clock,
            repeats,
            shared,
            edge: recovered.edge,
            root: recovered.root,
            journal: recovered.journal,
            filer,
            sound: true,
            refresh_at: None,
        })
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        loop {
            let first = match self.refresh_at {
                None => requests.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => requests.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match first {
                Ok(first) => self.answer(first, requests),
                Err(RecvTimeoutError::Timeout) => self.refresh(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.refresh();
    }

    fn answer(&mut self, first: Request, requests: &Receiver<Request>) {
        let waiting = requests.try_iter().take(BATCH - 1);
        let (make, replies): (Vec<_>, Vec<_>) = std::iter::once(first)
            .chain(waiting)
            .map(|request| (request.make, request.reply))
            .unzip();
        let written = self.mend().and_then(|()| self.write(make));
        self.sound = written.is_ok();
        match written {
            Ok((time_ms, places, published)) => {
                for (place, reply) in places.into_iter().zip(replies) {
                    let published = Arc::clone(&published);
                    // Who went away does not hear it.
                    let _ = reply.send(Ok(Answer {
                        place,
                        time_ms,
                        published,
                    }));
                }
                self.sound = self.turn_over().is_ok();
            }
            Err(error) => {
                tracing::error!(%error, "log not written");
                for reply in replies {
                    let _ = reply.send(Err(unavailable()));
                }
            }
        }
        self.refresh_at
            .get_or_insert_with(|| Instant::now() + REFRESH);
    }

    /// After a write that failed the files say what there is.
    fn mend(&mut self) -> io::Result<()> {
        if self.sound && self.filer.synced() != Synced::Failed {
            return Ok(());
        }
        self.sound = false;
        let recovered = recover(&self.shared.store, &self.keys)?;
        let published = self.shared.published();
        let store = &self.shared.store;
        let view = View {
            edge: &recovered.edge,
            store,
        };
        if recovered.edge.size < published.edge.size
            || proof::root(&view, published.edge.size)? != published.root
        {
            return Err(io::Error::other("the files are behind the checkpoint"));
        }
        self.filer = Filer::start(store.folder())?;
        (self.edge, self.root) = (recovered.edge, recovered.root);
        self.journal = recovered.journal;
        let checkpoint = self.checkpoint(&self.edge, &self.root, self.clock.now_ms());
        self.shared.publish_all(Arc::new(Published {
            edge: self.edge.clone(),
            root: self.root,
            checkpoint,
        }))
    }

    fn checkpoint(&self, edge: &Edge, root: &TreeHash, now_ms: i64) -> String {
        self.keys.checkpoint(edge.size, root, now_ms)
    }

    /// Puts a batch in the tree; durable and published when this returns.
    fn write(&mut self, make: Vec<Make>) -> io::Result<Written> {
        let batch = self.place(make)?;
        if batch.entries.is_empty() {
            return Ok((batch.time_ms, batch.places, self.shared.published()));
        }
        let store = &self.shared.store;
        let view = View {
            edge: &batch.edge,
            store,
        };
        let root = proof::root(&view, batch.edge.size)?;
        let checkpoint = self.checkpoint(&batch.edge, &root, batch.time_ms);
        let record = Record {
            first: self.edge.size,
            root: self.root,
            entries: batch.entries,
        };
        self.journal.append(&record)?;
        for full in &batch.full {
            self.filer.sync(store.write(full)?);
        }
        (self.edge, self.root) = (batch.edge.clone(), root);
        let published = Arc::new(Published {
            edge: batch.edge,
            root,
            checkpoint,
        });
        self.shared.publish(Arc::clone(&published), &record);
        Ok((batch.time_ms, batch.places, published))
    }

    fn place(&self, make: Vec<Make>) -> io::Result<Batch> {
        let mut batch = Batch {
            time_ms: self.clock.now_ms(),
            edge: self.edge.clone(),
            entries: Vec::new(),
            full: Vec::new(),
            places: Vec::new(),
        };
        let mut new = HashMap::new();
        for make in make {
            let index = batch.edge.size;
            let leaf = make(index, batch.time_ms);
            let hash = leaf_hash(&leaf.data);
            let known = match (self.repeats, new.get(&hash)) {
                (Repeats::Logged, _) => None,
                (Repeats::Known, Some(index)) => Some(*index),
                (Repeats::Known, None) => self.shared.find(&hash)?,
            };
            if let Some(index) = known {
                batch.places.push(Place::Known(index));
                continue;
            }
            new.insert(hash, index);
            batch.add(hash, leaf.stored.into(), &self.shared);
            batch.places.push(Place::New(index));
        }
        Ok(batch)
    }

    /// Begins a new journal when the old one is long and not needed any more.
    fn turn_over(&mut self) -> io::Result<()> {
        if self.journal.len() >= JOURNAL_CAP {
            let filer = Filer::start(self.shared.store.folder())?;
            if std::mem::replace(&mut self.filer, filer).finish() != Synced::All {
                return Err(io::Error::other("a tile is not durable"));
            }
        }
        if self.journal.len() >= JOURNAL_BYTES && self.filer.synced() == Synced::All {
            let record = edge_record(&self.shared.store, &self.edge)?;
            self.journal = Journal::start(&self.shared.store.journal_path(), &record)?;
        }
        Ok(())
    }

    /// Brings the folder up to what is published.
    fn refresh(&mut self) {
        self.refresh_at = None;
        let published = self.shared.published();
        let store = &self.shared.store;
        if let Err(error) = store.write_edge(&published.edge, &published.checkpoint) {
            tracing::warn!(%error, "checkpoint file not written");
        }
    }
}

impl Batch {
    fn add(&mut self, hash: [u8; 32], stored: Arc<[u8]>, shared: &Shared) {
        let before = self.full.len();
        self.edge.push(hash, Arc::clone(&stored), &mut self.full);
        for full in self.full.iter().skip(before) {
            if let Full::Hashes(level, number, tile) = full {
                shared.store.remember(*level, *number, tile);
            }
        }
        self.entries.push(Entry { leaf: hash, stored });
    }
}

type Make = Box<dyn FnOnce(u64, i64) -> Leaf + Send>;

type Written = (i64, Vec<Place>, Arc<Published>);

pub(super) fn unavailable() -> Refusal {
    let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
    Refusal::new(status, "the log cannot write now")
}
