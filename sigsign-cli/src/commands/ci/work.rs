//! What there is to sign, all of which is known before anybody is asked, and what was signed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{Attached, SIGNATURE_TYPE, signature_statement};
use sigsign_core::sign::SignedBundle;

use crate::check;
use crate::commands::attest::{provenance, statement};
use crate::commands::sign::shown::{self, Made};
use crate::commands::sign::{Contents, Signatory, Who};
use crate::files::{Document, Places, bundle_beside, bundles_beside, checksums};
use crate::json;
use crate::plan::Subject;
use crate::plan::attest::name_in_statement;
use crate::plan::ci::{Image, Images, Make, Release};
use crate::predicate;
use crate::problem::Problem;
use crate::ui::Ui;

/// One file, with its places.
struct File {
    subject: Subject,
    digest: Digest,
    signature: PathBuf,
    statements: PathBuf,
}

impl File {
    fn read(path: &Path, places: &Folder<'_>) -> Result<Self, Problem> {
        let subject = Subject::File(path.to_owned());
        let digest = check::digest(&subject, HashAlgorithm::Sha256)
            .map_err(|problem| problem.about(&subject.name()))?;
        let at = places.of(path);
        Ok(Self {
            subject,
            digest,
            signature: bundle_beside(&at),
            statements: bundles_beside(&at),
        })
    }

    fn name(&self) -> String {
        self.subject.name()
    }
}

/// A type, and what is said; `None` if only the token knows.
pub(super) type Saying = (String, Option<Vec<u8>>);

/// Things to sign, and what each is called.
type Works = Vec<(String, Contents)>;

/// Everything that is known before anybody is asked.
pub(super) struct Work<'a> {
    files: Vec<File>,
    pub(super) subjects: Vec<(String, Vec<Digest>)>,
    pub(super) statements: Vec<Saying>,
    /// Where statements go if they are about nothing but a list.
    list: Option<PathBuf>,
    pub(super) signatures: bool,
    pub(super) images: &'a Images,
    /// Where bundles of images go, beside the registries; none if they do not.
    image_places: Vec<PathBuf>,
}

/// What was signed, in the order of the work.
pub(super) struct Signed {
    pub(super) signatures: Vec<SignedBundle>,
    pub(super) statements: Vec<SignedBundle>,
    /// Of each image the signature, and the statements about it.
    pub(super) images: Vec<Vec<SignedBundle>>,
}

impl Signed {
    pub(super) fn all(&self) -> impl Iterator<Item = &SignedBundle> {
        let of_files = self.signatures.iter().chain(&self.statements);
        of_files.chain(self.images.iter().flatten())
    }
}

impl<'a> Work<'a> {
    pub(super) fn read(
        make: &Make,
        paths: &[PathBuf],
        images: &'a Images,
    ) -> Result<Self, Problem> {
        let places = Folder::new(make.bundle_dir.as_deref())?;
        let files = paths.iter().map(|path| File::read(path, &places));
        let files = files.collect::<Result<Vec<_>, _>>()?;
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
        let work = Self {
            files,
            subjects,
            statements: statements(make)?,
            list,
            signatures: make.signatures,
            images,
            image_places: places.of_images(images),
        };
        Places::check(work.places())?;
        Ok(work)
    }

    /// Where bundles go.
    fn places(&self) -> impl Iterator<Item = &Path> {
        let of_images = self.image_places.iter().map(PathBuf::as_path);
        let of_files = self.signature_places().chain(self.statement_places());
        of_files.chain(of_images)
    }

    pub(super) fn signature_places(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().filter(|_| self.signatures);
        files.map(|it| it.signature.as_path())
    }

    pub(super) fn statement_places(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter().map(|it| it.statements.as_path());
        let all = files.chain(self.list.as_deref());
        all.filter(|_| !self.statements.is_empty())
    }

    /// What is said of each image: that it is signed, and the statements.
    pub(super) fn kinds(&self) -> Vec<&str> {
        let signature = self.signatures.then_some(SIGNATURE_TYPE);
        let statements = self.statements.iter().map(|(kind, _)| kind.as_str());
        signature.into_iter().chain(statements).collect()
    }

