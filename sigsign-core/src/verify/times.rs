//! Row 2: when it was signed, and who says so.
//!
//! Spec: client-spec 4.2; RFC 3161 (V9 to V12, V16, V19, V22, V52)

use std::num::NonZeroU8;

use super::log::{IncludedEntries, IncludedEntry};
use super::{Budget, LogError, Spent, TimeError, Verifier, VerifyError};
use crate::bundle::Bundle;
use crate::policy::{Policy, Signer};
use crate::time::Timestamp;
use crate::trust::{Authority, Log};
use crate::tsp::TimestampToken;
use crate::x509::{Certificate, PathVerifier};

/// Times that somebody in the trusted root vouches for, earliest first. Made by this file only.
///
/// Never empty for a keyless signature; the same token counts once.
#[derive(Debug)]
pub(super) struct VerifiedTimes(Vec<VerifiedTime>);

impl VerifiedTimes {
    pub(super) fn iter(&self) -> impl Iterator<Item = &VerifiedTime> {
        self.0.iter()
    }

    pub(super) fn points(&self) -> Vec<Timestamp> {
        self.0.iter().map(VerifiedTime::at).collect()
    }
}

/// A time, and who vouches for it.
#[derive(Debug)]
pub(super) struct VerifiedTime {
    at: Timestamp,
    by: Voucher,
}

impl VerifiedTime {
    pub(super) fn at(&self) -> Timestamp {
        self.at
    }

    pub(super) fn by(&self) -> Voucher {
        self.by
    }
}

/// Who vouches, by the place in the trusted root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voucher {
    Authority(usize),
    Log(usize),
}

impl Verifier {
    /// Collects the times of promises and tokens; every one that is there must be good (V11).
    pub(super) fn vouched_times(
        &self,
        bundle: &Bundle,
        entries: &IncludedEntries,
        policy: &Policy,
        now: Timestamp,
        budget: &mut Budget,
    ) -> Result<VerifiedTimes, VerifyError> {
        let mut times = promised_times(entries).map_err(VerifyError::Time)?;
        let signature = bundle.content().signature();
        let mut seen: Vec<&[u8]> = Vec::new();
        for token in bundle.timestamps() {
            // V22: the same token twice is one
            if !seen.contains(&token) {
                let time = self
                    .check_token(token, signature, budget)
                    .map_err(VerifyError::Time)?;
                times.push(time);
                seen.push(token);
            }
        }
        check_until(&times, now).map_err(VerifyError::Time)?;
        times.sort_by_key(VerifiedTime::at);
        self.check_enough(&times, policy)
            .map_err(VerifyError::Time)?;
        self.check_log_windows(&times, entries, now)
            .map_err(VerifyError::Log)?;
        Ok(VerifiedTimes(times))
    }

    /// V10: so many distinct operators vouch for a time.
    fn check_enough(&self, times: &[VerifiedTime], policy: &Policy) -> Result<(), TimeError> {
        let operators = times.iter().filter_map(|time| match time.by {
            Voucher::Authority(at) => self
                .root
                .timestamp_authorities()
                .get(at)
                .map(Authority::operator),
            Voucher::Log(at) => self.root.logs().get(at).map(Log::operator),
        });
        let got = super::distinct(operators);
        // A key does not run out: without a window of its own there is nothing that the time of a
        // signature would be compared with.
        let usual = match &policy.signer {
            Signer::Key(key) => u8::from(key.validity().is_some()),
            _ => 1,
        };
        let need = policy.times.map_or(usual, NonZeroU8::get);
        if got < usize::from(need) {
            Err(TimeError::TooFew { need, got })
        } else {
            Ok(())
        }
    }

