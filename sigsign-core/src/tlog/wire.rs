//! The JSON of log entries and of the bodies in them.

use serde::Deserialize;

use super::{BodyError, EntryKind};
use crate::json::wire::read;
pub(crate) use crate::json::wire::{Int64, List, Object, Text};
use crate::limits;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EntryJson<'a> {
    pub(crate) log_index: Option<Int64>,
    #[serde(borrow)]
    pub(crate) log_id: Option<Object<LogIdJson<'a>>>,
    #[serde(borrow)]
    pub(crate) kind_version: Option<Object<KindVersionJson<'a>>>,
    pub(crate) integrated_time: Option<Int64>,
    #[serde(borrow)]
    pub(crate) inclusion_promise: Option<Object<PromiseJson<'a>>>,
    #[serde(borrow)]
    pub(crate) inclusion_proof: Option<Object<ProofJson<'a>>>,
    #[serde(borrow)]
    pub(crate) canonicalized_body: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogIdJson<'a> {
    #[serde(borrow)]
    pub(crate) key_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KindVersionJson<'a> {
    #[serde(borrow)]
    pub(crate) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) version: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PromiseJson<'a> {
    #[serde(borrow)]
    pub(crate) signed_entry_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProofJson<'a> {
    pub(crate) log_index: Option<Int64>,
    #[serde(borrow)]
    pub(crate) root_hash: Option<Text<'a>>,
    pub(crate) tree_size: Option<Int64>,
    #[serde(borrow)]
    pub(crate) hashes: Option<List<Text<'a>, { limits::PROOF_HASHES }>>,
    #[serde(borrow)]
    pub(crate) checkpoint: Option<Object<CheckpointJson<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CheckpointJson<'a> {
    #[serde(borrow)]
    pub(crate) envelope: Option<Text<'a>>,
}

/// What every body says first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KindJson<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
}

/// A whole body with a spec of kind `S`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BodyJson<'a, S> {
    #[serde(borrow)]
    api_version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
    spec: Object<S>,
}

/// The spec of a body that says it is of `kind` (V36).
pub(super) fn spec<'a, S: Deserialize<'a>>(json: &'a str, kind: EntryKind) -> Result<S, BodyError> {
    let (found, spec) = match read::<Object<BodyJson<'a, S>>>(json) {
        Ok(Object(body)) => (
            KindJson {
                api_version: body.api_version,
                kind: body.kind,
            },
            Ok(body.spec.0),
        ),
        // Bodies of other kinds have other shapes: what such a one says that it is comes first.
        Err(shape) => {
            let Object(found) = read(json).map_err(BodyError::Shape)?;
            (found, Err(shape))
        }
    };
    let (name, version) = (found.kind.as_str(), found.api_version.as_str());
    if EntryKind::from_names(name, version) != Some(kind) {
        return Err(BodyError::Kind {
            want: kind,
            found: format!("{name} {version}"),
        });
    }
    spec.map_err(BodyError::Shape)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HashJson<'a> {
    #[serde(borrow)]
    pub(super) algorithm: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HashedRekordV001Json<'a> {
    #[serde(borrow)]
    pub(super) data: Object<HashedRekordDataJson<'a>>,
    #[serde(borrow)]
    pub(super) signature: Object<HashedRekordSignatureJson<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HashedRekordDataJson<'a> {
    #[serde(borrow)]
    pub(super) hash: Object<HashJson<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HashedRekordSignatureJson<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    #[serde(borrow)]
    pub(super) public_key: Object<ContentJson<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContentJson<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DsseV001Json<'a> {
    #[serde(borrow)]
    pub(super) envelope_hash: Object<HashJson<'a>>,
    #[serde(borrow)]
    pub(super) payload_hash: Object<HashJson<'a>>,
    #[serde(borrow)]
    pub(super) signatures: List<Object<DsseSignatureJson<'a>>, { limits::DSSE_SIGNATURES }>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DsseSignatureJson<'a> {
    #[serde(borrow)]
    pub(super) signature: Text<'a>,
    #[serde(borrow)]
    pub(super) verifier: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntotoV002Json<'a> {
    #[serde(borrow)]
    pub(super) content: Object<IntotoContentJson<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IntotoContentJson<'a> {
    #[serde(borrow)]
    pub(super) envelope: Object<IntotoEnvelopeJson<'a>>,
    #[serde(borrow)]
    pub(super) hash: Object<HashJson<'a>>,
    #[serde(borrow)]
    pub(super) payload_hash: Object<HashJson<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IntotoEnvelopeJson<'a> {
    #[serde(borrow)]
    pub(super) payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload_type: Text<'a>,
    #[serde(borrow)]
    pub(super) signatures: List<Object<IntotoSignatureJson<'a>>, { limits::DSSE_SIGNATURES }>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IntotoSignatureJson<'a> {
    #[serde(borrow, rename = "keyid")]
    pub(super) _key_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) public_key: Text<'a>,
    #[serde(borrow)]
    pub(super) sig: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecV002Json<'a> {
    #[serde(borrow, rename = "hashedRekordV002")]
    pub(super) hashed_rekord: Object<HashedRekordV002Json<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HashedRekordV002Json<'a> {
    #[serde(borrow)]
    pub(super) data: Object<DataV002Json<'a>>,
    #[serde(borrow)]
    pub(super) signature: Object<SignatureV002Json<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataV002Json<'a> {
    #[serde(borrow)]
    pub(super) algorithm: Text<'a>,
    #[serde(borrow)]
    pub(super) digest: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureV002Json<'a> {
    #[serde(borrow)]
    pub(super) content: Text<'a>,
    #[serde(borrow)]
    pub(super) verifier: Object<VerifierV002Json<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VerifierV002Json<'a> {
    #[serde(borrow)]
    pub(super) key_details: Text<'a>,
    #[serde(borrow)]
    pub(super) public_key: Option<Object<RawBytesJson<'a>>>,
    #[serde(borrow)]
    pub(super) x509_certificate: Option<Object<RawBytesJson<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawBytesJson<'a> {
    #[serde(borrow)]
    pub(super) raw_bytes: Text<'a>,
}
