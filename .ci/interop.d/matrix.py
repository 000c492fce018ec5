"""Every client signs, every client verifies what each signed, and refuses what it should."""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re

from clients import MESSAGE, STATEMENT, STATEMENT_0_1, Who, Work

IDENTITY = "jane@example.org"
STRANGER = "joe@example.org"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
AT_ONCE = 2 * (os.cpu_count() or 1)

# What a verifier says when it refuses for the reason that it was given.
OTHER_IDENTITY = {
    "sigsign": r"code: identity\.",
    "cosign": r"expected SAN value",
    "sigstore-python": r"SANs do not match",
    "sigstore-js": r"certificate identity error",
}
OTHER_ISSUER = {
    "sigsign": r"code: identity\.",
    "cosign": r"expected issuer value",
    "sigstore-python": r"OIDCIssuer does not match",
    "sigstore-js": r"invalid certificate extension - expected issuer=",
}
OTHER_FILE = {
    "sigsign": r"code: artifact\.(digest-mismatch|not-a-subject)",
    "cosign": r"invalid signature when validating|artifact digests do not match digests in statement",
    "sigstore-python": r"Bundle message digest mismatch|statement has no subject for digest",
    "sigstore-js": r"SIGNATURE_ERROR signature verification failed",
}

# This library verifies an envelope; which files its statement is about is for its caller to read.
NOT_LOOKED_AT = {("sigstore-js", STATEMENT, "file")}

