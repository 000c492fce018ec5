//! What is to be made: who takes part, and how each of them behaves.
//!
//! In: a [`Recipe`], all of whose fields may be changed. Out: nothing yet; [`crate::make`] follows
//! it. Every key comes from the name of its owner, and every time from [`NOW`].

use crate::certificate::San;
use crate::key::{Hash, Scheme};
use crate::note::Witness;

/// 2026-01-15T12:00:00Z, when certificates begin.
pub const NOW: i64 = 1_768_478_400;
/// A year before [`NOW`], when authorities begin.
pub const START: i64 = NOW - 31_536_000;
/// Nine years after [`NOW`], when their certificates end.
pub const END: i64 = NOW + 283_824_000;

/// A window in a trusted root: its start, and its end if it has one.
pub type Window = (i64, Option<i64>);

/// A certificate authority: of signers, or of time stamps.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct CaSpec {
    /// Host, and the seed of its keys.
    pub host: String,
    /// Who runs it, if the trusted root says so.
    pub operator: Option<String>,
    /// The root's scheme first.
    pub schemes: Vec<Scheme>,
    /// In the trusted root.
    pub window: Window,
}

impl CaSpec {
    /// A root and one intermediate.
    pub fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            operator: None,
            schemes: vec![Scheme::P384, Scheme::P384],
            window: (START, None),
        }
    }
}

/// A certificate transparency log.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct CtSpec {
    /// Host, and the seed of its key.
    pub host: String,
    /// Who runs it, if the trusted root says so.
    pub operator: Option<String>,
    /// How it signs.
    pub scheme: Scheme,
    /// In the trusted root.
    pub window: Window,
    /// CtExtensions.
    pub extensions: Vec<u8>,
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Whether the trusted root has it.
    pub known: bool,
    /// How often it signs.
    pub count: usize,
}

impl CtSpec {
    /// A log that signs once.
    pub fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            operator: None,
            scheme: Scheme::P256,
            window: (START, None),
            extensions: Vec::new(),
            timestamp_ms: 1000 * NOW.unsigned_abs() + 123,
            known: true,
            count: 1,
        }
    }
}

/// A transparency log, and the entry that it takes.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct LogSpec {
    /// Host, and the seed of its key.
    pub host: String,
    /// Who runs it, if the trusted root says so.
    pub operator: Option<String>,
    /// How it signs.
    pub scheme: Scheme,
    /// Whether it is of version 2.
    pub v2: bool,
    /// `hashedrekord`, `dsse` or `intoto`.
    pub kind: String,
    /// In the trusted root.
    pub window: Window,
    /// Leaves in the tree.
    pub size: usize,
    /// Where the entry is.
    pub index: usize,
    /// What version 1 adds to the index, for its earlier trees.
    pub offset: u64,
    /// When version 1 took the entry.
    pub integrated: i64,
    /// Whether there is a promise.
    pub promise: bool,
    /// Whether there is a proof.
    pub proof: bool,
    /// Who cosigns.
    pub witnesses: Vec<Witness>,
    /// Whether the trusted root has it.
    pub known: bool,
    /// How many times the entry is in it.
    pub count: usize,
}

impl LogSpec {
    /// A log of version 1, for plain signatures.
    pub fn v1(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            operator: None,
            scheme: Scheme::P256,
            v2: false,
            kind: "hashedrekord".to_owned(),
            window: (START, None),
            size: 7,
            index: 3,
            offset: 1000,
            integrated: NOW + 5,
            promise: true,
            proof: true,
            witnesses: Vec::new(),
            known: true,
            count: 1,
        }
    }

    /// A log of version 2.
    pub fn v2(host: &str) -> Self {
        Self {
            scheme: Scheme::Ed25519,
            v2: true,
            offset: 0,
            promise: false,
            ..Self::v1(host)
        }
    }
}

/// A time stamp authority, and the token that it gives.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct TsaSpec {
    /// Its chain: the root first, its own key last.
    pub ca: CaSpec,
    /// The hash of the imprint.
    pub hash: Hash,
    /// Whether its certificates are in the token.
    pub embed: bool,
    /// When it stamps.
    pub at: i64,
    /// Whether the trusted root has it.
    pub known: bool,
    /// How often it stamps.
    pub count: usize,
}

impl TsaSpec {
    /// An authority that stamps once.
    pub fn new(host: &str) -> Self {
        Self {
            ca: CaSpec {
                schemes: vec![Scheme::P384, Scheme::P256],
                ..CaSpec::new(host)
            },
            hash: Hash::Sha256,
            embed: false,
            at: NOW + 6,
            known: true,
            count: 1,
        }
    }
}

/// Everything.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Recipe {
    /// `0.1`, `0.2`, `0.3` or `0.3-old`.
    pub version: String,
    /// What is signed.
    pub artifact: Vec<u8>,
    /// The `_type` of the statement that is signed, if it is not the artifact.
    pub statement: Option<String>,
    /// The hint of a managed key, if there is one and not a certificate.
    pub managed: Option<String>,
    /// How the signer signs.
    pub signer: Scheme,
    /// Who signs.
    pub san: San,
    /// Who knows the signer.
    pub issuer: String,
    /// From when to when the certificate is valid.
    pub window: (i64, i64),
    /// The first one certifies; the others are only in the trusted root.
    pub authorities: Vec<CaSpec>,
    /// Each signs the certificate.
    pub ct_logs: Vec<CtSpec>,
    /// Each takes the entry.
    pub logs: Vec<LogSpec>,
    /// Each stamps the signature.
    pub tsas: Vec<TsaSpec>,
}

impl Recipe {
    /// Bundle 0.3, log of version 1, as most bundles are today.
    pub fn v1() -> Self {
        Self {
            version: "0.3".to_owned(),
            artifact: b"The quick brown fox jumps over the lazy dog.\n".to_vec(),
            statement: None,
            managed: None,
            signer: Scheme::P256,
            san: San::Email("signer@example.invalid".to_owned()),
            issuer: "https://issuer.example.invalid".to_owned(),
            window: (NOW, NOW + 600),
            authorities: vec![CaSpec::new("ca.localhost")],
            ct_logs: vec![CtSpec::new("ct.localhost")],
            logs: vec![LogSpec::v1("rekor.localhost")],
            tsas: Vec::new(),
        }
    }

    /// Bundle 0.3, log of version 2 and a time stamp.
    pub fn v2() -> Self {
        Self {
            logs: vec![LogSpec::v2("log2026.localhost")],
            tsas: vec![TsaSpec::new("tsa.localhost")],
            ..Self::v1()
        }
    }

    /// A statement instead of a plain signature, as entries of this kind.
    #[must_use]
    pub fn dsse(mut self, kind: &str) -> Self {
        self.statement = Some("https://in-toto.io/Statement/v1".to_owned());
        for log in &mut self.logs {
            kind.clone_into(&mut log.kind);
        }
        self
    }

    /// A key instead of a certificate.
    #[must_use]
    pub fn managed(mut self, hint: &str) -> Self {
        self.managed = Some(hint.to_owned());
        self
    }
}
