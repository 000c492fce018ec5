//! The manifests of `deploy/`, held against the program and against one another. `.ci/cluster` applies
//! them to an API server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::json;
use sigsign_core::transport::{Request, Transport as _};

use super::{Cluster, JSON, pod};
use crate::text;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// The documents of a file.
fn documents(name: &str) -> Vec<Yaml<'static>> {
    let text: &'static str = Box::leak(read(name).into_boxed_str());
    Yaml::load_from_str(text).unwrap()
}

fn document(name: &str) -> Yaml<'static> {
    documents(name).remove(0)
}

fn word<'a>(node: &'a Yaml<'_>) -> &'a str {
    node.as_str().unwrap()
}

fn list<'a>(node: &'a Yaml<'static>) -> &'a [Yaml<'static>] {
    node.as_sequence().unwrap()
}

fn words(node: &Yaml<'static>) -> Vec<String> {
    list(node).iter().map(|it| word(it).to_owned()).collect()
}

/// The container of the gate, with the pod that it is in.
fn pod_spec() -> Yaml<'static> {
    document("base/deployment.yaml")["spec"]["template"]["spec"].clone()
}

/// Its options, by name.
fn options(container: &Yaml<'static>) -> BTreeMap<String, String> {
    let words = words(&container["args"]);
    assert_eq!(["gate", "serve"], words[..2]);
    let options = words[2..].iter().map(|it| it.split_once('=').unwrap());
    options
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Containers' ports by their names.
fn ports(container: &Yaml<'static>) -> BTreeMap<String, i64> {
    let ports = list(&container["ports"]).iter();
    ports
        .map(|it| {
            (
                word(&it["name"]).to_owned(),
                it["containerPort"].as_integer().unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_deployment_starts_a_gate_that_its_probes_and_webhooks_find() {
    let pod_spec = pod_spec();
    let container = &pod_spec["containers"][0];
    let options = options(container);
    let mut it = Cluster::without_gate("require");
    // As it is there, but for the files and ports of this machine.
    let here = BTreeMap::from([
        ("--policy", "policy.yaml"),
        ("--tls-cert", "tls.pem"),
        ("--tls-key", "tls.key"),
        ("--listen", "127.0.0.1:0"),
        ("--metrics", "127.0.0.1:0"),
    ]);
    let given = options.iter().map(|(name, value)| {
        let value = here.get(name.as_str()).copied().unwrap_or(value);
        format!("{name}={value}")
    });
    it.start_with(&given.collect::<Vec<_>>());

    for probe in ["livenessProbe", "readinessProbe"] {
        let asked = &container[probe]["httpGet"];
        assert_eq!(
            ("HTTPS", "reviews"),
            (word(&asked["scheme"]), word(&asked["port"]))
        );
        let request = Request::get(format!("{}{}", it.url, word(&asked["path"])));
        let answer = it.served.runtime.block_on(it.client.send(&request));
        assert_eq!(200, answer.unwrap().status());
    }
    for webhook in documents("base/webhooks.yaml") {
        let path = word(&webhook["webhooks"][0]["clientConfig"]["service"]["path"]).to_owned();
        let answer = it.ask(&path, &pod(&[it.image("base/os:1")]));
        assert_eq!(Some(true), answer["allowed"].as_bool(), "{answer}");
    }
    let other = json!({ "apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview" });
    let request = Request::post(
        format!("{}/validate", it.url),
        JSON,
        other.to_string().into_bytes(),
    );
    let answer = it.served.runtime.block_on(it.client.send(&request));
    assert_eq!(400, answer.unwrap().status());
}

#[test]
fn ports_and_files_are_those_of_the_options() {
    let pod_spec = pod_spec();
    let container = &pod_spec["containers"][0];
    let (options, ports) = (options(container), ports(container));
    let at = |name: &str| format!("[::]:{}", ports[name]);
    assert_eq!(
        (&at("reviews"), &at("metrics")),
        (&options["--listen"], &options["--metrics"])
    );
    let exposed = format!("EXPOSE {} {}", ports["reviews"], ports["metrics"]);
    assert!(read("Containerfile").contains(&exposed));
    for port in list(&document("base/service.yaml")["spec"]["ports"]) {
        assert!(ports.contains_key(word(&port["targetPort"])));
    }

    let mounts: BTreeMap<&str, &str> = list(&container["volumeMounts"])
        .iter()
        .map(|it| (word(&it["name"]), word(&it["mountPath"])))
        .collect();
    let generated = &document("base/kustomization.yaml")["configMapGenerator"][0];
    let policy = format!("{}/{}", mounts["policy"], word(&generated["files"][0]));
    let tls = |name: &str| format!("{}/{name}", mounts["tls"]);
    assert_eq!(
        [&policy, &tls("tls.crt"), &tls("tls.key")],
        [
            &options["--policy"],
            &options["--tls-cert"],
            &options["--tls-key"]
        ]
    );
    for volume in list(&pod_spec["volumes"]) {
        let source = match word(&volume["name"]) {
            "policy" => (&volume["configMap"]["name"], &generated["name"]),
            _ => (
                &volume["secret"]["secretName"],
                &document("self-signed/kustomization.yaml")["secretGenerator"][0]["name"],
            ),
        };
        assert_eq!(word(source.0), word(source.1));
    }
}

#[test]
fn the_certificate_is_for_the_service_that_the_webhooks_name() {
    let service = document("base/service.yaml");
    let (name, namespace) = (
        word(&service["metadata"]["name"]),
        word(&service["metadata"]["namespace"]),
    );
    for webhook in documents("base/webhooks.yaml") {
        let asked = &webhook["webhooks"][0]["clientConfig"]["service"];
        assert_eq!(
            (name, namespace),
            (word(&asked["name"]), word(&asked["namespace"]))
        );
        assert_eq!(service["spec"]["ports"][0]["port"], asked["port"]);
    }
    let host = format!("{name}.{namespace}.svc");
    assert!(read("self-signed/certificate").contains(&format!("\nname={host}\n")));
    let certificate = documents("cert-manager/certificate.yaml").remove(1);
    assert_eq!([host], *words(&certificate["spec"]["dnsNames"]));
    let secret = &pod_spec()["volumes"][1]["secret"]["secretName"];
    assert_eq!(secret, &certificate["spec"]["secretName"]);
    let injected = format!(
        "inject-ca-from: {namespace}/{}",
        word(&certificate["metadata"]["name"])
    );
    assert!(read("cert-manager/kustomization.yaml").contains(&injected));
}

#[test]
fn the_webhooks_fail_closed_and_never_for_the_gate_itself() {
    let own = document("base/namespace.yaml");
    let own = word(&own["metadata"]["name"]);
    let all = documents("base/webhooks.yaml");
    for configuration in &all {
        let [webhook] = list(&configuration["webhooks"]) else {
            panic!("not one webhook");
        };
        assert_eq!("Fail", word(&webhook["failurePolicy"]));
        assert_eq!("None", word(&webhook["sideEffects"]));
        assert_eq!("Equivalent", word(&webhook["matchPolicy"]));
        assert_eq!(Some(10), webhook["timeoutSeconds"].as_integer());
        let [label, never] = list(&webhook["namespaceSelector"]["matchExpressions"]) else {
            panic!("not two expressions");
        };
        assert_eq!("In", word(&label["operator"]));
        assert_eq!(["enforce"], *words(&label["values"]));
        assert_eq!("NotIn", word(&never["operator"]));
        let never = words(&never["values"]);
        assert!(
            [own, "kube-system"]
                .iter()
                .all(|it| never.contains(&(*it).to_owned()))
        );
        let rules = list(&webhook["rules"]).iter();
        let asked: Vec<String> = rules.flat_map(|it| words(&it["resources"])).collect();
        for resource in [
            "pods",
            "pods/ephemeralcontainers",
            "replicationcontrollers",
            "daemonsets",
            "deployments",
            "replicasets",
            "statefulsets",
            "cronjobs",
            "jobs",
        ] {
            assert!(asked.iter().any(|it| it == resource), "{resource}");
        }
    }
    let [one, other] = [&all[0]["webhooks"][0], &all[1]["webhooks"][0]];
    for field in ["rules", "namespaceSelector", "matchConditions"] {
        assert_eq!(one[field], other[field]);
    }
}

#[test]
fn the_container_may_do_as_little_as_there_is() {
    let pod_spec = pod_spec();
    let (container, of_pod) = (&pod_spec["containers"][0], &pod_spec["securityContext"]);
    let context = &container["securityContext"];
    assert_eq!(Some(true), of_pod["runAsNonRoot"].as_bool());
    let user = (
        of_pod["runAsUser"].as_integer().unwrap(),
        of_pod["runAsGroup"].as_integer().unwrap(),
    );
    assert!(read("Containerfile").contains(&format!("\nUSER {}:{}\n", user.0, user.1)));
    assert_eq!("RuntimeDefault", word(&of_pod["seccompProfile"]["type"]));
    assert_eq!(Some(false), context["allowPrivilegeEscalation"].as_bool());
    assert_eq!(Some(true), context["readOnlyRootFilesystem"].as_bool());
    assert_eq!(["ALL"], *words(&context["capabilities"]["drop"]));
    assert_eq!(
        Some(false),
        pod_spec["automountServiceAccountToken"].as_bool()
    );
}

#[test]
fn the_policy_is_a_good_one() {
    let it = crate::Folder::new();
    it.write("policy.yaml", &read("base/policy.yaml"));

    let checked = it.run(["policy", "check", "policy.yaml", "--strict"]);

    assert_eq!(Some(0), checked.status.code(), "{}", text(&checked.stdout));
}
