"""A real API server with its store and its controllers, on loopback. There are no nodes: pods stay pending."""

import http.client
import json
import os
import pathlib
import ssl
import subprocess
import threading
import time

from processes import Failed, free_ports

HOST = "127.0.0.1"
TOKEN = "of-this-run-only"
PATIENCE_SECONDS = 20
CONTROLLERS = ["cronjob-controller", "daemonset-controller", "deployment-controller", "job-controller",
               "namespace-controller", "replicaset-controller", "replicationcontroller-controller",
               "serviceaccount-controller", "statefulset-controller"]
AUDIT = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "verbs": ["create"], "resources": [{"group": "", "resources": ["pods"]}]},
              {"level": "None"}],
}


class ApiServer:
    """What `kubectl` talks to."""

    def __init__(self, folder, folders, processes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.kubernetes = folders["kubernetes"]
        self.etcd = folders["etcd"] / "etcd"
        self.processes = processes
        self.url = None
        self.ca = self.folder / "ca.crt"
        self.audit = self.folder / "audit.log"
        self.config = self.folder / "kubeconfig"
        self.children = []
        self.own = threading.local()

    def start(self):
        port, client, peer = free_ports(3)
        self.url = f"https://{HOST}:{port}"
        self._make_keys()
        store = f"http://{HOST}:{client}"
        self.processes.start("etcd", [
            self.etcd, "--name", "t", "--data-dir", self.folder / "etcd",
            "--listen-client-urls", store, "--advertise-client-urls", store,
            "--listen-peer-urls", f"http://{HOST}:{peer}", "--initial-cluster", f"t=http://{HOST}:{peer}",
            "--initial-advertise-peer-urls", f"http://{HOST}:{peer}", "--unsafe-no-fsync",
            "--log-level", "warn"])
        self.processes.wait_for_url("etcd", f"{store}/readyz")
        self.children.append(self.processes.start("kube-apiserver", self._command(store, port)))
        self._write_config()
        self.processes.wait("kube-apiserver", lambda: self.kubectl("get", "--raw", "/readyz").returncode == 0)
        [unused] = free_ports(1)
        self.children.append(self.processes.start("kube-controller-manager", [
            self.kubernetes / "kube-controller-manager", "--kubeconfig", self.config,
            "--controllers", ",".join(CONTROLLERS), "--leader-elect=false", "--bind-address", HOST,
            "--secure-port", unused, "--cert-dir", self.folder / "controllers"]))
        self.until("the controllers", lambda: self.kubectl("get", "sa", "default").returncode == 0)

    def end(self):
        """At once: what it keeps is gone anyhow, and it would wait for its store."""
        for child in reversed(self.children):
            child.kill()
            child.wait()

    def _command(self, store, port):
        audit = self.folder / "audit.json"
        audit.write_text(json.dumps(AUDIT))
        return [
            self.kubernetes / "kube-apiserver", "--etcd-servers", store, "--bind-address", HOST,
            "--advertise-address", HOST, "--secure-port", port, "--cert-dir", self.folder / "server",
            "--tls-cert-file", self.folder / "server.crt", "--tls-private-key-file", self.folder / "server.key",
            "--token-auth-file", self.folder / "tokens.csv", "--authorization-mode", "RBAC",
            "--service-account-issuer", "https://kubernetes.default.svc",
            "--service-account-key-file", self.folder / "sa.pub",
            "--service-account-signing-key-file", self.folder / "sa.key",
            "--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none",
            "--allow-privileged=true", "--audit-policy-file", audit, "--audit-log-path", self.audit]

    def _make_keys(self):
        def openssl(*words):
            done = subprocess.run(["openssl", *map(str, words)], cwd=self.folder, capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                raise Failed(f"openssl {words[0]}:\n{done.stderr}")

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.crt",
                "-addext", f"subjectAltName=IP:{HOST},DNS:localhost")
        # It is its own authority.
        self.ca.write_bytes((self.folder / "server.crt").read_bytes())
        openssl("genpkey", "-algorithm", "RSA", "-out", "sa.key")
        openssl("pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub")
        (self.folder / "tokens.csv").write_text(f"{TOKEN},operator,operator,system:masters\n")

    def _write_config(self):
        cluster = {"server": self.url, "certificate-authority": str(self.ca)}
        self.config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}))

    def kubectl(self, *words, stdin=None, cwd=None):
        """Runs it, whatever comes of it."""
        environment = {**os.environ, "KUBECONFIG": str(self.config), "HOME": str(self.folder)}
        return subprocess.run([self.kubernetes / "kubectl", *map(str, words)], input=stdin, cwd=cwd,
                              env=environment, capture_output=True, text=True, check=False)

    def do(self, *words, stdin=None):
        """Runs it; it has to work."""
        done = self.kubectl(*words, stdin=stdin)
        if done.returncode != 0:
            raise Failed(f"kubectl {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done

    def get(self, *words):
        return json.loads(self.do("get", *words, "-o", "json").stdout)

    def create_pod(self, name, image):
        """Without kubectl, which takes longer than the server: the status, and what it says."""
        if not hasattr(self.own, "connection"):
            context = ssl.create_default_context(cafile=self.ca)
            self.own.connection = http.client.HTTPSConnection(self.url.removeprefix("https://"), context=context)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
               "spec": {"containers": [{"name": "c", "image": image}]}}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        self.own.connection.request("POST", "/api/v1/namespaces/demo/pods", json.dumps(pod), headers)
        answer = self.own.connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    def until(self, what, is_so, seconds=PATIENCE_SECONDS):
        """What `is_so` says once it says something."""
        end = time.monotonic() + seconds
        while not (answer := is_so()):
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {seconds} s")
            time.sleep(0.1)
        return answer

    def audited(self, uid_or_name):
        """The annotations of the last creation of a pod of this name in the audit log."""
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        found = [line for line in lines if line.get("objectRef", {}).get("name") == uid_or_name]
        return found[-1].get("annotations", {}) if found else {}
