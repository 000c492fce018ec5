//! The transport over HTTP and TLS.
//!
//! Proxies come from the environment, as `reqwest` reads it; certificates from the system, and
//! from what the caller adds. No redirects, no plain HTTP but to this machine.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use reqwest::redirect;

use super::{Method, Opened, Pending, Pieces, Request, Response, Transport, TransportError};

/// Sends requests over HTTP. Clones share connections. Must be used inside a tokio runtime.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    plain: PlainHttp,
}

/// To whom requests may go without TLS, which shows tokens to everybody on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlainHttp {
    /// To this machine.
    Loopback,
    /// To anybody.
    Anywhere,
}

impl HttpTransport {
    /// A transport that trusts the certificates of the system, and those in `extra`, each PEM.
    ///
    /// # Errors
    ///
    /// [`TransportError::Setup`] if one of them is none, or the system has no TLS for us.
    pub fn new(extra: &[&[u8]], plain: PlainHttp) -> Result<Self, TransportError> {
        let setup = |error: reqwest::Error| TransportError::Setup {
            problem: words(&error),
        };
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("sigsign/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT);
        for pem in extra {
            for certificate in reqwest::Certificate::from_pem_bundle(pem).map_err(setup)? {
                client = client.add_root_certificate(certificate);
            }
        }
        let client = client.build().map_err(setup)?;
        Ok(Self { client, plain })
    }

    /// A transport over HTTP/2 to a socket of this machine, without TLS: `unix:///path`, where URLs
    /// may name any host, or `tcp://address:port`, which they name.
    ///
    /// # Errors
    ///
    /// - [`TransportError::Url`] for any other address.
    /// - [`TransportError::Setup`] if this system has no such sockets.
    ///
    /// Spec: SPIFFE Workload Endpoint 4
    #[cfg(feature = "oidc")]
    pub fn on_socket(address: &str) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .http2_prior_knowledge()
            .connect_timeout(CONNECT_TIMEOUT);
        let client = at_socket(client, address)?;
        let client = client.build().map_err(|error| TransportError::Setup {
            problem: words(&error),
        })?;
        let plain = PlainHttp::Loopback;
        Ok(Self { client, plain })
    }

    fn check_url(&self, url: &str) -> Result<reqwest::Url, TransportError> {
        let refuse = |want| TransportError::Url {
            url: url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            want,
        };
        let parsed = reqwest::Url::parse(url).map_err(|_| refuse("a URL"))?;
        let host = parsed.host_str().unwrap_or_default();
        match parsed.scheme() {
            "https" => Ok(parsed),
            "http" if self.plain == PlainHttp::Anywhere || is_near(host) => Ok(parsed),
            "http" => Err(refuse("https, since this is not a loopback address")),
            _ => Err(refuse("https")),
        }
    }

    /// Everything but a body that comes in pieces.
    fn builder(&self, request: &Request) -> Result<reqwest::RequestBuilder, TransportError> {
        let url = self.check_url(request.url())?;
        let mut builder = match request.method() {
            Method::Get => self.client.get(url),
            Method::Head => self.client.head(url),
            Method::Post => self.client.post(url).body(request.body().to_vec()),
            Method::Put => self.client.put(url).body(request.body().to_vec()),
            Method::Delete => self.client.delete(url),
        };
        builder = builder.timeout(request.time_limit());
        for (name, value) in request.headers() {
            builder = builder.header(name, value);
        }
        Ok(builder)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let failed = |error: reqwest::Error| of_reqwest(&error, request);
        let answer = self.builder(request)?.send().await.map_err(failed)?;
        whole(answer, request).await
    }

    async fn open(&self, request: &Request) -> Result<Opened, TransportError> {
        let failed = |error: reqwest::Error| of_reqwest(&error, request);
        let answer = self.builder(request)?.send().await.map_err(failed)?;
        let response = head(&answer, Vec::new());
        let pieces = Streamed {
            body: Box::pin(answer.bytes_stream()),
            request: request.clone(),
        };
        Ok((response, Box::new(pieces)))
    }

    async fn hand_in(
        &self,
        request: &Request,
        length: u64,
        body: Box<dyn Pieces>,
    ) -> Result<Response, TransportError> {
        let failed = |error: reqwest::Error| of_reqwest(&error, request);
        let answer = self
            .builder(request)?
            .header("content-length", length)
            .body(reqwest::Body::wrap_stream(Handed(body)))
            .send();
        whole(answer.await.map_err(failed)?, request).await
    }
}

