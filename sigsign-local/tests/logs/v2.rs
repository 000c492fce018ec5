use std::sync::Arc;

use axum::Router;
use sigsign_local::instance::rekor_v2::{Added, HOST, RekorV2};
use sigsign_local::instance::{Fault, Service};
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::{Made, Stage, make};
use sigsign_local::note::Witness;
use sigsign_local::recipe::{Recipe, START};
use sigsign_local::{document, text};

use crate::common::{World, get, post, verify, wait};

const PATH: &str = "/api/v2/log/entries";

fn open(world: &World, scheme: Scheme) -> Arc<RekorV2> {
    Arc::new(RekorV2::open(Arc::clone(&world.context), scheme, None).unwrap())
}

fn request(digest: &[u8], signature: &[u8], details: &str, signer: (&str, &[u8])) -> Json {
    let (name, der) = signer;
    let verifier = Json::object([
        (name, Json::object([("rawBytes", Json::bytes(der))])),
        ("keyDetails", Json::text(details)),
    ]);
    let signature = Json::object([("content", Json::bytes(signature)), ("verifier", verifier)]);
    let request = Json::object([("digest", Json::bytes(digest)), ("signature", signature)]);
    Json::object([("hashedRekordRequestV002", request)])
}

/// A request of a key, for a message.
fn of_key(scheme: Scheme, message: &[u8]) -> Json {
    let key = Key::new(scheme, "signer");
    let digest = scheme.hash().of(message);
    request(
        &digest,
        &key.sign(message),
        scheme.details(),
        ("publicKey", &key.spki()),
    )
}

