//! Where the browser comes back to: one address of this machine, for one login.
//!
//! Spec: RFC 8252 7.3, 8.3

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use sigsign_core::oidc::IdentityToken;
use sigsign_core::oidc::login::LoginError;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::{page, timed_out};
use crate::problem::Problem;

/// What issuers know programs like this by; any port goes with it.
const PATH: &str = "/auth/callback";

/// How long the browser may take to fetch its page, when everything else is done.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a browser brought back, and the way back to it.
type Visit = (String, oneshot::Sender<Response>);

pub(super) struct Listener {
    /// Browsers take `localhost` for either address.
    sockets: Vec<TcpListener>,
    port: u16,
}

impl Listener {
    pub(super) async fn bind() -> io::Result<Self> {
        let first = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = first.local_addr()?.port();
        let mut sockets = vec![first];
        sockets.extend(TcpListener::bind(("::1", port)).await.ok());
        Ok(Self { sockets, port })
    }

    pub(super) fn redirect(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Waits for the browser, and shows it what `finish` makes of what it brings.
    pub(super) async fn wait(
        self,
        patience: Duration,
        finish: impl AsyncFnOnce(String) -> Result<IdentityToken, LoginError>,
    ) -> Result<IdentityToken, Problem> {
        let (visits, mut visitors) = mpsc::channel::<Visit>(1);
        let (over, _) = watch::channel(());
        let router = Router::new()
            .route(PATH, get(come_back))
            .fallback(|| async { page::nothing_here() })
            .with_state((visits, self.port));
        let mut serving = Vec::new();
        for socket in self.sockets {
            let mut over = over.subscribe();
            let ended = async move { drop(over.changed().await) };
            let server = axum::serve(socket, router.clone()).with_graceful_shutdown(ended);
            serving.push(tokio::spawn(server.into_future()));
        }
        let visit = tokio::time::timeout(patience, visitors.recv()).await;
        let Ok(Some((query, answer))) = visit else {
            return Err(timed_out(patience));
        };
        let done = finish(query).await;
        // A browser that went away misses nothing but its page.
        let _ = answer.send(page::of(&done));
        drop(over);
        for server in serving {
            let _ = tokio::time::timeout(FAREWELL, server).await;
        }
        Ok(done?)
    }
}

async fn come_back(
    State((visits, port)): State<(mpsc::Sender<Visit>, u16)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if !is_visit(&headers, port) {
        return page::nothing_here();
    }
    let (answer, answered) = oneshot::channel();
    let visit = (query.unwrap_or_default(), answer);
    // There is room for one: whoever comes later is not waited for.
    match visits.try_send(visit) {
        Ok(()) => answered.await.unwrap_or_else(|_| page::too_late()),
        Err(_) => page::too_late(),
    }
}

/// Whether a browser was sent here by name, to show what it finds: the pages of others can neither
/// pass for this address (DNS rebinding) nor end a login with a picture that they seem to fetch.
///
/// Spec: Fetch Metadata Request Headers, 2.1
fn is_visit(headers: &HeaderMap, port: u16) -> bool {
    let header = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let ours = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}"));
    let is_ours = header("host").is_some_and(|host| ours.iter().any(|it| it == host));
    is_ours && header("sec-fetch-dest").is_none_or(|it| it == "document")
}

/// A page with this status.
pub(super) fn respond(status: StatusCode, html: String) -> Response {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; \
             base-uri 'none'; form-action 'none'",
        ),
    ];
    axum::response::IntoResponse::into_response((status, headers, html))
}
