//! Signing configs: which services a signature is made with.
//!
//! In: JSON from somewhere that the caller trusts. Out: [`SigningConfig`], and from it the services
//! to use at a time, chosen by a pure function. Not here: any request.
//!
//! Spec: trustroot.proto, SigningConfig (V63)

#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::num::NonZeroU32;

use crate::encoding::Escaped;
use crate::json::wire::{List, Object, Text};
use crate::json::{self, FieldError, JsonError, fields::Path};
use crate::limits;
use crate::time::{Timestamp, Validity};

use wire::{SelectionJson, ServiceJson, SigningConfigJson};

/// Which services a signature is made with. Complete, and nothing chosen yet.
#[derive(Clone, Debug)]
pub struct SigningConfig {
    certificate_authorities: Vec<Service>,
    issuers: Vec<Service>,
    logs: Vec<Service>,
    log_selection: Selection,
    timestamp_authorities: Vec<Service>,
    timestamp_selection: Selection,
}

/// Where a service is, which API it speaks, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    url: String,
    major_api_version: u32,
    validity: Validity,
    operator: String,
}

impl Service {
    /// The URL: the base of a CA, an issuer or a log, and the whole of a time stamp authority's.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The major version of the API that it speaks.
    pub fn major_api_version(&self) -> u32 {
        self.major_api_version
    }

    /// Who runs it; its URL's host where the config does not say.
    pub fn operator(&self) -> &str {
        &self.operator
    }
}

/// The kinds of services in a signing config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceKind {
    /// Certifies the signer.
    CertificateAuthority,
    /// Gives identity tokens.
    Issuer,
    /// Takes the entry.
    Log,
    /// Stamps the signature.
    TimestampAuthority,
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authority",
            Self::Issuer => "token issuer",
            Self::Log => "transparency log",
            Self::TimestampAuthority => "time stamp authority",
        })
    }
}

/// How many of several services are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Every one that is valid.
    All,
    /// One.
    Any,
    /// So many.
    Exact(NonZeroU32),
}

impl SigningConfig {
    /// Reads a signing config of version 0.2.
    ///
    /// # Errors
    ///
    /// [`SigningConfigError`], by what is wrong with it.
    ///
    /// Spec: trustroot.proto, SigningConfig (V63)
    pub fn from_json(json: &[u8]) -> Result<Self, SigningConfigError> {
        if json.len() > limits::TRUSTED_ROOT_BYTES {
            let cap = limits::TRUSTED_ROOT_BYTES;
            return Err(SigningConfigError::TooLarge { cap });
        }
        let json = json::check(json).map_err(SigningConfigError::Json)?;
        let Object(config): Object<SigningConfigJson<'_>> =
            json::wire::read(json).map_err(SigningConfigError::Shape)?;
        let media_type = config.media_type.as_ref().map(Text::as_str);
        if media_type != Some(MEDIA_TYPE) {
            let found = media_type.map(str::to_owned);
            return Err(SigningConfigError::MediaType { found });
        }
        let logs = services("rekorTlogUrls", config.rekor_tlog_urls.as_ref())?;
        let stampers = services("tsaUrls", config.tsa_urls.as_ref())?;
        Ok(Self {
            certificate_authorities: services("caUrls", config.ca_urls.as_ref())?,
            issuers: services("oidcUrls", config.oidc_urls.as_ref())?,
            log_selection: selection("rekorTlogConfig", config.rekor_tlog_config.as_ref(), &logs)?,
            logs,
            timestamp_selection: selection("tsaConfig", config.tsa_config.as_ref(), &stampers)?,
            timestamp_authorities: stampers,
        })
    }

    /// The services of a kind to use at `at` by a client that speaks the API versions `supported`.
    ///
    /// Empty only for logs and time stamp authorities that the config has none of.
    ///
    /// # Errors
    ///
    /// [`SelectionError`] if there are fewer than there must be.
    ///
    /// Spec: trustroot.proto, Service (V63)
    pub fn select(
        &self,
        kind: ServiceKind,
        supported: &[u32],
        at: Timestamp,
    ) -> Result<Vec<&Service>, SelectionError> {
        let (list, selection) = match kind {
            ServiceKind::CertificateAuthority => (&self.certificate_authorities, Selection::Any),
            ServiceKind::Issuer => (&self.issuers, Selection::Any),
            ServiceKind::Log => (&self.logs, self.log_selection),
            ServiceKind::TimestampAuthority => {
                (&self.timestamp_authorities, self.timestamp_selection)
            }
        };
        let optional = matches!(kind, ServiceKind::Log | ServiceKind::TimestampAuthority);
        if list.is_empty() && optional {
            return Ok(Vec::new());
        }
        let candidates = candidates(list, supported, at);
        let need = match selection {
            Selection::All | Selection::Any => 1,
            Selection::Exact(count) => usize::try_from(count.get()).unwrap_or(usize::MAX),
        };
        let got = candidates.len();
        if got < need {
            return Err(SelectionError { kind, need, got });
        }
        Ok(match selection {
            Selection::All => candidates,
            Selection::Any | Selection::Exact(_) => candidates.into_iter().take(need).collect(),
        })
    }
}

