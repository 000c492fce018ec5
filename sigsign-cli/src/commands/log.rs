//! What servers write down about what they do.

use std::io;

use tracing::Level as Severity;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::cli::Format;
use crate::ui::{Level, Ui};

/// What the services do, a line each: one JSON object with `--format json`.
pub(super) fn log_to_stderr(ui: &Ui) {
    let severity = match ui.level() {
        Level::Quiet => Severity::ERROR,
        Level::Normal => Severity::INFO,
        Level::Verbose => Severity::DEBUG,
    };
    // Only our own: what libraries write down is not known to be free of secrets.
    let ours = Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target("sigsign_local", severity)
        .with_target("sigsign", severity);
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false);
    let lines = match ui.format() {
        Format::Json => lines.json().flatten_event(true).with_filter(ours).boxed(),
        Format::Text => lines.with_filter(ours).boxed(),
    };
    // Only a second one could fail, and there is none.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}
