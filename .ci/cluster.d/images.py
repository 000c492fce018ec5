"""Images in two registries, one with the list of referrers and one without, signed or not."""

import hashlib
import http.client
import json
import pathlib
import socketserver
import subprocess
import threading
import time

from processes import Failed, free_ports

HOST = "localhost"
JANE = "jane@example.com"
EVE = "eve@example.com"
ISSUER = "http://localhost:7480"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = b"{}"


class Images:
    """Two registries and one that never answers."""

    def __init__(self, folder, folders, sigsign, processes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.programs = folders
        self.sigsign = sigsign
        self.processes = processes
        self.referrers = self.docker = self.silent = None

    @property
    def trusted_root(self):
        return self.folder / "instance/trusted_root.json"

    def start(self):
        ports = free_ports(3)
        self.referrers, self.docker, self.silent = (f"{HOST}:{port}" for port in ports)
        self.processes.start("referrers-registry",
                             [self.programs["referrers"] / "referrers-registry", ports[0]])
        config = self.folder / "registry.json"
        config.write_text(json.dumps({
            "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "registry")}},
            "http": {"addr": f"127.0.0.1:{ports[1]}", "secret": "of-this-run"}}))
        self.processes.start("docker-registry", [self.programs["registry"] / "docker-registry", "serve", config])
        silence(ports[2])
        for name, host in [("referrers-registry", self.referrers), ("docker-registry", self.docker)]:
            self.processes.wait_for_url(name, f"http://{host.replace(HOST, '127.0.0.1')}/v2/")
        # The first signature makes the instance, and its trusted root.
        self.signed(self.referrers, "team/first")

    def push(self, host, repository, tag="1"):
        """An image like no other; its digest."""
        connection = http.client.HTTPConnection(host.replace(HOST, "127.0.0.1"), timeout=10)

        def ask(method, path, body=b"", **headers):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (201, 202):
                raise Failed(f"{host}: {method} {path}: {answer.status}")
            return answer

        place = ask("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        place = place.split(host.split(":")[1], 1)[-1] if "://" in place else place
        ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest(EMPTY)}", EMPTY)
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(EMPTY), "size": 2}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [],
                               "annotations": {"image": f"{repository}:{tag}"}}).encode()
        ask("PUT", f"/v2/{repository}/manifests/{tag}", manifest, **{"Content-Type": MANIFEST})
        connection.close()
        return digest(manifest)

    def sign(self, names, who=JANE):
        """Signs images, as somebody, with the instance that is inside the program."""
        command = [self.sigsign, "image", "sign", *names, "--local", "--data", self.folder / "instance",
                   "--identity", who, "--quiet"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"images cannot be signed:\n{done.stderr}")

    def signed(self, host, repository, who=JANE):
        """The name by tag, and the digest, of a new image that somebody signed."""
        found = self.push(host, repository)
        self.sign([f"{host}/{repository}@{found}"], who)
        return f"{host}/{repository}:1", found


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def silence(port):
    """Takes requests and answers none, until the run ends."""
    class Wait(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(4096)
            time.sleep(60)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", port), Wait)
    threading.Thread(target=server.serve_forever, daemon=True).start()
