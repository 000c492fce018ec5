//! Good bundles, changed in every way a byte or a field can be: refused, and never a panic.
//!
//! A flipped bit is never accepted. Only fields on a short list may be left out or be empty.
#![expect(clippy::disallowed_methods, reason = "vectors are files")]

#[expect(dead_code, reason = "each test of cases uses another part of it")]
mod common;

use common::{Case, cases};
use serde_json::Value;

/// Bundles of different kinds.
const KINDS: [&str; 7] = [
    "local/v03-message",
    "local/v03-dsse",
    "local/v2-message",
    "local/v2-dsse",
    "local/v01-message",
    "local/v02-intoto",
    "local/managed-key",
];

/// Fields that a bundle may leave out. The body of a hashedrekord is made again from the rest.
const OPTIONAL: [&str; 8] = [
    "canonicalizedBody",
    "messageDigest",
    "inclusionProof.logIndex",
    "inclusionProof.rootHash",
    "inclusionProof.treeSize",
    "inclusionPromise",
    "integratedTime",
    "publicKey.hint",
];

/// Objects whose every member may be absent.
const OPTIONAL_INSIDE: [&str; 1] = ["publicKey"];

fn kinds() -> Vec<Case> {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| KINDS.contains(&case.id.as_str()))
        .collect();
    assert!(
        cases.len() >= 5,
        "only {} of the bundles to mutate were found",
        cases.len()
    );
    cases
}

#[test]
fn rejects_every_flipped_bit() {
    for case in kinds() {
        let verify = case.verifier().unwrap();
        let good = case.bundle();

        for at in 0..good.len() {
            for bit in [1, 0x20] {
                let mut bad = good.clone();
                bad[at] ^= bit;
                assert!(verify(&bad).is_err(), "{} byte {at}, bit {bit}", case.id);
            }
        }

        println!("{}: {} bytes", case.id, good.len());
    }
}

#[test]
fn rejects_every_dropped_emptied_or_doubled_field() {
    for case in kinds() {
        let verify = case.verifier().unwrap();
        let good: Value = serde_json::from_slice(&case.bundle()).unwrap();
        let mut paths = Vec::new();
        collect(&good, &mut Vec::new(), &mut paths);

        for path in &paths {
            let name = path.join(".");
            let optional = OPTIONAL.iter().any(|end| name.ends_with(end));
            let dropped = change(&good, path, remove);
            assert!(
                verify(&dropped).is_err() || optional,
                "{} without {name}",
                case.id
            );
            let emptied = change(&good, path, empty);
            assert!(
                verify(&emptied).is_err()
                    || optional
                    || OPTIONAL_INSIDE.iter().any(|end| name.ends_with(end))
                    || emptied == text(&good),
                "{} with {name} empty",
                case.id
            );
            if let Some(doubled) = double(&good, path) {
                assert_eq!(
                    "bundle.json",
                    verify(&doubled).unwrap_err().0,
                    "{} {name}",
                    case.id
                );
            }
        }

        println!("{}: {} fields", case.id, paths.len());
    }
}

#[test]
fn rejects_truncation_at_every_byte() {
    for case in kinds() {
        let verify = case.verifier().unwrap();
        let good = case.bundle();
        let end = good.trim_ascii_end().len();

        for len in 0..end {
            assert_eq!(
                "bundle.json",
                verify(&good[..len]).unwrap_err().0,
                "{} {len}",
                case.id
            );
        }
    }
}

fn collect(value: &Value, at: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, it)| (n.to_string(), it))
            .collect(),
        _ => return,
    };
    for (key, member) in members {
        at.push(key);
        paths.push(at.clone());
        collect(member, at, paths);
        at.pop();
    }
}

fn change(good: &Value, path: &[String], edit: impl Fn(&mut Value, &str)) -> Vec<u8> {
    let mut document = good.clone();
    let (last, parents) = path.split_last().unwrap();
    let parent = parents
        .iter()
        .fold(&mut document, |value, key| member(value, key));
    edit(parent, last);
    text(&document)
}

fn text(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).unwrap()
}

fn member<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        value => &mut value[key],
    }
}

fn remove(parent: &mut Value, key: &str) {
    match parent {
        Value::Array(items) => drop(items.remove(key.parse::<usize>().unwrap())),
        Value::Object(members) => drop(members.remove(key)),
        other => panic!("{other} has no members"),
    }
}

fn empty(parent: &mut Value, key: &str) {
    let value = member(parent, key);
    *value = match value {
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(serde_json::Map::new()),
        _ => Value::String(String::new()),
    };
}

/// The document with one member written twice, if it is a member of an object.
fn double(good: &Value, path: &[String]) -> Option<Vec<u8>> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(good, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    })?;
    let value = parent.as_object()?.get(last)?;
    let member = format!("{}:{value}", Value::String(last.clone()));
    let text = String::from_utf8(text(good)).unwrap();
    Some(
        text.replacen(&member, &format!("{member},{member}"), 1)
            .into_bytes(),
    )
}
