//! Scalars of proto3 JSON, as serde reads them.
//!
//! Spec: client-spec 5; proto3 JSON mapping (V2)

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Reads a document that was checked before; the error is in serde's words.
pub(crate) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// A string, borrowed where it has no escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// An int64: a canonical decimal string, or a number that every parser reads as the same integer.
///
/// Spec: proto3 JSON mapping; RFC 7493 2.2
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int64(pub(crate) i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntVisitor;
        impl Visitor<'_> for IntVisitor {
            type Value = Int64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer as a decimal string")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Int64, E> {
                let exact = i64::try_from(number)
                    .ok()
                    .filter(|it| *it <= GREATEST_EXACT);
                exact.map(Int64).ok_or_else(|| E::custom(NOT_EXACT))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Int64, E> {
                if number >= -GREATEST_EXACT {
                    Ok(Int64(number))
                } else {
                    Err(E::custom(NOT_EXACT))
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int64, E> {
                let canonical = |number: &i64| number.to_string() == text;
                let number = text.parse().ok().filter(canonical);
                number
                    .map(Int64)
                    .ok_or_else(|| E::custom("not an integer in canonical decimal"))
            }
        }
        deserializer.deserialize_any(IntVisitor)
    }
}

/// 2^53 - 1, above which parsers that keep numbers as doubles read another integer.
const GREATEST_EXACT: i64 = (1 << 53) - 1;
const NOT_EXACT: &str = "integer beyond 2^53 that is not a string";

/// A struct that is written as a JSON object.
///
/// Derived code alone would also take an array of the fields in their order, which no other parser
/// does.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// An array of which no more than `CAP` elements are ever in memory; further ones are counted (V4).
#[derive(Debug)]
pub(crate) struct List<T, const CAP: usize> {
    items: Vec<T>,
    found: usize,
}

impl<T, const CAP: usize> List<T, CAP> {
    /// All elements; how many there are if they are more than the cap.
    pub(crate) fn within_cap(&self) -> Result<&[T], usize> {
        if self.found > CAP {
            Err(self.found)
        } else {
            Ok(&self.items)
        }
    }
}

impl<'de, T: Deserialize<'de>, const CAP: usize> Deserialize<'de> for List<T, CAP> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T, const CAP: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const CAP: usize> Visitor<'de> for ListVisitor<T, CAP> {
    type Value = List<T, CAP>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < CAP {
            match elements.next_element()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        let mut found = items.len();
        if found == CAP {
            while elements.next_element::<IgnoredAny>()?.is_some() {
                found = found.saturating_add(1);
            }
        }
        Ok(List { items, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_integers_in_both_forms() {
        for (json, want) in [
            ("\"0\"", 0),
            ("\"-5\"", -5),
            ("7", 7),
            ("\"9223372036854775807\"", i64::MAX),
            ("9007199254740991", (1 << 53) - 1),
            ("-9007199254740991", 1 - (1 << 53)),
        ] {
            assert_eq!(Int64(want), serde_json::from_str(json).unwrap());
        }
    }

    #[test]
    fn rejects_an_array_for_an_object() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Pair {
            a: u8,
            b: u8,
        }

        let object: Object<Pair> = serde_json::from_str(r#"{"b":2,"a":1}"#).unwrap();

        assert_eq!(Pair { a: 1, b: 2 }, object.0);
        assert!(serde_json::from_str::<Object<Pair>>("[1,2]").is_err());
    }

    #[test]
    fn rejects_other_forms_of_integers() {
        for json in [
            "\"\"",
            "\"01\"",
            "\"+1\"",
            "\"-0\"",
            "\" 1\"",
            "\"1.0\"",
            "\"1e3\"",
            "1.0",
            "1e3",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "9223372036854775807",
            "9223372036854775808",
            "\"9223372036854775808\"",
            "true",
            "\"0x1\"",
        ] {
            assert!(serde_json::from_str::<Int64>(json).is_err(), "{json}");
        }
    }

    // V4 A8 A10
    #[test]
    fn accepts_lists_up_to_the_cap() {
        for (json, want) in [("[]", &[][..]), ("[1]", &[1]), ("[1,2]", &[1, 2])] {
            let list: List<u8, 2> = serde_json::from_str(json).unwrap();
            assert_eq!(Ok(want), list.within_cap());
        }
    }

    // V4 A8 A10
    #[test]
    fn rejects_lists_over_the_cap_without_keeping_them() {
        let list: List<u8, 2> = serde_json::from_str(r#"[1,2,{"a":[3]},4]"#).unwrap();

        assert_eq!(Err(4), list.within_cap());
        assert_eq!(2, list.items.len());
    }
}
