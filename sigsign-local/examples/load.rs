//! How many entries a log takes, and how long each one waits.
//!
//! ```text
//! load [SECONDS]          1, 16 and 64 writers, for so long each: 5 seconds if not said
//! load --memory [COUNT]   memory while the log grows: 100000 entries if not said
//! load --http [SECONDS]   as the first, over sockets on loopback
//! ```
//!
//! Every request is another signature, made before the clock starts; the log checks it. An entry
//! counts when it is durable and covered by a published checkpoint. The log is in the folder for
//! temporary files: set `TMPDIR` to one on a disk.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigsign_local::instance::rekor_v2::{Added, RekorV2};
use sigsign_local::instance::{Clock, Context, Data, Faults, Keys};
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};

const WRITERS: [u64; 3] = [1, 16, 64];

/// Entries a second that requests are made for, for all writers together.
const RATE: u64 = 12_000;

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |default| {
        words
            .last()
            .and_then(|it| it.parse().ok())
            .unwrap_or(default)
    };
    match words.first().map(String::as_str) {
        Some("--memory") => memory(number(100_000)),
        Some("--http") => load(Duration::from_secs(number(5)), Way::Http),
        _ => load(Duration::from_secs(number(5)), Way::Direct),
    }
}

/// How requests get to the log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Http,
}

/// A new log, whose folder goes away after it.
struct Log {
    log: Arc<RekorV2>,
    folder: Folder,
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Log {
    fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("sigsign-load-{}", std::process::id()));
        let context = Context {
            clock: Clock::System,
            keys: Keys::new([7; 32]),
            data: Data::open(&folder)?,
            base_url: "http://localhost:7480".to_owned(),
            faults: Faults::default(),
        };
        let log = Arc::new(RekorV2::open(Arc::new(context), Scheme::Ed25519, None)?);
        let folder = Folder(folder);
        Ok(Self { log, folder })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The request of a key for a message.
fn request(key: &Key, message: &[u8]) -> Vec<u8> {
    let spki = Json::object([("rawBytes", Json::bytes(key.spki()))]);
    let verifier = Json::object([
        ("publicKey", spki),
        ("keyDetails", Json::text(key.scheme.details())),
    ]);
    let signature = Json::object([
        ("content", Json::bytes(key.sign(message))),
        ("verifier", verifier),
    ]);
    let request = Json::object([
        ("digest", Json::bytes(key.scheme.hash().of(message))),
        ("signature", signature),
    ]);
    let request = Json::object([("hashedRekordRequestV002", request)]);
    request.compact().into_bytes()
}

fn load(time: Duration, way: Way) -> io::Result<()> {
    println!("writers  entries   entries/s  p50 ms  p99 ms  max ms");
    let key = Key::new(Scheme::P256, "load");
    for writers in WRITERS {
        let log = Log::new()?;
        let count = RATE * time.as_secs() / writers;
        let count = if writers == 1 { count / 8 } else { count };
        let requests: Vec<Vec<Vec<u8>>> = (0..writers)
            .map(|writer| {
                let message = |nth| format!("{writer} {nth}").into_bytes();
                (0..count).map(|nth| request(&key, &message(nth))).collect()
            })
            .collect();
        let runtime = tokio::runtime::Runtime::new()?;
        let start = Instant::now();
        let mut waited = match way {
            Way::Direct => runtime.block_on(direct(&log.log, requests, time)),
            Way::Http => {
                let router = Arc::clone(&log.log).router();
                let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
                let address = listener.local_addr()?;
                runtime.spawn(async move { axum::serve(listener, router).await });
                over_http(address, requests, time)?
            }
        };
        print(writers, &mut waited, start.elapsed());
    }
    Ok(())
}

/// How long each entry took.
async fn direct(log: &Arc<RekorV2>, requests: Vec<Vec<Vec<u8>>>, time: Duration) -> Vec<Duration> {
    let until = Instant::now() + time;
    let writers: Vec<_> = requests
        .into_iter()
        .map(|requests| tokio::spawn(write(Arc::clone(log), requests, until)))
        .collect();
    let mut waited = Vec::new();
    for writer in writers {
        waited.extend(writer.await.unwrap_or_default());
    }
    waited
}

async fn write(log: Arc<RekorV2>, requests: Vec<Vec<u8>>, until: Instant) -> Vec<Duration> {
    let mut waited = Vec::new();
    for request in requests {
        let start = Instant::now();
        if start >= until {
            break;
        }
        match log.add(&request).await {
            Ok(Added::Entry(_)) => waited.push(start.elapsed()),
            other => println!("not added: {other:?}"),
        }
    }
    waited
}

fn over_http(
    address: SocketAddr,
    requests: Vec<Vec<Vec<u8>>>,
    time: Duration,
) -> io::Result<Vec<Duration>> {
    let until = Instant::now() + time;
    let writers: Vec<_> = requests
        .into_iter()
        .map(|requests| std::thread::spawn(move || client(address, &requests, until)))
        .collect();
    let mut waited = Vec::new();
    for writer in writers {
        waited.extend(writer.join().map_err(|_| io::Error::other("a writer"))??);
    }
    Ok(waited)
}

/// One connection, one request after the other.
fn client(address: SocketAddr, requests: &[Vec<u8>], until: Instant) -> io::Result<Vec<Duration>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut waited = Vec::new();
    for body in requests {
        let start = Instant::now();
        if start >= until {
            break;
        }
        let head = format!(
            "POST /api/v2/log/entries HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        (&stream).write_all(&[head.as_bytes(), body].concat())?;
        read_created(&mut answers)?;
        waited.push(start.elapsed());
    }
    Ok(waited)
}

fn read_created(answers: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 201") {
        return Err(io::Error::other(line));
    }
    let mut length = 0;
    while line.trim_end() != "" {
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim_end().parse().unwrap_or(0);
        }
        line.clear();
        answers.read_line(&mut line)?;
    }
    io::copy(&mut answers.take(length), &mut io::sink())?;
    Ok(())
}

