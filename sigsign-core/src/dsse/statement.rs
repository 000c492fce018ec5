use std::fmt;

use super::wire::{StatementJson, SubjectJson};
use crate::digest::{Digest, HashAlgorithm};
use crate::encoding::{Escaped, hex_decode};
use crate::json::JsonError;
use crate::limits;

/// An in-toto statement: something said about subjects.
///
/// Well-formed, and read alike by every parser; who said it is not known here.
///
/// Spec: in-toto v1, Statement
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    version: StatementVersion,
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: String,
}

/// The version of the statement format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementVersion {
    /// `https://in-toto.io/Statement/v0.1`
    V01,
    /// `https://in-toto.io/Statement/v1`
    V1,
}

/// One thing a statement is about, named by its digests.
///
/// Spec: in-toto v1, ResourceDescriptor
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    name: Option<String>,
    digests: Vec<(String, String)>,
    strong: Vec<Digest>,
}

impl Statement {
    /// Reads a statement (V57).
    ///
    /// Members that in-toto does not define are ignored, as it asks for.
    ///
    /// # Errors
    ///
    /// [`StatementError`], by what is wrong; [`StatementError::Json`] for duplicate members
    /// anywhere, the predicate included (O11).
    ///
    /// Spec: in-toto v1, Statement, ResourceDescriptor, DigestSet
    pub fn from_json(bytes: &[u8]) -> Result<Self, StatementError> {
        let wire = StatementJson::read(bytes)?;
        let version = match &*wire.statement_type {
            "https://in-toto.io/Statement/v0.1" => StatementVersion::V01,
            "https://in-toto.io/Statement/v1" => StatementVersion::V1,
            other => {
                return Err(StatementError::Type {
                    found: other.to_owned(),
                });
            }
        };
        if wire.predicate_type.is_empty() {
            return Err(StatementError::PredicateType);
        }
        if wire.subject.count == 0 {
            return Err(StatementError::NoSubject);
        }
        if wire.subject.count > limits::SUBJECTS {
            return Err(StatementError::TooManySubjects {
                cap: limits::SUBJECTS,
                found: wire.subject.count,
            });
        }
        let subjects = wire.subject.kept.into_iter().enumerate();
        Ok(Self {
            version,
            subjects: subjects
                .map(|(index, subject)| Subject::from_wire(index, subject))
                .collect::<Result<_, _>>()?,
            predicate_type: wire.predicate_type,
            predicate: wire.predicate.map_or("null", |raw| raw.get()).to_owned(),
        })
    }

    /// Writes a statement of version 1 that says `predicate`, which is JSON, of `subjects`: names,
    /// and the digests of each.
    ///
    /// # Errors
    ///
    /// As [`Statement::from_json`]: what is written can be read.
    ///
    /// Spec: in-toto v1, Statement
    pub fn write(
        subjects: &[(String, Vec<Digest>)],
        predicate_type: &str,
        predicate: &[u8],
    ) -> Result<Vec<u8>, StatementError> {
        let json = super::wire::write(subjects, predicate_type, predicate)?;
        Self::from_json(&json)?;
        Ok(json)
    }

    /// The version of the format.
    pub fn version(&self) -> StatementVersion {
        self.version
    }

    /// What the statement is about, at least one thing.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What kind of statement it is, never empty.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// What is said, as JSON and as it was written; `null` if it is left out.
    pub fn predicate(&self) -> &str {
        &self.predicate
    }
}

impl Subject {
    fn from_wire(index: usize, wire: SubjectJson) -> Result<Self, StatementError> {
        if wire.digest.count == 0 {
            return Err(StatementError::NoDigest { index });
        }
        if wire.digest.count > limits::SUBJECT_DIGESTS {
            return Err(StatementError::TooManyDigests {
                index,
                cap: limits::SUBJECT_DIGESTS,
                found: wire.digest.count,
            });
        }
        let mut strong = Vec::new();
        for (name, value) in &wire.digest.kept {
            let Some(algorithm) = HashAlgorithm::from_name(name) else {
                continue;
            };
            let digest = hex_decode(value).and_then(|bytes| Digest::from_bytes(algorithm, &bytes));
            strong.push(digest.ok_or(StatementError::Digest { index, algorithm })?);
        }
        Ok(Self {
            name: wire.name,
            digests: wire.digest.kept,
            strong,
        })
    }

    /// The name, if it has one; not necessarily that of a file.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The algorithm and value of each digest as they are written, at least one.
    pub fn digests(&self) -> &[(String, String)] {
        &self.digests
    }

