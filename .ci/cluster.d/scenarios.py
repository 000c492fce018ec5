"""What people, controllers and accidents do to a cluster, and what becomes of it."""

import concurrent.futures
import json
import time

from images import EVE, JANE
from processes import Failed

LABEL = "sigsign.github.io/gate"
SPECS = {
    "Pod": ("v1", "", {}),
    "ReplicationController": ("v1", "template", {"replicas": 0, "selector": {"app": "a"}}),
    "ReplicaSet": ("apps/v1", "template", {"replicas": 0, "selector": {"matchLabels": {"app": "a"}}}),
    "StatefulSet": ("apps/v1", "template", {"replicas": 0, "serviceName": "a",
                                            "selector": {"matchLabels": {"app": "a"}}}),
    "DaemonSet": ("apps/v1", "template", {"selector": {"matchLabels": {"app": "a"}}}),
    "Job": ("batch/v1", "template", {"suspend": True}),
    "CronJob": ("batch/v1", "jobTemplate", {"schedule": "0 0 1 1 *", "suspend": True}),
}


def run(server, images, gate):
    """Each scenario after the other; prints a table, and what kubectl says of refusals."""
    cluster = Cluster(server, images, gate)
    problems = []
    for scenario in SCENARIOS:
        begun = time.monotonic()
        name = scenario.__name__.replace("_", " ")
        try:
            saw, mark = scenario(cluster), "ok"
        except Failed as error:
            saw, mark = str(error), "FAILED"
            problems.append(f"{name}: {error}")
        print(f"cluster: {mark:6} {name:58} {time.monotonic() - begun:5.1f} s  {saw}", flush=True)
    print("cluster: what kubectl says of what is refused:")
    for line in cluster.messages:
        print("    " + line.replace("\n", "\n    "))
    return problems


class Cluster:
    """Short words for what scenarios do."""

    def __init__(self, server, images, gate):
        self.server, self.images, self.gate = server, images, gate
        self.messages = []
        self._names = 0
        self.good, self.good_digest = images.signed(images.referrers, "team/app")
        self.docker, self.docker_digest = images.signed(images.docker, "team/app")
        self.bare = f"{images.referrers}/team/bare:1"
        self.bare_digest = images.push(images.referrers, "team/bare")
        self.eve, self.eve_digest = images.signed(images.docker, "team/eve", EVE)
        images.push(images.referrers, "base/os")

    def name(self, word):
        self._names += 1
        return f"{word}-{self._names}"

    def pinned(self, name, found):
        return f"{name.rsplit(':', 1)[0]}@{found}"

    def create(self, object_, *words):
        return self.server.kubectl("create", "-f", "-", "-n", "demo", *words, stdin=json.dumps(object_))

    def created(self, object_, *words):
        """It has to be let in; what is stored."""
        done = self.create(object_, "-o", "json", *words)
        if done.returncode != 0:
            raise Failed(f"{object_['kind']} refused: {done.stderr.strip()}")
        return json.loads(done.stdout), done.stderr

    def refused(self, done, *words, show=False):
        """It has to be refused, by the gate, for this reason."""
        text = done.stderr.strip()
        if done.returncode == 0:
            raise Failed("let in")
        for word in words:
            if word not in text:
                raise Failed(f"not {word!r} in: {text}")
        if show:
            self.messages.append(text)
        return words[-1]


def of(kind, image, name, **more):
    """An object of some kind that runs an image."""
    version, place, spec = SPECS[kind]
    pod = {"containers": [{"name": "c", "image": image}], **more}
    if kind in ("Job", "CronJob"):
        pod["restartPolicy"] = "Never"
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod}
    if kind == "Pod":
        spec = pod
    elif kind == "CronJob":
        spec = {**spec, "jobTemplate": {"spec": {"template": template}}}
    else:
        spec = {**spec, place: template}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def deployment(image, name, replicas=1):
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}}


def images_in(node):
    """Every image in an object."""
    if isinstance(node, dict):
        found = [node["image"]] if isinstance(node.get("image"), str) else []
        return found + [it for key, value in node.items() if key != "status" for it in images_in(value)]
    return [it for value in node for it in images_in(value)] if isinstance(node, list) else []


def expect(want, found):
    if want != found:
        raise Failed(f"wanted {want}, found {found}")


def a_signed_pod_by_tag(it):
    stored, _ = it.created(of("Pod", it.good, "signed"))
    expect([it.pinned(it.good, it.good_digest)], images_in(stored))
    return f"stored as {images_in(stored)[0][:60]}..."


