//! Certificate transparency: signed certificate timestamps.
//!
//! In: the TLS-encoded list that a certificate carries, or one timestamp beside a certificate.
//! Out: timestamps that a given log's key signed for a given certificate. Not here: which logs to
//! trust and how many are needed; [`crate::verify`] decides that.
//!
//! Spec: RFC 6962 3.2, 3.3

use std::fmt;

use crate::crypto::{Algorithm, BadSignature, KeyKind, PublicKey};
use crate::limits;
use crate::x509::Certificate;

/// Why a signed certificate timestamp cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SctError {
    /// A list, or a timestamp in it, that is not well formed to its last byte.
    Malformed,
    /// No timestamp in the list.
    Empty,
    /// More timestamps than the cap.
    TooMany {
        /// The cap.
        cap: usize,
    },
    /// Another version than 1.
    Version {
        /// The version's number, which is one less than its name.
        found: u8,
    },
    /// A signature algorithm that is not the log key's.
    Algorithm {
        /// The hash algorithm's number in TLS.
        hash: u8,
        /// The signature algorithm's number in TLS.
        signature: u8,
    },
    /// A signature that does not verify.
    Signature,
}

impl SctError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "sct.malformed",
        "sct.empty",
        "sct.too-many",
        "sct.version",
        "sct.algorithm",
        "sct.signature",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "sct.malformed",
            Self::Empty => "sct.empty",
            Self::TooMany { .. } => "sct.too-many",
            Self::Version { .. } => "sct.version",
            Self::Algorithm { .. } => "sct.algorithm",
            Self::Signature => "sct.signature",
        }
    }
}

impl fmt::Display for SctError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("signed certificate timestamp is not well formed"),
            Self::Empty => f.write_str("list of signed certificate timestamps is empty"),
            Self::TooMany { cap } => write!(f, "wanted at most {cap} timestamps"),
            Self::Version { found } => {
                write!(
                    f,
                    "wanted version 1 of a timestamp, found {}",
                    u16::from(*found).saturating_add(1)
                )
            }
            Self::Algorithm { hash, signature } => {
                write!(
                    f,
                    "algorithm {hash}, {signature} is not that of the log's key"
                )
            }
            Self::Signature => f.write_str("timestamp's signature does not verify"),
        }
    }
}

impl std::error::Error for SctError {}

impl From<BadSignature> for SctError {
    fn from(BadSignature: BadSignature) -> Self {
        Self::Signature
    }
}

/// One signed certificate timestamp: a log's promise, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sct<'a> {
    log_id: &'a [u8; 32],
    timestamp_ms: u64,
    extensions: &'a [u8],
    algorithm: (u8, u8),
    signature: &'a [u8],
}

impl<'a> Sct<'a> {
    /// Parses one timestamp, to its last byte.
    ///
    /// # Errors
    ///
    /// [`SctError::Malformed`] or [`SctError::Version`].
    ///
    /// Spec: RFC 6962 3.2, SignedCertificateTimestamp
    pub fn parse(bytes: &'a [u8]) -> Result<Self, SctError> {
        let (version, rest) = bytes.split_first().ok_or(SctError::Malformed)?;
        if *version != 0 {
            return Err(SctError::Version { found: *version });
        }
        let (log_id, rest) = rest.split_first_chunk::<32>().ok_or(SctError::Malformed)?;
        let (timestamp, rest) = rest.split_first_chunk::<8>().ok_or(SctError::Malformed)?;
        let (extensions, rest) = read_vector(rest)?;
        let ([hash, signature], rest) = rest.split_first_chunk::<2>().ok_or(SctError::Malformed)?;
        let algorithm = (*hash, *signature);
        let (signature, rest) = read_vector(rest)?;
        if !rest.is_empty() || signature.is_empty() {
            return Err(SctError::Malformed);
        }
        let timestamp_ms = u64::from_be_bytes(*timestamp);
        Ok(Self {
            log_id,
            timestamp_ms,
            extensions,
            algorithm,
            signature,
        })
    }

