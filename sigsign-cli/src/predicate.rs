//! Predicates: what a statement says, by the names that people use for their types.

use serde_json::{Map, Value};

use crate::problem::Problem;

/// The names, and the types that they stand for. Spec: cosign's documentation, "In-Toto
/// Attestations", whose names these are; `slsa` is ours, for the current version
const NAMES: [(&str, &str); 10] = [
    ("slsa", "https://slsa.dev/provenance/v1"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("openvex", "https://openvex.dev/ns"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("link", "https://in-toto.io/Link/v1"),
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
];

/// The predicate type that a name stands for, or the URI that it is itself.
pub(crate) fn type_of(name: &str) -> Result<String, Problem> {
    if let Some((_, uri)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Ok((*uri).to_owned());
    }
    if name.contains(':') {
        return Ok(name.to_owned());
    }
    let names = NAMES.map(|(name, _)| name).join(", ");
    Err(Problem::usage(
        format!("unknown predicate type {name}"),
        format!("it is one of {names}, or a URI"),
    ))
}

/// The name to give a type on a command line.
pub(crate) fn name_of(predicate_type: &str) -> &str {
    let named = NAMES.iter().find(|(_, uri)| *uri == predicate_type);
    named.map_or(predicate_type, |(name, _)| name)
}

/// Checks that a predicate is an object, and of the kind that its type says.
pub(crate) fn check(predicate_type: &str, json: &[u8]) -> Result<(), Problem> {
    let predicate: Map<String, Value> = serde_json::from_slice(json)
        .map_err(|error| Problem::document("predicate.json", "wanted a JSON object", &error))?;
    let starts = |name: &str, with: &str| {
        let value = predicate.get(name).and_then(Value::as_str);
        value.is_some_and(|it| it.starts_with(with))
    };
    let has = |name: &str| predicate.get(name).is_some_and(Value::is_object);
    let (fits, want) = match name_of(predicate_type) {
        "spdx" => (
            starts("spdxVersion", "SPDX-"),
            "SPDX in JSON, with spdxVersion",
        ),
        "cyclonedx" => (
            starts("bomFormat", "CycloneDX"),
            "CycloneDX in JSON, with bomFormat CycloneDX",
        ),
        "openvex" => (
            starts("@context", "https://openvex.dev/ns"),
            "OpenVEX, with @context https://openvex.dev/ns",
        ),
        "vuln" => (has("scanner"), "the report of a scan, with scanner"),
        "slsa" => (
            has("buildDefinition") && has("runDetails"),
            "SLSA provenance 1, with buildDefinition and runDetails",
        ),
        "slsaprovenance" => (has("builder"), "SLSA provenance 0.2, with builder"),
        _ => (true, ""),
    };
    if fits {
        return Ok(());
    }
    let sentence = format!("wanted {want}, found something else");
    Err(Problem::input("predicate.shape", sentence)
        .hint("--type custom, or a URI of your own, is for whatever fits no other type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_and_uris() {
        for (name, want) in [
            ("slsa", "https://slsa.dev/provenance/v1"),
            ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
            ("https://example.com/p", "https://example.com/p"),
            ("urn:p", "urn:p"),
        ] {
            assert_eq!(want, type_of(name).unwrap());
        }
        assert_eq!("slsa", name_of("https://slsa.dev/provenance/v1"));
        assert_eq!("urn:p", name_of("urn:p"));
    }

    #[test]
    fn rejects_a_name_that_nobody_gave() {
        assert_eq!("cli.usage", type_of("sbom").unwrap_err().code);
    }

    #[test]
    fn accepts_predicates_of_their_kind() {
        for (name, json) in [
            ("spdx", r#"{"spdxVersion":"SPDX-2.3"}"#),
            ("cyclonedx", r#"{"bomFormat":"CycloneDX"}"#),
            ("openvex", r#"{"@context":"https://openvex.dev/ns/v0.2.0"}"#),
            ("vuln", r#"{"scanner":{}}"#),
            ("slsa", r#"{"buildDefinition":{},"runDetails":{}}"#),
            ("slsaprovenance", r#"{"builder":{}}"#),
            ("custom", "{}"),
            ("urn:p", "{}"),
        ] {
            assert_eq!(
                Ok(()),
                check(&type_of(name).unwrap(), json.as_bytes()),
                "{name}"
            );
        }
    }

    #[test]
    fn rejects_predicates_of_another_kind() {
        for name in [
            "spdx",
            "cyclonedx",
            "openvex",
            "vuln",
            "slsa",
            "slsaprovenance",
        ] {
            let error = check(&type_of(name).unwrap(), b"{}").unwrap_err();
            assert_eq!("predicate.shape", error.code, "{name}");
        }
        for json in ["", "[]", "\"x\"", "SPDXVersion: SPDX-2.3"] {
            let error = check("urn:p", json.as_bytes()).unwrap_err();
            assert_eq!("predicate.json", error.code, "{json}");
        }
    }
}
