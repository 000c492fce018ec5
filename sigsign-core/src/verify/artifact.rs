use std::fmt;
use std::io::Read;

use super::ArtifactError;
use crate::crypto::{Hasher, hash};
use crate::digest::{Digest, HashAlgorithm};
use crate::limits;

/// What the user cares about: bytes, something to read them from, or their digest.
#[non_exhaustive]
pub enum Artifact<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// A digest that the user has computed.
    Digest(Digest),
    /// Several digests of the same bytes, of different algorithms; at least one.
    Digests(&'a [Digest]),
    /// Something that yields the bytes; read once, to its end, and hashed on the way.
    Reader(&'a mut dyn Read),
}

impl fmt::Debug for Artifact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Artifact({} bytes)", bytes.len()),
            Self::Digest(digest) => write!(f, "Artifact({digest})"),
            Self::Digests(digests) => write!(f, "Artifact({digests:?})"),
            Self::Reader(_) => f.write_str("Artifact(reader)"),
        }
    }
}

/// The hash algorithms that a bundle needs an artifact's digests of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    algorithms: [bool; 3],
    /// A signature is over the bytes themselves.
    pub(super) bytes: bool,
}

impl Wanted {
    pub(super) fn add(&mut self, algorithm: HashAlgorithm) {
        for (wanted, known) in self.algorithms.iter_mut().zip(HashAlgorithm::ALL) {
            *wanted |= known == algorithm;
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = HashAlgorithm> {
        self.algorithms
            .into_iter()
            .zip(HashAlgorithm::ALL)
            .filter_map(|(wanted, known)| wanted.then_some(known))
    }
}

/// What was computed of an artifact, in one reading.
#[derive(Debug)]
pub(super) struct Hashed<'a> {
    digests: Vec<Digest>,
    pub(super) bytes: Option<Bytes<'a>>,
    /// Nothing more can be computed: the user gave a digest of this kind.
    pub(super) given: Option<HashAlgorithm>,
}

/// The bytes, where they are in memory.
#[derive(Debug)]
pub(super) enum Bytes<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Bytes<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Hashed<'_> {
    /// The digest of this algorithm, if it was computed or given.
    pub(super) fn digest(&self, algorithm: HashAlgorithm) -> Option<Digest> {
        self.digests
            .iter()
            .copied()
            .find(|digest| digest.algorithm() == algorithm)
    }

    pub(super) fn digests(&self) -> &[Digest] {
        &self.digests
    }
}

impl<'a> Artifact<'a> {
    /// The digest of one algorithm: given, or computed in one reading.
    pub(crate) fn digest(self, want: HashAlgorithm) -> Result<Digest, ArtifactError> {
        let mut wanted = Wanted::default();
        wanted.add(want);
        let hashed = self.hash(wanted)?;
        match (hashed.digest(want), hashed.given) {
            (Some(digest), _) => Ok(digest),
            (None, Some(given)) => Err(ArtifactError::NeedsDigest { want, given }),
            (None, None) => Err(ArtifactError::NeedsBytes),
        }
    }

    /// Computes the digests wanted, reading what there is to read once.
    pub(super) fn hash(self, wanted: Wanted) -> Result<Hashed<'a>, ArtifactError> {
        match self {
            Self::Bytes(bytes) => Ok(Hashed {
                digests: wanted
                    .iter()
                    .map(|algorithm| hash(algorithm, bytes))
                    .collect(),
                bytes: Some(Bytes::Borrowed(bytes)),
                given: None,
            }),
            Self::Digest(digest) => Ok(Hashed {
                digests: vec![digest],
                bytes: None,
                given: Some(digest.algorithm()),
            }),
            Self::Digests(digests) => Ok(Hashed {
                digests: digests.to_vec(),
                bytes: None,
                given: digests.first().map(Digest::algorithm),
            }),
            Self::Reader(reader) => hash_reader(reader, wanted),
        }
    }
}

fn hash_reader<'a>(reader: &mut dyn Read, wanted: Wanted) -> Result<Hashed<'a>, ArtifactError> {
    let mut hashers: Vec<Hasher> = wanted.iter().map(Hasher::new).collect();
    let mut kept = wanted.bytes.then(Vec::new);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ArtifactError::Read(error)),
        };
        let chunk = buffer.get(..read).unwrap_or_default();
        for hasher in &mut hashers {
            hasher.update(chunk);
        }
        kept = kept.filter(|kept| kept.len().saturating_add(read) <= limits::ED25519_MESSAGE_BYTES);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(chunk);
        }
    }
    let digests = hashers.into_iter().map(Hasher::finish).collect();
    Ok(Hashed {
        digests,
        bytes: kept.map(Bytes::Owned),
        given: None,
    })
}

/// Bytes read at a time; what a level-2 cache holds.
const READ_BYTES: usize = 64 << 10;
