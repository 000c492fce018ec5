use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::StatementError;
use crate::digest::Digest;
use crate::encoding::hex_encode;
use crate::json;
use crate::json::wire::Object;
use crate::limits;

/// A statement as it is written; duplicate members are refused before.
#[derive(serde::Deserialize)]
pub(super) struct StatementJson<'a> {
    #[serde(borrow, default, rename = "_type")]
    pub(super) statement_type: Cow<'a, str>,
    #[serde(default)]
    pub(super) subject: Subjects,
    #[serde(default, rename = "predicateType")]
    pub(super) predicate_type: String,
    #[serde(borrow, default)]
    pub(super) predicate: Option<&'a RawValue>,
}

impl<'a> StatementJson<'a> {
    /// Checks the JSON and reads it.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, StatementError> {
        let json = json::check(bytes).map_err(StatementError::Json)?;
        match serde_json::from_str(json) {
            Ok(Object(statement)) => Ok(statement),
            Err(error) => Err(StatementError::Shape {
                line: error.line(),
                column: error.column(),
            }),
        }
    }
}

/// A statement to be written.
#[derive(serde::Serialize)]
struct WrittenJson<'a> {
    #[serde(rename = "_type")]
    statement_type: &'static str,
    subject: Vec<WrittenSubjectJson<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: &'a RawValue,
}

#[derive(serde::Serialize)]
struct WrittenSubjectJson<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, String>,
}

/// Writes a statement of version 1; the predicate stays as it is.
pub(super) fn write(
    subjects: &[(String, Vec<Digest>)],
    predicate_type: &str,
    predicate: &[u8],
) -> Result<Vec<u8>, StatementError> {
    let predicate = json::check(predicate).map_err(StatementError::Json)?;
    let shape = |error: serde_json::Error| StatementError::Shape {
        line: error.line(),
        column: error.column(),
    };
    let subject = subjects.iter().map(|(name, digests)| WrittenSubjectJson {
        name,
        digest: digests
            .iter()
            .map(|it| (it.algorithm().name(), hex_encode(it.as_bytes())))
            .collect(),
    });
    let statement = WrittenJson {
        statement_type: "https://in-toto.io/Statement/v1",
        subject: subject.collect(),
        predicate_type,
        predicate: serde_json::from_str(predicate).map_err(shape)?,
    };
    serde_json::to_vec(&statement).map_err(shape)
}

#[derive(serde::Deserialize)]
pub(super) struct SubjectJson {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) digest: Digests,
}

/// The subjects up to the cap, and how many there are.
#[derive(Default)]
pub(super) struct Subjects {
    pub(super) kept: Vec<SubjectJson>,
    pub(super) count: usize,
}

/// The digests of one subject up to the cap, in their order, and how many there are.
#[derive(Default)]
pub(super) struct Digests {
    pub(super) kept: Vec<(String, String)>,
    pub(super) count: usize,
}

impl<'de> Deserialize<'de> for Subjects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SubjectsVisitor)
    }
}

struct SubjectsVisitor;

impl<'de> Visitor<'de> for SubjectsVisitor {
    type Value = Subjects;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of subjects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Subjects, A::Error> {
        let mut subjects = Subjects::default();
        while subjects.count < limits::SUBJECTS {
            let Some(Object(subject)) = items.next_element()? else {
                return Ok(subjects);
            };
            subjects.kept.push(subject);
            subjects.count = subjects.kept.len();
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            subjects.count = subjects.count.saturating_add(1);
        }
        Ok(subjects)
    }
}

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DigestsVisitor)
    }
}

struct DigestsVisitor;

impl<'de> Visitor<'de> for DigestsVisitor {
    type Value = Digests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of digests")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Digests, A::Error> {
        let mut digests = Digests::default();
        while digests.count < limits::SUBJECT_DIGESTS {
            let Some(digest) = members.next_entry()? else {
                return Ok(digests);
            };
            digests.kept.push(digest);
            digests.count = digests.kept.len();
        }
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            digests.count = digests.count.saturating_add(1);
        }
        Ok(digests)
    }
}
