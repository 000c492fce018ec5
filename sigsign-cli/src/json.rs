//! JSON as this program prints it.

use serde::Serialize;
use sigsign_core::encoding::Escaped;

/// One line.
pub(crate) fn line(value: &impl Serialize) -> String {
    visible(serde_json::to_string(value).unwrap_or_default())
}

/// JSON in which characters that deceive a reader, or a runner that looks for `##[commands]`, are
/// escaped, as they may be in strings; outside of them there are none.
fn visible(json: String) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if json.bytes().all(is_plain) && !json.contains("##") {
        return json;
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        let plain = c.encode_utf8(&mut [0; 4]).to_owned();
        let is_mark = c == '#' && text.ends_with('#');
        if !is_mark && Escaped(&plain).to_string() == plain {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_deceives_and_nothing_else() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}\u{e9}\"\\";

        let line = line(&text);

        assert_eq!(
            "\"a\\u001b[2J\\u007f\\u009b\\u202e\\udb40\\udc41\u{e9}\\\"\\\\\"",
            line
        );
        assert_eq!(text, serde_json::from_str::<String>(&line).unwrap());
    }

    #[test]
    fn escapes_commands_to_runners() {
        let text = "##[set-output name=a]b ###";

        let line = line(&text);

        assert_eq!(r##""#\u0023[set-output name=a]b #\u0023#""##, line);
        assert_eq!(text, serde_json::from_str::<String>(&line).unwrap());
    }
}
