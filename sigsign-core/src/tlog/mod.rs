//! Transparency log entries as bundles carry them.
//!
//! In: the entry's JSON, and the body in it that the log hashed. Out: [`LogEntry`], as found, and
//! [`Body`], decoded to the signature, signer and digest it is about. Not here: any check against
//! a log's key or a bundle; [`crate::verify`] makes them.

mod body;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;

pub use body::{Body, BodyError, BodySigner, SignedDigest};

use crate::encoding::{Base64Error, base64_decode, base64_encode, hex_encode};

/// A transparency log entry as it was found.
///
/// Spec: rekor.proto, TransparencyLogEntry
#[derive(Clone, Debug)]
pub struct LogEntry {
    pub(crate) log_index: u64,
    pub(crate) log_id: Vec<u8>,
    pub(crate) kind: EntryKind,
    pub(crate) integrated_time: i64,
    pub(crate) promise: Option<Vec<u8>>,
    pub(crate) proof: Option<Proof>,
    pub(crate) body: Option<EntryBody>,
}

/// What a log hashed, in base64 as well, and what it says if it can be read.
#[derive(Clone, Debug)]
pub(crate) struct EntryBody {
    base64: Box<str>,
    bytes: Vec<u8>,
    parsed: Result<Arc<Body>, BodyError>,
}

impl EntryBody {
    /// Reads the body once, however often the entry is verified.
    pub(crate) fn new(bytes: Vec<u8>, kind: EntryKind) -> Self {
        Self {
            base64: base64_encode(&bytes).into(),
            parsed: Body::parse(&bytes, kind).map(Arc::new),
            bytes,
        }
    }

    /// The same from base64, which has one form only and so is kept as it is.
    pub(crate) fn from_base64(base64: &str, kind: EntryKind) -> Result<Self, Base64Error> {
        let bytes = base64_decode(base64)?;
        Ok(Self {
            base64: base64.into(),
            parsed: Body::parse(&bytes, kind).map(Arc::new),
            bytes,
        })
    }

    pub(crate) fn base64(&self) -> &str {
        &self.base64
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn parsed(&self) -> Result<Arc<Body>, BodyError> {
        self.parsed.clone()
    }
}

impl LogEntry {
    /// The place of the entry in its log: across all shards in version 1.
    pub fn log_index(&self) -> u64 {
        self.log_index
    }

    /// The log, by the identifier that trusted roots give it.
    pub fn log_id(&self) -> &[u8] {
        &self.log_id
    }

    /// What kind of entry it says it is.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Seconds since 1970 at which a log of version 1 says it took the entry; 0 where absent.
    ///
    /// Proven only by a promise that verifies (V9).
    pub fn integrated_time(&self) -> i64 {
        self.integrated_time
    }

    /// The signed entry timestamp.
    pub fn promise(&self) -> Option<&[u8]> {
        self.promise.as_deref()
    }

    /// The inclusion proof.
    pub fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }

    /// The bytes that the log hashed.
    pub fn canonicalized_body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(EntryBody::bytes)
    }
}

/// The kinds of entries we read.
///
/// Spec: client-spec 4.4 (V36)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// dsse 0.0.1
    DsseV001,
    /// hashedrekord 0.0.1
    HashedRekordV001,
    /// hashedrekord 0.0.2, of Rekor v2
    HashedRekordV002,
    /// intoto 0.0.2
    IntotoV002,
}

impl EntryKind {
    /// The kind with this name and version.
    pub fn from_names(kind: &str, version: &str) -> Option<Self> {
        match (kind, version) {
            ("dsse", "0.0.1") => Some(Self::DsseV001),
            ("hashedrekord", "0.0.1") => Some(Self::HashedRekordV001),
            ("hashedrekord", "0.0.2") => Some(Self::HashedRekordV002),
            ("intoto", "0.0.2") => Some(Self::IntotoV002),
            _ => None,
        }
    }

    /// Whether a log of version 2 writes such entries.
    pub const fn is_v2(self) -> bool {
        matches!(self, Self::HashedRekordV002)
    }

    /// The name and version together.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DsseV001 => "dsse 0.0.1",
            Self::HashedRekordV001 => "hashedrekord 0.0.1",
            Self::HashedRekordV002 => "hashedrekord 0.0.2",
            Self::IntotoV002 => "intoto 0.0.2",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An inclusion proof as it was found.
///
/// Spec: rekor.proto, InclusionProof
#[derive(Clone, Debug)]
pub struct Proof {
    pub(crate) index: u64,
    pub(crate) root: Option<[u8; 32]>,
    pub(crate) size: u64,
    pub(crate) hashes: Vec<[u8; 32]>,
    pub(crate) checkpoint: Option<String>,
}

impl Proof {
    /// The place of the leaf in the tree of its shard.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The root that the proof claims; the checkpoint's is the one that counts (V44).
    pub fn root(&self) -> Option<&[u8; 32]> {
        self.root.as_ref()
    }

    /// The size of the tree that the proof claims; 0 where absent.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// From the leaf's sibling up to the root, 32 bytes each.
    pub fn hashes(&self) -> &[[u8; 32]] {
        &self.hashes
    }

    /// The signed note with the root.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }
}

/// What a log signs when it promises to include an entry, before and after the body in base64:
/// RFC 8785 JSON of four fields.
///
/// `log_id` is the log's identifier as it is in the entry.
///
/// Spec: rekor-spec, signed entry timestamp (V54)
pub(crate) fn around_promised_body(
    integrated_time: i64,
    log_id: &[u8],
    log_index: u64,
) -> (&'static str, String) {
    let log_id = hex_encode(log_id);
    let after = format!(
        r#"","integratedTime":{integrated_time},"logID":"{log_id}","logIndex":{log_index}}}"#
    );
    (r#"{"body":""#, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    // V36
    #[test]
    fn accepts_the_four_kinds_only() {
        for kind in [
            EntryKind::DsseV001,
            EntryKind::HashedRekordV001,
            EntryKind::HashedRekordV002,
            EntryKind::IntotoV002,
        ] {
            let (name, version) = kind.name().split_once(' ').unwrap();
            assert_eq!(Some(kind), EntryKind::from_names(name, version));
        }
        for (name, version) in [
            ("hashedrekord", "0.0.3"),
            ("dsse", "0.0.2"),
            ("intoto", "0.0.1"),
            ("", ""),
        ] {
            assert_eq!(None, EntryKind::from_names(name, version));
        }
    }

    // V54
    #[test]
    fn accepts_the_promise_in_canonical_json() {
        let body = EntryBody::new(b"{}".to_vec(), EntryKind::DsseV001);
        let (before, after) = around_promised_body(1, &[0xab, 0x01], 5);

        assert_eq!(
            r#"{"body":"e30=","integratedTime":1,"logID":"ab01","logIndex":5}"#,
            [before, body.base64(), &after].concat()
        );
    }

    #[test]
    fn accepts_the_same_body_from_bytes_and_from_base64() {
        let made = EntryBody::new(b"{}".to_vec(), EntryKind::DsseV001);
        let read = EntryBody::from_base64("e30=", EntryKind::DsseV001).unwrap();

        assert_eq!("e30=", made.base64());
        assert_eq!(made.base64(), read.base64());
        assert_eq!(made.bytes(), read.bytes());
        assert_eq!(made.parsed(), read.parsed());
        assert_eq!(
            Base64Error,
            EntryBody::from_base64("e31=", EntryKind::DsseV001).unwrap_err()
        );
    }
}
