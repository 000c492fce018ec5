//! `docs/policy.schema.json` says what the parser does, as far as a schema can.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};
use sigsign_core::policy_file::PolicyFile;

use super::{policy, tables, text};

/// What the parser refuses and a schema cannot say, by the name of the case.
const BEYOND: [(&str, &str); 13] = [
    ("anchor", "YAML"),
    ("alias", "YAML"),
    ("tag", "YAML"),
    ("two-documents", "YAML"),
    ("field-twice", "YAML"),
    ("name-twice", "names of rules are unique"),
    ("trust-unknown", "names that the file declares"),
    (
        "count-more-than-there-are",
        "a number by the length of a list",
    ),
    ("identity-not-a-pattern", "regular expressions"),
    (
        "attestation-same-as-nobody",
        "same needs the rule's signed_by",
    ),
    ("sbom-of-another-type", "conditions by type"),
    ("vex-of-another-type", "conditions by type"),
    ("signer-twice", "signers that mean the same"),
];

#[test]
fn the_schema_says_what_the_parser_does() {
    let schema = schema();
    let (mut accepted, mut refused) = (0, 0);
    for table in tables() {
        for case in &table.cases {
            let (name, policy) = (text(case, "name").unwrap(), policy(case));
            let parses = PolicyFile::from_yaml(policy.as_bytes()).is_ok();
            let Some(document) = load(&policy) else {
                assert!(!parses, "{name}");
                continue;
            };
            let problem = problem(&schema, &schema, &document, "");
            let beyond = BEYOND.iter().any(|(known, _)| *known == name);
            match (parses, &problem) {
                (true, Some(problem)) => panic!("{name} parses, but: {problem}"),
                (false, None) => assert!(beyond, "{name} is refused, and the schema takes it"),
                (false, Some(_)) => assert!(!beyond, "{name} is not beyond the schema"),
                (true, None) => {}
            }
            accepted += usize::from(parses);
            refused += usize::from(!parses);
        }
    }
    assert!(accepted > 90 && refused > 50, "{accepted} {refused}");
}

/// Every field and every word has a case that is let through and one that is refused.
#[test]
fn the_tables_have_both_answers_for_every_field() {
    let (mut allowed, mut denied) = (BTreeSet::new(), BTreeSet::new());
    for table in tables() {
        for case in &table.cases {
            let Some(document) = load(&policy(case)) else {
                continue;
            };
            let first = text(case, "verdict").unwrap().lines().next().unwrap();
            if first.ends_with(": allow") || first.ends_with(": warn") {
                words(&document, &mut allowed);
            } else if first.ends_with(": deny") {
                words(&document, &mut denied);
            }
        }
    }
    let mut fields = Vec::new();
    names(&schema(), &mut fields);
    let lacks = |all: &BTreeSet<String>| -> BTreeSet<&String> {
        fields.iter().filter(|it| !all.contains(*it)).collect()
    };
    assert_eq!(BTreeSet::new(), lacks(&allowed), "never let through");
    assert_eq!(BTreeSet::new(), lacks(&denied), "never refused");
}

/// Names of fields, and text.
fn words(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|it| words(it, found)),
        Value::Object(members) => {
            for (name, value) in members {
                found.insert(name.clone());
                words(value, found);
            }
        }
        Value::String(text) => {
            found.insert(text.clone());
        }
        _ => {}
    }
}

/// Every property and every word of the schema's enumerations is in the documentation.
#[test]
fn the_documentation_names_every_field() {
    let page = include_str!("../../../docs/policy.md");
    let mut fields = Vec::new();
    names(&schema(), &mut fields);
    fields.sort();
    fields.dedup();
    assert!(fields.len() > 50, "{fields:?}");
    let lacking: Vec<&String> = fields
        .iter()
        .filter(|it| !page.contains(&format!("`{it}`")))
        .collect();
    assert!(lacking.is_empty(), "not in docs/policy.md: {lacking:?}");
}

fn names(schema: &Value, found: &mut Vec<String>) {
    let Value::Object(members) = schema else {
        if let Value::Array(items) = schema {
            items.iter().for_each(|it| names(it, found));
        }
        return;
    };
    if let Some(Value::Object(properties)) = members.get("properties") {
        found.extend(properties.keys().cloned());
    }
    for (name, value) in members {
        if name == "enum" {
            let words = value.as_array().unwrap().iter().filter_map(Value::as_str);
            // Names of certificate extensions have their own list.
            let words: Vec<String> = words.map(str::to_owned).collect();
            if words.len() < 20 {
                found.extend(words);
            }
        } else {
            names(value, found);
        }
    }
}

