//! What was asked and answered, as numbers.
//!
//! Spec: Prometheus text exposition format

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram, in milliseconds.
const BOUNDS_MS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 250, 1000, 5000];

/// One request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) service: &'static str,
    pub(crate) method: String,
    /// As it is written in the router: never what the client wrote.
    pub(crate) route: String,
    pub(crate) status: u16,
    pub(crate) time: Duration,
}

impl Seen {
    /// Writes it to the log.
    pub(crate) fn trace(&self) {
        let Self {
            service,
            method,
            route,
            status,
            time,
        } = self;
        let ms = u64::try_from(time.as_micros()).unwrap_or(u64::MAX) as f64 / 1000.0;
        if *status >= 500 {
            tracing::error!(service, method, route, status, ms, "request");
        } else {
            tracing::info!(service, method, route, status, ms, "request");
        }
    }
}

/// The numbers of an instance since it was opened.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(&'static str, String, String, u16), u64>,
    times: BTreeMap<&'static str, Times>,
}

#[derive(Debug, Default)]
struct Times {
    within: [u64; BOUNDS_MS.len()],
    count: u64,
    sum: Duration,
}

impl Metrics {
    pub(crate) fn count(&self, seen: Seen) {
        let mut counted = self.lock();
        let times = counted.times.entry(seen.service).or_default();
        for (within, bound) in times.within.iter_mut().zip(BOUNDS_MS) {
            *within += u64::from(seen.time <= Duration::from_millis(bound));
        }
        times.count += 1;
        times.sum += seen.time;
        let key = (seen.service, seen.method, seen.route, seen.status);
        *counted.requests.entry(key).or_default() += 1;
    }

    /// The page, with the sizes of the logs.
    pub(crate) fn page(&self, logs: &[(&str, u64)]) -> String {
        let counted = self.lock();
        let mut page = String::new();
        page.push_str("# HELP sigsign_requests_total Requests answered.\n");
        page.push_str("# TYPE sigsign_requests_total counter\n");
        for ((service, method, route, status), count) in &counted.requests {
            let labels = format!(
                "service=\"{service}\",method=\"{method}\",route=\"{route}\",status=\"{status}\""
            );
            let _ = writeln!(page, "sigsign_requests_total{{{labels}}} {count}");
        }
        page.push_str("# HELP sigsign_request_seconds Time from request to answer.\n");
        page.push_str("# TYPE sigsign_request_seconds histogram\n");
        for (service, times) in &counted.times {
            times.write(service, &mut page);
        }
        page.push_str("# HELP sigsign_log_entries Entries in a log.\n");
        page.push_str("# TYPE sigsign_log_entries gauge\n");
        for (log, size) in logs {
            let _ = writeln!(page, "sigsign_log_entries{{log=\"{log}\"}} {size}");
        }
        page
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Times {
    fn write(&self, service: &str, page: &mut String) {
        let name = "sigsign_request_seconds";
        for (within, bound) in self.within.iter().zip(BOUNDS_MS) {
            let bound = bound as f64 / 1000.0;
            let _ = writeln!(
                page,
                "{name}_bucket{{service=\"{service}\",le=\"{bound}\"}} {within}"
            );
        }
        let count = self.count;
        let _ = writeln!(
            page,
            "{name}_bucket{{service=\"{service}\",le=\"+Inf\"}} {count}"
        );
        let sum = self.sum.as_secs_f64();
        let _ = writeln!(page, "{name}_sum{{service=\"{service}\"}} {sum}");
        let _ = writeln!(page, "{name}_count{{service=\"{service}\"}} {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_requests_into_the_page() {
        let metrics = Metrics::default();
        for (status, ms) in [(200, 3), (200, 7), (500, 6000)] {
            metrics.count(Seen {
                service: "tsa",
                method: "POST".to_owned(),
                route: "/api/v1/timestamp".to_owned(),
                status,
                time: Duration::from_millis(ms),
            });
        }

        let page = metrics.page(&[("rekor-v2", 12)]);

        let labels = "service=\"tsa\",method=\"POST\",route=\"/api/v1/timestamp\"";
        for line in [
            format!("sigsign_requests_total{{{labels},status=\"200\"}} 2"),
            format!("sigsign_requests_total{{{labels},status=\"500\"}} 1"),
            "sigsign_request_seconds_bucket{service=\"tsa\",le=\"0.002\"} 0".to_owned(),
            "sigsign_request_seconds_bucket{service=\"tsa\",le=\"0.005\"} 1".to_owned(),
            "sigsign_request_seconds_bucket{service=\"tsa\",le=\"5\"} 2".to_owned(),
            "sigsign_request_seconds_bucket{service=\"tsa\",le=\"+Inf\"} 3".to_owned(),
            "sigsign_request_seconds_sum{service=\"tsa\"} 6.01".to_owned(),
            "sigsign_request_seconds_count{service=\"tsa\"} 3".to_owned(),
            "sigsign_log_entries{log=\"rekor-v2\"} 12".to_owned(),
        ] {
            assert!(page.lines().any(|it| it == line), "{line}\nin\n{page}");
        }
    }
}
