//! YAML in the one form that every reader reads alike.
//!
//! In: the text of a file. Out: a tree with lines and columns, in which field names are unique. Not
//! here: what the fields are. Refused are anchors, aliases, tags, a second document, and names that
//! are not text.
//!
//! Spec: YAML 1.2.2, failsafe schema; plain scalars as the core schema has them

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::error::{Place, PolicyFileError};
use crate::limits;

/// One value, and where it starts.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    List(Vec<Node>),
    Map(Vec<Member>),
    Scalar {
        text: String,
        /// Written without quotes: may be a number, a truth value or nothing.
        plain: bool,
    },
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) name: String,
    pub(super) node: Node,
}

/// What a plain scalar stands for. Spec: YAML 1.2.2 10.3.2
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    Flag(bool),
    Float(f64),
    Integer(i64),
    Nothing,
    Text,
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Nothing,
            "true" | "True" | "TRUE" => return Self::Flag(true),
            "false" | "False" | "FALSE" => return Self::Flag(false),
            _ => {}
        }
        let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.contains(|c: char| c.is_ascii_digit());
        if !is_number {
            return Self::Text;
        }
        if let Ok(number) = text.parse() {
            return Self::Integer(number);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Self::Float(number),
            _ => Self::Text,
        }
    }
}

/// Reads exactly one document.
pub(super) fn read(bytes: &[u8]) -> Result<Node, PolicyFileError> {
    if bytes.len() > limits::POLICY_FILE_BYTES {
        return Err(PolicyFileError::TooLarge {
            cap: limits::POLICY_FILE_BYTES,
        });
    }
    let text = str::from_utf8(bytes).map_err(|_| PolicyFileError::Utf8)?;
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        last: Place::new(1, 1, ""),
    };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
            Event::DocumentStart(_) if document.is_some() => return Err(reader.documents()),
            Event::DocumentStart(_) => {
                let event = reader.next()?;
                document = Some(reader.node(event, 0)?);
            }
            _ => return document.ok_or_else(|| reader.documents()),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Where the last event starts.
    last: Place,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, PolicyFileError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.last = place(span);
                Ok(event)
            }
            Some(Err(error)) => Err(PolicyFileError::Syntax {
                at: Place::new(
                    error.marker().line(),
                    error.marker().col().saturating_add(1),
                    "",
                ),
                problem: error.info().to_owned(),
            }),
            None => Ok(Event::StreamEnd),
        }
    }

    fn documents(&self) -> PolicyFileError {
        PolicyFileError::Documents {
            at: self.last.clone(),
        }
    }

    /// The value that `event` starts; recursion ends at the cap of levels.
    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, PolicyFileError> {
        let at = self.last.clone();
        if depth > limits::POLICY_FILE_DEPTH {
            return Err(PolicyFileError::Depth {
                cap: limits::POLICY_FILE_DEPTH,
                at,
            });
        }
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(anchor, tag)
            | Event::MappingStart(anchor, tag) => (*anchor != 0, tag.is_some()),
            Event::Alias(_) => (true, false),
            _ => return Err(self.documents()),
        };
        if anchor {
            return Err(PolicyFileError::Anchor { at });
        }
        if tag {
            return Err(PolicyFileError::Tag { at });
        }
        let below = depth.saturating_add(1);
        let value = match event {
            Event::SequenceStart(..) => Value::List(self.list(below)?),
            Event::MappingStart(..) => Value::Map(self.map(below)?),
            Event::Scalar(text, style, ..) => Value::Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain,
            },
            _ => return Err(self.documents()),
        };
        Ok(Node {
            line: at.line(),
            column: at.column(),
            value,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, PolicyFileError> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(nodes),
                event => nodes.push(self.node(event, depth)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Member>, PolicyFileError> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(members);
            }
            let key = self.node(event, depth)?;
            let at = Place::new(key.line, key.column, "");
            let Value::Scalar { text: name, .. } = key.value else {
                return Err(PolicyFileError::FieldName { at });
            };
            if members.iter().any(|it| it.name == name) {
                return Err(PolicyFileError::Duplicate { at, name });
            }
            if members.len() >= limits::POLICY_FILE_FIELDS {
                return Err(PolicyFileError::TooMany {
                    at,
                    cap: limits::POLICY_FILE_FIELDS,
                    found: members.len().saturating_add(1),
                });
            }
            let event = self.next()?;
            members.push(Member {
                line: key.line,
                column: key.column,
                name,
                node: self.node(event, depth)?,
            });
        }
    }
}

fn place(span: Span) -> Place {
    Place::new(
        span.start.line(),
        span.start.col().saturating_add(1),
        String::new(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        read(text.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn accepts_plain_scalars_by_the_core_schema() {
        for (text, want) in [
            ("null", Plain::Nothing),
            ("~", Plain::Nothing),
            ("true", Plain::Flag(true)),
            ("False", Plain::Flag(false)),
            ("no", Plain::Text),
            ("on", Plain::Text),
            ("12", Plain::Integer(12)),
            ("-3", Plain::Integer(-3)),
            ("1.5", Plain::Float(1.5)),
            ("1.2.3", Plain::Text),
            ("7d", Plain::Text),
            (".inf", Plain::Text),
            ("sha256:aa", Plain::Text),
        ] {
            assert_eq!(want, Plain::of(text), "{text}");
        }
    }

    #[test]
    fn rejects_what_two_readers_read_differently() {
        assert_eq!("policy-file.duplicate", code("a: 1\na: 2\n"));
        assert_eq!("policy-file.duplicate", code("a: 1\n\"\\x61\": 2\n"));
        assert_eq!("policy-file.anchor", code("a: &x 1\n"));
        assert_eq!("policy-file.anchor", code("a: &x [1]\nb: *x\n"));
        assert_eq!("policy-file.anchor", code("<<: &x {a: 1}\n"));
        assert_eq!("policy-file.tag", code("a: !!str 1\n"));
        assert_eq!("policy-file.tag", code("a: !include x\n"));
        assert_eq!("policy-file.documents", code("a: 1\n---\nb: 2\n"));
        assert_eq!("policy-file.documents", code(""));
        assert_eq!("policy-file.documents", code("# nothing\n"));
        assert_eq!("policy-file.field-name", code("? [a]\n: 1\n"));
        assert_eq!("policy-file.syntax", code("a: [1\n"));
        assert_eq!("policy-file.syntax", code("a: 1\n b: 2\n"));
        let error = read(b"a: \xff").unwrap_err();
        assert_eq!(PolicyFileError::Utf8, error);
    }

    #[test]
    fn rejects_what_is_too_large_or_too_deep() {
        let deep = "[".repeat(limits::POLICY_FILE_DEPTH + 2);
        assert_eq!("policy-file.depth", code(&deep));
        let long = " ".repeat(limits::POLICY_FILE_BYTES + 1);
        assert_eq!("policy-file.too-large", code(&long));
        let fields: String = (0..=limits::POLICY_FILE_FIELDS)
            .map(|n| format!("a{n}: 1\n"))
            .collect();
        assert_eq!("policy-file.too-many", code(&fields));
    }

    #[test]
    fn accepts_one_document_and_says_where_things_are() {
        let node = read(b"---\na:\n  - b\n").unwrap();

        let Value::Map(members) = node.value else {
            panic!("no mapping");
        };
        assert_eq!((2, 1), (members[0].line, members[0].column));
        let Value::List(items) = &members[0].node.value else {
            panic!("no list");
        };
        assert_eq!((3, 5), (items[0].line, items[0].column));
    }
}
