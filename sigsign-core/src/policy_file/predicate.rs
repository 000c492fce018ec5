//! Predicate types and the names that people use for them.

use std::fmt;

/// The predicate type of a statement that is a signature and says nothing more.
pub const SIGNATURE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

/// A type, and whether versions of it are in its URI.
struct Known {
    uri: &'static str,
    versioned: bool,
    /// The one to print first.
    names: &'static [&'static str],
}

/// Names as cosign's documentation has them ("In-Toto Attestations"); those with dashes, and `slsa`
/// for the current version, are ours.
const KNOWN: [Known; 9] = [
    Known {
        uri: "https://slsa.dev/provenance/v1",
        versioned: false,
        names: &["slsa-provenance-v1", "slsa", "slsaprovenance1"],
    },
    Known {
        uri: "https://slsa.dev/provenance/v0.2",
        versioned: false,
        names: &["slsa-provenance-v0.2", "slsaprovenance", "slsaprovenance02"],
    },
    Known {
        uri: "https://spdx.dev/Document",
        versioned: true,
        names: &["spdx", "spdxjson"],
    },
    Known {
        uri: "https://cyclonedx.org/bom",
        versioned: true,
        names: &["cyclonedx"],
    },
    Known {
        uri: "https://openvex.dev/ns",
        versioned: true,
        names: &["openvex"],
    },
    Known {
        uri: "https://cosign.sigstore.dev/attestation/vuln/v1",
        versioned: false,
        names: &["vuln"],
    },
    Known {
        uri: "https://in-toto.io/attestation/release/v0.2",
        versioned: false,
        names: &["github-release"],
    },
    Known {
        uri: "https://in-toto.io/Link/v1",
        versioned: false,
        names: &["link"],
    },
    Known {
        uri: "https://cosign.sigstore.dev/attestation/v1",
        versioned: false,
        names: &["custom"],
    },
];

/// A type that an attestation must have, by name or URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PredicateType {
    written: String,
    uri: String,
    versioned: bool,
}

/// What the conditions of a type can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    CycloneDx,
    OpenVex,
    Other,
    Spdx,
}

impl PredicateType {
    /// By one of the names, or a URI, which has a colon.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(known) = KNOWN.iter().find(|it| it.names.contains(&text)) {
            return Some(Self {
                written: text.to_owned(),
                uri: known.uri.to_owned(),
                versioned: known.versioned,
            });
        }
        text.contains(':').then(|| Self {
            written: text.to_owned(),
            uri: text.to_owned(),
            versioned: false,
        })
    }

    /// Whether a statement's type is this one: exactly, or for a name of a versioned type with its
    /// version behind it.
    pub(super) fn covers(&self, found: &str) -> bool {
        found == self.uri
            || self.versioned
                && found
                    .strip_prefix(self.uri.as_str())
                    .and_then(|rest| rest.strip_prefix("/v"))
                    .is_some_and(is_version)
    }

    pub(super) fn kind(&self) -> Kind {
        match kind_uri(&self.uri) {
            "https://spdx.dev/Document" => Kind::Spdx,
            "https://cyclonedx.org/bom" => Kind::CycloneDx,
            "https://openvex.dev/ns" => Kind::OpenVex,
            _ => Kind::Other,
        }
    }

    /// Whether what it says goes out of date.
    pub(super) fn ages(&self) -> bool {
        self.kind() == Kind::OpenVex || self.written == "vuln"
    }
}

impl fmt::Display for PredicateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The names that there are.
pub(super) fn names() -> String {
    let names: Vec<&str> = KNOWN.iter().flat_map(|it| it.names).copied().collect();
    names.join(", ")
}

/// The short name of a type, or the type itself.
pub fn predicate_name(uri: &str) -> &str {
    let known = KNOWN.iter().find(|it| it.uri == kind_uri(uri));
    match known.and_then(|it| it.names.first()) {
        Some(name) => name,
        None if uri == SIGNATURE_TYPE => "signature",
        None => uri,
    }
}

/// Without the version, if the type is one with versions.
fn kind_uri(uri: &str) -> &str {
    let versioned = KNOWN.iter().filter(|it| it.versioned);
    let covers = |known: &&Known| {
        let rest = uri.strip_prefix(known.uri);
        rest.and_then(|rest| rest.strip_prefix("/v"))
            .is_some_and(is_version)
    };
    versioned.clone().find(covers).map_or(uri, |it| it.uri)
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit() || it == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(name: &str, found: &str) -> bool {
        PredicateType::parse(name).unwrap().covers(found)
    }

    #[test]
    fn accepts_names_with_their_versions() {
        assert!(covers("spdx", "https://spdx.dev/Document"));
        assert!(covers("spdx", "https://spdx.dev/Document/v2.3"));
        assert!(covers("openvex", "https://openvex.dev/ns/v0.2.0"));
        assert!(covers(
            "slsa-provenance-v1",
            "https://slsa.dev/provenance/v1"
        ));
        assert!(covers("urn:x", "urn:x"));
        assert_eq!("spdx", predicate_name("https://spdx.dev/Document/v2.3"));
        assert_eq!("urn:x", predicate_name("urn:x"));
        assert_eq!("signature", predicate_name(SIGNATURE_TYPE));
    }

    #[test]
    fn rejects_types_that_only_look_alike() {
        for (name, found) in [
            ("spdx", "https://spdx.dev/Documents"),
            ("spdx", "https://spdx.dev/Document/v"),
            ("spdx", "https://spdx.dev/Document/v2.3/x"),
            ("spdx", "https://SPDX.dev/Document"),
            ("spdx", "https://spdx.dev/Document/vulnerable"),
            ("spdx", "https://cyclonedx.org/bom"),
            ("slsa", "https://slsa.dev/provenance/v0.2"),
            ("slsa-provenance-v1", "https://slsa.dev/provenance/v1.1"),
            (
                "https://spdx.dev/Document",
                "https://spdx.dev/Document/v2.3",
            ),
            ("urn:x", "urn:x/v1"),
        ] {
            assert!(!covers(name, found), "{name} {found}");
        }
        assert_eq!(None, PredicateType::parse("sbom"));
        assert_eq!(None, PredicateType::parse("SPDX"));
    }
}