/// Of the highest version that is spoken and valid, the newest service of each operator.
fn candidates<'a>(list: &'a [Service], supported: &[u32], at: Timestamp) -> Vec<&'a Service> {
    let usable =
        |it: &&Service| supported.contains(&it.major_api_version) && it.validity.contains(at);
    let mut candidates: Vec<&Service> = list.iter().filter(usable).collect();
    let highest = candidates.iter().map(|it| it.major_api_version).max();
    candidates.retain(|it| Some(it.major_api_version) == highest);
    candidates.sort_by_key(|it| std::cmp::Reverse(it.validity.start()));
    let mut operators: Vec<&str> = Vec::new();
    candidates.retain(|it| {
        let is_new = !operators.contains(&it.operator.as_str());
        operators.push(&it.operator);
        is_new
    });
    candidates
}

fn services<const CAP: usize>(
    name: &'static str,
    list: Option<&List<Object<ServiceJson<'_>>, CAP>>,
) -> Result<Vec<Service>, SigningConfigError> {
    let list = list.map_or(Ok([].as_slice()), List::within_cap);
    let list = list.map_err(|found| SigningConfigError::Cap {
        what: name,
        cap: CAP,
        found,
    })?;
    let at = Path::ROOT;
    let at = at.name(name);
    list.iter()
        .enumerate()
        .map(|(index, item)| Ok(service(&at.index(index), item)?))
        .collect()
}

fn service(at: &Path<'_>, json: &ServiceJson<'_>) -> Result<Service, FieldError> {
    let url = at.name("url").text(json.url.as_ref())?;
    if !is_url(url) {
        return Err(at.name("url").error("an http or https URL with a host"));
    }
    // 0 is a service that has not been released: never supported, but proper
    let version = json.major_api_version.unwrap_or(0);
    Ok(Service {
        url: url.to_owned(),
        major_api_version: version,
        validity: super::parse::time_range(&at.name("validFor"), json.valid_for.as_ref())?,
        operator: super::parse::operator(json.operator.as_ref(), url),
    })
}

/// Whether a URL has a scheme we speak, a host, and nothing that could end a line.
fn is_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An undefined selector is an error where there is anything to select.
fn selection(
    name: &'static str,
    json: Option<&Object<SelectionJson<'_>>>,
    services: &[Service],
) -> Result<Selection, FieldError> {
    let at = Path::ROOT;
    let at = at.name(name);
    let selector = json.and_then(|json| json.selector.as_ref());
    let count = json.and_then(|json| json.count).unwrap_or(0);
    match selector.map_or("SERVICE_SELECTOR_UNDEFINED", Text::as_str) {
        "ALL" => Ok(Selection::All),
        "ANY" => Ok(Selection::Any),
        "EXACT" => NonZeroU32::new(count)
            .map(Selection::Exact)
            .ok_or_else(|| at.name("count").error("a number above 0")),
        "SERVICE_SELECTOR_UNDEFINED" if services.is_empty() => Ok(Selection::All),
        _ => Err(at.name("selector").error("ALL, ANY or EXACT")),
    }
}

/// Why bytes are not a signing config.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningConfigError {
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// Not one JSON value with unique names.
    Json(JsonError),
    /// JSON of another shape than a signing config has, in serde's words.
    Shape(String),
    /// A media type that is not the one of version 0.2.
    MediaType {
        /// The media type; `None` if there is none.
        found: Option<String>,
    },
    /// A field that is missing or not well formed.
    Field(FieldError),
    /// More of something than the cap.
    Cap {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        cap: usize,
        /// How many there are.
        found: usize,
    },
}

impl SigningConfigError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "config.too-large",
        "config.json",
        "config.shape",
        "config.media-type",
        "config.field",
        "config.cap",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "config.too-large",
            Self::Json(_) => "config.json",
            Self::Shape(_) => "config.shape",
            Self::MediaType { .. } => "config.media-type",
            Self::Field(_) => "config.field",
            Self::Cap { .. } => "config.cap",
        }
    }
}

impl fmt::Display for SigningConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { cap } => write!(f, "wanted a signing config of at most {cap} bytes"),
            Self::Json(_) => f.write_str("signing config is not proper JSON"),
            Self::Shape(problem) => {
                write!(f, "not the JSON of a signing config: {}", Escaped(problem))
            }
            Self::MediaType { found } => write!(
                f,
                "wanted media type {MEDIA_TYPE}, found {}",
                Escaped(found.as_deref().unwrap_or("none"))
            ),
            Self::Field(_) => f.write_str("field of the signing config is not well formed"),
            Self::Cap { what, cap, found } => {
                write!(f, "wanted at most {cap} {what}, found {found}")
            }
        }
    }
}

impl std::error::Error for SigningConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FieldError> for SigningConfigError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

/// Too few services of a kind are usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectionError {
    /// Of which kind.
    pub kind: ServiceKind,
    /// How many, of distinct operators, are needed.
    pub need: usize,
    /// How many there are.
    pub got: usize,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, need, got } = self;
        write!(
            f,
            "wanted {need} {kind} of distinct operators, valid now and of a version we speak, \
             found {got}"
        )
    }
}

impl std::error::Error for SelectionError {}

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
