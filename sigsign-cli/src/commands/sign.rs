//! Signing: digests first, then one certificate, then every file at once, then the bundles.

pub(crate) mod services;
pub(crate) mod shown;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sigsign_core::crypto::{Scheme, SigningKey};
use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::oidc::IdentityToken;
use sigsign_core::sign::{Certified, SignError, SignedBundle, Signer};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::blocking;
use sigsign_core::verify::Artifact;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use zeroize::Zeroizing;

use crate::check;
use crate::exit::Exit;
use crate::files::{Document, Places};
use crate::plan::Subject;
use crate::plan::sign::{Credential, Job, Kind, Services, Sign, TokenSource};
use crate::problem::Problem;
use crate::progress::Counter;
use crate::token;
use crate::ui::Ui;

use services::Connected;
use shown::Made;

/// Signatures under way at the same time.
const AT_ONCE: usize = 16;

/// Signs each file. Either every bundle is written, or none.
pub(super) fn run(plan: &Sign, ui: &mut Ui) -> Result<Exit, Problem> {
    if let Credential::Token { source, .. } = &plan.who {
        token::announce(source, ui);
    }
    let places = Places::check(plan.jobs.iter().map(|job| job.bundle.as_path()))?;
    let signed = sign(plan)?;
    places.write(signed.iter().map(SignedBundle::json), ui)?;
    for (job, signed) in plan.jobs.iter().zip(&signed) {
        let made = Made {
            subject: Some(&job.subject),
            more: 0,
            bundle: &job.bundle,
            services: &plan.services,
            verify_with: &plan.verify_with,
            predicate_type: None,
        };
        shown::show(&made, signed, ui);
    }
    Ok(Exit::Done)
}

