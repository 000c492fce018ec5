//! JSON Web Tokens: made by the token issuer, checked by the certificate authority.
//!
//! Spec: RFC 7515; RFC 7517; RFC 7518 3, 6; RFC 7519

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::der;
use crate::instance::PublicKey;
use crate::instance::asn1::Asn1;
use crate::key::{Hash, Key, Scheme, sha256};
use crate::text::hex;

/// The longest token that is looked at. Spec: Fulcio, which refuses longer ones.
const TOKEN_BYTES: usize = 32 << 10;

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// What is wrong with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtError {
    /// Not three parts of base64url, or not JSON objects in the first two.
    Form,
    /// An algorithm that the key is not for, `none` among them.
    Algorithm,
    /// A key that the issuer does not have.
    UnknownKey,
    /// Signed with another key, or changed since.
    Signature,
}

impl std::fmt::Display for JwtError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Form => "not a signed JSON Web Token",
            Self::Algorithm => "the token's algorithm is not its key's",
            Self::UnknownKey => "the token's issuer has no such key",
            Self::Signature => "the token's signature is not good",
        })
    }
}

impl std::error::Error for JwtError {}

/// A private key that signs tokens, with the name that it has in the key set.
#[derive(Clone, Debug)]
pub(crate) struct TokenKey {
    key: Key,
    id: String,
}

impl TokenKey {
    /// Of P-256 or RSA.
    pub(crate) fn new(key: Key) -> Self {
        let id = hex(&sha256(&key.spki())[..16]);
        Self { key, id }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.key.scheme {
            Scheme::P256 => "ES256",
            _ => "RS256",
        }
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        let header = format!(
            r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#,
            self.algorithm(),
            self.id
        );
        let payload = Value::Object(claims.clone()).to_string();
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = self.key.sign(signed.as_bytes());
        let signature = match self.key.scheme {
            Scheme::P256 => fixed_width(&signature, 32),
            _ => signature,
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The key set that this key alone makes. Spec: RFC 7517 5
    pub(crate) fn set(&self) -> Value {
        let spki = self.key.spki();
        let mut jwk = numbers(&spki);
        for (name, value) in [("alg", self.algorithm()), ("kid", &self.id), ("use", "sig")] {
            jwk.insert(name.to_owned(), value.into());
        }
        serde_json::json!({ "keys": [jwk] })
    }
}

/// The numbers of a P-256 or RSA key. Spec: RFC 7518 6.2.1, 6.3.1
fn numbers(spki: &[u8]) -> Map<String, Value> {
    let mut jwk = Map::new();
    let mut put = |name: &str, value: String| jwk.insert(name.to_owned(), value.into());
    let bits = Asn1::only(spki, 0x30).and_then(|mut info| {
        info.value(0x30)?;
        info.value(0x03)
    });
    let key = bits.and_then(|it| it.content.get(1..)).unwrap_or_default();
    if let [4, point @ ..] = key
        && point.len() == 64
    {
        put("kty", "EC".to_owned());
        put("crv", "P-256".to_owned());
        put("x", URL_SAFE_NO_PAD.encode(&point[..32]));
        put("y", URL_SAFE_NO_PAD.encode(&point[32..]));
    } else if let Some(mut pair) = Asn1::only(key, 0x30) {
        put("kty", "RSA".to_owned());
        for name in ["n", "e"] {
            let number = pair.value(0x02).map(|it| it.content).unwrap_or_default();
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            put(name, URL_SAFE_NO_PAD.encode(number));
        }
    }
    jwk
}

/// r and s one after the other. Spec: RFC 7518 3.4
fn fixed_width(der: &[u8], width: usize) -> Vec<u8> {
    let mut numbers = vec![0; 2 * width];
    if let Some(mut pair) = Asn1::only(der, 0x30) {
        for half in numbers.chunks_exact_mut(width) {
            let number = pair.value(0x02).map(|it| it.content).unwrap_or_default();
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            half[width - number.len()..].copy_from_slice(number);
        }
    }
    numbers
}

/// The public keys of a token issuer, which sign nothing but tokens.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<(Option<String>, PublicKey)>);

/// Spec: RFC 7517 4
#[derive(Deserialize)]
struct JwkJson {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

#[derive(Deserialize)]
struct SetJson {
    keys: Vec<JwkJson>,
}

#[derive(Deserialize)]
struct HeaderJson {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

impl KeySet {
    /// Reads a key set; keys of other kinds than EC and RSA, or for encryption, are left out.
    ///
    /// # Errors
    ///
    /// If it is not a key set.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        let set: SetJson = serde_json::from_slice(json)?;
        // RFC 7517 4.2
        let signs = |jwk: &JwkJson| jwk.usage.as_deref().is_none_or(|it| it == "sig");
        let keys = set.keys.into_iter().filter(signs).filter_map(|jwk| {
            let key = PublicKey::from_spki(&jwk.spki()?)?;
            Some((jwk.kid, key))
        });
        Ok(Self(keys.collect()))
    }

    /// Checks a token's signature; returns its claims, which are not checked.
    ///
    /// # Errors
    ///
    /// [`JwtError`], by what is wrong with it.
    ///
    /// Spec: RFC 7515 5.2; RFC 8725 3.1
    pub fn check(&self, token: &str) -> Result<Claims, JwtError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Form)?;
        let header: HeaderJson = part(signed.split('.').next().unwrap_or_default())?;
        let claims = unverified(token)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| JwtError::Form)?;
        if header.crit.is_some() {
            return Err(JwtError::Form);
        }
        let mut candidates = self
            .0
            .iter()
            .filter(|(id, _)| header.kid.is_none() || *id == header.kid)
            .peekable();
        if candidates.peek().is_none() {
            return Err(JwtError::UnknownKey);
        }
        let mut problem = JwtError::Signature;
        for (_, key) in candidates {
            match verify(key, &header.alg, signed.as_bytes(), &signature) {
                Ok(()) => return Ok(claims),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }
}

/// The claims of a token of which nothing is checked: they say which issuer to ask.
pub(crate) fn unverified(token: &str) -> Result<Claims, JwtError> {
    if token.len() > TOKEN_BYTES {
        return Err(JwtError::Form);
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JwtError::Form);
    };
    part(payload)
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, JwtError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwtError::Form)?;
    serde_json::from_slice(&json).map_err(|_| JwtError::Form)
}

