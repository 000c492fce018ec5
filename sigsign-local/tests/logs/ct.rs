use std::sync::Arc;

use sigsign_local::certificate::CertificateSpec;
use sigsign_local::instance::ct_log::{CtLog, HOST};
use sigsign_local::instance::tlog::TreeHash;
use sigsign_local::instance::{CtSubmit, Fault, Service};
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme, sha256};
use sigsign_local::make::{Made, Stage, make};
use sigsign_local::recipe::{Recipe, START};
use sigsign_local::{der, document, text, tree};

use crate::common::{World, get, post, verify, wait};

const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
const PATH: &str = "/ct/v1/add-pre-chain";

fn open(world: &World, roots: Vec<Vec<u8>>) -> Arc<CtLog> {
    Arc::new(CtLog::open(Arc::clone(&world.context), roots).unwrap())
}

/// Follows a recipe; `submit` stands in for its certificate log.
fn certify(recipe: &Recipe, key: &Key, mut submit: impl FnMut(&[Vec<u8>]) -> Vec<u8>) -> Made {
    let mut above = Vec::new();
    let mut leaf: Option<CertificateSpec> = None;
    make(recipe, &mut |stage| match stage {
        Stage::Authority(0, _, it) => above.insert(0, it.sign()),
        Stage::Leaf(it) => leaf = Some(it.clone()),
        Stage::Scts(scts) => {
            let mut precertificate = leaf.clone().unwrap();
            precertificate.add(POISON, true, der::null());
            let chain = [vec![precertificate.sign()], above.clone()].concat();
            *scts = vec![submit(&chain)];
        }
        Stage::Root(root) => {
            let id = sha256(&key.spki());
            root.set(
                "ctlogs.0",
                document::log(HOST, &None, key, &id, (START, None)),
            );
        }
        _ => {}
    })
}

/// A good chain: precertificate, intermediate, root.
fn chain() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let key = Key::new(Scheme::P256, "unused");
    certify(&Recipe::v1(), &key, |chain| {
        found = chain.to_vec();
        Vec::new()
    });
    found
}

fn body(chain: &[Vec<u8>]) -> String {
    let chain = chain.iter().map(Json::bytes).collect();
    Json::object([("chain", Json::List(chain))]).compact()
}

#[test]
fn accepts_a_precertificate_with_a_timestamp_that_the_verifier_accepts() {
    let world = World::new();
    let log = open(&world, vec![chain()[2].clone()]);
    let recipe = Recipe::v1();

    for index in 0..2 {
        let submit = |chain: &[Vec<u8>]| wait(log.submit(chain)).unwrap();
        let made = certify(&recipe, &log.log().keys().key, submit);

        assert_eq!(Ok(()), verify(&recipe, &made));
        assert_eq!(index + 1, log.log().head().0);
    }
}

#[test]
fn accepts_a_chain_over_http_with_the_answer_of_rfc_6962() {
    let world = World::new();
    let log = open(&world, Vec::new());
    let router = Arc::clone(&log).router();
    let chain = chain();
    post(&router, PATH, body(&chain));

    let answer = post(&router, PATH, body(&chain[..2]));

    assert_eq!(200, answer.status.as_u16());
    let sct = answer.json();
    let id = log.log().keys().id();
    assert_eq!(0, sct["sct_version"]);
    assert_eq!(text::base64(&id), sct["id"].as_str().unwrap());
    assert_eq!(1_768_478_405_000_u64, sct["timestamp"].as_u64().unwrap());
    // Type 0, five bytes, index 1.
    let extensions = text::base64(&[0, 0, 5, 0, 0, 0, 0, 1]);
    assert_eq!(extensions, sct["extensions"].as_str().unwrap());
    let signature = text::from_base64(sct["signature"].as_str().unwrap());
    assert_eq!([4, 3], signature[..2]);
    assert_eq!(usize::from(signature[3]), signature.len() - 4);
}

