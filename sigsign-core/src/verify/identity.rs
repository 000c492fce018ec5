//! Row 5: the signer is who the policy asks for.
//!
//! Spec: client-spec 4.3; oid-info (V59, V60)

use super::IdentityError;
use super::path::CertifiedSigner;
use crate::policy::{Identities, Identity, Policy, Signer};
use crate::x509::FulcioClaims;

/// The signer is who the policy asks for. Made by [`proven`] only.
#[derive(Debug)]
pub(super) struct MatchedIdentity(());

/// The only place where the token is made.
fn proven() -> MatchedIdentity {
    MatchedIdentity(())
}

pub(super) fn verify(
    signer: &CertifiedSigner,
    policy: &Policy,
) -> Result<MatchedIdentity, IdentityError> {
    let CertifiedSigner::Certificate { leaf, .. } = signer else {
        // The key itself is who the policy asks for; the row before compared it.
        return Ok(proven());
    };
    let claims = FulcioClaims::from_certificate(leaf).map_err(IdentityError::Claims)?;
    match &policy.signer {
        Signer::Keyless(Identities::AllOf(identities)) => {
            for identity in identities {
                check(&claims, identity)?;
            }
            Ok(proven())
        }
        Signer::Keyless(Identities::AnyOf(identities)) => match_any(&claims, identities),
        Signer::AnyIdentity | Signer::Key(_) => Ok(proven()),
    }
}

/// One is enough; of several refusals, that of the identity that came closest is shown.
fn match_any(
    claims: &FulcioClaims<'_>,
    identities: &[Identity],
) -> Result<MatchedIdentity, IdentityError> {
    let mut problem = None;
    for identity in identities {
        match check(claims, identity) {
            Ok(()) => return Ok(proven()),
            Err(error) => {
                if problem
                    .as_ref()
                    .is_none_or(|it| closeness(it) < closeness(&error))
                {
                    problem = Some(error);
                }
            }
        }
    }
    // A policy has at least one identity, so there is a problem to show.
    Err(problem.unwrap_or_else(|| IdentityError::Issuer {
        want: String::new(),
        found: claims.issuer().map(str::to_owned),
    }))
}

fn closeness(error: &IdentityError) -> u8 {
    match error {
        IdentityError::Claims(_) | IdentityError::Issuer { .. } => 0,
        IdentityError::Subject { .. } => 1,
        IdentityError::Extension { .. } => 2,
    }
}

/// Checks the signer of something verified against another identity.
pub(super) fn check_signer(
    signer: &CertifiedSigner,
    identity: &Identity,
) -> Result<(), IdentityError> {
    let CertifiedSigner::Certificate { leaf, .. } = signer else {
        return Err(IdentityError::Issuer {
            want: identity.issuer().to_owned(),
            found: None,
        });
    };
    let claims = FulcioClaims::from_certificate(leaf).map_err(IdentityError::Claims)?;
    check(&claims, identity)
}

/// V59: issuer and subject both; V60: and every extension asked for.
fn check(claims: &FulcioClaims<'_>, identity: &Identity) -> Result<(), IdentityError> {
    if claims.issuer() != Some(identity.issuer()) {
        return Err(IdentityError::Issuer {
            want: identity.issuer().to_owned(),
            found: claims.issuer().map(str::to_owned),
        });
    }
    let subject = claims.subject().value();
    if !identity.subject().matches(subject) {
        return Err(IdentityError::Subject {
            want: identity.subject().to_string(),
            found: subject.to_owned(),
        });
    }
    for (extension, want) in identity.extensions() {
        let found = claims.get(*extension);
        if !found.is_some_and(|found| want.matches(found)) {
            return Err(IdentityError::Extension {
                extension: *extension,
                want: want.to_string(),
                found: found.map(str::to_owned),
            });
        }
    }
    Ok(())
}
