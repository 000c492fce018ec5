use std::fmt;

use crate::encoding::Escaped;

/// What is wrong with a note, a checkpoint or a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// A note longer than the cap.
    TooLong {
        /// Bytes allowed.
        cap: usize,
        /// Bytes there.
        found: usize,
    },
    /// A control character other than the line feed.
    ControlCharacter,
    /// No blank line between text and signatures.
    NoBlankLine,
    /// No signature lines after the blank line.
    NoSignatureLine,
    /// No line feed at the end.
    NoFinalNewline,
    /// More signature lines than the cap.
    TooManySignatures {
        /// Lines allowed.
        cap: usize,
    },
    /// A signature line that is not a dash, a name, and base64 of an id and a signature.
    SignatureLine,
    /// A key name that is empty or contains white space or a plus.
    KeyName {
        /// The name.
        name: String,
    },
    /// A signature under the name and id of a key that is not by that key.
    Signature {
        /// The name in the signature line.
        name: String,
    },
    /// No signature under the name and id of a wanted key.
    NoSignature,
    /// A checkpoint without an origin.
    Origin,
    /// A checkpoint without a tree size in decimal.
    Size,
    /// A checkpoint without a root hash of 32 bytes in base64.
    RootHash,
    /// A checkpoint with an empty extension line.
    ExtensionLine,
    /// A cosignature under the name and id of a witness that is not by that witness.
    Cosignature {
        /// The name of the witness.
        witness: String,
    },
    /// A witness key that is not a name, its id and an encoded key that belong together.
    WitnessKey,
    /// A witness key of a signature type other than Ed25519 cosignatures.
    UnsupportedWitness {
        /// The signature type's number.
        signature_type: u8,
    },
}

impl NoteError {
    /// The codes of all such errors.
    pub const CODES: &[&str] = &[
        "note.too-long",
        "note.control-character",
        "note.no-blank-line",
        "note.no-signature-line",
        "note.no-final-newline",
        "note.too-many-signatures",
        "note.signature-line",
        "note.key-name",
        "note.signature",
        "note.no-signature",
        "note.origin",
        "note.size",
        "note.root-hash",
        "note.extension-line",
        "note.cosignature",
        "note.witness-key",
        "note.unsupported-witness",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "note.too-long",
            Self::ControlCharacter => "note.control-character",
            Self::NoBlankLine => "note.no-blank-line",
            Self::NoSignatureLine => "note.no-signature-line",
            Self::NoFinalNewline => "note.no-final-newline",
            Self::TooManySignatures { .. } => "note.too-many-signatures",
            Self::SignatureLine => "note.signature-line",
            Self::KeyName { .. } => "note.key-name",
            Self::Signature { .. } => "note.signature",
            Self::NoSignature => "note.no-signature",
            Self::Origin => "note.origin",
            Self::Size => "note.size",
            Self::RootHash => "note.root-hash",
            Self::ExtensionLine => "note.extension-line",
            Self::Cosignature { .. } => "note.cosignature",
            Self::WitnessKey => "note.witness-key",
            Self::UnsupportedWitness { .. } => "note.unsupported-witness",
        }
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { cap, found } => {
                write!(f, "wanted a note of at most {cap} bytes, found {found}")
            }
            Self::ControlCharacter => f.write_str("note contains a control character"),
            Self::NoBlankLine => f.write_str("note has no blank line before its signatures"),
            Self::NoSignatureLine => f.write_str("note has no signature lines"),
            Self::NoFinalNewline => f.write_str("note does not end with a line feed"),
            Self::TooManySignatures { cap } => {
                write!(f, "wanted at most {cap} signatures of a note, found more")
            }
            Self::SignatureLine => f.write_str(
                "wanted a signature line of a dash, a key name and base64, found another form",
            ),
            Self::KeyName { name } => {
                write!(
                    f,
                    "wanted a key name without white space or plus, found \"{}\"",
                    Escaped(name)
                )
            }
            Self::Signature { name } => {
                write!(f, "note signature of {} does not verify", Escaped(name))
            }
            Self::NoSignature => f.write_str("note has no signature of a trusted key"),
            Self::Origin => f.write_str("checkpoint has no origin in its first line"),
            Self::Size => f.write_str("checkpoint has no tree size in its second line"),
            Self::RootHash => f.write_str("checkpoint has no root hash in its third line"),
            Self::ExtensionLine => f.write_str("checkpoint has an empty extension line"),
            Self::Cosignature { witness } => {
                write!(f, "cosignature of {} does not verify", Escaped(witness))
            }
            Self::WitnessKey => {
                f.write_str("wanted a witness key as name+id+base64 that belong together")
            }
            Self::UnsupportedWitness { signature_type } => write!(
                f,
                "wanted a witness key of signature type 0x04, found {signature_type:#04x}"
            ),
        }
    }
}

impl std::error::Error for NoteError {}
