use std::time::Duration;

use super::auth::Access;
use super::origin::Origin;
use super::{Ask, Remote};
use crate::digest::Digest;
use crate::limits;
use crate::oci::error::{ManifestError, RegistryError};
use crate::oci::manifest::{Descriptor, Document, MANIFEST_TYPES, OCI_INDEX};
use crate::oci::reference::Target;
use crate::oci::repository::{Pulled, Pushed, Repository};
use crate::transport::{Pending, Pieces, Request, Response};

/// A repository of a registry over HTTP.
#[derive(Clone, Debug)]
pub struct RemoteRepository {
    remote: Remote,
    origin: Origin,
    registry: String,
    repository: String,
}

impl RemoteRepository {
    pub(super) fn new(
        remote: Remote,
        origin: Origin,
        registry: String,
        repository: String,
    ) -> Self {
        Self {
            remote,
            origin,
            registry,
            repository,
        }
    }

    fn ask<'a>(&'a self, access: Access, what: &'a str) -> Ask<'a> {
        Ask {
            remote: &self.remote,
            origin: &self.origin,
            registry: &self.registry,
            repository: &self.repository,
            access,
            limit: self.remote.patience,
            what,
        }
    }

    /// With the time that a blob of this length needs on a slow line, and no more.
    fn ask_at_length<'a>(&'a self, access: Access, what: &'a str, size: u64) -> Ask<'a> {
        let needed = Duration::from_secs(size.div_euclid(SLOW_LINE)).min(LONGEST);
        Ask {
            limit: self.remote.patience.saturating_add(needed),
            ..self.ask(access, what)
        }
    }

    fn url(&self, rest: &str) -> String {
        self.origin.url(&format!("/v2/{}/{rest}", self.repository))
    }

    fn manifest_url(&self, target: &Target) -> String {
        self.url(&match target {
            Target::Digest(digest) => format!("manifests/{digest}"),
            Target::Tag(tag) => format!("manifests/{tag}"),
        })
    }

    /// Spec: distribution-spec, Pulling manifests
    async fn pull_manifest(&self, target: &Target) -> Result<Option<Pulled>, RegistryError> {
        let what = format!("{}{target}", self.name());
        let request = Request::get(self.manifest_url(target))
            .accept(MANIFEST_TYPES)
            .at_most(limits::MANIFEST_BYTES);
        let ask = self.ask(Access::Pull, &what);
        let answer = ask.insist(&request).await?;
        match answer.status() {
            200 => Ok(Some(Pulled {
                media_type: media_type(&answer),
                claimed: answer
                    .header_named("docker-content-digest")
                    .map(str::to_owned),
                state: answer.header_named("etag").map(str::to_owned),
                bytes: answer.into_body(),
            })),
            404 => Ok(None),
            _ => Err(ask.refused(&answer)),
        }
    }

    /// Spec: distribution-spec, Pushing Manifests
    async fn push_manifest(
        &self,
        target: &Target,
        media_type: &str,
        bytes: &[u8],
        only_if: Option<&str>,
    ) -> Result<Pushed, RegistryError> {
        let what = format!("{}{target}", self.name());
        let mut request = Request::put(self.manifest_url(target), media_type, bytes.to_vec());
        if let Some(state) = only_if {
            request = request.header("if-match", state.to_owned());
        }
        let ask = self.ask(Access::Push, &what);
        let answer = ask.insist(&request).await?;
        match answer.status() {
            200..=202 => Ok(Pushed::Stored),
            412 => Ok(Pushed::Changed),
            _ => Err(ask.refused(&answer)),
        }
    }

    /// Every page of the list. Registries without the list answer in ways of their own.
    ///
    /// Spec: distribution-spec, Listing Referrers
    async fn list(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let what = format!("referrers of {}@{subject}", self.name());
        let ask = self.ask(Access::Pull, &what);
        let mut url = self.url(&format!("referrers/{subject}"));
        let mut found = Vec::new();
        for page in 0..limits::REFERRER_PAGES {
            let request = Request::get(url.clone())
                .accept(OCI_INDEX)
                .at_most(limits::MANIFEST_BYTES);
            let answer = ask.send(&request).await?;
            match answer.status() {
                200 if media_type(&answer) == OCI_INDEX => {}
                200 | 400 | 404 | 405 | 406 if page == 0 => return Ok(None),
                _ => return Err(ask.refused(&answer)),
            }
            let next = next_page(&answer);
            found.extend(members(&what, answer.body())?);
            if found.len() > limits::INDEX_MEMBERS {
                let cap = limits::INDEX_MEMBERS;
                return Err(self.endless(cap));
            }
            match next {
                None => return Ok(Some(found)),
                Some(next) => url = self.on_this_host(&url, &next)?,
            }
        }
        Err(self.endless(limits::REFERRER_PAGES))
    }

    /// The next page, which is at the same registry.
    fn on_this_host(&self, here: &str, next: &str) -> Result<String, RegistryError> {
        let url = self.origin.follow(here, next).ok();
        url.filter(|url| Origin::of_url(url).as_ref() == Some(&self.origin))
            .ok_or_else(|| RegistryError::Link {
                registry: self.registry.clone(),
                found: next.to_owned(),
            })
    }

    fn endless(&self, cap: usize) -> RegistryError {
        let registry = self.registry.clone();
        RegistryError::Pages { registry, cap }
    }

