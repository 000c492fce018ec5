//! Row 4: the certificate is in a CT log.
//!
//! Spec: client-spec 4.3; RFC 6962 3.2, 3.3, 5.2; fulcio-spec 7.3 (V30 to V34)

use super::CtError;
use super::path::{CertifiedSigner, ProvenLeaf};
use crate::ct::{Sct, parse_list};
use crate::policy::{Policy, Threshold};
use crate::time::Timestamp;
use crate::trust::{Log, TrustedRoot};
use crate::x509::Certificate;

/// Enough CT logs know the certificate, or the policy needs none. Made by [`proven`] only.
#[derive(Debug)]
pub(super) struct SctVerified(Vec<VerifiedSct>);

impl SctVerified {
    pub(super) fn iter(&self) -> impl Iterator<Item = &VerifiedSct> {
        self.0.iter()
    }

    /// Nothing was logged later than now.
    ///
    /// Spec: RFC 6962 5.2: timestamps in the future are to be rejected
    pub(super) fn until(self, now: Timestamp) -> Result<Self, CtError> {
        match self.0.iter().find(|sct| sct.at > now) {
            Some(VerifiedSct { at, .. }) => Err(CtError::Future { now, at: *at }),
            None => Ok(self),
        }
    }
}

/// A timestamp that a known CT log signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VerifiedSct {
    /// The log's place in the trusted root.
    pub(super) log: usize,
    pub(super) at: Timestamp,
}

/// The only place where the token is made.
fn proven(scts: Vec<VerifiedSct>) -> SctVerified {
    SctVerified(scts)
}

pub(super) fn verify(
    root: &TrustedRoot,
    signer: &CertifiedSigner,
    policy: &Policy,
) -> Result<SctVerified, CtError> {
    let CertifiedSigner::Certificate { leaf, proven: path } = signer else {
        // V34: a managed key has no certificate
        return Ok(proven(Vec::new()));
    };
    let need = match policy.scts {
        Threshold::AtLeast(need) => need.get(),
        Threshold::None | Threshold::Waived => 0,
    };
    if leaf.sct_list().is_none() {
        return if need == 0 {
            Ok(proven(Vec::new()))
        } else {
            Err(CtError::Missing)
        };
    }
    let scts = path
        .scts
        .get_or_init(|| check_all(root, leaf, path))
        .clone()?;
    // V33: distinct operators
    let operators = scts
        .iter()
        .filter_map(|sct| root.ct_logs().get(sct.log))
        .map(Log::operator);
    let got = super::distinct(operators);
    if got < usize::from(need) {
        Err(CtError::TooFew { need, got })
    } else {
        Ok(proven(scts))
    }
}

/// Checks the timestamps of every log that is known; others say nothing (V33).
fn check_all(
    root: &TrustedRoot,
    leaf: &Certificate,
    path: &ProvenLeaf,
) -> Result<Vec<VerifiedSct>, CtError> {
    let scts = parse_list(leaf.sct_list().unwrap_or_default()).map_err(CtError::Malformed)?;
    let tbs = leaf.precertificate_tbs();
    let mut verified = Vec::with_capacity(scts.len());
    for sct in &scts {
        verified.extend(check_one(root, &tbs, path, sct)?);
    }
    Ok(verified)
}

/// V31, V32: signed by the log with this id, in the log's time, for the issuer of the path.
fn check_one(
    root: &TrustedRoot,
    tbs: &[u8],
    path: &ProvenLeaf,
    sct: &Sct<'_>,
) -> Result<Option<VerifiedSct>, CtError> {
    let at = Timestamp::from_unix_millis_floor(sct.timestamp_ms());
    let mut problem = None;
    for (place, log) in root.ct_logs().iter().enumerate() {
        if log.id() != sct.log_id() {
            continue;
        }
        if !log.validity().contains(at) {
            problem = Some(CtError::Window {
                window: log.validity(),
                at,
            });
            continue;
        }
        return sct
            .verify_precertificate(tbs, path.path.issuer_key_hash(), log.key())
            .map(|()| Some(VerifiedSct { log: place, at }))
            .map_err(CtError::Signature);
    }
    problem.map_or(Ok(None), Err)
}
