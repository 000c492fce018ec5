//! A policy file, field by field.
//!
//! Spec: docs/policy.md

use super::condition;
use super::error::PolicyFileError;
use super::fields::{Field, Fields, Scalar};
use super::model::{
    Attestation, Body, Check, DefaultDecision, DigestMode, Mode, Platforms, PolicyFile, Rule,
    TrustInstance, TrustSource, Which,
};
use super::predicate::{self, PredicateType};
use super::signers::Signers;
use super::yaml::Node;
use crate::digest::Digest;
use crate::policy::{Instance, Matcher};

/// What is collected on the way.
#[derive(Default)]
struct Context {
    /// Those that the file names itself.
    declared: Vec<TrustInstance>,
    /// Those that rules use.
    used: Vec<TrustInstance>,
    keys: Vec<String>,
}

pub(super) fn policy_file(document: &Node, digest: Digest) -> Result<PolicyFile, PolicyFileError> {
    let fields = Field::root(document).fields(&[
        "version",
        "trust",
        "instances",
        "default",
        "digest",
        "rules",
    ])?;
    let version = fields.required("version")?;
    if version.scalar()? != Scalar::Integer(VERSION) {
        return Err(version.wanted("1, the version of this format"));
    }
    let mut context = Context::default();
    if let Some(field) = fields.optional("instances") {
        context.declare(&field)?;
    }
    let trust = match fields.optional("trust") {
        Some(field) => context.trust(&field)?,
        None => vec![context.use_named("public-good").unwrap_or_default()],
    };
    let default = match fields.optional("default") {
        Some(field) => field.choice(&[
            ("deny", DefaultDecision::Deny),
            ("warn", DefaultDecision::Warn),
            ("allow", DefaultDecision::Allow),
        ])?,
        None => DefaultDecision::Deny,
    };
    let digest_mode = match fields.optional("digest") {
        Some(field) => field.choice(&[
            ("require", DigestMode::Require),
            ("resolve", DigestMode::Resolve),
        ])?,
        None => DigestMode::Resolve,
    };
    let rules = rules(&fields.required("rules")?, &trust, &mut context)?;
    Ok(PolicyFile {
        digest,
        default,
        digest_mode,
        instances: context.used,
        keys: context.keys,
        rules,
    })
}

