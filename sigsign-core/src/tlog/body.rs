use std::fmt;

use super::EntryKind;
use super::wire::{
    self, DsseV001Json, HashJson, HashedRekordV001Json, IntotoV002Json, List, RawBytesJson,
    SpecV002Json, Text,
};
use crate::crypto::{self, Scheme};
use crate::digest::{DigestHint, HashAlgorithm};
use crate::encoding::{self, Escaped};
use crate::json::{self, JsonError};

/// Why the body of a log entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// Not one JSON value with unique names (V42).
    Json(JsonError),
    /// JSON of another shape than the kind has, in serde's words.
    Shape(String),
    /// Another kind than the entry says (V36).
    Kind {
        /// The kind that the entry says.
        want: EntryKind,
        /// The kind that the body says.
        found: String,
    },
    /// A field whose value is not what it should be, by its name.
    Field(&'static str),
    /// More or fewer signatures than one.
    Signatures {
        /// How many there are.
        found: usize,
    },
}

impl BodyError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] =
        &["body.shape", "body.kind", "body.field", "body.signatures"];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Shape(_) => "body.shape",
            Self::Kind { .. } => "body.kind",
            Self::Field(_) => "body.field",
            Self::Signatures { .. } => "body.signatures",
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(_) => f.write_str("body is not proper JSON"),
            Self::Shape(problem) => write!(f, "body has another shape: {}", Escaped(problem)),
            Self::Kind { want, found } => {
                write!(f, "wanted a body of kind {want}, found {}", Escaped(found))
            }
            Self::Field(name) => write!(f, "field {name} of the body is not well formed"),
            Self::Signatures { found } => {
                write!(f, "wanted a body with one signature, found {found}")
            }
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

/// What a log entry says it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    kind: EntryKind,
    digest: SignedDigest,
    signature: Vec<u8>,
    signer: BodySigner,
    scheme: Option<Scheme>,
    payload_type: Option<String>,
}

/// The digest in a log entry, by what it is a digest of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedDigest {
    /// Of what the signature is over: the artifact, or the PAE of an envelope.
    Message(DigestHint),
    /// Of the payload in an envelope.
    Payload(DigestHint),
}

/// The signer in a log entry, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodySigner {
    /// A certificate.
    Certificate(Vec<u8>),
    /// A SubjectPublicKeyInfo.
    PublicKey(Vec<u8>),
}

impl Body {
    /// Parses the body of an entry that says it is of `kind`.
    ///
    /// # Errors
    ///
    /// [`BodyError`], by what is wrong with it.
    ///
    /// Spec: client-spec 4.4; rekor-v2 4.3 (V36, V40, V42)
    pub fn parse(bytes: &[u8], kind: EntryKind) -> Result<Self, BodyError> {
        let json = json::check(bytes).map_err(BodyError::Json)?;
        match kind {
            EntryKind::HashedRekordV001 => hashedrekord_v001(json),
            EntryKind::HashedRekordV002 => hashedrekord_v002(json),
            EntryKind::DsseV001 => dsse_v001(json),
            EntryKind::IntotoV002 => intoto_v002(json),
        }
    }

