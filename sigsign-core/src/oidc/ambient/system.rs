#![expect(
    clippy::disallowed_methods,
    reason = "what the library reads of its surroundings is here, for callers who ask for it"
)]

use std::io::{self, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use zeroize::Zeroizing;

use super::{Finished, Process, Surroundings};
use crate::limits;
use crate::transport::http::HttpTransport;
use crate::transport::{Transport, TransportError};

/// The surroundings of this process.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct System;

impl System {
    /// The environment, files and programs that this process has.
    pub fn new() -> Self {
        Self
    }
}

impl Surroundings for System {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|it| !it.is_empty())
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let file = std::fs::File::open(path).ok()?;
        read(file).ok()
    }

    fn start(&self, program: &str, arguments: &[&str]) -> io::Result<Box<dyn Process>> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = Reading::start(child.stdout.take());
        let complaint = Reading::start(child.stderr.take());
        Ok(Box::new(Running {
            child,
            output,
            complaint,
        }))
    }

    fn socket(&self, address: &str) -> Result<Box<dyn Transport>, TransportError> {
        Ok(Box::new(HttpTransport::on_socket(address)?))
    }
}

/// A child, and what it prints.
struct Running {
    child: Child,
    output: Reading,
    complaint: Reading,
}

impl Process for Running {
    fn poll(&mut self) -> Option<Finished> {
        let ended = self.child.try_wait();
        let status = match ended {
            Ok(status) => status?,
            Err(error) => {
                return Some(Finished {
                    success: false,
                    output: Zeroizing::default(),
                    complaint: error.to_string(),
                });
            }
        };
        // Whatever it left running may hold the pipes: then this is not over.
        let (output, complaint) = (self.output.poll(), self.complaint.poll());
        let (Some(output), Some(complaint)) = (output, complaint) else {
            return None;
        };
        Some(Finished {
            success: status.success(),
            output: Zeroizing::new(String::from_utf8_lossy(output).into_owned()),
            complaint: String::from_utf8_lossy(complaint).into_owned(),
        })
    }
}

/// The beginning of what comes through a pipe, read beside the program.
struct Reading {
    arriving: mpsc::Receiver<Zeroizing<Vec<u8>>>,
    read: Option<Zeroizing<Vec<u8>>>,
}

impl Reading {
    fn start(pipe: Option<impl io::Read + Send + 'static>) -> Self {
        let (arrived, arriving) = mpsc::channel();
        std::thread::spawn(move || {
            let bytes = pipe.and_then(|it| read(it).ok()).unwrap_or_default();
            // Nobody waits any longer: the program took too long.
            let _ = arrived.send(Zeroizing::new(bytes));
        });
        Self {
            arriving,
            read: None,
        }
    }

    fn poll(&mut self) -> Option<&[u8]> {
        if self.read.is_none() {
            self.read = self.arriving.try_recv().ok();
        }
        self.read.as_ref().map(|it| it.as_slice())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is fine too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The beginning; a token that is longer is refused for its length.
fn read(source: impl io::Read) -> io::Result<Vec<u8>> {
    let cap = u64::try_from(limits::TOKEN_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    source.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