    /// The digests an artifact may be recognized by: SHA-256, SHA-384 and SHA-512 (V57).
    pub fn strong_digests(&self) -> impl Iterator<Item = Digest> {
        self.strong.iter().copied()
    }
}

/// What is wrong with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementError {
    /// A payload that is not JSON, or that two parsers could read differently.
    Json(JsonError),
    /// An envelope whose payload is said to be something else.
    PayloadType {
        /// The payload type.
        found: String,
    },
    /// A member of another JSON type than the statement's.
    Shape {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A statement without `_type`, or of an unknown one.
    Type {
        /// The type, empty if there is none.
        found: String,
    },
    /// A statement without a predicate type.
    PredicateType,
    /// A statement about nothing.
    NoSubject,
    /// More subjects than the cap.
    TooManySubjects {
        /// Subjects allowed.
        cap: usize,
        /// Subjects there.
        found: usize,
    },
    /// A subject without digests.
    NoDigest {
        /// The subject's position, from 0.
        index: usize,
    },
    /// A subject with more digests than the cap.
    TooManyDigests {
        /// The subject's position, from 0.
        index: usize,
        /// Digests allowed.
        cap: usize,
        /// Digests there.
        found: usize,
    },
    /// A SHA-2 digest that is not lower-case hexadecimal of the right length.
    Digest {
        /// The subject's position, from 0.
        index: usize,
        /// The algorithm.
        algorithm: HashAlgorithm,
    },
}

impl StatementError {
    /// The codes of all such errors, except those of [`JsonError`].
    pub const CODES: &[&str] = &[
        "statement.payload-type",
        "statement.shape",
        "statement.type",
        "statement.predicate-type",
        "statement.no-subject",
        "statement.too-many-subjects",
        "statement.no-digest",
        "statement.too-many-digests",
        "statement.digest",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::PayloadType { .. } => "statement.payload-type",
            Self::Shape { .. } => "statement.shape",
            Self::Type { .. } => "statement.type",
            Self::PredicateType => "statement.predicate-type",
            Self::NoSubject => "statement.no-subject",
            Self::TooManySubjects { .. } => "statement.too-many-subjects",
            Self::NoDigest { .. } => "statement.no-digest",
            Self::TooManyDigests { .. } => "statement.too-many-digests",
            Self::Digest { .. } => "statement.digest",
        }
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(_) => f.write_str("statement is not unambiguous JSON"),
            Self::PayloadType { found } => write!(
                f,
                "wanted the payload type {}, found \"{}\"",
                super::STATEMENT_TYPE,
                Escaped(found)
            ),
            Self::Shape { line, column } => {
                write!(
                    f,
                    "wanted an in-toto statement, found another type at {line}:{column}"
                )
            }
            Self::Type { found } => {
                write!(
                    f,
                    "wanted an in-toto statement v0.1 or v1, found \"{}\"",
                    Escaped(found)
                )
            }
            Self::PredicateType => f.write_str("statement has no predicate type"),
            Self::NoSubject => f.write_str("statement has no subject"),
            Self::TooManySubjects { cap, found } => {
                write!(f, "wanted at most {cap} subjects, found {found}")
            }
            Self::NoDigest { index } => write!(f, "subject {index} has no digest"),
            Self::TooManyDigests { index, cap, found } => {
                write!(
                    f,
                    "wanted at most {cap} digests of subject {index}, found {found}"
                )
            }
            Self::Digest { index, algorithm } => write!(
                f,
                "wanted {} lower-case hexadecimal digits as {algorithm} of subject {index}, \
                 found something else",
                algorithm.len().saturating_mul(2)
            ),
        }
    }
}