/// Makes the bundles, in the order of the files.
fn sign(plan: &Sign) -> Result<Vec<SignedBundle>, Problem> {
    let who = Who::read(&plan.who)?;
    let hash = who.hash();
    // Before any service is asked: a file that is not there costs nobody anything.
    let contents = plan
        .jobs
        .iter()
        .map(|job| {
            let read = Contents::read(job, plan.content, hash);
            read.map_err(|problem| problem.about(&job.subject.name()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let several = contents.len() > 1;
    let names = plan.jobs.iter().map(|job| job.subject.name());
    let works = names.zip(contents).collect();
    let signing = async {
        let signatory = Signatory::open(&plan.services, who).await?;
        let first = signatory.certified().await?;
        signatory.sign_all(first, works).await
    };
    // One file is signed on this thread: others would cost more than they do.
    if several {
        return on_threads(signing);
    }
    let ran = blocking::run(signing);
    ran.map_err(|error| Problem::service(error.code(), NO_RUNTIME, &error))?
}

/// Runs what signs several things at once.
pub(super) fn on_threads<T>(
    signing: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::io("cli.runtime", NO_RUNTIME, &error))?;
    runtime.block_on(signing)
}

pub(super) const NO_RUNTIME: &str = "the system gives no threads to sign on";

/// Who signs, read from files.
pub(super) enum Who<'a> {
    Key(Box<SigningKey>),
    Token(Tokens<'a>, Scheme),
}

/// Where tokens come from, and for whom they are.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    source: &'a TokenSource,
    audience: &'a str,
}

impl<'a> Who<'a> {
    pub(super) fn read(who: &'a Credential) -> Result<Self, Problem> {
        Ok(match who {
            Credential::Key { path, password } => {
                Self::Key(Box::new(read_key(path, password.as_deref())?))
            }
            Credential::Token {
                source,
                audience,
                scheme,
            } => Self::Token(Tokens { source, audience }, *scheme),
        })
    }

    /// The hash that the key signs, or will when it is made.
    fn hash(&self) -> HashAlgorithm {
        match self {
            Self::Key(key) => key.hash(),
            // Ed25519 signs a SHA-512, where it signs a digest.
            Self::Token(_, scheme) => scheme.algorithm().hash().unwrap_or(HashAlgorithm::Sha512),
        }
    }
}

fn read_key(path: &Path, password: Option<&Path>) -> Result<SigningKey, Problem> {
    let pem = Zeroizing::new(Document::PrivateKey.read(path)?);
    let password = match password {
        Some(path) => Some(Zeroizing::new(Document::Password.read(path)?)),
        None => std::env::var_os("SIGSIGN_KEY_PASSWORD")
            .map(|it| Zeroizing::new(it.into_encoded_bytes())),
    };
    let password = password.as_ref().map(|it| it.trim_ascii_end());
    let text = str::from_utf8(&pem).unwrap_or_default();
    SigningKey::from_pem(text, password).map_err(|error| {
        let what = format!("{} is not a private key that can sign", path.display());
        Problem::document(error.code(), &what, &error)
    })
}

/// What is signed, read before anybody is asked.
pub(super) enum Contents {
    Digest(Digest),
    Statement(Vec<u8>),
}

impl Contents {
    fn read(job: &Job, kind: Kind, hash: HashAlgorithm) -> Result<Self, Problem> {
        match (kind, &job.subject) {
            (Kind::Statement, Subject::File(path)) => {
                Document::Statement.read(path).map(Self::Statement)
            }
            (Kind::Statement, _) => Document::Statement
                .read(Path::new("-"))
                .map(Self::Statement),
            (Kind::Artifact, Subject::Digest(digest)) if digest.algorithm() == hash => {
                Ok(Self::Digest(*digest))
            }
            (Kind::Artifact, Subject::Digest(digest)) => {
                let found = digest.algorithm();
                let sentence = format!("this key signs {hash} digests, and this is {found}");
                Err(Problem::usage(
                    sentence,
                    "give the file, or another --scheme",
                ))
            }
            (Kind::Artifact, subject) => check::digest(subject, hash).map(Self::Digest),
        }
    }
}

/// The services, and who signs with them.
pub(super) struct Signatory<'a> {
    connected: Connected,
    signer: Signer,
    holder: Holder<'a>,
}

/// Who signs: a key of the caller's, or certificates that are renewed when they are nearly over.
enum Holder<'a> {
    Key(Certified),
    Token(Tokens<'a>),
}

impl<'a> Signatory<'a> {
    pub(super) async fn open(services: &Services, who: Who<'a>) -> Result<Self, Problem> {
        let connected = Connected::open(services).await?;
        let transport = Arc::clone(&connected.transport);
        let mut signer = Signer::new(&connected.root, &connected.config, transport, now())?;
        let holder = match who {
            Who::Key(key) => Holder::Key(signer.with_key(*key)),
            Who::Token(tokens, scheme) => {
                signer = signer.scheme(scheme).audience(tokens.audience);
                Holder::Token(tokens)
            }
        };
        Ok(Self {
            connected,
            signer,
            holder,
        })
    }

    /// The caller's key, or one that somebody certified just now.
    pub(super) async fn certified(&self) -> Result<Certified, Problem> {
        let (certified, _) = self.certified_by(|_| Ok(())).await?;
        Ok(certified)
    }

    /// The same, after a look at the token, whose signature the authority has checked then; `None`
    /// where there is no token.
    pub(super) async fn certified_by<T>(
        &self,
        look: impl FnOnce(&IdentityToken) -> Result<T, Problem>,
    ) -> Result<(Certified, Option<T>), Problem> {
        match &self.holder {
            Holder::Key(key) => Ok((key.clone(), None)),
            Holder::Token(Tokens { source, audience }) => {
                let token = self.connected.token(source, audience).await?;
                let seen = look(&token)?;
                let certified = self.signer.session(token, now())?.certify(now()).await?;
                Ok((certified, Some(seen)))
            }
        }
    }

    /// One thing, with a certificate made for it.
    pub(super) async fn sign(
        &self,
        certified: Certified,
        contents: Contents,
    ) -> Result<SignedBundle, Problem> {
        Ok(witness(certified, contents).await?)
    }

    /// What each is called, and is. One certificate for all, until it is nearly over.
    pub(super) async fn sign_all(
        &self,
        first: Certified,
        works: Vec<(String, Contents)>,
    ) -> Result<Vec<SignedBundle>, Problem> {
        let counter = Counter::new(works.len());
        let current = tokio::sync::Mutex::new(first);
        let one = |(name, contents): (String, Contents)| {
            let (current, counter) = (&current, &counter);
            async move {
                let certified = self.fresh(current).await?;
                let signed = apart(witness(certified, contents)).await;
                counter.advance();
                signed.map_err(|error| Problem::from(error).about(&name))
            }
        };
        stream::iter(works)
            .map(one)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// What is current, renewed once by whoever first finds it nearly over.
    ///
    /// Spec: S11
    async fn fresh(&self, current: &tokio::sync::Mutex<Certified>) -> Result<Certified, Problem> {
        let mut current = current.lock().await;
        if !current.is_fresh(now()) {
            *current = self.certified().await?;
        }
        Ok(current.clone())
    }
}

/// On whichever thread is free, if there are several.
async fn apart<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return future.await;
    }
    match tokio::spawn(future).await {
        Ok(done) => done,
        // It was not canceled, so this goes on with its panic.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn witness(certified: Certified, contents: Contents) -> Result<SignedBundle, SignError> {
    let signed = match contents {
        Contents::Digest(digest) => certified.sign(Artifact::Digest(digest), now())?,
        Contents::Statement(json) => certified.sign_statement(json, now())?,
    };
    signed.witness().await?.finish(now())
}

/// The time of this machine.
fn now() -> Timestamp {
    SystemTime::now().into()
}