fn print(writers: u64, waited: &mut [Duration], time: Duration) {
    waited.sort();
    let part = |of: usize| {
        waited
            .get(waited.len() * of / 1000)
            .or_else(|| waited.last())
    };
    let ms = |of: usize| part(of).map_or(0.0, |it| it.as_secs_f64() * 1000.0);
    let rate = waited.len() as f64 / time.as_secs_f64();
    println!(
        "{writers:7}  {:7}  {rate:10.0}  {:6.1}  {:6.1}  {:6.1}",
        waited.len(),
        ms(500),
        ms(990),
        ms(1000),
    );
}

/// Signs and logs with 64 writers, and says what the process holds now and then.
fn memory(count: u64) -> io::Result<()> {
    println!("entries  resident MiB");
    let log = Log::new()?;
    let runtime = tokio::runtime::Runtime::new()?;
    println!("{:7}  {:12.1}", 0, resident());
    for part in 0..10 {
        runtime.block_on(async {
            let writers: Vec<_> = (0..64)
                .map(|writer| tokio::spawn(sign(Arc::clone(&log.log), part, writer, count / 640)))
                .collect();
            for writer in writers {
                let _ = writer.await;
            }
        });
        println!("{:7}  {:12.1}", log.log.log().head().0, resident());
    }
    let size = log.log.log().head().0;
    println!(
        "{size} entries, {:.0} MiB on disk",
        on_disk(&log.folder.0)? / 1_048_576.0
    );
    Ok(())
}

async fn sign(log: Arc<RekorV2>, part: u64, writer: u64, count: u64) {
    let key = Key::new(Scheme::Ed25519Ph, "load");
    for nth in 0..count {
        let request = request(&key, format!("{part} {writer} {nth}").as_bytes());
        if let Err(refusal) = log.add(&request).await {
            println!("{refusal}");
        }
    }
}

/// Of this process, in MiB; where the system does not say, 0.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn on_disk(folder: &std::path::Path) -> io::Result<f64> {
    let mut bytes = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => on_disk(&entry.path())?,
            false => entry.metadata()?.len() as f64,
        };
    }
    Ok(bytes)
}
