//! JSON as TUF signs it.
//!
//! Spec: OLPC canonical JSON; tuf 4.2.1

use crate::json::Json;

/// Members sorted, no white space, and in strings nothing is escaped but quotes and backslashes:
/// line breaks are as they are.
pub(super) fn canonical(json: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    write(json, &mut out);
    out
}

fn write(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Raw(raw) => out.extend_from_slice(raw.as_bytes()),
        Json::Text(text) => quote(text, out),
        Json::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            let mut sorted: Vec<&(String, Json)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            out.push(b'{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quote(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_quotes_and_backslashes_as_escapes() {
        let json = Json::object([
            ("b", Json::text("a\n\"\\\té\u{1}")),
            (
                "a",
                Json::List(vec![Json::number(1), Json::Raw("true".to_owned())]),
            ),
        ]);

        let expected = "{\"a\":[1,true],\"b\":\"a\n\\\"\\\\\té\u{1}\"}";
        assert_eq!(expected.as_bytes(), canonical(&json));
    }
}
