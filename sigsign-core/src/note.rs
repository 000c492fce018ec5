//! C2SP signed notes, checkpoints and witness cosignatures.
//!
//! In: a note as text, the keys of a log or a witness. Out: a [`Checkpoint`] that one of these keys
//! signed, the time a witness saw it. Not here: which log the keys are of, and when they are valid.

mod error;
mod witness;

use crate::crypto::{Algorithm, KeyKind, PublicKey, sha256_parts};
use crate::encoding::base64_decode;
use crate::limits;
use crate::merkle::RootHash;

pub use error::NoteError;
pub use witness::WitnessKey;

/// A signed note: its text, and signatures of which none is verified.
///
/// The text is not accessible before [`Self::open`].
///
/// Spec: C2SP signed-note, Format
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// With the line feed at its end, which is signed too.
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

#[derive(Clone, Debug)]
struct SignatureLine<'a> {
    name: &'a str,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Note<'a> {
    /// Splits a note into its text and its signatures (V48).
    ///
    /// # Errors
    ///
    /// [`NoteError`], by what is wrong with the form.
    ///
    /// Spec: C2SP signed-note, Format
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > limits::NOTE_BYTES {
            return Err(NoteError::TooLong {
                cap: limits::NOTE_BYTES,
                found: note.len(),
            });
        }
        // "MUST NOT contain any ASCII control characters (those below U+0020) other than newline"
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::ControlCharacter);
        }
        // "the text is separated from the signatures by the last empty line in the note"
        let (text, lines) = note
            .rfind("\n\n")
            .and_then(|end| note.split_at_checked(end.checked_add(1)?))
            .ok_or(NoteError::NoBlankLine)?;
        let lines = lines.strip_prefix('\n').unwrap_or(lines);
        // "one or more signature lines [..] newline"
        let lines = match lines.strip_suffix('\n') {
            Some(lines) => lines,
            None if lines.is_empty() => return Err(NoteError::NoSignatureLine),
            None => return Err(NoteError::NoFinalNewline),
        };
        let mut signatures = Vec::with_capacity(1);
        for line in lines.split('\n') {
            if signatures.len() >= limits::NOTE_SIGNATURES {
                return Err(NoteError::TooManySignatures {
                    cap: limits::NOTE_SIGNATURES,
                });
            }
            signatures.push(SignatureLine::parse(line)?);
        }
        Ok(Self { text, signatures })
    }

    /// Verifies the signatures of these keys, then reads the text as a checkpoint (V51, V49).
    ///
    /// Every signature under the name and id of one of the keys must verify, and there must be
    /// one; signatures of other keys are ignored.
    ///
    /// # Errors
    ///
    /// - [`NoteError::Signature`] if a signature under the name and id of a key does not verify.
    /// - [`NoteError::NoSignature`] if none is under the name and id of a key.
    /// - [`NoteError::Origin`], [`NoteError::Size`], [`NoteError::RootHash`],
    ///   [`NoteError::ExtensionLine`] if the text is not a checkpoint.
    ///
    /// # Security
    ///
    /// The origin is what the signer wrote. Compare it with the log's if the name of the key
    /// does not fix it.
    ///
    /// Spec: C2SP signed-note, Signatures; C2SP tlog-checkpoint, Note text
    pub fn open(&self, keys: &[NoteKey]) -> Result<Checkpoint, NoteError> {
        let mut any = false;
        for line in &self.signatures {
            let mut known = keys.iter().filter(|key| key.matches(line)).peekable();
            if known.peek().is_none() {
                continue;
            }
            if !known.any(|key| key.verifies(self.text, line)) {
                return Err(NoteError::Signature {
                    name: line.name.to_owned(),
                });
            }
            any = true;
        }
        if any {
            Checkpoint::parse(self.text)
        } else {
            Err(NoteError::NoSignature)
        }
    }

    /// The first line of the text: a claim, before [`Self::open`] has verified it.
    pub(crate) fn claimed_origin(&self) -> &'a str {
        self.text.split('\n').next().unwrap_or_default()
    }

    /// The names in the signature lines, in their order; claims, like the signatures.
    pub fn signer_names(&self) -> impl Iterator<Item = &'a str> {
        self.signatures.iter().map(|line| line.name)
    }

    /// How many signatures [`Self::open`] would have to verify with these keys.
    pub fn signatures_to_check(&self, keys: &[NoteKey]) -> usize {
        self.signatures
            .iter()
            .filter(|line| keys.iter().any(|key| key.matches(line)))
            .count()
    }
}