    /// Checks one token against every authority that it could be from.
    pub(super) fn check_token(
        &self,
        der: &[u8],
        signature: &[u8],
        budget: &mut Budget,
    ) -> Result<VerifiedTime, TimeError> {
        let token = TimestampToken::from_response(der).map_err(TimeError::Token)?;
        let mut problem = TimeError::UnknownAuthority;
        let authorities = self.root.timestamp_authorities().iter();
        for (place, (authority, verifier)) in
            authorities.zip(&self.timestamp_authorities).enumerate()
        {
            let Some(signer) = TokenSigner::find(verifier, &token) else {
                continue;
            };
            budget.spend(1)?;
            let at = match token.verify(signature, signer.certificate()) {
                Ok(at) => at,
                Err(error) => {
                    problem = TimeError::Token(error);
                    continue;
                }
            };
            match check_authority(verifier, authority, &signer, at) {
                Ok(()) => {
                    return Ok(VerifiedTime {
                        at,
                        by: Voucher::Authority(place),
                    });
                }
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// V52: the key of each entry's log was valid when the entry was made; where nobody vouches for a
    /// time, because a key that never runs out needs none, it still is.
    ///
    /// Spec: rekor.proto, inclusion_promise: "or the current system time for long-lived certificates"
    fn check_log_windows(
        &self,
        times: &[VerifiedTime],
        entries: &IncludedEntries,
        now: Timestamp,
    ) -> Result<(), LogError> {
        for entry in entries.iter() {
            let Some(log) = self.root.logs().get(entry.log) else {
                continue;
            };
            for at in entry_times(entry, times, now) {
                // The same log may stand in the root with several windows. Logs of version 1 are
                // not known by a name.
                let same_name =
                    |other: &Log| !entry.body.kind().is_v2() || other.origin() == log.origin();
                let same_log = |other: &&Log| {
                    other.id() == log.id() && other.key() == log.key() && same_name(other)
                };
                let mut windows = self.root.logs().iter().filter(same_log).map(Log::validity);
                if !windows.any(|window| window.contains(at)) {
                    return Err(LogError::KeyWindow {
                        window: log.validity(),
                        at,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whose key signed a token, if it is of one authority.
enum TokenSigner {
    /// The authority's own certificate, out of the trusted root.
    Own(Certificate),
    /// A certificate out of the token, which the authority must have issued.
    Brought(Certificate),
}

impl TokenSigner {
    /// V16: the signer's certificate is the trusted root's. Only where that has the CAs of an
    /// authority and no signer's certificate, it is the one in the token that the token names by
    /// its digest.
    fn find(verifier: &PathVerifier, token: &TimestampToken) -> Option<Self> {
        let own = verifier.signer().filter(|own| token.is_signed_by(own));
        if let Some(own) = own {
            return Some(Self::Own(own.clone()));
        }
        let brought = || token.brought_signer().filter(|it| verifier.issues(it));
        verifier
            .is_of_cas()
            .then(brought)
            .flatten()
            .map(Self::Brought)
    }

    fn certificate(&self) -> &Certificate {
        match self {
            Self::Own(certificate) | Self::Brought(certificate) => certificate,
        }
    }
}

/// V19: one and the same authority's window and certificates cover the time (TOB-11).
fn check_authority(
    verifier: &PathVerifier,
    authority: &Authority,
    signer: &TokenSigner,
    at: Timestamp,
) -> Result<(), TimeError> {
    let window = authority.validity();
    if !window.contains(at) {
        return Err(TimeError::Window { window, at });
    }
    match signer {
        TokenSigner::Own(_) => verifier.verify_own(at),
        TokenSigner::Brought(leaf) => verifier.verify(leaf, &[at]).map(|_| ()),
    }
    .map_err(TimeError::Authority)
}

/// The promised time of an entry, or else every time there is, or else `now`.
fn entry_times(entry: &IncludedEntry, times: &[VerifiedTime], now: Timestamp) -> Vec<Timestamp> {
    match entry.promised_at {
        Some(at) => vec![at],
        None if times.is_empty() => vec![now],
        None => times.iter().map(VerifiedTime::at).collect(),
    }
}

/// V12: nobody can vouch for a time that is still to come.
fn check_until(times: &[VerifiedTime], now: Timestamp) -> Result<(), TimeError> {
    match times.iter().map(VerifiedTime::at).find(|at| *at > now) {
        Some(at) => Err(TimeError::Future { now, at }),
        None => Ok(()),
    }
}

/// V9: times that logs of version 1 promised.
fn promised_times(entries: &IncludedEntries) -> Result<Vec<VerifiedTime>, TimeError> {
    let mut times = Vec::new();
    for entry in entries.iter() {
        let Some(at) = entry.promised_at else {
            continue;
        };
        if at.unix_seconds() <= 0 {
            return Err(TimeError::Integrated);
        }
        times.push(VerifiedTime {
            at,
            by: Voucher::Log(entry.log),
        });
    }
    Ok(times)
}

impl From<Spent> for TimeError {
    fn from(Spent: Spent) -> Self {
        Self::Budget
    }
}
