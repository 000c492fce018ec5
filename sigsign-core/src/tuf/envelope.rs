//! Who signed a piece of metadata, and who has to.
//!
//! In: bytes, and the keys of a role. Out: [`Signed`], which only a threshold of them makes.
//!
//! Spec: tuf 4.2, 5.3.4, 5.4.2, 5.5.3, 5.6.3

use std::collections::BTreeMap;

use super::canonical::canonical;
use super::error::UpdateError;
use super::wire::{Content, EnvelopeJson, HeaderJson, Value};
use crate::crypto::{Algorithm, KeyKind, PublicKey};
use crate::encoding::hex_decode;
use crate::json;
use crate::json::fields::Path;
use crate::json::wire::{Object, read};
use crate::limits;
use crate::time::Timestamp;

/// A piece of metadata, of which nothing is known.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    role: String,
    signed: &'a str,
    /// What the signatures are over, once somebody asked.
    message: Option<Vec<u8>>,
    signatures: Vec<Signature>,
}

#[derive(Debug)]
struct Signature {
    key_id: String,
    bytes: Vec<u8>,
    /// Whose it is, once that was found out: the key of a root that comes next is most often one
    /// of the root before.
    by: Option<(Declared, PublicKey)>,
}

impl<'a> Envelope<'a> {
    /// Reads what is said to be the metadata of `role`.
    pub(super) fn parse(role: &str, bytes: &'a [u8]) -> Result<Self, UpdateError> {
        let shape = |problem| UpdateError::Shape {
            role: role.to_owned(),
            problem,
        };
        let text = json::check(bytes).map_err(|problem| UpdateError::Json {
            role: role.to_owned(),
            problem,
        })?;
        let envelope: Object<EnvelopeJson<'a>> = read(text).map_err(shape)?;
        let found = envelope.signatures.within_cap().map_err(|found| {
            let cap = limits::TUF_SIGNATURES;
            shape(format!("wanted at most {cap} signatures, found {found}"))
        })?;
        let mut signatures: Vec<Signature> = Vec::with_capacity(found.len());
        for signature in found {
            // tuf 4.2.1: several signatures with the same key id are not allowed.
            if signatures.iter().any(|it| it.key_id == signature.keyid) {
                let role = role.to_owned();
                return Err(UpdateError::DuplicateSignature { role });
            }
            signatures.push(Signature {
                key_id: signature.keyid.clone(),
                // What is not hexadecimal does not verify, and does no harm beside others that do.
                bytes: hex_decode(&signature.sig).unwrap_or_default(),
                by: None,
            });
        }
        Ok(Self {
            role: role.to_owned(),
            signed: envelope.signed.get(),
            message: None,
            signatures,
        })
    }

    /// What the signatures are over. Not computed before somebody asks: what the caller trusts
    /// already is only read.
    fn message(&self) -> Result<Vec<u8>, UpdateError> {
        let value: Value = read(self.signed).map_err(|problem| UpdateError::Shape {
            role: self.role.clone(),
            problem,
        })?;
        Ok(canonical(&value))
    }

    /// How many of the keys signed, each counted once (T2); not more than `enough` are asked.
    fn signers(&mut self, keys: &Authority, enough: u64) -> Result<u64, UpdateError> {
        let message = match self.message.take() {
            Some(message) => message,
            None => self.message()?,
        };
        let mut signers: Vec<&PublicKey> = Vec::new();
        let mut got = 0;
        for signature in &mut self.signatures {
            if got >= enough {
                break;
            }
            let Some(declared) = keys.key(&signature.key_id) else {
                continue;
            };
            if let Some(key) = signature.signer(declared, &message)
                && !signers.contains(&key)
            {
                signers.push(key);
                got = got.saturating_add(1);
            }
        }
        self.message = Some(message);
        Ok(got)
    }

    /// What it says, before anybody has said that it may be believed: how a root names the keys
    /// that it must itself be signed by.
    pub(super) fn claims(&self) -> Signed<'_> {
        Signed {
            role: &self.role,
            text: self.signed,
        }
    }
}

impl Signature {
    /// The key, if it made this signature.
    fn signer(&mut self, declared: &Declared, message: &[u8]) -> Option<&PublicKey> {
        let known = self.by.as_ref().filter(|(known, _)| known == declared);
        if known.is_none() {
            let (key, algorithm) = declared.decode()?;
            key.verify(algorithm, message, &self.bytes).ok()?;
            self.by = Some((declared.clone(), key));
        }
        self.by.as_ref().map(|(_, key)| key)
    }
}

/// The content of metadata that a threshold of keys signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    role: &'a str,
    text: &'a str,
}

