//! Signing without a key to keep.
//!
//! In: a trusted root, a signing config, a transport, and an identity token or a managed key. Out:
//! a [`SignedBundle`] that has verified. Each step takes the one before it and checks what a
//! service returned; a step left out does not compile.
//!
//! | step | asks | checks |
//! |---|---|---|
//! | [`Signer::session`] | nobody | the token is for us and not over |
//! | [`Keyed::certify`] | the certificate authority | chain, CT log, subject, issuer, key |
//! | [`Certified::sign`] | nobody | the certificate is not over |
//! | [`Signed::witness`] | time stamp authorities and logs, side by side | nonce, imprint, proof |
//! | [`Logged::finish`] | nobody | everything, as any verifier would |
//!
//! Not here: a clock, a network. Times are arguments, and requests go through a [`Transport`].
//!
//! Spec: client-spec 2 (S1 to S12)

mod certificate;
mod error;
mod log;
mod service;
mod stamp;
mod wire;
mod witness;

pub use error::{AnswerError, SignError};
pub use witness::{Logged, Signed, SignedBundle};

use std::sync::Arc;

use crate::bundle::{Content, KeyMaterial};
use crate::crypto::{Scheme, SigningKey, sha256};
use crate::digest::{DigestHint, HashAlgorithm};
use crate::dsse::{Envelope, STATEMENT_TYPE, Statement, Subject};
use crate::encoding::base64_encode;
use crate::limits;
use crate::oidc::IdentityToken;
use crate::policy::{Identity, Instance, ManagedKey, Matcher, Policy};
use crate::time::Timestamp;
use crate::transport::Transport;
use crate::trust::{ServiceKind, SigningConfig, TrustedRoot};
use crate::verify::{Artifact, Verifier};
use crate::x509::{Certificate, FulcioClaims};

use certificate::Expected;
use service::Place;

/// Makes signatures with the services of one instance. Clones share everything.
#[derive(Clone, Debug)]
pub struct Signer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    verifier: Verifier,
    transport: Sender,
    authority: Option<Place>,
    logs: Vec<Place>,
    stampers: Vec<Place>,
    scheme: Scheme,
    audience: String,
    expected: Expected,
}

/// A transport, which need not be something that can be shown.
#[derive(Clone)]
struct Sender(Arc<dyn Transport>);

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

impl Signer {
    /// A signer that uses the services which `config` names at `at`.
    ///
    /// # Errors
    ///
    /// - [`SignError::Config`] if there are fewer services than the config asks for.
    /// - [`SignError::NoTime`] if none of them would vouch for the time of a signature.
    ///
    /// Spec: trustroot.proto, SigningConfig (V63)
    pub fn new(
        root: &TrustedRoot,
        config: &SigningConfig,
        transport: Arc<dyn Transport>,
        at: Timestamp,
    ) -> Result<Self, SignError> {
        let select = |kind, versions: &[u32]| {
            let services = config
                .select(kind, versions, at)
                .map_err(SignError::Config)?;
            let places: Vec<Place> = services.iter().map(|it| Place::new(kind, it)).collect();
            Ok(places)
        };
        let logs = select(ServiceKind::Log, LOG_VERSIONS)?;
        let stampers = select(ServiceKind::TimestampAuthority, &[1])?;
        // V9: a log of version 1 promises a time
        if stampers.is_empty() && !logs.iter().any(|log| log.version == 1) {
            return Err(SignError::NoTime);
        }
        let authority = select(ServiceKind::CertificateAuthority, &[1]);
        Ok(Self(Arc::new(Inner {
            verifier: Verifier::new(root),
            transport: Sender(transport),
            // A managed key needs no authority; a session says so if there is none.
            authority: authority.ok().and_then(|it| it.into_iter().next()),
            logs,
            stampers,
            scheme: Scheme::EcdsaP256Sha256,
            audience: AUDIENCE.to_owned(),
            expected: Expected::OfToken,
        })))
    }

    /// Makes keys of this scheme: ECDSA with P-256, unless said otherwise, or P-384, or Ed25519.
    #[must_use]
    pub fn scheme(self, scheme: Scheme) -> Self {
        // Logs take what signs a digest; an envelope is signed in the plain form.
        let scheme = if scheme == Scheme::Ed25519 {
            Scheme::Ed25519Ph
        } else {
            scheme
        };
        self.with(|inner| inner.scheme = scheme)
    }

