//! Folders in the OCI layout, which work like a repository.
//!
//! Spec: image-spec 1.1, image-layout.md

use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Map, Value, json};
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::encoding::hex_encode;
use sigsign_core::limits;
use sigsign_core::oci::{Descriptor, Document, Pulled, Pushed, RegistryError, Repository, Target};
use sigsign_core::transport::{Pending, Pieces, TransportError};
use tempfile::NamedTempFile;

use crate::files;
use crate::problem::{Problem, io_text};

/// A folder with images.
#[derive(Debug)]
pub(super) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// A folder that has images.
    pub(super) fn open(folder: &Path) -> Result<Self, Problem> {
        let layout = Self {
            folder: folder.to_owned(),
        };
        let marker = layout.read(MARKER, MARKER_BYTES).map_err(Problem::from)?;
        let version: Option<Value> = marker.and_then(|it| serde_json::from_slice(&it).ok());
        let version = version
            .as_ref()
            .and_then(|it| it["imageLayoutVersion"].as_str());
        if version != Some(VERSION) {
            let what = format!(
                "{} is not a folder with images in the OCI layout",
                folder.display()
            );
            return Err(Problem::input("registry.store", what).hint(
                "it has a file oci-layout; `docker buildx build -o type=oci` writes it packed",
            ));
        }
        Ok(layout)
    }

    /// The same, or one that is made now in a folder that is not there or empty.
    pub(super) fn create(folder: &Path) -> Result<Self, Problem> {
        let is_empty = fs::read_dir(folder).map_or(true, |mut it| it.next().is_none());
        if is_empty {
            let layout = Self {
                folder: folder.to_owned(),
            };
            let marker = json!({"imageLayoutVersion": VERSION}).to_string();
            let index =
                json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
            layout.write("index.json", index.as_bytes())?;
            layout.write(MARKER, marker.as_bytes())?;
        }
        Self::open(folder)
    }

    fn blob_path(digest: &Digest) -> String {
        let hex = hex_encode(digest.as_bytes());
        format!("blobs/{}/{hex}", digest.algorithm())
    }

    /// A file, if it is there.
    fn read(&self, path: &str, cap: usize) -> Result<Option<Vec<u8>>, RegistryError> {
        let file = match files::open(&self.folder.join(path)) {
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.wrong(path, &error)),
        };
        let cap = u64::try_from(cap).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let read = file.take(cap.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| self.wrong(path, &error))?;
        if u64::try_from(bytes.len()).is_ok_and(|found| found > cap) {
            let what = self.folder.join(path).display().to_string();
            return Err(RegistryError::TooLarge { what, cap });
        }
        Ok(Some(bytes))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let wrong = |error: io::Error| self.wrong(path, &error);
        let mut file = self.temporary(path).map_err(wrong)?;
        file.write_all(bytes).map_err(wrong)?;
        file.persist(self.folder.join(path))
            .map_err(|it| wrong(it.error))?;
        Ok(())
    }

    /// A file beside the place where it will be, in a folder that is made if it is not there.
    fn temporary(&self, path: &str) -> io::Result<NamedTempFile> {
        let place = self.folder.join(path);
        let folder = place.parent().unwrap_or(&self.folder);
        self.check_folders(path)?;
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sigsign-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder)
    }

    /// Nothing is written where a link in the folder leads: whoever made the folder may not be whoever
    /// writes to it.
    fn check_folders(&self, path: &str) -> io::Result<()> {
        let mut folder = self.folder.clone();
        for part in Path::new(path).parent().into_iter().flatten() {
            folder.push(part);
            if folder.is_symlink() {
                let link = folder.display();
                return Err(io::Error::other(format!("{link} is a symbolic link")));
            }
        }
        Ok(())
    }

    fn wrong(&self, path: &str, error: &io::Error) -> RegistryError {
        RegistryError::Store {
            place: self.folder.join(path).display().to_string(),
            problem: io_text(error),
        }
    }

    /// `index.json`, and what it lists.
    fn index(&self) -> Result<(Map<String, Value>, Vec<Value>), RegistryError> {
        let bytes = self.read("index.json", limits::MANIFEST_BYTES)?;
        let wrong = || RegistryError::Store {
            place: self.folder.join("index.json").display().to_string(),
            problem: "not an index of images".to_owned(),
        };
        let bytes = bytes.ok_or_else(wrong)?;
        Document::parse(INDEX, &bytes).map_err(|_| wrong())?;
        let mut index: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        match index.remove("manifests") {
            Some(Value::Array(members)) => Ok((index, members)),
            _ => Err(wrong()),
        }
    }

    /// Changes what `index.json` lists, while nobody else does.
    fn change(&self, change: impl FnOnce(&mut Vec<Value>)) -> Result<(), RegistryError> {
        let wrong = |error: io::Error| self.wrong(MARKER, &error);
        let lock = File::open(self.folder.join(MARKER)).map_err(wrong)?;
        lock.lock().map_err(wrong)?;
        let (mut index, mut members) = self.index()?;
        change(&mut members);
        index.insert("manifests".to_owned(), Value::Array(members));
        self.write("index.json", Value::Object(index).to_string().as_bytes())
    }

    fn find(&self, target: &Target) -> Result<Option<Pulled>, RegistryError> {
        let digest = match target {
            Target::Digest(digest) => Some(*digest),
            Target::Tag(tag) => {
                let (_, members) = self.index()?;
                let mut tagged = members.iter().filter(|it| is_tagged(it, tag));
                tagged.next().and_then(digest_of)
            }
            _ => None,
        };
        let Some(digest) = digest else {
            return Ok(None);
        };
        let bytes = self.read(&Self::blob_path(&digest), limits::MANIFEST_BYTES)?;
        Ok(bytes.map(|bytes| Pulled {
            media_type: media_type(&bytes),
            claimed: Some(digest.to_string()),
            state: None,
            bytes,
        }))
    }

    fn put(
        &self,
        target: &Target,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Pushed, RegistryError> {
        let digest = match target {
            Target::Digest(digest) => *digest,
            _ => sigsign_core::crypto::hash(HashAlgorithm::Sha256, bytes),
        };
        self.write(&Self::blob_path(&digest), bytes)?;
        let document = Document::parse(media_type, bytes).ok();
        let is_referrer = document.is_some_and(|it| it.subject().is_some());
        let mut entry = json!({
            "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len(),
        });
        match target {
            Target::Tag(tag) => {
                entry["annotations"] = json!({TAG: tag});
                self.change(|members| {
                    members.retain(|it| !is_tagged(it, tag));
                    members.push(entry);
                })?;
                Ok(Pushed::Stored)
            }
            _ if is_referrer => {
                self.change(|members| {
                    members.retain(|it| digest_of(it) != Some(digest));
                    members.push(entry);
                })?;
                Ok(Pushed::Stored)
            }
            _ => Ok(Pushed::Stored),
        }
    }

    /// What stands in `index.json` and names the image as its subject.
    fn list(&self, subject: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let (_, members) = self.index()?;
        let mut found: Vec<Descriptor> = Vec::new();
        for digest in members.iter().filter_map(digest_of) {
            let Some(manifest) = self.find(&Target::Digest(digest))? else {
                continue;
            };
            let document = Document::parse(&manifest.media_type, &manifest.bytes).ok();
            let about = document
                .as_ref()
                .and_then(|it| Some(it.subject()?.digest()));
            let is_new = !found.iter().any(|it| it.digest() == digest);
            if about == Some(*subject) && is_new {
                let size = u64::try_from(manifest.bytes.len()).unwrap_or(u64::MAX);
                found.push(Descriptor::new(manifest.media_type, digest, size));
            }
        }
        Ok(found)
    }

    fn stream(&self, blob: &Descriptor) -> Result<Option<Box<dyn Pieces>>, RegistryError> {
        let path = Self::blob_path(&blob.digest());
        match files::open(&self.folder.join(&path)) {
            Ok((file, _)) => Ok(Some(Box::new(Reading(file)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.wrong(&path, &error)),
        }
    }

    /// Whether a file is there that is what its name says: anybody may have put it there.
    fn has_whole(&self, blob: &Descriptor) -> io::Result<bool> {
        let path = self.folder.join(Self::blob_path(&blob.digest()));
        let (mut file, size) = files::open(&path)?;
        if size != blob.size() {
            return Ok(false);
        }
        let mut hasher = Hasher::new(blob.digest().algorithm());
        loop {
            let mut piece = Vec::new();
            if (&mut file).take(PIECE_BYTES).read_to_end(&mut piece)? == 0 {
                return Ok(hasher.finish() == blob.digest());
            }
            hasher.update(&piece);
        }
    }

    async fn keep(
        &self,
        blob: &Descriptor,
        mut body: Box<dyn Pieces>,
    ) -> Result<(), RegistryError> {
        let path = Self::blob_path(&blob.digest());
        let wrong = |error: io::Error| self.wrong(&path, &error);
        let mut file = self.temporary(&path).map_err(wrong)?;
        while let Some(piece) = poll_fn(|context| body.poll_next(context)).await {
            let piece = piece.map_err(|problem| RegistryError::Unreachable {
                registry: self.name(),
                problem,
            })?;
            file.write_all(&piece).map_err(wrong)?;
        }
        file.persist(self.folder.join(&path))
            .map_err(|it| wrong(it.error))?;
        Ok(())
    }
}

fn is_tagged(entry: &Value, tag: &str) -> bool {
    entry["annotations"][TAG].as_str() == Some(tag)
}

fn digest_of(entry: &Value) -> Option<Digest> {
    Digest::parse(entry["digest"].as_str()?)
}

/// What a manifest says that it is, or has to be: the folder does not say it.
fn media_type(bytes: &[u8]) -> String {
    let json: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let said = json["mediaType"].as_str().map(str::to_owned);
    said.unwrap_or_else(|| {
        let kind = if json["manifests"].is_array() {
            INDEX
        } else {
            MANIFEST
        };
        kind.to_owned()
    })
}

/// A blob that is read piece by piece.
struct Reading(File);

impl Pieces for Reading {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        let mut piece = Vec::new();
        let read = (&mut self.0).take(PIECE_BYTES).read_to_end(&mut piece);
        Poll::Ready(match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece)),
            Err(error) => Some(Err(TransportError::Connection {
                problem: io_text(&error),
            })),
        })
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Pending<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Repository for Layout {
    fn name(&self) -> String {
        format!("oci:{}", self.folder.display())
    }

    fn pull<'a>(
        &'a self,
        target: &'a Target,
    ) -> Pending<'a, Result<Option<Pulled>, RegistryError>> {
        ready(self.find(target))
    }

    fn push<'a>(
        &'a self,
        target: &'a Target,
        media_type: &'a str,
        bytes: &'a [u8],
        _: Option<&'a str>,
    ) -> Pending<'a, Result<Pushed, RegistryError>> {
        ready(self.put(target, media_type, bytes))
    }

    fn referrers<'a>(
        &'a self,
        subject: &'a Digest,
    ) -> Pending<'a, Result<Option<Vec<Descriptor>>, RegistryError>> {
        ready(self.list(subject).map(Some))
    }

    fn open_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
    ) -> Pending<'a, Result<Option<Box<dyn Pieces>>, RegistryError>> {
        ready(self.stream(blob))
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> Pending<'a, Result<bool, RegistryError>> {
        ready(Ok(self.has_whole(blob).unwrap_or(false)))
    }

    fn push_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<(), RegistryError>> {
        Box::pin(self.keep(blob, body))
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        ready(())
    }
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MARKER: &str = "oci-layout";
const MARKER_BYTES: usize = 64 << 10;
/// Bytes of a blob that are read at once.
const PIECE_BYTES: u64 = 256 << 10;
const TAG: &str = "org.opencontainers.image.ref.name";
const VERSION: &str = "1.0.0";
