//! What the API server asks: reviews, the images in them, and the answer.
//!
//! Spec: Kubernetes, "Dynamic Admission Control", AdmissionReview of admission.k8s.io/v1

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sigsign_core::encoding::Escaped;

use super::words;

const VERSION: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// Characters of one warning, and of all. Spec: AdmissionResponse, `warnings`
const WARNING: usize = 256;
const WARNINGS: usize = 4096;

/// A question of the API server.
#[derive(Debug)]
pub(super) struct Review {
    pub(super) uid: String,
    pub(super) dry_run: bool,
    /// What it is about, for logs: operation, kind, namespace and name.
    pub(super) about: String,
    pub(super) images: Vec<Place>,
}

/// An image in an object, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) image: String,
}

/// No review, and so no answer that the server would take.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewJson {
    api_version: String,
    kind: String,
    request: Option<RequestJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestJson {
    uid: String,
    operation: String,
    #[serde(default)]
    sub_resource: String,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(default)]
    kind: KindJson,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
struct KindJson {
    #[serde(default)]
    kind: String,
}

/// Reads a review, and finds the images that have to be looked at.
pub(super) fn read(body: &[u8]) -> Result<Review, Malformed> {
    let review: ReviewJson =
        serde_json::from_slice(body).map_err(|_| Malformed("wanted an AdmissionReview in JSON"))?;
    if review.api_version != VERSION || review.kind != KIND {
        return Err(Malformed(
            "wanted an AdmissionReview of admission.k8s.io/v1",
        ));
    }
    let request = review
        .request
        .ok_or(Malformed("wanted a review with a request"))?;
    if request.uid.is_empty() {
        return Err(Malformed("wanted a request with a uid"));
    }
    Ok(Review {
        images: images_to_check(&request)?,
        about: about(&request),
        uid: request.uid,
        dry_run: request.dry_run.unwrap_or(false),
    })
}

fn about(request: &RequestJson) -> String {
    let words = [
        &request.operation,
        &request.kind.kind,
        &request.namespace,
        &request.name,
    ];
    let words = words.map(|it| Escaped(it).to_string());
    words.join(" ").trim_end().to_owned()
}

/// Those of what is made; of what is changed, those that it did not have before. An image that is
/// there already was looked at then, and a change of something else is not to fail for it.
fn images_to_check(request: &RequestJson) -> Result<Vec<Place>, Malformed> {
    // What has no pod specification: scale, status, exec and the like.
    if !["", "ephemeralcontainers"].contains(&request.sub_resource.as_str()) {
        return Ok(Vec::new());
    }
    let places = match request.operation.as_str() {
        "CREATE" | "UPDATE" => images(&request.object)?,
        _ => return Ok(Vec::new()),
    };
    if request.operation == "CREATE" {
        return Ok(places);
    }
    let before = images(&request.old_object)?;
    let before: BTreeSet<&str> = before.iter().map(|it| it.image.as_str()).collect();
    let is_new = |it: &Place| !before.contains(it.image.as_str());
    Ok(places.into_iter().filter(is_new).collect())
}

/// Where objects have the specification of their pods.
const TEMPLATES: [&str; 4] = [
    "/spec",
    "/spec/template/spec",
    "/spec/jobTemplate/spec/template/spec",
    "/template/spec",
];

/// All images of the pods that come of an object: of every kind of container, and of volumes.
fn images(object: &Value) -> Result<Vec<Place>, Malformed> {
    let mut found = Vec::new();
    for template in TEMPLATES {
        let Some(spec) = object.pointer(template) else {
            continue;
        };
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (at, container) in items(spec, list)?.iter().enumerate() {
                let pointer = format!("{template}/{list}/{at}/image");
                push(&mut found, container.get("image"), pointer)?;
            }
        }
        for (at, volume) in items(spec, "volumes")?.iter().enumerate() {
            let pointer = format!("{template}/volumes/{at}/image/reference");
            push(&mut found, volume.pointer("/image/reference"), pointer)?;
        }
    }
    Ok(found)
}

fn items<'a>(spec: &'a Value, name: &str) -> Result<&'a [Value], Malformed> {
    match spec.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Malformed("wanted lists of containers and volumes")),
    }
}

/// An image may be left out: a controller may fill it in, and a pod comes by here again.
fn push(found: &mut Vec<Place>, image: Option<&Value>, pointer: String) -> Result<(), Malformed> {
    match image {
        None | Some(Value::Null) => {}
        Some(Value::String(image)) if image.is_empty() => {}
        Some(Value::String(image)) => found.push(Place {
            pointer,
            image: image.clone(),
        }),
        Some(_) => return Err(Malformed("wanted images as text")),
    }
    Ok(())
}

