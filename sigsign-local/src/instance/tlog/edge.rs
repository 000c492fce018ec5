//! The right edge of a tree: the tiles that are not full, and their entries.

use std::io;
use std::sync::Arc;

use super::proof::Nodes;
use super::store::Store;
use super::tile::{HEIGHT, Tile, TreeHash, WIDTH};

/// Everything of a tree that is not in a full tile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) size: u64,
    /// By level; none is full.
    pub(crate) tiles: Vec<Arc<Tile>>,
    /// As they are stored, in order; as many as the first tile is wide.
    pub(crate) entries: Vec<Arc<[u8]>>,
}

/// What became full, and is not in the edge any more.
#[derive(Clone, Debug)]
pub(crate) enum Full {
    Hashes(u32, u64, Arc<Tile>),
    Entries(u64, Vec<Arc<[u8]>>),
}

impl Edge {
    /// Puts a leaf at the end; what is full now goes to `full`.
    pub(crate) fn push(&mut self, leaf: TreeHash, stored: Arc<[u8]>, full: &mut Vec<Full>) {
        self.size += 1;
        self.entries.push(stored);
        let mut carry = Some(leaf);
        let mut level = 0;
        while let Some(hash) = carry {
            if self.tiles.len() == level {
                self.tiles.push(Arc::default());
            }
            carry = Arc::make_mut(&mut self.tiles[level]).push(hash);
            if carry.is_some() {
                let tile = std::mem::take(&mut self.tiles[level]);
                let number = self.number(level as u32) - 1;
                full.push(Full::Hashes(level as u32, number, tile));
            }
            level += 1;
        }
        if self.entries.len() == WIDTH {
            let entries = std::mem::take(&mut self.entries);
            full.push(Full::Entries(self.number(0) - 1, entries));
        }
    }

    /// The number of the tile of `level` that is at the edge.
    pub(crate) fn number(&self, level: u32) -> u64 {
        self.size.checked_shr(HEIGHT * (level + 1)).unwrap_or(0)
    }
}

/// A tree: its edge in memory, the rest in files.
pub(crate) struct View<'a> {
    pub(crate) edge: &'a Edge,
    pub(crate) store: &'a Store,
}

impl Nodes for View<'_> {
    fn node(&self, level: u32, index: u64) -> io::Result<TreeHash> {
        let (row, depth) = (level / HEIGHT, level % HEIGHT);
        let number = index >> (HEIGHT - depth);
        let place = (index & ((1 << (HEIGHT - depth)) - 1)) as usize;
        let found = if number == self.edge.number(row) {
            let tile = self.edge.tiles.get(row as usize);
            tile.and_then(|tile| tile.node(depth, place))
        } else {
            self.store.tile(row, number)?.node(depth, place)
        };
        found.ok_or_else(|| {
            let text = format!("node {index} of level {level} is not in the tree");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }
}
