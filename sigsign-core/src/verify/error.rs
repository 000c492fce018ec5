use std::fmt;

use crate::bundle::BundleVersion;
use crate::crypto::{KeyError, KeyKind};
use crate::digest::{Digest, DigestHint, HashAlgorithm};
use crate::dsse::StatementError;
use crate::encoding::{Escaped, hex_encode};
use crate::merkle::MerkleError;
use crate::note::NoteError;
use crate::time::{Timestamp, Validity};
use crate::tlog::BodyError;
use crate::tsp::TspError;
use crate::x509::{ClaimsError, FulcioExtension, PathError};

/// Why a bundle does not verify, by the check that refused it.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// The transparency log entry, its proof or its promise.
    Log(LogError),
    /// The times that somebody vouches for.
    Time(TimeError),
    /// The certificate and its path, or the managed key.
    Signer(SignerError),
    /// The signed certificate timestamps.
    Ct(CtError),
    /// Who signed.
    Identity(IdentityError),
    /// What was signed.
    Artifact(ArtifactError),
    /// What the log entry is about.
    Tie(TieError),
}

impl VerifyError {
    /// The stable code of this error, the most specific one there is: `log.root-mismatch`,
    /// `note.signature`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Log(error) => error.code(),
            Self::Time(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Ct(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Tie(error) => error.code(),
        }
    }

    /// The check that refused, as the report names it.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Log(_) => "log",
            Self::Time(_) => "time",
            Self::Signer(_) => "path",
            Self::Ct(_) => "ct",
            Self::Identity(_) => "identity",
            Self::Artifact(_) => "artifact",
            Self::Tie(_) => "tie",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(_) => f.write_str("transparency log entry is not good"),
            Self::Time(_) => f.write_str("signing time is not vouched for"),
            Self::Signer(_) => f.write_str("signer's certificate or key is not good"),
            Self::Ct(_) => f.write_str("certificate is not known to be in a CT log"),
            Self::Identity(_) => f.write_str("signer is not who the policy asks for"),
            Self::Artifact(_) => f.write_str("artifact is not what was signed"),
            Self::Tie(_) => f.write_str("log entry is about something else"),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            Self::Log(error) => error,
            Self::Time(error) => error,
            Self::Signer(error) => error,
            Self::Ct(error) => error,
            Self::Identity(error) => error,
            Self::Artifact(error) => error,
            Self::Tie(error) => error,
        })
    }
}

