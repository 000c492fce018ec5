//! One artifact against its bundles.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sigsign_core::bundle::{Bundle, Content};
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::{Digest, DigestHint, HashAlgorithm};
use sigsign_core::dsse::Subject as NamedSubject;
use sigsign_core::policy::Policy;
use sigsign_core::time::Timestamp;
use sigsign_core::verify::{Artifact, ArtifactError, Verified, Verifier, VerifyError};

use crate::bundles::Bundles;
use crate::exit::Exit;
use crate::files::{self, ReadAhead};
use crate::plan::Subject;
use crate::problem::Problem;
use crate::progress::Progress;

/// What is asked, and of whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) verifier: &'a Verifier,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    pub(crate) reading: Reading,
    /// Whether the trusted root is of a local instance.
    pub(crate) local: bool,
}

/// How a large file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// By a thread of its own, with a progress bar.
    Ahead,
    /// On the spot, where every core is busy anyway.
    Plain,
}

/// A yes with its evidence, or why there is none.
type Verdict = Result<Box<Verified>, Problem>;

/// Bundles that did not verify, by their number.
type Others = Vec<(usize, Problem)>;

/// The answer for one artifact.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where the bundles are.
    pub(crate) bundle: PathBuf,
    pub(crate) verdict: Verdict,
    /// Other bundles in the same file, by their number, and why they did not verify.
    pub(crate) others: Others,
    /// Whether it was verified for a local instance, not the public one.
    pub(crate) local: bool,
}

impl Answer {
    pub(crate) fn exit(&self) -> Exit {
        self.verdict
            .as_ref()
            .map_or_else(|problem| problem.exit, |_| Exit::Done)
    }
}

impl Question<'_> {
    /// Verifies `subject`; one good bundle is enough.
    pub(crate) fn ask(self, subject: &Subject, bundles: &Bundles) -> Answer {
        let (verdict, others) = match bundles.found() {
            Err(problem) => (Err(problem.clone()), Vec::new()),
            Ok(found) => self.ask_all(subject, found),
        };
        Answer {
            bundle: bundles.path().to_owned(),
            verdict,
            others,
            local: self.local,
        }
    }

    fn ask_all(self, subject: &Subject, bundles: &[Result<Bundle, Problem>]) -> (Verdict, Others) {
        let mut contents = Contents::new(subject, bundles.len() > 1, self.reading);
        let mut others = Vec::new();
        for (number, bundle) in (1..).zip(bundles) {
            let verdict = match bundle {
                Ok(bundle) => contents.verify(self, bundle),
                Err(problem) => Err(problem.clone()),
            };
            match verdict {
                Ok(verified) => return (Ok(verified), others),
                Err(problem) => others.push((number, problem)),
            }
        }
        let verdict = match others.len() {
            1 => others.remove(0).1,
            count => none_of(count, &others),
        };
        (Err(verdict), others)
    }
}

fn none_of(count: usize, others: &[(usize, Problem)]) -> Problem {
    let exit = others
        .iter()
        .fold(Exit::Done, |exit, (_, problem)| exit.and(problem.exit));
    Problem {
        exit,
        check: None,
        code: "bundle.none-verified",
        sentences: vec![format!("none of the {count} bundles verifies")],
        hint: None,
    }
}

/// What is known of the artifact so far, where several bundles ask for it.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    subject: &'a Subject,
    reading: Reading,
    /// Digests are kept for the next bundle.
    again: bool,
    digests: Vec<Digest>,
}

impl<'a> Contents<'a> {
    pub(crate) fn new(subject: &'a Subject, again: bool, reading: Reading) -> Self {
        Self {
            subject,
            reading,
            again,
            digests: Vec::new(),
        }
    }

