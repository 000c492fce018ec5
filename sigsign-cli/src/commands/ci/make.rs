//! Signatures and statements, all with one certificate: everything is signed before anything is
//! written, and written before anything is uploaded.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::encoding::Escaped;
use sigsign_core::sign::SignedBundle;

use super::api::Api;
use super::event::{Event, Release as Target};
use super::runner;
use crate::check;
use crate::cli::Instance;
use crate::commands::attest::{provenance, statement};
use crate::commands::sign::shown::{self, Made};
use crate::commands::sign::{Contents, Signatory, Who, on_threads};
use crate::exit::Exit;
use crate::files::{Document, Places, bundle_beside, bundles_beside, checksums};
use crate::json;
use crate::plan::Subject;
use crate::plan::attest::name_in_statement;
use crate::plan::ci::{GitHub, Make, Others, Release};
use crate::plan::sign::{Place, Services};
use crate::predicate;
use crate::problem::Problem;
use crate::ui::Ui;

/// Rows of the summary; GitHub takes pages of up to 1 MiB.
const ROWS: usize = 200;

pub(super) fn run(
    plan: &GitHub,
    make: &Make,
    event: &Event,
    files: &[PathBuf],
    ui: &mut Ui,
) -> Result<Exit, Problem> {
    if event.is_private()
        && matches!(&make.services, Services::Remote { place, .. } if is_public(place))
    {
        ui.answer(runner::warning(
            "this repository is private, and the public instance publishes its name and those of \
             its workflows; the input instance names another",
        ));
    }
    let work = Work::read(make, files)?;
    let upload = Upload::new(plan, make, event)?;
    let done = on_threads(async {
        // A release that is not there is found out before anything is logged.
        let target = upload.target().await?;
        Ok((work.sign(make).await?, target))
    });
    let (signed, target) = done?;
    work.write(&signed, ui)?;
    let mut outputs = work.outputs(make, &signed);
    let uploaded = on_threads(upload.send(&work, &signed, target));
    let ids = uploaded.as_ref().map_or(&[][..], Vec::as_slice);
    outputs.push(("attestation-ids", json::line(&ids)));
    runner::outputs(&plan.runner, &outputs)?;
    runner::summarize(&plan.runner, &work.summary(make, &signed))?;
    work.show(&signed, ui);
    uploaded?;
    Ok(Exit::Done)
}

fn is_public(place: &Place) -> bool {
    *place == Place::Instance(Instance::Public)
}

/// One file, with its places.
struct File {
    subject: Subject,
    digest: Digest,
    signature: PathBuf,
    statements: PathBuf,
}

impl File {
    fn name(&self) -> String {
        self.subject.name()
    }
}

/// Everything that is known before anybody is asked.
struct Work {
    files: Vec<File>,
    subjects: Vec<(String, Vec<Digest>)>,
    /// Types and contents; of the provenance only the token knows the contents.
    statements: Vec<(String, Option<Vec<u8>>)>,
    /// Where statements go if they are about nothing but a list.
    list: Option<PathBuf>,
    signatures: bool,
}

/// What was signed, in the order of the work.
struct Signed {
    signatures: Vec<SignedBundle>,
    statements: Vec<SignedBundle>,
}

impl Signed {
    fn first(&self) -> Option<&SignedBundle> {
        self.signatures.iter().chain(&self.statements).next()
    }
}