/// Follows a recipe, with `log` in the place of the recipe's.
fn sign(recipe: &Recipe, log: &RekorV2) -> Made {
    let scheme = recipe.signer;
    let (mut certificate, mut message, mut signature) = (None, Vec::new(), Vec::new());
    make(recipe, &mut |stage| match stage {
        Stage::Certificate(der) => certificate = Some(der.clone()),
        Stage::Signed(bytes) => message.clone_from(bytes),
        Stage::Signature(bytes) => signature.clone_from(bytes),
        Stage::Entry(_, entry) => {
            let digest = scheme.hash().of(&message);
            let spki = Key::new(scheme, "signer").spki();
            let signer = match &certificate {
                Some(der) => ("x509Certificate", &der[..]),
                None => ("publicKey", &spki[..]),
            };
            let request = request(&digest, &signature, scheme.details(), signer);
            match wait(log.add(request.compact().as_bytes())).unwrap() {
                Added::Entry(added) => *entry = added,
                Added::Known(index) => panic!("known at {index}"),
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

fn add(router: &Router, request: &Json) -> (u16, String) {
    post(router, PATH, request.compact()).refusal()
}

#[test]
fn accepts_entries_that_the_verifier_accepts() {
    for log_scheme in [Scheme::Ed25519, Scheme::P256] {
        let world = World::new();
        let log = open(&world, log_scheme);
        for signer in [
            Scheme::P256,
            Scheme::P384,
            Scheme::P521,
            Scheme::Ed25519Ph,
            Scheme::Rsa2048,
        ] {
            let base = Recipe {
                signer,
                ..Recipe::v2()
            };
            let recipes = [
                base.clone(),
                base.clone().managed("hint"),
                base.dsse("hashedrekord"),
            ];
            for recipe in recipes {
                let made = sign(&recipe, &log);

                assert_eq!(Ok(()), verify(&recipe, &made), "{log_scheme:?} {signer:?}");
            }
        }
    }
}

// The fields and their spelling, as the public server writes them.
#[test]
fn accepts_a_request_with_the_answer_of_the_public_server() {
    let world = World::new();
    let router = open(&world, Scheme::Ed25519).router();

    let answer = post(&router, PATH, of_key(Scheme::P256, b"message").compact());

    assert_eq!(201, answer.status.as_u16());
    assert_eq!("application/json", answer.headers["content-type"]);
    let entry = answer.json();
    let names: Vec<&String> = entry.as_object().unwrap().keys().collect();
    let want = [
        "canonicalizedBody",
        "inclusionPromise",
        "inclusionProof",
        "integratedTime",
        "kindVersion",
        "logId",
        "logIndex",
    ];
    assert_eq!(want.to_vec(), names);
    assert_eq!("0", entry["logIndex"]);
    assert_eq!("0", entry["integratedTime"]);
    assert_eq!("1", entry["inclusionProof"]["treeSize"]);
    assert_eq!("hashedrekord", entry["kindVersion"]["kind"]);
    let body = text::from_base64(entry["canonicalizedBody"].as_str().unwrap());
    let start =
        r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"#;
    assert!(body.starts_with(start.as_bytes()));
}

#[test]
fn rejects_an_equal_entry_and_says_where_the_first_is() {
    let world = World::new();
    let router = open(&world, Scheme::Ed25519).router();
    post(&router, PATH, of_key(Scheme::P256, b"first").compact());
    post(&router, PATH, of_key(Scheme::P256, b"second").compact());

    let answer = post(&router, PATH, of_key(Scheme::P256, b"second").compact());

    assert_eq!("1", answer.headers["x-log-index"]);
    let text = "an equivalent entry already exists with index 1".to_owned();
    assert_eq!((409, text), answer.refusal());
}

#[test]
fn rejects_requests_whose_meaning_is_wrong() {
    let world = World::new();
    let router = open(&world, Scheme::Ed25519).router();
    let base = "hashedRekordRequestV002";
    let good = of_key(Scheme::P256, b"message");
    let changed = |path: &str, value: Json| {
        let mut request = good.clone();
        request.set(&format!("{base}.{path}"), value);
        request
    };
    let removed = |path: &str| {
        let mut request = good.clone();
        request.remove(&format!("{base}.{path}"));
        request
    };
    let stranger = Key::new(Scheme::P256, "stranger");
    let raw = |der: &[u8]| Json::object([("rawBytes", Json::bytes(der))]);
    let mut both = good.clone();
    both.set(
        &format!("{base}.signature.verifier.x509Certificate"),
        raw(&[0x30, 0]),
    );

    for (what, request) in [
        ("another digest", changed("digest", Json::bytes([0; 32]))),
        ("a longer digest", changed("digest", Json::bytes([0; 64]))),
        ("no digest", removed("digest")),
        ("no signature", removed("signature")),
        ("no content", removed("signature.content")),
        (
            "another signature",
            changed("signature.content", Json::bytes(stranger.sign(b"message"))),
        ),
        (
            "an empty signature",
            changed("signature.content", Json::bytes([])),
        ),
        ("no verifier", removed("signature.verifier")),
        ("no key", removed("signature.verifier.publicKey")),
        (
            "another key",
            changed("signature.verifier.publicKey", raw(&stranger.spki())),
        ),
        (
            "not a key",
            changed("signature.verifier.publicKey", raw(b"key")),
        ),
        ("two verifiers", both),
        ("no details", removed("signature.verifier.keyDetails")),
        (
            "other details",
            changed(
                "signature.verifier.keyDetails",
                Json::text("PKIX_ECDSA_P384_SHA_384"),
            ),
        ),
        // Pure Ed25519 has no digest to log.
        ("pure Ed25519", of_key(Scheme::Ed25519, b"message")),
        ("P-384 with SHA-256", of_key(Scheme::P384Sha256, b"message")),
        ("PSS", of_key(Scheme::Pss2048, b"message")),
    ] {
        let want = (400, "invalid hashedrekord request".to_owned());
        assert_eq!(want, add(&router, &request), "{what}");
    }
    assert_eq!(201, post(&router, PATH, good.compact()).status.as_u16());
}

#[test]
fn rejects_requests_that_are_not_json_of_the_right_shape() {
    let world = World::new();
    let router = open(&world, Scheme::Ed25519).router();
    let good = of_key(Scheme::P256, b"message").compact();
    let other = "invalid type, must be hashedrekord";
    let dsse = r#"{"dsseRequestV002":{}}"#;
    let cases = [
        (
            "",
            "not a request: EOF while parsing a value at line 1 column 0",
        ),
        ("{}", other),
        (dsse, other),
        (
            r#"{"x":1}"#,
            "not a request: unknown field `x`, expected `hashedRekordRequestV002` or \
             `dsseRequestV002` at line 1 column 4",
        ),
    ];

    for (body, message) in cases {
        assert_eq!(
            (400, message.to_owned()),
            post(&router, PATH, body).refusal(),
            "{body}"
        );
    }
    let bad = good.replacen("\"digest\":\"", "\"digest\":\"!", 1);
    let (status, message) = post(&router, PATH, bad).refusal();
    assert_eq!(400, status);
    assert!(
        message.starts_with("not a request: Invalid symbol 33"),
        "{message}"
    );
    let huge = vec![b' '; (4 << 20) + 1];
    let want = "the request is larger than 4 MiB, or was cut off";
    assert_eq!((400, want.to_owned()), post(&router, PATH, huge).refusal());
}

#[test]
fn accepts_readers_of_checkpoint_tiles_and_entries() {
    let world = World::new();
    let log = open(&world, Scheme::Ed25519);
    let router = Arc::clone(&log).router();
    for message in 0..3_u8 {
        post(&router, PATH, of_key(Scheme::P256, &[message]).compact());
    }

    let checkpoint = get(&router, "/api/v2/checkpoint");
    let tile = get(&router, "/api/v2/tile/0/000.p/3");
    let entries = get(&router, "/api/v2/tile/entries/000.p/3");

    assert!(checkpoint.body.starts_with(b"rekor.sigsign.localhost\n3\n"));
    let leaves: Vec<u8> = (0..3)
        .flat_map(|index| log.log().leaf(index).unwrap())
        .collect();
    assert_eq!(leaves, tile.body);
    let body = log.log().entry(0).unwrap();
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    assert!(entries.body.starts_with(&[&len[..], &body].concat()));
    for path in [
        "/api/v2/tile/0/000",
        "/api/v2/tile/0/001.p/1",
        "/api/v2/tile/../checkpoint",
    ] {
        assert_eq!(
            (404, "no such tile".to_owned()),
            get(&router, path).refusal(),
            "{path}"
        );
    }
}

#[test]
fn accepts_a_witness_that_cosigns_every_checkpoint() {
    let world = World::new();
    let witness = Witness::new("witness.localhost");
    let context = Arc::clone(&world.context);
    let log = RekorV2::open(context, Scheme::Ed25519, Some(witness.clone())).unwrap();
    let recipe = Recipe::v2();
    let made = sign(&recipe, &log);
    let root = sigsign_core::TrustedRoot::from_json(made.trusted_root.as_bytes()).unwrap();
    let key = sigsign_core::note::WitnessKey::parse_vkey(&witness.vkey()).unwrap();
    let own = sigsign_core::note::NoteKey::new(
        HOST,
        root.logs()[0].key().clone(),
        sigsign_core::crypto::Algorithm::Ed25519,
    );

    let note = log.log().checkpoint();
    let note = sigsign_core::note::Note::parse(&note).unwrap();

    assert_eq!(1, note.open(&[own]).unwrap().size());
    let at = note.cosigned(&key).unwrap().unwrap();
    assert_eq!("2026-01-15T12:00:05Z", at.to_string());
    assert_eq!(Ok(()), verify(&recipe, &made));
}

#[test]
fn rejects_what_a_faulty_log_answers() {
    for (fault, code) in [
        (Fault::WrongKey, "note.no-signature"),
        (Fault::WrongProof, "log.root-mismatch"),
        (Fault::StaleCheckpoint, "merkle.index-out-of-range"),
        (Fault::WrongEntry, "tie.signature"),
    ] {
        let world = World::new();
        let log = open(&world, Scheme::Ed25519);
        let router = Arc::clone(&log).router();
        post(&router, PATH, of_key(Scheme::P256, b"before").compact());
        world.context.faults.times(Service::LogV2, fault.clone(), 1);
        let recipe = Recipe::v2();

        let made = sign(&recipe, &log);

        let found = verify(&recipe, &made);
        assert_eq!(Err(code), found, "{fault:?}");
    }
}