/// What an answer says before its body.
fn head(answer: &reqwest::Response, body: Vec<u8>) -> Response {
    let header = |name: &str| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let retry_after = header("retry-after").and_then(|it| it.parse().ok());
    let mut response = Response::new(answer.status().as_u16(), body)
        .retry_after(retry_after.map(Duration::from_secs))
        .location(header("location"));
    for name in Response::HEADERS {
        for value in answer.headers().get_all(*name) {
            if let Ok(value) = value.to_str() {
                response = response.header(*name, value);
            }
        }
    }
    response
}

async fn whole(
    mut answer: reqwest::Response,
    request: &Request,
) -> Result<Response, TransportError> {
    let failed = |error: reqwest::Error| of_reqwest(&error, request);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > request.cap() {
            return Err(TransportError::TooLarge { cap: request.cap() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(head(&answer, body))
}

/// A body that comes from a server.
struct Streamed<S> {
    body: Pin<Box<S>>,
    request: Request,
}

impl<B: AsRef<[u8]>, S: Stream<Item = Result<B, reqwest::Error>> + Send> Pieces for Streamed<S> {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        let piece = ready!(self.body.as_mut().poll_next(context));
        Poll::Ready(piece.map(|piece| match piece {
            Ok(piece) => Ok(piece.as_ref().to_vec()),
            Err(error) => Err(of_reqwest(&error, &self.request)),
        }))
    }
}

/// A body that goes to a server.
struct Handed(Box<dyn Pieces>);

impl Stream for Handed {
    type Item = Result<Vec<u8>, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(context)
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }

    fn open<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Opened, TransportError>> {
        Box::pin(self.open(request))
    }

    fn hand_in<'a>(
        &'a self,
        request: &'a Request,
        length: u64,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(self.hand_in(request, length, body))
    }

    fn wait(&self, time: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

fn of_reqwest(error: &reqwest::Error, request: &Request) -> TransportError {
    if error.is_timeout() {
        let limit = request.time_limit();
        TransportError::Timeout { limit }
    } else {
        let problem = words(error);
        TransportError::Connection { problem }
    }
}

/// The innermost cause, which is the one that a person can act on, and never has the URL's query.
fn words(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(feature = "oidc")]
fn at_socket(
    client: reqwest::ClientBuilder,
    address: &str,
) -> Result<reqwest::ClientBuilder, TransportError> {
    let refuse = |want| {
        let url = address.to_owned();
        TransportError::Url { url, want }
    };
    if let Some(path) = address.strip_prefix("unix://") {
        #[cfg(unix)]
        return Ok(client.unix_socket(std::path::PathBuf::from(path)));
        #[cfg(not(unix))]
        return Err(refuse("tcp:// and an address of this machine"));
    }
    let tcp = address.strip_prefix("tcp://");
    let tcp = tcp.and_then(|it| it.parse::<std::net::SocketAddr>().ok());
    match tcp {
        Some(tcp) if tcp.ip().is_loopback() => Ok(client),
        _ => Err(refuse(
            "unix:// and a path, or tcp:// and an address of this machine",
        )),
    }
}

/// Whether nobody else is between: this machine, or the link to what runs it.
fn is_near(host: &str) -> bool {
    #[cfg(feature = "oidc")]
    if host == super::METADATA_HOST || host == "169.254.169.254" {
        return true;
    }
    is_loopback(host)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    // A42, O21
    #[test]
    fn rejects_urls_whose_traffic_others_can_read() {
        let transport = HttpTransport::new(&[], PlainHttp::Loopback).unwrap();

        for good in [
            "https://ca.example",
            "http://127.0.0.1:1/x",
            "http://[::1]/",
            "http://localhost",
        ] {
            assert!(transport.check_url(good).is_ok(), "{good}");
        }
        for (bad, want) in [
            (
                "http://ca.example/?secret",
                "https, since this is not a loopback address",
            ),
            (
                "http://127.0.0.1.ca.example",
                "https, since this is not a loopback address",
            ),
            ("file:///etc/passwd", "https"),
            ("ca.example", "a URL"),
        ] {
            let url = bad.split('?').next().unwrap_or_default().to_owned();
            let error = transport.check_url(bad).unwrap_err();

            assert_eq!(TransportError::Url { url, want }, error);
        }
    }

    #[test]
    fn rejects_extra_certificates_that_are_none() {
        let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

        let error = HttpTransport::new(&[pem], PlainHttp::Loopback).unwrap_err();

        assert_eq!("transport.setup", error.code());
    }
}
