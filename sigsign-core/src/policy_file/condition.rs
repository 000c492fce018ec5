//! Conditions on what a verified statement says.
//!
//! In: a predicate, whose statement is signed by one of those who may. Out: for each condition what
//! was wanted and what was found. Not here: statements that nobody vouches for.

use super::error::PolicyFileError;
use super::fields::{Field, Fields, Scalar};
use super::predicate::{Kind, PredicateType};
use super::verdict::RuleCode;
use super::wire::{self, Found, Sbom};
use crate::encoding::Escaped;
use crate::limits;
use crate::policy::Matcher;
use crate::time::Timestamp;

/// One condition, and its path in the rule.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) path: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Sbom(SbomDemands),
    /// The statuses that there may be.
    Vex(Vec<String>),
    Where {
        at: Pointer,
        test: Test,
    },
}

#[derive(Clone, Debug)]
struct SbomDemands {
    kind: Kind,
    min_components: usize,
    denied: Vec<Matcher>,
    /// Seconds.
    created_within: Option<i64>,
}

/// Spec: RFC 6901
#[derive(Clone, Debug)]
struct Pointer {
    text: String,
    /// Below `/predicate`.
    tokens: Vec<String>,
}

#[derive(Clone, Debug)]
enum Test {
    Equals(Scalar),
    Exists(bool),
    Greater(Bound),
    Less(Bound),
    Matches(Matcher),
    OneOf(Vec<Scalar>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    Float(f64),
    Integer(i64),
    Time(Timestamp),
}

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    pub(super) code: RuleCode,
    pub(super) found: String,
}

/// Reads `where`, `sbom` and `vex` of an attestation.
pub(super) fn parse(
    fields: &Fields<'_>,
    predicate: &PredicateType,
) -> Result<Vec<Condition>, PolicyFileError> {
    let mut conditions = Vec::new();
    if let Some(field) = fields.optional("where") {
        for (index, field) in field.list()?.iter().enumerate() {
            conditions.push(Condition {
                path: format!("where[{index}]"),
                what: parse_where(field)?,
            });
        }
    }
    if let Some(field) = fields.optional("sbom") {
        conditions.push(Condition {
            path: "sbom".to_owned(),
            what: parse_sbom(&field, predicate.kind())?,
        });
    }
    if let Some(field) = fields.optional("vex") {
        conditions.push(Condition {
            path: "vex".to_owned(),
            what: parse_vex(&field, predicate.kind())?,
        });
    }
    Ok(conditions)
}

fn parse_where(field: &Field<'_>) -> Result<What, PolicyFileError> {
    const TESTS: &[&str] = &[
        "equals", "glob", "matches", "one_of", "exists", "less", "greater",
    ];
    let fields = field.fields(&[
        "at", "equals", "glob", "matches", "one_of", "exists", "less", "greater",
    ])?;
    let at = pointer(&fields.required("at")?)?;
    let (name, value) = fields.one_of(
        TESTS,
        "equals, glob, matches, one_of, exists, less or greater",
    )?;
    let test = match name {
        "equals" => Test::Equals(value.scalar()?),
        "glob" => Test::Matches(value.glob()?),
        "matches" => Test::Matches(value.policy(Matcher::pattern(value.text()?))?),
        "one_of" => {
            let values = value.list()?;
            Test::OneOf(values.iter().map(Field::scalar).collect::<Result<_, _>>()?)
        }
        "exists" => Test::Exists(value.flag()?),
        "less" => Test::Less(bound(&value)?),
        _ => Test::Greater(bound(&value)?),
    };
    Ok(What::Where { at, test })
}

/// Spec: RFC 6901 3, 4
fn pointer(field: &Field<'_>) -> Result<Pointer, PolicyFileError> {
    let text = field.text()?;
    let rest = text
        .strip_prefix("/predicate")
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let token = |token: &str| {
        let escapes = token.matches('~').count();
        let known = token
            .matches("~0")
            .count()
            .saturating_add(token.matches("~1").count());
        (escapes == known).then(|| token.replace("~1", "/").replace("~0", "~"))
    };
    let tokens = rest.and_then(|rest| rest.split('/').skip(1).map(token).collect());
    match tokens {
        Some(tokens) => Ok(Pointer {
            text: text.to_owned(),
            tokens,
        }),
        None => Err(field.wanted("a JSON pointer that begins with /predicate")),
    }
}

fn bound(field: &Field<'_>) -> Result<Bound, PolicyFileError> {
    let bound = match field.scalar()? {
        Scalar::Float(number) => Some(Bound::Float(number)),
        Scalar::Integer(number) => Some(Bound::Integer(number)),
        Scalar::Text(text) => Timestamp::parse_rfc3339(&text).map(Bound::Time),
        Scalar::Flag(_) | Scalar::Nothing => None,
    };
    bound.ok_or_else(|| field.wanted("a number, or a time as 2026-01-31T00:00:00Z"))
}

