//! What the gate counts, for Prometheus.
//!
//! Spec: Prometheus, "Exposition formats", text format

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the buckets of times, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Values>);

#[derive(Debug, Default)]
struct Values {
    /// By metric and labels, as they are printed.
    counters: BTreeMap<(&'static str, String), u64>,
    gauges: BTreeMap<(&'static str, String), i64>,
    times: BTreeMap<&'static str, Times>,
}

#[derive(Debug, Default)]
struct Times {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum Count<'a> {
    /// An image in a review, by what became of it, and a rule that is about it with its mode.
    Admission(&'a str, &'a str, &'a str),
    /// A policy was asked about an image: what it decided, and the code of why.
    Verification(&'a str, &'a str),
    /// Something was looked up, and was there or not.
    Cache(&'static str, bool),
    /// A registry did not answer as it should.
    Upstream(&'a str),
    /// A policy was read again, and can be used or not.
    Reload(bool),
    /// A review had no answer in time.
    Late,
}

impl Metrics {
    pub(super) fn count(&self, what: Count<'_>) {
        let (name, labels) = match what {
            Count::Admission(decision, rule, mode) => (
                "sigsign_admission_total",
                format!(
                    "decision=\"{decision}\",rule=\"{}\",mode=\"{mode}\"",
                    value(rule)
                ),
            ),
            Count::Verification(result, reason) => (
                "sigsign_verification_total",
                format!("result=\"{result}\",reason=\"{reason}\""),
            ),
            Count::Cache(cache, hit) => (
                "sigsign_cache_total",
                format!("cache=\"{cache}\",hit=\"{hit}\""),
            ),
            Count::Upstream(code) => (
                "sigsign_upstream_errors_total",
                format!("kind=\"registry\",code=\"{code}\""),
            ),
            Count::Reload(good) => ("sigsign_policy_reloads_total", format!("good=\"{good}\"")),
            Count::Late => ("sigsign_deadline_total", String::new()),
        };
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = values.counters.entry((name, labels)).or_default();
        *counter = counter.saturating_add(1);
    }

    pub(super) fn took(&self, stage: &'static str, time: Duration) {
        let seconds = time.as_secs_f64();
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = values.times.entry(stage).or_default();
        for (bucket, _) in times
            .buckets
            .iter_mut()
            .zip(BUCKETS)
            .filter(|(_, end)| seconds <= *end)
        {
            *bucket = bucket.saturating_add(1);
        }
        times.count = times.count.saturating_add(1);
        times.sum += seconds;
    }

    /// The policy that is in force: its digest is the label of a one. The trusted roots that it
    /// names have ends, in seconds since 1970, if they were published with any.
    pub(super) fn policy(&self, digest: &str, reloaded: i64, roots: &[(String, i64)]) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gauges = &mut values.gauges;
        gauges.retain(|(name, _), _| ![INFO, ROOTS].contains(name));
        gauges.insert((INFO, format!("hash=\"{digest}\"")), 1);
        gauges.insert(("sigsign_policy_read_seconds", String::new()), reloaded);
        for (root, end) in roots {
            gauges.insert((ROOTS, format!("root=\"{}\"", value(root))), *end);
        }
    }

    pub(super) fn text(&self) -> String {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let mut last = "";
        let line = |name: &str, labels: &str, value: String| match labels {
            "" => format!("{name} {value}\n"),
            _ => format!("{name}{{{labels}}} {value}\n"),
        };
        let counters = values.counters.iter().map(|((name, labels), value)| {
            (*name, "counter", line(name, labels, value.to_string()))
        });
        let gauges = values
            .gauges
            .iter()
            .map(|((name, labels), value)| (*name, "gauge", line(name, labels, value.to_string())));
        for (name, kind, line) in counters.chain(gauges) {
            if name != last {
                text.push_str(&format!("# TYPE {name} {kind}\n"));
                last = name;
            }
            text.push_str(&line);
        }
        if !values.times.is_empty() {
            text.push_str("# TYPE sigsign_duration_seconds histogram\n");
        }
        for (stage, times) in &values.times {
            for (end, count) in BUCKETS.iter().zip(times.buckets) {
                let labels = format!("stage=\"{stage}\",le=\"{end}\"");
                text.push_str(&line(
                    "sigsign_duration_seconds_bucket",
                    &labels,
                    count.to_string(),
                ));
            }
            let labels = format!("stage=\"{stage}\",le=\"+Inf\"");
            text.push_str(&line(
                "sigsign_duration_seconds_bucket",
                &labels,
                times.count.to_string(),
            ));
            let labels = format!("stage=\"{stage}\"");
            text.push_str(&line(
                "sigsign_duration_seconds_sum",
                &labels,
                times.sum.to_string(),
            ));
            text.push_str(&line(
                "sigsign_duration_seconds_count",
                &labels,
                times.count.to_string(),
            ));
        }
        text
    }
}

const INFO: &str = "sigsign_policy_info";
const ROOTS: &str = "sigsign_trust_root_expiry_seconds";

/// The value of a label. Spec: Prometheus, "Exposition formats", `label_value`
fn value(text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    text.replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_was_counted() {
        let metrics = Metrics::default();
        metrics.count(Count::Admission("denied", "a \"b\\\n", "warn"));
        metrics.count(Count::Admission("denied", "a \"b\\\n", "warn"));
        metrics.count(Count::Verification("deny", "rule.signer"));
        metrics.count(Count::Upstream("registry.slow"));
        metrics.count(Count::Cache("tag", true));
        metrics.took("registry", Duration::from_millis(50));
        metrics.policy("sha256:1", 5, &[("old".to_owned(), 1)]);
        metrics.policy("sha256:2", 6, &[("public-good".to_owned(), 7)]);

        let text = metrics.text();

        for line in [
            "# TYPE sigsign_admission_total counter\n",
            "sigsign_admission_total{decision=\"denied\",rule=\"a \\\"b\\\\\\n\",mode=\"warn\"} 2\n",
            "sigsign_verification_total{result=\"deny\",reason=\"rule.signer\"} 1\n",
            "sigsign_upstream_errors_total{kind=\"registry\",code=\"registry.slow\"} 1\n",
            "sigsign_trust_root_expiry_seconds{root=\"public-good\"} 7\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("old"));
        assert!(text.contains("sigsign_cache_total{cache=\"tag\",hit=\"true\"} 1\n"));
        assert!(
            text.contains("sigsign_policy_info{hash=\"sha256:2\"} 1\n")
                && !text.contains("sha256:1")
        );
        assert!(text.contains("sigsign_policy_read_seconds 6\n"));
        assert!(
            text.contains("sigsign_duration_seconds_bucket{stage=\"registry\",le=\"0.02\"} 0\n")
        );
        assert!(
            text.contains("sigsign_duration_seconds_bucket{stage=\"registry\",le=\"0.1\"} 1\n")
        );
        assert!(text.contains("sigsign_duration_seconds_count{stage=\"registry\"} 1\n"));
    }
}
