//! JSON as it is signed: members sorted, no white space, only quotes and backslashes escaped.
//!
//! Spec: OLPC canonical JSON; tuf 4.2.1

use super::wire::Value;

/// The canonical form.
pub(super) fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// As deep as the JSON, which met its cap when it was read.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Text(text) => quote(text, out),
        Value::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out);
            }
            out.push(b']');
        }
        // The map is sorted by bytes of UTF-8, which is the order of code points.
        Value::Object(members) => {
            out.push(b'{');
            for (at, (name, value)) in members.iter().enumerate() {
                separate(at, out);
                quote(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::wire::read;

    #[test]
    fn writes_the_canonical_form() {
        let json =
            r#" { "b" : "a\n\"\\\u00e9\u0001/\/" , "a":[1,-2,true,false,null,{}], "Z": [] }"#;

        let value = read::<Value>(json).unwrap();

        let want = "{\"Z\":[],\"a\":[1,-2,true,false,null,{}],\"b\":\"a\n\\\"\\\\é\u{1}//\"}";
        assert_eq!(want, String::from_utf8(canonical(&value)).unwrap());
    }

    #[test]
    fn rejects_fractions() {
        for json in ["1.0", "[1e3]", "{\"a\":0.5}", "18446744073709551616"] {
            let error = read::<Value>(json).unwrap_err();

            assert!(error.contains("JSON without fractions"), "{json}: {error}");
        }
    }
}
