//! One tile of a tree: up to 256 hashes, and every node above them inside the tile.
//!
//! Spec: C2SP tlog-tiles, Merkle Tree

use crate::tree::node_hash;

/// A hash of the tree.
pub type TreeHash = [u8; 32];

/// Hashes in a full tile.
pub(crate) const WIDTH: usize = 256;

/// Levels of the tree that a tile spans.
pub(crate) const HEIGHT: u32 = 8;

/// The hashes at the left edge of a tile, with the complete nodes above them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    /// By distance from the tile's own hashes; the last row is the root of a full tile.
    rows: [Vec<TreeHash>; HEIGHT as usize + 1],
}

impl Tile {
    /// A tile of these hashes, at most 256.
    pub(crate) fn new(hashes: impl IntoIterator<Item = TreeHash>) -> Self {
        let mut tile = Self::default();
        for hash in hashes.into_iter().take(WIDTH) {
            tile.push(hash);
        }
        tile
    }

    /// A tile from its file; `None` if that is not whole hashes, or too many.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && hashes.len() <= WIDTH).then(|| Self::new(hashes.iter().copied()))
    }

    /// Puts a hash at the right end; the root, if the tile is full now.
    pub(crate) fn push(&mut self, hash: TreeHash) -> Option<TreeHash> {
        let mut hash = hash;
        for depth in 0..self.rows.len() {
            let row = &mut self.rows[depth];
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => break,
            }
        }
        self.rows[HEIGHT as usize].first().copied()
    }

    /// How many hashes it has.
    pub(crate) fn width(&self) -> usize {
        self.rows[0].len()
    }

    /// The hashes themselves.
    pub(crate) fn hashes(&self) -> &[TreeHash] {
        &self.rows[0]
    }

    /// The complete node `depth` levels above the hashes.
    pub(crate) fn node(&self, depth: u32, place: usize) -> Option<TreeHash> {
        self.rows.get(depth as usize)?.get(place).copied()
    }

    /// The first `width` hashes, as a file.
    pub(crate) fn bytes(&self, width: usize) -> Vec<u8> {
        self.rows[0][..width.min(self.width())].concat()
    }
}

/// `x001/x234/067` of 1234067.
pub(crate) fn number_path(number: u64) -> String {
    let mut path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// The number and width in `x001/x234/067` or `x001/x234/067.p/5`; 256 wide if it does not say.
pub(crate) fn parse_number_path(path: &str) -> Option<(u64, usize)> {
    let (number, width) = match path.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (path, WIDTH),
    };
    let digits: String = number
        .split('/')
        .map(|part| part.trim_start_matches('x'))
        .collect();
    let value: u64 = digits.parse().ok()?;
    let canonical = match width {
        0 => return None,
        1..WIDTH => format!("{}.p/{width}", number_path(value)),
        _ => number_path(value),
    };
    (canonical == path).then_some((value, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn accepts_the_path_of_the_specification() {
        assert_eq!("x001/x234/067", number_path(1_234_067));
        assert_eq!("000", number_path(0));
        assert_eq!(Some((1_234_067, 256)), parse_number_path("x001/x234/067"));
        assert_eq!(Some((1, 112)), parse_number_path("001.p/112"));
    }

    #[test]
    fn rejects_paths_that_are_not_canonical() {
        for path in [
            "",
            "0",
            "1",
            "0001",
            "x000/001",
            "001/001",
            "x001/x067",
            "001.p/",
            "001.p/0",
            "001.p/01",
            "001.p/256",
            "001.p/257",
            "001.p/-1",
            "../001",
            "x001//067",
            "999999999999999999999999",
            "00a",
            "x",
        ] {
            assert_eq!(None, parse_number_path(path), "{path}");
        }
    }

    #[test]
    fn accepts_the_root_of_a_full_tile_only() {
        let hashes: Vec<TreeHash> = (0..=255_u8).map(|leaf| tree::leaf_hash(&[leaf])).collect();
        let mut tile = Tile::new(hashes[..255].iter().copied());

        assert_eq!(None, tile.node(HEIGHT, 0));
        assert_eq!(Some(tree::root(&hashes)), tile.push(hashes[255]));
        assert_eq!(Some(tree::root(&hashes[64..128])), tile.node(6, 1));
        assert_eq!(None, tile.node(6, 4));
    }
}
