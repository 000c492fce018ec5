//! The JSON of metadata. What is not known here is passed over, but stays in what is signed.
//!
//! Spec: tuf 4

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::wire::{List, Object};
use crate::limits;

/// What is read from signed metadata.
pub(super) trait Content: DeserializeOwned {}

impl<T: DeserializeOwned> Content for T {}

#[derive(Deserialize)]
pub(super) struct EnvelopeJson<'a> {
    #[serde(borrow)]
    pub(super) signed: &'a RawValue,
    pub(super) signatures: List<Object<SignatureJson>, { limits::TUF_SIGNATURES }>,
}

#[derive(Deserialize)]
pub(super) struct SignatureJson {
    pub(super) keyid: String,
    pub(super) sig: String,
}

/// What metadata of every role has.
#[derive(Deserialize)]
pub(super) struct HeaderJson {
    #[serde(rename = "_type")]
    pub(super) role: String,
    pub(super) spec_version: String,
    pub(super) version: i64,
    pub(super) expires: String,
}

#[derive(Deserialize)]
pub(super) struct RootJson {
    pub(super) consistent_snapshot: Option<bool>,
    pub(super) keys: BTreeMap<String, Value>,
    pub(super) roles: Object<RolesJson>,
}

#[derive(Deserialize)]
pub(super) struct RolesJson {
    pub(super) root: Object<RoleJson>,
    pub(super) timestamp: Object<RoleJson>,
    pub(super) snapshot: Object<RoleJson>,
    pub(super) targets: Object<RoleJson>,
}

#[derive(Deserialize)]
pub(super) struct RoleJson {
    pub(super) keyids: Vec<String>,
    pub(super) threshold: i64,
}

/// Timestamp and snapshot.
#[derive(Deserialize)]
pub(super) struct MetaJson {
    pub(super) meta: BTreeMap<String, Object<FileJson>>,
}

#[derive(Deserialize)]
pub(super) struct FileJson {
    pub(super) version: Option<i64>,
    pub(super) length: Option<i64>,
    pub(super) hashes: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
pub(super) struct TargetsJson {
    pub(super) targets: BTreeMap<String, Object<FileJson>>,
    pub(super) delegations: Option<Object<DelegationsJson>>,
}

#[derive(Deserialize)]
pub(super) struct DelegationsJson {
    pub(super) keys: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) roles: Vec<Object<DelegatedJson>>,
}

#[derive(Deserialize)]
pub(super) struct DelegatedJson {
    pub(super) name: String,
    pub(super) keyids: Vec<String>,
    pub(super) threshold: i64,
    #[serde(default)]
    pub(super) terminating: bool,
    pub(super) paths: Option<Vec<String>>,
    pub(super) path_hash_prefixes: Option<Vec<String>>,
}

/// Any JSON that can be written in the canonical form: no fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Value {
    /// A member that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.member(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = members.next_entry()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
