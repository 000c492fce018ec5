//! The client of trust roots, as theupdateframework/tuf-conformance calls it.
//!
//! ```text
//! cargo build --example tuf_conformance
//! pytest tuf_conformance --entrypoint target/debug/examples/tuf_conformance
//! ```
//!
//! Spec: tuf-conformance, CLIENT-CLI.md

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sigsign_core::transport::blocking;
use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::tuf::{Client, Item, Repository, Store, StoreError};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let call = Call::read(std::env::args().skip(1))?;
    let folder = Folder {
        metadata: PathBuf::from(&call.metadata_dir),
        targets: PathBuf::from(&call.target_dir),
    };
    if let [command, root] = call.rest.as_slice()
        && command == "init"
    {
        return Ok(folder.init(&fs::read(root)?)?);
    }
    blocking::run(update(&call, folder))?
}

async fn update(call: &Call, mut folder: Folder) -> Result<(), Failure> {
    let root = fs::read(folder.anchor())?;
    let repository = Repository::at(&call.metadata_url, &call.target_base_url, root);
    let transport = HttpTransport::new(&[], PlainHttp::Loopback)?;
    let at = SystemTime::now().into();
    let mut client = Client::refresh(&repository, &transport, &mut folder, at).await?;
    for name in &call.target_names {
        client.target(name).await?;
    }
    Ok(())
}

/// The command line.
#[derive(Default)]
struct Call {
    metadata_dir: String,
    metadata_url: String,
    target_base_url: String,
    target_dir: String,
    target_names: Vec<String>,
    /// The command and what follows it.
    rest: Vec<String>,
}

impl Call {
    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut call = Self::default();
        while let Some(arg) = args.next() {
            let place = match arg.as_str() {
                "--metadata-dir" => &mut call.metadata_dir,
                "--metadata-url" => &mut call.metadata_url,
                "--target-base-url" => &mut call.target_base_url,
                "--target-dir" => &mut call.target_dir,
                "--target-name" => {
                    call.target_names.extend(args.next());
                    continue;
                }
                _ => {
                    call.rest.push(arg);
                    continue;
                }
            };
            *place = args.next().ok_or("an option has no value")?;
        }
        Ok(call)
    }
}

/// Where the suite looks: the newest metadata without versions in its names.
struct Folder {
    metadata: PathBuf,
    targets: PathBuf,
}

impl Folder {
    fn init(&self, root: &[u8]) -> io::Result<()> {
        fs::create_dir_all(self.metadata.join("roots"))?;
        put(&self.metadata.join("root.json"), root)?;
        put(&self.anchor(), root)
    }

    /// The root to begin with.
    fn anchor(&self) -> PathBuf {
        self.metadata.join("roots/anchor")
    }

    fn path(&self, item: &Item<'_>) -> PathBuf {
        match item {
            Item::Root(_) => self.metadata.join("roots").join(item.file_name()),
            Item::Delegated(role) => self.metadata.join(format!("{}.json", quoted(role))),
            Item::Target { name, .. } => self.targets.join(quoted(name)),
            _ => self.metadata.join(item.file_name()),
        }
    }
}

impl Store for Folder {
    fn read(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(item);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    fn write(&mut self, item: &Item<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(item);
        let mut written = put(&path, bytes);
        if let Item::Root(_) = item {
            written = written.and_then(|()| put(&self.metadata.join("root.json"), bytes));
        }
        written.map_err(|error| failed(&path, &error))
    }

    fn remove(&mut self, item: &Item<'_>) -> Result<(), StoreError> {
        let path = self.path(item);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, &error)),
            _ => Ok(()),
        }
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::File::create(path)?.write_all(bytes)
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError {
        what: path.display().to_string(),
        problem: error.to_string(),
    }
}

/// A name as one part of a path.
fn quoted(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