impl<'a> SignatureLine<'a> {
    /// Spec: C2SP signed-note, Format
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let (name, base64) = line
            .strip_prefix("\u{2014} ")
            .and_then(|line| line.split_once(' '))
            .ok_or(NoteError::SignatureLine)?;
        check_name(name)?;
        let mut signature = base64_decode(base64).map_err(|_| NoteError::SignatureLine)?;
        let key_id = match signature.first_chunk() {
            Some(key_id) if signature.len() > key_id.len() => *key_id,
            _ => return Err(NoteError::SignatureLine),
        };
        signature.drain(..key_id.len());
        Ok(Self {
            name,
            key_id,
            signature,
        })
    }
}

/// A key that signs notes, and the name and id it does so under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    id: [u8; 4],
    key: PublicKey,
    algorithm: Algorithm,
}

impl NoteKey {
    /// A key with the id that follows from its kind and name (V50).
    ///
    /// Spec: C2SP signed-note, Signature types; trustroot.proto, TransparencyLogInstance
    pub fn new(name: impl Into<String>, key: PublicKey, algorithm: Algorithm) -> Self {
        let name = name.into();
        let [a, b, c, d, ..] = key_hash(&name, &key);
        Self::with_id(name, key, algorithm, [a, b, c, d])
    }

    /// A key with an id from elsewhere.
    pub fn with_id(
        name: impl Into<String>,
        key: PublicKey,
        algorithm: Algorithm,
        id: [u8; 4],
    ) -> Self {
        Self {
            name: name.into(),
            id,
            key,
            algorithm,
        }
    }

    /// The name it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id it signs under.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    fn matches(&self, line: &SignatureLine<'_>) -> bool {
        self.id == line.key_id && self.name == line.name
    }

    fn verifies(&self, text: &str, line: &SignatureLine<'_>) -> bool {
        self.key
            .verify(self.algorithm, text.as_bytes(), &line.signature)
            .is_ok()
    }
}

/// The state of a log, as signed by one of its keys.
///
/// Spec: C2SP tlog-checkpoint
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: RootHash,
}

impl Checkpoint {
    /// The name of the log in the first line, never empty.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of the tree of that size.
    pub fn root(&self) -> RootHash {
        self.root
    }

    /// Reads a text whose signature is verified (V49).
    ///
    /// Spec: C2SP tlog-checkpoint, Note text
    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty());
        let origin = origin.ok_or(NoteError::Origin)?;
        let size = lines.next().and_then(decimal).ok_or(NoteError::Size)?;
        let root = lines.next().and_then(|line| base64_decode(line).ok());
        let root = root
            .and_then(|root| root.try_into().ok())
            .ok_or(NoteError::RootHash)?;
        // "Extension lines, if any, MUST be non-empty."
        if lines.any(str::is_empty) {
            return Err(NoteError::ExtensionLine);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root: RootHash::from_bytes(root),
        })
    }
}

