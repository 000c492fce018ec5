//! The public instance's repository as it was on one day, and the roots that led to it.
//!
//! It is read from `trust/production` in `SIGSIGN_VECTORS`; without that variable the tests say so.
#![cfg(feature = "tuf")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "vectors are files, and it is said if there are none"
)]

use std::collections::BTreeMap;
use std::fs;
use std::future::{self, Future};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sigsign_core::TrustedRoot;
use sigsign_core::time::Timestamp;
use sigsign_core::transport::{Pending, Request, Response, Transport, TransportError};
use sigsign_core::tuf::{Memory, Repository, Stale, UpdateError, Updated, embedded, load, update};

const URL: &str = "https://mirror.example";
const WANTED: &[&str] = &["trusted_root.json", "signing_config.v0.2.json"];

/// A mirror: paths and what is there.
struct Mirror(BTreeMap<String, Vec<u8>>);

impl Mirror {
    /// `None` if there are no vectors.
    fn open() -> Option<Self> {
        let Some(folder) = std::env::var_os("SIGSIGN_VECTORS") else {
            println!("SIGSIGN_VECTORS is not set: no repository to update from");
            return None;
        };
        let folder = PathBuf::from(folder).join("trust/production");
        let read = |path: &Path| fs::read(path).unwrap();
        let metadata = folder.join("metadata");
        let mut files = BTreeMap::new();
        for version in 1..=15 {
            let name = format!("{version}.root.json");
            files.insert(
                name.clone(),
                read(&metadata.join("root_history").join(name)),
            );
        }
        for (name, file) in [
            ("timestamp.json", "timestamp.json"),
            ("165.snapshot.json", "snapshot.json"),
            ("14.targets.json", "targets.json"),
            ("8.registry.npmjs.org.json", "registry.npmjs.org.json"),
        ] {
            files.insert(name.to_owned(), read(&metadata.join(file)));
        }
        let targets: serde_free::Hashes = serde_free::hashes(&files["14.targets.json"]);
        for (name, hash) in targets {
            if let Ok(bytes) = fs::read(folder.join("targets").join(&name)) {
                files.insert(format!("targets/{hash}.{name}"), bytes);
            }
        }
        Some(Self(files))
    }

    fn starting_at(&self, version: u64) -> Repository {
        Repository::new(URL, self.0[&format!("{version}.root.json")].clone())
    }

    fn change(&mut self, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.0[name].clone()).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        self.0
            .insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
    }
}

impl Transport for Mirror {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        let path = request.url().strip_prefix(URL).unwrap();
        let answer = match self.0.get(path.trim_start_matches('/')) {
            Some(file) => Response::new(200, file.clone()),
            None => Response::new(404, Vec::new()),
        };
        Box::pin(future::ready(Ok(answer)))
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(future::ready(()))
    }
}

/// The target's names and hashes, without a reader of JSON.
mod serde_free {
    pub(crate) type Hashes = Vec<(String, String)>;

    pub(crate) fn hashes(targets: &[u8]) -> Hashes {
        let text = String::from_utf8(targets.to_vec()).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let quoted = |line: &str, at: usize| line.split('"').nth(at).unwrap_or("").to_owned();
        let mut found = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if line.starts_with("\"sha256\"") && lines[at - 1].starts_with("\"hashes\"") {
                found.push((quoted(lines[at - 2], 1), quoted(line, 3)));
            }
        }
        found
    }
}

/// The day on which the repository was copied.
fn its_day() -> Timestamp {
    Timestamp::parse_rfc3339("2026-08-21T20:00:00Z").unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("waits"),
    }
}

fn updated(mirror: &Mirror, version: u64, store: &mut Memory) -> Result<Updated, UpdateError> {
    run(update(
        &mirror.starting_at(version),
        mirror,
        store,
        WANTED,
        its_day(),
    ))
}

/// Root 5 is the first with keys in PEM.
// V65
#[test]
fn accepts_the_repository_from_each_root_of_todays_form() {
    let Some(mirror) = Mirror::open() else { return };
    for version in 5..=15 {
        let mut store = Memory::default();

        let updated = updated(&mirror, version, &mut store).unwrap();

        let versions: Vec<_> = updated.roles.all().iter().map(|it| it.version).collect();
        assert_eq!(vec![15, 762, 165, 14], versions, "from root {version}");
        let root = updated.targets[0].as_ref().unwrap();
        assert_eq!(2, TrustedRoot::from_json(root).unwrap().logs().len());
        let first = mirror.starting_at(version);
        let held = load(first.root(), &store, WANTED, its_day()).unwrap();
        assert_eq!(None, held.unwrap().stale);
    }
}

// V65
#[test]
fn accepts_the_repository_from_the_embedded_root() {
    let Some(mirror) = Mirror::open() else { return };
    let root = embedded::public_good().root().to_vec();
    let (mut store, repository) = (Memory::default(), Repository::new(URL, root));

    run(update(&repository, &mirror, &mut store, WANTED, its_day())).unwrap();

    let today = Timestamp::parse_rfc3339("2026-11-23T00:00:00Z").unwrap();
    let held = load(repository.root(), &store, WANTED, today).unwrap();
    let stale = held.unwrap().stale;
    assert!(matches!(stale, Some(Stale::Expired { role, .. }) if role == "root"));
}

