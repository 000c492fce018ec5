//! Patterns of image names: theirs are about names with tags and digests, ours about names without.

use super::Rule;

/// The globs that cover the same names; none, and a word about it, where there are no such.
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
    if !target.chars().all(|it| "*:@".contains(it)) {
        if skips {
            rule.miss(format!("{glob} lets through only what {target} names"));
            return Vec::new();
        }
        // It is about more images, so it refuses more.
        rule.comment(format!("{glob}: it is about every tag and digest"));
    }
    let name = match name.strip_prefix("index.docker.io/") {
        Some(rest) => format!("docker.io/{rest}"),
        None => name.to_owned(),
    };
    let globs = spread(&name);
    if globs.is_empty() {
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

/// Their `**` stands for any characters, ours for whole segments.
fn spread(name: &str) -> Vec<String> {
    let Some((before, after)) = name.split_once("**") else {
        return vec![name.to_owned()];
    };
    let is_start = before.is_empty() || before.ends_with('/');
    match (is_start, after) {
        (true, "") => vec![name.to_owned()],
        (true, after) if after.starts_with('/') && !after.contains("**") => vec![name.to_owned()],
        // Something, or something and what is below it.
        (false, "") => vec![format!("{before}*"), format!("{before}*/**")],
        _ => Vec::new(),
    }
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
            let (globs, rule) = of(glob, true);

            let is_digest = glob.contains("@sha256");
            assert_eq!(
                want,
                if is_digest { of(glob, false).0 } else { globs },
                "{glob}"
            );
            assert_eq!(is_digest, !rule.missing.is_empty(), "{glob}: {rule:?}");
        }
    }

    #[test]
    fn says_more_where_that_refuses_more_and_nothing_where_it_lets_through() {
        let (globs, rule) = of("a.b/app:v1", false);
        assert_eq!(
            (vec!["a.b/app".to_owned()], 1, 0),
            (globs, rule.comments.len(), rule.missing.len())
        );
        let (globs, rule) = of("a.b/app:v1", true);
        assert_eq!((Vec::new(), 1), (globs, rule.missing.len()));
        for glob in ["a.b/**x**", "a.b/x**y", "a.b/**x"] {
            let (globs, rule) = of(glob, false);
            assert_eq!((Vec::new(), 1), (globs, rule.missing.len()), "{glob}");
        }
    }
}