def a_signed_pod_by_digest(it):
    image = it.pinned(it.docker, it.docker_digest)
    stored, _ = it.created(of("Pod", image, it.name("digest")))
    expect([image], images_in(stored))
    return "as it was"


def a_signed_deployment_and_the_pods_that_come_of_it(it):
    stored, _ = it.created(deployment(it.docker, "app"))
    want = it.pinned(it.docker, it.docker_digest)
    expect([want], images_in(stored))
    pods = it.server.until("pods of the deployment", lambda: pods_of(it, "app", 1))
    expect([[want]], [images_in(pod["spec"]) for pod in pods])
    return "the deployment and its pod have the digest"


def pods_of(it, app, count):
    pods = it.server.get("pods", "-n", "demo", "-l", f"app={app}")["items"]
    return pods if len(pods) == count else None


def every_kind_that_makes_pods(it):
    want = it.pinned(it.good, it.good_digest)
    for kind in SPECS:
        stored, _ = it.created(of(kind, it.good, it.name("kind")))
        expect((kind, [want]), (kind, images_in(stored)))
        it.refused(it.create(of(kind, it.bare, it.name("kind"))), "denied the request", "(rule.no-signature)")
    return f"{len(SPECS)} kinds, signed and not"


def an_unsigned_pod(it):
    done = it.create(of("Pod", it.bare, "bare"))
    return it.refused(done, "validate.gate.sigsign.github.io", it.bare_digest, "(rule.no-signature)", show=True)


def an_unsigned_deployment(it):
    return it.refused(it.create(deployment(it.bare, "bare")), "denied the request", "(rule.no-signature)")


def a_pod_signed_by_somebody_else(it):
    return it.refused(it.create(of("Pod", it.eve, "eve")), JANE, EVE, "(rule.signer)", show=True)


def an_image_that_no_rule_is_about(it):
    return it.refused(it.create(of("Pod", "nginx", "nginx")), "docker.io/library/nginx", "(rule.default)",
                      show=True)


def an_image_that_is_not_there(it):
    image = f"{it.images.referrers}/team/gone:1"
    return it.refused(it.create(of("Pod", image, "gone")), image, "(registry.not-found)", show=True)


def every_place_in_a_pod(it):
    with_init = of("Pod", it.good, it.name("place"), initContainers=[{"name": "i", "image": it.bare}])
    it.refused(it.create(with_init), it.bare_digest, "(rule.no-signature)")
    volume = {"name": "v", "image": {"reference": it.bare}}
    it.refused(it.create(of("Pod", it.good, it.name("place"), volumes=[volume])), it.bare_digest,
               "(rule.no-signature)")
    volume["image"]["reference"] = it.docker
    stored, _ = it.created(of("Pod", it.good, it.name("place"), volumes=[volume]))
    expect(it.pinned(it.docker, it.docker_digest), stored["spec"]["volumes"][0]["image"]["reference"])
    return "init containers, image volumes"


def an_image_that_a_rule_skips(it):
    image = f"{it.images.referrers}/base/os:1"
    stored, _ = it.created(of("Pod", image, it.name("base")))
    expect([image], images_in(stored))
    return "keeps its tag"


def a_rule_that_only_warns(it):
    it.images.push(it.images.referrers, "new/app")
    _, said = it.created(of("Pod", f"{it.images.referrers}/new/app:1", it.name("new")))
    lines = [line for line in said.splitlines() if line.startswith("Warning: sigsign:")]
    if not any("soon: wanted" in line for line in lines):
        raise Failed(f"no warning in: {said}")
    it.messages.append("\n".join(lines))
    return f"let in with {len(lines)} lines of warning"


def an_ephemeral_container(it):
    debug = ["debug", "signed", "-n", "demo", "--attach=false", "--profile=general"]
    it.refused(it.server.kubectl(*debug, f"--image={it.bare}"), it.bare_digest, "(rule.no-signature)")
    it.server.do(*debug, f"--image={it.docker}")
    pod = it.server.get("pod", "signed", "-n", "demo")
    [container] = pod["spec"]["ephemeralContainers"]
    expect(it.pinned(it.docker, it.docker_digest), container["image"])
    return "signed one added with its digest, unsigned one not"


def scaling(it):
    it.server.do("scale", "deployment", "app", "--replicas=3", "-n", "demo")
    it.server.until("three pods", lambda: pods_of(it, "app", 3))
    it.server.do("scale", "deployment", "app", "--replicas=1", "-n", "demo")
    it.server.until("one pod", lambda: pods_of(it, "app", 1))
    return "to 3 and back"


