//! How a registry asks who we are.
//!
//! Spec: RFC 9110 11.6.1

/// One way to say it, with its parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter; `None` if it is not there, or there twice.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(it, _)| it == name);
        match (named.next(), named.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Every challenge of a header.
    pub(super) fn parse(header: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for part in split(header) {
            let (before, after) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (part.trim(), None),
            };
            let (scheme, name) = match before.split_once(' ') {
                Some((scheme, name)) => (Some(scheme), name.trim()),
                None if after.is_none() => (Some(before), ""),
                None => (None, before),
            };
            if let Some(scheme) = scheme.filter(|it| !it.is_empty()) {
                found.push(Self {
                    scheme: scheme.to_ascii_lowercase(),
                    parameters: Vec::new(),
                });
            }
            if let (Some(challenge), Some(value)) = (found.last_mut(), after) {
                let name = name.to_ascii_lowercase();
                challenge.parameters.push((name, unquoted(value)));
            }
        }
        found
    }
}

/// At commas outside of quotes.
fn split(header: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    header
        .split(move |c| {
            let ends = c == ',' && !quoted;
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped && quoted;
            ends
        })
        .collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_registries_send() {
        let header = r#"Bearer realm="https://a.example/token?x=1,2",service="a \"b\"", scope="repository:x:pull,push",Basic Realm=plain"#;

        let found = Challenge::parse(header);

        assert_eq!(["bearer", "basic"], [&*found[0].scheme, &*found[1].scheme]);
        assert_eq!(Some("https://a.example/token?x=1,2"), found[0].get("realm"));
        assert_eq!(Some(r#"a "b""#), found[0].get("service"));
        assert_eq!(Some("repository:x:pull,push"), found[0].get("scope"));
        assert_eq!(Some("plain"), found[1].get("realm"));
        assert_eq!(None, found[0].get("other"));
    }

    #[test]
    fn rejects_a_parameter_that_is_there_twice() {
        let found = Challenge::parse(r#"Bearer realm="https://a",realm="https://b""#);

        assert_eq!(None, found[0].get("realm"));
    }

    #[test]
    fn accepts_anything_without_falling_over() {
        for header in [
            "",
            ",",
            "=",
            "\"",
            "Basic",
            "Basic realm=\"",
            "a b c=d",
            "\\\",=,",
        ] {
            Challenge::parse(header);
        }
        assert_eq!("negotiate", Challenge::parse("Negotiate")[0].scheme);
    }
}