fn parse_sbom(field: &Field<'_>, kind: Kind) -> Result<What, PolicyFileError> {
    if !matches!(kind, Kind::CycloneDx | Kind::Spdx) {
        return Err(field.wanted("sbom only with type spdx or cyclonedx"));
    }
    let fields = field.fields(&["min_components", "deny_purl", "created_within"])?;
    Ok(What::Sbom(SbomDemands {
        kind,
        min_components: match fields.optional("min_components") {
            Some(field) => field.count(limits::PREDICATE_ITEMS)?,
            None => 1,
        },
        denied: match fields.optional("deny_purl") {
            Some(field) => field
                .list()?
                .iter()
                .map(purl_glob)
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        },
        created_within: match fields.optional("created_within") {
            Some(field) => Some(field.duration()?),
            None => None,
        },
    }))
}

fn purl_glob(field: &Field<'_>) -> Result<Matcher, PolicyFileError> {
    if field.text()?.starts_with("pkg:") {
        field.glob()
    } else {
        Err(field.wanted("a package URL, as pkg:npm/event-stream@3.3.6"))
    }
}

fn parse_vex(field: &Field<'_>, kind: Kind) -> Result<What, PolicyFileError> {
    if kind != Kind::OpenVex {
        return Err(field.wanted("vex only with type openvex"));
    }
    let fields = field.fields(&["every_status"])?;
    // Spec: OpenVEX 0.2.0, Status Labels
    let words = [
        ("affected", "affected"),
        ("fixed", "fixed"),
        ("not_affected", "not_affected"),
        ("under_investigation", "under_investigation"),
    ];
    let list = fields.required("every_status")?.list()?;
    let statuses = list
        .iter()
        .map(|field| field.choice(&words).map(str::to_owned));
    Ok(What::Vex(statuses.collect::<Result<_, _>>()?))
}

impl Condition {
    /// What the condition wants, in words.
    pub(super) fn wanted(&self) -> String {
        match &self.what {
            What::Where { at, test } => format!("{} {}", at.text, test.wanted()),
            What::Vex(statuses) => format!("every status {}", statuses.join(" or ")),
            What::Sbom(demands) => demands.wanted(),
        }
    }

    /// Looks at a predicate.
    ///
    /// Returns what was found, in words.
    pub(super) fn check(&self, predicate: &str, now: Timestamp) -> Result<String, Unmet> {
        match &self.what {
            What::Where { at, test } => check_where(at, test, predicate),
            What::Vex(statuses) => check_vex(statuses, predicate),
            What::Sbom(demands) => demands.check(predicate, now),
        }
    }
}

fn check_where(at: &Pointer, test: &Test, predicate: &str) -> Result<String, Unmet> {
    let found = wire::seek(predicate, &at.tokens);
    if test.holds(&found) {
        return Ok(found.to_string());
    }
    let mut text = found.to_string();
    if let (Test::Matches(matcher), Found::Text(value)) = (test, &found)
        && matcher.to_string().starts_with("glob ")
        && value.contains('/')
        && loosened(matcher).is_some_and(|loose| loose.matches(value))
    {
        text.push_str(" (in a glob * ends at a slash, ** does not)");
    }
    Err(Unmet {
        code: RuleCode::Where,
        found: text,
    })
}

/// The glob with a `**` at its end in place of a `*`, for a hint.
fn loosened(matcher: &Matcher) -> Option<Matcher> {
    let text = matcher.to_string();
    let glob = text.strip_prefix("glob ")?.strip_suffix("/*")?;
    Matcher::glob(format!("{glob}/**")).ok()
}

fn check_vex(statuses: &[String], predicate: &str) -> Result<String, Unmet> {
    let unmet = |found: String| Unmet {
        code: RuleCode::Vex,
        found,
    };
    let Some(statements) = wire::vex(predicate) else {
        return Err(unmet("no OpenVEX document".to_owned()));
    };
    if statements.is_empty() {
        return Err(unmet("a document without statements".to_owned()));
    }
    if statements.len() > limits::PREDICATE_ITEMS {
        return Err(unmet(format!(
            "more than {} statements",
            limits::PREDICATE_ITEMS
        )));
    }
    let other = statements.iter().find(|it| {
        !it.status
            .as_ref()
            .is_some_and(|status| statuses.contains(status))
    });
    match other {
        None => Ok(format!("{} statements", statements.len())),
        Some(statement) => Err(unmet(format!(
            "{} for {}",
            statement.status.as_deref().unwrap_or("no status"),
            statement.vulnerability.as_deref().unwrap_or("no name")
        ))),
    }
}

