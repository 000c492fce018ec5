//! Requests and answers, over whatever the caller sends them with.
//!
//! In: a [`Request`], complete. Out: a [`Response`] of at most as many bytes as the request allows.
//! [`Transport`] is what a caller implements for a proxy or client of their own; [`http`] does so
//! for HTTP. Not here: what any service means by its answers.

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "http")]
pub mod http;
mod pieces;
mod retry;

pub(crate) use pieces::together;
pub use pieces::{Pieces, Whole};
#[cfg(feature = "oci")]
pub(crate) use retry::backoff;
#[cfg(feature = "oci")]
pub use retry::open;
pub use retry::send;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Something that will be there later.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer without its body, and the body to come.
pub type Opened = (Response, Box<dyn Pieces>);

/// Sends requests. Implementations follow no redirects (A42, O21).
pub trait Transport: Send + Sync {
    /// Sends one request, once, and reads the answer while it is below the cap.
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>>;

    /// Sends one request, once, and hands over what is answered piece by piece: the body of the
    /// response is empty, and no cap applies. A transport that has no such way reads the whole.
    fn open<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Opened, TransportError>> {
        Box::pin(async move {
            let mut answer = self.send(request).await?;
            let body: Box<dyn Pieces> = Box::new(Whole::new(std::mem::take(&mut answer.body)));
            Ok((answer, body))
        })
    }

    /// Sends one request, once, whose body of `length` bytes comes piece by piece. A transport that
    /// has no such way puts it together first, below the cap for answers.
    fn hand_in<'a>(
        &'a self,
        request: &'a Request,
        length: u64,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let cap = crate::limits::RESPONSE_BYTES;
            if u64::try_from(cap).is_ok_and(|cap| length > cap) {
                return Err(TransportError::TooLarge { cap });
            }
            let mut request = request.clone();
            request.body = together(body, cap).await?;
            self.send(&request).await
        })
    }

    /// Lets time pass, between one try and the next.
    fn wait(&self, time: Duration) -> Pending<'_, ()>;
}

/// What is asked of a service.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: String,
    content_type: Cow<'static, str>,
    accept: Cow<'static, str>,
    authorization: Option<String>,
    others: Vec<(&'static str, Cow<'static, str>)>,
    body: Vec<u8>,
    cap: usize,
    timeout: Duration,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Reads.
    Get,
    /// Asks whether it is there.
    Head,
    /// Hands something in.
    Post,
    /// Puts something in its place.
    Put,
    /// Takes something away.
    Delete,
}

impl Request {
    /// A request to read JSON.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            content_type: Cow::Borrowed(""),
            accept: Cow::Borrowed("application/json"),
            authorization: None,
            others: Vec::new(),
            body: Vec::new(),
            cap: crate::limits::RESPONSE_BYTES,
            timeout: TIMEOUT,
        }
    }

    /// A request that hands in `body`; `types` are those of the body and of the answer.
    pub fn post(
        url: impl Into<String>,
        types: (&'static str, &'static str),
        body: Vec<u8>,
    ) -> Self {
        Self {
            method: Method::Post,
            content_type: Cow::Borrowed(types.0),
            accept: Cow::Borrowed(types.1),
            body,
            ..Self::get(url)
        }
    }

    /// A request that takes away what is there.
    pub fn delete(url: impl Into<String>) -> Self {
        Self {
            method: Method::Delete,
            ..Self::get(url)
        }
    }

    /// A request whether something is there.
    #[cfg(feature = "oci")]
    pub(crate) fn head(url: impl Into<String>) -> Self {
        Self {
            method: Method::Head,
            ..Self::get(url)
        }
    }

    /// A request that puts `body`, of this type, in its place.
    #[cfg(feature = "oci")]
    pub(crate) fn put(url: impl Into<String>, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            method: Method::Put,
            content_type: Cow::Owned(content_type.to_owned()),
            body,
            ..Self::get(url)
        }
    }

    /// The same to another place.
    #[cfg(feature = "oci")]
    #[must_use]
    pub(crate) fn to(mut self, url: String) -> Self {
        self.url = url;
        self
    }

    /// Wants an answer of another type than JSON, or of one of these types.
    #[must_use]
    pub fn accept(mut self, types: impl Into<Cow<'static, str>>) -> Self {
        self.accept = types.into();
        self
    }

    /// Adds a token that says who asks.
    #[must_use]
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.authorization("Bearer", token.as_ref())
    }

    /// Adds a secret that says who asks, of a service with a scheme of its own.
    ///
    /// Spec: RFC 9110 11.6.2
    #[must_use]
    pub fn authorization(mut self, scheme: &str, secret: &str) -> Self {
        self.authorization = Some(format!("{scheme} {secret}"));
        self
    }

    /// Adds a header, whose name is in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.others.push((name, value.into()));
        self
    }

    /// Gives up after this time instead of 30 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Takes answers of at most so many bytes.
    #[must_use]
    pub fn at_most(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    /// How it is asked.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send: names in lower case, and values, which may be secrets.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let content_type = (!self.content_type.is_empty()).then(|| self.content_type.to_string());
        let others = self.others.iter();
        [
            ("accept", Some(self.accept.to_string())),
            ("authorization", self.authorization.clone()),
            ("content-type", content_type),
        ]
        .into_iter()
        .chain(others.map(|(name, value)| (*name, Some(value.to_string()))))
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// What is handed in.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The most bytes that the answer's body may have.
    pub fn cap(&self) -> usize {
        self.cap
    }

    /// How long the whole may take.
    pub fn time_limit(&self) -> Duration {
        self.timeout
    }
}

