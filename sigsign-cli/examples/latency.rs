//! What signing costs beside the services: our own processor time, and how the services' delays
//! add up.
//!
//! ```text
//! latency [FILES]   50 files if not said
//! ```
//!
//! The services are a local instance behind sockets on loopback, in threads of its own; the client
//! has one thread, whose time the system counts. Linux only.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use sigsign_core::oidc::IdentityToken;
use sigsign_core::sign::{Certified, Signer};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::trust::{SigningConfig, TrustedRoot};
use sigsign_core::verify::Artifact;
use sigsign_local::instance::Service::{Ca, LogV2, Tsa};
use sigsign_local::instance::oidc::shape;
use sigsign_local::instance::{Fault, Instance, Options};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let files = std::env::args().nth(1).and_then(|it| it.parse().ok());
    let servers = tokio::runtime::Runtime::new()?;
    let folder =
        Folder(std::env::temp_dir().join(format!("sigsign-latency-{}", std::process::id())));
    let listener = servers.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let mut options = Options::new(&folder.0);
    options.base_url = format!("http://localhost:{}", listener.local_addr()?.port());
    let instance = Arc::new(Instance::open(options)?);
    let router = instance.router();
    servers.spawn(async move { axum::serve(listener, router).await });
    sigsign_core::transport::blocking::run(measure(&instance, files.unwrap_or(50)))?
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn measure(instance: &Instance, files: u32) -> Result<()> {
    let client = Client::new(instance)?;
    let (wall, cpu) = (Instant::now(), cpu_time()?);
    let certified = client.certify(instance).await?;
    sign(&certified).await?;
    print("the first file", 1, wall.elapsed(), cpu_time()? - cpu);
    let (wall, cpu) = (Instant::now(), cpu_time()?);
    for _ in 0..files {
        sign(&certified).await?;
    }
    print(
        "each file after it",
        files,
        wall.elapsed(),
        cpu_time()? - cpu,
    );
    let delay = Duration::from_millis(100);
    for service in [Ca, LogV2, Tsa] {
        instance.context().faults.set(service, Fault::Slow(delay));
    }
    let (wall, cpu) = (Instant::now(), cpu_time()?);
    let certified = client.certify(instance).await?;
    sign(&certified).await?;
    print(
        "one, every service 100 ms later",
        1,
        wall.elapsed(),
        cpu_time()? - cpu,
    );
    Ok(())
}

struct Client(Signer);

impl Client {
    fn new(instance: &Instance) -> Result<Self> {
        let root = TrustedRoot::from_json(instance.trusted_root().as_bytes())?;
        let config = SigningConfig::from_json(instance.signing_config().as_bytes())?;
        let transport = Arc::new(HttpTransport::new(&[], PlainHttp::Loopback)?);
        Ok(Self(Signer::new(&root, &config, transport, now())?))
    }

    async fn certify(&self, instance: &Instance) -> Result<Certified> {
        let token = instance.oidc().mint(shape::email("jane@example.com"));
        let session = self.0.session(IdentityToken::from_jwt(&token)?, now())?;
        Ok(session.certify(now()).await?)
    }
}

async fn sign(certified: &Certified) -> Result<()> {
    let signed = certified.sign(Artifact::Bytes(b"hello"), now())?;
    signed.witness().await?.finish(now())?;
    Ok(())
}

/// Of this thread. Spec: Linux, Documentation/scheduler/sched-stats.rst
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = stat.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn print(what: &str, count: u32, wall: Duration, cpu: Duration) {
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(count);
    println!(
        "{what:<33}{:>8.2} ms, {:>6.2} ms of our processor",
        each(wall),
        each(cpu)
    );
}

fn now() -> Timestamp {
    SystemTime::now().into()
}
