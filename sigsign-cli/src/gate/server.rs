//! The webhook: a review comes in, each image in it is judged, and the answer goes out before the
//! API server stops waiting.

use std::collections::BTreeSet;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::info;

use super::judge::{Judge, Judgement, Ruling};
use super::metrics::{Count, Metrics};
use super::policy::{Current, Loaded};
use super::review::{self, Answer, Place, Review};
use super::tls::{Identity, Listener};
use crate::problem::Problem;

/// The API server sends objects of up to 3 MiB, twice in an update.
const REVIEW_BYTES: usize = 8 << 20;

/// What is left of the server's patience for the way back.
const MARGIN: Duration = Duration::from_millis(500);

/// What it waits if it does not say. Spec: WebhookClientConfig, `timeoutSeconds`
const PATIENCE: Duration = Duration::from_secs(10);

/// How long reviews under way may take when the gate is told to end.
const FAREWELL: Duration = Duration::from_secs(25);

/// Images in one object that are looked at; there is no pod with as many.
const MOST_IMAGES: usize = 256;

#[derive(Clone)]
struct Gate(Arc<Inner>);

struct Inner {
    judge: Judge,
    current: Arc<Current>,
    metrics: Arc<Metrics>,
}

/// Where it listens.
pub(crate) struct Sockets {
    pub(crate) reviews: TcpListener,
    pub(crate) metrics: TcpListener,
}

/// Serves until `end`, and then what is under way.
pub(super) async fn serve(
    sockets: Sockets,
    identity: Arc<Identity>,
    (judge, current, metrics): (Judge, Arc<Current>, Arc<Metrics>),
    end: impl Future<Output = ()>,
) -> Result<(), Problem> {
    let gate = Gate(Arc::new(Inner {
        judge,
        current: Arc::clone(&current),
        metrics: Arc::clone(&metrics),
    }));
    let reviews = Router::new()
        .route("/validate", post(validate))
        .route("/mutate", post(mutate))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(async || "ok"))
        .with_state(gate);
    let numbers = Router::new().route("/metrics", get(async move || metrics.text()));
    let listener = Listener::new(sockets.reviews, Arc::clone(&identity))
        .map_err(|error| Problem::document("gate.tls", "TLS cannot be served", &error))?;
    let (over, _) = watch::channel(());
    let ended = |mut over: watch::Receiver<()>| async move { drop(over.changed().await) };
    let serving = axum::serve(listener, reviews).with_graceful_shutdown(ended(over.subscribe()));
    let serving = tokio::spawn(serving.into_future());
    let counting =
        axum::serve(sockets.metrics, numbers).with_graceful_shutdown(ended(over.subscribe()));
    let counting = tokio::spawn(counting.into_future());
    let watching = tokio::spawn(async move { current.watch().await });
    let renewing = tokio::spawn(async move { identity.watch().await });
    end.await;
    info!("ending");
    drop(over);
    let _ = timeout(FAREWELL, serving).await;
    counting.abort();
    watching.abort();
    renewing.abort();
    Ok(())
}

async fn validate(State(gate): State<Gate>, RawQuery(query): RawQuery, body: Body) -> Response {
    gate.answer(Hook::Validate, query.as_deref(), body).await
}

async fn mutate(State(gate): State<Gate>, RawQuery(query): RawQuery, body: Body) -> Response {
    gate.answer(Hook::Mutate, query.as_deref(), body).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    Mutate,
    Validate,
}

impl Gate {
    /// A review that is none gets no answer that would let anything pass.
    async fn answer(&self, hook: Hook, query: Option<&str>, body: Body) -> Response {
        let begun = Instant::now();
        let deadline = patience(query).saturating_sub(MARGIN).max(MARGIN);
        let Ok(body) = timeout(deadline, to_bytes(body, REVIEW_BYTES)).await else {
            return StatusCode::REQUEST_TIMEOUT.into_response();
        };
        let Ok(body) = body else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let review = match review::read(&body) {
            Ok(review) => review,
            Err(malformed) => return (StatusCode::BAD_REQUEST, malformed.0).into_response(),
        };
        let loaded = self.0.current.get();
        let left = deadline.saturating_sub(begun.elapsed());
        let mut answer = match hook {
            Hook::Mutate => self.pin(&loaded, &review, left).await,
            Hook::Validate => self.check(&loaded, &review, left).await,
        };
        let digest = loaded.policy.evaluator.policy_file().digest();
        answer.annotations.push(("policy", digest.to_string()));
        let took = begun.elapsed();
        self.0.metrics.took("review", took);
        log((hook, took), &review, &answer);
        let json = answer.to_json(&review.uid);
        ([("content-type", "application/json")], json).into_response()
    }

