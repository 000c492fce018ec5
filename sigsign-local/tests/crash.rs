//! A log is killed at any moment, again and again: nothing that it acknowledged is lost, and its
//! tree never forks.
//!
//! `SIGSIGN_KILLS` says how often; 20 times if it is not set.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sigsign_core::crypto::{Algorithm, PublicKey};
use sigsign_core::merkle::{self, RootHash};
use sigsign_core::note::{Note, NoteKey};
use sigsign_local::instance::tlog::{
    Appended, Leaf, LogKeys, NoteKind, Repeats, TileLog, TreeHash,
};
use sigsign_local::instance::{Clock, Data};
use sigsign_local::key::{Key, Scheme, sha256};
use sigsign_local::text::{base64, from_base64, hex};

const ORIGIN: &str = "crash.localhost";

/// Who asks at the same time.
const WRITERS: u64 = 32;

/// Set in the process that is killed, to the folder of the log.
const FOLDER: &str = "SIGSIGN_CRASH_FOLDER";

fn key() -> Key {
    Key::new(Scheme::Ed25519, ORIGIN)
}

fn open(folder: &Path) -> TileLog {
    let keys = LogKeys {
        origin: ORIGIN.to_owned(),
        name: ORIGIN.to_owned(),
        key: key(),
        kind: NoteKind::Text,
        witness: None,
    };
    let data = Data::open(folder).unwrap();
    TileLog::open(data, "entries", keys, Repeats::Known, Clock::System).unwrap()
}

