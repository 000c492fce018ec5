//! The journal of a log: every entry is in it, and durable, before anybody hears of it.
//!
//! One file of records, one record for a batch: what was the tree before it, and what was added.
//! The file starts where the last full tile ends that is durable by itself, with everything after
//! that in its first record. A record that was cut by a crash is the last one, and nobody was told
//! of its entries.
//!
//! ```text
//! record   length: u32, SHA-256 of the payload, payload
//! payload  first: u64, root before: 32 bytes, count: u32, entries
//! entry    leaf hash: 32 bytes, length: u32, stored bytes
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::store::replace_durably;
use super::tile::TreeHash;
use crate::key::sha256;

/// One entry of a log: the hash of its leaf, and the bytes that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) leaf: TreeHash,
    pub(crate) stored: Arc<[u8]>,
}

/// What a batch added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The index of the first entry, which is also the size of the tree before it.
    pub(crate) first: u64,
    /// The root before it.
    pub(crate) root: TreeHash,
    pub(crate) entries: Vec<Entry>,
}

impl Record {
    fn encode(&self) -> Vec<u8> {
        let bytes: usize = self.entries.iter().map(|it| it.stored.len() + 36).sum();
        let mut payload = Vec::with_capacity(bytes + 44);
        payload.extend(self.first.to_be_bytes());
        payload.extend(self.root);
        payload.extend(length(self.entries.len()));
        for entry in &self.entries {
            payload.extend(entry.leaf);
            payload.extend(length(entry.stored.len()));
            payload.extend_from_slice(&entry.stored);
        }
        let mut record = length(payload.len()).to_vec();
        record.extend(sha256(&payload));
        record.append(&mut payload);
        record
    }

    /// The record at the start of `bytes`, which move on behind it; `None` if it is not whole.
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut rest = *bytes;
        let len = u32::from_be_bytes(take(&mut rest)?);
        let digest: TreeHash = take(&mut rest)?;
        let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        if sha256(payload) != digest {
            return None;
        }
        let record = Self::decode_payload(payload)?;
        *bytes = rest;
        Some(record)
    }

    fn decode_payload(mut payload: &[u8]) -> Option<Self> {
        let first = u64::from_be_bytes(take(&mut payload)?);
        let root = take(&mut payload)?;
        let count = u32::from_be_bytes(take(&mut payload)?);
        let mut entries = Vec::new();
        for _ in 0..count {
            let leaf = take(&mut payload)?;
            let len = u32::from_be_bytes(take(&mut payload)?);
            let (stored, rest) = payload.split_at_checked(usize::try_from(len).ok()?)?;
            let stored = Arc::from(stored);
            entries.push(Entry { leaf, stored });
            payload = rest;
        }
        let record = Self {
            first,
            root,
            entries,
        };
        payload.is_empty().then_some(record)
    }
}

/// The journal, open for more.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    len: u64,
}

impl Journal {
    /// The whole records of a journal, in order; none if there is no journal.
    pub(crate) fn read(path: &Path) -> io::Result<Vec<Record>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut rest = &bytes[..];
        Ok(std::iter::from_fn(|| Record::decode(&mut rest)).collect())
    }

    /// Puts a journal that begins with `record` in the place of the one before; durable when this
    /// returns.
    pub(crate) fn start(path: &Path, record: &Record) -> io::Result<Self> {
        let bytes = record.encode();
        replace_durably(path, &bytes)?;
        let file = OpenOptions::new().append(true).open(path)?;
        let len = bytes.len() as u64;
        Ok(Self { file, len })
    }

    /// Adds a record; durable when this returns.
    pub(crate) fn append(&mut self, record: &Record) -> io::Result<()> {
        let bytes = record.encode();
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
}

/// A length that is far below 4 GiB: batches are capped by number and entries by size.
fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(first: u64) -> Record {
        let entry = |byte: u8| Entry {
            leaf: [byte; 32],
            stored: Arc::from(vec![byte; usize::from(byte)]),
        };
        Record {
            first,
            root: [7; 32],
            entries: vec![entry(0), entry(5)],
        }
    }

    fn decode_all(mut bytes: &[u8]) -> Vec<Record> {
        std::iter::from_fn(|| Record::decode(&mut bytes)).collect()
    }

    #[test]
    fn accepts_what_it_wrote() {
        let bytes = [record(0).encode(), record(2).encode()].concat();

        assert_eq!(vec![record(0), record(2)], decode_all(&bytes));
    }

    #[test]
    fn rejects_a_record_cut_anywhere() {
        let (one, two) = (record(0).encode(), record(2).encode());
        let both = [&one[..], &two[..]].concat();

        for len in one.len()..both.len() {
            assert_eq!(vec![record(0)], decode_all(&both[..len]), "{len} bytes");
        }
    }

    #[test]
    fn rejects_a_record_with_any_byte_changed() {
        let bytes = record(3).encode();

        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(decode_all(&changed).is_empty(), "byte {place}");
        }
    }
}
