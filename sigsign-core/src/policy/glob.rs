//! Globs, as regular expressions.

use regex_lite::Regex;

/// The expression that covers what the glob does; `None` if it is not one.
pub(super) fn regex(glob: &str) -> Option<Regex> {
    let mut pattern = String::from(r"\A");
    let mut segments = glob.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment == "**" {
            pattern.push_str(if is_last { ANY } else { ANY_SEGMENTS });
            continue;
        }
        translate(segment, &mut pattern)?;
        if !is_last {
            pattern.push('/');
        }
    }
    pattern.push_str(r"\z");
    Regex::new(&pattern).ok()
}

/// One segment, without slashes.
fn translate(segment: &str, pattern: &mut String) -> Option<()> {
    if segment.contains("**") {
        return None;
    }
    for c in segment.chars() {
        match c {
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("[^/]"),
            '[' | ']' | '{' | '}' | '\\' => return None,
            c => pattern.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    Some(())
}

/// Anything, but something.
const ANY: &str = "(?s:.+)";

/// Any number of segments, each with the slash after it.
const ANY_SEGMENTS: &str = "(?:[^/]+/)*";

#[cfg(test)]
mod tests {
    use super::super::{Matcher, PolicyError};

    #[test]
    fn accepts_what_a_glob_covers_and_nothing_more() {
        for (glob, covered, others) in [
            (
                "refs/tags/v*",
                &["refs/tags/v", "refs/tags/v1.2"][..],
                &[
                    "refs/tags/v1/x",
                    "xrefs/tags/v1",
                    "refs/heads/v1",
                    "refs/tags/V1",
                ][..],
            ),
            (
                "example.org/team/**",
                &["example.org/team/a", "example.org/team/a/b"],
                &[
                    "example.org/team",
                    "example.org/team/",
                    "example.org/teamwork/a",
                    "exampleXorg/team/a",
                    "evil/example.org/team/a",
                ],
            ),
            (
                "**/app",
                &["app", "a/app", "a/b/app"],
                &["xapp", "a/xapp", "app/", "/app"],
            ),
            (
                "a/**/b",
                &["a/b", "a/x/b", "a/x/y/b"],
                &["ab", "a//b", "a/xb"],
            ),
            (
                "?.whl",
                &["a.whl", "\u{e9}.whl"],
                &["ab.whl", ".whl", "/.whl", "a.WHL"],
            ),
            ("**", &["a", "a/b", "a\nb"], &[""]),
            ("a+(b)|c^$", &["a+(b)|c^$"], &["aab"]),
        ] {
            let matcher = Matcher::glob(glob).unwrap();

            for text in covered {
                assert!(matcher.matches(text), "{glob} {text:?}");
            }
            for text in others {
                assert!(!matcher.matches(text), "{glob} {text:?}");
            }
        }
    }

    #[test]
    fn rejects_other_kinds_of_globs() {
        for glob in ["a**", "**a/b", "***", "[ab]", "{a,b}", "a\\*"] {
            let error = PolicyError::Glob { glob: glob.into() };
            assert_eq!(Some(error), Matcher::glob(glob).err());
        }
        assert_eq!(
            Some(PolicyError::Empty("the glob")),
            Matcher::glob("").err()
        );
    }
}