def another_image_in_a_deployment(it):
    set_image = ["set", "image", "deployment/app", "-n", "demo"]
    it.refused(it.server.kubectl(*set_image, f"c={it.bare}"), it.bare_digest, "(rule.no-signature)")
    it.server.do(*set_image, f"c={it.good}")
    stored = it.server.get("deployment", "app", "-n", "demo")
    expect([it.pinned(it.good, it.good_digest)], images_in(stored["spec"]))
    return "only a signed one"


def the_same_manifest_again(it):
    manifest = json.dumps(deployment(it.good, "again"))
    for _ in range(2):
        it.server.do("apply", "-n", "demo", "-f", "-", stdin=manifest)
        it.server.do("apply", "-n", "demo", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)
    stored = it.server.get("deployment", "again", "-n", "demo")
    expect([it.pinned(it.good, it.good_digest)], images_in(stored["spec"]))
    return "applied on both sides, keeps its digest"


def what_changes_no_pod(it):
    before = it.gate.count("sigsign_duration_seconds_count", 'stage="review"')
    it.server.do("annotate", "pod", "signed", "a=b", "-n", "demo")
    it.server.do("label", "deployment", "app", "a=b", "-n", "demo")
    expect(before, it.gate.count("sigsign_duration_seconds_count", 'stage="review"'))
    return "no review for labels and annotations"


def a_dry_run(it):
    it.refused(it.create(of("Pod", it.bare, "dry"), "--dry-run=server"), "(rule.no-signature)")
    it.created(of("Pod", it.good, "dry"), "--dry-run=server")
    expect(1, it.server.kubectl("get", "pod", "dry", "-n", "demo").returncode)
    return "answered as a real one, nothing stored"


def deleting(it):
    it.server.do("delete", "pod", "signed", "-n", "demo", "--now")
    it.server.do("delete", "deployment", "again", "-n", "demo")
    return "nobody is asked"


def a_workload_from_before_the_label(it):
    """Its pods are refused once they have to be made again; the controller says why."""
    it.server.do("create", "namespace", "late")
    it.server.do("create", "-n", "late", "-f", "-", stdin=json.dumps(deployment(it.bare, "old")))
    it.server.until("a pod", lambda: it.server.get("pods", "-n", "late")["items"])
    it.server.do("label", "namespace", "late", f"{LABEL}=enforce")
    time.sleep(1)
    it.server.do("delete", "pods", "--all", "-n", "late", "--now")

    def condition():
        [found] = it.server.get("deployment", "-n", "late")["items"]
        conditions = found["status"].get("conditions", [])
        return [one["message"] for one in conditions if one["type"] == "ReplicaFailure"]

    [message] = it.server.until("the refusal in the deployment's status", condition)
    expect([], it.server.get("pods", "-n", "late")["items"])
    if "(rule.no-signature)" not in message:
        raise Failed(message)
    it.messages.append(message)
    it.server.do("delete", "namespace", "late", "--wait=false")
    return "ReplicaFailure has the message"


def namespaces_that_nobody_asks_about(it):
    it.server.do("create", "namespace", "other")
    it.server.do("label", "namespace", "kube-system", f"{LABEL}=enforce")
    time.sleep(1)
    for namespace in ("other", "kube-system"):
        it.server.do("create", "-n", namespace, "-f", "-", stdin=json.dumps(of("Pod", it.bare, "free")))
    return "without the label; kube-system even with it"


def what_the_audit_log_has(it):
    it.created(of("Pod", it.good, "audited"))
    found = it.server.until("a line in the log", lambda: it.server.audited("audited"))
    place = "validate.gate.sigsign.github.io"
    expect("allowed", found.get(f"{place}/decision"))
    expect(it.pinned(it.good, it.good_digest), found.get(f"{place}/verified"))
    if not found.get(f"{place}/policy", "").startswith("sha256:"):
        raise Failed(f"no policy in {found}")
    return "policy, decision, verified"


def a_registry_that_does_not_answer(it):
    """Many wait for it; whoever wants an image of another registry does not."""
    image = f"{it.images.silent}/team/app@{it.good_digest}"
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        begun = time.monotonic()
        slow = [pool.submit(it.server.create_pod, f"slow-{number}", f"{it.images.silent}/team/{number}@{it.good_digest}")
                for number in range(39)]
        kubectl = pool.submit(it.create, of("Pod", image, "slow"))
        time.sleep(1)
        fast = time.monotonic()
        fresh, found = it.images.signed(it.images.referrers, "team/fresh")
        it.created(of("Pod", it.pinned(fresh, found), it.name("fresh")))
        fast = time.monotonic() - fast
        done, others = kubectl.result(), [one.result() for one in slow]
        took = time.monotonic() - begun
    it.refused(done, image, "no answer within 9.5 s", "(gate.deadline)", show=True)
    if took >= 11 or fast >= 5 or not all(status == 503 and "gate.deadline" in text for status, text in others):
        raise Failed(f"after {took:.1f} s, another registry's after {fast:.1f} s; {others[0]}")
    return f"refused after {took:.1f} s, 40 pods; another registry's image let in after {fast:.1f} s"


