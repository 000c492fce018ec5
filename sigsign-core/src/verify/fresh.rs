//! One piece at a time, as a service has just made it: for the side that signs (S4 to S6).
//!
//! None of this makes a [`super::Verified`]; signing ends with the whole check of the whole bundle.

use super::path::CertifiedSigner;
use super::{Budget, TieError, Verifier, VerifyError, ct};
use crate::bundle::BundleVersion;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::tlog::LogEntry;
use crate::x509::Certificate;

impl Verifier {
    /// The certificate is an authority's of the trusted root, and CT logs know it as `policy` asks.
    ///
    /// Spec: client-spec 2.1.3 (S4)
    pub(crate) fn check_certificate(
        &self,
        leaf: &Certificate,
        at: Timestamp,
        policy: &Policy,
    ) -> Result<(), VerifyError> {
        let proven = self.prove_leaf(leaf, &[at]).map_err(VerifyError::Signer)?;
        let signer = CertifiedSigner::Certificate {
            leaf: leaf.clone(),
            proven,
        };
        ct::verify(&self.root, &signer, policy).map_err(VerifyError::Ct)?;
        Ok(())
    }

    /// The token is over `signature` and an authority's of the trusted root.
    ///
    /// Spec: client-spec 2.1.5 (S5)
    pub(crate) fn check_timestamp(
        &self,
        token: &[u8],
        signature: &[u8],
    ) -> Result<Timestamp, VerifyError> {
        let time = self
            .check_token(token, signature, &mut Budget::new())
            .map_err(VerifyError::Time)?;
        Ok(time.at())
    }

    /// The entry is in a log of the trusted root, and about `signature`.
    ///
    /// Spec: client-spec 2.1.6 (S6)
    pub(crate) fn check_entry(
        &self,
        entry: &LogEntry,
        signature: &[u8],
        policy: &Policy,
    ) -> Result<(), VerifyError> {
        let included = self
            .include_entry(BundleVersion::V0_3, entry, policy, &mut Budget::new())
            .map_err(VerifyError::Log)?;
        if included.body.signature() == signature {
            Ok(())
        } else {
            Err(VerifyError::Tie(TieError::Signature))
        }
    }
}
