//! Around every service: what it was asked to do wrong, counted and written down.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Polling, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http_body::Frame;

use crate::instance::metrics::{Metrics, Seen};
use crate::instance::{Context, CtSubmit, Fault, Refusal, Service, Submitted};

/// The largest answer that is cut in two.
const ANSWER_BYTES: usize = 16 << 20;

/// Puts faults, numbers and the log of requests around the routes of a service.
pub(crate) fn around(
    router: Router,
    service: Service,
    context: &Arc<Context>,
    metrics: &Arc<Metrics>,
) -> Router {
    let guard = Guard {
        service,
        context: Arc::clone(context),
        metrics: Arc::clone(metrics),
    };
    router.route_layer(middleware::from_fn_with_state(guard, pass))
}

#[derive(Clone, Debug)]
struct Guard {
    service: Service,
    context: Arc<Context>,
    metrics: Arc<Metrics>,
}

/// Nothing of a request is written down but its method and which route it took: paths, queries,
/// headers and bodies may hold tokens.
async fn pass(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(String::new, |it| it.as_str().to_owned());
    let method = request.method().to_string();
    slow(&guard.context, guard.service).await;
    let response = match guard.context.faults.take_if(guard.service, is_whole) {
        None => next.run(request).await,
        Some(fault) => answer(fault, request, next).await,
    };
    let seen = Seen {
        service: guard.service.name(),
        method,
        route,
        status: response.status().as_u16(),
        time: begun.elapsed(),
    };
    seen.trace();
    guard.metrics.count(seen);
    response
}

/// Faults of the whole answer, whatever is in it.
fn is_whole(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Status(_)
            | Fault::RetryAfter(..)
            | Fault::Truncated
            | Fault::HugeBody
            | Fault::Garbage
            | Fault::Redirect(_)
    )
}

async fn slow(context: &Context, service: Service) {
    let is_slow = |fault: &Fault| matches!(fault, Fault::Slow(_));
    if let Some(Fault::Slow(time)) = context.faults.take_if(service, is_slow) {
        tokio::time::sleep(time).await;
    }
}

async fn answer(fault: Fault, request: Request, next: Next) -> Response {
    match fault {
        Fault::Status(status) => refusal(status).into_response(),
        Fault::RetryAfter(status, seconds) => {
            ([("retry-after", seconds.to_string())], refusal(status)).into_response()
        }
        Fault::Redirect(place) => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", place)]).into_response()
        }
        Fault::Truncated => truncated(next.run(request).await).await,
        Fault::HugeBody => replaced(next.run(request).await, Body::new(Endless)),
        Fault::Garbage => replaced(next.run(request).await, Body::from(GARBAGE)),
        _ => next.run(request).await,
    }
}

fn refusal(status: u16) -> Refusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Refusal::new(status, "the service was asked to answer so")
}

/// The same status with another body.
fn replaced(response: Response, body: Body) -> Response {
    let (mut head, _) = response.into_parts();
    head.headers.remove("content-length");
    Response::from_parts(head, body)
}

/// The length of all of it, then half of it, then nothing.
async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES).await.unwrap_or_default();
    head.headers.insert("content-length", bytes.len().into());
    let half = bytes.slice(..bytes.len() / 2);
    Response::from_parts(head, Body::new(Half::Whole(half)))
}

/// Not UTF-8, JSON, PEM or DER.
const GARBAGE: &[u8] = b"\xff\xfe{]garbage\0<html>";

/// A body that breaks off, once what was sent is on its way.
#[derive(Debug)]
enum Half {
    Whole(Bytes),
    Sent,
    Over,
}

impl http_body::Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Polling<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match std::mem::replace(&mut *self, Self::Over) {
            Self::Whole(half) => {
                *self = Self::Sent;
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            // A server sends what it has when there is nothing to add.
            Self::Sent => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Over => Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into()))),
        }
    }
}

/// A body without end.
#[derive(Debug)]
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Polling<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 16384])))))
    }
}
/// A certificate log with the faults of its answers, for an authority in the same process.
#[derive(Debug)]
pub(crate) struct FaultyCtLog<T> {
    pub(crate) log: Arc<T>,
    pub(crate) context: Arc<Context>,
}

impl<T: CtSubmit> CtSubmit for FaultyCtLog<T> {
    fn submit<'a>(&'a self, chain: &'a [Vec<u8>]) -> Submitted<'a> {
        Box::pin(async move {
            slow(&self.context, Service::CtLog).await;
            match self.context.faults.take_if(Service::CtLog, is_whole) {
                None => self.log.submit(chain).await,
                Some(Fault::Status(status) | Fault::RetryAfter(status, _)) => Err(refusal(status)),
                Some(Fault::Garbage) => Ok(GARBAGE.to_vec()),
                Some(Fault::Truncated) => {
                    let mut answer = self.log.submit(chain).await?;
                    answer.truncate(answer.len() / 2);
                    Ok(answer)
                }
                Some(_) => Err(refusal(502)),
            }
        })
    }
}
