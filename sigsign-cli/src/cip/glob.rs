//! Patterns of image names: theirs are about names with tags and digests, ours about names without.

use super::Rule;

/// The globs that cover the same names; where there are no such, more, for a rule that then refuses.
///
/// Spec: policy-controller, pkg/apis/glob
pub(super) fn translated(glob: Option<&str>, skips: bool, rule: &mut Rule) -> Vec<String> {
    let Some(glob) = glob.filter(|it| !it.is_empty()) else {
        rule.miss("a pattern of images without a glob");
        return Vec::new();
    };
    let whole = match glob {
        "*" => "docker.io/library/*",
        "*/*" => "docker.io/*/*",
        glob => glob,
    };
    let (name, target) = without_target(whole);
    let rest = target.strip_prefix("@sha256").unwrap_or(target);
    let is_any = rest.contains('*') && rest.chars().all(|it| "*:@".contains(it));
    // Theirs is matched with a digest at its end.
    let is_whole = target.is_empty() && name.ends_with('*');
    if !is_any && !is_whole {
        if skips {
            rule.miss(format!("{glob} is not about every digest"));
        } else if !target.is_empty() {
            // It is about more images, so it refuses more.
            rule.comment(format!("{glob}: it is about every tag and digest"));
        }
    }
    let name = match name.strip_prefix("index.docker.io/") {
        Some(rest) => format!("docker.io/{rest}"),
        None => name.to_owned(),
    };
    let (globs, is_exact) = spread(&name);
    if !is_exact {
        rule.miss(format!("the pattern {glob}"));
    }
    globs
}

/// What stands behind the name: `:v1`, `:**`, `@sha256:**`.
fn without_target(glob: &str) -> (&str, &str) {
    let last = glob.rfind('/').map_or(0, |at| at.saturating_add(1));
    let name = glob.get(last..).unwrap_or_default();
    // A port stands before the first slash.
    let at = name.find(['@', ':']).filter(|_| last > 0);
    let end = at.map_or(glob.len(), |at| last.saturating_add(at));
    (
        glob.get(..end).unwrap_or_default(),
        glob.get(end..).unwrap_or_default(),
    )
}

/// Their `**` stands for any characters, ours for whole segments. Whether it covers the same, or more.
fn spread(name: &str) -> (Vec<String>, bool) {
    let Some((before, after)) = name.split_once("**") else {
        return (vec![name.to_owned()], true);
    };
    let is_start = before.is_empty() || before.ends_with('/');
    let is_segment = after.is_empty() || after.starts_with('/') && !after.contains("**");
    if is_start && is_segment {
        return (vec![name.to_owned()], true);
    }
    // Something, or something and what is below it.
    let globs = if is_start {
        vec![format!("{before}**")]
    } else {
        vec![format!("{before}*"), format!("{before}*/**")]
    };
    (globs, after.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(glob: &str, skips: bool) -> (Vec<String>, Rule) {
        let mut rule = Rule::default();
        let globs = translated(Some(glob), skips, &mut rule);
        (globs, rule)
    }

    #[test]
    fn accepts_patterns_that_ours_can_say() {
        for (glob, want) in [
            ("**", &["**"][..]),
            ("*", &["docker.io/library/*"]),
            ("*/*", &["docker.io/*/*"]),
            ("ghcr.io/team/**", &["ghcr.io/team/**"]),
            ("ghcr.io/team/app*", &["ghcr.io/team/app*"]),
            ("ghcr.io/team/app:**", &["ghcr.io/team/app"]),
            ("ghcr.io/team/app@sha256:**", &["ghcr.io/team/app"]),
            (
                "index.docker.io/library/nginx",
                &["docker.io/library/nginx"],
            ),
            ("localhost:5000/app", &["localhost:5000/app"]),
            ("ghcr.io/team**", &["ghcr.io/team*", "ghcr.io/team*/**"]),
            ("**/app", &["**/app"]),
        ] {
            let (globs, rule) = of(glob, false);
            assert_eq!(want, globs, "{glob}");
            assert!(rule.missing.is_empty(), "{glob}: {rule:?}");

            // What lets through must be about no more than theirs, whose names end in a digest.
            let (globs, rule) = of(glob, true);
            assert_eq!(want, globs, "{glob}");
            let is_said = glob.ends_with('*');
            assert_eq!(is_said, rule.missing.is_empty(), "{glob}: {rule:?}");
        }
    }

    #[test]
    fn says_more_where_that_refuses_more_and_refuses_where_it_would_let_through() {
        let (globs, rule) = of("a.b/app:v1", false);
        assert_eq!(
            (vec!["a.b/app".to_owned()], 1, 0),
            (globs, rule.comments.len(), rule.missing.len())
        );
        let (globs, rule) = of("a.b/app:v1", true);
        assert_eq!((vec!["a.b/app".to_owned()], 1), (globs, rule.missing.len()));
        for (glob, want) in [
            ("a.b/**x**", &["a.b/**"][..]),
            ("a.b/x**y", &["a.b/x*", "a.b/x*/**"]),
            ("a.b/**x", &["a.b/**"]),
        ] {
            let (globs, rule) = of(glob, false);
            assert_eq!(
                (want.to_vec(), 1),
                (
                    globs.iter().map(String::as_str).collect(),
                    rule.missing.len()
                ),
                "{glob}"
            );
        }
    }
}
