//! The one form of JSON that every parser reads alike.
//!
//! In: bytes from outside. Out: the same as text, which is one JSON value with unique member names.
//! Not here: values; they are read afterwards, in the `wire.rs` files.

pub(crate) mod fields;
pub(crate) mod wire;
#[cfg(any(feature = "oci", feature = "sign"))]
pub(crate) mod write;

pub use fields::FieldError;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use crate::encoding::Escaped;
use crate::limits;

/// What two JSON parsers could read differently, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// Bytes that are not JSON: grammar, lone surrogates, or more after the value.
    Syntax {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// More arrays and objects inside each other than the cap.
    Depth {
        /// Levels allowed.
        cap: usize,
    },
    /// More names than the cap, in one object and those around it.
    Names {
        /// Names allowed.
        cap: usize,
    },
    /// One object with two members of the same name.
    Duplicate {
        /// The name, unescaped.
        name: String,
    },
    /// Bytes that are not UTF-8.
    Utf8,
}

impl JsonError {
    /// The codes of all such errors.
    pub const CODES: &[&str] = &[
        "json.syntax",
        "json.depth",
        "json.names",
        "json.duplicate",
        "json.utf8",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "json.syntax",
            Self::Depth { .. } => "json.depth",
            Self::Names { .. } => "json.names",
            Self::Duplicate { .. } => "json.duplicate",
            Self::Utf8 => "json.utf8",
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { offset } => write!(f, "not valid JSON at byte {offset}"),
            Self::Depth { cap } => write!(f, "wanted at most {cap} levels of JSON, found more"),
            Self::Names { cap } => {
                write!(f, "wanted at most {cap} JSON members at a time, found more")
            }
            Self::Duplicate { name } => {
                write!(f, "wanted unique JSON members, found two {}", Escaped(name))
            }
            Self::Utf8 => f.write_str("JSON is not UTF-8"),
        }
    }
}

impl std::error::Error for JsonError {}

/// Checks that `bytes` are exactly one JSON value that every parser reads alike (V42).
///
/// Names are compared after unescaping. White space may stand around the value, a byte order mark
/// may not.
///
/// # Errors
///
/// [`JsonError`], by what is wrong.
///
/// Spec: RFC 8259 2 to 8; RFC 7493 2
pub(crate) fn check(bytes: &[u8]) -> Result<&str, JsonError> {
    let text = str::from_utf8(bytes).map_err(|_| JsonError::Utf8)?;
    let mut checker = Checker {
        text,
        at: 0,
        levels: Vec::with_capacity(16),
        names: Vec::with_capacity(32),
        held: 0,
    };
    checker.document()?;
    Ok(text)
}

struct Checker<'a> {
    text: &'a str,
    at: usize,
    /// The arrays and objects around the current position.
    levels: Vec<Level<'a>>,
    /// The names of the open objects with few members, outermost object first.
    names: Vec<Cow<'a, str>>,
    /// How many names of open objects are in memory.
    held: usize,
}

enum Level<'a> {
    Array,
    /// Its names are those from `start` on, up to where the next level starts.
    Object {
        start: usize,
    },
    LargeObject {
        names: HashSet<Cow<'a, str>>,
    },
}