    fn blob_url(&self, blob: &Descriptor) -> String {
        self.url(&format!("blobs/{}", blob.digest()))
    }

    /// Spec: distribution-spec, Pulling blobs
    async fn stream(&self, blob: &Descriptor) -> Result<Option<Box<dyn Pieces>>, RegistryError> {
        let what = format!("blob {}@{}", self.name(), blob.digest());
        let ask = self.ask_at_length(Access::Pull, &what, blob.size());
        let request = Request::get(self.blob_url(blob)).accept("*/*");
        let (answer, body) = ask.open(&request).await?;
        match answer.status() {
            200 => Ok(Some(body)),
            404 => Ok(None),
            _ => {
                let body = crate::transport::together(body, limits::RESPONSE_BYTES).await;
                Err(ask.refused(&answer.with_body(body.unwrap_or_default())))
            }
        }
    }

    /// Spec: distribution-spec, Checking if content exists in the registry
    async fn head(&self, blob: &Descriptor) -> Result<bool, RegistryError> {
        let what = format!("blob {}@{}", self.name(), blob.digest());
        let ask = self.ask(Access::Pull, &what);
        let request = Request::head(self.blob_url(blob)).accept("*/*");
        let answer = ask.insist(&request).await?;
        match answer.status() {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(ask.refused(&answer)),
        }
    }

    /// Spec: distribution-spec, Pushing a blob monolithically, POST then PUT
    async fn upload(&self, blob: &Descriptor, body: Box<dyn Pieces>) -> Result<(), RegistryError> {
        let what = format!("blob {}@{}", self.name(), blob.digest());
        let ask = self.ask_at_length(Access::Push, &what, blob.size());
        let start = self.url("blobs/uploads/");
        let types = ("application/octet-stream", "*/*");
        let request = Request::post(start.clone(), types, Vec::new());
        let answer = ask.send(&request).await?;
        if answer.status() != 202 {
            return Err(ask.refused(&answer));
        }
        let place = self
            .origin
            .follow(&start, answer.its_location().unwrap_or_default());
        let place = place.map_err(|(to, problem)| ask.wrong_way(to, problem))?;
        let separator = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{separator}digest={}", blob.digest());
        let mut request = Request::put(url, types.0, Vec::new()).timeout(ask.limit);
        // A27: whoever else takes the upload knows neither us nor our token
        if Origin::of_url(&place).as_ref() == Some(&self.origin) {
            request = ask.authorization().on(request);
        }
        let transport = &self.remote.inner.transport;
        let answer = transport.hand_in(&request, blob.size(), body).await;
        let answer = answer.map_err(|problem| ask.failed(problem))?;
        match answer.status() {
            200 | 201 => Ok(()),
            _ => Err(ask.refused(&answer)),
        }
    }
}

impl Repository for RemoteRepository {
    fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    fn pull<'a>(
        &'a self,
        target: &'a Target,
    ) -> Pending<'a, Result<Option<Pulled>, RegistryError>> {
        Box::pin(self.pull_manifest(target))
    }

    fn push<'a>(
        &'a self,
        target: &'a Target,
        media_type: &'a str,
        bytes: &'a [u8],
        only_if: Option<&'a str>,
    ) -> Pending<'a, Result<Pushed, RegistryError>> {
        Box::pin(self.push_manifest(target, media_type, bytes, only_if))
    }

    fn referrers<'a>(
        &'a self,
        subject: &'a Digest,
    ) -> Pending<'a, Result<Option<Vec<Descriptor>>, RegistryError>> {
        Box::pin(self.list(subject))
    }

    fn open_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
    ) -> Pending<'a, Result<Option<Box<dyn Pieces>>, RegistryError>> {
        Box::pin(self.stream(blob))
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> Pending<'a, Result<bool, RegistryError>> {
        Box::pin(self.head(blob))
    }

    fn push_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<(), RegistryError>> {
        Box::pin(self.upload(blob, body))
    }

    fn wait(&self, time: Duration) -> Pending<'_, ()> {
        self.remote.inner.transport.wait(time)
    }
}

/// What a page lists.
fn members(what: &str, json: &[u8]) -> Result<Vec<Descriptor>, RegistryError> {
    let wrong = |problem: ManifestError| RegistryError::Manifest {
        what: what.to_owned(),
        problem,
    };
    match Document::parse(OCI_INDEX, json).map_err(wrong)? {
        Document::Index(index) => Ok(index.members().to_vec()),
        Document::Manifest(_) => Ok(Vec::new()),
    }
}

/// The type of an answer, without parameters.
fn media_type(answer: &Response) -> String {
    let found = answer.header_named("content-type").unwrap_or_default();
    let found = found.split(';').next().unwrap_or_default().trim();
    found.to_ascii_lowercase()
}

/// Where the list goes on.
///
/// Spec: RFC 8288 3
fn next_page(answer: &Response) -> Option<String> {
    answer.headers_named("link").find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let mut parameters = parameters.split(';').map(str::trim);
        let is_next = |it: &str| matches!(it, "rel=next" | "rel=\"next\"");
        parameters.any(is_next).then(|| target.to_owned())
    })
}

/// Bytes that come in a second where lines are slow.
const SLOW_LINE: u64 = 128 << 10;

/// How much longer the longest blob may take on its way.
const LONGEST: Duration = Duration::from_secs(3600);
