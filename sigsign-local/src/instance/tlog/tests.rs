use std::fs;
use std::path::{Path, PathBuf};
use std::task::Poll;

use super::*;
use crate::key::{Key, Scheme};
use crate::tree;

/// A folder of its own that goes away with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("sigsign-log-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn open(&self) -> io::Result<TileLog> {
        let keys = LogKeys {
            origin: "log.example".to_owned(),
            name: "log.example".to_owned(),
            key: Key::new(Scheme::Ed25519, "log"),
            kind: NoteKind::Text,
            witness: None,
        };
        let data = Data::open(&self.0)?;
        TileLog::open(
            data,
            "entries",
            keys,
            Repeats::Known,
            Clock::at(1_800_000_000),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn leaf(number: u64) -> Leaf {
    Leaf::plain(format!("leaf {number}").into_bytes()).unwrap()
}

/// Appends the leaves of these numbers, all at once.
fn append(log: &TileLog, numbers: std::ops::Range<u64>) -> Vec<Appended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut under_way = Vec::new();
        for number in numbers {
            let mut future = Box::pin(log.append(leaf(number)));
            // The request is on its way after the first poll.
            let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
            under_way.push((polled, future));
        }
        let mut appended = Vec::new();
        for (polled, future) in under_way {
            appended.push(match polled {
                Poll::Ready(answer) => answer.unwrap(),
                Poll::Pending => future.await.unwrap(),
            });
        }
        appended
    })
}

fn hashes(count: u64) -> Vec<TreeHash> {
    (0..count)
        .map(|number| tree::leaf_hash(&leaf(number).data))
        .collect()
}

