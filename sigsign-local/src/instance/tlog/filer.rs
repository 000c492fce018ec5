//! A thread that makes written tiles durable, so that the writer need not wait for it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::store::sync_folder;

/// What is under way, and whether it went wrong.
#[derive(Debug, Default)]
struct Progress {
    pending: AtomicUsize,
    failed: AtomicBool,
}

/// How far the files of a log are durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Synced {
    All,
    NotYet,
    /// Some file may be lost with the power: all since the journal began have to be written again.
    Failed,
}

/// The thread, from outside.
#[derive(Debug)]
pub(crate) struct Filer {
    paths: Option<Sender<PathBuf>>,
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl Filer {
    /// Starts the thread for the files below `folder`.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let (paths, received) = channel();
        let progress = Arc::<Progress>::default();
        let (root, its) = (folder.to_owned(), Arc::clone(&progress));
        let thread = thread::Builder::new()
            .name("log files".to_owned())
            .spawn(move || run(&root, &received, &its))?;
        Ok(Self {
            paths: Some(paths),
            progress,
            thread: Some(thread),
        })
    }

    /// Asks for a file to be made durable.
    pub(crate) fn sync(&self, path: PathBuf) {
        self.progress.pending.fetch_add(1, Ordering::AcqRel);
        if let Some(paths) = &self.paths
            && paths.send(path).is_err()
        {
            self.progress.failed.store(true, Ordering::Release);
        }
    }

    /// How far it is.
    pub(crate) fn synced(&self) -> Synced {
        if self.progress.failed.load(Ordering::Acquire) {
            Synced::Failed
        } else if self.progress.pending.load(Ordering::Acquire) > 0 {
            Synced::NotYet
        } else {
            Synced::All
        }
    }

    /// Waits until everything that was asked for is done.
    pub(crate) fn finish(mut self) -> Synced {
        self.end();
        self.synced()
    }

    fn end(&mut self) {
        drop(self.paths.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.progress.failed.store(true, Ordering::Release);
        }
    }
}

impl Drop for Filer {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(root: &Path, paths: &Receiver<PathBuf>, progress: &Progress) {
    while let Ok(first) = paths.recv() {
        let batch: Vec<PathBuf> = std::iter::once(first).chain(paths.try_iter()).collect();
        if sync_files(root, &batch).is_err() {
            progress.failed.store(true, Ordering::Release);
        }
        progress.pending.fetch_sub(batch.len(), Ordering::AcqRel);
    }
}

/// Makes files durable, and every folder from `root` down that names them.
pub(crate) fn sync_files(root: &Path, paths: &[PathBuf]) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for path in paths {
        File::open(path)?.sync_all()?;
        let above = path.ancestors().skip(1);
        folders.extend(above.take_while(|it| it.starts_with(root)));
    }
    folders.into_iter().try_for_each(sync_folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_file_that_is_not_there() {
        let folder = std::env::temp_dir();
        let filer = Filer::start(&folder).unwrap();

        filer.sync(folder.join("sigsign-no-such-file"));

        assert_eq!(Synced::Failed, filer.finish());
    }

    #[test]
    fn accepts_a_file_below_folders() {
        let name = format!("sigsign-filer-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let file = folder.join("tile/0/000");
        std::fs::create_dir_all(folder.join("tile/0")).unwrap();
        std::fs::write(&file, b"tile").unwrap();
        let filer = Filer::start(&folder).unwrap();

        filer.sync(file);
        let synced = filer.finish();

        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(Synced::All, synced);
    }
}
