use std::sync::Arc;

use axum::Router;
use sigsign_local::instance::rekor_v1::{Added, HOST, RekorV1};
use sigsign_local::instance::{Fault, Service};
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::{Made, Stage, make, pae};
use sigsign_local::recipe::{NOW, Recipe, START};
use sigsign_local::text::{base64, from_base64, hex, pem};
use sigsign_local::{document, tree};

use crate::common::{World, get, post, verify, wait};

const PATH: &str = "/api/v1/log/entries";

fn open(world: &World) -> Arc<RekorV1> {
    Arc::new(RekorV1::open(Arc::clone(&world.context)).unwrap())
}

fn proposed(kind: &str, spec: Json) -> Json {
    Json::object([
        ("apiVersion", Json::text("0.0.1")),
        ("kind", Json::text(kind)),
        ("spec", spec),
    ])
}

fn hashedrekord(scheme: Scheme, message: &[u8], signature: &[u8], signer: &str) -> Json {
    let hash = Json::object([
        ("algorithm", Json::text(scheme.hash().name())),
        ("value", Json::text(hex(&scheme.hash().of(message)))),
    ]);
    let key = Json::object([("content", Json::bytes(signer))]);
    let signature = Json::object([("content", Json::bytes(signature)), ("publicKey", key)]);
    let spec = Json::object([
        ("data", Json::object([("hash", hash)])),
        ("signature", signature),
    ]);
    proposed("hashedrekord", spec)
}

fn dsse(payload: &[u8], payload_type: &str, signatures: &[&[u8]], signers: &[String]) -> Json {
    let signature = |sig: &&[u8]| Json::object([("sig", Json::bytes(sig))]);
    let envelope = Json::object([
        ("payload", Json::bytes(payload)),
        ("payloadType", Json::text(payload_type)),
        (
            "signatures",
            Json::List(signatures.iter().map(signature).collect()),
        ),
    ]);
    let content = Json::object([
        ("envelope", Json::text(envelope.compact())),
        (
            "verifiers",
            Json::List(signers.iter().map(Json::bytes).collect()),
        ),
    ]);
    proposed("dsse", Json::object([("proposedContent", content)]))
}

/// A proposal of a key, for a message.
fn of_key(scheme: Scheme, message: &[u8]) -> Json {
    let key = Key::new(scheme, "signer");
    hashedrekord(
        scheme,
        message,
        &key.sign(message),
        &pem("PUBLIC KEY", &key.spki()),
    )
}

