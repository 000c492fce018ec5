//! Identity tokens: who is signing, as an issuer says it.
//!
//! In: a token, as text. Out: [`IdentityToken`], whose claims can be read and whose text cannot be
//! seen. Its signature is the certificate authority's to check; we read it only to know what
//! certificate to expect, and to say early what is wrong with it.
//!
//! Spec: RFC 7519; client-spec 2.1.2; oid-info (S2, S12)

#[cfg(feature = "oidc")]
pub mod ambient;
#[cfg(feature = "oidc")]
pub mod login;
#[cfg(feature = "oidc")]
mod provenance;
mod wire;

#[cfg(feature = "oidc")]
pub use provenance::{PROVENANCE_TYPE, ProvenanceError};

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::encoding::Escaped;
use crate::json::{self, JsonError};
use crate::limits;
use crate::time::Timestamp;

use wire::ClaimsJson;

/// A token and what it claims. Not cloned, not shown, wiped when dropped.
pub struct IdentityToken {
    text: Zeroizing<String>,
    claims: Claims,
}

#[derive(Debug)]
struct Claims {
    json: String,
    issuer: String,
    audiences: Vec<String>,
    expires: Timestamp,
    certified_issuer: Option<String>,
    subjects: Vec<String>,
}

/// S12: nothing of a token is shown.
impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken").finish_non_exhaustive()
    }
}

impl IdentityToken {
    /// Reads a token: three parts, of which the second is the claims.
    ///
    /// # Errors
    ///
    /// [`TokenError`], by what is wrong with it.
    ///
    /// # Security
    ///
    /// The signature is not checked. Nothing here says that the claims are true.
    ///
    /// Spec: RFC 7515 7.1; RFC 7519 4.1
    pub fn from_jwt(text: &str) -> Result<Self, TokenError> {
        let text = text.trim_ascii();
        if text.len() > limits::TOKEN_BYTES {
            let cap = limits::TOKEN_BYTES;
            return Err(TokenError::TooLarge { cap });
        }
        let mut parts = text.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Form);
        };
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map(Zeroizing::new)
            .map_err(|_| TokenError::Form)?;
        let json = json::check(&payload).map_err(TokenError::Json)?;
        let claims: ClaimsJson<'_> =
            json::wire::read(json).map_err(|_| TokenError::Claim("claims of known types"))?;
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            claims: Claims::new(&claims, json)?,
        })
    }

    /// The token itself, for the service that is asked with it.
    pub(crate) fn secret(&self) -> &str {
        &self.text
    }

    /// All that the token claims, as one JSON object. It is no secret: without the signature it
    /// is good for nothing.
    pub fn claims(&self) -> &str {
        &self.claims.json
    }

    /// Whom it is for.
    pub fn audiences(&self) -> &[String] {
        &self.claims.audiences
    }

    /// Who made the token.
    pub fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// The issuer that a certificate will name: the token's, or whom it got the identity from.
    pub fn certified_issuer(&self) -> &str {
        self.claims
            .certified_issuer
            .as_deref()
            .unwrap_or(&self.claims.issuer)
    }

    /// The subjects that a certificate for this token may name.
    ///
    /// Spec: fulcio-spec 5; oid-info
    pub fn subjects(&self) -> &[String] {
        &self.claims.subjects
    }

    /// When it ends.
    pub fn expires(&self) -> Timestamp {
        self.claims.expires
    }

    /// Checks that the token is meant for `audience` and not over at `at`.
    ///
    /// # Errors
    ///
    /// - [`TokenError::Audience`] if it is meant for somebody else.
    /// - [`TokenError::Expired`] if it is over.
    ///
    /// Spec: RFC 7519 4.1.3, 4.1.4 (S2)
    pub fn check(&self, audience: &str, at: Timestamp) -> Result<(), TokenError> {
        if !self.claims.audiences.iter().any(|it| it == audience) {
            return Err(TokenError::Audience {
                want: audience.to_owned(),
                found: self.claims.audiences.join(", "),
            });
        }
        let end = self.claims.expires;
        if at >= end {
            return Err(TokenError::Expired { end, at });
        }
        Ok(())
    }
}