/// Keys as bare points are none that we count.
// V65
#[test]
fn rejects_roots_of_older_forms() {
    let Some(mirror) = Mirror::open() else { return };
    for version in 1..=4 {
        let error = updated(&mirror, version, &mut Memory::default()).unwrap_err();

        assert!(
            matches!(&error, UpdateError::Threshold { role, need: 3, got: 0 } if role == "root"),
            "{version}: {error:?}"
        );
    }
}

// V65
#[test]
fn rejects_the_repository_after_its_day() {
    let Some(mirror) = Mirror::open() else { return };
    for (day, over) in [
        ("2026-08-28T19:25:56Z", "timestamp"),
        ("2026-11-20T13:58:18Z", "root"),
    ] {
        let at = Timestamp::parse_rfc3339(day).unwrap();
        let repository = mirror.starting_at(15);

        let error = run(update(
            &repository,
            &mirror,
            &mut Memory::default(),
            WANTED,
            at,
        ))
        .unwrap_err();

        assert!(matches!(&error, UpdateError::Expired { role, .. } if role == over));
    }
}

// V65
#[test]
fn rejects_the_repository_with_roots_left_out_or_swapped() {
    let Some(mut mirror) = Mirror::open() else {
        return;
    };
    let same = mirror.0["9.root.json"].clone();
    mirror.0.insert("10.root.json".to_owned(), same);

    let swapped = updated(&mirror, 9, &mut Memory::default()).unwrap_err();
    mirror.0.remove("10.root.json");
    let left_out = updated(&mirror, 9, &mut Memory::default()).unwrap_err();

    assert!(
        matches!(&swapped, UpdateError::Version { role, want: 10, found: 9 } if role == "root")
    );
    assert!(matches!(&left_out, UpdateError::Expired { role, .. } if role == "root"));
}

// V65
#[test]
fn rejects_a_repository_put_together_from_others() {
    for (name, from, to, code) in [
        (
            "timestamp.json",
            "\"version\": 165",
            "\"version\": 166",
            "tuf.threshold",
        ),
        (
            "165.snapshot.json",
            "2036-05-15",
            "2037-05-15",
            "tuf.threshold",
        ),
        (
            "14.targets.json",
            "\"length\": 6787",
            "\"length\": 6788",
            "tuf.threshold",
        ),
    ] {
        let Some(mut mirror) = Mirror::open() else {
            return;
        };
        mirror.change(name, from, to);

        let error = updated(&mirror, 15, &mut Memory::default()).unwrap_err();

        assert_eq!(code, error.code(), "{name}");
    }
    for (to, from, code) in [
        ("165.snapshot.json", "14.targets.json", "tuf.threshold"),
        (
            "14.targets.json",
            "8.registry.npmjs.org.json",
            "tuf.threshold",
        ),
        ("timestamp.json", "165.snapshot.json", "tuf.role"),
    ] {
        let Some(mut mirror) = Mirror::open() else {
            return;
        };
        let other = mirror.0[from].clone();
        mirror.0.insert(to.to_owned(), other);

        let error = updated(&mirror, 15, &mut Memory::default()).unwrap_err();

        assert_eq!(code, error.code(), "{from} as {to}");
    }
}

// V65 T1
#[test]
fn rejects_the_repository_of_an_earlier_day() {
    let Some(mut mirror) = Mirror::open() else {
        return;
    };
    let mut store = Memory::default();
    updated(&mirror, 15, &mut store).unwrap();
    mirror
        .0
        .insert("timestamp.json".to_owned(), EARLIER.as_bytes().to_vec());

    let error = updated(&mirror, 15, &mut store).unwrap_err();

    assert!(matches!(
        &error,
        UpdateError::Rollback { role, trusted: 762, found: 272 } if role == "timestamp"
    ));
    assert!(
        load(mirror.starting_at(15).root(), &store, WANTED, its_day())
            .unwrap()
            .is_some()
    );
}

/// A timestamp of one day with the snapshot of another, both signed as they should be.
// V65
#[test]
fn rejects_the_repository_mixed_from_two_days() {
    let Some(mut mirror) = Mirror::open() else {
        return;
    };
    mirror
        .0
        .insert("timestamp.json".to_owned(), EARLIER.as_bytes().to_vec());
    let snapshot = mirror.0["165.snapshot.json"].clone();
    mirror.0.insert("159.snapshot.json".to_owned(), snapshot);
    let earlier = Timestamp::parse_rfc3339("2025-02-14T00:00:00Z").unwrap();
    let repository = mirror.starting_at(15);

    let error = run(update(
        &repository,
        &mirror,
        &mut Memory::default(),
        WANTED,
        earlier,
    ))
    .unwrap_err();

    assert!(matches!(
        &error,
        UpdateError::Version { role, want: 159, found: 165 } if role == "snapshot"
    ));
}

/// The repository's timestamp in February 2025, signed by the key that it has still.
const EARLIER: &str = r#"{
 "signatures": [
  {
   "keyid": "0c87432c3bf09fd99189fdc32fa5eaedf4e4a5fac7bab73fa04a2e0fc64af6f5",
   "sig": "30460221008dfb0992d54c7822911bf4e6d9af5d7bfff053e80695de8542a248b2157faa67022100a19c4d4a1aa47f84681d54dc4194721b71d8670f468c799ecdd49d3bbfa62061"
  }
 ],
 "signed": {
  "_type": "timestamp",
  "expires": "2025-02-15T19:20:37Z",
  "meta": {
   "snapshot.json": {
    "version": 159
   }
  },
  "spec_version": "1.0",
  "version": 272
 }
}"#;
