//! Trusted roots that are not what they should be, or not for this bundle.

use sigsign_local::json::Json;

use crate::case::{Case, bad_root};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        bad_root(
            "root-authority-without-window",
            "V62 TOB-5",
            "an authority without a window",
            |json| {
                json.remove("certificateAuthorities.0.validFor");
            },
        ),
        bad_root(
            "root-log-without-window",
            "V52 V62",
            "a log without a window",
            |json| {
                json.remove("tlogs.0.publicKey.validFor");
            },
        ),
        bad_root(
            "root-without-certificates",
            "V26 A14",
            "an authority without certificates",
            |json| {
                json.list("certificateAuthorities.0.certChain.certificates")
                    .clear();
            },
        ),
        bad_root(
            "root-enum-as-number",
            "V2",
            "key details as a number",
            |json| {
                json.set("tlogs.0.publicKey.keyDetails", Json::number(5));
            },
        ),
        bad_root("root-media-type", "V62", "another media type", |json| {
            json.set(
                "mediaType",
                Json::text("application/vnd.dev.sigstore.trustedroot+json;version=9"),
            );
        }),
        bad_root(
            "log-as-ct-log",
            "TOB-1 V33",
            "the CT log among the logs only",
            |json| {
                let log = json.at("ctlogs.0").clone();
                json.list("tlogs").push(log);
                json.list("ctlogs").clear();
            },
        ),
        bad_root(
            "ca-as-tsa",
            "TOB-1 V26",
            "the signers' authority among those of time stamps only",
            |json| {
                let authority = json.at("certificateAuthorities.0").clone();
                json.list("timestampAuthorities").push(authority);
                json.list("certificateAuthorities").clear();
            },
        ),
    ]
}
