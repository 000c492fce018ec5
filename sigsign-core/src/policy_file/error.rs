use std::fmt;

use crate::encoding::Escaped;
use crate::policy::PolicyError;

/// Where something is in a policy file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    line: usize,
    column: usize,
    path: String,
}

impl Place {
    pub(super) fn new(line: usize, column: usize, path: impl Into<String>) -> Self {
        Self {
            line,
            column,
            path: path.into(),
        }
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The field: `rules[0].signed_by[1].github`; empty for the document.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.path.is_empty() {
            write!(f, ", {}", Escaped(&self.path))?;
        }
        Ok(())
    }
}

/// Why a policy file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// An anchor or an alias: what is written is what counts, where it is written.
    Anchor {
        /// Where.
        at: Place,
    },
    /// More levels than the cap.
    Depth {
        /// Levels allowed.
        cap: usize,
        /// Where.
        at: Place,
    },
    /// None or several documents in one file.
    Documents {
        /// Where the second one starts, or the end.
        at: Place,
    },
    /// The same field, or the same name, twice.
    Duplicate {
        /// The second one.
        at: Place,
        /// The name.
        name: String,
    },
    /// A key of a mapping that is not text.
    FieldName {
        /// Where.
        at: Place,
    },
    /// A field that must be there.
    Missing {
        /// The mapping that lacks it.
        at: Place,
        /// The field, or the fields of which one is needed.
        name: &'static str,
    },
    /// A list with more in it than the cap.
    TooMany {
        /// The list.
        at: Place,
        /// How many are allowed.
        cap: usize,
        /// How many there are.
        found: usize,
    },
    /// Two fields of which only one can be there.
    Conflict {
        /// The mapping with both.
        at: Place,
        /// The fields of which there can be one.
        names: &'static str,
    },
    /// Something that stands for nobody: a pattern, an identity or a list that cannot be used.
    Policy {
        /// Where.
        at: Place,
        /// What is wrong with it.
        error: PolicyError,
    },
    /// Not YAML.
    Syntax {
        /// Where.
        at: Place,
        /// What the parser says.
        problem: String,
    },
    /// A tag, which would say how to read a value.
    Tag {
        /// Where.
        at: Place,
    },
    /// More bytes than the cap.
    TooLarge {
        /// Bytes allowed.
        cap: usize,
    },
    /// A field that there is not.
    Unknown {
        /// Where.
        at: Place,
        /// Its name.
        name: String,
        /// The fields that there are.
        known: &'static [&'static str],
    },
    /// Bytes that are not UTF-8.
    Utf8,
    /// Another kind of value than the field has.
    Wanted {
        /// Where.
        at: Place,
        /// What is wanted there.
        want: String,
        /// What is there.
        found: String,
    },
}

impl PolicyFileError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Anchor { .. } => "policy-file.anchor",
            Self::Depth { .. } => "policy-file.depth",
            Self::Documents { .. } => "policy-file.documents",
            Self::Duplicate { .. } => "policy-file.duplicate",
            Self::FieldName { .. } => "policy-file.field-name",
            Self::Missing { .. } => "policy-file.missing",
            Self::TooMany { .. } => "policy-file.too-many",
            Self::Conflict { .. } => "policy-file.conflict",
            Self::Policy { .. } => "policy-file.value",
            Self::Syntax { .. } => "policy-file.syntax",
            Self::Tag { .. } => "policy-file.tag",
            Self::TooLarge { .. } => "policy-file.too-large",
            Self::Unknown { .. } => "policy-file.unknown-field",
            Self::Utf8 => "policy-file.utf8",
            Self::Wanted { .. } => "policy-file.wanted",
        }
    }

    /// Where it is, if that is known.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Anchor { at }
            | Self::Depth { at, .. }
            | Self::Documents { at }
            | Self::Duplicate { at, .. }
            | Self::FieldName { at }
            | Self::Missing { at, .. }
            | Self::TooMany { at, .. }
            | Self::Conflict { at, .. }
            | Self::Policy { at, .. }
            | Self::Syntax { at, .. }
            | Self::Tag { at }
            | Self::Unknown { at, .. }
            | Self::Wanted { at, .. } => Some(at),
            Self::TooLarge { .. } | Self::Utf8 => None,
        }
    }

    fn sentence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor { .. } => {
                f.write_str("wanted every value written where it counts, found an anchor or alias")
            }
            Self::Depth { cap, .. } => write!(f, "wanted at most {cap} levels, found more"),
            Self::Documents { .. } => f.write_str("wanted exactly one YAML document"),
            Self::Duplicate { name, .. } => write!(f, "{} is there twice", Escaped(name)),
            Self::FieldName { .. } => f.write_str("wanted the name of a field"),
            Self::Missing { name, .. } => write!(f, "wanted {name}, found none"),
            Self::TooMany { cap, found, .. } => write!(f, "wanted at most {cap}, found {found}"),
            Self::Conflict { names, .. } => write!(f, "wanted only one of {names}"),
            Self::Policy { error, .. } => write!(f, "{}", Escaped(&error.to_string())),
            Self::Syntax { problem, .. } => write!(f, "not YAML: {}", Escaped(problem)),
            Self::Tag { .. } => f.write_str("wanted a plain value, found a YAML tag"),
            Self::TooLarge { cap } => {
                write!(f, "wanted a policy file of at most {cap} bytes, found more")
            }
            Self::Unknown { name, known, .. } => write!(
                f,
                "unknown field {}, known are {}",
                Escaped(name),
                known.join(", ")
            ),
            Self::Utf8 => f.write_str("policy file is not UTF-8"),
            Self::Wanted { want, found, .. } => {
                write!(f, "wanted {want}, found {}", Escaped(found))
            }
        }
    }
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.place() {
            write!(f, "{at}: ")?;
        }
        self.sentence(f)
    }
}

impl std::error::Error for PolicyFileError {}