/// S12: neither headers nor body, which hold tokens.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        write!(f, "{:?} {place}", self.method)
    }
}

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    retry_after: Option<Duration>,
    location: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    /// An answer with this status and body.
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            retry_after: None,
            location: None,
            headers: Vec::new(),
            body,
        }
    }

    /// The headers that anybody here looks at, beside `Retry-After` and `Location`. Transports need
    /// to keep no others.
    pub const HEADERS: &'static [&'static str] = &[
        "content-type",
        "docker-content-digest",
        "etag",
        "link",
        "www-authenticate",
        "x-ratelimit-remaining",
    ];

    /// With a header, whose name is in lower case; one that is there twice is added twice.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With what `Retry-After` says, in seconds.
    #[must_use]
    pub fn retry_after(mut self, time: Option<Duration>) -> Self {
        self.retry_after = time;
        self
    }

    /// With what `Location` says.
    #[must_use]
    pub fn location(mut self, place: Option<String>) -> Self {
        self.location = place;
        self
    }

    /// The status of HTTP.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The same with a body that was read later.
    #[cfg(feature = "oci")]
    #[must_use]
    pub(crate) fn with_body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// How long the service wants us to wait.
    pub fn its_retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the service refuses because of how often it was asked, and not what for.
    ///
    /// Spec: RFC 6585 4; 403 is what GitHub's documentation, "Rate limits for the REST API", allows
    pub fn is_rate_limit(&self) -> bool {
        let is_spent = || self.header_named("x-ratelimit-remaining") == Some("0");
        match self.status {
            429 => true,
            403 => self.retry_after.is_some() || is_spent(),
            _ => false,
        }
    }

    /// The values of a header, by its name in lower case.
    #[cfg(feature = "oci")]
    pub(crate) fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(found, _)| found == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value of a header that is there once; of several, none is the right one.
    pub fn header_named(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(found, _)| found == name);
        match (named.next(), named.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Where the thing is that was asked for, if the service says so.
    #[cfg(any(feature = "sign", feature = "oci"))]
    pub(crate) fn its_location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, when nothing else of the answer matters.
    #[cfg(any(feature = "tuf", feature = "oci"))]
    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody is reached, or the connection ends too early.
    Connection {
        /// In the words of whoever tried.
        problem: String,
    },
    /// A URL that is none, or whose traffic others can read.
    Url {
        /// The URL, without its query.
        url: String,
        /// What it should be.
        want: &'static str,
    },
    /// It took too long.
    Timeout {
        /// How long we waited.
        limit: Duration,
    },
    /// The answer is longer than it may be.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// The transport cannot be set up.
    Setup {
        /// In the words of whoever tried.
        problem: String,
    },
}

impl TransportError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "transport.connection",
        "transport.url",
        "transport.timeout",
        "transport.too-large",
        "transport.setup",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connection { .. } => "transport.connection",
            Self::Url { .. } => "transport.url",
            Self::Timeout { .. } => "transport.timeout",
            Self::TooLarge { .. } => "transport.too-large",
            Self::Setup { .. } => "transport.setup",
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::encoding::Escaped;
        match self {
            Self::Connection { problem } => write!(f, "no connection: {}", Escaped(problem)),
            Self::Url { url, want } => write!(f, "wanted {want}, found {}", Escaped(url)),
            Self::Timeout { limit } => write!(f, "no answer within {} s", limit.as_secs_f32()),
            Self::TooLarge { cap } => write!(f, "wanted an answer of at most {cap} bytes"),
            Self::Setup { problem } => write!(f, "client not set up: {}", Escaped(problem)),
        }
    }
}

impl std::error::Error for TransportError {}

/// Where machines of Google Cloud ask about themselves, without TLS, on a link of their own.
#[cfg(feature = "oidc")]
pub(crate) const METADATA_HOST: &str = "metadata.google.internal";

/// How long a service may take. rekor-v2 4.4: a log may keep an entry for 10 seconds; CLIENTS.md
/// asks for 20 at least.
const TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    // S12
    #[test]
    fn shows_no_secret_of_a_request() {
        let request = Request::post(
            "https://ca.example/x?token=secret",
            ("a", "b"),
            b"secret".to_vec(),
        )
        .bearer("secret");

        assert_eq!("Post https://ca.example/x", format!("{request:?}"));
    }

    #[test]
    fn sends_the_headers_that_there_are() {
        let headers: Vec<_> = Request::get("https://x.example")
            .bearer("t")
            .headers()
            .collect();

        let accept = ("accept", "application/json".to_owned());
        assert_eq!(
            vec![accept, ("authorization", "Bearer t".to_owned())],
            headers
        );
    }
}
