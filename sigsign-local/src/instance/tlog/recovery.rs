//! From the files of a log to its tree, after any end of the process before.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::edge::{Edge, Full, View};
use super::filer::sync_files;
use super::journal::{Journal, Record};
use super::keys::LogKeys;
use super::proof;
use super::store::Store;
use super::tile::{HEIGHT, Tile, TreeHash, WIDTH};

/// The largest checkpoint that is read.
const CHECKPOINT_BYTES: u64 = 64 * 1024;

/// A tree, as the files have it.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) edge: Edge,
    pub(crate) root: TreeHash,
    pub(crate) journal: Journal,
}

/// Reads the journal, puts in place what a crash kept from being written, and begins a new one.
///
/// Every root that was noted on the way is computed again; and the tree is that of the checkpoint
/// in the folder, or more.
pub(crate) fn recover(store: &Store, keys: &LogKeys) -> io::Result<Recovered> {
    store.forget();
    let records = Journal::read(&store.journal_path())?;
    let mut edge = match records.first() {
        Some(record) => durable_edge(store, record.first)?,
        None => Edge::default(),
    };
    let mut written = Vec::new();
    for record in &records {
        let root = proof::root(&View { edge: &edge, store }, edge.size)?;
        if record.first != edge.size || record.root != root {
            return Err(damaged("the journal does not continue the tiles"));
        }
        replay(store, record, &mut edge, &mut written)?;
    }
    let root = proof::root(&View { edge: &edge, store }, edge.size)?;
    check_published(store, &edge, keys)?;
    sync_files(store.folder(), &written)?;
    let journal = Journal::start(&store.journal_path(), &edge_record(store, &edge)?)?;
    Ok(Recovered {
        edge,
        root,
        journal,
    })
}

/// The record that a journal begins with: what is not in a full bundle.
pub(crate) fn edge_record(store: &Store, edge: &Edge) -> io::Result<Record> {
    let first = edge.size - edge.entries.len() as u64;
    let hashes = edge.tiles.first().map_or(&[][..], |tile| tile.hashes());
    let entries = hashes.iter().zip(&edge.entries);
    Ok(Record {
        first,
        root: proof::root(&View { edge, store }, first)?,
        entries: entries
            .map(|(leaf, stored)| super::journal::Entry {
                leaf: *leaf,
                stored: Arc::clone(stored),
            })
            .collect(),
    })
}

/// The index of every leaf in full tiles and at the edge, by the start of its hash.
pub(crate) fn known(store: &Store, edge: &Edge) -> io::Result<HashMap<u64, u64>> {
    let mut known = HashMap::new();
    for number in 0..edge.number(0) {
        let tile = store.uncached_tile(0, number)?;
        remember(&mut known, number, &tile);
    }
    if let Some(tile) = edge.tiles.first() {
        remember(&mut known, edge.number(0), tile);
    }
    Ok(known)
}

/// What a leaf is found by; the tile tells whether it is the same leaf.
pub(crate) fn start_of(leaf: &TreeHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *leaf;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn remember(known: &mut HashMap<u64, u64>, number: u64, tile: &Tile) {
    for (index, leaf) in (number * WIDTH as u64..).zip(tile.hashes()) {
        known.entry(start_of(leaf)).or_insert(index);
    }
}

/// The edge of the tree of `size`, which ends with a full tile: its upper levels are the roots of
/// tiles in files.
fn durable_edge(store: &Store, size: u64) -> io::Result<Edge> {
    if !size.is_multiple_of(WIDTH as u64) {
        return Err(damaged("the journal begins inside a tile"));
    }
    let mut edge = Edge {
        size,
        ..Edge::default()
    };
    for level in 0_u32.. {
        let Some(hashes @ 1..) = size.checked_shr(HEIGHT * level) else {
            break;
        };
        let first = hashes - hashes % WIDTH as u64;
        let roots = (first..hashes).map(|number| {
            let below = level
                .checked_sub(1)
                .ok_or_else(|| damaged("no level below"))?;
            let root = store.uncached_tile(below, number)?.node(HEIGHT, 0);
            root.ok_or_else(|| damaged("a tile is not full"))
        });
        let tile = Tile::new(roots.collect::<io::Result<Vec<_>>>()?);
        edge.tiles.push(Arc::new(tile));
    }
    Ok(edge)
}

fn replay(
    store: &Store,
    record: &Record,
    edge: &mut Edge,
    written: &mut Vec<std::path::PathBuf>,
) -> io::Result<()> {
    let mut full = Vec::new();
    for entry in &record.entries {
        edge.push(entry.leaf, Arc::clone(&entry.stored), &mut full);
    }
    for full in &full {
        if let Full::Hashes(level, number, tile) = full {
            store.remember(*level, *number, tile);
        }
        written.push(store.write_again(full)?);
    }
    Ok(())
}

/// Compares the tree with the checkpoint that the folder shows.
fn check_published(store: &Store, edge: &Edge, keys: &LogKeys) -> io::Result<()> {
    let Some(note) = store.read_file("checkpoint", CHECKPOINT_BYTES)? else {
        return Ok(());
    };
    let note = String::from_utf8_lossy(&note);
    let mut lines = note.lines();
    let (origin, size, root) = (lines.next(), lines.next(), lines.next());
    // A file that was cut with the power says nothing.
    let (Some(origin), Some(size), Some(root)) = (origin, size, root) else {
        return Ok(());
    };
    if origin != keys.origin {
        return Err(damaged("the folder is another log's"));
    }
    let size: u64 = size
        .parse()
        .map_err(|_| damaged("checkpoint without size"))?;
    if size > edge.size {
        return Err(damaged("the journal ends before the checkpoint"));
    }
    let found = proof::root(&View { edge, store }, size)?;
    if root != crate::text::base64(&found) {
        return Err(damaged("the tree is not that of the checkpoint"));
    }
    Ok(())
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("damaged log: {what}"))
}