    /// The kind of entry.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// The digest, and of what.
    pub fn digest(&self) -> &SignedDigest {
        &self.digest
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Who signed.
    pub fn signer(&self) -> &BodySigner {
        &self.signer
    }

    /// How, where the entry says so.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The payload type of the envelope, where the entry names it.
    pub fn payload_type(&self) -> Option<&str> {
        self.payload_type.as_deref()
    }

    /// What a log takes for a signature made like this; `None` if `kind` is no hashedrekord.
    pub(crate) fn hashedrekord(
        kind: EntryKind,
        scheme: Scheme,
        digest: DigestHint,
        signature: Vec<u8>,
        signer: BodySigner,
    ) -> Option<Self> {
        let scheme = match kind {
            EntryKind::HashedRekordV001 => None,
            EntryKind::HashedRekordV002 => Some(scheme),
            EntryKind::DsseV001 | EntryKind::IntotoV002 => return None,
        };
        Some(Self {
            kind,
            digest: SignedDigest::Message(digest),
            signature,
            signer,
            scheme,
            payload_type: None,
        })
    }

    /// The body that a log writes for what this one says: RFC 8785 JSON (V41).
    ///
    /// `None` for a kind that says more than is kept here.
    ///
    /// Spec: rekor-v2 6.1.4; rekor, types/hashedrekord/v0.0.1
    pub fn canonical(&self) -> Option<Vec<u8>> {
        let SignedDigest::Message(digest) = &self.digest else {
            return None;
        };
        let canonical = match self.kind {
            EntryKind::HashedRekordV001 => self.canonical_v1(digest),
            EntryKind::HashedRekordV002 => self.canonical_v2(digest, self.scheme?),
            EntryKind::DsseV001 | EntryKind::IntotoV002 => return None,
        };
        Some(canonical.into_bytes())
    }

    fn canonical_v1(&self, digest: &DigestHint) -> String {
        let (label, der) = match &self.signer {
            BodySigner::Certificate(der) => ("CERTIFICATE", der),
            BodySigner::PublicKey(der) => ("PUBLIC KEY", der),
        };
        // Names in the order of RFC 8785; no value needs escaping.
        format!(
            concat!(
                r#"{{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{{"#,
                r#""data":{{"hash":{{"algorithm":"{}","value":"{}"}}}},"#,
                r#""signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}}}"#,
            ),
            digest.algorithm().name(),
            encoding::hex_encode(digest.as_bytes()),
            encoding::base64_encode(&self.signature),
            encoding::base64_encode(encoding::pem_encode(label, der).as_bytes()),
        )
    }

    fn canonical_v2(&self, digest: &DigestHint, scheme: Scheme) -> String {
        let (name, der) = match &self.signer {
            BodySigner::Certificate(der) => ("x509Certificate", der),
            BodySigner::PublicKey(der) => ("publicKey", der),
        };
        format!(
            concat!(
                r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"#,
                r#""data":{{"algorithm":"{}","digest":"{}"}},"#,
                r#""signature":{{"content":"{}","verifier":{{"#,
                r#""keyDetails":"{}","{}":{{"rawBytes":"{}"}}}}}}}}}}}}"#,
            ),
            digest.algorithm().proto_name(),
            encoding::base64_encode(digest.as_bytes()),
            encoding::base64_encode(&self.signature),
            scheme.key_details(),
            name,
            encoding::base64_encode(der),
        )
    }
}

/// Spec: rekor, types/hashedrekord/v0.0.1
fn hashedrekord_v001(json: &str) -> Result<Body, BodyError> {
    let spec: HashedRekordV001Json<'_> = wire::spec(json, EntryKind::HashedRekordV001)?;
    Ok(Body {
        kind: EntryKind::HashedRekordV001,
        digest: SignedDigest::Message(hash(&spec.data.hash, "spec.data.hash")?),
        signature: base64(&spec.signature.content, "spec.signature.content")?,
        signer: pem(
            &spec.signature.public_key.content,
            "spec.signature.publicKey.content",
        )?,
        scheme: None,
        payload_type: None,
    })
}

/// Spec: rekor, types/dsse/v0.0.1. The envelope's own hash cannot be recomputed from a bundle,
/// which does not keep the envelope's JSON (V40).
fn dsse_v001(json: &str) -> Result<Body, BodyError> {
    let spec: DsseV001Json<'_> = wire::spec(json, EntryKind::DsseV001)?;
    let signature = only(&spec.signatures)?;
    hash(&spec.envelope_hash, "spec.envelopeHash")?;
    Ok(Body {
        kind: EntryKind::DsseV001,
        digest: SignedDigest::Payload(hash(&spec.payload_hash, "spec.payloadHash")?),
        signature: base64(&signature.signature, "spec.signatures.signature")?,
        signer: pem(&signature.verifier, "spec.signatures.verifier")?,
        scheme: None,
        payload_type: None,
    })
}

/// Spec: rekor, types/intoto/v0.0.2. The signature is in base64 twice (V40).
fn intoto_v002(json: &str) -> Result<Body, BodyError> {
    let spec: IntotoV002Json<'_> = wire::spec(json, EntryKind::IntotoV002)?;
    let content = &spec.content;
    let signature = only(&content.envelope.signatures)?;
    hash(&content.hash, "spec.content.hash")?;
    let payload_hash = hash(&content.payload_hash, "spec.content.payloadHash")?;
    if let Some(payload) = &content.envelope.payload {
        let name = "spec.content.envelope.payload";
        let payload = twice_base64(payload, name)?;
        if !payload_hash.claims(&crypto::hash(payload_hash.algorithm(), &payload)) {
            return Err(BodyError::Field(name));
        }
    }
    Ok(Body {
        kind: EntryKind::IntotoV002,
        digest: SignedDigest::Payload(payload_hash),
        signature: twice_base64(&signature.sig, "spec.content.envelope.signatures.sig")?,
        signer: pem(
            &signature.public_key,
            "spec.content.envelope.signatures.publicKey",
        )?,
        scheme: None,
        payload_type: Some(content.envelope.payload_type.as_str().to_owned()),
    })
}

/// Spec: rekor-v2 4.3
fn hashedrekord_v002(json: &str) -> Result<Body, BodyError> {
    let spec: SpecV002Json<'_> = wire::spec(json, EntryKind::HashedRekordV002)?;
    let spec = &spec.hashed_rekord;
    let algorithm = HashAlgorithm::from_proto_name(spec.data.algorithm.as_str())
        .ok_or(BodyError::Field("spec.hashedRekordV002.data.algorithm"))?;
    let digest = base64(&spec.data.digest, "spec.hashedRekordV002.data.digest")?;
    let verifier = &spec.signature.verifier;
    let raw = |it: &RawBytesJson<'_>| base64(&it.raw_bytes, "rawBytes");
    let signer = match (&verifier.x509_certificate, &verifier.public_key) {
        (Some(certificate), None) => BodySigner::Certificate(raw(certificate)?),
        (None, Some(key)) => BodySigner::PublicKey(raw(key)?),
        _ => return Err(BodyError::Field("spec.hashedRekordV002.signature.verifier")),
    };
    let scheme = Scheme::from_key_details(verifier.key_details.as_str());
    Ok(Body {
        kind: EntryKind::HashedRekordV002,
        digest: SignedDigest::Message(DigestHint::new(algorithm, digest)),
        signature: base64(
            &spec.signature.content,
            "spec.hashedRekordV002.signature.content",
        )?,
        signer,
        scheme: Some(scheme.ok_or(BodyError::Field(
            "spec.hashedRekordV002.signature.keyDetails",
        ))?),
        payload_type: None,
    })
}

/// The one signature of an envelope.
fn only<T, const CAP: usize>(signatures: &List<T, CAP>) -> Result<&T, BodyError> {
    match signatures.within_cap() {
        Ok([signature]) => Ok(signature),
        Ok(others) => Err(BodyError::Signatures {
            found: others.len(),
        }),
        Err(found) => Err(BodyError::Signatures { found }),
    }
}

fn base64(text: &Text<'_>, name: &'static str) -> Result<Vec<u8>, BodyError> {
    encoding::base64_decode(text.as_str()).map_err(|_| BodyError::Field(name))
}

fn twice_base64(text: &Text<'_>, name: &'static str) -> Result<Vec<u8>, BodyError> {
    let once = base64(text, name)?;
    let twice = std::str::from_utf8(&once)
        .ok()
        .and_then(|it| encoding::base64_decode(it).ok());
    twice.ok_or(BodyError::Field(name))
}

fn hash(hash: &HashJson<'_>, name: &'static str) -> Result<DigestHint, BodyError> {
    let algorithm = HashAlgorithm::from_name(hash.algorithm.as_str());
    let value = encoding::hex_decode(hash.value.as_str());
    match (algorithm, value) {
        (Some(algorithm), Some(value)) if value.len() == algorithm.len() => {
            Ok(DigestHint::new(algorithm, value))
        }
        _ => Err(BodyError::Field(name)),
    }
}

/// A certificate or key in PEM in base64.
fn pem(text: &Text<'_>, name: &'static str) -> Result<BodySigner, BodyError> {
    let pem = base64(text, name)?;
    let pem = std::str::from_utf8(&pem).map_err(|_| BodyError::Field(name))?;
    match encoding::pem_decode(pem) {
        Some(("CERTIFICATE", der)) => Ok(BodySigner::Certificate(der)),
        Some(("PUBLIC KEY", der)) => Ok(BodySigner::PublicKey(der)),
        _ => Err(BodyError::Field(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = concat!(
        r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":"#,
        r#"{"algorithm":"SHA2_256","digest":"AAAA"},"signature":{"content":"AQID","verifier":"#,
        r#"{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"BAUG"}}}}}}"#
    );

    /// The body of the published dsse 0.0.1 entry.
    fn dsse() -> String {
        let bundle = include_str!(concat!(
            "../../../testdata/public/conda-package/",
            "signed-package-2.1.0-hb0f4dca_0.conda.sigstore.json"
        ));
        let (_, rest) = bundle.split_once(r#""canonicalizedBody":""#).unwrap();
        let body = encoding::base64_decode(rest.split_once('"').unwrap().0).unwrap();
        String::from_utf8(body).unwrap()
    }

    /// A body of intoto 0.0.2 about the payload `{}`.
    fn intoto(signatures: &str) -> String {
        let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        format!(
            concat!(
                r#"{{"apiVersion":"0.0.2","kind":"intoto","spec":{{"content":{{"envelope":{{"#,
                r#""payload":"ZTMwPQ==","payloadType":"t","signatures":[{}]}},"#,
                r#""hash":{{"algorithm":"sha256","value":"{}"}},"#,
                r#""payloadHash":{{"algorithm":"sha256","value":"{}"}}}}}}}}"#,
            ),
            signatures, hash, hash
        )
    }

    /// A signature of the bytes 1, 2, 3 in base64 twice, by the key in DER of the bytes 4, 5, 6.
    fn intoto_signature() -> String {
        let pem = "-----BEGIN PUBLIC KEY-----\nBAUG\n-----END PUBLIC KEY-----\n";
        let key = encoding::base64_encode(pem.as_bytes());
        let sig = encoding::base64_encode(b"AQID");
        format!(r#"{{"publicKey":"{key}","sig":"{sig}"}}"#)
    }

    // V36 V40
    #[test]
    fn accepts_a_published_dsse_entry() {
        let body = Body::parse(dsse().as_bytes(), EntryKind::DsseV001).unwrap();

        assert!(matches!(body.digest(), SignedDigest::Payload(_)));
        assert!(matches!(body.signer(), BodySigner::Certificate(_)));
        assert_eq!((None, None), (body.scheme(), body.payload_type()));
        assert_eq!(None, body.canonical());
    }

    // V40
    #[test]
    fn accepts_intoto_with_its_signature_in_base64_twice() {
        let json = intoto(&intoto_signature());
        let body = Body::parse(json.as_bytes(), EntryKind::IntotoV002).unwrap();

        assert_eq!([1, 2, 3], body.signature());
        assert_eq!(&BodySigner::PublicKey(vec![4, 5, 6]), body.signer());
        assert_eq!(Some("t"), body.payload_type());
    }

    // V40
    #[test]
    fn rejects_intoto_with_its_signature_in_base64_once_or_another_payload() {
        let once = intoto(&intoto_signature()).replace(&encoding::base64_encode(b"AQID"), "AQID");
        let other = intoto(&intoto_signature()).replace("ZTMwPQ==", "ZTMxPQ==");
        let parse = |json: &str| Body::parse(json.as_bytes(), EntryKind::IntotoV002);

        let name = "spec.content.envelope.signatures.sig";
        assert_eq!(Err(BodyError::Field(name)), parse(&once));
        let name = "spec.content.envelope.payload";
        assert_eq!(Err(BodyError::Field(name)), parse(&other));
    }

    // V40 A18 TOB-9
    #[test]
    fn rejects_more_or_fewer_signatures_than_one() {
        for (found, list) in [
            (0, String::new()),
            (2, [intoto_signature(), intoto_signature()].join(",")),
        ] {
            assert_eq!(
                Err(BodyError::Signatures { found }),
                Body::parse(intoto(&list).as_bytes(), EntryKind::IntotoV002)
            );
        }
    }

    // V36 V42
    #[test]
    fn rejects_unknown_members_and_digests_of_another_length() {
        let parse = |json: &str| Body::parse(json.as_bytes(), EntryKind::DsseV001);
        let more = dsse().replacen("\"spec\":{", "\"spec\":{\"more\":1,", 1);
        let longer = dsse().replacen("\"sha256\"", "\"sha512\"", 1);

        assert!(matches!(parse(&more), Err(BodyError::Shape(_))));
        let name = "spec.envelopeHash";
        assert_eq!(Err(BodyError::Field(name)), parse(&longer));
    }

    // V36 V41
    #[test]
    fn accepts_v2_and_writes_it_again() {
        let body = Body::parse(V2.as_bytes(), EntryKind::HashedRekordV002).unwrap();

        assert_eq!([1, 2, 3], body.signature());
        assert_eq!(&BodySigner::Certificate(vec![4, 5, 6]), body.signer());
        assert_eq!(Some(Scheme::EcdsaP256Sha256), body.scheme());
        assert_eq!(Some(V2.as_bytes().to_vec()), body.canonical());
    }

    // V36 A15
    #[test]
    fn rejects_another_kind_than_the_entrys() {
        assert_eq!(
            Err(BodyError::Kind {
                want: EntryKind::HashedRekordV001,
                found: "hashedrekord 0.0.2".to_owned()
            }),
            Body::parse(V2.as_bytes(), EntryKind::HashedRekordV001)
        );
    }

    // V36 V41 V42
    #[test]
    fn rejects_fields_that_are_not_well_formed() {
        let parse = |from: &str, to: &str| {
            Body::parse(
                V2.replacen(from, to, 1).as_bytes(),
                EntryKind::HashedRekordV002,
            )
            .err()
        };

        for (from, to, name) in [
            ("SHA2_256", "SHA1", "spec.hashedRekordV002.data.algorithm"),
            ("AAAA", "AAA", "spec.hashedRekordV002.data.digest"),
            ("AQID", "AQI_", "spec.hashedRekordV002.signature.content"),
            (
                "_P256_",
                "_P2_",
                "spec.hashedRekordV002.signature.keyDetails",
            ),
            ("BAUG", "BAUG\\n", "rawBytes"),
        ] {
            assert_eq!(Some(BodyError::Field(name)), parse(from, to), "{from}");
        }
        assert!(matches!(
            parse(r#""data""#, r#""data2""#),
            Some(BodyError::Shape(_))
        ));
        assert!(matches!(
            parse(r#""kind""#, r#""kind":"x","kind""#),
            Some(BodyError::Json(_))
        ));
    }
}