#[test]
fn rejects_chains_that_are_not_good() {
    let world = World::new();
    let good = chain();
    let log = open(&world, vec![good[2].clone()]);
    let other = certified_elsewhere();
    let mut forged = good.clone();
    let last = forged[0].len() - 1;
    forged[0][last] ^= 1;
    let final_certificate = vec![good[1].clone(), good[2].clone()];
    let swapped = vec![good[0].clone(), other[1].clone(), other[2].clone()];
    let long = [&good[..], &vec![good[2].clone(); 6]].concat();
    let text = vec![b"certificate".to_vec(), good[1].clone()];
    let cut = vec![good[0][..good[0].len() - 1].to_vec(), good[1].clone()];

    for (what, chain, message) in [
        (
            "nothing",
            Vec::new(),
            "the chain is a precertificate and its issuer at least",
        ),
        (
            "no issuer",
            good[..1].to_vec(),
            "the chain is a precertificate and its issuer at least",
        ),
        ("too long", long, "the chain is longer than 8 certificates"),
        ("text", text, "not a certificate"),
        ("cut", cut, "not a certificate"),
        ("forged", forged, "a certificate is not signed by the next"),
        (
            "swapped",
            swapped,
            "a certificate is not signed by the next",
        ),
        (
            "no poison",
            final_certificate,
            "not a precertificate: wanted one critical poison extension",
        ),
        (
            "another root",
            other,
            "the chain does not end with a root that the log knows",
        ),
    ] {
        let refusal = wait(log.add_pre_chain(&chain)).unwrap_err();

        assert_eq!(
            (400, message),
            (refusal.status().as_u16(), refusal.message()),
            "{what}"
        );
    }
    assert_eq!(0, log.log().head().0);
    wait(log.add_pre_chain(&good[..2])).unwrap();
}

/// The chain of an authority that the log does not know.
fn certified_elsewhere() -> Vec<Vec<u8>> {
    let mut recipe = Recipe::v1();
    recipe.authorities[0].host = "other.localhost".to_owned();
    let mut found = Vec::new();
    let key = Key::new(Scheme::P256, "unused");
    certify(&recipe, &key, |chain| {
        found = chain.to_vec();
        Vec::new()
    });
    found
}

#[test]
fn rejects_poison_that_is_not_critical_and_poison_twice() {
    let world = World::new();
    let log = open(&world, Vec::new());
    for critical in [vec![false], vec![true, true]] {
        let mut chains = Vec::new();
        let mut intermediate = Vec::new();
        make(&Recipe::v1(), &mut |stage| match stage {
            Stage::Authority(0, 1, it) => intermediate = it.sign(),
            Stage::Leaf(it) => {
                let mut precertificate = it.clone();
                for critical in &critical {
                    precertificate.add(POISON, *critical, der::null());
                }
                chains.push(vec![precertificate.sign(), intermediate.clone()]);
            }
            _ => {}
        });

        let refusal = wait(log.add_pre_chain(&chains[0])).unwrap_err();

        let want = "not a precertificate: wanted one critical poison extension";
        assert_eq!(want, refusal.message());
    }
}

#[test]
fn rejects_requests_that_are_not_chains() {
    let world = World::new();
    let router = open(&world, Vec::new()).router();

    for (body, message) in [
        (
            "",
            "not a chain: EOF while parsing a value at line 1 column 0",
        ),
        (
            "{}",
            "not a chain: missing field `chain` at line 1 column 2",
        ),
        (
            r#"{"chain":["!"]}"#,
            "not a chain: Invalid symbol 33, offset 0. at line 1 column 14",
        ),
    ] {
        assert_eq!(
            (400, message.to_owned()),
            post(&router, PATH, body).refusal()
        );
    }
    let want = "the request is larger than 1 MiB, or was cut off".to_owned();
    assert_eq!(
        (400, want),
        post(&router, PATH, vec![b' '; (1 << 20) + 1]).refusal()
    );
}