    pub(super) async fn sign(&self, make: &Make) -> Result<Signed, Problem> {
        let signatory = Signatory::open(&make.services, Who::read(&make.who)?).await?;
        let look = |token: &_| make.provenance.then(|| provenance(token)).transpose();
        let (certified, of_token) = signatory.certified_by(look).await?;
        let of_token = of_token.flatten().unwrap_or_default();
        let mut works = self.works_on_files(&of_token)?;
        for image in &self.images.named {
            works.extend(self.works_on(image, &of_token)?);
        }
        let all = signatory.sign_all(certified, works).await?;
        Ok(self.sorted(all))
    }

    fn sorted(&self, signed: Vec<SignedBundle>) -> Signed {
        let mut signed = signed.into_iter();
        let mut next = |count| signed.by_ref().take(count).collect::<Vec<_>>();
        let kinds = self.kinds().len();
        Signed {
            signatures: next(self.signature_places().count()),
            statements: next(self.statements_on_files().count()),
            images: self.images.named.iter().map(|_| next(kinds)).collect(),
        }
    }

    /// Statements about files; none if there are images only.
    fn statements_on_files(&self) -> impl Iterator<Item = &Saying> {
        let statements = self.statements.iter();
        statements.filter(|_| !self.subjects.is_empty())
    }

    fn works_on_files(&self, of_token: &[u8]) -> Result<Works, Problem> {
        let mut works = Vec::new();
        for file in self.files.iter().filter(|_| self.signatures) {
            works.push((file.name(), Contents::Digest(file.digest)));
        }
        for (kind, said) in self.statements_on_files() {
            let contents = statement(&self.subjects, kind, said.as_deref().unwrap_or(of_token))?;
            works.push((predicate::name_of(kind).to_owned(), contents));
        }
        Ok(works)
    }

    fn works_on(&self, image: &Image, of_token: &[u8]) -> Result<Works, Problem> {
        let mut works = Vec::new();
        if self.signatures {
            let contents = Contents::Statement(signature_statement(image.digest, &[]));
            works.push((image.pinned(), contents));
        }
        let subjects = [(image.name.repository(), vec![image.digest])];
        for (kind, said) in &self.statements {
            let contents = statement(&subjects, kind, said.as_deref().unwrap_or(of_token))?;
            works.push((image.pinned(), contents));
        }
        Ok(works)
    }

    pub(super) fn write(&self, signed: &Signed, ui: &mut Ui) -> Result<(), Problem> {
        let places = Places::check(self.signature_places())?;
        places.write(signed.signatures.iter().map(SignedBundle::json), ui)?;
        let places = Places::check(self.statement_places())?;
        for bundle in &signed.statements {
            places.add(bundle.json(), ui)?;
        }
        for (place, bundles) in self.image_places.iter().zip(&signed.images) {
            let place = Places::check(std::iter::once(place.as_path()))?;
            for bundle in bundles {
                place.add(bundle.json(), ui)?;
            }
        }
        Ok(())
    }

    pub(super) fn outputs(&self, signed: &Signed) -> Vec<(&'static str, String)> {
        let bundles = self.places().map(|it| it.display().to_string());
        let of_images = self.images.named.iter().map(|it| it.digest);
        let digests = self.files.iter().map(|it| it.digest).chain(of_images);
        let digests = digests.map(|it| it.to_string());
        let indices = signed.all().flat_map(indices);
        let identity = signed.all().next().and_then(|it| it.verified().subject());
        vec![
            ("bundles", json::line(&bundles.collect::<Vec<_>>())),
            ("digests", json::line(&digests.collect::<Vec<_>>())),
            ("identity", identity.unwrap_or_default().to_owned()),
            ("log-indices", json::line(&indices.collect::<Vec<_>>())),
        ]
    }

    /// What verifies the first file, and the first image.
    pub(super) fn commands(&self, make: &Make, signed: &Signed) -> Vec<String> {
        let of_file = self.command_for_files(make, signed);
        let of_image = self.command_for_images(make, signed);
        let lines = [of_file, of_image].into_iter().flatten();
        let lines = lines.map(|words| {
            let words = words.iter().map(|word| word.to_string_lossy());
            let words = words.map(|word| shown::quoted(&word));
            words.collect::<Vec<_>>().join(" ")
        });
        lines.collect()
    }

