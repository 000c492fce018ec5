//! What a bundle claims, as data.

use std::collections::BTreeMap;

use serde::Serialize;
use sigsign_core::bundle::{Bundle, Content, KeyMaterial};
use sigsign_core::dsse::Envelope;
use sigsign_core::encoding::{base64_encode, hex_encode};
use sigsign_core::time::Timestamp;
use sigsign_core::tlog::LogEntry;
use sigsign_core::tsp::TimestampToken;
use sigsign_core::x509::{Certificate, FulcioClaims};

use crate::instance::is_local_url;

/// The version of the JSON, described in `docs/cli.md`.
const SCHEMA: u8 = 1;

/// One bundle. Nothing of it is checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    schema: u8,
    /// Says so to whoever takes it for an answer.
    verified: bool,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Signer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) envelope: Option<Signed>,
    pub(super) log_entries: Vec<Entry>,
    pub(super) timestamps: Vec<Token>,
}

/// The certificate, and what it says about the signer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signer {
    pub(super) serial: String,
    pub(super) issued_by: String,
    pub(super) not_before: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) local_instance: bool,
    pub(super) extensions: Vec<Extension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    pub(super) signature: String,
}

/// An envelope and the statement in it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Signed {
    pub(super) payload_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) predicate_type: Option<String>,
    pub(super) subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Subject {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) digests: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) kind: String,
    pub(super) index: u64,
    pub(super) log: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    pub(super) promise: bool,
    /// Where the proof leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Token {
    Error(String),
    Time(String),
}

impl Claims {
    pub(super) fn of(bundle: &Bundle) -> Self {
        let (certificate, key_hint) = match bundle.key_material() {
            KeyMaterial::Certificate(leaf) => (Some(Signer::of(leaf)), None),
            KeyMaterial::PublicKeyHint(hint) => (None, Some(hint.clone())),
            _ => (None, None),
        };
        let (message, envelope) = match bundle.content() {
            Content::Message { digest, signature } => {
                let digest = digest.as_ref().map(ToString::to_string);
                let signature = base64_encode(signature);
                (Some(Message { digest, signature }), None)
            }
            Content::Dsse(envelope) => (None, Some(Signed::of(envelope))),
            _ => (None, None),
        };
        Self {
            schema: SCHEMA,
            verified: false,
            version: bundle.version().to_string(),
            certificate,
            key_hint,
            message,
            envelope,
            log_entries: bundle.entries().iter().map(Entry::of).collect(),
            timestamps: bundle.timestamps().map(Token::of).collect(),
        }
    }
}

impl Signer {
    fn of(leaf: &Certificate) -> Self {
        let mut signer = Self {
            serial: hex_encode(leaf.serial()),
            issued_by: leaf.issuer_text(),
            not_before: leaf.validity().start().to_string(),
            not_after: leaf.validity().end().map(|end| end.to_string()),
            subject: None,
            issuer: None,
            local_instance: false,
            extensions: Vec::new(),
            error: None,
        };
        match FulcioClaims::from_certificate(leaf) {
            Ok(claims) => signer.add(&claims),
            Err(error) => signer.error = Some(error.to_string()),
        }
        signer
    }

    fn add(&mut self, claims: &FulcioClaims<'_>) {
        self.subject = Some(claims.subject().value().to_owned());
        self.issuer = claims.issuer().map(str::to_owned);
        self.local_instance = claims.issuer().is_some_and(is_local_url);
        self.extensions = claims
            .iter()
            .map(|(name, value)| Extension {
                name: name.to_string(),
                value: value.to_owned(),
            })
            .collect();
    }
}

impl Signed {
    fn of(envelope: &Envelope) -> Self {
        let payload_type = envelope.payload_type().to_owned();
        match envelope.statement() {
            Ok(statement) => Self {
                payload_type,
                predicate_type: Some(statement.predicate_type().to_owned()),
                subjects: statement
                    .subjects()
                    .iter()
                    .map(|subject| Subject {
                        name: subject.name().map(str::to_owned),
                        digests: subject.digests().iter().cloned().collect(),
                    })
                    .collect(),
                error: None,
            },
            Err(error) => Self {
                payload_type,
                error: Some(error.to_string()),
                ..Self::default()
            },
        }
    }
}

impl Entry {
    fn of(entry: &LogEntry) -> Self {
        let time = entry.integrated_time();
        let checkpoint = entry.proof().and_then(|proof| proof.checkpoint());
        Self {
            kind: entry.kind().to_string(),
            index: entry.log_index(),
            log: hex_encode(entry.log_id()),
            time: (time > 0).then(|| Timestamp::from_unix_seconds(time).to_string()),
            promise: entry.promise().is_some(),
            origin: checkpoint
                .and_then(|note| note.lines().next())
                .map(str::to_owned),
        }
    }
}

impl Token {
    fn of(response: &[u8]) -> Self {
        match TimestampToken::from_response(response) {
            Ok(token) => Self::Time(token.gen_time().to_string()),
            Err(error) => Self::Error(error.to_string()),
        }
    }
}