/// Defines an error enum: variants with a code and a sentence of their own, then those around the
/// error of another stage, whose code it is.
macro_rules! errors {
    (
        $(#[$meta:meta])* $name:ident {
            $( $(#[$vmeta:meta])* $variant:ident
               $( { $( $(#[$fmeta:meta])* $field:ident : $ty:ty ),* $(,)? } )?
               => $code:literal, $format:literal $(, $arg:expr)* ; )*
        }
        around {
            $( $(#[$imeta:meta])* $around:ident ( $inner:ty ) => $sentence:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$vmeta])* $variant $( { $( $(#[$fmeta])* $field: $ty ),* } )?, )*
            $( $(#[$imeta])* $around($inner), )*
        }

        impl $name {
            /// Every code of this kind itself, for the list of errors.
            pub const CODES: &'static [&'static str] = &[ $( $code ),* ];

            /// The stable code of this error: the most specific one there is.
            pub fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $code, )*
                    $( Self::$around(error) => error.code(), )*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant $( { $( $field ),* } )? => {
                        write!(f, $format $(, $arg)*)
                    } )*
                    $( Self::$around(_) => f.write_str($sentence), )*
                }
            }
        }

        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                match self {
                    $( Self::$around(error) => Some(error), )*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    /// Why a log entry does not count.
    LogError {
        /// Fewer entries than asked for, counted by distinct operator (V46, V47).
        TooFew {
            /// Operators asked for.
            need: u8,
            /// Operators whose entries are good.
            got: usize,
        } => "log.too-few", "operators of logs with an entry: wanted {need}, found {got}";
        /// An entry of a log that the trusted root does not name.
        UnknownLog {
            /// The log id in the entry.
            log_id: Vec<u8>,
        } => "log.unknown-log", "log {} is not in the trusted root", hex_encode(log_id);
        /// The same place in the same log twice.
        Duplicate {
            /// The index of the leaf.
            index: u64,
        } => "log.duplicate", "log entry {index} is there twice";
        /// No body to check.
        BodyMissing => "log.body-missing", "entry has no body";
        /// A body that is not what its log would have written (V41).
        BodyNotCanonical => "log.body-not-canonical",
            "entry body is not in the canonical form of its kind";
        /// No proof of inclusion, or one without a checkpoint (V8, V46).
        ProofMissing {
            /// The version of the bundle.
            version: BundleVersion,
        } => "log.proof-missing",
            "wanted an inclusion proof with a checkpoint, found none in a bundle {version}";
        /// A proof that leads to another root than the checkpoint's (V44).
        RootMismatch {
            /// The root in the checkpoint.
            want: [u8; 32],
            /// The root that leaf and proof lead to.
            found: [u8; 32],
        } => "log.root-mismatch", "wanted the checkpoint's root {}, proof leads to {}", hex_encode(want), hex_encode(found);
        /// A proof that claims another place or tree than its entry and checkpoint (V43, V44, O5).
        ProofFields {
            /// The field of the proof.
            field: &'static str,
            /// What the entry or its checkpoint says.
            want: String,
            /// What the proof says.
            found: String,
        } => "log.proof-fields", "wanted {field} {want} in the inclusion proof, found {found}";
        /// A checkpoint of another log (V50, O2).
        Origin {
            /// The origin of the log in the trusted root.
            want: String,
            /// The origin in the checkpoint.
            found: String,
        } => "log.origin", "wanted a checkpoint of {want}, found one of {}", Escaped(found);
        /// An entry without the promise that its bundle or its time needs (V8).
        PromiseMissing => "log.promise-missing", "wanted the log's signed promise, found none";
        /// A promise whose signature does not verify (V54).
        Promise => "log.promise", "the log's promise is not signed by it";
        /// Too few witnesses (V53).
        Witnesses {
            /// Witnesses asked for.
            need: u8,
            /// Witnesses whose cosignature is good.
            got: usize,
        } => "log.witnesses", "wanted cosignatures of {need} witnesses, found {got}";
        /// An entry from a time at which its log's key was not valid (V52).
        KeyWindow {
            /// When the key is valid.
            window: Validity,
            /// The time of the entry.
            at: Timestamp,
        } => "log.key-window", "wanted an entry made {window}, found one of {at}";
        /// More signatures than one verification may check.
        Budget => "log.budget", "more signatures to check than the cap allows";
    }
    around {
        /// A body that cannot be read, or of another kind than the entry says (V36).
        Body(BodyError) => "entry body cannot be used";
        /// A proof that does not lead anywhere.
        Proof(MerkleError) => "inclusion proof cannot be followed";
        /// A checkpoint that is malformed or not signed by its log (V48 to V51).
        Checkpoint(NoteError) => "checkpoint cannot be used";
        /// A witness of the policy whose cosignature is bad (V53, O22).
        Cosignature(NoteError) => "cosignature of a named witness is bad";
    }
}

errors! {
    /// Why no time, or not enough of it, is vouched for.
    TimeError {
        /// Nobody vouches for a time (V10).
        TooFew {
            /// Operators asked for.
            need: u8,
            /// Operators who vouch for one.
            got: usize,
        } => "time.too-few", "operators that vouch for a time: wanted {need}, found {got}";
        /// A token of an authority that the trusted root does not name (V16).
        UnknownAuthority => "time.unknown-authority",
            "timestamp token is not from an authority in the trusted root";
        /// A token from a time at which its authority was not valid (V19).
        Window {
            /// When the authority is valid.
            window: Validity,
            /// The time of the token.
            at: Timestamp,
        } => "time.window", "wanted a token made {window}, found one of {at}";
        /// A log or an authority that vouches for a time still to come (V12).
        Future {
            /// The time of the verification.
            now: Timestamp,
            /// The time in the entry or token.
            at: Timestamp,
        } => "time.future", "time vouched for is {at}, which is after {now}";
        /// A time from before anything was signed, or not a time.
        Integrated => "time.integrated", "the entry's time is missing or negative";
        /// More signatures than one verification may check.
        Budget => "time.budget", "more signatures to check than the cap allows";
    }
    around {
        /// A token that cannot be read or is not signed by its authority (V13 to V18).
        Token(TspError) => "timestamp token cannot be used";
        /// An authority whose own certificates are not good (V18).
        Authority(PathError) => "authority's certificates are not good";
    }
}

errors! {
    /// Why the signer's certificate or key does not count.
    SignerError {
        /// A bundle with a certificate for a key policy, or the reverse (V6, A5).
        Material {
            /// What the policy asks for.
            want: &'static str,
            /// What the bundle has.
            found: &'static str,
        } => "signer.material", "wanted a bundle signed with a {want}, found one with a {found}";
        /// A certificate of an authority that the trusted root does not name.
        UnknownAuthority {
            /// Who issued the certificate, by its own words.
            issuer: String,
        } => "signer.unknown-authority",
            "no certificate authority in the trusted root issued this certificate; its issuer is {}", Escaped(issuer);
        /// A key hint that is not the key's (V61, O14).
        Hint {
            /// The hint that the key has.
            want: String,
            /// The hint in the bundle.
            found: String,
        } => "signer.hint", "wanted the key hint {}, found {}", Escaped(want), Escaped(found);
        /// A key used outside the time the caller gives it (V61).
        KeyWindow {
            /// When the key may sign.
            window: Validity,
            /// When it did.
            at: Timestamp,
        } => "signer.key-window", "wanted a signature made {window}, found one of {at}";
    }
    around {
        /// A path that does not hold (V24 to V28).
        Path(PathError) => "certificate path does not hold";
        /// A certificate key that cannot be used.
        Key(KeyError) => "certificate's key cannot be used";
    }
}

errors! {
    /// Why a certificate is not known to be in a CT log.
    CtError {
        /// No SCT in the certificate (V34).
        Missing => "ct.missing", "certificate carries no signed certificate timestamp";
        /// Fewer SCTs of known logs than asked for, counted by operator (V33).
        TooFew {
            /// Operators asked for.
            need: u8,
            /// Operators whose SCTs are good.
            got: usize,
        } => "ct.too-few", "known operators of certificate timestamps: wanted {need}, found {got}";
        /// An SCT from a time at which its log was not valid (V32).
        Window {
            /// When the log's key is valid.
            window: Validity,
            /// The time of the SCT.
            at: Timestamp,
        } => "ct.window", "wanted a timestamp made {window}, found one of {at}";
        /// An SCT from a time that has not come yet (V12).
        Future {
            /// The time at which the bundle is verified.
            now: Timestamp,
            /// The time of the SCT.
            at: Timestamp,
        } => "ct.future", "wanted a timestamp from before {now}, found one of {at}";
    }
    around {
        /// SCTs, or the certificate around them, that cannot be read (V30).
        Malformed(crate::ct::SctError) => "timestamps cannot be read";
        /// An SCT of a known log that it did not sign (V31, V33).
        Signature(crate::ct::SctError) => "timestamp of a known log is not signed by it";
    }
}

errors! {
    /// Why the signer is not who the policy asks for.
    IdentityError {
        /// Another subject.
        Subject {
            /// The subject in the policy.
            want: String,
            /// The subject in the certificate.
            found: String,
        } => "identity.subject", "wanted subject {want}, found {}", Escaped(found);
        /// Another issuer, or none.
        Issuer {
            /// The issuer in the policy.
            want: String,
            /// The issuer in the certificate.
            found: Option<String>,
        } => "identity.issuer", "wanted issuer {want}, found {}", Escaped(found.as_deref().unwrap_or("none"));
        /// Another value of an extension, or none (V60).
        Extension {
            /// The extension.
            extension: FulcioExtension,
            /// The value in the policy.
            want: String,
            /// The value in the certificate.
            found: Option<String>,
        } => "identity.extension", "wanted {extension} {want}, found {}", Escaped(found.as_deref().unwrap_or("none"));
    }
    around {
        /// A certificate whose claims contradict themselves or cannot be read (V59).
        Claims(ClaimsError) => "certificate's claims cannot be used";
    }
}

/// Why the artifact is not what was signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The artifact could not be read.
    Read(std::io::Error),
    /// A signature by this key that does not verify (V55, V56).
    Signature {
        /// The kind of the key.
        kind: KeyKind,
    },
    /// Another digest than the bundle says (V55, O15).
    DigestMismatch {
        /// The digest in the bundle.
        want: DigestHint,
        /// The digest of the artifact.
        found: Digest,
    },
    /// A digest given in place of an artifact, when another one is needed.
    NeedsDigest {
        /// The hash that is needed.
        want: HashAlgorithm,
        /// The hash of the digest given.
        given: HashAlgorithm,
    },
    /// A digest given in place of an artifact, or a very long one, when the signature is over the
    /// bytes themselves: pure Ed25519 (V55).
    NeedsBytes,
    /// An envelope around something else than a statement (V56).
    PayloadType {
        /// The type of the payload.
        found: String,
    },
    /// An envelope whose key id is not the bundle's hint (V56).
    KeyId {
        /// The hint in the bundle.
        want: String,
        /// The key id in the envelope.
        found: String,
    },
    /// A statement that cannot be used (V57).
    Statement(StatementError),
    /// A statement that is not about the artifact (V57).
    NotASubject {
        /// The artifact's digests that were looked for.
        digests: Vec<Digest>,
        /// Subjects of the statement.
        subjects: usize,
    },
    /// A statement of another type (V58).
    PredicateType {
        /// The type in the policy.
        want: String,
        /// The type of the statement; `None` if the bundle has no statement.
        found: Option<String>,
    },
}

impl ArtifactError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "artifact.read",
        "artifact.signature",
        "artifact.digest-mismatch",
        "artifact.needs-digest",
        "artifact.needs-bytes",
        "artifact.payload-type",
        "artifact.key-id",
        "artifact.not-a-subject",
        "artifact.predicate-type",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "artifact.read",
            Self::Signature { .. } => "artifact.signature",
            Self::DigestMismatch { .. } => "artifact.digest-mismatch",
            Self::NeedsDigest { .. } => "artifact.needs-digest",
            Self::NeedsBytes => "artifact.needs-bytes",
            Self::PayloadType { .. } => "artifact.payload-type",
            Self::KeyId { .. } => "artifact.key-id",
            Self::Statement(error) => error.code(),
            Self::NotASubject { .. } => "artifact.not-a-subject",
            Self::PredicateType { .. } => "artifact.predicate-type",
        }
    }
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("artifact cannot be read"),
            Self::Signature { kind } => {
                write!(f, "signature does not verify with the signer's {kind} key")
            }
            Self::DigestMismatch { want, found } => {
                write!(f, "wanted the digest in the bundle, {want}, found {found}")
            }
            Self::NeedsDigest { want, given } => {
                write!(
                    f,
                    "wanted the artifact or its {want} digest, given its {given} digest"
                )
            }
            Self::NeedsBytes => {
                f.write_str("wanted the artifact's bytes, which a pure Ed25519 signature is over")
            }
            Self::PayloadType { found } => write!(
                f,
                "wanted payload type {}, found {}",
                crate::dsse::STATEMENT_TYPE,
                Escaped(found)
            ),
            Self::KeyId { want, found } => {
                let want = if want.is_empty() { "none" } else { want };
                write!(
                    f,
                    "wanted key id {}, found {}",
                    Escaped(want),
                    Escaped(found)
                )
            }
            Self::Statement(_) => f.write_str("statement cannot be used"),
            Self::NotASubject { digests, subjects } => {
                f.write_str("wanted a subject with")?;
                if digests.is_empty() {
                    f.write_str(" a SHA-256, SHA-384 or SHA-512 digest")?;
                }
                for digest in digests {
                    write!(f, " {digest}")?;
                }
                write!(f, "; subjects found: {subjects}, all others")
            }
            Self::PredicateType {
                want,
                found: Some(found),
            } => {
                write!(f, "wanted predicate type {want}, found {}", Escaped(found))
            }
            Self::PredicateType { want, found: None } => {
                write!(
                    f,
                    "wanted a statement with predicate type {want}, found a plain signature"
                )
            }
        }
    }
}

