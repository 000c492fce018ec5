//! A progress bar for long reading, on a terminal only.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Reading shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Between two changes of the bar.
const PAUSE: Duration = Duration::from_millis(100);

/// How far the reading of one file is.
#[derive(Debug)]
pub(crate) struct Progress {
    total: u64,
    done: u64,
    started: Instant,
    next: Duration,
    shown: bool,
    on: bool,
}

impl Progress {
    /// For `total` bytes; 0 if that is not known.
    pub(crate) fn new(total: u64) -> Self {
        let on = io::stderr().is_terminal();
        Self {
            total,
            done: 0,
            started: Instant::now(),
            next: PATIENCE,
            shown: false,
            on,
        }
    }

    pub(crate) fn advance(&mut self, bytes: usize) {
        self.done = self
            .done
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if !self.on || self.started.elapsed() < self.next {
            return;
        }
        self.next = self.started.elapsed().saturating_add(PAUSE);
        self.shown = true;
        // A line that is too long for the terminal is cut by it, not wrapped: only one line can be
        // taken back. Nobody to show it to is no error.
        let line = line(self.done, self.total);
        let text = format!("\r\x1b[K\x1b[?7l{line}\x1b[?7h");
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(done: u64, total: u64) -> String {
    let mib = done >> 20;
    match done.saturating_mul(100).checked_div(total) {
        Some(percent) => format!(
            "reading {mib} of {} MiB, {} %",
            total >> 20,
            percent.min(100)
        ),
        None => format!("reading {mib} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_share_where_the_size_is_known() {
        assert_eq!("reading 1 of 4 MiB, 25 %", line(1 << 20, 4 << 20));
        assert_eq!("reading 3 MiB", line(3 << 20, 0));
    }
}
