//! What looks like a mistake in a policy file that is well-formed.

use std::fmt;

use super::model::{Body, Check, DefaultDecision, Mode, PolicyFile, Rule, TrustSource, Which};
use super::signers::{Signers, Who};
use crate::encoding::Escaped;
use crate::policy::Matcher;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// The policy does not do what it looks like.
    Problem,
    /// It may be what is meant.
    Remark,
}

/// Something that looks like a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    severity: Severity,
    code: &'static str,
    line: usize,
    rule: Option<String>,
    sentence: String,
}

impl Lint {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The line in the policy file, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The rule, if it is in one.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// What it is.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(rule) = &self.rule {
            write!(f, ", rule {}", Escaped(rule))?;
        }
        write!(f, ": {}", Escaped(&self.sentence))
    }
}

impl PolicyFile {
    /// What looks like a mistake, in the order of the file.
    pub fn lints(&self) -> Vec<Lint> {
        let mut lints = Vec::new();
        self.lint_default(&mut lints);
        for (index, rule) in self.rules.iter().enumerate() {
            self.lint_reach(index, rule, &mut lints);
            if let Body::Check(check) = &rule.body {
                lint_check(rule, check, &mut lints);
                self.lint_trust(rule, check, &mut lints);
            }
        }
        lints
    }

    fn lint_default(&self, lints: &mut Vec<Lint>) {
        let sentence = match self.default {
            DefaultDecision::Deny => return,
            DefaultDecision::Allow => {
                "default: allow lets through whatever no rule matches, under any name that is \
                 not thought of"
            }
            DefaultDecision::Warn => "default: warn lets through whatever no rule matches",
        };
        lints.push(remark("lint.default", None, sentence));
    }

    /// Rules that no name can match, and those that say again what others say.
    fn lint_reach(&self, index: usize, rule: &Rule, lints: &mut Vec<Lint>) {
        let is_out = |it: &Matcher| rule.except.iter().any(|not| covers(not, it));
        if rule.matching.iter().all(is_out) {
            let sentence = "everything in match is taken out by not: no name reaches this rule";
            lints.push(problem("lint.unreachable", rule, sentence));
            return;
        }
        let is_everything = |rule: &Rule| {
            rule.except.is_empty() && rule.matching.iter().any(|it| it.to_string() == "glob **")
        };
        if let Body::Skip { .. } = rule.body
            && is_everything(rule)
        {
            let sentence = "skips every image and file: with it the policy lets everything through \
                            that no other rule matches";
            lints.push(problem("lint.skip-all", rule, sentence));
        }
        let before = self.rules.iter().take(index);
        if let Body::Skip { .. } = rule.body
            && let Some(other) = before
                .filter(|it| matches!(&it.body, Body::Check(check) if check.mode == Mode::Enforce))
                .find(|it| same_names(it, rule))
        {
            let sentence = format!(
                "skip does not undo rule {}, which matches the same names: every matching rule \
                 must pass; take the names out there with not",
                other.name
            );
            lints.push(problem("lint.skip-undone", rule, &sentence));
        }
    }

    fn lint_trust(&self, rule: &Rule, check: &Check, lints: &mut Vec<Lint>) {
        for place in &check.trust {
            let source = self.instances.get(*place).map(|it| &it.source);
            if let Some(TrustSource::Local | TrustSource::Staging) = source {
                let sentence = "trusts an instance for tests, where anybody can be anybody";
                lints.push(remark("lint.test-instance", Some(rule), sentence));
            }
        }
    }
}

fn lint_check(rule: &Rule, check: &Check, lints: &mut Vec<Lint>) {
    if check.mode == Mode::Warn {
        let sentence = "mode: warn refuses nothing";
        lints.push(remark("lint.mode-warn", Some(rule), sentence));
    }
    for signers in check.signers() {
        lint_signers(rule, signers, lints);
    }
    for attestation in &check.attestations {
        if attestation.predicate.ages() && attestation.which == Which::Any {
            let sentence = format!(
                "of several {} an old one is enough; which: newest asks for the newest",
                attestation.predicate
            );
            lints.push(remark("lint.newest", Some(rule), &sentence));
        }
        let by_key = attestation
            .signed_by
            .of
            .iter()
            .any(|it| matches!(it.who, Who::Key { .. }));
        if attestation.max_age.is_some() && by_key {
            let sentence = "max_age is no bound for keys: anybody can have an old signature of a \
                            key time-stamped anew";
            lints.push(remark("lint.key-age", Some(rule), sentence));
        }
        let says_nothing = attestation.conditions.is_empty();
        if attestation.optional && says_nothing && attestation.max_age.is_none() {
            let sentence = format!(
                "optional {} without conditions asks for nothing",
                attestation.predicate
            );
            lints.push(problem("lint.asks-nothing", rule, &sentence));
        }
    }
}

