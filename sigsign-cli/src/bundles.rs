//! Where the bundles of an artifact come from.

use std::fs;
use std::path::{Path, PathBuf};

use sigsign_core::bundle::{Bundle, BundleError, Lines};

use crate::files::{self, Document, shown};
use crate::plan::Subject;
use crate::problem::Problem;

/// The bundles in one file, read once for all artifacts.
#[derive(Debug)]
pub(crate) struct Bundles {
    path: PathBuf,
    found: Found,
}

/// What is looked for beside an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its signature first of all.
    Signature,
    /// A statement about it: where there are several bundles, first of all.
    Statement,
}

/// Each bundle, or what is wrong with it; or what is wrong with their file. Never empty.
type Found = Result<Vec<Result<Bundle, Problem>>, Problem>;

impl Bundles {
    /// The bundles in this file.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: read(path),
        }
    }

    /// The bundles beside an artifact. The plan asks for a path for what is not a file.
    pub(crate) fn beside(subject: &Subject, wanted: Wanted) -> Self {
        let found = match subject {
            Subject::File(file) => find(file, wanted),
            _ => Err(Problem::input("bundle.not-found", "no bundle")),
        };
        match found {
            Ok(path) => Self::at(&path),
            Err(problem) => Self {
                path: PathBuf::new(),
                found: Err(problem),
            },
        }
    }

    /// All bundles beside a file, wherever they are looked for; none if there is none.
    pub(crate) fn all_beside(subject: &Subject) -> Vec<Self> {
        let Subject::File(file) = subject else {
            return Vec::new();
        };
        let places = Wanted::Signature.beside(file);
        let there = places
            .iter()
            .filter(|path| fs::symlink_metadata(path).is_ok());
        there.map(|path| Self::at(path)).collect()
    }

    /// Where they are; empty if that is not known.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn found(&self) -> Result<&[Result<Bundle, Problem>], &Problem> {
        self.found.as_deref()
    }
}

fn read(path: &Path) -> Found {
    let bytes = Document::Bundle.read(path)?;
    let wrong = |error: BundleError| {
        let what = format!("bundle {} cannot be used", shown(path));
        Problem::document(error.code(), &what, &error)
    };
    if !files::is_lines(path) {
        return Ok(vec![Ok(Bundle::from_json(&bytes).map_err(wrong)?)]);
    }
    let bundles: Vec<_> = Lines::new(&bytes)
        .map(|bundle| bundle.map_err(wrong))
        .collect();
    if bundles.is_empty() {
        let sentence = format!("there is no bundle in {}", shown(path));
        return Err(Problem::input("bundle.empty", sentence)
            .hint("a file whose name ends in .jsonl has a bundle in each line"));
    }
    Ok(bundles)
}

impl Wanted {
    /// Where it is looked for, in this order.
    fn endings(self) -> [&'static str; 3] {
        match self {
            Self::Signature => [".sigstore.json", ".sigstore", ".sigstore.jsonl"],
            Self::Statement => [".sigstore.jsonl", ".sigstore.json", ".sigstore"],
        }
    }

    fn beside(self, file: &Path) -> [PathBuf; 3] {
        self.endings().map(|ending| {
            let mut name = file.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        })
    }
}

/// The first bundle beside the file; a link that leads nowhere counts, so that it is noticed.
fn find(file: &Path, wanted: Wanted) -> Result<PathBuf, Problem> {
    let candidates = wanted.beside(file);
    if let Some(found) = candidates
        .iter()
        .find(|path| fs::symlink_metadata(path).is_ok())
    {
        return Ok(found.clone());
    }
    // Before a bundle is missed: is there anything to verify?
    files::open(file).map_err(|error| files::unreadable(&error))?;
    let [first, second, third] = candidates.map(|path| path.display().to_string());
    let sentence = format!("no bundle found: looked for {first}, {second} and {third}");
    Err(Problem::input("bundle.not-found", sentence).hint("name it with --bundle PATH"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    /// A folder of its own, gone when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sigsign-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn add(&self, name: &str) -> PathBuf {
            File::create(self.0.join(name)).unwrap();
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    // V1
    #[test]
    fn accepts_bundles_beside_the_file_in_their_order() {
        let folder = Folder::new("order");
        let file = folder.add("app");

        let old = folder.add("app.sigstore");
        assert_eq!(old, find(&file, Wanted::Signature).unwrap());
        let more = folder.add("app.sigstore.jsonl");
        assert_eq!(old, find(&file, Wanted::Signature).unwrap());
        assert_eq!(more, find(&file, Wanted::Statement).unwrap());
        let new = folder.add("app.sigstore.json");
        assert_eq!(new, find(&file, Wanted::Signature).unwrap());
    }

    // V1
    #[test]
    fn rejects_a_file_without_a_bundle() {
        let folder = Folder::new("none");
        let file = folder.add("app");

        assert_eq!(
            "bundle.not-found",
            find(&file, Wanted::Signature).unwrap_err().code
        );
    }

    #[test]
    fn rejects_a_file_that_is_not_there_before_its_bundle() {
        let folder = Folder::new("nothing");

        assert_eq!(
            "artifact.read",
            find(&folder.0, Wanted::Signature).unwrap_err().code
        );
        let absent = folder.0.join("absent");
        assert_eq!(
            "artifact.read",
            find(&absent, Wanted::Signature).unwrap_err().code
        );
    }
}
