"""The real services, on loopback, and the trust root and signing configs that name them."""

import base64
import datetime
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

from identities import PLATFORMS
from install import FULCIO_CONFIG
from keys import PASSWORD, Keys
from processes import Failed, free_ports

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"


class Services:
    """A whole Sigstore out of real services; `sigsign local` issues tokens and logs certificates."""

    def __init__(self, folder, folders, sigsign, processes):
        self.folder = pathlib.Path(folder)
        self.go = folders["go"]
        self.js = folders["js"]
        self.registry = folders["registry"] / "docker-registry"
        self.browser = folders["browser"]
        self.sigsign = sigsign
        self.processes = processes
        self.keys = Keys(self.folder / "keys")
        self.local = Local(self.folder / "local", sigsign, processes)
        # The signing config of the other one names a log of version 2, which clients prefer.
        self.local_v1 = Local(self.folder / "local-v1", sigsign, processes, ["rekor-v1"])
        # As the first, with keys of the other kinds.
        self.local_keys = Local(self.folder / "local-keys", sigsign, processes)
        self.issuers = {name: Local(self.folder / f"issuer-{name}", sigsign, processes)
                        for name in PLATFORMS}
        self.urls = {}

    def start(self):
        """All of them, and what names them."""
        self.local.start(["--ct-root", self.keys.certificate("ca-root")])
        self.local_v1.start()
        self.local_keys.start(["--log-key", "p256", "--timestamp-key", "rsa2048",
                               "--token-key", "rsa2048", "--witness"])
        for issuer in self.issuers.values():
            issuer.start()
        # Fulcio asks its issuers how they are.
        self.processes.wait_for_url(*self._provider())
        # It insists on the port that Rekor v1 would like for its metrics too.
        self.processes.wait_for_url(*self._tsa())
        for name, url in [self._fulcio(), self._rekor_v1(), self._rekor_v2(), self._tiles(),
                          self._docker_registry(), self._referrers_registry()]:
            self.processes.wait_for_url(name, url)
        self._write_documents()

    def published_size(self):
        """The number of entries in Rekor v2, as its files say to anybody who reads them."""
        with urllib.request.urlopen(f"{self.urls['tiles']}/checkpoint", timeout=5) as answer:
            origin, size, *_ = answer.read().decode().splitlines()
        if origin != HOST:
            raise Failed(f"the checkpoint of Rekor v2 is of {origin}, wanted {HOST}")
        return int(size)

    def token(self, identity):
        """A fresh one: they live for five minutes."""
        return self.local.token(identity)

    @property
    def issuer(self):
        return self.local.url

    @property
    def trusted_root(self):
        return self.folder / "trusted_root.json"

    def signing_config(self, log_version):
        return self.folder / f"signing_config.v{log_version}.json"

    def _provider(self):
        [port] = free_ports(1)
        script = HERE / "js/provider.mjs"
        self.processes.start("oidc-provider", ["node", script, self.js, port])
        self.urls["oidc-provider"] = f"http://{HOST}:{port}"
        discovery = "/.well-known/openid-configuration"
        return "oidc-provider", self.urls["oidc-provider"] + discovery

    def _fulcio(self):
        port, grpc, metrics = free_ports(3)
        config = self.folder / "fulcio.yaml"
        config.write_text(self._fulcio_config())
        self.processes.start("fulcio", [
            self.go / "fulcio", "serve", "--host", HOST, "--port", port,
            "--grpc-host", HOST, "--grpc-port", grpc, "--metrics-port", metrics,
            "--legacy-unix-domain-socket", self.folder / "fulcio.sock", "--config-path", config,
            "--ca", "fileca", "--fileca-cert", self.keys.ca_chain,
            "--fileca-key", self.keys.ca_key, "--fileca-key-passwd", PASSWORD,
            "--fileca-watch=false", "--ct-log-url", self.local.url,
            "--ct-log-public-key-path", self.local.write_ct_key(), "--log_type", "prod"])
        self.urls["fulcio"] = f"http://{HOST}:{port}"
        return "fulcio", f"{self.urls['fulcio']}/healthz"

    def _fulcio_config(self):
        """That of the public one, with issuers that there are here."""
        issuers = [(self.issuer, "type: email"), (self.urls["oidc-provider"], "type: email")]
        issuers += [(self.issuers[name].url, kind) for name, (kind, _) in PLATFORMS.items()]
        public = (self.go / FULCIO_CONFIG).read_text()
        before, _, rest = public.partition("\noidc-issuers:\n")
        _, title, metadata = rest.partition("\nci-issuer-metadata:\n")
        ours = "".join(ISSUER.format(url=url, kind=kind) for url, kind in issuers)
        return f"{before}\noidc-issuers:\n{ours}{title}{metadata}"

    def _rekor_v1(self):
        """Rekor of version 1, after the Trillian below it has said which tree it has."""
        port, trillian = free_ports(2)
        self.processes.start("trillian", [
            self.go / "trillian-memory", "-rpc_endpoint", f"{HOST}:{trillian}"])
        tree = self.processes.wait("trillian", lambda: TREE.search(
            self.processes.log("trillian").read_text()))[0]
        self.processes.start("rekor-v1", [
            self.go / "rekor-server", "serve", "--host", HOST, "--port", port,
            "--rekor_server.hostname", HOST, "--trillian_log_server.port", trillian,
            "--trillian_log_server.tlog_id", tree, "--rekor_server.signer", self.keys.rekor_v1,
            "--enable_attestation_storage=false", "--log_type", "prod"])
        self.urls["rekor-v1"] = f"http://{HOST}:{port}"
        return "rekor-v1", f"{self.urls['rekor-v1']}/api/v1/log"

    def _rekor_v2(self):
        port, grpc, metrics = free_ports(3)
        tiles = self.folder / "tiles"
        tiles.mkdir()
        self.processes.start("rekor-v2", [
            self.go / "posix", "serve", "--http-address", HOST, "--http-port", port,
            "--grpc-address", HOST, "--grpc-port", grpc, "--http-metrics-port", metrics,
            "--hostname", HOST, "--storage-dir", tiles, "--signer-filepath", self.keys.rekor_v2,
            "--checkpoint-interval", "100ms", "--batch-max-age", "10ms",
            "--persistent-antispam=true"])
        self.urls["rekor-v2"] = f"http://{HOST}:{port}"
        return "rekor-v2", f"{self.urls['rekor-v2']}/healthz"

    def _tiles(self):
        """What monitors read of Rekor v2, which does not serve it itself."""
        [port] = free_ports(1)
        self.processes.start("tiles", [
            sys.executable, "-m", "http.server", "--bind", HOST,
            "--directory", self.folder / "tiles", port])
        self.urls["tiles"] = f"http://{HOST}:{port}"
        return "tiles", f"{self.urls['tiles']}/"

    def _tsa(self):
        [port] = free_ports(1)
        self.processes.start("timestamp-authority", [
            self.go / "timestamp-server", "serve", "--host", HOST, "--port", port,
            "--timestamp-signer", "file", "--file-signer-key-path", self.keys.key("tsa"),
            "--file-signer-passwd", "", "--certificate-chain-path", self.keys.tsa_chain,
            "--disable-ntp-monitoring", "--log-type", "prod"])
        self.urls["tsa"] = f"http://{HOST}:{port}/api/v1/timestamp"
        return "timestamp-authority", f"http://{HOST}:{port}/ping"

    def _docker_registry(self):
        [port] = free_ports(1)
        config = self.folder / "registry.json"
        storage = {"filesystem": {"rootdirectory": str(self.folder / "registry")}}
        http = {"addr": f"{HOST}:{port}", "secret": PASSWORD}
        config.write_text(json.dumps({"version": 0.1, "storage": storage, "http": http}))
        self.processes.start("docker-registry", [self.registry, "serve", config])
        self.urls["docker-registry"] = f"http://{HOST}:{port}"
        return "docker-registry", f"http://{HOST}:{port}/v2/"

    def _referrers_registry(self):
        [port] = free_ports(1)
        self.processes.start("referrers-registry", [self.go / "referrers-registry", port])
        self.urls["referrers-registry"] = f"http://{HOST}:{port}"
        return "referrers-registry", f"http://{HOST}:{port}/v2/"

    def _write_documents(self):
        """By cosign, as an operator would: one trust root, a signing config for each log version."""
        since = yesterday()
        of_log = f"start-time={since},origin={HOST}"
        self._cosign(
            "trusted-root", "create", "--out", self.trusted_root,
            "--fulcio", f"url={self.urls['fulcio']},certificate-chain={self.keys.ca_chain}",
            "--tsa", f"url={self.urls['tsa']},certificate-chain={self.keys.tsa_chain}",
            "--ctfe", f"url={self.local.url}/ct,public-key={self.local.ct_key},start-time={since}",
            *(word for log in ("rekor-v1", "rekor-v2") for word in (
                "--rekor", f"url={self.urls[log]},public-key={self.keys.public(log)},{of_log}")))
        for version in (1, 2):
            at = f"start-time={since},operator=interop"
            self._cosign(
                "signing-config", "create", "--out", self.signing_config(version),
                "--fulcio", f"url={self.urls['fulcio']},api-version=1,{at}",
                "--oidc-provider", f"url={self.issuer},api-version=1,{at}",
                "--rekor", f"url={self.urls[f'rekor-v{version}']},api-version={version},{at}",
                "--rekor-config", "ANY",
                "--tsa", f"url={self.urls['tsa']},api-version=1,{at}", "--tsa-config", "ANY")

    def _cosign(self, *arguments):
        command = [self.go / "cosign", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"cosign {arguments[0]} create:\n{done.stderr}")


