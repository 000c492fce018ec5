//! The certificate: first as the log sees it, then with the log's promise.
//!
//! Spec: RFC 6962 3.1 to 3.3; fulcio-spec 7.3

use std::borrow::Cow;

use axum::http::StatusCode;

use super::authority::Authority;
use super::principal::Principal;
use crate::certificate::{self, CertificateSpec, FULCIO, SCT_LIST, San};
use crate::ct;
use crate::der;
use crate::instance::log_fault::stranger;
use crate::instance::{Context, CtSubmit, Fault, Refusal, Service, tsa};

/// The extension that makes a certificate one that is not valid.
const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";

/// Seconds that a certificate is valid.
const LIFETIME: i64 = 600;

/// Signs a certificate for a key; returns it as DER.
pub(super) async fn issue(
    context: &Context,
    authority: &Authority,
    log: &dyn CtSubmit,
    principal: &Principal,
    spki: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let mut spec = spec(context, authority, principal, spki)?;
    if context.faults.take(Service::Ca, &Fault::NoSct) {
        return Ok(spec.sign());
    }
    let plain = spec.clone();
    spec.add(POISON, true, der::null());
    let [intermediate, root] = &authority.chain;
    // A log refuses what a spoiled key has signed: the fault is for whoever reads the certificate.
    let logged = CertificateSpec {
        signer: authority.key.clone(),
        ..spec
    };
    let chain = [logged.sign(), intermediate.clone(), root.clone()];
    let sct = log.submit(&chain).await?;
    let mut certificate = plain;
    certificate.add(SCT_LIST, false, der::octets(&ct::list(&[sct])));
    Ok(certificate.sign())
}

/// Everything but the log's promise.
fn spec(
    context: &Context,
    authority: &Authority,
    principal: &Principal,
    spki: &[u8],
) -> Result<CertificateSpec, Refusal> {
    let wrong = |fault| context.faults.take(Service::Ca, &fault);
    let mut principal = Cow::Borrowed(principal);
    if wrong(Fault::WrongIdentity) {
        principal.to_mut().san = San::Email("somebody@example.com".to_owned());
    }
    if wrong(Fault::WrongIssuer) {
        principal.to_mut().issuer = "https://issuer.example.com".to_owned();
    }
    let mut now = context.clock.now();
    if wrong(Fault::WrongTime) {
        now -= 86_400;
    }
    let spki = if wrong(Fault::WrongSubjectKey) {
        stranger(crate::key::Scheme::P256).spki()
    } else {
        spki.to_vec()
    };
    let signer = if wrong(Fault::WrongKey) {
        stranger(authority.key.scheme)
    } else {
        authority.key.clone()
    };
    let mut spec = certificate::leaf(
        &Authority::name(),
        spki,
        (now, now + LIFETIME),
        &authority.key,
        &principal.san,
        &principal.issuer,
    );
    spec.serial = tsa::serial().map_err(|_| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Refusal::new(status, "the system gives no randomness")
    })?;
    for (arc, value) in &principal.extensions {
        let value = match arc {
            // The oldest ones are the text itself.
            2..=6 => value.as_bytes().to_vec(),
            _ => der::utf8(value),
        };
        spec.add(&format!("{FULCIO}.{arc}"), false, value);
    }
    spec.signer = signer;
    Ok(spec)
}

/// The chain that is sent along with a certificate.
pub(super) fn shown_chain(context: &Context, authority: &Authority) -> Vec<Vec<u8>> {
    let mut chain = authority.chain.to_vec();
    if context.faults.take(Service::Ca, &Fault::WrongChain) {
        chain.reverse();
    }
    chain
}
