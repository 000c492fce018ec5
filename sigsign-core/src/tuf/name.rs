//! Names of roles and targets, as parts of URLs and of file names.
//!
//! What a repository calls its roles and targets never leads out of where they are kept (T6).

use super::UpdateError;

/// A name as one segment of a URL.
///
/// Spec: RFC 3986 2.1, 2.3
pub(super) fn segment(name: &str) -> String {
    encode(name, |byte| byte.is_ascii_alphanumeric())
}

/// A name as part of the name of a file. Names that differ in case only are different files on
/// every system.
pub(super) fn file_part(name: &str) -> String {
    encode(name, |byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit()
    })
}

/// The URL path of a target, with `hash` before the name of the file if there is one.
pub(super) fn target_path(name: &str, hash: Option<&str>) -> Result<String, UpdateError> {
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    if name.split('/').any(is_odd) {
        return Err(UpdateError::Name {
            name: name.to_owned(),
        });
    }
    let mut parts: Vec<String> = name.split('/').map(segment).collect();
    if let (Some(hash), Some(last)) = (hash, parts.last_mut()) {
        *last = format!("{hash}.{last}");
    }
    Ok(parts.join("/"))
}

fn encode(name: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if is_plain(byte) || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // T6
    #[test]
    fn accepts_names_without_letting_them_lead_anywhere() {
        for (name, url, file) in [
            ("a-B_1", "a-B_1", "a-%42_1"),
            ("../a", "..%2Fa", "..%2Fa"),
            ("a\\b?#", "a%5Cb%3F%23", "a%5Cb%3F%23"),
            ("é\0", "%C3%A9%00", "%C3%A9%00"),
        ] {
            assert_eq!((url, file), (&*segment(name), &*file_part(name)));
        }
    }

    #[test]
    fn accepts_targets_in_folders() {
        assert_eq!("a%20b/c", target_path("a b/c", None).unwrap());
        assert_eq!("a/00.b", target_path("a/b", Some("00")).unwrap());
    }

    // T6
    #[test]
    fn rejects_targets_elsewhere() {
        for name in ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "."] {
            let error = target_path(name, None).unwrap_err();

            assert_eq!("tuf.name", error.code(), "{name}");
        }
    }
}
