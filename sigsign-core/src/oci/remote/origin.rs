//! Scheme, host and port of URLs, read in the one way that nobody reads differently.

use super::super::reference;

/// Where a URL leads: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    plain: bool,
    /// In lower case, with the port unless it is the scheme's own.
    host: String,
}

impl Origin {
    pub(super) fn of_registry(host: &str, plain: bool) -> Self {
        let host = without_own_port(host, plain);
        Self { plain, host }
    }

    /// `None` if anybody could read the URL in another way.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        let (plain, rest) = match url.split_once("://")? {
            ("https", rest) => (false, rest),
            ("http", rest) => (true, rest),
            _ => return None,
        };
        let proper = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.to_ascii_lowercase();
        (url.bytes().all(proper) && reference::is_host(&host)).then(|| Self {
            plain,
            host: without_own_port(&host, plain),
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The host, without the port.
    fn name(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => &self.host,
        }
    }

    /// The URL of a path here.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.plain { "http" } else { "https" };
        format!("{scheme}://{}{path}", self.host)
    }

    /// Where `location`, as an answer from `here` has it, leads; or what is wrong with it, and where
    /// it would have led without its query.
    ///
    /// Without TLS only where the registry itself is without.
    pub(super) fn follow(
        &self,
        here: &str,
        location: &str,
    ) -> Result<String, (String, &'static str)> {
        let shown = || {
            location
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let url = if location.starts_with('/') && !location.starts_with("//") {
            let origin = Self::of_url(here).ok_or_else(|| (shown(), "no URL"))?;
            origin.url(location)
        } else {
            location.to_owned()
        };
        let origin = Self::of_url(&url).ok_or_else(|| (shown(), "no URL that we follow"))?;
        if origin.plain && !self.plain {
            return Err((shown(), "without TLS"));
        }
        Ok(url)
    }

    /// Whether both belong to the same people, as far as names say: one host, or hosts of one domain.
    pub(super) fn is_same_site(&self, other: &Self) -> bool {
        let domain = |name: &str| {
            let mut labels = name.rsplit('.');
            let (top, second) = (labels.next()?.to_owned(), labels.next()?.to_owned());
            let is_address = top.bytes().all(|it| it.is_ascii_digit()) || name.starts_with('[');
            (!is_address).then_some((top, second))
        };
        let (a, b) = (self.name(), other.name());
        a == b || domain(a).is_some_and(|it| domain(b) == Some(it))
    }
}

fn without_own_port(host: &str, plain: bool) -> String {
    let own = if plain { ":80" } else { ":443" };
    host.strip_suffix(own).unwrap_or(host).to_owned()
}

/// Whether a host, with or without a port, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let origin = Origin::of_registry(host, true);
    let name = origin.name().trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_urls_that_have_one_reading() {
        for (url, host) in [
            ("https://a.example/x?y", "a.example"),
            ("https://A.example:443/", "a.example"),
            ("https://a.example:444", "a.example:444"),
            ("https://[::1]:5?x", "[::1]:5"),
        ] {
            assert_eq!(host, Origin::of_url(url).unwrap().host, "{url}");
        }
    }

    // A27 O21
    #[test]
    fn rejects_urls_that_have_several() {
        for url in [
            "https://a.example@b.example/",
            "https://a.example\\@b.example/",
            "https://a.example\t.b.example/",
            "https:///a.example",
            "https://a..example",
            "https://a.example:0443/",
            "ftp://a.example",
            "//a.example",
            "",
        ] {
            assert_eq!(None, Origin::of_url(url), "{url}");
        }
    }

    #[test]
    fn follows_with_tls_or_where_there_was_none() {
        let tls = Origin::of_registry("a.example", false);
        let plain = Origin::of_registry("127.0.0.1:5", true);
        let here = "https://a.example/v2/";

        assert_eq!(
            Ok("https://a.example/x?y".to_owned()),
            tls.follow(here, "/x?y")
        );
        assert_eq!(
            Ok("https://b.example/x".to_owned()),
            tls.follow(here, "https://b.example/x")
        );
        assert_eq!(
            Ok("http://127.0.0.1:6/x".to_owned()),
            plain.follow("http://127.0.0.1:5/", "http://127.0.0.1:6/x")
        );
        for (location, want) in [
            (
                "http://127.0.0.1/secret?x",
                ("http://127.0.0.1/secret", "without TLS"),
            ),
            ("//b.example/x", ("//b.example/x", "no URL that we follow")),
            ("x", ("x", "no URL that we follow")),
            ("", ("", "no URL that we follow")),
        ] {
            let want = Err((want.0.to_owned(), want.1));
            assert_eq!(want, tls.follow(here, location), "{location}");
        }
    }

    // A27
    #[test]
    fn knows_hosts_of_one_site() {
        let origin = |host| Origin::of_registry(host, false);
        for (a, b, same) in [
            ("registry-1.docker.io", "auth.docker.io", true),
            ("registry.gitlab.com", "gitlab.com", true),
            ("a.example:5000", "a.example:5001", true),
            ("a.example", "b.test", false),
            ("a.example.evil.test", "a.example", false),
            ("10.0.0.1", "11.0.0.1", false),
            ("localhost", "other", false),
        ] {
            assert_eq!(same, origin(a).is_same_site(&origin(b)), "{a} {b}");
        }
    }

    #[test]
    fn knows_this_machine() {
        for (host, near) in [
            ("localhost:5000", true),
            ("127.0.0.1", true),
            ("127.8.8.8:1", true),
            ("[::1]:5", true),
            ("a.localhost", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(near, is_loopback(host), "{host}");
        }
    }
}