impl std::error::Error for StatementError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(subjects: &str) -> String {
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://p.example/v1",
            "subject":{subjects},"predicate":{{ "a" : 1.0 }}}}"#
        )
    }

    fn read(text: &str) -> Result<Statement, StatementError> {
        Statement::from_json(text.as_bytes())
    }

    fn many(count: usize, item: impl Fn(usize) -> String) -> String {
        (0..count).map(item).collect::<Vec<_>>().join(",")
    }

    // V57
    #[test]
    fn accepts_a_statement() {
        let sha256 = "ab".repeat(32);
        let text = statement(&format!(
            r#"[{{"name":"a","digest":{{"sha256":"{sha256}","gitCommit":"X"}}}},
            {{"digest":{{"sha512":"{sha256}{sha256}"}},"uri":"u","annotations":{{}}}}]"#
        ));

        let statement = read(&text).unwrap();

        assert_eq!(StatementVersion::V1, statement.version());
        assert_eq!("https://p.example/v1", statement.predicate_type());
        assert_eq!(r#"{ "a" : 1.0 }"#, statement.predicate());
        let [first, second] = statement.subjects() else {
            panic!("two subjects");
        };
        assert_eq!((Some("a"), None), (first.name(), second.name()));
        assert_eq!(("gitCommit".into(), "X".into()), first.digests()[1]);
        let strong: Vec<_> = first.strong_digests().collect();
        assert_eq!(
            [Digest::from_bytes(HashAlgorithm::Sha256, &[0xab; 32]).unwrap()],
            strong[..]
        );
        assert_eq!(1, second.strong_digests().count());
    }

    // S10
    #[test]
    fn writes_what_can_be_read() {
        let digest = Digest::from_bytes(HashAlgorithm::Sha256, &[0xab; 32]).unwrap();
        let subjects = [("a \"b\"".to_owned(), vec![digest])];

        let json = Statement::write(&subjects, "https://p.example/v1", b"{ \"a\" : 1.0 }").unwrap();

        let statement = Statement::from_json(&json).unwrap();
        assert_eq!(StatementVersion::V1, statement.version());
        assert_eq!("https://p.example/v1", statement.predicate_type());
        assert_eq!(r#"{ "a" : 1.0 }"#, statement.predicate());
        let [subject] = statement.subjects() else {
            panic!("one subject");
        };
        assert_eq!(Some("a \"b\""), subject.name());
        assert_eq!(vec![digest], subject.strong_digests().collect::<Vec<_>>());
    }

    // S10
    #[test]
    fn rejects_to_write_what_cannot_be_read() {
        let digest = Digest::from_bytes(HashAlgorithm::Sha256, &[0xab; 32]).unwrap();
        let subject = ("a".to_owned(), vec![digest]);
        let many = vec![subject.clone(); limits::SUBJECTS + 1];
        let one = std::slice::from_ref(&subject);

        for (subjects, kind, predicate, code) in [
            (&[][..], "p", &b"{}"[..], "statement.no-subject"),
            (&many, "p", b"{}", "statement.too-many-subjects"),
            (
                &[("a".to_owned(), Vec::new())],
                "p",
                b"{}",
                "statement.no-digest",
            ),
            (one, "", b"{}", "statement.predicate-type"),
            (one, "p", b"{", "json.syntax"),
            (one, "p", b"{\"a\":1,\"a\":2}", "json.duplicate"),
        ] {
            let error = Statement::write(subjects, kind, predicate).unwrap_err();
            assert_eq!(code, error.code(), "{error}");
        }
    }

    // V57
    #[test]
    fn accepts_both_versions_and_no_predicate() {
        let text = r#"{"subject":[{"digest":{"sha1":"?"}}],"predicateType":"p","more":[1],
            "_type":"https:\/\/in-toto.io/Statement/v0.1"}"#;

        let statement = read(text).unwrap();

        assert_eq!(StatementVersion::V01, statement.version());
        assert_eq!("null", statement.predicate());
        assert_eq!(0, statement.subjects()[0].strong_digests().count());
    }

    // V57
    #[test]
    fn rejects_other_types_and_predicate_types() {
        let good = statement(r#"[{"digest":{"x":"y"}}]"#);
        assert!(read(&good).is_ok());
        let wrong = |found: &str| StatementError::Type {
            found: found.into(),
        };
        for (error, text) in [
            (
                wrong("https://in-toto.io/Statement/v2"),
                good.replace("t/v1", "t/v2"),
            ),
            (wrong(""), good.replace("_type", "type")),
            (
                StatementError::PredicateType,
                good.replace("https://p.example/v1", ""),
            ),
            (
                StatementError::PredicateType,
                good.replace("predicateType", "predicate_type"),
            ),
        ] {
            assert_eq!(Err(error), read(&text), "{text}");
        }
    }

    // V57 A14
    #[test]
    fn rejects_subjects_that_name_nothing() {
        for (error, subjects) in [
            (StatementError::NoSubject, "[]"),
            (StatementError::NoDigest { index: 0 }, "[{}]"),
            (
                StatementError::NoDigest { index: 1 },
                r#"[{"digest":{"x":"y"}},{"digest":{}}]"#,
            ),
        ] {
            assert_eq!(Err(error), read(&statement(subjects)), "{subjects}");
        }
        let without = statement("[]").replace("subject", "subjects");
        assert_eq!(Err(StatementError::NoSubject), read(&without));
    }

    // V57
    #[test]
    fn rejects_digests_in_another_form() {
        for (algorithm, value) in [
            (HashAlgorithm::Sha256, "AB".repeat(32)),
            (HashAlgorithm::Sha256, "ab".repeat(31)),
            (HashAlgorithm::Sha256, String::new()),
            (HashAlgorithm::Sha384, "ab".repeat(32)),
            (HashAlgorithm::Sha512, "q6s=".into()),
        ] {
            let subjects = format!(r#"[{{"digest":{{"{algorithm}":"{value}"}}}}]"#);
            let error = StatementError::Digest {
                index: 0,
                algorithm,
            };
            assert_eq!(Err(error), read(&statement(&subjects)), "{subjects}");
        }
    }

    // V57 A10
    #[test]
    fn rejects_subjects_and_digests_over_the_caps() {
        let subjects = |count| format!("[{}]", many(count, |_| r#"{"digest":{"x":"y"}}"#.into()));
        let digests = |count| {
            format!(
                r#"[{{"digest":{{{}}}}}]"#,
                many(count, |n| format!(r#""{n}":"y""#))
            )
        };
        let cap = limits::SUBJECTS;
        assert_eq!(
            cap,
            read(&statement(&subjects(cap))).unwrap().subjects().len()
        );
        let error = StatementError::TooManySubjects {
            cap,
            found: cap + 1,
        };
        assert_eq!(Err(error), read(&statement(&subjects(cap + 1))));
        let cap = limits::SUBJECT_DIGESTS;
        assert!(read(&statement(&digests(cap))).is_ok());
        let error = StatementError::TooManyDigests {
            index: 0,
            cap,
            found: cap + 2,
        };
        assert_eq!(Err(error), read(&statement(&digests(cap + 2))));
    }

    // V42 O11
    #[test]
    fn rejects_duplicate_members_at_every_level() {
        for (name, subjects) in [
            ("x", r#"[{"digest":{"x":"y","x":"z"}}]"#),
            ("digest", r#"[{"digest":{"x":"y"},"digest":{"x":"z"}}]"#),
            ("subject", r#"[{"digest":{"x":"y"}}],"subject":[]"#),
            (
                "a",
                r#"[{"digest":{"x":"y"}}],"other":[{"a":1,"\u0061":2}]"#,
            ),
        ] {
            let error = StatementError::Json(JsonError::Duplicate { name: name.into() });
            assert_eq!(Err(error), read(&statement(subjects)), "{subjects}");
        }
        let doubled = statement("[]").replace(r#""a" : 1.0"#, r#""a":1,"a":2"#);
        assert_eq!("json.duplicate", read(&doubled).unwrap_err().code());
        let (open, close) = (
            "[".repeat(limits::JSON_DEPTH),
            "]".repeat(limits::JSON_DEPTH),
        );
        let nested = statement("[]").replace("1.0", &format!("{open}{close}"));
        assert_eq!("json.depth", read(&nested).unwrap_err().code());
        assert_eq!("json.syntax", read("").unwrap_err().code());
        assert_eq!(
            Err(StatementError::Json(JsonError::Utf8)),
            Statement::from_json(b"{\"\xff\":1}")
        );
    }

    // V57
    #[test]
    fn rejects_members_of_another_json_type() {
        let good = statement(r#"[{"digest":{"x":"y"}}]"#);
        for (from, to) in [
            (r#"[{"digest":{"x":"y"}}]"#, "{}"),
            (r#"[{"digest":{"x":"y"}}]"#, "null"),
            (r#"{"x":"y"}"#, "[]"),
            (r#"{"digest":{"x":"y"}}"#, r#"["a",{"x":"y"}]"#),
            (r#"{"x":"y"}"#, r#"{"x":1}"#),
            (r#"{"x":"y"}"#, r#"{"x":null}"#),
            (r#""https://p.example/v1""#, "1"),
            (r#""https://in-toto.io/Statement/v1""#, "[]"),
        ] {
            let text = good.replace(from, to);
            assert_eq!("statement.shape", read(&text).unwrap_err().code(), "{text}");
        }
        let positional = r#"["https://in-toto.io/Statement/v1",[{"digest":{"x":"y"}}],"p",1]"#;
        for text in [positional, "[]", "null", "1", "\"\""] {
            assert_eq!("statement.shape", read(text).unwrap_err().code(), "{text}");
        }
    }
}