impl<'a> Checker<'a> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            let opened = self.value()?;
            if !opened && !self.next_value()? {
                break;
            }
        }
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    /// Reads a scalar or the start of a container; says whether a value inside it comes next.
    fn value(&mut self) -> Result<bool, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'{') => {
                let start = self.names.len();
                self.open(Level::Object { start })?;
                if self.take(b'}') {
                    self.levels.pop();
                    return Ok(false);
                }
                self.name()?;
                return Ok(true);
            }
            Some(b'[') => {
                self.open(Level::Array)?;
                if self.take(b']') {
                    self.levels.pop();
                    return Ok(false);
                }
                return Ok(true);
            }
            Some(b'"') => self.string(false).map(|_| ())?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => self.number()?,
        }
        Ok(false)
    }

    /// Reads what follows a value: ends of containers, then a comma; false at the end of the text.
    fn next_value(&mut self) -> Result<bool, JsonError> {
        loop {
            self.skip_white_space();
            let Some(level) = self.levels.last() else {
                return Ok(false);
            };
            match (level, self.peek()) {
                (Level::Array, Some(b',')) => {
                    self.advance(1);
                    return Ok(true);
                }
                (Level::Object { .. } | Level::LargeObject { .. }, Some(b',')) => {
                    self.advance(1);
                    self.skip_white_space();
                    self.name()?;
                    return Ok(true);
                }
                (Level::Object { start }, Some(b'}')) => {
                    let forgotten = self.names.len().saturating_sub(*start);
                    self.held = self.held.saturating_sub(forgotten);
                    self.names.truncate(*start);
                    self.close();
                }
                (Level::LargeObject { names }, Some(b'}')) => {
                    self.held = self.held.saturating_sub(names.len());
                    self.close();
                }
                (Level::Array, Some(b']')) => self.close(),
                _ => return Err(self.syntax()),
            }
        }
    }

    fn open(&mut self, level: Level<'a>) -> Result<(), JsonError> {
        if self.levels.len() >= limits::JSON_DEPTH {
            return Err(JsonError::Depth {
                cap: limits::JSON_DEPTH,
            });
        }
        self.levels.push(level);
        self.advance(1);
        self.skip_white_space();
        Ok(())
    }

    fn close(&mut self) {
        self.levels.pop();
        self.advance(1);
    }

    /// Reads a member's name and the colon after it.
    fn name(&mut self) -> Result<(), JsonError> {
        let name = self.string(true)?;
        self.remember(name)?;
        self.skip_white_space();
        if self.take(b':') {
            Ok(())
        } else {
            Err(self.syntax())
        }
    }

    fn remember(&mut self, name: Cow<'a, str>) -> Result<(), JsonError> {
        let is_known = match self.levels.last() {
            Some(Level::LargeObject { names }) => names.contains(&name),
            Some(Level::Object { start }) => {
                self.names.get(*start..).unwrap_or_default().contains(&name)
            }
            Some(Level::Array) | None => return Err(self.syntax()),
        };
        if is_known {
            return Err(JsonError::Duplicate {
                name: name.into_owned(),
            });
        }
        self.held = self.held.saturating_add(1);
        if self.held > limits::JSON_NAMES {
            return Err(JsonError::Names {
                cap: limits::JSON_NAMES,
            });
        }
        if let Some(Level::LargeObject { names }) = self.levels.last_mut() {
            names.insert(name);
        } else {
            self.names.push(name);
            self.spill();
        }
        Ok(())
    }

    /// Moves the names of an object that has become large into a set.
    fn spill(&mut self) {
        if let Some(level @ Level::Object { .. }) = self.levels.last_mut()
            && let Level::Object { start } = *level
            && self.names.len().saturating_sub(start) > FEW_NAMES
        {
            let names = self.names.drain(start..).collect();
            *level = Level::LargeObject { names };
        }
    }

    /// Reads a string; returns its content if `keep`, unescaped.
    fn string(&mut self, keep: bool) -> Result<Cow<'a, str>, JsonError> {
        if !self.take(b'"') {
            return Err(self.syntax());
        }
        let mut content = Cow::Borrowed("");
        loop {
            let start = self.at;
            self.advance(plain_len(self.rest()));
            let plain = self.text.get(start..self.at).unwrap_or_default();
            if keep && content.is_empty() {
                content = Cow::Borrowed(plain);
            } else if keep {
                content.to_mut().push_str(plain);
            }
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(content);
                }
                Some(b'\\') => {
                    let escaped = self.escape()?;
                    if keep {
                        content.to_mut().push(escaped);
                    }
                }
                _ => return Err(self.syntax()),
            }
        }
    }

    /// Spec: RFC 8259 7
    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        let error = JsonError::Syntax { offset: start };
        self.advance(1);
        let letter = self.peek();
        self.advance(1);
        match letter {
            Some(literal @ (b'"' | b'\\' | b'/')) => Ok(char::from(literal)),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.code_point().ok_or(error),
            _ => Err(error),
        }
    }

    /// Reads four digits, and a second escape if they are half of a pair.
    fn code_point(&mut self) -> Option<char> {
        let first = self.code_unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            // None for the second half of a pair: it is no scalar value.
            return char::from_u32(u32::from(first));
        }
        if !(self.take(b'\\') && self.take(b'u')) {
            return None;
        }
        let pair = [first, self.code_unit()?];
        char::decode_utf16(pair).next()?.ok()
    }

    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at.checked_add(4)?)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.advance(4);
        u16::from_str_radix(digits, 16).ok()
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.advance(word.len());
        Ok(())
    }

    /// Spec: RFC 8259 6
    fn number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            return Err(self.syntax());
        }
        self.advance(count);
        Ok(())
    }

    fn skip_white_space(&mut self) {
        let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let count = self.rest().iter().take_while(is_white).count();
        self.advance(count);
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance(1);
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn syntax(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }
}

