use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::{is_stdin, shown};
use crate::problem::Problem;
use crate::ui::Ui;

/// Where the bundle of a file goes, and is looked for first.
pub(crate) fn bundle_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.json");
    PathBuf::from(name)
}

/// Files to be written together, or not at all.
#[derive(Debug)]
pub(crate) struct Places<'a>(Vec<&'a Path>);

impl<'a> Places<'a> {
    /// Checks that files can be made there, and leaves nothing behind.
    pub(crate) fn check(paths: impl Iterator<Item = &'a Path>) -> Result<Self, Problem> {
        let places: Vec<&Path> = paths.collect();
        let mut checked = None;
        for place in places.iter().filter(|it| !is_stdin(it)) {
            if place.is_dir() {
                let sentence = format!("{} is a directory", shown(place));
                return Err(Problem::input("bundle.write", sentence).hint("name a file"));
            }
            let folder = folder_of(place);
            if checked != Some(folder) {
                tempfile::tempfile_in(folder).map_err(|error| unwritable(place, &error))?;
                checked = Some(folder);
            }
        }
        Ok(Self(places))
    }

    /// Writes each document to its place: first all beside them, then all are renamed. What was
    /// there before is replaced.
    pub(crate) fn write<'t>(
        &self,
        documents: impl Iterator<Item = &'t str>,
        ui: &mut Ui,
    ) -> Result<(), Problem> {
        let mut ready = Vec::new();
        for (place, document) in self.0.iter().zip(documents) {
            if is_stdin(place) {
                ui.answer(document);
            } else {
                let file = beside(place, document).map_err(|error| unwritable(place, &error))?;
                ready.push((file, place));
            }
        }
        for (file, place) in ready {
            let renamed = file.persist(place);
            renamed.map_err(|failed| unwritable(place, &failed.error))?;
        }
        Ok(())
    }
}

fn beside(place: &Path, document: &str) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".sigsign-");
    // As any program makes a file: the user's mask says who may read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(place))?;
    file.write_all(document.as_bytes())?;
    file.write_all(b"\n")?;
    Ok(file)
}

fn folder_of(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn unwritable(place: &Path, error: &std::io::Error) -> Problem {
    let sentence = format!("bundle {} cannot be written", shown(place));
    Problem::io("bundle.write", &sentence, error)
        .hint("--bundle PATH puts it elsewhere; nothing was written")
}