def a_certificate_that_is_renewed(it):
    before = it.gate.certificate()
    it.gate.type("bash deploy/self-signed/certificate")
    it.gate.apply()
    it.server.until("the new certificate", lambda: it.gate.certificate() != before)
    it.created(of("Pod", it.good, it.name("renewed")))
    return "served without a restart"


def another_authority_for_the_certificate(it):
    before = it.gate.certificate()
    (it.gate.folder / "deploy/self-signed/ca.key").unlink()
    it.gate.type("bash deploy/self-signed/certificate")
    it.gate.apply()
    it.server.until("the new certificate", lambda: it.gate.certificate() != before)
    # Connections that are open stay so: the server learns of the authority in its own time.
    it.server.until("the server's trust in it",
                    lambda: it.create(of("Pod", it.good, it.name("authority"))).returncode == 0)
    return "the server's caBundle and the gate's files together"


def another_policy(it):
    reloads = it.gate.count("sigsign_policy_reloads_total", 'good="true"')
    it.gate.write_policy(EVE)
    it.gate.apply()
    it.server.until("the new policy", lambda: it.gate.count("sigsign_policy_reloads_total", 'good="true"') > reloads)
    it.created(of("Pod", it.eve, it.name("eve")))
    it.refused(it.create(of("Pod", it.good, "no")), JANE, EVE, "(rule.signer)")
    return "the other signer now, and no longer the first"


def a_policy_that_is_no_good(it):
    it.gate.write_policy(text="version: 1\nrules: nonsense\n")
    it.gate.apply()
    it.server.until("the bad policy", lambda: it.gate.count("sigsign_policy_reloads_total", 'good="false"'))
    it.created(of("Pod", it.eve, it.name("eve")))
    reloads = it.gate.count("sigsign_policy_reloads_total", 'good="true"')
    it.gate.write_policy(JANE)
    it.gate.apply()
    it.server.until("the good policy", lambda: it.gate.count("sigsign_policy_reloads_total", 'good="true"') > reloads)
    it.created(of("Pod", it.good, it.name("good")))
    return "the last good one stays, and a metric says so"


def no_gate_at_all(it):
    it.gate.stop()
    done = it.create(of("Pod", it.good, "nobody"))
    it.refused(done, "failed calling webhook", "connection refused", show=True)
    # What changes no pod goes on.
    it.server.do("annotate", "deployment", "app", "c=d", "-n", "demo")
    it.server.do("scale", "deployment", "app", "--replicas=0", "-n", "demo")
    it.server.until("no pod", lambda: pods_of(it, "app", 0) is not None)
    it.server.do("delete", "deployment", "app", "-n", "demo")
    it.gate.start()
    it.created(of("Pod", it.good, it.name("back")))
    return "nothing starts; scaling down and deleting go on"


def the_way_out(it):
    """As the guide has it, while there is no gate."""
    it.gate.stop()
    it.gate.type(it.gate.way_out)
    it.server.until("the label's end",
                    lambda: it.create(of("Pod", it.bare, it.name("free"))).returncode == 0)
    it.gate.start()
    it.server.do("label", "namespace", "demo", f"{LABEL}=enforce")
    it.server.until("the label", lambda: it.create(of("Pod", it.bare, it.name("bare"))).returncode != 0)
    return it.gate.way_out


SCENARIOS = [
    a_signed_pod_by_tag, a_signed_pod_by_digest, a_signed_deployment_and_the_pods_that_come_of_it,
    every_kind_that_makes_pods, an_unsigned_pod, an_unsigned_deployment, a_pod_signed_by_somebody_else,
    an_image_that_no_rule_is_about, an_image_that_is_not_there, every_place_in_a_pod,
    an_image_that_a_rule_skips, a_rule_that_only_warns, an_ephemeral_container, scaling,
    another_image_in_a_deployment, the_same_manifest_again, what_changes_no_pod, a_dry_run, deleting,
    a_workload_from_before_the_label, namespaces_that_nobody_asks_about, what_the_audit_log_has,
    a_registry_that_does_not_answer, a_certificate_that_is_renewed, another_authority_for_the_certificate,
    another_policy, a_policy_that_is_no_good, no_gate_at_all, the_way_out,
]