# What a client cannot do, by design, and what is said then: it is run all the same, and if it
# could after all, or failed over something else, that would be a problem. By signer and kind, and
# the log or the verifier.
KNOWN = {
    ("sigstore-js", STATEMENT, 2): (
        "not signed", r"invalid type, must be hashedrekord",
        "sends an entry of type dsse to a log of version 2, and Rekor takes hashedrekord only"),
    ("cosign", STATEMENT_0_1, "sigstore-python"): (
        "refused", r"Input should be\s+'https://in-toto.io/Statement/v1'",
        "reads statements of version 1 only"),
    ("sigsign p384", STATEMENT, 1): (
        "not signed", r"code: sign\.statement-scheme",
        "says that Rekor hashes every envelope with SHA-256 there"),
    ("sigsign ed25519", STATEMENT, 2): (
        "not signed", r"code: sign\.statement-scheme",
        "says that Rekor takes digests only there, which pure Ed25519 does not sign"),
    ("sigsign p384", MESSAGE, "sigstore-python"): (
        "refused", r"Bundle message digest mismatch", "hashes with SHA-256 whatever the key"),
    ("sigsign p384", STATEMENT, "sigstore-python"): (
        "refused", r"DSSE: invalid signature", "hashes with SHA-256 whatever the key"),
    ("sigsign p384", STATEMENT, "sigstore-js"): (
        "refused", r"TLOG_BODY_ERROR digest mismatch",
        "hashes with SHA-256 what a log of version 2 has of an envelope"),
    ("sigsign ed25519", MESSAGE, "sigstore-python"): (
        "refused", r"Bundle message digest mismatch", "hashes with SHA-256 whatever the key"),
    ("sigsign ed25519", STATEMENT, "sigstore-python"): (
        "refused", r"TypeError: Ed25519PublicKey.verify", "verifies with ECDSA whatever the key"),
    ("sigsign ed25519", MESSAGE, "sigstore-js"): (
        "refused", r"SIGNATURE_ERROR signature verification failed", "does not know Ed25519ph"),
}


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What one client signed."""

    services: str
    signer: str
    kind: str
    log: int
    path: object

    @property
    def label(self):
        return f"{self.services}: {self.kind} by {self.signer}, Rekor v{self.log}"


class Matrix:
    """The cells, and what went wrong in them."""

    def __init__(self, folder):
        self.folder = folder
        self.problems = []
        self.cells = {}
        self.bundles = []
        kinds = [MESSAGE, STATEMENT, STATEMENT_0_1]
        self.work = {kind: new_work(folder, kind, "file") for kind in kinds}
        self.other = {kind: new_work(folder, kind, "other") for kind in kinds}

    def first_entries(self, name, services, signer, logs):
        """The first entry of each log, which has no proof hashes and the index 0.

        It is ours: cosign leaves both out of the bundle, and sigstore-python wants them.
        """
        for log in logs:
            bundle = self._sign(name, services, signer, MESSAGE, log)
            if not bundle.path.exists():
                continue
            [entry] = json.loads(bundle.path.read_text())["verificationMaterial"]["tlogEntries"]
            if str(entry["logIndex"]) != "0":
                self.problems.append(f"{bundle.label}: index {entry['logIndex']}, wanted 0")

    def sign(self, name, services, signers, logs):
        """What has not been signed yet, several at a time."""
        have = {(it.services, it.signer, it.kind, it.log) for it in self.bundles}
        wanted = [(signer, kind, log) for signer in signers for kind in signer.kinds
                  for log in logs if (name, signer.name, kind, log) not in have]
        each(lambda it: self._sign(name, services, *it), wanted)

    def _sign(self, name, services, signer, kind, log):
        path = self.folder / f"{name}-{signer.name}-{kind}-v{log}.sigstore.json".replace(" ", "-")
        bundle = Bundle(name, signer.name, kind, log, path)
        said = signer.sign(self.work[kind], services, log, services.token(IDENTITY), path)
        self.cells[bundle, None] = self._judged(said, (signer.name, kind, log), bundle.label)
        self.bundles.append(bundle)
        return bundle

    def verify(self, name, services, verifiers):
        """Every bundle of these services by every verifier."""
        wanted = [(verifier, bundle) for verifier in verifiers for bundle in self.bundles
                  if bundle.services == name and self._is_signed(bundle)]
        each(lambda it: self._verify(services, *it), wanted)

    def _verify(self, services, verifier, bundle):
        who = Who(IDENTITY, services.issuer)
        said = verifier.verify(self.work[bundle.kind], services, bundle.path, who)
        at = (bundle.signer, bundle.kind, verifier.name)
        label = f"{bundle.label}: {verifier.name}"
        self.cells[bundle, verifier.name] = self._judged(said, at, label)

    def _judged(self, said, at, label):
        """What a cell has: that it is good, or what is known of it."""
        if at in KNOWN:
            answer, reason, _ = KNOWN[at]
            is_as_known = said is not None and re.search(reason, said)
        else:
            answer, is_as_known = "ok", said is None
        if is_as_known:
            return answer
        self.problems.append(f"{label}: wanted {answer!r}, found {said or 'ok'}")
        return "FAILED"

    def _is_signed(self, bundle):
        return self.cells[bundle, None] == "ok"

    def check_size(self, name, size):
        """A log of version 2 has published as many entries as there are bundles with one."""
        there = [it for it in self.bundles
                 if it.services == name and it.log == 2 and self._is_signed(it)]
        if size != len(there):
            self.problems.append(f"Rekor v2 has published {size} entries, wanted {len(there)}")

    def refusals(self, services, verifiers):
        """The wrong signer and the wrong file: sigsign of all bundles, the others of sigsign's."""
        wanted = [(verifier, bundle) for verifier in verifiers for bundle in self.bundles
                  if "sigsign" in (verifier.name, bundle.signer)
                  and bundle.services == "real" and self._is_signed(bundle)]
        return sum(each(lambda it: self._refuses(services, *it), wanted))

    def _refuses(self, services, verifier, bundle):
        """How often it refused as it should."""
        asked = [("identity", self.work, Who(STRANGER, services.issuer), OTHER_IDENTITY),
                 ("issuer", self.work, Who(IDENTITY, services.issuer + "/x"), OTHER_ISSUER),
                 ("file", self.other, Who(IDENTITY, services.issuer), OTHER_FILE)]
        good = 0
        for what, work, who, reasons in asked:
            if (verifier.name, bundle.kind, what) in NOT_LOOKED_AT:
                continue
            said = verifier.verify(work[bundle.kind], services, bundle.path, who)
            if said is not None and re.search(reasons[verifier.name], said):
                good += 1
            else:
                self.problems.append(f"{bundle.label}: {verifier.name} with another {what}: "
                                     f"wanted a refusal for it, found {said or 'that it verifies'}")
        return good

    def table(self, verifiers):
        """A line for each bundle, a column for each verifier."""
        names = [it.name for it in verifiers]
        lines = [["services", "signer", "content", "log", *names]]
        for bundle in sorted(self.bundles, key=lambda it: str(it.path)):
            cells = [self.cells.get((bundle, name), self.cells[bundle, None]) for name in names]
            lines.append([bundle.services, bundle.signer, bundle.kind, f"v{bundle.log}", *cells])
        widths = [max(map(len, column)) for column in zip(*lines)]
        notes = [f"{at[0]}, {at[1]}, {at[2] if isinstance(at[2], str) else f'Rekor v{at[2]}'}: "
                 f"{answer}, as it {why}" for at, (answer, _, why) in KNOWN.items()]
        return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                for line in lines] + notes


def each(function, items):
    """Of every item, several at a time."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, items))


def new_work(folder, kind, name):
    """A file of its own, and a statement about it."""
    file = folder / name
    file.write_text(f"what is signed: {name}\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    predicate = {
        "buildDefinition": {"buildType": "https://example.org/build/v1", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://example.org/builder"}}}
    statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": PREDICATE_TYPE,
                 "subject": [{"name": name, "digest": {"sha256": digest}}], "predicate": predicate}
    paths = [folder / f"{name}.{it}.json" for it in ("statement", "predicate")]
    for path, value in zip(paths, (statement, predicate)):
        path.write_text(json.dumps(value))
    return Work(kind, file, *paths, PREDICATE_TYPE)