pub(crate) fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What is wrong with a document; `None` if nothing is. Knows the keywords that the schema uses, and
/// no others.
pub(crate) fn problem(root: &Value, schema: &Value, value: &Value, path: &str) -> Option<String> {
    let check = |schema: &Value| problem(root, schema, value, path);
    let wrong = |what: &str| Some(format!("{path}: {what}"));
    for (keyword, rule) in schema.as_object().unwrap() {
        let list = || rule.as_array().unwrap().iter();
        let found = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => None,
            "$ref" => {
                let target = rule.as_str().unwrap().strip_prefix('#').unwrap();
                check(root.pointer(target).unwrap())
            }
            "allOf" => list().find_map(check),
            "anyOf" if list().any(|it| check(it).is_none()) => None,
            "anyOf" => wrong("none of anyOf"),
            "oneOf" if list().filter(|it| check(it).is_none()).count() == 1 => None,
            "oneOf" => wrong("not one of oneOf"),
            "not" => check(rule).is_none().then(|| format!("{path}: not")),
            "const" => (value != rule).then(|| format!("{path}: const {rule}")),
            "enum" if list().any(|it| it == value) => None,
            "enum" => wrong("not in enum"),
            "type" => {
                let one = |it: &Value| has_type(value, it.as_str().unwrap());
                let fits = rule
                    .as_array()
                    .map_or_else(|| one(rule), |it| it.iter().any(one));
                (!fits).then(|| format!("{path}: type {rule}"))
            }
            _ => sized(keyword, rule, value, path)
                .or_else(|| inside(root, schema, (keyword, rule), value, path)),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        other => panic!("type {other}"),
    }
}

/// Keywords about one value, which say nothing about values of other types.
fn sized(keyword: &str, rule: &Value, value: &Value, path: &str) -> Option<String> {
    let bound = rule.as_u64().unwrap_or_default();
    let count = |it: usize| u64::try_from(it).unwrap();
    let fits = match (keyword, value) {
        ("minItems", Value::Array(items)) => count(items.len()) >= bound,
        ("maxItems", Value::Array(items)) => count(items.len()) <= bound,
        ("uniqueItems", Value::Array(items)) => {
            (1..items.len()).all(|it| !items[..it].contains(&items[it]))
        }
        ("minLength", Value::String(text)) => count(text.chars().count()) >= bound,
        ("pattern", Value::String(text)) => {
            Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)
        }
        ("minimum", Value::Number(number)) => number.as_f64() >= rule.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= rule.as_f64(),
        ("minProperties", Value::Object(members)) => count(members.len()) >= bound,
        ("maxProperties", Value::Object(members)) => count(members.len()) <= bound,
        ("required", Value::Object(members)) => {
            let mut names = rule.as_array().unwrap().iter();
            names.all(|it| members.contains_key(it.as_str().unwrap()))
        }
        _ => true,
    };
    (!fits).then(|| format!("{path}: {keyword} {rule}"))
}

/// Keywords about what is in a value.
fn inside(
    root: &Value,
    schema: &Value,
    (keyword, rule): (&str, &Value),
    value: &Value,
    path: &str,
) -> Option<String> {
    match (keyword, value) {
        ("items", Value::Array(items)) => items
            .iter()
            .find_map(|it| problem(root, rule, it, &format!("{path}[]"))),
        ("properties", Value::Object(members)) => members
            .iter()
            .find_map(|(name, it)| problem(root, rule.get(name)?, it, &format!("{path}.{name}"))),
        ("propertyNames", Value::Object(members)) => members.keys().find_map(|name| {
            problem(
                root,
                rule,
                &Value::String(name.clone()),
                &format!("{path} name"),
            )
        }),
        ("additionalProperties", Value::Object(members)) => {
            let known = schema.get("properties").and_then(Value::as_object);
            let mut others = members
                .iter()
                .filter(|(name, _)| !known.is_some_and(|it| it.contains_key(*name)));
            match rule {
                Value::Bool(false) => others.next().map(|(name, _)| format!("{path}: {name}")),
                rule => {
                    others.find_map(|(name, it)| problem(root, rule, it, &format!("{path}.{name}")))
                }
            }
        }
        (
            "items"
            | "properties"
            | "propertyNames"
            | "additionalProperties"
            | "minItems"
            | "maxItems"
            | "uniqueItems"
            | "minLength"
            | "pattern"
            | "minimum"
            | "maximum"
            | "minProperties"
            | "maxProperties"
            | "required",
            _,
        ) => None,
        (other, _) => panic!("keyword {other}"),
    }
}

/// A YAML document as JSON, read as most readers do; `None` if it is not YAML.
pub(crate) fn load(yaml: &str) -> Option<Value> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(yaml) {
        match event.ok()?.0 {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => events.push(event),
        }
    }
    let mut events = events.into_iter().peekable();
    if matches!(events.peek(), Some(Event::StreamEnd) | None) {
        return Some(Value::Null);
    }
    node(&mut events)
}

fn node<'a>(events: &mut std::iter::Peekable<impl Iterator<Item = Event<'a>>>) -> Option<Value> {
    match events.next()? {
        Event::Scalar(text, ScalarStyle::Plain, ..) => Some(plain(&text)),
        Event::Scalar(text, ..) => Some(Value::String(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            while !matches!(events.peek()?, Event::SequenceEnd) {
                items.push(node(events)?);
            }
            events.next();
            Some(Value::Array(items))
        }
        Event::MappingStart(..) => {
            let mut members = Map::new();
            while !matches!(events.peek()?, Event::MappingEnd) {
                let name = match node(events)? {
                    Value::String(name) => name,
                    other => other.to_string(),
                };
                members.insert(name, node(events)?);
            }
            events.next();
            Some(Value::Object(members))
        }
        // An alias stands for something else.
        _ => Some(Value::Null),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| {
                text.parse()
                    .map(|it| Number::from_f64(it).map_or(Value::Null, Value::Number))
            })
            .unwrap_or_else(|_| Value::String(text.to_owned())),
    }
}
