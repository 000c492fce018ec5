//! Writing JSON, for what is sent to services and for bundles.

#[cfg(feature = "sign")]
use crate::encoding::base64_encode;

/// The members of an object, in the order they are added.
#[derive(Default)]
pub(crate) struct Members(String);

impl Members {
    /// A member that is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        quote(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// A member that is text.
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        let mut quoted = String::with_capacity(text.len().saturating_add(2));
        quote(&mut quoted, text);
        self.raw(name, &quoted)
    }

    /// A member that is bytes: text in base64.
    #[cfg(feature = "sign")]
    pub(crate) fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.text(name, &base64_encode(bytes))
    }

    /// A member that is an int64: a decimal string.
    #[cfg(feature = "sign")]
    pub(crate) fn int64(self, name: &str, number: impl Into<i128>) -> Self {
        self.text(name, &number.into().to_string())
    }

    /// The object.
    pub(crate) fn object(self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// An array of what is JSON already.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// A string. Spec: RFC 8259 7
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(all(test, feature = "sign"))]
mod tests {
    use super::*;

    #[test]
    fn writes_what_readers_read() {
        let json = Members::default()
            .text("a\"\\\n\u{1}é", "\u{0}x")
            .int64("n", -5)
            .bytes("b", &[0xff])
            .raw("l", &list(["1".to_owned(), "2".to_owned()]))
            .object();

        let want = r#"{"a\"\\\n\u0001é":"\u0000x","n":"-5","b":"/w==","l":[1,2]}"#;
        assert_eq!(want, json);
        assert_eq!(Ok(json.as_str()), crate::json::check(json.as_bytes()));
    }
}