impl Signed<'_> {
    /// Reads the content.
    pub(super) fn read<T: Content>(&self) -> Result<T, UpdateError> {
        let object: Result<Object<T>, _> = read(self.text);
        object
            .map(|Object(content)| content)
            .map_err(|problem| UpdateError::Shape {
                role: self.role.to_owned(),
                problem,
            })
    }

    /// Reads what all metadata has, and checks that it is of this type.
    ///
    /// Spec: tuf 4.3, 4.4, 4.5, 4.6
    pub(super) fn header(&self, kind: &'static str) -> Result<Header, UpdateError> {
        let header: HeaderJson = self.read()?;
        if header.role != kind {
            return Err(UpdateError::Role {
                want: kind,
                found: header.role,
            });
        }
        let is_first = header.spec_version.split('.').next() == Some("1");
        if !is_first || !header.spec_version.contains('.') {
            return Err(UpdateError::SpecVersion {
                role: self.role.to_owned(),
                found: header.spec_version,
            });
        }
        let expires = Timestamp::parse_rfc3339(&header.expires)
            .ok_or_else(|| self.field("expires", "a time as RFC 3339 has it"))?;
        Ok(Header {
            role: self.role.to_owned(),
            version: self.positive("version", header.version)?,
            expires,
        })
    }

    /// A number that is at least 1.
    pub(super) fn positive(&self, name: &'static str, number: i64) -> Result<u64, UpdateError> {
        u64::try_from(number)
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| self.field(name, "a number that is at least 1"))
    }

    pub(super) fn field(&self, name: &'static str, want: &'static str) -> UpdateError {
        UpdateError::Field {
            role: self.role.to_owned(),
            problem: Path::ROOT.name(name).error(want),
        }
    }

    /// The keys that sign a role. Those that are not declared count as keys that never sign.
    ///
    /// Spec: tuf 4.3, THRESHOLD at least 1 (T3)
    pub(super) fn authority(
        &self,
        ids: &[String],
        threshold: i64,
        keys: &Keys,
    ) -> Result<Authority, UpdateError> {
        let threshold = self.positive("threshold", threshold)?;
        let named = ids.iter();
        let keys = named.filter_map(|id| Some((id.clone(), Declared::from_json(keys.get(id)?)?)));
        Ok(Authority {
            threshold,
            keys: keys.collect(),
        })
    }
}

/// Keys by their identifiers, which mean nothing: they are not computed again.
///
/// Off-spec: tuf 4.3 has clients compute them; repositories and TAP 12 do not want that.
pub(super) type Keys = BTreeMap<String, Value>;

/// What all metadata has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) role: String,
    pub(super) version: u64,
    pub(super) expires: Timestamp,
}

impl Header {
    /// Spec: tuf 5.3.10, 5.4.4, 5.5.6, 5.6.5
    pub(super) fn check_time(&self, at: Timestamp) -> Result<(), UpdateError> {
        if self.expires > at {
            return Ok(());
        }
        Err(UpdateError::Expired {
            role: self.role.clone(),
            expires: self.expires,
            at,
        })
    }

    pub(super) fn check_version(&self, want: u64) -> Result<(), UpdateError> {
        if self.version == want {
            return Ok(());
        }
        Err(UpdateError::Version {
            role: self.role.clone(),
            want,
            found: self.version,
        })
    }
}

/// Whose signatures a role needs, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    threshold: u64,
    keys: Vec<(String, Declared)>,
}

impl Authority {
    /// Whether enough of the keys signed. One key counts once, under however many names (T2).
    pub(super) fn open<'e>(
        &self,
        envelope: &'e mut Envelope<'_>,
    ) -> Result<Signed<'e>, UpdateError> {
        let got = envelope.signers(self, self.threshold)?;
        if got >= self.threshold {
            return Ok(envelope.claims());
        }
        Err(UpdateError::Threshold {
            role: envelope.role.clone(),
            need: self.threshold,
            got,
        })
    }

    /// Whether a key of ours is not among those.
    pub(super) fn lost_keys(&self, newer: &Self) -> bool {
        let is_kept = |key: &Declared| newer.keys.iter().any(|(_, other)| other == key);
        !self.keys.iter().all(|(_, key)| is_kept(key))
    }

    fn key(&self, id: &str) -> Option<&Declared> {
        let (_, key) = self.keys.iter().find(|(known, _)| known == id)?;
        Some(key)
    }
}

/// A key as metadata has it; it is decoded when a signature is said to be its.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Declared {
    kind: String,
    scheme: String,
    public: String,
}

impl Declared {
    fn from_json(key: &Value) -> Option<Self> {
        Some(Self {
            kind: key.text("keytype")?.to_owned(),
            scheme: key.text("scheme")?.to_owned(),
            public: key.member("keyval")?.text("public")?.to_owned(),
        })
    }

    /// `None` for a key that we cannot use: it never signs.
    ///
    /// Spec: tuf 4.2.2; `ecdsa-sha2-nistp256` as the type is older than the specification has it
    fn decode(&self) -> Option<(PublicKey, Algorithm)> {
        let (key, algorithm) = match (self.kind.as_str(), self.scheme.as_str()) {
            ("ecdsa" | "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
                (PublicKey::from_pem(&self.public), Algorithm::EcdsaSha256)
            }
            ("ed25519", "ed25519") => {
                let key = hex_decode(&self.public)?;
                let spki = [ED25519_SPKI, key.as_slice()].concat();
                (PublicKey::from_spki(&spki), Algorithm::Ed25519)
            }
            ("rsa", "rsassa-pss-sha256") => {
                (PublicKey::from_pem(&self.public), Algorithm::RsaPssSha256)
            }
            _ => return None,
        };
        let key = key.ok()?;
        let suits = match algorithm {
            Algorithm::EcdsaSha256 => key.kind() == KeyKind::P256,
            other => other.suits(key.kind()),
        };
        suits.then_some((key, algorithm))
    }
}

/// SEQUENCE of the algorithm 1.3.101.112 and a BIT STRING of 32 bytes. Spec: RFC 8410 4
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