impl Work {
    fn read(make: &Make, paths: &[PathBuf]) -> Result<Self, Problem> {
        let places = Folder::new(make.bundle_dir.as_deref())?;
        let mut files = Vec::new();
        for path in paths {
            let subject = Subject::File(path.clone());
            let digest = check::digest(&subject, HashAlgorithm::Sha256)
                .map_err(|problem| problem.about(&subject.name()))?;
            let at = places.of(path);
            files.push(File {
                subject,
                digest,
                signature: bundle_beside(&at),
                statements: bundles_beside(&at),
            });
        }
        check_names(&files, make)?;
        let mut subjects: Vec<(String, Vec<Digest>)> = files
            .iter()
            .map(|it| (name_in_statement(&it.subject), vec![it.digest]))
            .collect();
        let mut list = None;
        if let Some(path) = &make.checksums {
            let listed = checksums(path)?.into_iter();
            subjects.extend(listed.map(|(name, digest)| (name, vec![digest])));
            list = files.is_empty().then(|| bundles_beside(&places.of(path)));
        }
        let mut statements = Vec::new();
        if make.provenance {
            statements.push((sigsign_core::oidc::PROVENANCE_TYPE.to_owned(), None));
        }
        for (name, path) in &make.predicates {
            let (name, predicate) = read_predicate(name, path)?;
            statements.push((name, Some(predicate)));
        }
        let work = Self {
            files,
            subjects,
            statements,
            list,
            signatures: make.signatures,
        };
        Places::check(work.places())?;
        Ok(work)
    }

    /// Where bundles go.
    fn places(&self) -> impl Iterator<Item = &Path> {
        self.signature_places().chain(self.statement_places())
    }

    fn signature_places(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().filter(|_| self.signatures);
        files.map(|it| it.signature.as_path())
    }

    fn statement_places(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().map(|it| it.statements.as_path());
        let all = files.chain(self.list.as_deref());
        all.filter(|_| !self.statements.is_empty())
    }

    async fn sign(&self, make: &Make) -> Result<Signed, Problem> {
        let signatory = Signatory::open(&make.services, Who::read(&make.who)?).await?;
        let look = |token: &_| make.provenance.then(|| provenance(token)).transpose();
        let (certified, of_token) = signatory.certified_by(look).await?;
        let of_token = of_token.flatten().unwrap_or_default();
        let mut works = Vec::new();
        for file in self.files.iter().filter(|_| self.signatures) {
            works.push((file.name(), Contents::Digest(file.digest)));
        }
        let signatures = works.len();
        for (kind, said) in &self.statements {
            let said = said.as_ref().unwrap_or(&of_token);
            let contents = statement(&self.subjects, kind, said)?;
            works.push((predicate::name_of(kind).to_owned(), contents));
        }
        let mut signed = signatory.sign_all(certified, works).await?;
        let statements = signed.split_off(signatures);
        Ok(Signed {
            signatures: signed,
            statements,
        })
    }

    fn write(&self, signed: &Signed, ui: &mut Ui) -> Result<(), Problem> {
        let places = Places::check(self.signature_places())?;
        places.write(signed.signatures.iter().map(SignedBundle::json), ui)?;
        let places = Places::check(self.statement_places())?;
        for bundle in &signed.statements {
            places.add(bundle.json(), ui)?;
        }
        Ok(())
    }

    fn outputs(&self, make: &Make, signed: &Signed) -> Vec<(&'static str, String)> {
        let bundles = self.places().map(|it| it.display().to_string());
        let digests = self.files.iter().map(|it| it.digest.to_string());
        let all = signed.signatures.iter().chain(&signed.statements);
        let indices = all.flat_map(indices);
        let identity = signed.first().and_then(|it| it.verified().subject());
        vec![
            ("bundles", json::line(&bundles.collect::<Vec<_>>())),
            ("digests", json::line(&digests.collect::<Vec<_>>())),
            ("identity", identity.unwrap_or_default().to_owned()),
            ("log-indices", json::line(&indices.collect::<Vec<_>>())),
            ("verify-command", self.command(make, signed)),
        ]
    }

    /// What verifies the first file.
    fn command(&self, make: &Make, signed: &Signed) -> String {
        let file = self.files.first();
        let made = |bundle, predicate_type| Made {
            subject: file.map(|it| &it.subject),
            more: 0,
            bundle,
            services: &make.services,
            verify_with: &make.verify_with,
            predicate_type,
        };
        let signature = signed.signatures.first().zip(file);
        let statement = signed.statements.first().zip(self.statements.first());
        let words = match (signature, statement, self.statement_places().next()) {
            (Some((signed, file)), ..) => shown::command(&made(&file.signature, None), signed),
            (None, Some((signed, (kind, _))), Some(place)) => {
                shown::command(&made(place, Some(kind)), signed)
            }
            _ => return String::new(),
        };
        let words = words
            .iter()
            .map(|word| shown::quoted(&word.to_string_lossy()));
        words.collect::<Vec<_>>().join(" ")
    }