fn rules(
    field: &Field<'_>,
    trust: &[usize],
    context: &mut Context,
) -> Result<Vec<Rule>, PolicyFileError> {
    let mut rules: Vec<Rule> = Vec::new();
    for field in field.list()? {
        let rule = rule(&field, trust, context)?;
        if rules.iter().any(|it| it.name == rule.name) {
            return Err(PolicyFileError::Duplicate {
                at: field.place(),
                name: rule.name,
            });
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn rule(
    field: &Field<'_>,
    trust: &[usize],
    context: &mut Context,
) -> Result<Rule, PolicyFileError> {
    let fields = field.fields(&[
        "name",
        "match",
        "not",
        "mode",
        "platforms",
        "trust",
        "signed_by",
        "attestations",
        "skip",
    ])?;
    let body = match fields.optional("skip") {
        Some(reason) => {
            let others = ["mode", "platforms", "trust", "signed_by", "attestations"];
            if others.iter().any(|name| fields.optional(name).is_some()) {
                return Err(PolicyFileError::Conflict {
                    at: fields.place().clone(),
                    names: "skip, or what a rule asks for",
                });
            }
            Body::Skip {
                reason: reason.text()?.to_owned(),
            }
        }
        None => Body::Check(check(&fields, trust, context)?),
    };
    Ok(Rule {
        name: fields.required("name")?.text()?.to_owned(),
        line: field.place().line(),
        matching: globs(&fields.required("match")?)?,
        except: match fields.optional("not") {
            Some(field) => globs(&field)?,
            None => Vec::new(),
        },
        body,
    })
}

fn globs(field: &Field<'_>) -> Result<Vec<Matcher>, PolicyFileError> {
    field.list()?.iter().map(Field::glob).collect()
}

fn check(
    fields: &Fields<'_>,
    trust: &[usize],
    context: &mut Context,
) -> Result<Check, PolicyFileError> {
    let signed_by = match fields.optional("signed_by") {
        Some(field) => Some(Signers::parse(&field, &mut context.keys)?),
        None => None,
    };
    let attestations = match fields.optional("attestations") {
        Some(field) => field
            .list()?
            .iter()
            .map(|field| attestation(field, signed_by.as_ref(), &mut context.keys))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    if signed_by.is_none() && attestations.is_empty() {
        return Err(fields.missing("signed_by, attestations or skip"));
    }
    Ok(Check {
        mode: match fields.optional("mode") {
            Some(field) => field.choice(&[("enforce", Mode::Enforce), ("warn", Mode::Warn)])?,
            None => Mode::Enforce,
        },
        platforms: match fields.optional("platforms") {
            Some(field) => platforms(&field)?,
            None => Platforms::Index,
        },
        trust: match fields.optional("trust") {
            Some(field) => context.trust(&field)?,
            None => trust.to_vec(),
        },
        signed_by,
        attestations,
    })
}

fn platforms(field: &Field<'_>) -> Result<Platforms, PolicyFileError> {
    if !field.is_list() {
        return match field.text() {
            Ok("index") => Ok(Platforms::Index),
            Ok("all") => Ok(Platforms::All),
            _ => Err(field.wanted("index, all, or a list of platforms as linux/amd64")),
        };
    }
    let mut names = Vec::new();
    for field in field.list()? {
        let name = field.text()?;
        let parts = name.split('/').filter(|part| !part.is_empty()).count();
        if parts != name.split('/').count() || !(2..=3).contains(&parts) {
            return Err(field.wanted("a platform as linux/amd64 or linux/arm/v7"));
        }
        names.push(name.to_owned());
    }
    Ok(Platforms::Named(names))
}

fn attestation(
    field: &Field<'_>,
    same: Option<&Signers>,
    keys: &mut Vec<String>,
) -> Result<Attestation, PolicyFileError> {
    let fields = field.fields(&[
        "type",
        "signed_by",
        "where",
        "sbom",
        "vex",
        "max_age",
        "optional",
        "which",
    ])?;
    let name = fields.required("type")?;
    let predicate = PredicateType::parse(name.text()?)
        .ok_or_else(|| name.wanted(format!("a URI, or one of {}", predicate::names())))?;
    Ok(Attestation {
        signed_by: attested_by(&fields.required("signed_by")?, same, keys)?,
        conditions: condition::parse(&fields, &predicate)?,
        max_age: match fields.optional("max_age") {
            Some(field) => Some(field.duration()?),
            None => None,
        },
        optional: match fields.optional("optional") {
            Some(field) => field.flag()?,
            None => false,
        },
        which: match fields.optional("which") {
            Some(field) => field.choice(&[("any", Which::Any), ("newest", Which::Newest)])?,
            None => Which::Any,
        },
        predicate,
    })
}

/// `same` stands for the rule's own `signed_by`.
fn attested_by(
    field: &Field<'_>,
    same: Option<&Signers>,
    keys: &mut Vec<String>,
) -> Result<Signers, PolicyFileError> {
    if !field.is_scalar() {
        return Signers::parse(field, keys);
    }
    match (field.text(), same) {
        (Ok("same"), Some(same)) => Ok(same.clone()),
        (Ok("same"), None) => {
            Err(field.wanted("signers, as the rule has no signed_by to be the same as"))
        }
        _ => Err(field.wanted("same, or signers")),
    }
}

impl Context {
    fn declare(&mut self, field: &Field<'_>) -> Result<(), PolicyFileError> {
        for (name, field) in field.named()? {
            if BUILT_IN.iter().any(|(known, _)| *known == name) {
                return Err(PolicyFileError::Duplicate {
                    at: field.place(),
                    name: name.to_owned(),
                });
            }
            let fields = field.fields(&["added", "file", "services"])?;
            let (form, value) = fields.one_of(&["added", "file"], "added or file")?;
            let text = value.text()?.to_owned();
            self.declared.push(TrustInstance {
                name: name.to_owned(),
                source: match form {
                    "added" => TrustSource::Added(text),
                    _ => TrustSource::File(text),
                },
                services: match fields.optional("services") {
                    Some(field) => field.choice(&[
                        ("with-logs", Instance::WithLogs),
                        ("signed-time-only", Instance::SignedTimeOnly),
                    ])?,
                    None => Instance::WithLogs,
                },
            });
        }
        Ok(())
    }

    /// The places of one name or of a list of them.
    fn trust(&mut self, field: &Field<'_>) -> Result<Vec<usize>, PolicyFileError> {
        let fields = if field.is_list() {
            field.list()?
        } else {
            vec![field.clone()]
        };
        let mut places = Vec::new();
        for field in fields {
            let name = field.text()?;
            let place = self.use_named(name).ok_or_else(|| {
                let built_in = BUILT_IN.iter().map(|(name, _)| *name);
                let declared = self.declared.iter().map(|it| it.name.as_str());
                let known: Vec<&str> = built_in.chain(declared).collect();
                field.wanted(format!("an instance: {}", known.join(", ")))
            })?;
            if places.contains(&place) {
                return Err(PolicyFileError::Duplicate {
                    at: field.place(),
                    name: name.to_owned(),
                });
            }
            places.push(place);
        }
        Ok(places)
    }

    fn use_named(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.used.iter().position(|it| it.name == name) {
            return Some(place);
        }
        let declared = self.declared.iter().find(|it| it.name == name).cloned();
        let instance = declared.or_else(|| built_in(name))?;
        self.used.push(instance);
        self.used.len().checked_sub(1)
    }
}

fn built_in(name: &str) -> Option<TrustInstance> {
    let (name, source) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(TrustInstance {
        name: (*name).to_owned(),
        services: match source {
            TrustSource::Github => Instance::SignedTimeOnly,
            _ => Instance::WithLogs,
        },
        source: source.clone(),
    })
}

/// The version of the format.
const VERSION: i64 = 1;

/// Instances that need no declaration.
const BUILT_IN: [(&str, TrustSource); 4] = [
    ("public-good", TrustSource::PublicGood),
    ("staging", TrustSource::Staging),
    ("github", TrustSource::Github),
    ("local", TrustSource::Local),
];
