//! Requests that reach a service without a socket.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::Request;
use tower::ServiceExt as _;

/// What is asked.
#[derive(Clone, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Call<'a> {
    /// `GET`
    pub method: &'a str,
    /// The whole URL, below that of the instance.
    pub url: &'a str,
    /// Names and values, which may be secrets.
    pub headers: Vec<(&'a str, String)>,
    /// What is handed in.
    pub body: Vec<u8>,
    /// The most bytes that the answer's body may have.
    pub cap: usize,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        write!(f, "{} {place}", self.method)
    }
}

/// What a service answered.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "callers take it apart")]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(its, _)| its == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The answer ends too early.
    Cut,
    /// The method, the URL or a header is not one of HTTP.
    Malformed,
    /// The URL is not of this instance.
    Elsewhere,
    /// The answer is longer than it may be.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the answer ends too early"),
            Self::Malformed => f.write_str("not a request of HTTP"),
            Self::Elsewhere => f.write_str("not a URL of the local instance"),
            Self::TooLarge { cap } => write!(f, "wanted an answer of at most {cap} bytes"),
        }
    }
}

impl std::error::Error for CallError {}

pub(crate) async fn call(
    router: Router,
    base_url: &str,
    call: Call<'_>,
) -> Result<Answer, CallError> {
    let place = call.url.strip_prefix(base_url);
    let place = place.filter(|it| it.is_empty() || it.starts_with(['/', '?', '#']));
    let place = place.ok_or(CallError::Elsewhere)?;
    let mut request = Request::builder().method(call.method).uri(match place {
        "" => "/",
        place => place,
    });
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Body::from(call.body));
    let request = request.map_err(|_| CallError::Malformed)?;
    let Ok(response) = router.oneshot(request).await;
    let (head, body) = response.into_parts();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    Ok(Answer {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body: read(body, call.cap).await?,
    })
}

/// The whole body, cut while reading.
async fn read(mut body: Body, cap: usize) -> Result<Vec<u8>, CallError> {
    let mut bytes = Vec::new();
    while let Some(data) = next(&mut body).await? {
        if data.len() > cap.saturating_sub(bytes.len()) {
            return Err(CallError::TooLarge { cap });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, CallError> {
    match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(_)) => Err(CallError::Cut),
    }
}