    fn show(&self, signed: &Signed, ui: &mut Ui) {
        for (file, bundle) in self.files.iter().zip(&signed.signatures) {
            let (name, bundle) = (file.name(), said_of(bundle, &file.signature));
            ui.answer(format_args!("signed {}: {bundle}", Escaped(&name)));
        }
        let place = self
            .statement_places()
            .next()
            .unwrap_or_else(|| Path::new(""));
        for ((kind, _), bundle) in self.statements.iter().zip(&signed.statements) {
            let (subjects, bundle) = (self.subjects.len(), said_of(bundle, place));
            let kind = Escaped(kind).to_string();
            ui.answer(format_args!("attested {kind} of {subjects}: {bundle}"));
        }
    }

    /// A page for people: what was signed, by whom, and how that is verified.
    fn summary(&self, make: &Make, signed: &Signed) -> String {
        let cell = runner::cell;
        let mut page = String::from("### Signed with sigsign\n");
        if let Some(first) = signed.first() {
            let verified = first.verified();
            let (subject, issuer) = (verified.subject(), verified.issuer());
            let (subject, issuer) = (subject.unwrap_or_default(), issuer.unwrap_or_default());
            page.push_str(&format!(
                "\nby {}, issuer {}\n",
                cell(subject),
                cell(issuer)
            ));
        }
        page.push_str("\n| file | digest | log index |\n|---|---|---|\n");
        for (at, (name, digests)) in self.subjects.iter().enumerate().take(ROWS) {
            let digest = digests.first().map(ToString::to_string).unwrap_or_default();
            let index = signed
                .signatures
                .get(at)
                .map(index_text)
                .unwrap_or_default();
            page.push_str(&format!(
                "| {} | {} | {index} |\n",
                cell(name),
                cell(&digest)
            ));
        }
        if let Some(more @ 1..) = self.subjects.len().checked_sub(ROWS) {
            page.push_str(&format!("\nand {more} more\n"));
        }
        if !self.statements.is_empty() {
            page.push_str("\n| statement | about | log index |\n|---|---|---|\n");
        }
        for ((kind, _), bundle) in self.statements.iter().zip(&signed.statements) {
            let (about, index) = (self.subjects.len(), index_text(bundle));
            page.push_str(&format!("| {} | {about} | {index} |\n", cell(kind)));
        }
        let command = runner::fenced(&self.command(make, signed));
        page.push_str(&format!("\nVerify with\n\n{command}\n"));
        page
    }
}

/// Files that are uploaded, or go into one folder, need names of their own.
fn check_names(files: &[File], make: &Make) -> Result<(), Problem> {
    if make.bundle_dir.is_none() && make.release == Release::Never {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let twice = files.iter().map(|it| name_in_statement(&it.subject));
    match twice.into_iter().find(|it| !seen.insert(it.clone())) {
        None => Ok(()),
        Some(name) => {
            let sentence = format!("two files are called {name}");
            Err(Problem::input("ci.same-name", sentence)
                .hint("sign them in two steps, or without bundle-dir and release-upload"))
        }
    }
}

/// Bundles beside their files, or all in one folder.
struct Folder<'a>(Option<&'a Path>);

impl<'a> Folder<'a> {
    fn new(folder: Option<&'a Path>) -> Result<Self, Problem> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(|error| {
                let what = format!("folder {} cannot be made", folder.display());
                Problem::io("bundle.write", &what, &error)
            })?;
        }
        Ok(Self(folder))
    }

    fn of(&self, path: &Path) -> PathBuf {
        match (self.0, path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    }
}

