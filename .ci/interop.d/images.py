"""Images: who signs them in a registry, who verifies that, and what becomes of it on the way elsewhere.

Of two registries one keeps a list of what refers to an image, and one does not, so that clients keep it below a tag.
"""

import concurrent.futures
import dataclasses
import json
import re
import time

from clients import Client, Who
from matrix import IDENTITY, STRANGER, each
from registries import CONFIG, MANIFEST, Registry, as_bytes, digest_of, fallback_tag

SIGNATURE = "signature"
PREDICATES = {
    "spdx": {"spdxVersion": "SPDX-2.3", "name": "app", "packages": []},
    "slsa": {"buildDefinition": {"buildType": "https://example.org/build/v1", "externalParameters": {}},
             "runDetails": {"builder": {"id": "https://example.org/builder"}}},
}
KINDS = [SIGNATURE, *PREDICATES]
WRITERS = 20
MIXED = 5

# What is said when an image is refused, by the reason and the verifier.
REASONS = {
    "another identity": {"sigsign": r"code: identity\.subject", "cosign": r"expected SAN value"},
    "no signature": {"sigsign": r"code: image\.nothing", "cosign": r"no signatures found"},
    "no attestation": {"sigsign": r"there is no attestation of type spdx; found, not verified: 1 signature",
                       "cosign": r"no matching attestations|none of the attestations matched the predicate type"},
    "the signature of another image": {
        "sigsign": r"code: artifact\.not-a-subject", "cosign": r"no matching signatures|do(es)? not match"},
    "the tag with signatures of another image": {
        "sigsign": r"code: simple-signing\.digest", "cosign": r"invalid or missing digest in claim"},
    "a referrer of another image": {
        "sigsign": r"code: attachment\.subject", "cosign": r"no matching signatures|do(es)? not match"},
    "an index without its platforms": {"sigsign": r"code: image\.nothing", "cosign": r"no signatures found"},
}


class SigsignImages(Client):
    name = "sigsign"

    def __init__(self, folder, program, token):
        super().__init__(folder)
        self.program = program
        self.token = token
        # Written once, before anybody reads them.
        (self.folder / "token").write_text(token)
        for kind, predicate in PREDICATES.items():
            self.predicate(kind).write_text(json.dumps(predicate))

    def sign(self, image, kind, services, options=()):
        what = ["sign", image] if kind == SIGNATURE else [
            "attest", image, "--type", kind, "--predicate", self.predicate(kind)]
        return self.run([
            self.program, "image", *what, *options, "--identity-token", "-",
            "--signing-config", services.signing_config(2),
            "--trusted-root", services.trusted_root], stdin=self.token)

    def verify(self, image, kind, services, who, options=()):
        kinds = [] if kind == SIGNATURE else ["--type", kind]
        return self.run([
            self.program, "image", "verify", image, *kinds, *options, "--identity", who.identity,
            "--issuer", who.issuer, "--trusted-root", services.trusted_root])

    def copy(self, from_, to):
        return self.run([self.program, "image", "copy", from_, to])

    def predicate(self, kind):
        return self.folder / f"{kind}.json"


class CosignImages(SigsignImages):
    name = "cosign"
    types = {"spdx": "spdxjson", "slsa": "slsaprovenance1"}

    def sign(self, image, kind, services, options=()):
        what = ["sign"] if kind == SIGNATURE else [
            "attest", "--type", self.types[kind], "--predicate", self.predicate(kind)]
        return self.run([
            self.program, *what, *options, "--yes", "--identity-token", self.folder / "token",
            "--trusted-root", services.trusted_root, *self.services(services), image])

    def verify(self, image, kind, services, who, options=()):
        what = ["verify"] if kind == SIGNATURE else ["verify-attestation", "--type", self.types[kind]]
        return self.run([
            self.program, *what, *options, "--trusted-root", services.trusted_root,
            "--certificate-identity", who.identity, "--certificate-oidc-issuer", who.issuer, image])

    def services(self, services):
        return ["--signing-config", services.signing_config(2)]


class CosignLegacy(CosignImages):
    """As it was before bundles: what is signed stands in a manifest below a tag, with a log's promise."""

    name = "cosign, tags"

    def services(self, services):
        return ["--new-bundle-format=false", "--use-signing-config=false",
                "--fulcio-url", services.urls["fulcio"], "--rekor-url", services.urls["rekor-v1"],
                "--timestamp-server-url", services.urls["tsa"]]


