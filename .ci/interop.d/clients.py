"""The clients, each as its users call it: sign a file with some services, verify a bundle.

What a client is asked to do is the same for all; how it is asked is all that differs.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 120


MESSAGE = "message"
STATEMENT = "statement"
# As cosign makes them if it is not handed a whole one.
STATEMENT_0_1 = "statement v0.1"


@dataclasses.dataclass(frozen=True)
class Work:
    """What is signed: a file as it is, or a statement about it."""

    kind: str
    file: pathlib.Path
    statement: pathlib.Path
    predicate: pathlib.Path
    predicate_type: str

    @property
    def is_statement(self):
        return self.kind != MESSAGE


@dataclasses.dataclass(frozen=True)
class Who:
    """Whom a verifier is told to expect."""

    identity: str
    issuer: str


class Client:
    """A program that signs and verifies; errors are what it said, not exceptions."""

    kinds = [MESSAGE, STATEMENT]

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)

    def run(self, command, stdin=""):
        """`None`, or what the program said when it failed."""
        # Nothing of the user's, and no proxy on the way to loopback.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "NO_COLOR": "1",
                       "XDG_DATA_HOME": str(self.home), "TUF_ROOT": str(self.home / "tuf")}
        command = list(map(str, command))
        try:
            done = subprocess.run(command, input=stdin, env=environment, text=True, cwd=self.folder,
                                  capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"no answer after {SECONDS} s: {' '.join(command)}"
        if done.returncode == 0:
            return None
        said = (done.stderr + done.stdout).strip()
        return f"status {done.returncode}: {said or 'nothing was said'}"


class Sigsign(Client):
    name = "sigsign"

    def __init__(self, folder, program, scheme=None):
        super().__init__(folder)
        self.program = program
        self.options = ["--scheme", scheme] if scheme else []
        if scheme:
            self.name = f"sigsign {scheme}"

    def sign(self, work, services, log_version, token, bundle):
        what = [work.statement, "--statement"] if work.is_statement else [work.file]
        return self.run([
            self.program, "sign", *what, *self.options, "--bundle", bundle, "--identity-token", "-",
            "--signing-config", services.signing_config(log_version),
            "--trusted-root", services.trusted_root], stdin=token)

    def verify(self, work, services, bundle, who):
        statement = ["--type", work.predicate_type] if work.is_statement else []
        return self.run([
            self.program, "verify", work.file, "--bundle", bundle, *statement,
            "--identity", who.identity, "--issuer", who.issuer,
            "--trusted-root", services.trusted_root])


class Cosign(Client):
    name = "cosign"
    kinds = [MESSAGE, STATEMENT, STATEMENT_0_1]

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = program

    def sign(self, work, services, log_version, token, bundle):
        what = {
            MESSAGE: ["sign-blob", work.file],
            STATEMENT: ["attest-blob", "--statement", work.statement],
            STATEMENT_0_1: ["attest-blob", "--type", work.predicate_type,
                            "--predicate", work.predicate, work.file],
        }[work.kind]
        file = self.folder / f"token-{bundle.name}"
        file.write_text(token)
        return self.run([
            self.program, *what, "--yes", "--identity-token", file, "--bundle", bundle,
            "--signing-config", services.signing_config(log_version),
            "--trusted-root", services.trusted_root])

    def verify(self, work, services, bundle, who):
        if work.is_statement:
            what = ["verify-blob-attestation", "--type", work.predicate_type]
        else:
            what = ["verify-blob"]
        return self.run([
            self.program, *what, "--bundle", bundle, "--trusted-root", services.trusted_root,
            "--certificate-identity", who.identity, "--certificate-oidc-issuer", who.issuer,
            work.file])


class Python(Client):
    name = "sigstore-python"

    def __init__(self, folder, environment):
        super().__init__(folder)
        self.program = [environment / "bin/python", "-m", "sigstore"]
        self._lock = threading.Lock()

    def sign(self, work, services, log_version, token, bundle):
        if work.is_statement:
            what = ["attest", "--predicate", work.predicate, "--predicate-type", work.predicate_type]
        else:
            what = ["sign"]
        config = self._trust_config(services, log_version)
        return self.run([*self.program, "--trust-config", config, *what, "--identity-token", token,
                         "--bundle", bundle, work.file])

    def verify(self, work, services, bundle, who):
        config = self._trust_config(services, 2)
        return self.run([
            *self.program, "--trust-config", config, "verify", "identity", "--bundle", bundle,
            "--cert-identity", who.identity, "--cert-oidc-issuer", who.issuer, work.file])

    def _trust_config(self, services, log_version):
        """Both documents in one, which is how this client takes them."""
        config = services.signing_config(log_version)
        joined = self.folder / f"{config.parent.name}-{config.name}.trust.json"
        text = json.dumps({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": json.loads(services.trusted_root.read_text()),
            "signingConfig": json.loads(config.read_text())})
        # Others may be reading it, and it never changes.
        with self._lock:
            if not joined.exists():
                joined.write_text(text)
        return joined


class JavaScript(Client):
    name = "sigstore-js"

    def __init__(self, folder, modules):
        super().__init__(folder)
        self.script = ["node", HERE / "js/client.cjs"]
        self.modules = modules

    def sign(self, work, services, log_version, token, bundle):
        signed = work.statement if work.is_statement else work.file
        return self.run([*self.script, "sign", self.modules, work.kind, signed, bundle,
                         services.signing_config(log_version)], stdin=token)

    def verify(self, work, services, bundle, who):
        return self.run([*self.script, "verify", self.modules, bundle, work.file,
                         services.trusted_root, who.identity, who.issuer])


def other_keys(folder, sigsign):
    """Ours with keys that not every client reads."""
    return [Sigsign(pathlib.Path(folder) / it, sigsign, it) for it in ("p384", "ed25519")]


def all_clients(folder, folders, sigsign):
    """One of each, in folders of their own."""
    folder = pathlib.Path(folder)
    return [Sigsign(folder / "sigsign", sigsign), Cosign(folder / "cosign", folders["go"] / "cosign"),
            Python(folder / "python", folders["python"]), JavaScript(folder / "js", folders["js"])]