/// A predicate and its type; a bill of materials says itself which one it is.
fn read_predicate(name: &str, path: &Path) -> Result<(String, Vec<u8>), Problem> {
    let json = Document::Predicate.read(path)?;
    let names = if name.is_empty() {
        &["spdx", "cyclonedx"][..]
    } else {
        &[name]
    };
    let mut refused = None;
    for name in names {
        let kind = predicate::type_of(name)?;
        match predicate::check(&kind, &json) {
            Ok(()) => return Ok((kind, json)),
            Err(problem) => refused = Some(problem),
        }
    }
    let mut problem = refused.unwrap_or_else(|| Problem::input("predicate.shape", "no predicate"));
    if name.is_empty() && problem.code == "predicate.shape" {
        problem = Problem::input(
            "predicate.shape",
            "wanted SPDX with spdxVersion or CycloneDX with bomFormat, both in JSON, found something else",
        )
        .hint("predicate-type with predicate-path is for whatever is neither");
    }
    Err(problem.about(&path.display().to_string()))
}

/// Where bundles are uploaded to.
struct Upload<'a> {
    /// `None` if they are not.
    api: Option<Api<'a>>,
    release: Wanted<'a>,
    others: Others,
    store: bool,
}

enum Wanted<'a> {
    Nowhere,
    Named(&'a Target),
    OfTheTag,
}

impl<'a> Upload<'a> {
    fn new(plan: &'a GitHub, make: &Make, event: &'a Event) -> Result<Self, Problem> {
        let release = match (make.release, &event.release) {
            (Release::Never, _) => Wanted::Nowhere,
            (_, Some(release)) => Wanted::Named(release),
            (Release::Auto, None) => Wanted::Nowhere,
            (Release::Always, None) => Wanted::OfTheTag,
        };
        let is_needed = make.store || !matches!(release, Wanted::Nowhere);
        let api = is_needed.then(|| Api::new(&plan.runner)).transpose()?;
        Ok(Self {
            api,
            release,
            others: make.others,
            store: make.store,
        })
    }

    /// The release, which is asked for if the event does not say it.
    async fn target(&self) -> Result<Option<Target>, Problem> {
        match (&self.api, &self.release) {
            (Some(api), Wanted::OfTheTag) => api.release().await.map(Some),
            (_, Wanted::Named(target)) => Ok(Some((*target).clone())),
            _ => Ok(None),
        }
    }

    /// Uploads what was signed; the ids in GitHub's store.
    async fn send(
        &self,
        work: &Work,
        signed: &Signed,
        target: Option<Target>,
    ) -> Result<Vec<String>, Problem> {
        let mut ids = Vec::new();
        let Some(api) = &self.api else {
            return Ok(ids);
        };
        if let Some(target) = target {
            for (place, bundle) in work.signature_places().zip(&signed.signatures) {
                let line = format!("{}\n", bundle.json());
                let name = asset(place);
                api.upload(&target, &name, line.as_bytes(), self.others)
                    .await?;
            }
            let lines = signed
                .statements
                .iter()
                .map(|it| format!("{}\n", it.json()));
            let lines: String = lines.collect();
            for place in work.statement_places() {
                let name = asset(place);
                api.upload(&target, &name, lines.as_bytes(), self.others)
                    .await?;
            }
        }
        for bundle in signed.statements.iter().filter(|_| self.store) {
            ids.push(api.store(bundle.json()).await?);
        }
        Ok(ids)
    }
}

fn asset(place: &Path) -> String {
    let name = place.file_name().unwrap_or(place.as_os_str());
    name.to_string_lossy().into_owned()
}

fn indices(signed: &SignedBundle) -> Vec<u64> {
    let entries = signed.bundle().entries().iter();
    entries.map(|it| it.log_index()).collect()
}

fn index_text(signed: &SignedBundle) -> String {
    let texts: Vec<String> = indices(signed).iter().map(u64::to_string).collect();
    texts.join(", ")
}

fn said_of(signed: &SignedBundle, place: &Path) -> String {
    let place = place.display().to_string();
    format!(
        "log index {}, bundle {}",
        index_text(signed),
        Escaped(&place)
    )
}
