//! Fields of proto3 JSON documents, decoded with the path of what is wrong.

use std::fmt;

use super::wire::{Int64, Text};
use crate::encoding::base64_decode;
use crate::time::Timestamp;

/// A field that is missing or not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    path: String,
    want: &'static str,
}

impl FieldError {
    /// The path of the field in the document: `verificationMaterial.tlogEntries[0].logIndex`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was wanted there.
    pub fn want(&self) -> &'static str {
        self.want
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: wanted {}", self.path, self.want)
    }
}

impl std::error::Error for FieldError {}

/// Where in a document we are: a list on the stack, written out only for an error.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Root,
    Name(&'static str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(crate) const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    pub(crate) fn name(&'a self, name: &'static str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    pub(crate) fn error(&self, want: &'static str) -> FieldError {
        FieldError {
            path: self.to_string(),
            want,
        }
    }

    /// The value, which must be there.
    pub(crate) fn required<T>(&self, value: Option<T>) -> Result<T, FieldError> {
        value.ok_or_else(|| self.error("a value, found none"))
    }

    /// Text that must be there and not be empty.
    pub(crate) fn text<'t>(&self, value: Option<&'t Text<'_>>) -> Result<&'t str, FieldError> {
        match value.map(Text::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.error("text, found none")),
        }
    }

    /// Bytes in base64; absent is empty.
    pub(crate) fn bytes(&self, value: Option<&Text<'_>>) -> Result<Vec<u8>, FieldError> {
        base64_decode(value.map_or("", Text::as_str)).map_err(|_| self.error(BASE64))
    }

    /// Bytes in base64, at least one.
    pub(crate) fn some_bytes(&self, value: Option<&Text<'_>>) -> Result<Vec<u8>, FieldError> {
        let bytes = self.bytes(value)?;
        if bytes.is_empty() {
            Err(self.error("bytes, found none"))
        } else {
            Ok(bytes)
        }
    }

    /// Exactly `N` bytes in base64.
    pub(crate) fn array<const N: usize>(&self, value: &Text<'_>) -> Result<[u8; N], FieldError> {
        self.bytes(Some(value))?
            .try_into()
            .map_err(|_| self.error("a hash of 32 bytes"))
    }

    /// An integer that is not negative; absent is zero.
    pub(crate) fn count(&self, value: Option<Int64>) -> Result<u64, FieldError> {
        let number = value.map_or(0, |Int64(number)| number);
        u64::try_from(number).map_err(|_| self.error("an integer that is not negative"))
    }

    /// A time that must be there.
    pub(crate) fn time(&self, value: Option<&Text<'_>>) -> Result<Timestamp, FieldError> {
        let text = self.text(value)?;
        Timestamp::parse_rfc3339(text).ok_or_else(|| self.error("a time as RFC 3339 has it"))
    }
}

/// What bytes have to look like.
pub(crate) const BASE64: &str = "bytes in standard base64 with padding";

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_root = self
            .parent
            .is_none_or(|parent| matches!(parent.step, Step::Root));
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Name(name) if at_root => f.write_str(name),
            Step::Name(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_place_of_an_error() {
        let root = Path::ROOT;
        let (material, index) = (root.name("verificationMaterial"), 3);
        let entries = material.name("tlogEntries");
        let entry = entries.index(index);

        let error = entry.name("logIndex").count(Some(Int64(-1))).unwrap_err();

        assert_eq!("verificationMaterial.tlogEntries[3].logIndex", error.path());
        assert_eq!("an integer that is not negative", error.want());
    }
}
