"""Very many pods at once: what they wait for, what the gate takes, and how often it looks."""

import base64
import concurrent.futures
import http.client
import json
import ssl
import statistics
import threading
import time
import uuid

from gate import PORT

PODS = 500
IMAGES = 50
CLIENTS = 32


def run(server, images, gate):
    """Prints what it took; returns what is wrong with it."""
    digests = [images.push(images.referrers, f"burst/{number}") for number in range(IMAGES)]
    names = [f"{images.referrers}/burst/{number}" for number in range(IMAGES)]
    pinned = [f"{name}@{digest}" for name, digest in zip(names, digests)]
    images.sign(pinned)
    # Half of them by tags, which have to be resolved.
    named = [f"{name}:1" if number % 2 else pin for number, (name, pin) in enumerate(zip(names, pinned))]
    gate.stop()
    gate.start()
    idle, cpu = gate.resident_kib("VmRSS"), gate.cpu_seconds()
    asked = Clients(gate)
    for title in ("cold", "warm"):
        seen = len(gate.reviews())
        times, wall = asked.review([named[number % IMAGES] for number in range(PODS)],
                                   dict(zip(named, pinned)))
        reviews = gate.reviews()[seen:]
        print(f"cluster: burst, {title}: {PODS} pods, {IMAGES} images: {len(reviews)} reviews, each in the gate "
              f"{shown(reviews)}; a pod for its client {shown(times)}; all after {wall:.2f} s")
    looked = gate.count("sigsign_verification_total")
    print(f"cluster: burst: {looked:.0f} verifications, {gate.cpu_seconds() - cpu:.2f} s of CPU in the gate; "
          f"{idle / 1024:.1f} MiB resident before, {gate.resident_kib() / 1024:.1f} MiB at most")
    problems = [f"burst: {problem}" for problem in asked.problems[:5]]
    if looked != IMAGES:
        problems.append(f"burst: wanted each of {IMAGES} digests verified once, found {looked:.0f} times")
    wall, refused = through_the_server(server, named)
    print(f"cluster: burst, through the API server: {PODS} pods after {wall:.1f} s")
    if refused:
        problems.append(f"burst: {refused[0]}")
    if (again := gate.count("sigsign_verification_total")) != IMAGES:
        problems.append(f"burst: {again:.0f} verifications at the end")
    return problems


def shown(times):
    quantile = statistics.quantiles(times, n=100)
    return f"p50 {quantile[49] * 1000:.2f} ms, p99 {quantile[98] * 1000:.1f} ms"


class Clients:
    """What an API server does for a pod: /mutate, and then /validate with what came of it."""

    def __init__(self, gate):
        self.context = ssl.create_default_context(cafile=gate.folder / "deploy/self-signed/ca.crt")
        # The certificate is for its name in the cluster.
        self.context.check_hostname = False
        self.own = threading.local()
        self.problems = []

    def review(self, images, want):
        """All pods as fast as they go; the time of each, and of all."""
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            times = list(pool.map(lambda image: self._pod(image, want[image]), images))
        return times, time.monotonic() - begun

    def _pod(self, image, want):
        begun = time.monotonic()
        mutated = self._ask("/mutate", image)
        if "patch" in mutated:
            [change] = json.loads(base64.b64decode(mutated["patch"]))
            image = change["value"]
        validated = self._ask("/validate", image)
        if not validated["allowed"] or image != want:
            self.problems.append(f"{image}, wanted {want}: {validated.get('status')}")
        return time.monotonic() - begun

    def _ask(self, path, image):
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": image}]}}
        request = {"uid": str(uuid.uuid4()), "operation": "CREATE", "kind": {"kind": "Pod"}, "object": pod}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        if not hasattr(self.own, "connection"):
            self.own.connection = http.client.HTTPSConnection("127.0.0.1", PORT, context=self.context)
        self.own.connection.request("POST", f"{path}?timeout=10s", body, {"Content-Type": "application/json"})
        return json.loads(self.own.connection.getresponse().read())["response"]


def through_the_server(server, named):
    """The same pods, made by the API server with both webhooks before it; what it says of those that are not."""
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda number: server.create_pod(f"burst-{number}", named[number % IMAGES]),
                                range(PODS)))
    return time.monotonic() - begun, [text[:300] for status, text in answers if status != 201]