/// The bytes of a string up to a quote, a backslash or a control character, whole blocks at a time.
fn plain_len(bytes: &[u8]) -> usize {
    let is_special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < b' ';
    let (blocks, _) = bytes.as_chunks::<16>();
    // Without a branch per byte, so that it becomes vector code.
    let is_plain = |block: &&[u8; 16]| {
        !block
            .iter()
            .fold(false, |found, byte| found | is_special(byte))
    };
    let start = blocks
        .iter()
        .take_while(is_plain)
        .count()
        .saturating_mul(16);
    let rest = bytes.get(start..).unwrap_or_default();
    let len = rest.iter().position(is_special).unwrap_or(rest.len());
    start.saturating_add(len)
}

/// Names of one object that are compared one by one; with more of them they go to a set.
const FEW_NAMES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), JsonError> {
        super::check(bytes).map(|_| ())
    }

    // V42
    #[test]
    fn accepts_json_as_the_grammar_has_it() {
        for text in [
            "{}",
            "[]",
            " \t\r\n0 ",
            "null",
            "true",
            "false",
            "\"\"",
            "-0",
            "-0.5e+10",
            "1E9",
            "10",
            "[1 , 2]",
            "[[],{}]",
            "{\"a\":{\"a\":[{\"a\":1}]},\"b\":\"a\"}",
            r#""\"\\\/\b\f\n\r\t\u00e9\uD834\uDD1E""#,
            "\"\u{7f}é𝄞\"",
            "{\"\":1}",
            "\"0123456789abcdef0123456789abcdef\"",
        ] {
            assert_eq!(Ok(()), check(text.as_bytes()), "{text}");
        }
    }

    // V42
    #[test]
    fn rejects_what_is_not_json() {
        for (offset, text) in [
            (0, ""),
            (1, " "),
            (0, "\u{feff}1"),
            (2, "1 2"),
            (1, "01"),
            (0, "+1"),
            (2, "1."),
            (0, ".5"),
            (2, "1e"),
            (3, "1e+"),
            (1, "-"),
            (0, "NaN"),
            (0, "nul"),
            (0, "True"),
            (1, "["),
            (3, "[1,"),
            (3, "[1,]"),
            (1, "[,1]"),
            (3, "[1 2]"),
            (2, "[1}"),
            (1, "{"),
            (1, "{1:2}"),
            (4, "{\"a\"}"),
            (5, "{\"a\":}"),
            (7, "{\"a\":1,}"),
            (6, "{\"a\":1]"),
            (0, "'a'"),
            (1, "\""),
            (3, "\"ab"),
            (1, "\"\n\""),
            (1, "\"\0\""),
            (1, r#""\x""#),
            (1, r#""\u12""#),
            (1, r#""\u+123""#),
            (1, r#""\"#),
            (1, "[/**/]"),
            (0, "}"),
        ] {
            assert_eq!(
                Err(JsonError::Syntax { offset }),
                check(text.as_bytes()),
                "{text}"
            );
        }
        assert_eq!(Err(JsonError::Syntax { offset: 2 }), check(b"{}}"));
        assert_eq!(Err(JsonError::Utf8), check(b"\"\xff\""));
        assert_eq!(Err(JsonError::Utf8), check(b"\"\xed\xa0\x80\""));
    }

    #[test]
    fn rejects_lone_surrogates() {
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud800\ud800""#,
            r#""\udc00\ud800""#,
            r#""\ud800x""#,
            r#""\ud800\n""#,
            r#""\ud800\u0041""#,
        ] {
            assert_eq!(
                Err(JsonError::Syntax { offset: 1 }),
                check(text.as_bytes()),
                "{text}"
            );
        }
    }

    // V42
    #[test]
    fn rejects_duplicate_names() {
        for text in [
            r#"{"name":1,"name":1}"#,
            r#"{"name":1,"n\u0061me":1}"#,
            r#"{"n\u0061me":1,"x":{"name":2},"name":1}"#,
            r#"[{"x":[{"name":{},"b":[{"name":1}],"name":1}]}]"#,
        ] {
            let error = JsonError::Duplicate {
                name: "name".into(),
            };
            assert_eq!(Err(error), check(text.as_bytes()), "{text}");
        }
        let error = JsonError::Duplicate {
            name: String::new(),
        };
        assert_eq!(Err(error), check(br#"{"":1,"":2}"#));
    }

    // V42
    #[test]
    fn rejects_duplicate_names_in_large_objects() {
        for count in [31, 32, 33, 34, 40] {
            let unique: Vec<_> = (0..count).map(|n| format!("\"{n}\":{{\"0\":1}}")).collect();
            let unique = unique.join(",");
            assert_eq!(Ok(()), check(format!("{{{unique}}}").as_bytes()));
            for again in [0, count - 1] {
                let name = again.to_string();
                let text = format!("{{{unique},\"{name}\":0}}");
                assert_eq!(Err(JsonError::Duplicate { name }), check(text.as_bytes()));
            }
        }
    }

    #[test]
    fn accepts_very_many_names_in_linear_time() {
        let members: Vec<_> = (0..100_000).map(|n| format!("\"{n}\":0")).collect();

        assert_eq!(
            Ok(()),
            check(format!("{{{}}}", members.join(",")).as_bytes())
        );
    }

    // V4 A8
    #[test]
    fn rejects_names_over_the_cap() {
        let cap = limits::JSON_NAMES;
        let members = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":0")).collect();
            members.join(",")
        };
        let list = format!("[{{{}}},{{{}}}]", members(cap), members(33));
        // What is around an object counts, what was before it does not.
        let around = format!("{{{},\"a\":{{{}}}}}", members(cap - 20), members(20));

        assert_eq!(Ok(()), check(list.as_bytes()));
        let over = Err(JsonError::Names { cap });
        assert_eq!(over, check(format!("{{{}}}", members(cap + 1)).as_bytes()));
        assert_eq!(over, check(around.as_bytes()));
    }

    #[test]
    fn rejects_depth_over_the_cap() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let cap = limits::JSON_DEPTH;

        assert_eq!(Ok(()), check(nested(cap).as_bytes()));
        assert_eq!(
            Err(JsonError::Depth { cap }),
            check(nested(cap + 1).as_bytes())
        );
        assert_eq!(
            Err(JsonError::Depth { cap }),
            check("{\"\":".repeat(cap + 1).as_bytes())
        );
    }

    #[test]
    fn names_every_code() {
        let errors = [
            JsonError::Syntax { offset: 0 },
            JsonError::Depth { cap: 0 },
            JsonError::Names { cap: 0 },
            JsonError::Duplicate {
                name: "a\u{202e}".into(),
            },
            JsonError::Utf8,
        ];

        assert_eq!(JsonError::CODES, errors.each_ref().map(JsonError::code));
        assert!(errors[3].to_string().ends_with("a\\u{202e}"));
    }
}