/// The entry as a bundle has it. Spec: rekor.proto
fn to_bundle(id: &str, json: &Json, kind: &str) -> Json {
    let value: serde_json::Value = serde_json::from_str(&json.compact()).unwrap();
    let entry = &value[id];
    let verification = &entry["verification"];
    let proof = &verification["inclusionProof"];
    let bytes = |hex: &serde_json::Value| Json::bytes(unhex(hex.as_str().unwrap()));
    let text = |value: &serde_json::Value| Json::text(value.as_str().unwrap());
    let number = |value: &serde_json::Value| Json::int64(value.as_i64().unwrap());
    let hashes = proof["hashes"]
        .as_array()
        .unwrap()
        .iter()
        .map(bytes)
        .collect();
    let version = [("kind", Json::text(kind)), ("version", Json::text("0.0.1"))];
    let promise = text(&verification["signedEntryTimestamp"]);
    Json::object([
        ("logIndex", number(&entry["logIndex"])),
        ("logId", Json::object([("keyId", bytes(&entry["logID"]))])),
        ("kindVersion", Json::object(version)),
        ("integratedTime", number(&entry["integratedTime"])),
        (
            "inclusionPromise",
            Json::object([("signedEntryTimestamp", promise)]),
        ),
        (
            "inclusionProof",
            Json::object([
                ("logIndex", number(&proof["logIndex"])),
                ("rootHash", bytes(&proof["rootHash"])),
                ("treeSize", number(&proof["treeSize"])),
                ("hashes", Json::List(hashes)),
                (
                    "checkpoint",
                    Json::object([("envelope", text(&proof["checkpoint"]))]),
                ),
            ]),
        ),
        ("canonicalizedBody", text(&entry["body"])),
    ])
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// Follows a recipe, with `log` in the place of the recipe's.
fn sign(recipe: &Recipe, log: &RekorV1) -> Made {
    let (mut signer, mut message, mut signature) = (None, Vec::new(), Vec::new());
    let mut envelope = None;
    make(recipe, &mut |stage| match stage {
        Stage::Certificate(der) => signer = Some(pem("CERTIFICATE", der)),
        Stage::Payload(payload, kind) => envelope = Some((payload.clone(), kind.clone())),
        Stage::Signed(bytes) => message.clone_from(bytes),
        Stage::Signature(bytes) => signature.clone_from(bytes),
        Stage::Entry(_, entry) => {
            let spki = Key::new(recipe.signer, "signer").spki();
            let signer = signer.clone().unwrap_or_else(|| pem("PUBLIC KEY", &spki));
            let (kind, request) = match &envelope {
                Some((payload, of)) => ("dsse", dsse(payload, of, &[&signature], &[signer])),
                None => (
                    "hashedrekord",
                    hashedrekord(recipe.signer, &message, &signature, &signer),
                ),
            };
            match wait(log.add(request.compact().as_bytes())).unwrap() {
                Added::Entry(added) => *entry = to_bundle(&added.id, &added.json, kind),
                Added::Known(id) => panic!("known as {id}"),
            }
        }
        Stage::Root(root) => {
            let keys = log.log().keys();
            let known = document::log(HOST, &None, &keys.key, &keys.id(), (START, None));
            root.set("tlogs.0", known);
        }
        _ => {}
    })
}

#[test]
fn accepts_entries_that_the_verifier_accepts() {
    let world = World::new();
    let log = open(&world);
    for signer in [
        Scheme::P256,
        Scheme::P384,
        Scheme::P521,
        Scheme::Ed25519Ph,
        Scheme::Rsa2048,
    ] {
        let base = Recipe {
            signer,
            ..Recipe::v1()
        };
        for recipe in [base.clone(), base.managed("hint")] {
            let made = sign(&recipe, &log);

            assert_eq!(Ok(()), verify(&recipe, &made), "{signer:?}");
        }
    }
    for signer in [Scheme::P256, Scheme::Ed25519, Scheme::Rsa2048] {
        let base = Recipe {
            signer,
            ..Recipe::v1().dsse("dsse")
        };
        for recipe in [base.clone(), base.managed("hint")] {
            let made = sign(&recipe, &log);

            assert_eq!(Ok(()), verify(&recipe, &made), "{signer:?} dsse");
        }
    }
}

#[test]
fn accepts_a_proposal_with_the_answer_of_the_real_server() {
    let world = World::new();
    let log = open(&world);
    let router = Arc::clone(&log).router();

    let answer = post(&router, PATH, of_key(Scheme::P256, b"message").compact());

    assert_eq!(201, answer.status.as_u16());
    let json = answer.json();
    let (id, entry) = json.as_object().unwrap().iter().next().unwrap();
    assert_eq!(format!("{PATH}/{id}"), answer.headers["location"]);
    // Without quotes, as clients in Go want it.
    assert_eq!(*id, answer.headers["etag"]);
    let body = from_base64(entry["body"].as_str().unwrap());
    assert!(id.ends_with(&hex(&tree::leaf_hash(&body))));
    assert_eq!(80, id.len());
    assert_eq!(NOW + 5, entry["integratedTime"].as_i64().unwrap());
    assert_eq!(0, entry["logIndex"]);
    let start = r#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":""#;
    assert!(body.starts_with(start.as_bytes()));
    let checkpoint = entry["verification"]["inclusionProof"]["checkpoint"]
        .as_str()
        .unwrap();
    let tree = get(&router, "/api/v1/log").json();
    let origin = format!("{HOST} - {}\n1\n", tree["treeID"].as_str().unwrap());
    assert!(checkpoint.starts_with(&origin), "{checkpoint}");
    assert_eq!(tree["signedTreeHead"], checkpoint);
}

#[test]
fn accepts_readers_of_entries() {
    let world = World::new();
    let log = open(&world);
    let router = Arc::clone(&log).router();
    let first = post(&router, PATH, of_key(Scheme::P256, b"first").compact()).json();
    world.context.clock.advance(60_000);
    post(&router, PATH, of_key(Scheme::P256, b"second").compact());
    let id = first.as_object().unwrap().keys().next().unwrap();

    let by_index = get(&router, &format!("{PATH}?logIndex=0")).json();
    let by_id = get(&router, &format!("{PATH}/{id}")).json();
    let by_leaf = get(&router, &format!("{PATH}/{}", &id[16..])).json();
    let query = format!(r#"{{"entryUUIDs":["{id}"],"logIndexes":[1,7]}}"#);
    let found = post(&router, &format!("{PATH}/retrieve"), query).json();

    assert_eq!(by_index, by_id);
    assert_eq!(by_index, by_leaf);
    // The promise and the time are those of then, the proof is of now.
    for member in ["body", "integratedTime", "logID", "logIndex"] {
        assert_eq!(first[id][member], by_id[id][member]);
    }
    let set = "signedEntryTimestamp";
    assert_eq!(
        first[id]["verification"][set],
        by_id[id]["verification"][set]
    );
    assert_eq!(2, by_id[id]["verification"]["inclusionProof"]["treeSize"]);
    assert_eq!(by_id, found[0]);
    assert_eq!(2, found.as_array().unwrap().len());
    let key = get(&router, "/api/v1/log/publicKey").body;
    assert_eq!(
        pem("PUBLIC KEY", &log.log().keys().key.spki()).into_bytes(),
        key
    );
    let proof = get(&router, "/api/v1/log/proof?firstSize=1&lastSize=2").json();
    assert_eq!(
        hex(&log.log().leaf(1).unwrap()),
        proof["hashes"][0].as_str().unwrap()
    );
    assert_eq!(
        hex(&log.log().head().1),
        proof["rootHash"].as_str().unwrap()
    );
}

#[test]
fn rejects_questions_without_an_answer() {
    let world = World::new();
    let router = open(&world).router();
    let unknown = "0".repeat(64);
    let sizes = "wanted 0 < firstSize <= lastSize <= the size of the tree";

    for (path, code, message) in [
        (format!("{PATH}?logIndex=0"), 404, "no such entry"),
        (
            format!("{PATH}?logIndex=-1"),
            400,
            "logIndex is not a number",
        ),
        (PATH.to_owned(), 400, "logIndex is not a number"),
        (format!("{PATH}/{unknown}"), 404, "no such entry"),
        (
            format!("{PATH}/{}{unknown}", "0".repeat(16)),
            404,
            "no such entry",
        ),
        (format!("{PATH}/xyz"), 400, "incorrectly formatted uuid"),
        (
            format!("{PATH}/{}", "g".repeat(64)),
            400,
            "incorrectly formatted uuid",
        ),
        (
            "/api/v1/log/proof?firstSize=0&lastSize=0".to_owned(),
            400,
            sizes,
        ),
        (
            "/api/v1/log/proof?firstSize=1&lastSize=2".to_owned(),
            400,
            sizes,
        ),
        ("/api/v1/log/proof".to_owned(), 400, sizes),
    ] {
        let answer = get(&router, &path);
        assert_eq!((code, message.to_owned()), answer.refusal(), "{path}");
        assert_eq!(code, answer.json()["code"]);
    }
    let many = r#"{"logIndexes":[0,1,2,3,4,5,6,7,8,9,10]}"#;
    let answer = post(&router, &format!("{PATH}/retrieve"), many);
    assert_eq!((400, "more than 10 entries".to_owned()), answer.refusal());
}

#[test]
fn rejects_an_equal_entry_and_says_which() {
    let world = World::new();
    let router = open(&world).router();
    let first = post(&router, PATH, of_key(Scheme::P256, b"first").compact()).json();
    let id = first.as_object().unwrap().keys().next().unwrap();

    let answer = post(&router, PATH, of_key(Scheme::P256, b"first").compact());

    assert_eq!(format!("{PATH}/{id}"), answer.headers["location"]);
    let text = format!("an equivalent entry already exists in the transparency log with UUID {id}");
    assert_eq!((409, text), answer.refusal());
}

#[test]
fn rejects_hashedrekords_whose_meaning_is_wrong() {
    let world = World::new();
    let router = open(&world).router();
    let good = of_key(Scheme::P256, b"message");
    let changed = |path: &str, value: Json| {
        let mut request = good.clone();
        request.set(path, value);
        request
    };
    let stranger = Key::new(Scheme::P256, "stranger");
    let key = pem("PUBLIC KEY", &stranger.spki());
    let signature = "verifying signature: it is not of this key and digest";
    let bad_key = "the public key is not one key or certificate in PEM";
    let (value, content) = ("spec.data.hash.value", "spec.signature.publicKey.content");

    for (what, request, message) in [
        (
            "other digest",
            changed(value, Json::text("00".repeat(32))),
            signature,
        ),
        ("other key", changed(content, Json::bytes(&key)), signature),
        (
            "other signature",
            changed(
                "spec.signature.content",
                Json::bytes(stranger.sign(b"message")),
            ),
            signature,
        ),
        (
            "pure Ed25519",
            of_key(Scheme::Ed25519, b"message"),
            signature,
        ),
        (
            "short digest",
            changed(value, Json::text("00")),
            "invalid value for hash",
        ),
        (
            "odd digest",
            changed(value, Json::text("0")),
            "invalid value for hash",
        ),
        (
            "digest of another length",
            changed("spec.data.hash.algorithm", Json::text("sha512")),
            "invalid value for hash",
        ),
        (
            "other algorithm",
            changed("spec.data.hash.algorithm", Json::text("sha1")),
            "wanted sha256, sha384 or sha512",
        ),
        ("no PEM", changed(content, Json::bytes("key")), bad_key),
        (
            "two keys",
            changed(content, Json::bytes(key.repeat(2))),
            bad_key,
        ),
        (
            "private key",
            changed(content, Json::bytes(key.replace("PUBLIC", "PRIVATE"))),
            bad_key,
        ),
        (
            "other kind",
            changed("kind", Json::text("rekord")),
            "wanted kind hashedrekord or dsse, version 0.0.1",
        ),
        (
            "other version",
            changed("apiVersion", Json::text("0.0.2")),
            "wanted kind hashedrekord or dsse, version 0.0.1",
        ),
        (
            "no data",
            changed("spec", Json::object([])),
            "missing field `data`",
        ),
    ] {
        let want = (400, format!("error processing entry: {message}"));
        assert_eq!(
            want,
            post(&router, PATH, request.compact()).refusal(),
            "{what}"
        );
    }
    assert_eq!(201, post(&router, PATH, good.compact()).status.as_u16());
}

#[test]
fn rejects_envelopes_whose_meaning_is_wrong() {
    let world = World::new();
    let router = open(&world).router();
    let kind = "application/vnd.in-toto+json";
    let (one, two) = (Key::new(Scheme::P256, "one"), Key::new(Scheme::P256, "two"));
    let signed = pae(kind, b"{}");
    let three = Key::new(Scheme::P384, "three");
    let [first, second, third] = [&one, &two, &three].map(|it| it.sign(&signed));
    let [one, two, three] = [one, two, three].map(|it| pem("PUBLIC KEY", &it.spki()));
    let [one, two, three] = [&one, &two, &three].map(std::slice::from_ref);
    let both = [one, two].concat();
    let none: &[&[u8]] = &[];
    let counts = "wanted up to 16 signatures, and no verifier without one";
    let key = "could not verify envelope: a key has no signature";
    let all = "all signatures must have a key that verifies it";

    for (what, request, message) in [
        ("no signature", dsse(b"{}", kind, none, &[]), counts),
        (
            "a key too many",
            dsse(b"{}", kind, &[&first], &both),
            counts,
        ),
        ("another payload", dsse(b"[]", kind, &[&first], one), key),
        (
            "another type",
            dsse(b"{}", "text/plain", &[&first], one),
            key,
        ),
        ("another key", dsse(b"{}", kind, &[&first], two), key),
        (
            "a key missing",
            dsse(b"{}", kind, &[&first, &second], one),
            all,
        ),
        ("no key", dsse(b"{}", kind, &[&first], &[]), all),
        (
            "a signature of a SHA-384",
            dsse(b"{}", kind, &[&third], three),
            key,
        ),
    ] {
        let want = (400, format!("error processing entry: {message}"));
        assert_eq!(
            want,
            post(&router, PATH, request.compact()).refusal(),
            "{what}"
        );
    }
    let good = dsse(b"{}", kind, &[&first, &second], &both);
    assert_eq!(201, post(&router, PATH, good.compact()).status.as_u16());
}

// The signatures are in the order of their text, whatever order they came in.
#[test]
fn accepts_an_envelope_in_its_canonical_form() {
    let world = World::new();
    let log = open(&world);
    let (one, two) = (Key::new(Scheme::P256, "one"), Key::new(Scheme::P256, "two"));
    let signed = pae("text/plain", b"payload");
    let mut signatures = [base64(&one.sign(&signed)), base64(&two.sign(&signed))];
    let keys = [
        pem("PUBLIC KEY", &two.spki()),
        pem("PUBLIC KEY", &one.spki()),
    ];
    let (first, second) = (one.sign(&signed), two.sign(&signed));
    let request = dsse(b"payload", "text/plain", &[&second, &first], &keys);

    wait(log.add(request.compact().as_bytes())).unwrap();

    signatures.sort();
    let stored = log.log().entry(0).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&stored[8..]).unwrap();
    let found = body["spec"]["signatures"].as_array().unwrap();
    let found: Vec<&str> = found
        .iter()
        .map(|it| it["signature"].as_str().unwrap())
        .collect();
    assert_eq!(signatures.to_vec(), found);
}

#[test]
fn rejects_what_is_too_large_or_not_json() {
    let world = World::new();
    let router: Router = open(&world).router();

    let huge = post(&router, PATH, vec![b' '; (8 << 20) + 1]).refusal();
    let empty = post(&router, PATH, "").refusal();

    let want = "the request is larger than 8 MiB, or was cut off".to_owned();
    assert_eq!((400, want), huge);
    let want = "error processing entry: EOF while parsing a value at line 1 column 0".to_owned();
    assert_eq!((400, want), empty);
}

#[test]
fn rejects_what_a_faulty_log_answers() {
    for (fault, code) in [
        (Fault::WrongKey, "note.no-signature"),
        (Fault::WrongProof, "log.root-mismatch"),
        (Fault::StaleCheckpoint, "merkle.index-out-of-range"),
        (Fault::WrongPromise, "log.promise"),
        (Fault::WrongEntry, "tie.signature"),
    ] {
        let world = World::new();
        let log = open(&world);
        let router = Arc::clone(&log).router();
        post(&router, PATH, of_key(Scheme::P256, b"before").compact());
        world.context.faults.times(Service::LogV1, fault.clone(), 1);
        let recipe = Recipe::v1();

        let made = sign(&recipe, &log);

        assert_eq!(Err(code), verify(&recipe, &made), "{fault:?}");
    }
}