    /// The log that signed, by the SHA-256 of its key.
    pub fn log_id(&self) -> &'a [u8; 32] {
        self.log_id
    }

    /// When it signed, in milliseconds since 1970.
    pub fn timestamp_ms(&self) -> u64 {
        self.timestamp_ms
    }

    /// What else it signed: a static CT log puts the index of its leaf here.
    pub fn extensions(&self) -> &'a [u8] {
        self.extensions
    }

    /// Checks the signature over a certificate that carries the timestamp.
    ///
    /// `issuer_key_hash` is that of the issuer whose signature on the certificate was verified
    /// (V31), `tbs` the certificate's TBS without timestamps.
    ///
    /// # Errors
    ///
    /// - [`SctError::Algorithm`] if the algorithm is not that of the key.
    /// - [`SctError::Signature`] if the signature does not verify.
    ///
    /// Spec: RFC 6962 3.2, precert_entry
    pub fn verify_precertificate(
        &self,
        tbs: &[u8],
        issuer_key_hash: &[u8; 32],
        key: &PublicKey,
    ) -> Result<(), SctError> {
        self.verify_entry([&[0, 1], issuer_key_hash, &length_24(tbs)?, tbs], key)
    }

    /// Checks the signature over a certificate that the timestamp came beside.
    ///
    /// # Errors
    ///
    /// As [`Self::verify_precertificate`].
    ///
    /// Spec: RFC 6962 3.2, x509_entry (V35)
    pub fn verify_certificate(
        &self,
        certificate: &Certificate,
        key: &PublicKey,
    ) -> Result<(), SctError> {
        let der = certificate.der();
        self.verify_entry([&[0, 0], &[], &length_24(der)?, der], key)
    }

    /// `entry` is the entry's type, the hash of its issuer's key if it has one, a length, and itself.
    fn verify_entry(&self, entry: [&[u8]; 4], key: &PublicKey) -> Result<(), SctError> {
        let algorithm = self.algorithm_for(key.kind())?;
        let extensions_len =
            u16::try_from(self.extensions.len()).map_err(|_| SctError::Malformed)?;
        let [entry_type, issuer_key_hash, length, certificate] = entry;
        let signed: [&[u8]; 8] = [
            // version v1, signature_type certificate_timestamp
            &[0, 0],
            &self.timestamp_ms.to_be_bytes(),
            entry_type,
            issuer_key_hash,
            length,
            certificate,
            &extensions_len.to_be_bytes(),
            self.extensions,
        ];
        Ok(key.verify_parts(algorithm, &signed, self.signature)?)
    }

    /// The algorithm that the TLS numbers name, if such a key makes such signatures.
    ///
    /// Spec: RFC 5246 7.4.1.4.1; RFC 8422 5.1.3 for Ed25519
    fn algorithm_for(&self, kind: KeyKind) -> Result<Algorithm, SctError> {
        let algorithm = match self.algorithm {
            (4, 1) => Algorithm::RsaPkcs1Sha256,
            (5, 1) => Algorithm::RsaPkcs1Sha384,
            (6, 1) => Algorithm::RsaPkcs1Sha512,
            (4, 3) => Algorithm::EcdsaSha256,
            (5, 3) => Algorithm::EcdsaSha384,
            (6, 3) => Algorithm::EcdsaSha512,
            // RFC 8446 4.2.3: rsa_pss_rsae_*, whose two bytes are one number
            (8, 4) => Algorithm::RsaPssSha256,
            (8, 5) => Algorithm::RsaPssSha384,
            (8, 6) => Algorithm::RsaPssSha512,
            (8, 7) => Algorithm::Ed25519,
            (hash, signature) => return Err(SctError::Algorithm { hash, signature }),
        };
        if algorithm.suits(kind) {
            return Ok(algorithm);
        }
        let (hash, signature) = self.algorithm;
        Err(SctError::Algorithm { hash, signature })
    }
}

/// Parses the list that a certificate carries, to its last byte (V30).
///
/// Timestamps of other versions are passed over, which is what their lengths are there for.
///
/// # Errors
///
/// [`SctError`], by what is wrong with it.
///
/// Spec: RFC 6962 3.3, SignedCertificateTimestampList
pub fn parse_list(list: &[u8]) -> Result<Vec<Sct<'_>>, SctError> {
    let (mut items, rest) = read_vector(list)?;
    if !rest.is_empty() {
        return Err(SctError::Malformed);
    }
    let mut scts = Vec::new();
    let mut seen = 0;
    while !items.is_empty() {
        if seen == limits::SCTS {
            return Err(SctError::TooMany { cap: limits::SCTS });
        }
        let (sct, rest) = read_vector(items)?;
        match Sct::parse(sct) {
            Err(SctError::Version { .. }) => {}
            sct => scts.push(sct?),
        }
        items = rest;
        seen = seen.saturating_add(1);
    }
    if seen == 0 {
        Err(SctError::Empty)
    } else {
        Ok(scts)
    }
}

/// A timestamp that a certificate authority returned beside a certificate (V35).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedSct {
    bytes: Vec<u8>,
}

impl DetachedSct {
    /// Keeps a timestamp in its TLS encoding, once that is well formed.
    ///
    /// # Errors
    ///
    /// As [`Sct::parse`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, SctError> {
        Sct::parse(&bytes)?;
        Ok(Self { bytes })
    }

    /// The timestamp.
    ///
    /// # Errors
    ///
    /// None in practice: the bytes were parsed before.
    pub fn sct(&self) -> Result<Sct<'_>, SctError> {
        Sct::parse(&self.bytes)
    }
}

