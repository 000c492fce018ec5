//! How many certificates the authority gives out, and how long each client waits.
//!
//! ```text
//! certificates [SECONDS]   1, 16 and 64 clients, for so long each: 5 seconds if not said
//! ```
//!
//! Each certificate is for a token of its own, and counts when the certificate transparency log
//! has it durably. Keys, tokens and proofs are made before the clock starts. The instance is in the
//! folder for temporary files: set `TMPDIR` to one on a disk.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigsign_local::instance::ca::{Ca, SigningRequest};
use sigsign_local::instance::oidc::shape;
use sigsign_local::instance::{Instance, Options};
use sigsign_local::key::{Key, Scheme};

const CLIENTS: [usize; 3] = [1, 16, 64];

/// Certificates a second that requests are made for, for all clients together.
const RATE: usize = 3_000;

fn main() -> io::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|it| it.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(5));
    println!("clients  certificates  each second  p50 ms  p99 ms  max ms");
    for clients in CLIENTS {
        let folder = Folder::new();
        let instance = Instance::open(Options::new(&folder.0))?;
        let count = RATE * time.as_secs() as usize / clients;
        let runtime = tokio::runtime::Runtime::new()?;
        let asked = (0..clients).map(|_| requests(&instance, count)).collect();
        let start = Instant::now();
        let mut waited = runtime.block_on(certify(&instance, asked, time));
        print(clients, &mut waited, start.elapsed());
    }
    Ok(())
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("sigsign-certificates-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

type Requests = Vec<(String, SigningRequest)>;

fn requests(instance: &Instance, count: usize) -> Requests {
    let key = Key::new(Scheme::P256, "load");
    let subject = "jane@example.com";
    let request = SigningRequest::Challenge {
        key: key.spki(),
        proof: key.sign(subject.as_bytes()),
    };
    let token = || instance.oidc().mint(shape::email(subject));
    (0..count).map(|_| (token(), request.clone())).collect()
}

async fn certify(instance: &Instance, asked: Vec<Requests>, time: Duration) -> Vec<Duration> {
    let until = Instant::now() + time;
    let clients: Vec<_> = asked
        .into_iter()
        .map(|requests| tokio::spawn(client(Arc::clone(instance.ca()), requests, until)))
        .collect();
    let mut waited = Vec::new();
    for client in clients {
        waited.extend(client.await.unwrap_or_default());
    }
    waited
}

async fn client(ca: Arc<Ca>, requests: Requests, until: Instant) -> Vec<Duration> {
    let mut waited = Vec::new();
    for (token, request) in requests {
        let start = Instant::now();
        if start >= until || ca.certify(&token, &request).await.is_err() {
            break;
        }
        waited.push(start.elapsed());
    }
    waited
}

fn print(clients: usize, waited: &mut [Duration], elapsed: Duration) {
    waited.sort_unstable();
    let at = |share: usize| {
        let place = (waited.len() * share / 100).min(waited.len().saturating_sub(1));
        waited.get(place).map_or(0.0, |it| it.as_secs_f64() * 1e3)
    };
    println!(
        "{clients:>7}  {:>12}  {:>11.0}  {:>6.1}  {:>6.1}  {:>6.1}",
        waited.len(),
        waited.len() as f64 / elapsed.as_secs_f64(),
        at(50),
        at(99),
        at(100)
    );
}
