//! From a token to a certificate.
//!
//! Spec: client-spec 2.1.2, 2.1.3; fulcio-spec; RFC 2986 (S3, S4)

use super::service::Place;
use super::wire::{CertificateJson, SctJson, SigningCertificateJson};
use super::{AnswerError, SignError};
use crate::crypto::{Algorithm, SigningKey};
use crate::ct::DetachedSct;
use crate::der::{self, write::tlv};
use crate::encoding::{base64_decode, pem_decode, pem_encode};
use crate::json;
use crate::json::wire::{List, Object};
use crate::json::write::Members;
use crate::oidc::IdentityToken;
use crate::policy::Matcher;
use crate::transport::{Request, Transport};
use crate::x509::{Certificate, FulcioClaims};

/// What an authority answered: a certificate, and a timestamp beside it if it has none inside.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) leaf: Certificate,
    pub(super) detached_sct: Option<DetachedSct>,
}

/// Asks for a certificate for `key`, with a request that the key has signed.
///
/// A request, unlike a signature over the subject, proves possession without knowing which claim
/// the authority takes for the subject.
pub(super) async fn request(
    authority: &Place,
    transport: &dyn Transport,
    token: &IdentityToken,
    key: &SigningKey,
) -> Result<Issued, SignError> {
    let pem = pem_encode("CERTIFICATE REQUEST", &signing_request(key)?);
    let credentials = Members::default().text("oidcIdentityToken", token.secret());
    let body = Members::default()
        .raw("credentials", &credentials.object())
        .bytes("certificateSigningRequest", pem.as_bytes())
        .object();
    let url = format!("{}/api/v2/signingCert", authority.url);
    let json = "application/json";
    let request = Request::post(url, (json, json), body.into_bytes());
    let answer = authority.ask(transport, &request).await?;
    read(answer.body()).map_err(|problem| authority.wrong(problem))
}

/// CertificationRequest with an empty subject: the authority takes the token's.
///
/// Spec: RFC 2986 4
fn signing_request(key: &SigningKey) -> Result<Vec<u8>, SignError> {
    let version = [der::INTEGER, 1, 0];
    let nobody = tlv(der::SEQUENCE, &[]);
    let attributes = tlv(der::context_constructed(0), &[]);
    let spki = key.public_key().spki();
    let info = tlv(der::SEQUENCE, &[&version, &nobody, spki, &attributes]);
    let signature = key.sign_plain(&info).map_err(SignError::Key)?;
    let algorithm = tlv(der::SEQUENCE, &[algorithm(key.scheme().algorithm())]);
    let bits = tlv(der::BIT_STRING, &[&[0], &signature]);
    Ok(tlv(der::SEQUENCE, &[&info, &algorithm, &bits]))
}

/// The OBJECT IDENTIFIER of the signature. Spec: RFC 5758 3.2; RFC 8410 3
fn algorithm(algorithm: Algorithm) -> &'static [u8] {
    match algorithm {
        Algorithm::Ed25519 | Algorithm::Ed25519Ph => b"\x06\x03\x2b\x65\x70",
        Algorithm::EcdsaSha384 => b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
        // Only keys of these three schemes are made for one use.
        _ => b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
    }
}

fn read(body: &[u8]) -> Result<Issued, AnswerError> {
    let malformed = AnswerError::Malformed("a signing certificate as JSON");
    let Ok(json) = json::check(body) else {
        return Err(malformed);
    };
    let Ok(Object(answer)) = json::wire::read::<Object<SigningCertificateJson<'_>>>(json) else {
        return Err(malformed);
    };
    match (
        answer.signed_certificate_embedded_sct,
        answer.signed_certificate_detached_sct,
    ) {
        (Some(Object(issued)), None) => Ok(Issued {
            leaf: leaf(&issued)?,
            detached_sct: None,
        }),
        (None, Some(Object(issued))) => Ok(Issued {
            leaf: leaf(&issued)?,
            detached_sct: detached(&issued)?,
        }),
        _ => Err(malformed),
    }
}

/// The first certificate of the chain; what stands above it is the trusted root's to say (V26).
fn leaf(json: &CertificateJson<'_>) -> Result<Certificate, AnswerError> {
    let chain = json.chain.as_ref().and_then(|it| it.certificates.as_ref());
    let chain = chain.map(List::within_cap).transpose();
    let first = chain.ok().flatten().and_then(|it| it.first());
    match first.and_then(|it| pem_decode(it.as_str())) {
        Some(("CERTIFICATE", der)) => Certificate::from_der(&der).map_err(AnswerError::Certificate),
        _ => Err(AnswerError::Malformed("a certificate in PEM")),
    }
}