class Local:
    """`sigsign local serve`, and what it says about itself."""

    def __init__(self, folder, sigsign, processes, logs=("rekor-v1", "rekor-v2")):
        self.folder = pathlib.Path(folder)
        self.logs = logs
        self.sigsign = sigsign
        self.processes = processes
        self.url = None

    def start(self, options=()):
        [port] = free_ports(1)
        name = f"sigsign-{self.folder.name}"
        self.processes.start(name, [
            self.sigsign, "local", "serve", "--data", self.folder, "--port", port,
            "--only", ",".join(["ca", "ct", "oidc", "tsa", *self.logs]), *options])
        self.url = f"http://localhost:{port}"
        self.processes.wait_for_url(name, f"{self.url}/healthz")

    @property
    def trusted_root(self):
        return self.folder / "trusted_root.json"

    def signing_config(self, _log_version):
        """It names both logs, and a client takes the newest version that it speaks."""
        return self.folder / "signing_config.v0.2.json"

    @property
    def issuer(self):
        return self.url

    @property
    def ct_key(self):
        return self.folder.with_name("ct.pub")

    def write_ct_key(self):
        """The key of its log of certificates, in PEM."""
        [log] = json.loads(self.trusted_root.read_text())["ctlogs"]
        der = base64.b64decode(log["publicKey"]["rawBytes"])
        body = base64.encodebytes(der).decode()
        self.ct_key.write_text(f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n")
        return self.ct_key

    def token(self, identity):
        return self._mint(["--identity", identity])

    def token_of(self, claims):
        """One that makes these claims and no others that are asked about."""
        claim = (f"{name}={json.dumps(value)}" for name, value in claims.items())
        return self._mint([word for it in claim for word in ("--claim", it)] + ["--identity", "x"])

    def _mint(self, options):
        command = [self.sigsign, "local", "token", "--data", self.folder, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"no token:\n{done.stderr}")
        return done.stdout.strip()


def yesterday():
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


# The line of Trillian's log that has nothing but the id.
TREE = re.compile(r"^\d+$", re.MULTILINE)

ISSUER = """\
  {url}:
    issuer-url: {url}
    client-id: sigstore
    {kind}
"""