impl std::error::Error for ArtifactError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Statement(error) => Some(error),
            _ => None,
        }
    }
}

errors! {
    /// Why a log entry is not about this signature.
    TieError {
        /// Another signature (V37).
        Signature => "tie.signature", "log entry holds another signature";
        /// Another certificate or key (V38, O17).
        Signer => "tie.signer", "log entry holds another certificate or key";
        /// Another digest, or the digest of another algorithm (V39).
        Digest {
            /// The digest in the entry.
            want: DigestHint,
            /// The digest of what was signed; `None` if it cannot be computed from what was given.
            found: Option<Digest>,
        } => "tie.digest", "log entry is about {want}, not about {}", found.map_or_else(|| "a digest of another kind".to_owned(), |found| found.to_string());
        /// Another payload type (V40).
        PayloadType => "tie.payload-type", "log entry is about another payload type";
        /// An entry for an envelope where there is none, or the reverse.
        Kind {
            /// The kind of the entry.
            found: &'static str,
        } => "tie.kind", "log entry of kind {found} does not fit the bundle's content";
        /// Key details that are not those of the signer's key (V38).
        KeyDetails {
            /// The scheme in the entry.
            found: &'static str,
            /// The signer's key.
            kind: KeyKind,
        } => "tie.key-details", "log entry says {found}, the signer has a {kind} key";
    }
    around {}
}
