//! What a certificate authority asks of a certificate transparency log.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use crate::instance::Refusal;

/// A log's answer that is still under way: a SignedCertificateTimestamp as RFC 6962 encodes it.
pub type Submitted<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Refusal>> + Send + 'a>>;

/// Takes precertificates, and promises to log them.
pub trait CtSubmit: Debug + Send + Sync {
    /// Logs a precertificate. `chain` is DER: the precertificate first, then its issuer and the
    /// ones above it.
    ///
    /// Spec: RFC 6962 4.2
    fn submit<'a>(&'a self, chain: &'a [Vec<u8>]) -> Submitted<'a>;
}