impl Claims {
    fn new(json: &ClaimsJson<'_>, text: &str) -> Result<Self, TokenError> {
        let issuer = json.iss.as_ref().filter(|it| !it.is_empty());
        let issuer = issuer.ok_or(TokenError::Claim("iss"))?.to_string();
        let expires = json.exp.ok_or(TokenError::Claim("exp"))?;
        if json.email.is_some() && !json.email_verified.is_none_or(|it| it.0) {
            return Err(TokenError::Claim("email_verified to be true"));
        }
        let subjects = subjects(json);
        if subjects.is_empty() {
            return Err(TokenError::Claim("sub or email"));
        }
        let federated = json.federated_claims.as_ref();
        Ok(Self {
            json: text.to_owned(),
            certified_issuer: federated
                .and_then(|it| it.connector_id.as_ref())
                .filter(|it| !it.is_empty())
                .map(ToString::to_string),
            audiences: json.aud.as_ref().map(|it| it.0.clone()).unwrap_or_default(),
            expires: Timestamp::from_unix_seconds(expires),
            issuer,
            subjects,
        })
    }
}

/// The subject by each of the rules that certificate authorities have; which one applies depends
/// on what kind of issuer the authority takes this one for.
///
/// Spec: oid-info; fulcio-spec 5
fn subjects(json: &ClaimsJson<'_>) -> Vec<String> {
    let sub = json.sub.as_deref().filter(|it| !it.is_empty());
    let host = json
        .iss
        .as_deref()
        .and_then(|it| it.split_once("://"))
        .and_then(|(_, rest)| rest.split(['/', ':']).next());
    let workflow = json.job_workflow_ref.as_deref();
    let server = "https://github.com";
    let kubernetes = json.kubernetes.as_ref().and_then(|it| {
        let namespace = it.namespace.as_deref()?;
        let account = it.serviceaccount.as_ref()?.name.as_deref()?;
        Some(format!(
            "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{account}"
        ))
    });
    let buildkite = json
        .organization_slug
        .as_deref()
        .zip(json.pipeline_slug.as_deref());
    let circle = json
        .circleci_project
        .as_deref()
        .zip(json.circleci_pipeline.as_deref());
    [
        json.email.as_deref().map(str::to_owned),
        workflow.map(|it| format!("{}/{it}", json.server_url.as_deref().unwrap_or(server))),
        json.ci_config_ref_uri
            .as_deref()
            .map(|it| format!("https://{it}")),
        buildkite.map(|(owner, name)| format!("https://buildkite.com/{owner}/{name}")),
        circle.map(|(project, definition)| {
            format!(
                "https://circleci.com/api/v2/projects/{project}/pipeline-definitions/{definition}"
            )
        }),
        json.codefresh_workflow(),
        kubernetes,
        sub.map(str::to_owned),
        sub.zip(host).map(|(sub, host)| format!("{sub}!{host}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Why a token cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Meant for somebody else.
    Audience {
        /// For whom it should be meant.
        want: String,
        /// For whom it is.
        found: String,
    },
    /// A claim is missing, or not what it must be.
    Claim(&'static str),
    /// Over.
    Expired {
        /// When it ended.
        end: Timestamp,
        /// When it was looked at.
        at: Timestamp,
    },
    /// Not three parts of base64url with a dot between each.
    Form,
    /// Claims that are not one JSON value with unique names.
    Json(JsonError),
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
}

impl TokenError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "token.audience",
        "token.claim",
        "token.expired",
        "token.form",
        "token.json",
        "token.too-large",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Audience { .. } => "token.audience",
            Self::Claim(_) => "token.claim",
            Self::Expired { .. } => "token.expired",
            Self::Form => "token.form",
            Self::Json(_) => "token.json",
            Self::TooLarge { .. } => "token.too-large",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audience { want, found } => write!(
                f,
                "wanted an identity token for audience {}, found one for {}",
                Escaped(want),
                Escaped(if found.is_empty() { "nobody" } else { found })
            ),
            Self::Claim(want) => write!(f, "wanted an identity token with {want}"),
            Self::Expired { end, at } => {
                let at = Timestamp::from_unix_seconds(at.unix_seconds());
                write!(f, "identity token ended at {end}, and it is {at}")
            }
            Self::Form => f.write_str("not an identity token: wanted a JWT"),
            Self::Json(_) => f.write_str("claims of the identity token are not proper JSON"),
            Self::TooLarge { cap } => {
                write!(f, "wanted an identity token of at most {cap} bytes")
            }
        }
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    fn read(claims: &str) -> Result<IdentityToken, TokenError> {
        IdentityToken::from_jwt(&token(claims))
    }

    const AT: Timestamp = Timestamp::from_unix_seconds(1000);

    // S2
    #[test]
    fn accepts_a_token_for_us_until_it_ends() {
        for audience in [r#""sigstore""#, r#"["other","sigstore"]"#] {
            let json =
                format!(r#"{{"iss":"https://i.example","sub":"s","aud":{audience},"exp":1001}}"#);

            let token = read(&json).unwrap();

            assert_eq!(Ok(()), token.check("sigstore", AT));
            assert_eq!("https://i.example", token.certified_issuer());
            assert_eq!(["s", "s!i.example"], token.subjects());
        }
    }

    // S2
    #[test]
    fn rejects_a_token_for_others_or_of_the_past() {
        let token = read(r#"{"iss":"i","sub":"s","aud":"other","exp":1000}"#).unwrap();

        let (want, found) = ("sigstore".to_owned(), "other".to_owned());
        assert_eq!(
            Err(TokenError::Audience { want, found }),
            token.check("sigstore", AT)
        );
        assert_eq!(
            Err(TokenError::Expired { end: AT, at: AT }),
            token.check("other", AT)
        );
    }

    #[test]
    fn knows_the_subjects_of_builds() {
        for (claims, want) in [
            (
                r#""job_workflow_ref":"o/r/.github/workflows/w.yml@refs/heads/main""#,
                "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main",
            ),
            (
                r#""ci_config_ref_uri":"gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main""#,
                "https://gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main",
            ),
            (
                r#""organization_slug":"o","pipeline_slug":"p""#,
                "https://buildkite.com/o/p",
            ),
            (
                r#""kubernetes.io":{"namespace":"n","serviceaccount":{"name":"a"}}"#,
                "https://kubernetes.io/namespaces/n/serviceaccounts/a",
            ),
        ] {
            let json = format!(
                r#"{{"iss":"https://i.example","sub":"s","aud":"sigstore","exp":1,{claims}}}"#
            );

            assert_eq!(want, read(&json).unwrap().subjects()[0]);
        }
    }

    #[test]
    fn names_whom_a_federating_issuer_asked() {
        let json = r#"{"iss":"https://dex.example","sub":"x","email":"a@example.org","email_verified":true,"aud":"sigstore","exp":1,"federated_claims":{"connector_id":"https://accounts.example"}}"#;

        let token = read(json).unwrap();

        assert_eq!("https://accounts.example", token.certified_issuer());
        assert_eq!("a@example.org", token.subjects()[0]);
    }

    #[test]
    fn rejects_what_is_not_a_token() {
        for text in ["", "a.b", "a.b.c.d", "e30.e30=.x", "e30.!.x"] {
            assert_eq!(
                TokenError::Form,
                IdentityToken::from_jwt(text).unwrap_err(),
                "{text}"
            );
        }
        let long = "a".repeat(limits::TOKEN_BYTES + 1);
        let cap = limits::TOKEN_BYTES;
        assert_eq!(
            TokenError::TooLarge { cap },
            IdentityToken::from_jwt(&long).unwrap_err()
        );
    }

    #[test]
    fn rejects_claims_that_say_too_little() {
        for (json, code) in [
            (r#"{"sub":"s","exp":1}"#, "token.claim"),
            (r#"{"iss":"i","sub":"s"}"#, "token.claim"),
            (r#"{"iss":"i","exp":1}"#, "token.claim"),
            (
                r#"{"iss":"i","email":"e","email_verified":false,"exp":1}"#,
                "token.claim",
            ),
            (r#"{"iss":"i","sub":7,"exp":1}"#, "token.claim"),
            (r#"{"iss":"i","iss":"j","sub":"s","exp":1}"#, "token.json"),
        ] {
            assert_eq!(code, read(json).unwrap_err().code(), "{json}");
        }
    }

    // S12
    #[test]
    fn shows_nothing_of_a_token() {
        let token = read(r#"{"iss":"i","sub":"secret","exp":1}"#).unwrap();

        assert_eq!("IdentityToken { .. }", format!("{token:?}"));
    }
}
