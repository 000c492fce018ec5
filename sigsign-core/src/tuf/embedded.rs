//! The roots that come with this library, taken from published packages, and where to update them.
//!
//! That one is over is no harm as long as the repository has those that follow (T15).
//! `testdata/SOURCES.toml` has packages and digests.

use super::Repository;

/// The public instance's.
pub fn public_good() -> Repository {
    repository(
        "https://tuf-repo-cdn.sigstore.dev",
        include_bytes!("embedded/public.json"),
    )
}

/// The staging instance's.
pub fn staging() -> Repository {
    repository(
        "https://tuf-repo-cdn.sigstage.dev",
        include_bytes!("embedded/staging.json"),
    )
}

/// GitHub's, for private repositories.
pub fn github() -> Repository {
    repository(
        "https://tuf-repo.github.com",
        include_bytes!("embedded/github.json"),
    )
}

fn repository(url: &str, root: &[u8]) -> Repository {
    Repository::new(url, root.to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Root;
    use super::*;

    #[test]
    fn accepts_each_of_them() {
        for (repository, version, expires) in [
            (public_good(), 15, "2026-11-20T13:58:18Z"),
            (staging(), 14, "2026-10-16T19:39:43Z"),
            (github(), 9, "2027-01-28T20:18:53Z"),
        ] {
            let root = Root::given_signed(repository.root()).unwrap();

            assert_eq!(version, root.header.version);
            assert_eq!(expires, root.header.expires.to_string());
        }
    }
}