fn lint_signers(rule: &Rule, signers: &Signers, lints: &mut Vec<Lint>) {
    for signer in &signers.of {
        let Who::Identity(identity) = &signer.who else {
            continue;
        };
        let mut add = |make: fn(&'static str, &Rule, &str) -> Lint, code, sentence: &str| {
            let mut lint = make(code, rule, sentence);
            lint.line = signer.line;
            lints.push(lint);
        };
        if identity.issuer().contains(['*', '?']) {
            add(
                problem,
                "lint.issuer",
                "an issuer is compared exactly: one with * or ? in it matches nobody",
            );
        }
        let subject = identity.subject().to_string();
        if let Some(pattern) = subject
            .strip_prefix("pattern ")
            .filter(|_| signer.shown.starts_with("identity"))
        {
            if pattern.starts_with('^') || pattern.ends_with('$') {
                add(
                    remark_in,
                    "lint.anchors",
                    "a subject_regex covers all of the subject anyway: ^ and $ are not needed",
                );
            }
            if pattern.contains(".*") || pattern.contains(".+") {
                add(
                    remark_in,
                    "lint.unanchored",
                    "with .* in it a subject_regex may cover subjects that are not thought of, on \
                     other hosts, too; subject_glob ends at slashes",
                );
            }
            if has_bare_dot(pattern) {
                add(
                    remark_in,
                    "lint.dot",
                    "a dot in subject_regex stands for any character; the dot itself is \\.",
                );
            }
        }
        if let Some(glob) = subject.strip_prefix("glob ")
            && ["*", "**"].contains(&glob)
        {
            add(
                problem,
                "lint.anybody",
                "takes anybody whom the issuer knows",
            );
        }
        if ["pattern .*", "pattern .+"].contains(&&*subject) {
            add(
                problem,
                "lint.anybody",
                "takes anybody whom the issuer knows",
            );
        }
    }
}

/// A dot that stands for any character, though it looks like one of a host.
fn has_bare_dot(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    bytes.windows(3).any(|window| {
        matches!(window, [a, b'.', c] if a.is_ascii_alphanumeric() && c.is_ascii_alphanumeric())
    })
}

/// Whether the one surely matches whatever the other does.
fn covers(outer: &Matcher, inner: &Matcher) -> bool {
    let outer = outer.to_string();
    let inner = inner.to_string();
    outer == inner
        || outer == "glob **"
        || outer
            .strip_suffix("/**")
            .is_some_and(|prefix| inner.starts_with(&format!("{prefix}/")) && !prefix.contains('*'))
}

fn same_names(a: &Rule, b: &Rule) -> bool {
    let all = |outer: &Rule, inner: &Rule| {
        inner
            .matching
            .iter()
            .all(|it| outer.matching.iter().any(|other| covers(other, it)))
    };
    all(a, b) && a.except.is_empty()
}

fn problem(code: &'static str, rule: &Rule, sentence: &str) -> Lint {
    Lint {
        severity: Severity::Problem,
        code,
        line: rule.line,
        rule: Some(rule.name.clone()),
        sentence: sentence.to_owned(),
    }
}

fn remark_in(code: &'static str, rule: &Rule, sentence: &str) -> Lint {
    remark(code, Some(rule), sentence)
}

fn remark(code: &'static str, rule: Option<&Rule>, sentence: &str) -> Lint {
    Lint {
        severity: Severity::Remark,
        code,
        line: rule.map_or(1, |it| it.line),
        rule: rule.map(|it| it.name.clone()),
        sentence: sentence.to_owned(),
    }
}