@dataclasses.dataclass
class Row:
    """An image that somebody signed, wherever it is."""

    place: str
    signer: object
    what: str
    cells: dict


class Images:
    """The cells, and what went wrong in them."""

    def __init__(self, folder, folders, services):
        self.folder = folder / "images"
        self.folder.mkdir()
        self.services = services
        self.who = Who(IDENTITY, services.issuer)
        # One is good for five minutes, which is longer than this takes.
        token = services.token(IDENTITY)
        self.sigsign = SigsignImages(self.folder / "sigsign", services.sigsign, token)
        self.cosign = CosignImages(self.folder / "cosign", folders["go"] / "cosign", token)
        self.tags = CosignLegacy(self.folder / "cosign-tags", folders["go"] / "cosign", token)
        self.verifiers = [self.sigsign, self.cosign]
        self.signers = [self.sigsign, self.cosign, self.tags]
        self.registries = [Registry(name, services.urls[name]) for name in ("docker-registry", "referrers-registry")]
        self.rows, self.problems, self.notes = [], [], []
        self.refused = 0

    def run(self):
        for part in (self.single, self.several_platforms, self.copies, self.refusals, self.writers, self.mixed_writers):
            begun = time.monotonic()
            part()
            print(f"interop: images, {part.__name__.replace('_', ' ')}: {time.monotonic() - begun:.1f} s", flush=True)
        return self.problems

    def wrong(self, label, said):
        self.problems.append(f"image {label}: {said}")

    # One platform.

    def single(self):
        """Every signer signs and attests an image of its own in each registry; both verify each of these."""
        works = [(registry, signer) for registry in self.registries for signer in self.signers]
        each(lambda it: self.sign_single(*it), works)
        each(lambda it: self.verify_row(*it), [
            (registry, repository_of(signer), Row(registry.name, signer, kind, {}))
            for registry, signer in works for kind in KINDS])

    def sign_single(self, registry, signer):
        repository = repository_of(signer)
        digest = registry.image(repository, f"an image that {signer.name} signs")
        for kind in KINDS:
            said = signer.sign(f"{registry.host}/{repository}@{digest}", kind, self.services)
            if said is not None:
                self.wrong(f"{registry.name}, {signer.name}: {kind} not made", said)

    def verify_row(self, registry, repository, row):
        """By whoever verifies, in a registry; by tag, so that the tag leads to what was signed."""
        for verifier in self.verifiers:
            said = self.verify(verifier, row.signer, f"{registry.host}/{repository}:1", row.what)
            self.cell(row, verifier, said)
        self.rows.append(row)

    def cell(self, row, verifier, said):
        row.cells[verifier.name] = "verified" if said is None else "REFUSED"
        if said is not None:
            self.wrong(f"{row.place}, {row.signer.name}: {row.what} by {verifier.name}", said)

    def verify(self, verifier, signer, image, kind, options=()):
        # What was signed before bundles has a log's promise and no proof.
        waived = ["--danger-no-inclusion-proof"] if signer is self.tags and verifier is self.sigsign else []
        return verifier.verify(image, kind, self.services, self.who, [*options, *waived])

    # Several platforms.

    def several_platforms(self):
        """An index and all that is in it is signed; verified as a whole, by one platform, and all of it."""
        each(lambda it: self.platforms(*it), [
            (registry, signer) for registry in self.registries for signer in self.signers])

    def platforms(self, registry, signer):
        repository = f"{repository_of(signer)}-platforms"
        digest, members = registry.index(repository, f"images that {signer.name} signs")
        image = f"{registry.host}/{repository}@{digest}"
        said = signer.sign(image, SIGNATURE, self.services, ["--recursive"])
        if said is not None:
            return self.wrong(f"{registry.name}, {signer.name}: index not signed", said)
        one = next(iter(members))
        # Cosign knows an index and its platforms by their digests only.
        by_digest = {"index": [digest], one: [members[one]], "all platforms": [digest, *members.values()]}
        words = {"index": "index", one: one, "all platforms": "all"}
        for what, digests in by_digest.items():
            row = Row(registry.name, signer, what, {})
            options = ["--platform", words[what]]
            self.cell(row, self.sigsign, self.verify(self.sigsign, signer, image, SIGNATURE, options))
            names = [f"{registry.host}/{repository}@{it}" for it in digests]
            said = [self.verify(self.cosign, signer, it, SIGNATURE) for it in names]
            self.cell(row, self.cosign, next(filter(None, said), None))
            self.rows.append(row)
        return None

    # From one place to the next.

    def copies(self):
        """To a folder, to the other registry, and back to the first one under another name."""
        first, second = self.registries
        each(lambda signer: self.copied(signer, first, second), self.signers)

    def copied(self, signer, first, second):
        repository = repository_of(signer)
        layout = f"oci:{self.folder}/{repository}:1"
        ways = [(f"{first.host}/{repository}:1", layout, "in a folder", None),
                (layout, f"{second.host}/copies/{repository}:1", f"from there in {second.name}", second),
                (f"{second.host}/copies/{repository}:1", f"{first.host}/copies/{repository}:1",
                 f"and back in {first.name}", first)]
        for from_, to, place, registry in ways:
            said = self.sigsign.copy(from_, to)
            if said is not None:
                return self.wrong(f"{place}, {signer.name}: not copied", said)
            row = Row(place, signer, ", ".join(KINDS), {})
            for verifier in self.verifiers if registry else [self.sigsign]:
                options = [] if registry else ["--offline"]
                said = [self.verify(verifier, signer, to, kind, options) for kind in KINDS]
                self.cell(row, verifier, next(filter(None, said), None))
            self.rows.append(row)
        return None

    # What must not verify.

    def refusals(self):
        """Each verifier must refuse for the reason that there is, and for no other."""
        each(lambda it: self.refuse(*it), [
            (registry, verifier, *case) for registry in self.registries
            for case in self.cases(registry) for verifier in self.verifiers])
        self.bound_to_repository()

    def cases(self, registry):
        """The reason, the image, what is asked of it, and of whom."""
        stranger = Who(STRANGER, self.services.issuer)
        signed = repository_of(self.sigsign)
        bundle = registry.signature(signed, digest_below(registry, signed))
        for repository in ("unsigned", "decoy", "astray", "bare", "tags"):
            registry.image(repository, f"an image that is {repository}")
        registry.decoy("decoy", digest_below(registry, "decoy"), bundle)
        if registry.name == "docker-registry":
            # Where nobody but clients keeps the list, it can have anything in it.
            of_another = digest_below(registry, "unsigned")
            registry.decoy("astray", digest_below(registry, "astray"), bundle, of_another)
            yield "a referrer of another image", f"{registry.host}/astray:1", SIGNATURE, self.who
        _, members = registry.index("parts", "images of which one is signed")
        said = [self.sigsign.sign(f"{registry.host}/{it}", SIGNATURE, self.services)
                for it in (f"parts@{members['linux/amd64']}", "bare:1")]
        for said in filter(None, said):
            self.wrong(f"{registry.name}: not signed for a refusal", said)
        by_tags = repository_of(self.tags)
        legacy = registry.get_manifest(by_tags, f"{fallback_tag(digest_below(registry, by_tags))}.sig")
        for layer in legacy["layers"]:
            registry.put_blob("tags", layer["mediaType"], registry.get_blob(by_tags, layer["digest"]))
        registry.put_blob("tags", CONFIG, registry.get_blob(by_tags, legacy["config"]["digest"]))
        registry.put_manifest("tags", f"{fallback_tag(digest_below(registry, 'tags'))}.sig", MANIFEST, as_bytes(legacy))
        yield "the tag with signatures of another image", f"{registry.host}/tags:1", SIGNATURE, self.who
        yield "another identity", f"{registry.host}/{signed}:1", SIGNATURE, stranger
        yield "no signature", f"{registry.host}/unsigned:1", SIGNATURE, self.who
        yield "no attestation", f"{registry.host}/bare:1", "spdx", self.who
        yield "the signature of another image", f"{registry.host}/decoy:1", SIGNATURE, self.who
        yield "an index without its platforms", f"{registry.host}/parts:1", SIGNATURE, self.who

    def bound_to_repository(self):
        """Before bundles a signature named the repository, which does not change when it is copied."""
        [registry, _] = self.registries
        waived = ["--danger-no-inclusion-proof", "--bind-repository"]
        repository = repository_of(self.tags)
        said = [self.sigsign.verify(f"{registry.host}/{it}:1", SIGNATURE, self.services, self.who, waived)
                for it in (repository, f"copies/{repository}")]
        if said[0] is None and "code: simple-signing.repository" in (said[1] or ""):
            self.refused += 1
        else:
            self.wrong("bound to its repository", f"wanted a refusal of the copy for it, found {said}")

    def refuse(self, registry, verifier, reason, image, kind, who):
        said = verifier.verify(image, kind, self.services, who)
        if said is not None and re.search(REASONS[reason][verifier.name], said):
            self.refused += 1
        else:
            self.wrong(f"{registry.name}: {verifier.name} with {reason}",
                       f"wanted a refusal for it, found {said or 'that it verifies'}")

    # Many at once.

    def writers(self):
        """So many sign one image at the same time, and every signature is found afterwards."""
        each(self.writers_in, self.registries)

    def writers_in(self, registry):
        digest = registry.image("writers", "an image that many sign")
        image = f"{registry.host}/writers@{digest}"
        failed = self.at_once([(self.sigsign, image, ["-a", f"writer={it}"]) for it in range(WRITERS)])
        for said in failed:
            self.wrong(f"{registry.name}: writer", said)
        listed = registry.listed("writers", digest)
        who = sorted(int(registry.annotations("writers", it)["writer"]) for it in listed)
        if who != list(range(WRITERS)):
            self.wrong(f"{registry.name}: {WRITERS} writers", f"wanted each once in the list, found {who}")
        last = f"writer={WRITERS - 1}"
        said = self.sigsign.verify(image, SIGNATURE, self.services, self.who, ["-a", last])
        if said is not None:
            self.wrong(f"{registry.name}: {last}", said)
        self.notes.append(f"{WRITERS} of ours at once in {registry.name}: {len(set(who))} of {WRITERS} listed")

    def mixed_writers(self):
        """The same with cosign among them. What it does to the list below a tag is not ours to promise."""
        each(self.mixed_writers_in, self.registries)

    def mixed_writers_in(self, registry):
        digest = registry.image("mixed", "an image that many sign, each in their way")
        image = f"{registry.host}/mixed@{digest}"
        works = [work for it in range(MIXED) for work in (
            (self.sigsign, image, ["-a", f"writer=ours-{it}"]),
            (self.cosign, image, ["-a", f"writer=theirs-{it}"]))]
        for said in self.at_once(works):
            self.wrong(f"{registry.name}: mixed writer", said)
        found = [registry.annotations("mixed", it)["writer"] for it in registry.listed("mixed", digest)]
        counts = {whose: len({it for it in found if it.startswith(whose)}) for whose in ("ours", "theirs")}
        if counts["ours"] != MIXED:
            self.wrong(f"{registry.name}: mixed writers", f"wanted {MIXED} of ours in the list, found {found}")
        if registry.name == "referrers-registry" and counts["theirs"] != MIXED:
            self.wrong(f"{registry.name}: mixed writers", f"wanted {MIXED} of cosign's, found {found}")
        self.notes.append(f"{MIXED} of ours and {MIXED} of cosign's at once in {registry.name}: "
                          f"{counts['ours']} and {counts['theirs']} listed")

    def at_once(self, works):
        """Signs, all at the same time; what failed."""
        with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
            sign = [pool.submit(signer.sign, image, SIGNATURE, self.services, options)
                    for signer, image, options in works]
            return list(filter(None, (it.result() for it in sign)))

    def table(self):
        """A line for each thing that was signed, a column for each verifier."""
        names = [it.name for it in self.verifiers]
        lines = [["images", "signer", "what", *names]]
        for row in sorted(self.rows, key=lambda it: (it.place, it.signer.name, it.what)):
            lines.append([row.place, row.signer.name, row.what, *(row.cells.get(it, "") for it in names)])
        widths = [max(map(len, column)) for column in zip(*lines)]
        return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]


def repository_of(signer):
    return "by-" + re.sub("[^a-z]+", "-", signer.name)


def digest_below(registry, repository):
    """The digest of the image below the tag `1`."""
    return digest_of(as_bytes(registry.get_manifest(repository, "1")))
