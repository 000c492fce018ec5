//! Misbehavior on demand: what a test tells a service to do wrong.

use std::sync::Mutex;
use std::time::Duration;

/// The services of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// The certificate authority.
    Ca,
    /// The certificate transparency log.
    CtLog,
    /// The transparency log, version 1.
    LogV1,
    /// The transparency log, version 2.
    LogV2,
    /// The token issuer.
    Oidc,
    /// The time stamp authority.
    Tsa,
    /// The trust root repository.
    Tuf,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ca,
        Self::CtLog,
        Self::LogV1,
        Self::LogV2,
        Self::Oidc,
        Self::Tsa,
        Self::Tuf,
    ];

    /// Its name, in commands and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::CtLog => "ct",
            Self::LogV1 => "rekor-v1",
            Self::LogV2 => "rekor-v2",
            Self::Oidc => "oidc",
            Self::Tsa => "tsa",
            Self::Tuf => "tuf",
        }
    }
}

/// What a service does wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Every answer comes this much later.
    Slow(Duration),
    /// Every request is answered with this status.
    Status(u16),
    /// A status and a `Retry-After` in seconds.
    RetryAfter(u16, u32),
    /// Only the first half of the body is sent.
    Truncated,
    /// A body without end.
    HugeBody,
    /// A body that is not what it should be.
    Garbage,
    /// A redirect to this place.
    Redirect(String),
    /// What is signed is signed by a key that the trusted root does not know.
    WrongKey,
    /// The log answers with the entry of somebody else.
    WrongEntry,
    /// The log proves against a checkpoint from before the entry.
    StaleCheckpoint,
    /// The proof does not lead to the root.
    WrongProof,
    /// The promise is about another time.
    WrongPromise,
    /// The nonce of the time stamp is another.
    BadNonce,
    /// The nonce of the time stamp is missing.
    NoNonce,
    /// The time stamp is about other bytes.
    WrongImprint,
    /// The time stamp, or the certificate, is from another day.
    WrongTime,
    /// The certificate is for another key.
    WrongSubjectKey,
    /// The certificate names somebody else.
    WrongIdentity,
    /// The certificate names another issuer.
    WrongIssuer,
    /// The certificate carries no timestamp of a certificate transparency log.
    NoSct,
    /// The certificate's chain is another authority's.
    WrongChain,
}

/// The faults that are on now.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<(Service, Fault, usize)>>);

impl Faults {
    /// `service` does `fault` from now on.
    pub fn set(&self, service: Service, fault: Fault) {
        self.times(service, fault, usize::MAX);
    }

    /// `service` does `fault` in its next `count` answers.
    pub fn times(&self, service: Service, fault: Fault, count: usize) {
        self.lock().push((service, fault, count));
    }

    /// Everything is well again.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Whether `service` is to do `fault` now; counts as one time.
    pub fn take(&self, service: Service, fault: &Fault) -> bool {
        self.take_if(service, |it| it == fault).is_some()
    }

    /// The first fault of `service` that `wanted` picks; counts as one time.
    pub fn take_if(&self, service: Service, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.lock();
        let place = faults
            .iter()
            .position(|(its, fault, _)| *its == service && wanted(fault))?;
        let entry = &mut faults[place];
        let fault = entry.1.clone();
        entry.2 = entry.2.saturating_sub(1);
        if entry.2 == 0 {
            faults.remove(place);
        }
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Service, Fault, usize)>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_fault_as_often_as_it_was_asked_for() {
        let faults = Faults::default();
        faults.times(Service::Tsa, Fault::BadNonce, 2);

        let taken: Vec<bool> = (0..3)
            .map(|_| faults.take(Service::Tsa, &Fault::BadNonce))
            .collect();

        assert_eq!(vec![true, true, false], taken);
        assert!(!faults.take(Service::Ca, &Fault::BadNonce));
    }
}