impl SbomDemands {
    fn wanted(&self) -> String {
        let mut parts = vec![match self.min_components {
            1 => "at least 1 component".to_owned(),
            count => format!("at least {count} components"),
        }];
        if !self.denied.is_empty() {
            let denied: Vec<String> = self.denied.iter().map(ToString::to_string).collect();
            parts.push(format!("none of {}", denied.join(", ")));
        }
        if let Some(age) = self.created_within {
            parts.push(format!("created within {}", age_text(age)));
        }
        parts.join("; ")
    }

    fn check(&self, predicate: &str, now: Timestamp) -> Result<String, Unmet> {
        let unmet = |found: String| {
            Err(Unmet {
                code: RuleCode::Sbom,
                found,
            })
        };
        let sbom = match self.kind {
            Kind::Spdx => wire::spdx(predicate),
            _ => wire::cyclonedx(predicate),
        };
        let Some(sbom) = sbom else {
            return unmet("no SBOM in JSON of this type".to_owned());
        };
        if sbom.components < self.min_components {
            return unmet(format!("{} components", sbom.components));
        }
        if sbom.components > limits::PREDICATE_ITEMS {
            return unmet(format!("more than {} components", limits::PREDICATE_ITEMS));
        }
        if let Some(purl) = self.denied_purl(&sbom) {
            return unmet(format!("component {}", Escaped(purl)));
        }
        let holds = format!("{} components", sbom.components);
        let Some(cap) = self.created_within else {
            return Ok(holds);
        };
        match sbom.created.as_deref().and_then(Timestamp::parse_rfc3339) {
            Some(created) if age(created, now) <= cap => Ok(format!("{holds}, created {created}")),
            Some(created) => unmet(format!("created {created}")),
            None => unmet("no time of creation".to_owned()),
        }
    }

    /// Qualifiers and subpath do not hide a package.
    fn denied_purl<'a>(&self, sbom: &'a Sbom) -> Option<&'a str> {
        let is_denied = |purl: &&String| {
            let bare = purl.split(['?', '#']).next().unwrap_or(purl);
            self.denied
                .iter()
                .any(|it| it.matches(bare) || it.matches(purl))
        };
        sbom.purls.iter().find(is_denied).map(String::as_str)
    }
}

impl Test {
    fn wanted(&self) -> String {
        match self {
            Self::Equals(value) => format!("equal to {value}"),
            Self::Exists(true) => "to exist".to_owned(),
            Self::Exists(false) => "to be absent".to_owned(),
            Self::Greater(bound) => format!("greater than {bound}"),
            Self::Less(bound) => format!("less than {bound}"),
            Self::Matches(matcher) => format!("as {matcher}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!("one of {}", values.join(", "))
            }
        }
    }

    /// What is not there or of another type is never what is wanted, except by `exists: false`.
    fn holds(&self, found: &Found) -> bool {
        match self {
            Self::Equals(value) => found.equals(value),
            Self::Exists(there) => (*found != Found::Missing) == *there,
            Self::Greater(bound) => bound.compared(found).is_some_and(std::cmp::Ordering::is_gt),
            Self::Less(bound) => bound.compared(found).is_some_and(std::cmp::Ordering::is_lt),
            Self::Matches(matcher) => {
                matches!(found, Found::Text(text) if matcher.matches(text))
            }
            Self::OneOf(values) => values.iter().any(|value| found.equals(value)),
        }
    }
}

impl Bound {
    /// How what was found compares with the bound.
    fn compared(self, found: &Found) -> Option<std::cmp::Ordering> {
        match (self, found) {
            (Self::Integer(bound), Found::Integer(found)) => Some(found.cmp(&i128::from(bound))),
            (Self::Time(bound), Found::Text(found)) => {
                Some(Timestamp::parse_rfc3339(found)?.cmp(&bound))
            }
            (Self::Integer(_) | Self::Float(_), found) => {
                found.as_float()?.partial_cmp(&self.as_float()?)
            }
            (Self::Time(_), _) => None,
        }
    }

    fn as_float(self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(number),
            Self::Integer(number) => wire::float_of(i128::from(number)),
            Self::Time(_) => None,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Float(number) => write!(f, "{number}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Nothing => f.write_str("null"),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// Seconds between two times; what is from the future has no age.
pub(super) fn age(then: Timestamp, now: Timestamp) -> i64 {
    let whole = now.unix_seconds().saturating_sub(then.unix_seconds());
    let started = i64::from(now.nanos() > then.nanos());
    whole.saturating_add(started)
}

/// An age as it is written in a policy file.
pub(super) fn age_text(seconds: i64) -> String {
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if let (Some(count), Some(0)) = (seconds.checked_div(length), seconds.checked_rem(length)) {
            return format!("{count}{unit}");
        }
    }
    format!("{seconds}s")
}
