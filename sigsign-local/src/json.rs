//! JSON values in the order they are given, so that a caller can also write what is not canonical.

use std::fmt::Write as _;

use crate::text::base64;

/// A JSON value. Members keep their order and may be there twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has no more")]
pub enum Json {
    /// Anything, as it is to be written: numbers, `true`, `null`, or nonsense.
    Raw(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// An object with these members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Bytes, as standard base64.
    pub fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(base64(bytes.as_ref()))
    }

    /// A number.
    pub fn number(value: impl Into<i128>) -> Self {
        Self::Raw(value.into().to_string())
    }

    /// A 64-bit integer as proto3 JSON writes it: in quotes.
    pub fn int64(value: impl Into<i128>) -> Self {
        Self::Text(value.into().to_string())
    }

    /// The value at `path`: names and array positions between dots.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn at(&mut self, path: &str) -> &mut Self {
        let mut here = self;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            here = match here {
                Self::Object(members) => members
                    .iter_mut()
                    .find_map(|(name, value)| (name == step).then_some(value))
                    .unwrap_or_else(|| panic!("no {step} of {path}")),
                Self::List(items) => &mut items[step.parse::<usize>().expect("a position")],
                _ => panic!("nothing below {step} of {path}"),
            };
        }
        here
    }

    /// Puts `value` at `path`; the last step may be a new name.
    pub fn set(&mut self, path: &str, value: Self) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        match self.at(parent) {
            Self::Object(members) => match members.iter_mut().find(|(found, _)| found == name) {
                Some((_, old)) => *old = value,
                None => members.push((name.to_owned(), value)),
            },
            _ => *self.at(path) = value,
        }
    }

    /// Takes the member at `path` out; it need not be there.
    pub fn remove(&mut self, path: &str) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        if let Self::Object(members) = self.at(parent) {
            members.retain(|(found, _)| found != name);
        }
    }

    /// Writes the member at `path` once more, with `value`.
    pub fn double(&mut self, path: &str, value: Self) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        if let Self::Object(members) = self.at(parent) {
            members.push((name.to_owned(), value));
        }
    }

    /// Gives the member at `path` another name.
    pub fn rename(&mut self, path: &str, to: &str) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        if let Self::Object(members) = self.at(parent) {
            for (found, _) in members.iter_mut().filter(|(found, _)| found == name) {
                to.clone_into(found);
            }
        }
    }

    /// The items of the array at `path`.
    ///
    /// # Panics
    ///
    /// If there is no array.
    pub fn list(&mut self, path: &str) -> &mut Vec<Self> {
        match self.at(path) {
            Self::List(items) => items,
            _ => panic!("no array at {path}"),
        }
    }

    /// The string at `path`.
    ///
    /// # Panics
    ///
    /// If there is no string.
    pub fn string(&mut self, path: &str) -> &mut String {
        match self.at(path) {
            Self::Text(text) => text,
            _ => panic!("no string at {path}"),
        }
    }

    /// Without white space, members in the order they have.
    pub fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None);
        out
    }

    /// As [`Self::compact`] with the members sorted, as RFC 8785 has it for names in ASCII.
    pub fn canonical(&self) -> String {
        let mut sorted = self.clone();
        sorted.sort();
        sorted.compact()
    }

    /// With line breaks, for people.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, Some(0));
        out.push('\n');
        out
    }

    fn sort(&mut self) {
        match self {
            Self::Object(members) => {
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                members.iter_mut().for_each(|(_, value)| value.sort());
            }
            Self::List(items) => items.iter_mut().for_each(Self::sort),
            _ => {}
        }
    }

    fn write(&self, out: &mut String, indent: Option<usize>) {
        let inner = indent.map(|depth| depth + 1);
        match self {
            Self::Raw(raw) => out.push_str(raw),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    separate(at, inner, out);
                    item.write(out, inner);
                }
                close(items.is_empty(), indent, out);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    separate(at, inner, out);
                    quote(name, out);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    value.write(out, inner);
                }
                close(members.is_empty(), indent, out);
                out.push('}');
            }
        }
    }
}

fn separate(at: usize, indent: Option<usize>, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
    if let Some(depth) = indent {
        out.push('\n');
        out.push_str(&" ".repeat(depth));
    }
}

fn close(empty: bool, indent: Option<usize>, out: &mut String) {
    if let (false, Some(depth)) = (empty, indent) {
        out.push('\n');
        out.push_str(&" ".repeat(depth));
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_canonical_order() {
        let json = Json::object([("b", Json::number(1)), ("a", Json::text("x\n\u{1}\"é"))]);

        assert_eq!("{\"b\":1,\"a\":\"x\\n\\u0001\\\"é\"}", json.compact());
        assert_eq!("{\"a\":\"x\\n\\u0001\\\"é\",\"b\":1}", json.canonical());
    }

    #[test]
    fn accepts_edits_by_path() {
        let mut json =
            Json::object([("a", Json::List(vec![Json::object([("b", Json::int64(1))])]))]);

        json.double("a.0.b", Json::int64(2));
        json.set("c", Json::Raw("null".to_owned()));
        json.rename("a", "d");

        assert_eq!(r#"{"d":[{"b":"1","b":"2"}],"c":null}"#, json.compact());
    }
}