    pub(crate) fn verify(
        &mut self,
        ask: Question<'_>,
        bundle: &Bundle,
    ) -> Result<Box<Verified>, Problem> {
        let verify = |artifact: Artifact<'_>| {
            ask.verifier
                .verify(bundle, artifact, ask.policy, ask.now)
                .map(Box::new)
        };
        let answer = match self.subject {
            Subject::Digest(digest) => verify(Artifact::Digest(*digest)),
            subject if self.again => {
                self.digest(subject, HashAlgorithm::Sha256)?;
                self.hash(subject, &named_digests(bundle))?;
                let mut answer = verify(Artifact::Digests(&self.digests));
                if answer.as_ref().is_err_and(needs_other_digests) {
                    self.hash(subject, &HashAlgorithm::ALL)?;
                    answer = verify(Artifact::Digests(&self.digests));
                }
                match answer {
                    Err(VerifyError::Artifact(ArtifactError::NeedsBytes))
                        if *subject != Subject::Stdin =>
                    {
                        verify(Artifact::Reader(&mut self.open(subject)?))
                    }
                    answer => answer,
                }
            }
            subject => match self.open(subject)? {
                Opened::Small(bytes) => verify(Artifact::Bytes(&bytes)),
                mut opened => verify(Artifact::Reader(&mut opened)),
            },
        };
        answer.map_err(Problem::from)
    }

    /// Computed once; what is read only once is hashed in every way at once.
    pub(crate) fn digest(
        &mut self,
        subject: &Subject,
        want: HashAlgorithm,
    ) -> Result<Digest, Problem> {
        if *subject == Subject::Stdin {
            self.hash(subject, &HashAlgorithm::ALL)?;
        } else {
            self.hash(subject, &[want])?;
        }
        let unknown = || Problem::input("artifact.read", "digest cannot be computed");
        self.digests
            .iter()
            .find(|known| known.algorithm() == want)
            .copied()
            .ok_or_else(unknown)
    }

    /// Computes those of the digests that are not known, in one reading.
    fn hash(&mut self, subject: &Subject, wanted: &[HashAlgorithm]) -> Result<(), Problem> {
        let known = |it: &HashAlgorithm| self.digests.iter().any(|known| known.algorithm() == *it);
        let missing: Vec<HashAlgorithm> = wanted.iter().copied().filter(|it| !known(it)).collect();
        if !missing.is_empty() {
            let mut opened = self.open(subject)?;
            let digests = hash(&mut opened, &missing).map_err(|error| files::unreadable(&error))?;
            self.digests.extend(digests);
        }
        Ok(())
    }

    fn open(&self, subject: &Subject) -> Result<Opened, Problem> {
        let opened = match subject {
            Subject::File(path) => Opened::file(path, self.reading),
            _ => Ok(Opened::Ahead(ReadAhead::new(io::stdin()), Progress::new(0))),
        };
        opened.map_err(|error| files::unreadable(&error))
    }
}

/// The algorithms of the digests that the bundle itself names, all of which are compared.
fn named_digests(bundle: &Bundle) -> Vec<HashAlgorithm> {
    let mut named: Vec<HashAlgorithm> = match bundle.content() {
        Content::Message { digest, .. } => digest.iter().map(DigestHint::algorithm).collect(),
        Content::Dsse(envelope) => envelope.statement().map_or_else(
            |_| Vec::new(),
            |statement| {
                let strong = statement
                    .subjects()
                    .iter()
                    .flat_map(NamedSubject::strong_digests);
                strong.map(|digest| digest.algorithm()).collect()
            },
        ),
        _ => Vec::new(),
    };
    named.sort_unstable_by_key(|it| it.len());
    named.dedup();
    named
}

/// Whether another digest of the same artifact might be what is signed.
fn needs_other_digests(error: &VerifyError) -> bool {
    matches!(
        error,
        VerifyError::Artifact(ArtifactError::NeedsDigest { .. })
    )
}

/// The digest of an artifact that is read once.
pub(crate) fn digest(subject: &Subject, want: HashAlgorithm) -> Result<Digest, Problem> {
    if let Subject::Digest(digest) = subject {
        return Ok(*digest);
    }
    let contents = Contents::new(subject, false, Reading::Ahead);
    let mut opened = contents.open(subject)?;
    let digests = hash(&mut opened, &[want]).map_err(|error| files::unreadable(&error))?;
    digests
        .into_iter()
        .next()
        .ok_or_else(|| Problem::input("artifact.read", "digest cannot be computed"))
}

fn hash(reader: &mut impl Read, algorithms: &[HashAlgorithm]) -> io::Result<Vec<Digest>> {
    let mut hashers: Vec<Hasher> = algorithms.iter().copied().map(Hasher::new).collect();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(hashers.into_iter().map(Hasher::finish).collect());
        }
        for hasher in &mut hashers {
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
    }
}

/// An artifact ready to be read.
enum Opened {
    Ahead(ReadAhead, Progress),
    Plain(File),
    Small(Vec<u8>),
}

impl Opened {
    fn file(path: &Path, reading: Reading) -> io::Result<Self> {
        let (mut file, size) = files::open(path)?;
        if size > 0 && size <= files::AT_ONCE_BYTES {
            let mut bytes =
                Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
            file.read_to_end(&mut bytes)?;
            return Ok(Self::Small(bytes));
        }
        Ok(match reading {
            Reading::Ahead => Self::Ahead(ReadAhead::new(file), Progress::new(size)),
            Reading::Plain => Self::Plain(file),
        })
    }
}

impl Read for Opened {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Ahead(reader, progress) => {
                let read = reader.read(to)?;
                progress.advance(read);
                Ok(read)
            }
            Self::Plain(file) => file.read(to),
            Self::Small(bytes) => {
                let read = bytes.as_slice().read(to)?;
                bytes.drain(..read);
                Ok(read)
            }
        }
    }
}