/// Reads a vector with a length of two bytes; returns it and what follows.
fn read_vector(bytes: &[u8]) -> Result<(&[u8], &[u8]), SctError> {
    let (len, rest) = bytes.split_first_chunk::<2>().ok_or(SctError::Malformed)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
        .ok_or(SctError::Malformed)
}

/// The length of `bytes` in three bytes.
fn length_24(bytes: &[u8]) -> Result<[u8; 3], SctError> {
    match u32::try_from(bytes.len()).map(u32::to_be_bytes) {
        Ok([0, a, b, c]) => Ok([a, b, c]),
        _ => Err(SctError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signer;

    use super::*;
    use crate::crypto::sha256;
    use crate::der::write::tlv;
    use crate::x509::tests::{Draft, SCT_LIST, signing_key, spki};

    fn sct(version: u8, extensions: &[u8], algorithm: [u8; 2], signature: &[u8]) -> Vec<u8> {
        let mut out = vec![version];
        out.extend([7; 32]);
        out.extend(1_700_000_000_123u64.to_be_bytes());
        out.extend(vector(extensions));
        out.extend(algorithm);
        out.extend(vector(signature));
        out
    }

    fn vector(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    // V30 O10
    #[test]
    fn accepts_a_list_with_several_and_extensions() {
        let one = sct(0, &[], [4, 3], b"sig");
        let two = sct(0, b"ext", [4, 3], b"gis");
        let list = vector(&[vector(&one), vector(&two)].concat());

        let scts = parse_list(&list).unwrap();

        assert_eq!(2, scts.len());
        assert_eq!(&[7; 32], scts[0].log_id());
        assert_eq!(1_700_000_000_123, scts[1].timestamp_ms());
        assert_eq!(b"ext", scts[1].extensions());
    }

    // V30 V4
    #[test]
    fn rejects_lists_that_do_not_end_where_they_should() {
        let good = sct(0, &[], [4, 3], b"sig");
        let list = vector(&vector(&good));

        for len in 0..list.len() {
            assert_eq!(Err(SctError::Malformed), parse_list(&list[..len]));
        }
        assert_eq!(
            Err(SctError::Malformed),
            parse_list(&[list.as_slice(), &[0]].concat())
        );
        let long = [good.as_slice(), &[0]].concat();
        assert_eq!(
            Err(SctError::Malformed),
            parse_list(&vector(&vector(&long)))
        );
        assert_eq!(Err(SctError::Empty), parse_list(&[0, 0]));
        assert_eq!(Err(SctError::Malformed), parse_list(&vector(&[0, 0])));
        let many = vector(&good).repeat(limits::SCTS + 1);
        assert_eq!(
            Err(SctError::TooMany { cap: limits::SCTS }),
            parse_list(&vector(&many))
        );
    }

    // V30
    #[test]
    fn accepts_timestamps_of_other_versions_by_passing_over_them() {
        let good = sct(0, &[], [4, 3], b"sig");
        let list = vector(&[vector(&[1]), vector(&good), vector(&[9; 300])].concat());

        assert_eq!(1, parse_list(&list).unwrap().len());
        assert_eq!(Ok(Vec::new()), parse_list(&vector(&vector(&[1]))));
        let many = vector(&[1]).repeat(limits::SCTS + 1);
        let cap = limits::SCTS;
        assert_eq!(Err(SctError::TooMany { cap }), parse_list(&vector(&many)));
    }

    // V30 V35
    #[test]
    fn rejects_another_version() {
        let bytes = sct(1, &[], [4, 3], b"sig");

        assert_eq!(Err(SctError::Version { found: 1 }), Sct::parse(&bytes));
        assert_eq!(Err(SctError::Version { found: 1 }), DetachedSct::new(bytes));
    }

    // V31
    #[test]
    fn rejects_an_algorithm_that_is_not_the_keys() {
        for (numbers, kind, want) in [
            ([4, 3], KeyKind::P256, Some(Algorithm::EcdsaSha256)),
            ([5, 3], KeyKind::P384, Some(Algorithm::EcdsaSha384)),
            (
                [4, 1],
                KeyKind::Rsa { bits: 2048 },
                Some(Algorithm::RsaPkcs1Sha256),
            ),
            ([8, 7], KeyKind::Ed25519, Some(Algorithm::Ed25519)),
            ([4, 3], KeyKind::Rsa { bits: 2048 }, None),
            ([2, 3], KeyKind::P256, None),
            ([4, 2], KeyKind::P256, None),
        ] {
            let bytes = sct(0, &[], numbers, b"sig");

            let found = Sct::parse(&bytes).unwrap().algorithm_for(kind);

            let [hash, signature] = numbers;
            assert_eq!(want.ok_or(SctError::Algorithm { hash, signature }), found);
        }
    }

    /// A timestamp by the key of that number over `entry`.
    fn signed(entry: &[&[u8]], extensions: &[u8], key: u8) -> Vec<u8> {
        let unsigned = sct(0, extensions, [8, 7], b"");
        let mut message = vec![0, 0];
        message.extend(&unsigned[33..41]);
        message.extend(entry.concat());
        message.extend(vector(extensions));
        let signature = signing_key(key).sign(&message).to_bytes();
        sct(0, extensions, [8, 7], &signature)
    }

    fn precertificate_entry(draft: &Draft, issuer: u8) -> Vec<u8> {
        let tbs = draft.tbs();
        let issuer_key_hash = sha256(&spki(issuer));
        let len = u32::try_from(tbs.len()).unwrap().to_be_bytes();
        [&[0, 1], &issuer_key_hash[..], &len[1..], &tbs].concat()
    }

    /// The leaf with these timestamps in it, and the first of them checked for that issuer.
    fn verify_embedded(draft: &Draft, sct: &[u8], issuer: u8) -> Result<(), SctError> {
        let list = tlv(0x04, &[&vector(&vector(sct))]);
        let certificate = draft.clone().with(SCT_LIST, false, &list).certificate(1);
        let scts = parse_list(certificate.sct_list().unwrap()).unwrap();
        scts[0].verify_precertificate(
            &certificate.precertificate_tbs(),
            &sha256(&spki(issuer)),
            &PublicKey::from_spki(&spki(50)).unwrap(),
        )
    }

    // V31 A21
    #[test]
    fn accepts_an_embedded_timestamp_with_and_without_extensions() {
        let draft = Draft::leaf(1);
        for extensions in [&b""[..], b"\x00\x00\x05\x00\x00\x00\x00\x07"] {
            let sct = signed(&[&precertificate_entry(&draft, 1)], extensions, 50);

            assert_eq!(Ok(()), verify_embedded(&draft, &sct, 1));
        }
    }

    // V31
    #[test]
    fn rejects_an_embedded_timestamp_for_another_certificate_issuer_or_log() {
        let draft = Draft::leaf(1);
        let entry = precertificate_entry(&draft, 1);
        let good = signed(&[&entry], b"ext", 50);
        let bad = Err(SctError::Signature);

        // The issuer whose key was verified, not one with the same name.
        assert_eq!(bad, verify_embedded(&draft, &good, 2));
        let other = draft.clone().with("1.2.3", false, b"");
        assert_eq!(bad, verify_embedded(&other, &good, 1));
        assert_eq!(bad, verify_embedded(&draft, &signed(&[&entry], b"", 51), 1));
        // Version and log id are not signed; time, extensions and signature are.
        for at in [33, 40, 43, 45, good.len() - 1] {
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert_eq!(bad, verify_embedded(&draft, &changed, 1), "{at}");
        }
        // A timestamp over the finished certificate is no good inside it.
        let detached = signed(&[&[0, 0], &entry[34..]], b"", 50);
        assert_eq!(bad, verify_embedded(&draft, &detached, 1));
    }

    // V35
    #[test]
    fn accepts_and_rejects_timestamps_beside_a_certificate() {
        let certificate = Draft::leaf(1).certificate(1);
        let len = u32::try_from(certificate.der().len())
            .unwrap()
            .to_be_bytes();
        let bytes = signed(&[&[0, 0], &len[1..], certificate.der()], b"", 50);
        let detached = DetachedSct::new(bytes).unwrap();
        let key = PublicKey::from_spki(&spki(50)).unwrap();

        let sct = detached.sct().unwrap();

        assert_eq!(Ok(()), sct.verify_certificate(&certificate, &key));
        let other = Draft::leaf(2).certificate(2);
        assert_eq!(
            Err(SctError::Signature),
            sct.verify_certificate(&other, &key)
        );
        let tbs = certificate.precertificate_tbs();
        assert_eq!(
            Err(SctError::Signature),
            sct.verify_precertificate(&tbs, &sha256(&spki(1)), &key)
        );
    }

    // V35
    #[test]
    fn rejects_timestamps_beside_a_certificate_that_are_not_well_formed() {
        let good = sct(0, b"", [8, 7], b"sig");
        for len in 0..good.len() {
            assert_eq!(
                Err(SctError::Malformed),
                DetachedSct::new(good[..len].to_vec())
            );
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert_eq!(Err(SctError::Malformed), DetachedSct::new(longer));
        let unsigned = sct(0, b"", [8, 7], b"");
        assert_eq!(Err(SctError::Malformed), DetachedSct::new(unsigned));
    }
}
