"""Keys and certificates for the services, by openssl."""

import pathlib
import subprocess

from processes import Failed

DAYS = "2"
PASSWORD = "interop"


class Keys:
    """What the services of one run sign with, in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self._authority("ca-root", "P-384")
        self._certificate("ca", "ca-root", "P-256", [
            "basicConstraints=critical,CA:true,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign",
            "extendedKeyUsage=codeSigning"])
        self.ca_chain = self._chain("ca", "ca-root")
        self.ca_key = self.folder / "ca-encrypted.key"
        openssl("pkcs8", "-topk8", "-in", self.key("ca"), "-out", self.ca_key,
                "-passout", f"pass:{PASSWORD}")
        self._authority("tsa-root", "P-384")
        self._certificate("tsa", "tsa-root", "P-256", [
            "basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=critical,timeStamping"])
        self.tsa_chain = self._chain("tsa", "tsa-root")
        self.rekor_v1 = self._log("rekor-v1", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        self.rekor_v2 = self._log("rekor-v2", ["ED25519"])

    def key(self, name):
        return self.folder / f"{name}.key"

    def certificate(self, name):
        return self.folder / f"{name}.pem"

    def public(self, name):
        return self.folder / f"{name}.pub"

    def _authority(self, name, curve):
        openssl("req", "-x509", *self._new(name, curve), "-out", self.certificate(name),
                *added(["basicConstraints=critical,CA:true,pathlen:1",
                        "keyUsage=critical,keyCertSign,cRLSign"]))

    def _certificate(self, name, issuer, curve, extensions):
        openssl("req", "-x509", *self._new(name, curve), "-out", self.certificate(name),
                "-CA", self.certificate(issuer), "-CAkey", self.key(issuer), *added(extensions))

    def _new(self, name, curve):
        return ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-noenc", "-sha384",
                "-keyout", self.key(name), "-days", DAYS, "-subj", f"/O=interop/CN={name}"]

    def _chain(self, name, issuer):
        """Both certificates in one file, the lower one first."""
        chain = self.folder / f"{name}-chain.pem"
        parts = [self.certificate(it).read_text() for it in (name, issuer)]
        chain.write_text("".join(parts))
        return chain

    def _log(self, name, kind):
        openssl("genpkey", "-algorithm", *kind, "-out", self.key(name))
        openssl("pkey", "-in", self.key(name), "-pubout", "-out", self.public(name))
        return self.key(name)


def added(extensions):
    return [word for it in extensions for word in ("-addext", it)]


def openssl(*arguments):
    """Runs it without a configuration file of the machine's."""
    environment = {"OPENSSL_CONF": "/dev/null", "PATH": "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin"}
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, text=True, capture_output=True, env=environment, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}:\n{done.stderr}")