/// The key says which algorithm it is for; the token must agree.
fn verify(key: &PublicKey, algorithm: &str, signed: &[u8], found: &[u8]) -> Result<(), JwtError> {
    use crate::instance::PublicKeyKind::{P256, P384, Rsa};
    let (want, hash, width) = match key.kind() {
        P256 => ("ES256", Hash::Sha256, Some(32)),
        P384 => ("ES384", Hash::Sha384, Some(48)),
        Rsa(2048..) => ("RS256", Hash::Sha256, None),
        _ => return Err(JwtError::Algorithm),
    };
    if algorithm != want {
        return Err(JwtError::Algorithm);
    }
    let signature = match width {
        Some(width) if found.len() == 2 * width => {
            let (r, s) = found.split_at(width);
            der::sequence(&[der::unsigned(r), der::unsigned(s)])
        }
        Some(_) => return Err(JwtError::Signature),
        None => found.to_vec(),
    };
    if key.signed(hash, signed, &signature) {
        Ok(())
    } else {
        Err(JwtError::Signature)
    }
}

impl JwkJson {
    /// SubjectPublicKeyInfo
    fn spki(&self) -> Option<Vec<u8>> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let ec = |curve, width: usize| {
            let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
            let point = [&[4], &x[..], &y[..]].concat();
            let algorithm = der::sequence(&[der::oid("1.2.840.10045.2.1"), der::oid(curve)]);
            let whole = x.len() == width && y.len() == width;
            whole.then(|| der::sequence(&[algorithm, der::bits(&point)]))
        };
        match (self.kty.as_str(), self.crv.as_str()) {
            ("EC", "P-256") => ec("1.2.840.10045.3.1.7", 32),
            ("EC", "P-384") => ec("1.3.132.0.34", 48),
            ("RSA", _) => {
                let pair = [
                    der::unsigned(&bytes(&self.n)?),
                    der::unsigned(&bytes(&self.e)?),
                ];
                let algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]);
                Some(der::sequence(&[
                    algorithm,
                    der::bits(&der::sequence(&pair)),
                ]))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        let mut claims = Claims::new();
        claims.insert("sub".to_owned(), "me".into());
        claims
    }

    fn set(key: &TokenKey) -> KeySet {
        KeySet::from_json(key.set().to_string().as_bytes()).unwrap()
    }

    /// A token with another header, signed by the key that it had.
    fn with_header(key: &TokenKey, header: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"me"}"#);
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
        let signature = fixed_width(&key.key.sign(signed.as_bytes()), 32);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn accepts_tokens_of_each_kind_of_key() {
        for scheme in [Scheme::P256, Scheme::Rsa2048] {
            let key = TokenKey::new(Key::new(scheme, "issuer"));

            assert_eq!(Ok(claims()), set(&key).check(&key.sign(&claims())));
        }
    }

    #[test]
    fn accepts_signatures_whose_numbers_begin_with_zeros() {
        let key = TokenKey::new(Key::new(Scheme::P256, "issuer"));
        for number in 0..300 {
            let mut claims = claims();
            claims.insert("n".to_owned(), number.into());

            assert_eq!(Ok(claims.clone()), set(&key).check(&key.sign(&claims)));
        }
    }

    #[test]
    fn rejects_tokens_of_a_key_for_encryption() {
        let key = TokenKey::new(Key::new(Scheme::P256, "issuer"));
        let json = key.set().to_string();
        assert_eq!(1, json.matches(r#""use":"sig""#).count());
        let set = json.replace(r#""use":"sig""#, r#""use":"enc""#);
        let keys = KeySet::from_json(set.as_bytes()).unwrap();

        let checked = keys.check(&key.sign(&claims()));

        assert_eq!(Err(JwtError::UnknownKey), checked);
    }

    #[test]
    fn rejects_tokens_of_others() {
        let key = TokenKey::new(Key::new(Scheme::P256, "issuer"));
        let other = TokenKey::new(Key::new(Scheme::P256, "other"));
        let named_alike = TokenKey {
            key: other.key.clone(),
            id: key.id.clone(),
        };
        let good = key.sign(&claims());
        let (signed, _) = good.rsplit_once('.').unwrap();
        let id = &key.id;
        for (token, want) in [
            (String::new(), JwtError::Form),
            ("a.b".to_owned(), JwtError::Form),
            (format!("{good}.x"), JwtError::Form),
            ("x".repeat(TOKEN_BYTES + 1), JwtError::Form),
            (other.sign(&claims()), JwtError::UnknownKey),
            (named_alike.sign(&claims()), JwtError::Signature),
            (format!("{signed}."), JwtError::Signature),
            (
                with_header(&key, &format!(r#"{{"alg":"none","kid":"{id}"}}"#)),
                JwtError::Algorithm,
            ),
            (
                with_header(&key, &format!(r#"{{"alg":"HS256","kid":"{id}"}}"#)),
                JwtError::Algorithm,
            ),
            (
                with_header(
                    &key,
                    &format!(r#"{{"alg":"ES256","kid":"{id}","crit":["x"]}}"#),
                ),
                JwtError::Form,
            ),
        ] {
            assert_eq!(Err(want), set(&key).check(&token), "{token}");
        }
    }
}