    /// Takes tokens for this audience instead of `sigstore`.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.with(|inner| inner.audience = audience)
    }

    /// Takes certificates for subjects that match, where the authority has a rule of its own for
    /// what of a token becomes the subject.
    #[must_use]
    pub fn expected_subject(self, subject: Matcher) -> Self {
        self.with(|inner| inner.expected = Expected::Subject(subject))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = match Arc::try_unwrap(self.0) {
            Ok(inner) => inner,
            Err(shared) => Inner {
                verifier: Verifier::new(shared.verifier.trusted_root()),
                transport: shared.transport.clone(),
                authority: shared.authority.clone(),
                logs: shared.logs.clone(),
                stampers: shared.stampers.clone(),
                scheme: shared.scheme,
                audience: shared.audience.clone(),
                expected: shared.expected.clone(),
            },
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Begins a session for whoever the token names, with a key of its own.
    ///
    /// # Errors
    ///
    /// - [`SignError::Config`] if the signing config has no certificate authority.
    /// - [`SignError::Token`] if the token is for somebody else, or over at `at`.
    /// - [`SignError::Key`] if no key can be made.
    ///
    /// Spec: client-spec 2.1.1, 2.1.2 (S1, S2)
    pub fn session(&self, token: IdentityToken, at: Timestamp) -> Result<Keyed, SignError> {
        let Some(authority) = self.0.authority.clone() else {
            let kind = ServiceKind::CertificateAuthority;
            let none = crate::trust::SelectionError {
                kind,
                need: 1,
                got: 0,
            };
            return Err(SignError::Config(none));
        };
        token
            .check(&self.0.audience, at)
            .map_err(SignError::Token)?;
        let key = SigningKey::generate(self.0.scheme).map_err(SignError::Key)?;
        Ok(Keyed {
            signer: self.clone(),
            authority,
            token,
            key,
        })
    }

    /// Signs with a key of the caller's, which nobody certifies.
    ///
    /// The hint in bundles is the SHA-256 of the key, in base64.
    pub fn with_key(&self, key: SigningKey) -> Certified {
        let hint = base64_encode(&sha256(key.public_key().spki()));
        let policy = Policy::key(ManagedKey::new(key.public_key().clone()).hint(&hint));
        Certified(Arc::new(Credential {
            policy: self.policy(policy),
            signer: self.clone(),
            material: KeyMaterial::PublicKeyHint(hint),
            key,
        }))
    }

    /// What the bundle is checked by: nothing is asked of it that this instance does not have.
    fn policy(&self, policy: Policy) -> Policy {
        if self.0.logs.is_empty() {
            policy.instance(Instance::SignedTimeOnly)
        } else {
            policy
        }
    }
}

/// A session with a key and a token, and no certificate yet.
#[derive(Debug)]
pub struct Keyed {
    signer: Signer,
    authority: Place,
    token: IdentityToken,
    key: SigningKey,
}

impl Keyed {
    /// Swaps the token for a certificate.
    ///
    /// # Errors
    ///
    /// [`SignError::Transport`], [`SignError::Refused`], or [`SignError::Answer`] if the
    /// certificate is not one that a verifier would accept for this token and key at `at`.
    ///
    /// Spec: client-spec 2.1.3 (S3, S4)
    pub async fn certify(self, at: Timestamp) -> Result<Certified, SignError> {
        let inner = &self.signer.0;
        let authority = &self.authority;
        let issued =
            certificate::request(authority, &*inner.transport.0, &self.token, &self.key).await?;
        let leaf = issued.leaf;
        certificate::check_claims(&leaf, &self.key, &self.token, &inner.expected)
            .map_err(|problem| authority.wrong(problem))?;
        // V35: a verifier of the bundle will not find what is beside the certificate
        if issued.detached_sct.is_some() {
            return Err(authority.wrong(AnswerError::DetachedSctOnly));
        }
        let policy = self.signer.policy(identity_policy(&leaf, authority)?);
        inner
            .verifier
            .check_certificate(&leaf, at.max(leaf.validity().start()), &policy)
            .map_err(|problem| authority.wrong(AnswerError::Rejected(problem)))?;
        Ok(Certified(Arc::new(Credential {
            policy,
            material: KeyMaterial::Certificate(leaf),
            key: self.key,
            signer: self.signer,
        })))
    }
}

/// Whoever the certificate names, which was compared with the token before.
fn identity_policy(leaf: &Certificate, authority: &Place) -> Result<Policy, SignError> {
    let claims = FulcioClaims::from_certificate(leaf)
        .map_err(|problem| authority.wrong(AnswerError::Claims(problem)))?;
    let nobody = || authority.wrong(AnswerError::Malformed("a certificate that names a signer"));
    let subject = Matcher::exact(claims.subject().value()).map_err(|_| nobody())?;
    let identity =
        Identity::new(subject, claims.issuer().unwrap_or_default()).map_err(|_| nobody())?;
    Ok(Policy::keyless(identity))
}

/// A key that is known to be somebody's: certified for ten minutes, or a managed one.
///
/// Signs as often as asked to; clones share the key.
#[derive(Clone, Debug)]
pub struct Certified(Arc<Credential>);

#[derive(Debug)]
struct Credential {
    signer: Signer,
    key: SigningKey,
    material: KeyMaterial,
    policy: Policy,
}

impl Certified {
    /// The certificate; `None` for a managed key.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.0.material {
            KeyMaterial::Certificate(leaf) => Some(leaf),
            KeyMaterial::PublicKeyHint(_) => None,
        }
    }

    /// Whether there is still time to sign and be witnessed at `at`: a minute, for a certificate.
    ///
    /// Spec: S11
    pub fn is_fresh(&self, at: Timestamp) -> bool {
        let end = self.certificate().and_then(|leaf| leaf.validity().end());
        end.is_none_or(|end| at.unix_seconds().saturating_add(MARGIN_SECONDS) <= end.unix_seconds())
    }

    /// Signs an artifact, which is read once.
    ///
    /// # Errors
    ///
    /// - [`SignError::Expired`] if the certificate is over at `at`, or nearly.
    /// - [`SignError::Artifact`] if it cannot be read, or is a digest of another hash.
    ///
    /// Spec: client-spec 2.1.4
    pub fn sign(&self, artifact: Artifact<'_>, at: Timestamp) -> Result<Signed, SignError> {
        self.check_fresh(at)?;
        let hash = self.0.key.hash();
        let digest = artifact.digest(hash).map_err(SignError::Artifact)?;
        let signature = self.0.key.sign_digest(&digest).map_err(SignError::Key)?;
        let hint = DigestHint::new(hash, digest.as_bytes().to_vec());
        Ok(Signed {
            content: Content::Message {
                digest: Some(hint),
                signature,
            },
            artifact: digest,
            signed: digest,
            credential: Arc::clone(&self.0),
        })
    }

    /// Signs an in-toto statement, as it is, in an envelope.
    ///
    /// # Errors
    ///
    /// - [`SignError::Expired`] if the certificate is over at `at`, or nearly.
    /// - [`SignError::StatementTooLarge`] if no bundle has room for it.
    /// - [`SignError::Statement`] if a verifier would not read it as one.
    /// - [`SignError::NoSubject`] if a verifier could not compare it with any artifact.
    /// - [`SignError::StatementScheme`] if a log would not take it from this kind of key.
    ///
    /// Spec: client-spec 2.1.4; dsse; in-toto v1 (S10)
    pub fn sign_statement(&self, json: Vec<u8>, at: Timestamp) -> Result<Signed, SignError> {
        self.check_fresh(at)?;
        self.check_statement_scheme()?;
        if json.len() > limits::STATEMENT_BYTES {
            let (cap, found) = (limits::STATEMENT_BYTES, json.len());
            return Err(SignError::StatementTooLarge { cap, found });
        }
        let statement = Statement::from_json(&json).map_err(SignError::Statement)?;
        let artifact = statement
            .subjects()
            .iter()
            .flat_map(Subject::strong_digests)
            .next()
            .ok_or(SignError::NoSubject)?;
        let envelope = |signature| {
            let (kind, key_id) = (STATEMENT_TYPE.to_owned(), self.key_id().to_owned());
            Envelope::new(kind, json.clone(), signature, key_id)
        };
        let unsigned = envelope(Vec::new());
        let key = &self.0.key;
        let digest = unsigned.pae_digest(key.hash());
        // Ed25519 signs an envelope as everybody else reads it: whole.
        let signature = key.sign_plain(&unsigned.pae());
        Ok(Signed {
            content: Content::Dsse(envelope(signature.map_err(SignError::Key)?)),
            artifact,
            signed: digest,
            credential: Arc::clone(&self.0),
        })
    }

    /// A log of version 1 hashes every envelope with SHA-256. One of version 2 takes hashes, which
    /// pure Ed25519 does not sign, and envelopes with Ed25519ph are read by no other client.
    fn check_statement_scheme(&self) -> Result<(), SignError> {
        let scheme = self.0.key.scheme();
        let is_ed25519 = matches!(scheme, Scheme::Ed25519 | Scheme::Ed25519Ph);
        let takes = |version| match version {
            1 => is_ed25519 || self.0.key.hash() == HashAlgorithm::Sha256,
            _ => !is_ed25519,
        };
        let mut versions = self.0.signer.0.logs.iter().map(|log| log.version);
        match versions.find(|version| !takes(*version)) {
            Some(version) => Err(SignError::StatementScheme { scheme, version }),
            None => Ok(()),
        }
    }

    /// V56: the envelope's key id is the bundle's hint.
    fn key_id(&self) -> &str {
        match &self.0.material {
            KeyMaterial::Certificate(_) => "",
            KeyMaterial::PublicKeyHint(hint) => hint,
        }
    }

    fn check_fresh(&self, at: Timestamp) -> Result<(), SignError> {
        match self.certificate() {
            Some(leaf) if !self.is_fresh(at) => {
                let window = leaf.validity();
                Err(SignError::Expired { window, at })
            }
            _ => Ok(()),
        }
    }
}

/// For whom identity tokens are. Spec: client-spec 2.1.2
pub const AUDIENCE: &str = "sigstore";

/// The versions of logs that we write to. Spec: trustroot.proto, Service
const LOG_VERSIONS: &[u32] = &[1, 2];

/// What must be left of a certificate's ten minutes: a log may take 10 seconds, and be retried.
const MARGIN_SECONDS: i64 = 60;