/// The answer to a review.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Why not; empty if it is allowed.
    pub(super) refusals: Vec<String>,
    /// Whether it is not the image but the way to it that is wrong.
    pub(super) is_passing: bool,
    pub(super) warnings: Vec<String>,
    /// Images to put in the place of others.
    pub(super) pins: Vec<Place>,
    pub(super) annotations: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerJson<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: ResponseJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseJson<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    audit_annotations: serde_json::Map<String, Value>,
}

impl Answer {
    pub(super) fn is_allowed(&self) -> bool {
        self.refusals.is_empty()
    }

    /// As the API server reads it.
    pub(super) fn to_json(&self, uid: &str) -> String {
        let patch = (self.is_allowed() && !self.pins.is_empty()).then(|| self.patch());
        let annotations = self.annotations.iter();
        let annotations = annotations.map(|(name, value)| ((*name).to_owned(), json!(value)));
        let answer = AnswerJson {
            api_version: VERSION,
            kind: KIND,
            response: ResponseJson {
                uid,
                allowed: self.is_allowed(),
                status: (!self.is_allowed()).then(|| self.status()),
                patch_type: patch.is_some().then_some("JSONPatch"),
                patch: patch.map(|it| STANDARD.encode(it)),
                warnings: self.short_warnings(),
                audit_annotations: annotations.collect(),
            },
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }

    /// Spec: RFC 6902
    fn patch(&self) -> String {
        let replace = |it: &Place| json!({"op": "replace", "path": it.pointer, "value": it.image});
        json!(self.pins.iter().map(replace).collect::<Vec<_>>()).to_string()
    }

    fn status(&self) -> Value {
        let message = words::on_a_screen(&self.refusals);
        let (code, reason) = if self.is_passing {
            (503, "ServiceUnavailable")
        } else {
            (403, "Forbidden")
        };
        json!({ "code": code, "message": message, "reason": reason })
    }

    /// The server drops what is too long, and what has a line end in it.
    fn short_warnings(&self) -> Vec<String> {
        let mut left = WARNINGS;
        let mut short = Vec::new();
        for warning in &self.warnings {
            let text = words::shortened(&warning.replace('\n', " "), WARNING);
            let length = text.chars().count();
            if length > left {
                break;
            }
            left = left.saturating_sub(length);
            short.push(text);
        }
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(request: &Value) -> Value {
        json!({ "apiVersion": VERSION, "kind": KIND, "request": request })
    }

    fn pod(images: &[&str]) -> Value {
        let containers: Vec<Value> = images
            .iter()
            .map(|it| json!({"name": "c", "image": it}))
            .collect();
        json!({ "kind": "Pod", "spec": { "containers": containers } })
    }

    fn found(request: &Value) -> Vec<String> {
        let read = read(review(request).to_string().as_bytes()).unwrap();
        read.images.into_iter().map(|it| it.image).collect()
    }

    #[test]
    fn accepts_every_place_that_an_image_can_have() {
        let spec = json!({
            "initContainers": [{ "image": "a" }],
            "containers": [{ "image": "b" }, { "name": "later" }],
            "ephemeralContainers": [{ "image": "c" }],
            "volumes": [{ "emptyDir": {} }, { "image": { "reference": "d" } }],
        });
        for object in [
            json!({ "spec": spec }),
            json!({ "spec": { "template": { "spec": spec } } }),
            json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": spec } } } } }),
            json!({ "template": { "spec": spec } }),
        ] {
            let request = json!({ "uid": "1", "operation": "CREATE", "object": object });
            let read = read(review(&request).to_string().as_bytes()).unwrap();

            let images: Vec<&str> = read.images.iter().map(|it| it.image.as_str()).collect();
            assert_eq!(["a", "b", "c", "d"], *images);
            for place in &read.images {
                let there = object.pointer(&place.pointer).and_then(Value::as_str);
                assert_eq!(Some(place.image.as_str()), there);
            }
        }
    }

    #[test]
    fn looks_at_what_is_new_and_at_nothing_that_goes_or_runs() {
        let update = |sub: &str| {
            json!({
                "uid": "1", "operation": "UPDATE", "subResource": sub,
                "object": pod(&["old", "new"]), "oldObject": pod(&["old", "gone"]),
            })
        };
        assert_eq!(["new"], *found(&update("")));
        assert_eq!(["new"], *found(&update("ephemeralcontainers")));
        for sub in ["scale", "status", "exec", "attach", "resize"] {
            assert_eq!(Vec::<String>::new(), found(&update(sub)), "{sub}");
        }
        for operation in ["DELETE", "CONNECT"] {
            let request = json!({ "uid": "1", "operation": operation, "object": null, "oldObject": pod(&["x"]) });
            assert_eq!(Vec::<String>::new(), found(&request));
        }
    }

    #[test]
    fn rejects_what_is_no_review() {
        let good = review(&json!({ "uid": "1", "operation": "CREATE", "object": pod(&["a"]) }));
        assert!(read(good.to_string().as_bytes()).is_ok());
        for (pointer, value) in [
            ("/apiVersion", json!("admission.k8s.io/v1beta1")),
            ("/kind", json!("Review")),
            ("/request", Value::Null),
            ("/request/uid", json!("")),
            ("/request/object/spec/containers", json!({})),
            ("/request/object/spec/containers/0/image", json!(1)),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert!(read(bad.to_string().as_bytes()).is_err(), "{pointer}");
        }
        assert!(read(b"{").is_err());
    }

    #[test]
    fn says_no_more_than_a_screen_of_it() {
        let answer = Answer {
            refusals: (0..30).map(|it| format!("sigsign: {it}\n  why")).collect(),
            ..Answer::default()
        };

        let refused: Value = serde_json::from_str(&answer.to_json("u")).unwrap();

        let message = refused["response"]["status"]["message"].as_str().unwrap();
        assert_eq!(41, message.lines().count());
        assert_eq!(Some("  and 20 more lines"), message.lines().last());
        let long = Answer {
            refusals: vec!["x".repeat(5000)],
            ..Answer::default()
        };
        let refused: Value = serde_json::from_str(&long.to_json("u")).unwrap();
        let message = refused["response"]["status"]["message"].as_str().unwrap();
        assert_eq!((4000, true), (message.len(), message.ends_with(" ...")));
    }

    #[test]
    fn answers_as_the_server_reads_it() {
        let place = |image: &str| Place {
            pointer: "/spec/containers/0/image".to_owned(),
            image: image.to_owned(),
        };
        let mut answer = Answer {
            pins: vec![place("a@sha256:1")],
            warnings: vec!["x".repeat(300), "a\nb".to_owned()],
            annotations: vec![("policy", "p".to_owned())],
            ..Answer::default()
        };

        let allowed: Value = serde_json::from_str(&answer.to_json("u")).unwrap();
        answer.refusals = vec!["no".to_owned()];
        let refused: Value = serde_json::from_str(&answer.to_json("u")).unwrap();

        let response = &allowed["response"];
        assert_eq!(
            (VERSION, KIND),
            (
                allowed["apiVersion"].as_str().unwrap(),
                allowed["kind"].as_str().unwrap()
            )
        );
        assert_eq!(
            (Some("u"), Some(true)),
            (response["uid"].as_str(), response["allowed"].as_bool())
        );
        let patch = STANDARD
            .decode(response["patch"].as_str().unwrap())
            .unwrap();
        let want = r#"[{"op":"replace","path":"/spec/containers/0/image","value":"a@sha256:1"}]"#;
        assert_eq!(want, String::from_utf8(patch).unwrap());
        assert_eq!(256, response["warnings"][0].as_str().unwrap().len());
        assert_eq!("a b", response["warnings"][1]);
        assert_eq!("p", response["auditAnnotations"]["policy"]);
        let response = &refused["response"];
        assert_eq!(
            (Some(false), None),
            (response["allowed"].as_bool(), response.get("patch"))
        );
        assert_eq!(
            (403, "no"),
            (
                response["status"]["code"].as_u64().unwrap(),
                response["status"]["message"].as_str().unwrap()
            )
        );
    }

    #[test]
    fn accepts_the_reviews_that_a_server_sent() {
        let Some(folder) = std::env::var_os("SIGSIGN_VECTORS") else {
            return;
        };
        let folder = std::path::Path::new(&folder).join("admission-reviews");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|it| it != "json") {
                continue;
            }
            seen += 1;
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let read = read(&std::fs::read(&path).unwrap()).unwrap();
            let none = ["delete", "scale", "exec", "labels", "apply"];
            let is_none = none.iter().any(|it| name.contains(it));
            assert_eq!(is_none, read.images.is_empty(), "{name}: {:?}", read.images);
        }
        assert!(seen > 20);
    }
}
