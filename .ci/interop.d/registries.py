"""Registries, as a program sees them that keeps images there and looks at what refers to them."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNATURE_TYPE = "https://sigstore.dev/cosign/sign/v1"
PLATFORMS = ["amd64", "arm64"]
SECONDS = 30


class Registry:
    """One registry; every image has a repository of its own, so that nothing is found by accident."""

    def __init__(self, name, url):
        self.name = name
        self.url = url
        self.host = url.split("://")[1]

    def image(self, repository, text):
        """An image for one platform, below the tag `1`; its digest."""
        manifest = self._manifest(repository, text, "amd64")
        return self.put_manifest(repository, "1", MANIFEST, manifest)

    def index(self, repository, text):
        """An image for several platforms, below the tag `1`; its digest and those of its platforms."""
        members = {}
        for architecture in PLATFORMS:
            manifest = self._manifest(repository, f"{text} on {architecture}", architecture)
            digest = self.put_manifest(repository, None, MANIFEST, manifest)
            members[f"linux/{architecture}"] = {
                "mediaType": MANIFEST, "digest": digest, "size": len(manifest),
                "platform": {"os": "linux", "architecture": architecture}}
        index = as_bytes({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(members.values())})
        digest = self.put_manifest(repository, "1", INDEX, index)
        return digest, {name: it["digest"] for name, it in members.items()}

    def _manifest(self, repository, text, architecture):
        config = as_bytes({"os": "linux", "architecture": architecture, "config": {},
                           "rootfs": {"type": "layers", "diff_ids": []}})
        return as_bytes({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": self.put_blob(repository, CONFIG, config),
            "layers": [self.put_blob(repository, LAYER, text.encode())]})

    def put_blob(self, repository, media_type, content):
        """A blob; its descriptor."""
        digest = digest_of(content)
        _, headers, _ = self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        place = headers["Location"].removeprefix(self.url)
        separator = "&" if "?" in place else "?"
        self.ask("PUT", f"{place}{separator}digest={digest}", content, "application/octet-stream")
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def put_manifest(self, repository, tag, media_type, content):
        digest = digest_of(content)
        for name in filter(None, (digest, tag)):
            self.ask("PUT", f"/v2/{repository}/manifests/{name}", content, media_type)
        return digest

    def get_manifest(self, repository, name):
        """A manifest or index; `None` if there is none."""
        status, _, body = self.ask("GET", f"/v2/{repository}/manifests/{name}", accept=f"{MANIFEST}, {INDEX}")
        return json.loads(body) if status == 200 else None

    def get_blob(self, repository, digest):
        return self.ask("GET", f"/v2/{repository}/blobs/{digest}")[2]

    def listed(self, repository, digest):
        """What refers to an image, by the registry's list or by the index that stands in for it."""
        status, _, body = self.ask("GET", f"/v2/{repository}/referrers/{digest}", accept=INDEX)
        if status != 200:
            body = as_bytes(self.get_manifest(repository, fallback_tag(digest)) or {"manifests": []})
        return [it["digest"] for it in json.loads(body)["manifests"]]

    def annotations(self, repository, referrer):
        """What the signature that a referrer carries is annotated with."""
        manifest = self.get_manifest(repository, referrer)
        statement = statement_of(self.get_blob(repository, manifest["layers"][0]["digest"]))
        return statement["subject"][0].get("annotations", {})

    def decoy(self, repository, digest, bundle, subject=None):
        """Attaches a bundle to an image as signers do it, whatever it is about.

        With `subject` the manifest names that in place of the image.
        """
        image = self.get_manifest(repository, digest)
        described = {"mediaType": image["mediaType"], "digest": subject or digest, "size": len(as_bytes(image))}
        config = self.put_blob(repository, "application/vnd.oci.empty.v1+json", b"{}")
        annotations = {"dev.sigstore.bundle.content": "dsse-envelope",
                       "dev.sigstore.bundle.predicateType": SIGNATURE_TYPE}
        manifest = as_bytes({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "config": config,
            "layers": [self.put_blob(repository, BUNDLE, bundle)], "subject": described, "annotations": annotations})
        referrer = self.put_manifest(repository, None, MANIFEST, manifest)
        if referrer not in self.listed(repository, digest):
            entry = {"mediaType": MANIFEST, "digest": referrer, "size": len(manifest), "artifactType": BUNDLE}
            index = as_bytes({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
            self.put_manifest(repository, fallback_tag(digest), INDEX, index)

    def signature(self, repository, digest):
        """The bundle that an image is signed with."""
        for referrer in self.listed(repository, digest):
            manifest = self.get_manifest(repository, referrer)
            bundle = self.get_blob(repository, manifest["layers"][0]["digest"])
            if statement_of(bundle)["predicateType"] == SIGNATURE_TYPE:
                return bundle
        raise ValueError(f"nobody signed {repository}@{digest}")

    def ask(self, method, path, content=None, media_type=None, accept="*/*"):
        """Status, headers and body of an answer."""
        headers = {"Accept": accept, **({"Content-Type": media_type} if media_type else {})}
        data = content if content is not None or method == "GET" else b""
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            if method != "GET":
                raise
            return error.code, error.headers, error.read()


def as_bytes(value):
    return json.dumps(value).encode()


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def fallback_tag(digest):
    return digest.replace(":", "-")


def statement_of(bundle):
    envelope = json.loads(bundle)["dsseEnvelope"]
    return json.loads(base64.b64decode(envelope["payload"]))
