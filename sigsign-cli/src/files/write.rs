use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::{is_lines, is_stdin, shown};
use crate::problem::Problem;
use crate::ui::Ui;

/// Where the bundle of a file goes, and is looked for first.
pub(crate) fn bundle_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.json");
    PathBuf::from(name)
}

/// Where further bundles of a file go, a line each, and are looked for too.
pub(crate) fn bundles_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.jsonl");
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

    /// Adds a bundle to each place that has one in each line, and writes it to any other.
    pub(crate) fn add(&self, bundle: &str, ui: &mut Ui) -> Result<(), Problem> {
        for place in &self.0 {
            if is_lines(place) {
                append(place, bundle).map_err(|error| unwritable(place, &error))?;
            } else {
                Places(vec![place]).write(std::iter::once(bundle), ui)?;
            }
        }
        Ok(())
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

/// Adds a line to a file that others may add to at the same time.
///
/// If it cannot be written as a whole, the file is as it was.
fn append(place: &Path, line: &str) -> io::Result<()> {
    let mut options = File::options();
    let mut file = options.read(true).append(true).create(true).open(place)?;
    file.lock()?;
    let length = file.metadata()?.len();
    let mut text = String::new();
    if length > 0 && !ends_its_line(&mut file, length)? {
        text.push('\n');
    }
    text.push_str(line.trim_end());
    text.push('\n');
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // Whatever comes of this, the error is the one to report.
        let _ = file.set_len(length);
    }
    written
}

fn ends_its_line(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn beside(place: &Path, document: &str) -> io::Result<NamedTempFile> {
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

fn unwritable(place: &Path, error: &io::Error) -> Problem {
    let sentence = format!("bundle {} cannot be written", shown(place));
    Problem::io("bundle.write", &sentence, error)
        .hint("--bundle PATH puts it elsewhere; nothing was written")
}