    /// Puts digests in the place of tags.
    async fn pin(&self, loaded: &Loaded, review: &Review, left: Duration) -> Answer {
        let mut answer = Answer::default();
        let Some(images) = distinct(review, &mut answer) else {
            return answer;
        };
        let pinning = images
            .iter()
            .map(async |image| (*image, self.0.judge.pin(loaded, image, left).await));
        let mut pinning: FuturesUnordered<_> = pinning.collect();
        while let Some((image, pinned)) = pinning.next().await {
            match pinned {
                Ok(None) => {}
                Ok(Some(pinned)) => {
                    let places = review.images.iter().filter(|it| it.image == image);
                    answer.pins.extend(places.map(|it| Place {
                        pointer: it.pointer.clone(),
                        image: pinned.clone(),
                    }));
                }
                Err(judgement) => answer.add(&judgement),
            }
        }
        answer
            .pins
            .sort_by(|one, other| one.pointer.cmp(&other.pointer));
        answer
    }

    /// Asks the policy about each image once.
    async fn check(&self, loaded: &Loaded, review: &Review, left: Duration) -> Answer {
        let mut answer = Answer::default();
        let Some(images) = distinct(review, &mut answer) else {
            return answer;
        };
        let judging = images
            .iter()
            .map(|image| self.0.judge.judge(loaded, image, left));
        let mut judging: FuturesUnordered<_> = judging.collect();
        let mut all = Vec::new();
        while let Some(judgement) = judging.next().await {
            self.count(&judgement);
            all.push(judgement);
        }
        all.sort_by(|one, other| one.text.cmp(&other.text));
        for judgement in &all {
            answer.add(judgement);
        }
        let pinned = all.iter().filter_map(|it| it.pinned.as_deref());
        let verified: Vec<&str> = pinned.collect();
        if answer.is_allowed() && !verified.is_empty() {
            answer.annotations.push(("verified", verified.join(" ")));
        }
        answer
            .annotations
            .push(("decision", answer.name().to_owned()));
        answer
    }

    /// Once for each rule that is about the image; once without a rule if there is none.
    fn count(&self, judgement: &Judgement) {
        let outcome = judgement.outcome.name();
        for (rule, mode) in &judgement.rules {
            let count = Count::Admission(outcome, rule, mode);
            self.0.metrics.count(count);
        }
        if judgement.rules.is_empty() {
            self.0.metrics.count(Count::Admission(outcome, "", ""));
        }
    }
}

fn log((hook, took): (Hook, Duration), review: &Review, answer: &Answer) {
    info!(
        hook = ?hook,
        uid = review.uid,
        about = review.about,
        dry_run = review.dry_run,
        images = review.images.len(),
        allowed = answer.is_allowed(),
        why = answer.refusals.join("; ").replace('\n', ";"),
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "review"
    );
}

/// `None` if there are more than anybody has.
fn distinct<'a>(review: &'a Review, answer: &mut Answer) -> Option<BTreeSet<&'a str>> {
    let images: BTreeSet<&str> = review.images.iter().map(|it| it.image.as_str()).collect();
    if images.len() <= MOST_IMAGES {
        return Some(images);
    }
    let found = images.len();
    answer.refusals.push(format!(
        "sigsign: wanted at most {MOST_IMAGES} images in one object, found {found} (gate.images)"
    ));
    None
}

impl Answer {
    fn add(&mut self, judgement: &Judgement) {
        match judgement.outcome {
            Ruling::Allowed => {}
            // A line each, as there is little room in one warning.
            Ruling::Warned => {
                let lines = judgement.text.lines();
                self.warnings
                    .extend(lines.map(|it| format!("sigsign: {it}")));
            }
            Ruling::Denied => self.refuse(judgement, false),
            Ruling::Unknown => self.refuse(judgement, true),
        }
    }

    /// What became of it all.
    fn name(&self) -> &'static str {
        let ruling = match (self.is_allowed(), self.warnings.is_empty()) {
            (true, true) => Ruling::Allowed,
            (true, false) => Ruling::Warned,
            (false, _) if self.is_passing => Ruling::Unknown,
            (false, _) => Ruling::Denied,
        };
        ruling.name()
    }

    /// A refusal that will pass is one only if all others will, too.
    fn refuse(&mut self, judgement: &Judgement, is_passing: bool) {
        self.is_passing = is_passing && (self.refusals.is_empty() || self.is_passing);
        self.refusals.push(format!("sigsign: {}", judgement.text));
    }
}

/// `timeout=5s`, as the API server adds it to the address.
fn patience(query: Option<&str>) -> Duration {
    let pairs = query.unwrap_or_default().split('&');
    let value = pairs.filter_map(|it| it.strip_prefix("timeout=")).next();
    let seconds = value.and_then(|it| it.strip_suffix('s')?.parse::<u64>().ok());
    let seconds = seconds.filter(|it| (1..=30).contains(it));
    seconds.map_or(PATIENCE, Duration::from_secs)
}
