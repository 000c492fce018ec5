//! Row 3: the certificate was valid then; or the key is the one that the caller trusts.
//!
//! Spec: client-spec 4.3; fulcio-spec 7 (V24 to V29, V61)

use std::sync::{Arc, OnceLock};

use super::times::VerifiedTimes;
use super::{CtError, SignerError, Verifier, ct};
use crate::bundle::{Bundle, KeyMaterial};
use crate::crypto::{PublicKey, sha256};
use crate::encoding::{base64_decode, base64_encode, hex_decode};
use crate::policy::{ManagedKey, Policy, Signer};
use crate::time::Timestamp;
use crate::x509::{Certificate, CertifiedPath, FulcioClaims, PathError};

/// A signer whose key is known to be theirs. Made by this file only.
#[derive(Debug)]
pub(super) enum CertifiedSigner {
    Certificate {
        leaf: Certificate,
        proven: Arc<ProvenLeaf>,
    },
    Key(PublicKey),
}

impl CertifiedSigner {
    pub(super) fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Certificate { leaf, .. } => Some(leaf),
            Self::Key(_) => None,
        }
    }

    pub(super) fn claims(&self) -> Option<FulcioClaims<'_>> {
        self.certificate()
            .and_then(|leaf| FulcioClaims::from_certificate(leaf).ok())
    }

    /// The key that signed; a certificate's was decoded when the signer was certified.
    pub(super) fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Certificate { leaf, .. } => leaf.public_key().ok(),
            Self::Key(key) => Some(key),
        }
    }
}

/// What is known of a leaf whatever the time: its path and its timestamps.
#[derive(Debug)]
pub(super) struct ProvenLeaf {
    /// The authority's place in the trusted root.
    pub(super) authority: usize,
    pub(super) path: CertifiedPath,
    pub(super) scts: OnceLock<Result<Vec<ct::VerifiedSct>, CtError>>,
}

impl Verifier {
    /// Certifies the signer for every time that was vouched for.
    pub(super) fn certify(
        &self,
        bundle: &Bundle,
        times: &VerifiedTimes,
        policy: &Policy,
    ) -> Result<CertifiedSigner, SignerError> {
        let times = times.points();
        match (&policy.signer, bundle.key_material()) {
            (Signer::Key(key), KeyMaterial::PublicKeyHint(hint)) => check_key(key, hint, &times),
            // A5: a caller's key is never replaced by what a bundle brings
            (Signer::Key(_), KeyMaterial::Certificate(_)) => Err(SignerError::Material {
                want: "managed key",
                found: "certificate",
            }),
            (_, KeyMaterial::PublicKeyHint(_)) => Err(SignerError::Material {
                want: "certificate",
                found: "managed key",
            }),
            (_, KeyMaterial::Certificate(leaf)) => {
                let proven = self.prove_leaf(leaf, &times)?;
                leaf.public_key().map_err(SignerError::Key)?;
                Ok(CertifiedSigner::Certificate {
                    leaf: leaf.clone(),
                    proven,
                })
            }
        }
    }

    /// Finds the authority that issued the leaf, or remembers it, and checks the times (V24, V25).
    pub(super) fn prove_leaf(
        &self,
        leaf: &Certificate,
        times: &[Timestamp],
    ) -> Result<Arc<ProvenLeaf>, SignerError> {
        if let Some(proven) = self.leaves.get((), leaf.der()) {
            let authority = self.authorities.get(proven.authority);
            if authority.is_some_and(|it| it.check_times(leaf, times).is_ok()) {
                return Ok(proven);
            }
        }
        let (place, path) = self.find_authority(leaf, times)?;
        let scts = OnceLock::new();
        let proven = Arc::new(ProvenLeaf {
            authority: place,
            path,
            scts,
        });
        self.leaves.put((), leaf.der(), Arc::clone(&proven));
        Ok(proven)
    }

    /// The authority that covers every time; or else the first of several that do so together.
    ///
    /// Spec: client-spec 4.3: the path is validated for each time; trustroot.proto: authorities
    /// may overlap, so one may end and be in the root again
    fn find_authority(
        &self,
        leaf: &Certificate,
        times: &[Timestamp],
    ) -> Result<(usize, CertifiedPath), SignerError> {
        let mut problem = None;
        let mut first = None;
        let mut open = times.to_vec();
        for (place, authority) in self.authorities.iter().enumerate() {
            if !authority.issues(leaf) {
                continue;
            }
            let found = authority.prove(leaf).and_then(|path| {
                if first.is_none() {
                    first = Some((place, path.clone()));
                }
                open.retain(|at| authority.check_times(leaf, &[*at]).is_err());
                authority.check_times(leaf, times).map(|()| (place, path))
            });
            match found {
                Ok(found) => return Ok(found),
                Err(error) => PathError::keep_closest(&mut problem, error),
            }
        }
        match (first, problem) {
            (Some(first), _) if open.is_empty() && !times.is_empty() => Ok(first),
            (_, Some(error)) => Err(SignerError::Path(error)),
            (_, None) => Err(SignerError::UnknownAuthority {
                issuer: leaf.issuer_text(),
            }),
        }
    }
}

/// V61: the hint is the key's, and the key was in its window.
fn check_key(
    managed: &ManagedKey,
    hint: &str,
    times: &[Timestamp],
) -> Result<CertifiedSigner, SignerError> {
    check_hint(managed, hint)?;
    if let Some(window) = managed.validity()
        && let Some(at) = times.iter().copied().find(|at| !window.contains(*at))
    {
        return Err(SignerError::KeyWindow { window, at });
    }
    Ok(CertifiedSigner::Key(managed.key().clone()))
}

/// A hint is free text that signer and verifier agreed on. Where the caller gave none, the two
/// forms that clients write are known: the SHA-256 of the key in base64 or in hexadecimal.
///
/// Spec: common.proto, PublicKeyIdentifier
fn check_hint(managed: &ManagedKey, found: &str) -> Result<(), SignerError> {
    let refuse = |want: String| {
        Err(SignerError::Hint {
            want,
            found: found.to_owned(),
        })
    };
    if found.is_empty() {
        return Ok(());
    }
    if let Some(want) = managed.expected_hint() {
        return if want == found {
            Ok(())
        } else {
            refuse(want.to_owned())
        };
    }
    let digest = sha256(managed.key().spki());
    let decoded = hex_decode(found).or_else(|| base64_decode(found).ok());
    match decoded {
        Some(decoded) if decoded.len() == digest.len() && decoded != digest => {
            refuse(base64_encode(&digest))
        }
        _ => Ok(()),
    }
}
