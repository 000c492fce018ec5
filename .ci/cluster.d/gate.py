"""The gate as deploy/ has it: installed as docs/guide/cluster.md says, and run as its Deployment says.

There is no node to run the pod, so what one does is done here: the ConfigMap and the Secret become files
as the kubelet makes them, and the program is started with the arguments of the container.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import urllib.request

from images import ISSUER, JANE
from processes import Failed, free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/guide/cluster.md"
NAMESPACE = "sigsign"
NAME = "sigsign-gate"
PORT = 443
# What needs nodes.
NOT_HERE = ("rollout", "logs", "port-forward")


class Gate:
    """Its manifests in the cluster, and its process."""

    def __init__(self, folder, server, images, sigsign, processes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.server = server
        self.images = images
        self.sigsign = sigsign
        self.processes = processes
        self.child = None
        self.mounts = {}
        self.metrics_url = None
        self.way_out = None
        self._writes = 0

    def install(self):
        """Types what the guide says, with a policy for here, and plays the node."""
        shutil.copytree(ROOT / "deploy", self.folder / "deploy")
        site = self.folder / "site"
        site.mkdir()
        # The one here is an instance of one's own.
        policy = "  - policy.yaml\n"
        (site / "kustomization.yaml").write_text(
            overlay().replace(policy, f"{policy}  - trusted_root.json\n"))
        shutil.copy(self.images.trusted_root, site)
        self.write_policy()
        self.server.do("create", "namespace", "demo")
        *lines, self.way_out = commands()
        for line in lines:
            self.type(line)
        # Nobody routes to pods here: the name of the service leads to this machine.
        self.server.do("delete", "service", NAME, "-n", NAMESPACE)
        self.server.do("create", "service", "externalname", NAME, "-n", NAMESPACE,
                       "--external-name", "localhost")
        self.start()

    def type(self, line):
        words = line.split()
        if words[0] == "kubectl":
            done = self.server.kubectl(*words[1:], cwd=self.folder)
        else:
            done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{line}: {done.stderr.strip()}")

    def write_policy(self, who=JANE, text=None):
        """The policy of the site."""
        hosts = [self.images.referrers, self.images.docker]
        everywhere = ", ".join(f'"{host}/{{}}/**"' for host in hosts)
        signer = f'{{issuer: "{ISSUER}", subject: "{who}"}}'
        (self.folder / "site/policy.yaml").write_text(text or POLICY.format(
            team=everywhere.replace("{}", "team"), base=everywhere.replace("{}", "base"),
            new=everywhere.replace("{}", "new"), burst=everywhere.replace("{}", "burst"),
            silent=self.images.silent, signer=signer))

    def apply(self):
        """Applies the site's manifests, and what a kubelet does about them some time later."""
        self.type("kubectl apply -k site")
        self.mount()

    def start(self):
        container = self._container()
        self.mount()
        [metrics] = free_ports(1)
        places = {"--listen=[::]:8443": f"--listen=127.0.0.1:{PORT}",
                  "--metrics=[::]:9090": f"--metrics=127.0.0.1:{metrics}"}
        words = [places.get(word, self._mounted(container, word)) for word in container["args"]]
        if not set(places.values()) <= set(words):
            raise Failed(f"the Deployment listens elsewhere: {container['args']}")
        self.metrics_url = f"http://127.0.0.1:{metrics}/metrics"
        self.child = self.processes.start("gate", [self.sigsign, *words])
        self.processes.wait("gate", lambda: self.numbers() is not None)

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def _container(self):
        deployment = self.server.get("deployment", NAME, "-n", NAMESPACE)
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        return container

    def _mounted(self, container, word):
        """An argument with the places that are mounted in a pod where they are here."""
        for mount in container["volumeMounts"]:
            word = word.replace(mount["mountPath"], str(self.folder / "mounts" / mount["name"]))
        return word

    def mount(self):
        """Files as the kubelet makes them: a folder for each version, and one link that changes."""
        contents = {
            "policy": {name: text.encode() for name, text in
                       self.server.get("configmap", "sigsign-policy", "-n", NAMESPACE)["data"].items()},
            "tls": {name: base64.b64decode(data) for name, data in
                    self.server.get("secret", "sigsign-gate-tls", "-n", NAMESPACE)["data"].items()},
        }
        for name, files in contents.items():
            if self.mounts.get(name) != files:
                self._write(self.folder / "mounts" / name, files)
        self.mounts = contents

    def _write(self, folder, files):
        self._writes += 1
        version = folder / f"..{self._writes}"
        version.mkdir(parents=True)
        for name, data in files.items():
            (version / name).write_bytes(data)
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        new = folder / "..data_tmp"
        new.symlink_to(version.name)
        new.rename(folder / "..data")

    def numbers(self):
        """What it counts, by name and labels; `None` if it does not answer."""
        try:
            with urllib.request.urlopen(self.metrics_url, timeout=2) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return None
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    def count(self, name, *labels):
        """The sum of a counter over what has these labels."""
        return sum(float(value) for key, value in self.numbers().items()
                   if key.split("{")[0] == name and all(label in key for label in labels))

    def certificate(self):
        """The one that it answers with."""
        return ssl.get_server_certificate(("127.0.0.1", PORT))

    def reviews(self):
        """How many seconds each review took, from when its request was there, as its log has it."""
        lines = self.processes.log("gate").read_text().splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return [record["took_us"] / 1e6 for record in records if "took_us" in record]

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self, what="VmHWM"):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1])


def blocks(kind):
    """The blocks of one kind in the guide."""
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", GUIDE.read_text())


def overlay():
    [found] = [block for block in blocks("yaml") if "kind: Kustomization" in block]
    return found


def commands():
    """What the guide says to type, but for what needs nodes; the last one is the way out."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    chosen = [line for line in lines if line.startswith(("kubectl ", "bash deploy/"))]
    return [line for line in chosen if not any(f" {word}" in line for word in NOT_HERE)]


POLICY = """\
version: 1
instances: {{ours: {{file: trusted_root.json}}}}
trust: ours
default: deny
digest: resolve
rules:
- name: ours
  match: [{team}, {burst}, "{silent}/**"]
  signed_by:
  - identity: {signer}
- name: vendored
  match: [{base}]
  skip: "base images of a distributor"
- name: soon
  match: [{new}]
  mode: warn
  signed_by:
  - identity: {signer}
"""