    fn command_for_files(&self, make: &Make, signed: &Signed) -> Option<Vec<OsString>> {
        let file = self.files.first();
        let made = |bundle, predicate_type| Made {
            subject: file.map(|it| &it.subject),
            more: 0,
            bundle,
            services: &make.services,
            verify_with: &make.verify_with,
            predicate_type,
        };
        if let Some((signed, file)) = signed.signatures.first().zip(file) {
            return Some(shown::command(&made(&file.signature, None), signed));
        }
        let (kind, _) = self.statements_on_files().next()?;
        let place = self.statement_places().next()?;
        let made = made(place, Some(kind));
        Some(shown::command(&made, signed.statements.first()?))
    }

    fn command_for_images(&self, make: &Make, signed: &Signed) -> Option<Vec<OsString>> {
        let signed = signed.images.first()?.first()?;
        let kind = *self.kinds().first()?;
        if !self.images.push {
            let made = Made {
                subject: None,
                more: 0,
                bundle: self.image_places.first()?,
                services: &make.services,
                verify_with: &make.verify_with,
                predicate_type: Some(kind),
            };
            return Some(shown::command(&made, signed));
        }
        let verify_with = [&make.verify_with[..], &self.images.verify_with].concat();
        let name = self.images.named.first()?.pinned();
        let kind = (kind != SIGNATURE_TYPE).then_some(kind);
        Some(shown::image_command(name, kind, &verify_with, signed))
    }

    /// `pushed` is what was put beside the images.
    pub(super) fn show(&self, signed: &Signed, pushed: &[Vec<Attached>], ui: &mut Ui) {
        for (file, bundle) in self.files.iter().zip(&signed.signatures) {
            let (name, bundle) = (file.name(), said_of(bundle, &file.signature));
            ui.answer(format_args!("signed {}: {bundle}", Escaped(&name)));
        }
        let place = self.statement_places().next();
        let place = place.unwrap_or_else(|| Path::new(""));
        let others = match self.statement_places().count() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        for ((kind, _), bundle) in self.statements.iter().zip(&signed.statements) {
            let (subjects, bundle) = (self.subjects.len(), said_of(bundle, place));
            let kind = Escaped(kind).to_string();
            ui.answer(format_args!(
                "attested {kind} of {subjects}: {bundle}{others}"
            ));
        }
        for (at, (image, bundles)) in self.images.named.iter().zip(&signed.images).enumerate() {
            let pushed = pushed.get(at).map_or(&[][..], Vec::as_slice);
            for (at, (kind, bundle)) in self.kinds().iter().zip(bundles).enumerate() {
                let name = image.pinned();
                let what = match *kind {
                    SIGNATURE_TYPE => format!("signed {}", Escaped(&name)),
                    kind => format!("attested {} of {}", Escaped(kind), Escaped(&name)),
                };
                let index = index_text(bundle);
                let place = pushed
                    .get(at)
                    .map(|it| format!(", referrer {}", it.digest()));
                let place = place.unwrap_or_default();
                ui.answer(format_args!("{what}: log index {index}{place}"));
            }
        }
    }
}

/// What is said of everything.
fn statements(make: &Make) -> Result<Vec<Saying>, Problem> {
    let mut statements = Vec::new();
    if make.provenance {
        statements.push((sigsign_core::oidc::PROVENANCE_TYPE.to_owned(), None));
    }
    for (name, path) in &make.predicates {
        let (name, predicate) = read_predicate(name, path)?;
        statements.push((name, Some(predicate)));
    }
    Ok(statements)
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

    /// For each image a file, if there is a folder.
    fn of_images(&self, images: &Images) -> Vec<PathBuf> {
        let folder = self.0.into_iter();
        let all =
            folder.flat_map(|folder| images.named.iter().map(|it| folder.join(it.file_name())));
        all.collect()
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

fn indices(signed: &SignedBundle) -> Vec<u64> {
    let entries = signed.bundle().entries().iter();
    entries.map(|it| it.log_index()).collect()
}

pub(super) fn index_text(signed: &SignedBundle) -> String {
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
