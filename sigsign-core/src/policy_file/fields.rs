//! Fields of a policy file, each read once, with its path in every error.

use super::error::{Place, PolicyFileError};
use super::yaml::{Member, Node, Plain, Value};
use crate::limits;
use crate::policy::{Matcher, PolicyError};

/// A value and its path.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    node: &'a Node,
    path: String,
}

/// The fields of a mapping, all of them known.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    at: Place,
    members: &'a [Member],
}

/// A single value of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Flag(bool),
    Float(f64),
    Integer(i64),
    Nothing,
    Text(String),
}

impl<'a> Field<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    pub(super) fn place(&self) -> Place {
        Place::new(self.node.line, self.node.column, self.path.clone())
    }

    pub(super) fn wanted(&self, want: impl Into<String>) -> PolicyFileError {
        PolicyFileError::Wanted {
            at: self.place(),
            want: want.into(),
            found: self.found(),
        }
    }

    fn found(&self) -> String {
        match &self.node.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar { text, plain: true } if Plain::of(text) == Plain::Nothing => {
                "nothing".to_owned()
            }
            Value::Scalar { text, .. } if text.is_empty() => "empty text".to_owned(),
            Value::Scalar { text, plain } => {
                let short: String = text.chars().take(FOUND_CHARS).collect();
                if *plain {
                    short
                } else {
                    format!("\"{short}\"")
                }
            }
        }
    }

    /// Wraps an error of the policy with the place.
    pub(super) fn policy<T>(&self, result: Result<T, PolicyError>) -> Result<T, PolicyFileError> {
        result.map_err(|error| PolicyFileError::Policy {
            at: self.place(),
            error,
        })
    }

    /// Text that is not empty. A number or truth value has to be in quotes to be text.
    pub(super) fn text(&self) -> Result<&'a str, PolicyFileError> {
        match &self.node.value {
            Value::Scalar { text, plain } if !text.is_empty() => {
                if *plain && Plain::of(text) != Plain::Text {
                    return Err(self.wanted("text, in quotes if it looks like something else"));
                }
                Ok(text)
            }
            _ => Err(self.wanted("text")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, PolicyFileError> {
        match self.scalar() {
            Ok(Scalar::Flag(flag)) => Ok(flag),
            _ => Err(self.wanted("true or false")),
        }
    }

    /// An integer from 1 to `cap`.
    pub(super) fn count(&self, cap: usize) -> Result<usize, PolicyFileError> {
        let number = match self.scalar() {
            Ok(Scalar::Integer(number)) => usize::try_from(number).ok(),
            _ => None,
        };
        number
            .filter(|number| (1..=cap).contains(number))
            .ok_or_else(|| self.wanted(format!("an integer from 1 to {cap}")))
    }

    /// A whole number of weeks, days, hours or minutes, in seconds.
    pub(super) fn duration(&self) -> Result<i64, PolicyFileError> {
        let seconds = |text: &str| {
            let (unit, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit))?;
            let number = text.strip_suffix(unit)?;
            let canonical = number.bytes().all(|it| it.is_ascii_digit());
            let number: i64 = number.parse().ok().filter(|it| canonical && *it > 0)?;
            number.checked_mul(*seconds)
        };
        let text = match &self.node.value {
            Value::Scalar { text, .. } => text.as_str(),
            _ => "",
        };
        seconds(text).ok_or_else(|| self.wanted("an age as 90m, 12h, 7d or 2w"))
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, PolicyFileError> {
        let found = match &self.node.value {
            Value::Scalar { text, .. } => words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wanted(known.join(" or "))
        })
    }

    pub(super) fn scalar(&self) -> Result<Scalar, PolicyFileError> {
        match &self.node.value {
            Value::Scalar { text, plain: false } => Ok(Scalar::Text(text.clone())),
            Value::Scalar { text, plain: true } => Ok(match Plain::of(text) {
                Plain::Flag(flag) => Scalar::Flag(flag),
                Plain::Float(number) => Scalar::Float(number),
                Plain::Integer(number) => Scalar::Integer(number),
                Plain::Nothing => Scalar::Nothing,
                Plain::Text => Scalar::Text(text.clone()),
            }),
            _ => Err(self.wanted("a single value")),
        }
    }

    /// The elements of a list with at least one.
    pub(super) fn list(&self) -> Result<Vec<Self>, PolicyFileError> {
        let nodes = match &self.node.value {
            Value::List(nodes) if !nodes.is_empty() => nodes,
            Value::List(_) => {
                return Err(PolicyFileError::Wanted {
                    at: self.place(),
                    want: "a list with something in it".to_owned(),
                    found: "an empty one".to_owned(),
                });
            }
            _ => return Err(self.wanted("a list")),
        };
        if nodes.len() > limits::POLICY_LIST {
            return Err(PolicyFileError::TooMany {
                at: self.place(),
                cap: limits::POLICY_LIST,
                found: nodes.len(),
            });
        }
        let element = |(index, node)| Self {
            node,
            path: format!("{}[{index}]", self.path),
        };
        Ok(nodes.iter().enumerate().map(element).collect())
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    pub(super) fn is_scalar(&self) -> bool {
        matches!(self.node.value, Value::Scalar { .. })
    }

    /// The members of a mapping whose names are the author's own.
    pub(super) fn named(&self) -> Result<Vec<(&'a str, Self)>, PolicyFileError> {
        let Value::Map(members) = &self.node.value else {
            return Err(self.wanted("a mapping"));
        };
        Ok(members.iter().map(|it| self.member(it)).collect())
    }

    /// The fields of a mapping: these and no others.
    pub(super) fn fields(
        &self,
        known: &'static [&'static str],
    ) -> Result<Fields<'a>, PolicyFileError> {
        let Value::Map(members) = &self.node.value else {
            return Err(self.wanted(format!("a mapping with {}", known.join(", "))));
        };
        if let Some(member) = members.iter().find(|it| !known.contains(&&*it.name)) {
            return Err(PolicyFileError::Unknown {
                at: Place::new(member.line, member.column, self.path.clone()),
                name: member.name.clone(),
                known,
            });
        }
        Ok(Fields {
            at: self.place(),
            members,
        })
    }

    fn member(&self, member: &'a Member) -> (&'a str, Self) {
        let path = match self.path.as_str() {
            "" => member.name.clone(),
            path => format!("{path}.{}", member.name),
        };
        let node = &member.node;
        (member.name.as_str(), Self { node, path })
    }

    /// A glob.
    pub(super) fn glob(&self) -> Result<Matcher, PolicyFileError> {
        self.policy(Matcher::glob(self.text()?))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn place(&self) -> &Place {
        &self.at
    }

    pub(super) fn optional(&self, name: &str) -> Option<Field<'a>> {
        let member = self.members.iter().find(|it| it.name == name)?;
        let path = match self.at.path() {
            "" => member.name.clone(),
            path => format!("{path}.{}", member.name),
        };
        Some(Field {
            node: &member.node,
            path,
        })
    }

    pub(super) fn required(&self, name: &'static str) -> Result<Field<'a>, PolicyFileError> {
        self.optional(name).ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(&self, name: &'static str) -> PolicyFileError {
        PolicyFileError::Missing {
            at: self.at.clone(),
            name,
        }
    }

    /// The one field that is there of several; `names` is how to say them.
    pub(super) fn one_of(
        &self,
        known: &[&'static str],
        names: &'static str,
    ) -> Result<(&'a str, Field<'a>), PolicyFileError> {
        let mut there = self.members.iter().filter(|it| known.contains(&&*it.name));
        match (there.next(), there.next()) {
            (Some(member), None) => {
                let field = self.optional(&member.name);
                field
                    .map(|field| (member.name.as_str(), field))
                    .ok_or_else(|| self.missing(names))
            }
            (None, _) => Err(self.missing(names)),
            (Some(_), Some(_)) => Err(PolicyFileError::Conflict {
                at: self.at.clone(),
                names,
            }),
        }
    }
}

/// How much is shown of a value that is not what it should be.
const FOUND_CHARS: usize = 64;

/// Units of ages, in seconds.
const UNITS: [(&str, i64); 4] = [("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];
