//! JSON of predicates, of which only what a condition asks for is kept; and of verdicts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::fields::Scalar;
use super::model::Mode;
use super::verdict::{CandidateVerdict, RuleCode, RuleVerdict, Verdict};
use crate::encoding::Escaped;

/// What a JSON pointer leads to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Flag(bool),
    Float(f64),
    Integer(i128),
    List(usize),
    Missing,
    Null,
    Object(usize),
    Text(String),
}

impl Found {
    /// Equal in type and value; numbers in value.
    pub(super) fn equals(&self, value: &Scalar) -> bool {
        match (self, value) {
            (Self::Flag(found), Scalar::Flag(want)) => found == want,
            (Self::Integer(found), Scalar::Integer(want)) => *found == i128::from(*want),
            (Self::Null, Scalar::Nothing) => true,
            (Self::Text(found), Scalar::Text(want)) => found == want,
            (found, Scalar::Float(want)) => found.as_float() == Some(*want),
            (Self::Float(found), Scalar::Integer(want)) => {
                float_of(i128::from(*want)) == Some(*found)
            }
            _ => false,
        }
    }

    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Integer(number) => float_of(*number),
            _ => None,
        }
    }
}

/// Integers that a double holds exactly.
pub(super) fn float_of(number: i128) -> Option<f64> {
    let small = i32::try_from(number).ok().map(f64::from);
    small.or_else(|| number.to_string().parse().ok())
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::List(count) => write!(f, "a list of {count}"),
            Self::Missing => f.write_str("nothing"),
            Self::Null => f.write_str("null"),
            Self::Object(count) => write!(f, "an object of {count}"),
            Self::Text(text) => {
                let short: String = text.chars().take(SHOWN_CHARS).collect();
                let is_cut = short.len() < text.len();
                write!(
                    f,
                    "\"{}{}\"",
                    Escaped(&short),
                    if is_cut { ".." } else { "" }
                )
            }
        }
    }
}

/// What the tokens of a JSON pointer lead to; nothing else of the document is kept.
///
/// Names are unique: the statement was checked for that before it was verified.
///
/// Spec: RFC 6901 4
pub(super) fn seek(json: &str, tokens: &[String]) -> Found {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Seek { tokens }
        .deserialize(&mut deserializer)
        .unwrap_or(Found::Missing)
}

