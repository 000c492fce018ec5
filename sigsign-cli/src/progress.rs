//! A progress bar for long reading, on a terminal only.

use std::cell::Cell;
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

/// How many of several things are done.
#[derive(Debug)]
pub(crate) struct Counter {
    total: usize,
    done: Cell<usize>,
    started: Instant,
    shown: Cell<bool>,
    on: bool,
}

impl Counter {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: Cell::new(0),
            started: Instant::now(),
            shown: Cell::new(false),
            on: io::stderr().is_terminal(),
        }
    }

    pub(crate) fn advance(&self) {
        let done = self.done.get().saturating_add(1);
        self.done.set(done);
        if !self.on || self.started.elapsed() < PATIENCE {
            return;
        }
        self.shown.set(true);
        let total = self.total;
        // Nobody to show it to is no error.
        let _ = write!(io::stderr(), "\r\x1b[Ksigned {done} of {total}");
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if self.shown.get() {
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