/// A timestamp as a CT log answers with it, put into its TLS form (V35).
///
/// Spec: RFC 6962 3.2, 4.1
fn detached(json: &CertificateJson<'_>) -> Result<Option<DetachedSct>, AnswerError> {
    let text = json.signed_certificate_timestamp.as_ref();
    let Some(text) = text.filter(|it| !it.as_str().is_empty()) else {
        return Ok(None);
    };
    let bytes = tls_form(text.as_str()).ok_or(AnswerError::Malformed(
        "a signed certificate timestamp as JSON in base64",
    ))?;
    DetachedSct::new(bytes)
        .map(Some)
        .map_err(AnswerError::DetachedSct)
}

fn tls_form(text: &str) -> Option<Vec<u8>> {
    let body = base64_decode(text).ok()?;
    let json = json::check(&body).ok()?;
    let Object(sct): Object<SctJson<'_>> = json::wire::read(json).ok()?;
    let extensions = sct.extensions.as_ref().map_or("", |it| it.as_str());
    let extensions = base64_decode(extensions).ok()?;
    let mut out = vec![sct.sct_version];
    out.extend(base64_decode(sct.id.as_str()).ok()?);
    out.extend(sct.timestamp.to_be_bytes());
    out.extend(u16::try_from(extensions.len()).ok()?.to_be_bytes());
    out.extend(extensions);
    out.extend(base64_decode(sct.signature.as_str()).ok()?);
    Some(out)
}

/// Whom the signer says a certificate must name, instead of what the token says.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// One of the token's subjects.
    OfToken,
    /// What the caller knows of this authority.
    Subject(Matcher),
}

/// The certificate is for our key and names the token's subject and issuer.
///
/// Spec: client-spec 2.1.3 (S4)
pub(super) fn check_claims(
    leaf: &Certificate,
    key: &SigningKey,
    token: &IdentityToken,
    expected: &Expected,
) -> Result<(), AnswerError> {
    let its_key = leaf.public_key().map_err(AnswerError::CertificateKey)?;
    if its_key != key.public_key() {
        return Err(AnswerError::OtherKey);
    }
    let claims = FulcioClaims::from_certificate(leaf).map_err(AnswerError::Claims)?;
    let (found, want) = (claims.subject().value(), token.subjects());
    let matches = match expected {
        Expected::OfToken => want.iter().any(|it| it == found),
        Expected::Subject(matcher) => matcher.matches(found),
    };
    if !matches {
        return Err(AnswerError::Subject {
            want: want.to_vec(),
            found: found.to_owned(),
        });
    }
    let (found, want) = (
        claims.issuer().unwrap_or_default(),
        token.certified_issuer(),
    );
    if found != want {
        return Err(AnswerError::Issuer {
            want: want.to_owned(),
            found: found.to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64_encode;

    #[test]
    fn accepts_a_timestamp_beside_the_certificate() {
        let signature = [4, 3, 0, 1, 0xaa];
        let json = format!(
            r#"{{"sct_version":0,"id":"{}","timestamp":258,"extensions":"AAE=","signature":"{}"}}"#,
            base64_encode(&[7; 32]),
            base64_encode(&signature)
        );

        let bytes = tls_form(&base64_encode(json.as_bytes())).unwrap();

        let tail = [&[0, 0, 0, 0, 0, 0, 1, 2, 0, 2, 0, 1][..], &signature].concat();
        assert_eq!([&[0][..], &[7; 32], &tail].concat(), bytes);
        assert_eq!(
            258,
            DetachedSct::new(bytes)
                .unwrap()
                .sct()
                .unwrap()
                .timestamp_ms()
        );
    }

    #[test]
    fn rejects_answers_that_are_not_certificates() {
        let empty = r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":[]}}}"#;
        let broken = r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}"#;
        let both = r#"{"signedCertificateEmbeddedSct":{},"signedCertificateDetachedSct":{}}"#;
        for body in ["", "{}", "[]", empty, broken, both] {
            let error = read(body.as_bytes()).unwrap_err();

            assert_eq!("answer.malformed", error.code(), "{body}");
        }
    }
}
