//! What the author of an image might try that no table shows: much of something, and names that lie.

use std::cell::Cell;

use sigsign_core::policy::Policy;
use sigsign_core::policy_file::{
    BundleCandidate, Candidate, Decision, Evidence, Refused, SignerKind, Verdict,
};
use sigsign_core::time::Timestamp;
use sigsign_core::{Verified, Verifier};

use super::{World, as_dyn};

const RULE: &str = "version: 1
rules:
- name: ours
  match: ['example.org/**']
  signed_by: [{github: {repository: team/app}}]
";

/// Counts how often it is verified.
struct Counted<'a> {
    inner: BundleCandidate,
    count: &'a Cell<usize>,
}

impl Candidate for Counted<'_> {
    fn label(&self) -> String {
        self.inner.label()
    }

    fn signer_kind(&self) -> SignerKind {
        self.inner.signer_kind()
    }

    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        self.count.set(self.count.get() + 1);
        self.inner.verify(verifier, policy, now)
    }
}

fn judge(world: &World, policy: &str, candidates: &[impl Candidate]) -> Verdict {
    let evaluator = world.evaluator(policy).unwrap();
    let subject = world.subject("example.org/team/app", false);
    let evidence = Evidence::new(as_dyn(candidates));
    evaluator.evaluate(&subject, &evidence, world.now)
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|it| (*it).to_owned()).collect()
}

/// Fifty rules about ten bundles: each bundle is verified once, whoever is asked for.
#[test]
fn verifies_each_bundle_once_whatever_the_rules_are() {
    let world = World::new();
    let mut policy = String::from("version: 1\nrules:\n");
    for rule in 0..50 {
        policy.push_str(&format!(
            "- name: rule {rule}\n  match: ['**']\n  signed_by:\n  - gitlab: {{project: other/p{rule}}}\n  \
             - github: {{repository: team/app, ref: 'refs/tags/v*'}}\n  attestations:\n  \
             - {{type: slsa, signed_by: same, where: [{{at: /predicate/runDetails/builder/id, exists: true}}]}}\n"
        ));
    }
    let found = names(&[
        "release",
        "main",
        "fork",
        "person",
        "gitlab",
        "provenance",
        "provenance-main",
        "spdx",
        "vex",
        "reusable",
    ]);
    let count = Cell::new(0);
    let candidates: Vec<Counted<'_>> = world
        .candidates(&found)
        .into_iter()
        .map(|inner| Counted {
            inner,
            count: &count,
        })
        .collect();

    let verdict = judge(&world, &policy, &candidates);

    assert_eq!(Decision::Allow, verdict.decision(), "{verdict}");
    assert_eq!(50, verdict.rules().len());
    assert_eq!(10, count.get());
}

/// Nothing is verified for rules that do not look, and for names that no rule matches.
#[test]
fn verifies_nothing_that_no_rule_asks_for() {
    let world = World::new();
    let count = Cell::new(0);
    let inner = world.candidates(&names(&["release"])).remove(0);
    let candidates = [Counted {
        inner,
        count: &count,
    }];

    for (policy, want) in [
        (
            "version: 1\nrules: [{name: a, match: ['**'], skip: x}]\n",
            Decision::Allow,
        ),
        (
            "version: 1\nrules: [{name: a, match: ['x'], skip: x}]\n",
            Decision::Deny,
        ),
    ] {
        assert_eq!(want, judge(&world, policy, &candidates).decision());
    }
    assert_eq!(0, count.get());
}

/// A key is not tried on certificates, nor the other way around.
#[test]
fn tries_nothing_in_vain() {
    let world = World::new();
    let policy = RULE.replace(
        "{github: {repository: team/app}}",
        "{key: {file: a}}, {key: {file: b}}",
    );
    let count = Cell::new(0);
    let candidates: Vec<Counted<'_>> = world
        .candidates(&names(&["release", "key"]))
        .into_iter()
        .map(|inner| Counted {
            inner,
            count: &count,
        })
        .collect();

    let verdict = judge(&world, &policy, &candidates);

    assert_eq!(Decision::Allow, verdict.decision(), "{verdict}");
    assert_eq!(3, count.get());
}

/// Behind so much junk nobody looks, and what was not looked at is no yes and no no.
#[test]
fn has_no_answer_behind_endless_junk() {
    let world = World::new();
    let mut found = vec!["junk".to_owned(); 1024];
    found.push("release".to_owned());

    let verdict = judge(&world, RULE, &world.candidates(&found));

    assert_eq!(Decision::NoAnswer, verdict.decision());
    assert_eq!(
        ["more than 1024 signatures and attestations".to_owned()],
        verdict.gaps()
    );
    found.swap(0, 1024);
    let verdict = judge(&world, RULE, &world.candidates(&found));
    assert_eq!(Decision::Allow, verdict.decision());
}

/// Messages stay short, and their lines are their own.
#[test]
fn shows_nothing_that_deceives_or_floods() {
    let world = World::new();
    let error = std::io::Error::other("a\n  rule ours: all is well\u{1b}[2J\u{202e}");
    let why = || Refused::new("bundle.json", &error);
    let mut candidates = vec![BundleCandidate::unusable("b\u{1b}[2J\nallow", why())];
    for _ in 0..100 {
        candidates.push(BundleCandidate::unusable("x".repeat(100_000), why()));
    }

    let text = judge(&world, RULE, &candidates).to_string();

    assert_eq!(2, text.lines().count(), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.len() < 4000, "{}", text.len());
}