/// "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus"
fn check_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return Err(NoteError::KeyName {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// The hash that an id is the first four bytes of; each kind of key has its own form.
///
/// Spec: C2SP signed-note, Signatures; trustroot.proto, checkpoint_key_id
pub(crate) fn key_hash(name: &str, key: &PublicKey) -> [u8; 32] {
    let spki = key.spki();
    match key.kind() {
        KeyKind::Ed25519 => {
            // RFC 8410 4: the key is the last 32 bytes of its encoding.
            let raw = spki.last_chunk::<32>().map_or(spki, |raw| raw);
            sha256_parts(&[name.as_bytes(), b"\n", &[ED25519], raw])
        }
        KeyKind::Rsa { .. } => {
            sha256_parts(&[name.as_bytes(), b"\n", &[UNASSIGNED], RSA_FORMAT, spki])
        }
        _ => sha256_parts(&[spki]),
    }
}

/// A number without leading zeros or sign.
fn decimal(text: &str) -> Option<u64> {
    let canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

/// Signature type of plain Ed25519 signatures.
const ED25519: u8 = 0x01;
/// Signature type of what C2SP has not assigned a number; a name of the form follows.
const UNASSIGNED: u8 = 0xff;
const RSA_FORMAT: &[u8] = b"PKIX-RSA-PKCS#1v1.5";

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;
    use crate::encoding::base64_encode;

    const TEXT: &str = "log.example\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

    fn key(seed: u8) -> PublicKey {
        let raw = SigningKey::from_bytes(&[seed; 32]).verifying_key();
        let prefix = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
        PublicKey::from_spki(&[&prefix[..], raw.as_bytes()].concat()).unwrap()
    }

    fn log_key(seed: u8) -> NoteKey {
        NoteKey::new("log.example", key(seed), Algorithm::Ed25519)
    }

    fn line(key: &NoteKey, seed: u8, text: &str) -> String {
        let signature = SigningKey::from_bytes(&[seed; 32])
            .sign(text.as_bytes())
            .to_bytes();
        let blob = base64_encode(&[&key.id[..], &signature].concat());
        format!("\u{2014} {} {blob}\n", key.name())
    }

    fn signed(text: &str) -> String {
        format!("{text}\n{}", line(&log_key(1), 1, text))
    }

    fn open(note: &str, keys: &[NoteKey]) -> Result<Checkpoint, NoteError> {
        Note::parse(note)?.open(keys)
    }

    fn from_base64(spki: &str) -> PublicKey {
        PublicKey::from_spki(&base64_decode(spki).unwrap()).unwrap()
    }

    // V48 V49 V50
    #[test]
    fn accepts_a_checkpoint_of_rekor_v1() {
        let note = "rekor.sigstore.dev - 2605736670972794746\n23083062\n\
            dauhleYK4YyAdxwwDtR0l0KnSOWZdG2bwqHftlanvcI=\nTimestamp: 1689177396617352539\n\n\
            \u{2014} rekor.sigstore.dev wNI9ajBFAiBxaGyEtxkzFLkaCSEJqFuSS3dJjEZCNiyByVs1CNVQ8gIhAOo\
            NnXtmMtTctV2oRnSRUZAo4EWUYPK/vBsqOzAU6TMs\n";
        let key = from_base64(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0\
             zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==",
        );
        let named = NoteKey::new("rekor.sigstore.dev", key.clone(), Algorithm::EcdsaSha256);
        let other = NoteKey::new("rekor.example", key, Algorithm::EcdsaSha256);

        let checkpoint = open(note, &[other.clone(), named.clone()]).unwrap();

        assert_eq!(
            "rekor.sigstore.dev - 2605736670972794746",
            checkpoint.origin()
        );
        assert_eq!(23_083_062, checkpoint.size());
        assert!(
            checkpoint
                .root()
                .to_string()
                .starts_with("75aba195e60ae18c")
        );
        assert_eq!(
            "rekor.sigstore.dev - 2605736670972794746",
            Note::parse(note).unwrap().claimed_origin()
        );
        assert_eq!(Err(NoteError::NoSignature), open(note, &[other]));
        let bad = NoteError::Signature {
            name: "rekor.sigstore.dev".into(),
        };
        assert_eq!(
            Err(bad),
            open(&note.replace("23083062", "23083063"), &[named])
        );
    }

    // V49 V50
    #[test]
    fn accepts_a_checkpoint_of_rekor_v2() {
        let note = "log2025-alpha1.rekor.sigstage.dev\n29473\n\
            QhmIerM0/llqWWAWtEAInIMwCTCYnsHHKmk0DGKl/bc=\n\n\
            \u{2014} log2025-alpha1.rekor.sigstage.dev 8w1amTnEKs3Ke3ugR8nM9MOawytZC4wWHZKznZaauKpL\
            XaM2yslDA1I28GCpO6Kmp+Uz96EgXHaoX0/Z8ePNHUquFAs=\n";
        let key = from_base64("MCowBQYDK2VwAyEAPn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=");
        let key = NoteKey::new("log2025-alpha1.rekor.sigstage.dev", key, Algorithm::Ed25519);

        let checkpoint = open(note, &[key]).unwrap();

        assert_eq!("log2025-alpha1.rekor.sigstage.dev", checkpoint.origin());
        assert_eq!(29473, checkpoint.size());
    }

    // V50
    #[test]
    fn accepts_a_checkpoint_signed_with_rsa() {
        let key = from_base64(
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuXy1kCFUwzBRzBi9miVy8cTcP7tJEwQxd/5BKG1u\
             VHoEteh9jUg+XKAFFHMt05Uv1WEnQXhwuMptFF4gAntKiobSHD5tkCYprw9KR0iOW6+hoNaVaek7LkahLRfu\
             JVTe+NY9hWNdPCre1PcuG9gIR0aQ+Yucm/YdS51guUCUsmlM25Cge8XlB/58pfO0dtC6hpzRFrP8VFY494ZS\
             BDd4iWoiijo8zvjz3xadaFvatCCII7ZUTyjawudDHBFxUOxVZGJujXOofL1LoLZ0RTZXy0kvWClPLvMRngjX\
             mT8vOII9aUK+a+pAveZc7aIkJOJduiAOBeWzem6CAksIVL6xlwIDAQAB",
        );
        let key = NoteKey::new("log.example", key, Algorithm::RsaPkcs1Sha256);
        let note = "log.example\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\
            \u{2014} log.example T8xzha7bvfP+cXcf670fe0ZPnInZqUmpQjj2vR7U5Sf+LH/ggtVaTZcSOig6\
            cW2o0Ye9D1CvIys7+e7+8lIj52gS9q/DghR1aaRPS5WOkUNMns2lKkWVqzbO7KMHJj3yjqb966YBj+HUJ9ZR\
            HeXMhR8u7Xlru1CBYD5yOJMN0HQzAvMg75sh4DH6S/I0yL5NnIJE6+vB5XRxywjmLHZ4w+6nshQSIHMSi6S5\
            6iy8pkrrZXSotW3SEbqL/vqqqNP+GmLCACDIIUbzZ6FImDIGKAFHaO33YZI7G21gbT+AASd6wP+tpw51I9Vi\
            KXJAV1ydZ7x2RaU+12hPJcMjO4dVukyC76c=\n";

        assert_eq!([0x4f, 0xcc, 0x73, 0x85], key.id());
        assert_eq!(1, open(note, &[key]).unwrap().size());
    }

    // V50
    #[test]
    fn accepts_the_key_id_of_the_note_package() {
        let key = from_base64("MCowBQYDK2VwAyEAGlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY=");

        let key = NoteKey::new("PeterNeumann", key, Algorithm::Ed25519);

        assert_eq!([0xc7, 0x4f, 0x20, 0xa3], key.id());
        // The signature is good; the text is no checkpoint.
        let note = "If you think cryptography is the answer to your problem,\n\
            then you don't know what your problem is.\n\n\
            \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX\
            gKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        assert_eq!(Err(NoteError::Size), open(note, &[key]));
    }

    // V48 A19
    #[test]
    fn rejects_notes_of_another_form() {
        let good = signed(TEXT);
        let line = line(&log_key(1), 1, TEXT);
        let name = |name: &str| NoteError::KeyName { name: name.into() };
        for (error, note) in [
            (NoteError::NoBlankLine, String::new()),
            (NoteError::NoBlankLine, TEXT.into()),
            (NoteError::NoBlankLine, format!("{TEXT}{line}")),
            (NoteError::NoSignatureLine, format!("{TEXT}\n")),
            (NoteError::NoSignatureLine, format!("{good}\n")),
            (NoteError::NoFinalNewline, good.trim_end().into()),
            (NoteError::ControlCharacter, good.replace('\n', "\r\n")),
            (NoteError::ControlCharacter, good.replacen('7', "\t", 1)),
            (NoteError::ControlCharacter, good.replacen('7', "\0", 1)),
            (NoteError::SignatureLine, good.replace('\u{2014}', "-")),
            (
                NoteError::SignatureLine,
                good.replace("\u{2014} ", "\u{2014}"),
            ),
            (
                NoteError::SignatureLine,
                format!("{good}\u{2014} log.example\n"),
            ),
            (
                NoteError::SignatureLine,
                format!("{good}\u{2014} log.example AAAAAA==\n"),
            ),
            (
                NoteError::SignatureLine,
                format!("{good}\u{2014} log.example AAAAAAB=\n"),
            ),
            (
                NoteError::SignatureLine,
                format!("{good}\u{2014} log.example AAAAAAA= \n"),
            ),
            (name(""), format!("{good}\u{2014}  AAAAAAA=\n")),
            (name("a+b"), format!("{good}\u{2014} a+b AAAAAAA=\n")),
            (
                name("a\u{2003}b"),
                format!("{good}\u{2014} a\u{2003}b AAAAAAA=\n"),
            ),
        ] {
            assert_eq!(Some(error), Note::parse(&note).err(), "{note:?}");
        }
    }

    // V48
    #[test]
    fn rejects_notes_over_the_caps() {
        let other = "\u{2014} other.example AAAAAAA=\n";
        let with = |count| format!("{}{}", signed(TEXT), other.repeat(count));
        let cap = limits::NOTE_SIGNATURES;

        assert!(open(&with(cap - 1), &[log_key(1)]).is_ok());
        let error = NoteError::TooManySignatures { cap };
        assert_eq!(Err(error), open(&with(cap), &[log_key(1)]));
        let cap = limits::NOTE_BYTES;
        let long = format!(
            "{}{}",
            "x".repeat(cap + 1 - signed(TEXT).len()),
            signed(TEXT)
        );
        let error = NoteError::TooLong {
            cap,
            found: cap + 1,
        };
        assert_eq!(Err(error), open(&long, &[log_key(1)]));
    }

    // V49 A19
    #[test]
    fn rejects_signed_texts_that_are_no_checkpoint() {
        let root = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for (error, text) in [
            (NoteError::Origin, format!("\n7\n{root}\n")),
            (NoteError::Origin, "\n".into()),
            (NoteError::Size, "log.example\n".into()),
            (NoteError::Size, format!("log.example\n{root}\n")),
            (NoteError::Size, format!("log.example\n07\n{root}\n")),
            (NoteError::Size, format!("log.example\n+7\n{root}\n")),
            (NoteError::Size, format!("log.example\n\n7\n{root}\n")),
            (
                NoteError::Size,
                format!("log.example\n18446744073709551616\n{root}\n"),
            ),
            (NoteError::RootHash, "log.example\n7\n".into()),
            (NoteError::RootHash, "log.example\n7\nAAAA\n".into()),
            (NoteError::RootHash, format!("log.example\n7\n{root} \n")),
            (
                NoteError::RootHash,
                format!("log.example\n7\n{root}{root}\n"),
            ),
            (
                NoteError::ExtensionLine,
                format!("log.example\n7\n{root}\n\nx\n"),
            ),
            (
                NoteError::ExtensionLine,
                format!("log.example\n7\n{root}\nx\n\n"),
            ),
        ] {
            assert_eq!(Err(error), open(&signed(&text), &[log_key(1)]), "{text:?}");
        }
        let extended = open(&signed(&format!("{TEXT}x\ny\n")), &[log_key(1)]);
        assert_eq!(7, extended.unwrap().size());
    }

    // V51 O30
    #[test]
    fn accepts_each_of_two_keys_with_the_same_name_and_id() {
        let id = [1, 2, 3, 4];
        let with_seed = |seed| NoteKey::with_id("log.example", key(seed), Algorithm::Ed25519, id);
        let keys = [with_seed(1), with_seed(2)];
        let note = |seed| format!("{TEXT}\n{}", line(&with_seed(seed), seed, TEXT));

        assert_eq!(7, open(&note(1), &keys).unwrap().size());
        assert_eq!(7, open(&note(2), &keys).unwrap().size());
    }

    // V51 O30
    #[test]
    fn rejects_a_third_key_with_the_name_and_id_of_two() {
        let id = [1, 2, 3, 4];
        let with_seed = |seed| NoteKey::with_id("log.example", key(seed), Algorithm::Ed25519, id);
        let keys = [with_seed(1), with_seed(2)];
        let note = format!("{TEXT}\n{}", line(&with_seed(3), 3, TEXT));

        let error = NoteError::Signature {
            name: "log.example".into(),
        };
        assert_eq!(Err(error), open(&note, &keys));
    }

    // V51
    #[test]
    fn accepts_unknown_signatures_beside_a_good_one() {
        let (known, unknown) = (log_key(1), log_key(2));
        let same_name = line(&unknown, 1, TEXT);
        let same_id = line(
            &NoteKey::with_id("x.example", key(1), Algorithm::Ed25519, known.id),
            3,
            TEXT,
        );
        let note = format!("{TEXT}\n{same_name}{same_id}{0}{0}", line(&known, 1, TEXT));

        let note = Note::parse(&note).unwrap();

        assert_eq!(7, note.open(std::slice::from_ref(&known)).unwrap().size());
        assert_eq!(2, note.signatures_to_check(&[known]));
        let names: Vec<_> = note.signer_names().collect();
        assert_eq!(
            ["log.example", "x.example", "log.example", "log.example"],
            names[..]
        );
    }

    // V51 A20 A30
    #[test]
    fn rejects_a_bad_signature_beside_a_good_one() {
        let known = log_key(1);
        let (good, bad) = (line(&known, 1, TEXT), line(&known, 2, TEXT));
        let error = NoteError::Signature {
            name: "log.example".into(),
        };

        for lines in [format!("{good}{bad}"), format!("{bad}{good}"), bad] {
            let note = format!("{TEXT}\n{lines}");
            assert_eq!(
                Err(error.clone()),
                open(&note, std::slice::from_ref(&known))
            );
        }
    }

    // V51 O6
    #[test]
    fn rejects_notes_of_unknown_keys_only() {
        assert_eq!(
            Err(NoteError::NoSignature),
            open(&signed(TEXT), &[log_key(2)])
        );
        assert_eq!(Err(NoteError::NoSignature), open(&signed(TEXT), &[]));
    }

    // V48
    #[test]
    fn rejects_a_text_cut_at_another_blank_line() {
        let note = format!("{TEXT}\nx\n\n{}", line(&log_key(1), 1, TEXT));

        let error = NoteError::Signature {
            name: "log.example".into(),
        };
        assert_eq!(Err(error), open(&note, &[log_key(1)]));
    }
}