#[test]
fn accepts_being_killed_at_any_moment() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(Path::new(&folder));
    }
    let kills = std::env::var("SIGSIGN_KILLS").map_or(20, |it| it.parse().unwrap());
    let name = format!("sigsign-crash-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let mut seen = Seen::default();
    let mut random = Random(u64::from(std::process::id()));

    for kill in 0..kills {
        let delay = Duration::from_millis(random.below(150));
        // Some while the log recovers, most under load.
        let from = if kill % 4 == 0 {
            From::Start
        } else {
            From::Open
        };
        seen.read(start(&folder), from, delay);
        seen.journals.extend(first_of_journal(&folder));
        if kill % 5 == 4 || kill + 1 == kills {
            seen.check(&open(&folder));
        }
    }

    let (entries, opened) = (seen.acknowledged.len(), seen.opened);
    let report = format!(
        "{kills} kills, {opened} with the log open, {} journals; {entries} entries acknowledged \
         under {} checkpoints, none lost\n",
        seen.journals.len(),
        seen.checkpoints.len(),
    );
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(opened * 2 > kills && entries > 100, "{report}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The process that is killed: says what it was told, when it was told.
fn write_until_killed(folder: &Path) {
    let log = Arc::new(open(folder));
    let (size, root) = log.head();
    // Whatever the test harness has written before is another line.
    say(&format!("\nopen {size} {}\n", hex(&root)));
    let next = Arc::new(AtomicU64::new(size));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build();
    runtime.unwrap().block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| tokio::spawn(write(Arc::clone(&log), Arc::clone(&next))))
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write(log: Arc<TileLog>, next: Arc<AtomicU64>) {
    let process = std::process::id();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let start = format!("{process} {number} ").into_bytes();
        let mut data = start.repeat(usize::from(sha256(&start)[0]) + 1);
        data.truncate(4096);
        let appended = log
            .append(Leaf::plain(data.clone()).unwrap())
            .await
            .unwrap();
        say(&acknowledgment(&data, &appended));
    }
}

/// In one call, so that a kill cuts the last line only.
fn say(line: &str) {
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn acknowledgment(data: &[u8], appended: &Appended) -> String {
    format!(
        "entry {} {} {} {}\n",
        appended.place.index(),
        base64(data),
        base64(&appended.proof.concat()),
        base64(appended.checkpoint.as_bytes()),
    )
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "accepts_being_killed_at_any_moment",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the time to a kill counts from.
#[derive(Clone, Copy)]
enum From {
    Start,
    Open,
}

/// Everything that any process was told.
#[derive(Default)]
struct Seen {
    acknowledged: BTreeMap<u64, TreeHash>,
    checkpoints: BTreeMap<u64, RootHash>,
    opened: u64,
    journals: BTreeSet<[u8; 8]>,
}

impl Seen {
    /// Reads what the process says until it is killed, `delay` after it began, or had the log open.
    fn read(&mut self, mut child: Child, from: From, delay: Duration) {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (open, opened) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut lines = Vec::new();
            let mut line = String::new();
            while output.read_line(&mut line).unwrap() > 0 {
                if line.starts_with("open ") {
                    // Nobody waits for it where the kill comes first.
                    let _ = open.send(());
                }
                lines.push(std::mem::take(&mut line));
            }
            lines
        });
        if let From::Open = from {
            let open = opened.recv_timeout(Duration::from_secs(60));
            open.expect("the log opens");
        }
        std::thread::sleep(delay);
        assert_eq!(None, child.try_wait().unwrap(), "the log ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        // What was cut was not said.
        let lines = reader.join().unwrap();
        let whole = lines.iter().filter(|line| line.ends_with('\n'));
        whole.for_each(|line| self.line(line));
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["open", size, root] => self.opening(size.parse().unwrap(), root),
            ["entry", index, data, proof, checkpoint] => {
                let checkpoint = String::from_utf8(from_base64(checkpoint)).unwrap();
                let proof = from_base64(proof);
                let (proof, rest) = proof.as_chunks::<32>();
                assert!(rest.is_empty());
                self.entry(
                    index.parse().unwrap(),
                    &from_base64(data),
                    proof,
                    &checkpoint,
                );
            }
            // What the test harness says.
            _ => {}
        }
    }

    /// The log has at least what was acknowledged.
    fn opening(&mut self, size: u64, root: &str) {
        self.opened += 1;
        let last = self
            .acknowledged
            .last_key_value()
            .map_or(0, |(index, _)| index + 1);
        assert!(
            size >= last,
            "opened with {size} entries, {last} acknowledged"
        );
        if let Some(known) = self.checkpoints.get(&size) {
            assert_eq!(known.to_string(), root, "forked at {size}");
        }
    }

    /// The proof leads to the checkpoint, which is signed, and is the only one of its size.
    fn entry(&mut self, index: u64, data: &[u8], proof: &[TreeHash], checkpoint: &str) {
        let (size, signed) = head(checkpoint);
        let leaf = merkle::leaf_hash(data);
        let root = merkle::root_from_inclusion(leaf, index, size, proof).unwrap();
        assert_eq!(signed, root);
        let known = self.checkpoints.insert(size, root);
        assert!(known.is_none_or(|known| known == root), "forked");
        let leaf = sigsign_local::tree::leaf_hash(data);
        let before = self.acknowledged.insert(index, leaf);
        assert_eq!(None, before, "index {index} acknowledged twice");
    }

    /// Every entry is where it was said to be, and the tree continues that of every checkpoint.
    fn check(&self, log: &TileLog) {
        for (index, leaf) in &self.acknowledged {
            assert_eq!(*leaf, log.leaf(*index).unwrap(), "entry {index}");
        }
        for (index, leaf) in self.acknowledged.iter().step_by(101) {
            assert_eq!(
                *leaf,
                sigsign_local::tree::leaf_hash(&log.entry(*index).unwrap())
            );
        }
        let (size, root) = head(&log.checkpoint());
        for (old, old_root) in &self.checkpoints {
            let proof = log.consistency(*old, size).unwrap();
            merkle::verify_consistency(*old, size, *old_root, root, &proof).unwrap();
        }
    }
}

/// Size and root of a checkpoint with a good signature.
fn head(checkpoint: &str) -> (u64, RootHash) {
    let public = PublicKey::from_spki(&key().spki()).unwrap();
    let note_key = NoteKey::new(ORIGIN, public, Algorithm::Ed25519);
    let checkpoint = Note::parse(checkpoint).unwrap().open(&[note_key]).unwrap();
    (checkpoint.size(), checkpoint.root())
}

/// The index that a journal begins with.
fn first_of_journal(folder: &Path) -> Option<[u8; 8]> {
    let journal = std::fs::read(folder.join("journal")).ok()?;
    journal.get(36..44)?.try_into().ok()
}

/// Numbers that need not be good.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}