// What a monitor reads: leaves computed again from the data tile are those of the hash tile, and
// the checkpoint is signed over their root.
#[test]
fn accepts_a_monitor() {
    let world = World::new();
    let log = open(&world, Vec::new());
    let router = Arc::clone(&log).router();
    let chain = chain();
    for _ in 0..3 {
        wait(log.add_pre_chain(&chain)).unwrap();
    }

    let data = get(&router, "/ct/tile/data/000.p/3").body;
    let tile = get(&router, "/ct/tile/0/000.p/3").body;
    let issuer = get(
        &router,
        &format!("/ct/issuer/{}", text::hex(&sha256(&chain[1]))),
    );

    let leaves = monitor_leaves(&data, &chain);
    assert_eq!(leaves.concat(), tile);
    assert_eq!(chain[1], issuer.body);
    let root = tree::root(&leaves);
    let note = String::from_utf8(get(&router, "/ct/checkpoint").body).unwrap();
    check_tree_head(&note, 3, &root, &log.log().keys().key);
    for path in [
        "/ct/issuer/00",
        "/ct/issuer/..",
        "/ct/tile/data/000",
        "/ct/tile/entries/000.p/3",
    ] {
        assert_eq!(
            (404, "no such file".to_owned()),
            get(&router, path).refusal(),
            "{path}"
        );
    }
}

/// The leaf hashes of a data tile, each with the parts of this chain.
fn monitor_leaves(mut data: &[u8], chain: &[Vec<u8>]) -> Vec<TreeHash> {
    fn take<'a>(data: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (head, rest) = data.split_at(count);
        *data = rest;
        head
    }
    fn vector<'a>(data: &mut &'a [u8], width: usize) -> &'a [u8] {
        let len = take(data, width)
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
        take(data, len)
    }
    let mut leaves = Vec::new();
    while !data.is_empty() {
        let start = data;
        take(&mut data, 8 + 2 + 32);
        vector(&mut data, 3);
        let extensions = vector(&mut data, 2);
        assert_eq!(leaves.len(), usize::from(extensions[7]));
        let entry = &start[..start.len() - data.len()];
        leaves.push(tree::leaf_hash(&[&[0, 0], entry].concat()));
        assert_eq!(chain[0], vector(&mut data, 3));
        let fingerprints = [sha256(&chain[1]), sha256(&chain[2])].concat();
        assert_eq!(fingerprints, vector(&mut data, 2));
    }
    leaves
}

/// Spec: C2SP static-ct-api, Checkpoints
fn check_tree_head(note: &str, size: u64, root: &TreeHash, key: &Key) {
    let (signed, line) = note.split_once("\n\n").unwrap();
    assert_eq!(format!("{HOST}\n{size}\n{}", text::base64(root)), signed);
    let encoded = line
        .trim_end()
        .strip_prefix(&format!("\u{2014} {HOST} "))
        .unwrap();
    let bytes = text::from_base64(encoded);
    let id = sha256(&[HOST.as_bytes(), b"\n\x05", &sha256(&key.spki())].concat());
    assert_eq!(id[..4], bytes[..4]);
    let (time, signature) = (&bytes[4..12], &bytes[16..]);
    let head = [&[0, 1], time, &size.to_be_bytes(), root].concat();
    sigsign_core::crypto::PublicKey::from_spki(&key.spki())
        .unwrap()
        .verify(
            sigsign_core::crypto::Algorithm::EcdsaSha256,
            &head,
            signature,
        )
        .unwrap();
}

#[test]
fn rejects_timestamps_of_a_faulty_log() {
    for fault in [Fault::WrongKey, Fault::WrongEntry] {
        let world = World::new();
        let log = open(&world, Vec::new());
        world.context.faults.times(Service::CtLog, fault.clone(), 1);
        let recipe = Recipe::v1();
        let submit = |chain: &[Vec<u8>]| wait(log.submit(chain)).unwrap();

        let made = certify(&recipe, &log.log().keys().key, submit);

        let found = verify(&recipe, &made);
        assert_eq!(Err("sct.signature"), found, "{fault:?}");
    }
}

#[test]
fn accepts_questions_about_roots() {
    let world = World::new();
    let root = chain()[2].clone();
    let router = open(&world, vec![root.clone()]).router();

    let answer = get(&router, "/ct/v1/get-roots").json();

    assert_eq!(
        text::base64(&root),
        answer["certificates"][0].as_str().unwrap()
    );
}