#[derive(Clone, Copy)]
struct Seek<'t> {
    tokens: &'t [String],
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seek<'_> {
    /// A value that has nothing below it.
    fn leaf<E>(self, found: Found) -> Result<Found, E> {
        Ok(if self.tokens.is_empty() {
            found
        } else {
            Found::Missing
        })
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Found, E> {
        self.leaf(Found::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Found, E> {
        self.leaf(Found::Integer(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Found, E> {
        self.leaf(Found::Integer(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Found, E> {
        self.leaf(Found::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        self.leaf(Found::Text(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        self.leaf(Found::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let Some((first, rest)) = self.tokens.split_first() else {
            let mut count: usize = 0;
            while items.next_element::<IgnoredAny>()?.is_some() {
                count = count.saturating_add(1);
            }
            return Ok(Found::List(count));
        };
        let mut found = Found::Missing;
        // Digits without leading zeros are the only form of an index.
        let want: Option<usize> = first
            .parse()
            .ok()
            .filter(|it: &usize| it.to_string() == *first);
        for index in 0_usize.. {
            if Some(index) == want {
                match items.next_element_seed(Seek { tokens: rest })? {
                    Some(item) => found = item,
                    None => break,
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        let mut count: usize = 0;
        let mut found = Found::Missing;
        while let Some(name) = members.next_key::<String>()? {
            count = count.saturating_add(1);
            match self.tokens.split_first() {
                Some((first, rest)) if *first == name => {
                    found = members.next_value_seed(Seek { tokens: rest })?;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(if self.tokens.is_empty() {
            Found::Object(count)
        } else {
            found
        })
    }
}

/// What is asked of an SBOM.
#[derive(Debug, Default)]
pub(super) struct Sbom {
    pub(super) components: usize,
    pub(super) purls: Vec<String>,
    pub(super) created: Option<String>,
}

/// Spec: SPDX 2.3, 6.9, 7, 7.21
pub(super) fn spdx(predicate: &str) -> Option<Sbom> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        spdx_version: String,
        creation_info: Option<CreationInfo>,
        #[serde(default)]
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct CreationInfo {
        created: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Package {
        #[serde(default)]
        external_refs: Vec<Reference>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Reference {
        reference_type: Option<String>,
        reference_locator: Option<String>,
    }
    let document: Document = serde_json::from_str(predicate).ok()?;
    if !document.spdx_version.starts_with("SPDX-2.") {
        return None;
    }
    let is_purl = |it: &Reference| it.reference_type.as_deref() == Some("purl");
    Some(Sbom {
        components: document.packages.len(),
        created: document.creation_info.and_then(|it| it.created),
        purls: document
            .packages
            .into_iter()
            .flat_map(|package| package.external_refs)
            .filter(is_purl)
            .filter_map(|it| it.reference_locator)
            .collect(),
    })
}

/// Spec: CycloneDX 1.6, metadata, components
pub(super) fn cyclonedx(predicate: &str) -> Option<Sbom> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        bom_format: String,
        metadata: Option<Metadata>,
        #[serde(default)]
        components: Vec<Component>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        timestamp: Option<String>,
    }
    #[derive(Deserialize)]
    struct Component {
        purl: Option<String>,
        #[serde(default)]
        components: Vec<Self>,
    }
    fn collect(components: Vec<Component>, sbom: &mut Sbom) {
        for component in components {
            sbom.components = sbom.components.saturating_add(1);
            sbom.purls.extend(component.purl);
            collect(component.components, sbom);
        }
    }
    let document: Document = serde_json::from_str(predicate).ok()?;
    if document.bom_format != "CycloneDX" {
        return None;
    }
    let mut sbom = Sbom {
        created: document.metadata.and_then(|it| it.timestamp),
        ..Sbom::default()
    };
    collect(document.components, &mut sbom);
    Some(sbom)
}

/// What is said of one vulnerability.
#[derive(Debug)]
pub(super) struct VexStatement {
    pub(super) vulnerability: Option<String>,
    pub(super) status: Option<String>,
}

/// The statements of an OpenVEX document.
///
/// Spec: OpenVEX 0.2.0, VEX Document, VEX Statement
pub(super) fn vex(predicate: &str) -> Option<Vec<VexStatement>> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(rename = "@context")]
        context: String,
        statements: Vec<Statement>,
    }
    #[derive(Deserialize)]
    struct Statement {
        vulnerability: Option<Vulnerability>,
        status: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Vulnerability {
        /// As version 0.0.1 had it.
        Name(String),
        Object {
            name: Option<String>,
        },
    }
    let document: Document = serde_json::from_str(predicate).ok()?;
    if !document.context.starts_with("https://openvex.dev/ns") {
        return None;
    }
    let statement = |it: Statement| VexStatement {
        vulnerability: it.vulnerability.and_then(|it| match it {
            Vulnerability::Name(name) => Some(name),
            Vulnerability::Object { name } => name,
        }),
        status: it.status,
    };
    Some(document.statements.into_iter().map(statement).collect())
}

/// A string as JSON has it, which YAML reads alike.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The version of the verdict's schema, in `docs/policy.md`.
const SCHEMA: u8 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerdictJson<'a> {
    schema: u8,
    decision: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    policy: String,
    rules: Vec<RuleJson<'a>>,
    candidates: Vec<CandidateJson<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_looked_at: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson<'a> {
    name: &'a str,
    mode: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    conditions: Vec<ConditionJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConditionJson<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    of: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    wanted: &'a str,
    found: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CandidateJson<'a> {
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    error: &'a [String],
}

pub(super) fn verdict(verdict: &Verdict) -> String {
    let json = VerdictJson {
        schema: SCHEMA,
        decision: verdict.decision().name(),
        name: verdict.name(),
        digest: verdict.digest().map(|it| it.to_string()),
        policy: verdict.policy().to_string(),
        rules: verdict.rules.iter().map(rule_json).collect(),
        candidates: verdict.candidates.iter().map(candidate_json).collect(),
        not_looked_at: &verdict.gaps,
    };
    serde_json::to_string(&json).unwrap_or_default()
}

fn rule_json(rule: &RuleVerdict) -> RuleJson<'_> {
    RuleJson {
        name: &rule.name,
        mode: match rule.mode {
            Mode::Enforce => "enforce",
            Mode::Warn => "warn",
        },
        outcome: rule.outcome.name(),
        reason: rule.reason.as_deref(),
        conditions: rule
            .conditions
            .iter()
            .map(|it| ConditionJson {
                path: &it.path,
                of: &it.of,
                outcome: it.outcome.name(),
                code: it.code.map(RuleCode::code),
                wanted: &it.wanted,
                found: &it.found,
            })
            .collect(),
    }
}

fn candidate_json(it: &CandidateVerdict) -> CandidateJson<'_> {
    CandidateJson {
        label: &it.label,
        platform: it.platform.as_deref(),
        verified: it.verified,
        signer: it.signer.as_deref(),
        issuer: it.issuer.as_deref(),
        predicate_type: it.predicate_type.as_deref(),
        time: it.time.as_deref(),
        instance: it.instance.as_deref(),
        code: it.code,
        error: &it.problem,
    }
}

/// How much is shown of a value from a predicate.
const SHOWN_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(json: &str, pointer: &str) -> Found {
        let tokens: Vec<String> = pointer.split('/').skip(1).map(str::to_owned).collect();
        seek(json, &tokens)
    }

    #[test]
    fn accepts_a_pointer_into_a_large_document_and_keeps_nothing_else() {
        let items = format!("\"{}\",", "x".repeat(1000)).repeat(4000);
        let json = format!(r#"{{"a":[{items}"last"],"b":{{"c":1}}}}"#);

        assert_eq!(Found::Text("last".to_owned()), at(&json, "/a/4000"));
        assert_eq!(Found::Missing, at(&json, "/a/4001"));
        assert_eq!(Found::List(4001), at(&json, "/a"));
        assert_eq!(Found::Integer(1), at(&json, "/b/c"));
        assert_eq!(Found::Object(2), at(&json, ""));
    }

    #[test]
    fn accepts_integers_exactly_and_rejects_other_forms_of_an_index() {
        let json = r#"{"n":18446744073709551615,"m":-9223372036854775808,"l":["a"]}"#;

        assert_eq!(Found::Integer(18_446_744_073_709_551_615), at(json, "/n"));
        assert_eq!(Found::Integer(-9_223_372_036_854_775_808), at(json, "/m"));
        for index in ["00", "+0", "-0", "0x0", " 0", "-", "", "1"] {
            assert_eq!(
                Found::Missing,
                at(json, &format!("/l/{index}")),
                "{index:?}"
            );
        }
        assert_eq!(Found::Text("a".to_owned()), at(json, "/l/0"));
    }

    #[test]
    fn shows_text_in_short_and_escaped() {
        let long = Found::Text("y".repeat(1000)).to_string();
        assert_eq!(format!("\"{}..\"", "y".repeat(SHOWN_CHARS)), long);
        assert_eq!(
            "\"a\\u{1b}\"",
            Found::Text("a\u{1b}".to_owned()).to_string()
        );
    }

    #[test]
    fn rejects_documents_of_another_kind() {
        for json in [
            "null",
            "[]",
            "{}",
            "7",
            r#"{"statements":[]}"#,
            r#"{"@context":"x","statements":[]}"#,
        ] {
            assert!(vex(json).is_none(), "{json}");
            assert!(spdx(json).is_none(), "{json}");
            assert!(cyclonedx(json).is_none(), "{json}");
        }
        assert!(spdx(r#"{"spdxVersion":"SPDX-3.0"}"#).is_none());
        assert!(spdx(r#"{"spdxVersion":"SPDX-2.3","packages":{}}"#).is_none());
        assert!(cyclonedx(r#"{"bomFormat":"cyclonedx"}"#).is_none());
    }
}
