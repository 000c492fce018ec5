//! The folder: made once, open once, never mistaken for another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sigsign_local::instance::{
    Choices, Clock, Folder, FolderError, Opening, Running, about, reset, secret,
};
use sigsign_local::key::Scheme;

use crate::temporary::Temporary;

#[test]
fn accepts_a_folder_again_with_the_same_secret() {
    let place = Temporary::new();

    let first = open(place.path()).unwrap().secret().unwrap();
    let second = open(place.path()).unwrap().secret().unwrap();

    assert_eq!(first, second);
    assert_eq!(first, secret(place.path()).unwrap());
}

#[test]
fn accepts_a_seed_for_the_same_secrets_every_time() {
    let opening = |seed: &str| Opening {
        seed: Some(seed.into()),
        ..Opening::default()
    };
    let secrets = |seed: &str| {
        let place = Temporary::new();
        let folder = Folder::open(place.path(), &opening(seed), &Clock::at(1000)).unwrap();
        let offline = folder.data().sub("offline").unwrap().secret("root");
        (folder.secret().unwrap(), offline.unwrap())
    };

    assert_eq!(secrets("a"), secrets("a"));
    assert_ne!(secrets("a"), secrets("b"));
    assert_ne!(secrets("a").0, secrets("a").1);
}

#[test]
fn accepts_the_next_after_the_one_before_is_done() {
    let place = Temporary::new();
    let first = open(place.path()).unwrap();
    let other = place.path().to_owned();
    let opening = Opening {
        patience: Duration::from_secs(60),
        ..Opening::default()
    };

    let waits =
        std::thread::spawn(move || Folder::open(&other, &opening, &Clock::System).map(drop));
    std::thread::sleep(Duration::from_millis(30));
    assert!(!waits.is_finished());
    drop(first);

    assert!(waits.join().unwrap().is_ok());
}

#[test]
fn accepts_many_who_make_it_at_once() {
    for _ in 0..20 {
        let place = Temporary::new();
        let open = || {
            let opening = Opening {
                patience: Duration::from_secs(60),
                ..Opening::default()
            };
            let folder = Folder::open(place.path(), &opening, &Clock::System)?;
            folder.data().sub("ca")?;
            folder.secret()
        };
        let secrets: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            let each = threads.into_iter();
            each.map(|it| it.join().unwrap().unwrap()).collect()
        });

        assert!(secrets.iter().all(|it| *it == secrets[0]));
    }
}

#[test]
fn rejects_a_second_process() {
    let place = Temporary::new();
    let _first = open(place.path()).unwrap();

    assert_eq!(
        FolderError::InUse { by: None },
        problem(open(place.path()).map(drop))
    );
    assert_eq!(
        FolderError::InUse { by: None },
        problem(reset(place.path()))
    );
}

#[test]
fn rejects_a_second_process_at_once_where_the_first_serves() {
    let place = Temporary::new();
    let first = open(place.path()).unwrap();
    first.running("http://localhost:1").unwrap();
    let opening = Opening {
        patience: Duration::from_secs(60),
        ..Opening::default()
    };
    let begun = Instant::now();

    let found = problem(Folder::open(place.path(), &opening, &Clock::System).map(drop));

    let by = Running {
        url: "http://localhost:1".to_owned(),
        pid: std::process::id(),
    };
    assert_eq!(
        FolderError::InUse {
            by: Some(by.clone())
        },
        found
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(Some(by), about(place.path()).unwrap().running);
}

#[test]
fn rejects_other_choices_than_it_was_made_with() {
    let place = Temporary::new();
    let found = Choices::default();
    let wanted = Choices {
        log_key: Scheme::P256,
        ..Choices::default()
    };
    drop(open(place.path()).unwrap());

    let opening = Opening {
        choices: Some(wanted.clone()),
        ..Opening::default()
    };
    let problem = problem(Folder::open(place.path(), &opening, &Clock::System).map(drop));

    assert_eq!(FolderError::Choices { wanted, found }, problem);
}

#[test]
fn rejects_a_layout_of_later_programs() {
    let place = Temporary::new();
    drop(open(place.path()).unwrap());
    fs::write(
        place.path().join("instance.json"),
        br#"{"schema":2,"more":[]}"#,
    )
    .unwrap();

    assert_eq!(
        FolderError::Schema { found: 2 },
        problem(open(place.path()).map(drop))
    );
    assert_eq!(
        FolderError::Schema { found: 2 },
        problem(about(place.path()))
    );
}

#[test]
fn rejects_a_marker_that_is_none() {
    let file = "instance.json";
    for text in [
        "",
        "{",
        "{\"schema\":1}",
        "{\"schema\":1,\"schema\":1}",
        "[]",
    ] {
        let place = Temporary::new();
        drop(open(place.path()).unwrap());
        fs::write(place.path().join(file), text).unwrap();

        assert_eq!(
            FolderError::Damaged { file },
            problem(open(place.path()).map(drop)),
            "{text}"
        );
    }
}

#[test]
fn rejects_a_folder_with_something_else_in_it() {
    let place = Temporary::new();
    fs::create_dir_all(place.path()).unwrap();
    fs::write(place.path().join("thesis.tex"), "x").unwrap();

    assert_eq!(
        FolderError::NotAnInstance,
        problem(open(place.path()).map(drop))
    );
    assert_eq!(FolderError::NotAnInstance, problem(reset(place.path())));
    assert_eq!(FolderError::NotAnInstance, problem(about(place.path())));
    assert_eq!(FolderError::NotAnInstance, problem(secret(place.path())));
    assert_eq!(vec!["thesis.tex"], names(place.path()));
}

#[test]
fn rejects_to_reset_what_is_not_there() {
    let place = Temporary::new();

    assert_eq!(FolderError::NotAnInstance, problem(reset(place.path())));
    assert!(!place.path().exists());
}

#[test]
fn accepts_a_reset_that_leaves_nothing() {
    let place = Temporary::new();
    drop(open(place.path()).unwrap());

    assert_eq!(Vec::<PathBuf>::new(), reset(place.path()).unwrap());
    assert!(!place.path().exists());
}

#[test]
fn accepts_a_reset_that_leaves_what_is_not_its_own() {
    let place = Temporary::new();
    let folder = open(place.path()).unwrap();
    folder.data().sub("tuf").unwrap().secret("x").unwrap();
    drop(folder);
    fs::write(place.path().join("thesis.tex"), "x").unwrap();

    assert_eq!(
        vec![PathBuf::from("thesis.tex")],
        reset(place.path()).unwrap()
    );
    assert_eq!(vec!["thesis.tex"], names(place.path()));
}

#[cfg(unix)]
#[test]
fn accepts_files_that_only_the_owner_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Temporary::new();
    let folder = open(place.path()).unwrap();
    folder.running("http://localhost:1").unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(0o700, mode(place.path()));
    for name in ["instance.json", "lock", "running.json", "secret"] {
        assert_eq!(0o600, mode(&place.path().join(name)), "{name}");
    }
}

fn open(path: &Path) -> io::Result<Folder> {
    Folder::open(path, &Opening::default(), &Clock::System)
}

fn problem<T: std::fmt::Debug>(found: io::Result<T>) -> FolderError {
    let error = found.unwrap_err();
    FolderError::of(&error).expect("a FolderError").clone()
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect()
}