/// From the leaf up, as RFC 9162 2.1.3.2 has it.
fn root_of(leaf: TreeHash, index: u64, size: u64, path: &[TreeHash]) -> TreeHash {
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if node % 2 == 1 || node == last {
            hash = tree::node_hash(sibling, &hash);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = tree::node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    hash
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn accepts_leaves_and_proves_each() {
    let folder = Folder::new("proves");
    let log = folder.open().unwrap();

    let appended = append(&log, 0..600);

    let hashes = hashes(600);
    for (index, it) in (0..).zip(&appended) {
        let leaf = hashes[usize::try_from(index).unwrap()];
        assert_eq!(Place::New(index), it.place);
        assert_eq!(it.root, root_of(leaf, index, it.size, &it.proof), "{index}");
        let root = tree::root(&hashes[..usize::try_from(it.size).unwrap()]);
        assert_eq!(root, it.root);
        let head = format!("log.example\n{}\n{}\n", it.size, crate::text::base64(&root));
        assert!(it.checkpoint.starts_with(&head), "{}", it.checkpoint);
    }
    assert_eq!((600, tree::root(&hashes)), log.head());
}

#[test]
fn accepts_a_tree_of_three_levels_after_reopening() {
    let folder = Folder::new("levels");
    let count = 65_536 + 300;
    let log = folder.open().unwrap();
    for start in (0..count).step_by(4096) {
        append(&log, start..count.min(start + 4096));
    }
    drop(log);

    let log = folder.open().unwrap();

    let hashes = hashes(count);
    assert_eq!((count, tree::root(&hashes)), log.head());
    for index in [0, 255, 256, 65_535, 65_536, count - 1] {
        let it = log.get(index).unwrap();
        let leaf = hashes[usize::try_from(index).unwrap()];
        assert_eq!(it.root, root_of(leaf, index, it.size, &it.proof), "{index}");
        assert_eq!(leaf, log.leaf(index).unwrap());
        assert_eq!(Some(index), log.find(&leaf).unwrap());
        assert_eq!(
            format!("leaf {index}").into_bytes(),
            log.entry(index).unwrap()
        );
    }
    assert_eq!(32, log.file("tile/2/000.p/1").unwrap().unwrap().len());
}

#[test]
fn accepts_a_leaf_once() {
    let folder = Folder::new("once");
    let log = folder.open().unwrap();
    append(&log, 0..3);
    drop(log);
    let log = folder.open().unwrap();

    let again = append(&log, 1..2);

    assert_eq!(Place::Known(1), again[0].place);
    assert_eq!(3, again[0].size);
    assert_eq!(None, log.find(&[0; 32]).unwrap());
}

#[test]
fn accepts_a_leaf_that_many_add_at_once_a_single_time() {
    let folder = Folder::new("race");
    let log = Arc::new(folder.open().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();

    let places = runtime.block_on(async {
        let writers: Vec<_> = (0..50)
            .map(|_| {
                let log = Arc::clone(&log);
                tokio::spawn(async move { log.append(leaf(0)).await.unwrap().place })
            })
            .collect();
        let mut places = Vec::new();
        for writer in writers {
            places.push(writer.await.unwrap());
        }
        places
    });

    let new = places.iter().filter(|place| **place == Place::New(0));
    assert_eq!(1, new.count());
    assert!(places.iter().all(|place| place.index() == 0));
    assert_eq!(1, log.head().0);
}

#[test]
fn accepts_a_journal_that_begins_anew() {
    let folder = Folder::new("anew");
    let log = folder.open().unwrap();
    let first = || fs::read(folder.path("journal")).unwrap()[36..44].to_vec();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();

    // A new journal begins behind a full tile, when the old one is longer than 4 MiB.
    let mut size = 0_u64;
    while first() == [0; 8] && size < 2048 {
        let data = [&size.to_be_bytes()[..], &[0; 60_000]].concat();
        runtime
            .block_on(log.append(Leaf::plain(data).unwrap()))
            .unwrap();
        size += 1;
    }
    let (head, journal) = (log.head(), first());
    drop(log);

    assert_ne!([0; 8], journal[..]);
    assert_eq!(head, folder.open().unwrap().head());
}

// A process that was killed leaves a journal that ends anywhere after the last answer.
#[test]
fn accepts_a_journal_cut_after_the_last_answer() {
    let folder = Folder::new("cut");
    let journal = folder.path("journal");
    let log = folder.open().unwrap();
    append(&log, 0..300);
    let acknowledged = fs::metadata(&journal).unwrap().len();
    append(&log, 300..301);
    drop(log);
    let whole = fs::read(&journal).unwrap();
    fs::remove_file(folder.path("checkpoint")).unwrap();

    for len in (usize::try_from(acknowledged).unwrap()..=whole.len()).step_by(7) {
        fs::write(&journal, &whole[..len]).unwrap();
        let _ = fs::remove_file(folder.path("checkpoint"));
        let log = folder.open().unwrap();

        let (size, root) = log.head();
        assert_eq!(300 + u64::from(len == whole.len()), size, "{len} bytes");
        assert_eq!(tree::root(&hashes(size)), root);
    }
}

// The files of full tiles are not durable before the journal is turned over.
#[test]
fn accepts_the_loss_of_every_tile_that_is_in_the_journal() {
    let folder = Folder::new("tiles");
    let log = folder.open().unwrap();
    append(&log, 0..700);
    drop(log);
    fs::remove_dir_all(folder.path("tile")).unwrap();

    let log = folder.open().unwrap();

    assert_eq!((700, tree::root(&hashes(700))), log.head());
    assert_eq!(b"leaf 3".to_vec(), log.entry(3).unwrap());
    assert!(folder.path("tile/entries/001").exists());
}

#[test]
fn rejects_a_journal_that_ends_before_the_checkpoint() {
    let folder = Folder::new("behind");
    let log = folder.open().unwrap();
    append(&log, 0..20);
    drop(log);
    let journal = fs::read(folder.path("journal")).unwrap();
    fs::write(folder.path("journal"), &journal[..journal.len() - 1]).unwrap();

    let error = folder.open().unwrap_err();

    assert_eq!(
        "damaged log: the journal ends before the checkpoint",
        error.to_string()
    );
}

#[test]
fn rejects_the_folder_of_another_log() {
    let folder = Folder::new("other");
    let log = folder.open().unwrap();
    append(&log, 0..2);
    drop(log);
    let note = fs::read_to_string(folder.path("checkpoint")).unwrap();
    let other = note.replacen("log.example", "other.example", 1);
    fs::write(folder.path("checkpoint"), other).unwrap();

    let error = folder.open().unwrap_err();

    assert_eq!(
        "damaged log: the folder is another log's",
        error.to_string()
    );
}

#[test]
fn rejects_a_changed_tile() {
    let folder = Folder::new("changed");
    let log = folder.open().unwrap();
    append(&log, 0..300);
    drop(log);
    drop(folder.open().unwrap());
    let tile = folder.path("tile/0/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[100] ^= 1;
    fs::write(&tile, bytes).unwrap();

    let error = folder.open().unwrap_err();

    let want = "damaged log: the journal does not continue the tiles";
    assert_eq!(want, error.to_string());
}

#[test]
fn rejects_an_entry_that_is_too_long() {
    let longest = Leaf::plain(vec![0; 65_535]).unwrap();

    let refusal = Leaf::plain(vec![0; 65_536]).unwrap_err();

    assert_eq!(65_537, longest.stored.len());
    let want = Refusal::bad_request("the entry is longer than 65535 bytes");
    assert_eq!(want, refusal);
}

// What a file server would show is what the log shows.
#[test]
fn accepts_the_folder_as_it_is_served() {
    let folder = Folder::new("served");
    let log = folder.open().unwrap();
    append(&log, 0..600);
    drop(log);
    let log = folder.open().unwrap();

    let mut seen = Vec::new();
    for file in files_below(&folder.0) {
        let name = file.strip_prefix(&folder.0).unwrap().to_str().unwrap();
        if name != "journal" {
            let served = log.file(name).unwrap();
            assert_eq!(Some(fs::read(&file).unwrap()), served, "{name}");
            seen.push(name.to_owned());
        }
    }

    seen.sort();
    let want = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ];
    assert_eq!(want.to_vec(), seen);
}

#[test]
fn rejects_files_that_are_not_there() {
    let folder = Folder::new("absent");
    let log = folder.open().unwrap();
    append(&log, 0..10);

    for path in [
        "",
        "journal",
        "tile",
        "tile/0",
        "tile/0/000",
        "tile/0/000.p/11",
        "tile/0/001.p/1",
        "tile/00/000.p/1",
        "tile/-1/000.p/1",
        "tile/64/000.p/1",
        "tile/1/000.p/1",
        "tile/data/000",
        "tile/entries/000",
        "tile/entries/001",
        "tile/0/../../journal",
        "tile/0/0.p/1",
    ] {
        assert_eq!(None, log.file(path).unwrap(), "{path}");
    }
    assert_eq!(320, log.file("tile/0/000.p/10").unwrap().unwrap().len());
}

#[test]
fn accepts_consistency_between_every_two_sizes() {
    let folder = Folder::new("consistency");
    let log = folder.open().unwrap();
    append(&log, 0..40);
    let hashes = hashes(40);

    for old in 1..=40_usize {
        for new in old..=40 {
            let proof = log.consistency(old as u64, new as u64).unwrap();
            let roots = (tree::root(&hashes[..old]), tree::root(&hashes[..new]));
            assert_eq!(roots, roots_of(old, new, roots.0, &proof), "{old} to {new}");
        }
    }
    assert_eq!(
        io::ErrorKind::NotFound,
        log.consistency(2, 41).unwrap_err().kind()
    );
    assert_eq!(
        io::ErrorKind::NotFound,
        log.consistency(3, 2).unwrap_err().kind()
    );
}

/// Both roots, computed from a consistency proof as RFC 9162 2.1.4.2 has it.
fn roots_of(old: usize, new: usize, root: TreeHash, proof: &[TreeHash]) -> (TreeHash, TreeHash) {
    if old == new {
        assert!(proof.is_empty());
        return (root, root);
    }
    let mut proof = proof.iter();
    let first = if old.is_power_of_two() {
        root
    } else {
        *proof.next().unwrap()
    };
    let (mut node, mut last) = (old - 1, new - 1);
    while node % 2 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut before, mut after) = (first, first);
    for sibling in proof {
        if node % 2 == 1 || node == last {
            before = tree::node_hash(sibling, &before);
            after = tree::node_hash(sibling, &after);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            after = tree::node_hash(&after, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    assert_eq!(0, last);
    (before, after)
}

// A disk that does not take a batch: nobody is told it is in, and the log goes on afterwards.
#[test]
fn rejects_what_cannot_be_written_and_recovers() {
    let folder = Folder::new("full");
    let log = folder.open().unwrap();
    append(&log, 0..255);
    fs::create_dir_all(folder.path("tile/0")).unwrap();
    fs::create_dir_all(folder.path("tile/0/000.new")).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let refusal = runtime.block_on(log.append(leaf(255))).unwrap_err();
    fs::remove_dir(folder.path("tile/0/000.new")).unwrap();
    let next = append(&log, 256..257);

    assert_eq!(503, refusal.status().as_u16());
    assert_eq!(Place::New(256), next[0].place);
    assert_eq!((257, tree::root(&hashes(257))), log.head());
}
