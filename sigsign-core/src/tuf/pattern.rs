//! Which targets a role is trusted with.
//!
//! Spec: tuf 4.5, PATHPATTERN and `path_hash_prefixes`

use crate::crypto::sha256;
use crate::encoding::hex_encode;

/// What one delegation covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// Patterns of paths.
    Paths(Vec<String>),
    /// How the SHA-256 of the path begins, in hexadecimal.
    HashPrefixes(Vec<String>),
    /// Nothing at all.
    Nothing,
}

impl Cover {
    pub(super) fn has(&self, target: &str) -> bool {
        match self {
            Self::Paths(patterns) => patterns.iter().any(|pattern| matches(pattern, target)),
            Self::HashPrefixes(prefixes) => {
                let hash = hex_encode(&sha256(target.as_bytes()));
                prefixes.iter().any(|prefix| hash.starts_with(prefix))
            }
            Self::Nothing => false,
        }
    }
}

/// Compares part by part, so that no wildcard crosses a `/` (T11), and case for case on every
/// system (T10).
fn matches(pattern: &str, target: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), target.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if matches_part(pattern, part) => {}
            _ => return false,
        }
    }
}

/// `*` is any number of characters, `?` is one. Takes at most the product of both lengths.
fn matches_part(pattern: &str, part: &str) -> bool {
    let (mut wild, mut rest) = (pattern.chars(), part.chars());
    // Where to go on if this does not fit: after the last `*`, one character further.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (before, left) = (wild.clone(), rest.clone());
        match (wild.next(), rest.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                rest = left.clone();
                retry = Some((wild.clone(), left));
                if before.as_str() == "*" {
                    return true;
                }
            }
            (Some('?'), Some(_)) => {}
            (Some(want), Some(found)) if want == found => {}
            _ => {
                let Some((after, mut from)) = retry.take() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                (wild, rest) = (after.clone(), from.clone());
                retry = Some((after, from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // T10 T11
    #[test]
    fn accepts_what_the_specification_has_as_examples() {
        for (pattern, target) in [
            ("targets/*.tgz", "targets/foo.tgz"),
            ("foo-version-?.tgz", "foo-version-2.tgz"),
            ("*.tgz", "foo.tgz"),
            ("foo.tgz", "foo.tgz"),
            ("*", "é"),
            ("*", ""),
            ("a*b*c", "a-b-b-c"),
            ("**", "x"),
            ("*/*", "a/b"),
            ("?", "é"),
            ("a*", "a"),
        ] {
            assert!(matches(pattern, target), "{pattern} {target}");
        }
    }

    // T10 T11
    #[test]
    fn rejects_other_folders_and_other_cases() {
        for (pattern, target) in [
            ("targets/*.tgz", "targets/foo.txt"),
            ("foo-version-?.tgz", "foo-version-alpha.tgz"),
            ("*.tgz", "targets/foo.tgz"),
            ("*", "a/b"),
            ("a/*", "a/b/c"),
            ("a/*", "a"),
            ("foo?bar", "foo/bar"),
            ("Foo.tgz", "foo.tgz"),
            ("?", ""),
            ("a*b", "a-c"),
            ("*a*b", "ab-"),
            ("[ab]", "a"),
        ] {
            assert!(!matches(pattern, target), "{pattern} {target}");
        }
    }

    #[test]
    fn accepts_prefixes_of_the_hash() {
        // SHA-256 of "a".
        let cover = |prefix: &str| Cover::HashPrefixes(vec![prefix.to_owned()]);

        assert!(cover("ca978112").has("a"));
        assert!(!cover("ca978113").has("a"));
        assert!(!cover("CA97").has("a"));
        assert!(!Cover::Nothing.has("a"));
    }
}
