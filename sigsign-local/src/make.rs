//! Follows a recipe, and lets a hook change one thing on the way.
//!
//! In: a [`Recipe`] and a hook, which is called with every [`Stage`] before it is used. What comes
//! after a stage is made from what the hook left, and signed: a forgery is wrong in one way only.

use crate::certificate::{self, CertificateSpec, San};
use crate::ct::{self, SctSpec};
use crate::document;
use crate::json::Json;
use crate::key::{Hash, Key, Scheme, sha256};
use crate::log;
use crate::note::CheckpointSpec;
use crate::recipe::{CaSpec, END, Recipe, START, TsaSpec};
use crate::text::hex;
use crate::tsp::{ResponseSpec, SignerSpec, TstInfo};

/// What a hook sees, in the order of making. Numbers tell which of several it is.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "hooks match on it")]
pub enum Stage<'a> {
    /// A certificate of a signers' authority: its place in the recipe, and 0 for the root.
    Authority(usize, usize, &'a mut CertificateSpec),
    /// The signer's certificate, before logs have seen it.
    Leaf(&'a mut CertificateSpec),
    /// What a certificate transparency log signs.
    Sct(usize, &'a mut SctSpec),
    /// Timestamps of logs, each encoded.
    Scts(&'a mut Vec<Vec<u8>>),
    /// The signer's certificate with the timestamps, before it is signed.
    Certified(&'a mut CertificateSpec),
    /// The signer's certificate, DER.
    Certificate(&'a mut Vec<u8>),
    /// The statement.
    Statement(&'a mut Json),
    /// The payload and its type.
    Payload(&'a mut Vec<u8>, &'a mut String),
    /// The bytes that the signer signs.
    Signed(&'a mut Vec<u8>),
    /// The signature.
    Signature(&'a mut Vec<u8>),
    /// The body of an entry.
    Body(usize, &'a mut Json),
    /// The body as the log keeps it.
    Leaves(usize, &'a mut Vec<u8>),
    /// What a log promises, and the key it does so with.
    Promise(usize, &'a mut Json, &'a mut Key),
    /// The signature under the promise.
    Promised(usize, &'a mut Vec<u8>),
    /// The checkpoint.
    Checkpoint(usize, &'a mut CheckpointSpec),
    /// The checkpoint, signed.
    Note(usize, &'a mut String),
    /// The entry in the bundle.
    Entry(usize, &'a mut Json),
    /// A certificate of a time stamp authority: its place in the recipe, and 0 for the root.
    Stamper(usize, usize, &'a mut CertificateSpec),
    /// What is stamped.
    TstInfo(usize, &'a mut TstInfo),
    /// What the authority signs.
    Stamp(usize, &'a mut SignerSpec),
    /// The authority's answer.
    Response(usize, &'a mut ResponseSpec),
    /// The answer, DER.
    Token(usize, &'a mut Vec<u8>),
    /// The bundle.
    Bundle(&'a mut Json),
    /// The bundle as text.
    Text(&'a mut String),
    /// The trusted root.
    Root(&'a mut Json),
}

/// A hook.
pub type Forge<'a> = dyn FnMut(Stage<'_>) + 'a;

/// What was made.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers take it apart")]
pub struct Made {
    /// The bundle.
    pub bundle: String,
    /// The trusted root.
    pub trusted_root: String,
    /// The managed key, or the certificate's, in PEM.
    pub public_key: String,
}

/// An authority with its keys and certificates, root first.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) keys: Vec<Key>,
    pub(crate) certificates: Vec<Vec<u8>>,
    names: Vec<Vec<u8>>,
    serials: Vec<Vec<u8>>,
}

/// What signs, and what with.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) key: Key,
    pub(crate) envelope: Option<(Vec<u8>, String)>,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// Follows `recipe`; `forge` sees every stage.
pub fn make(recipe: &Recipe, forge: &mut Forge<'_>) -> Made {
    let chains: Vec<Chain> = recipe
        .authorities
        .iter()
        .enumerate()
        .map(|(place, spec)| {
            authority(spec, &mut |depth, it| {
                forge(Stage::Authority(place, depth, it))
            })
        })
        .collect();
    let key = Key::new(recipe.signer, "signer");
    let certificate = match (&recipe.managed, chains.first()) {
        (None, Some(chain)) => Some(certify(recipe, &key, chain, forge)),
        _ => None,
    };
    let signed = sign(recipe, key, certificate, forge);
    let entries = log::entries(recipe, &signed, forge);
    let stampers: Vec<Chain> = recipe
        .tsas
        .iter()
        .enumerate()
        .map(|(place, spec)| {
            stamper(&spec.ca, &mut |depth, it| {
                forge(Stage::Stamper(place, depth, it))
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for (place, (spec, chain)) in recipe.tsas.iter().zip(&stampers).enumerate() {
        for _ in 0..spec.count {
            tokens.push(stamp(place, spec, chain, &signed.signature, forge));
        }
    }
    let mut bundle = document::bundle(recipe, &signed, entries, tokens);
    forge(Stage::Bundle(&mut bundle));
    let mut text = bundle.compact();
    forge(Stage::Text(&mut text));
    let mut root = document::trusted_root(recipe, &chains, &stampers);
    forge(Stage::Root(&mut root));
    let public_key = crate::text::pem("PUBLIC KEY", &signed.key.spki());
    Made {
        bundle: text,
        trusted_root: root.compact(),
        public_key,
    }
}

fn authority(spec: &CaSpec, forge: &mut dyn FnMut(usize, &mut CertificateSpec)) -> Chain {
    chain(spec, spec.schemes.len(), certificate::CODE_SIGNING, forge)
}

fn stamper(spec: &CaSpec, forge: &mut dyn FnMut(usize, &mut CertificateSpec)) -> Chain {
    chain(
        spec,
        spec.schemes.len() - 1,
        certificate::TIME_STAMPING,
        forge,
    )
}

/// A chain whose first `authorities` certificates are authorities'.
fn chain(
    spec: &CaSpec,
    authorities: usize,
    usage: &str,
    forge: &mut dyn FnMut(usize, &mut CertificateSpec),
) -> Chain {
    let mut chain = Chain {
        keys: Vec::new(),
        certificates: Vec::new(),
        names: Vec::new(),
        serials: Vec::new(),
    };
    for (depth, scheme) in spec.schemes.iter().enumerate() {
        let key = Key::new(*scheme, &format!("{} {depth}", spec.host));
        let name = certificate::name("sigsign local", &format!("{} {depth}", spec.host));
        let signer = chain.keys.last().unwrap_or(&key).clone();
        let issuer = chain.names.last().unwrap_or(&name).clone();
        let names = (&issuer[..], &name[..]);
        let mut certificate = if depth < authorities {
            let usage = (depth > 0).then_some(usage);
            let length = (depth > 0).then_some(authorities as u64 - 1 - depth as u64);
            certificate::authority(names, key.spki(), (START, END), &signer, usage, length)
        } else {
            certificate::stamper(names, key.spki(), (START, END), &signer)
        };
        forge(depth, &mut certificate);
        chain.certificates.push(certificate.sign());
        chain.names.push(certificate.subject);
        chain.serials.push(certificate.serial);
        chain.keys.push(key);
    }
    chain
}

fn certify(recipe: &Recipe, key: &Key, chain: &Chain, forge: &mut Forge<'_>) -> Vec<u8> {
    let (Some(signer), Some(issuer)) = (chain.keys.last(), chain.names.last()) else {
        return Vec::new();
    };
    let (san, token_issuer): (&San, &str) = (&recipe.san, &recipe.issuer);
    let mut leaf = certificate::leaf(issuer, key.spki(), recipe.window, signer, san, token_issuer);
    forge(Stage::Leaf(&mut leaf));
    let mut scts = Vec::new();
    for (place, spec) in recipe.ct_logs.iter().enumerate() {
        let key = Key::new(spec.scheme, &spec.host);
        for nth in 0..spec.count {
            let mut sct = SctSpec {
                version: 0,
                log_id: sha256(&key.spki()).to_vec(),
                timestamp_ms: spec.timestamp_ms + nth as u64,
                extensions: spec.extensions.clone(),
                entry_type: 1,
                issuer_key_hash: sha256(&signer.spki()).to_vec(),
                tbs: leaf.tbs(),
                algorithm: ct::algorithm(spec.scheme),
                trailing: Vec::new(),
                key: key.clone(),
            };
            forge(Stage::Sct(place, &mut sct));
            scts.push(sct.sign());
        }
    }
    forge(Stage::Scts(&mut scts));
    if !recipe.ct_logs.is_empty() {
        leaf.add(
            certificate::SCT_LIST,
            false,
            crate::der::octets(&ct::list(&scts)),
        );
    }
    forge(Stage::Certified(&mut leaf));
    let mut certificate = leaf.sign();
    forge(Stage::Certificate(&mut certificate));
    certificate
}

fn sign(recipe: &Recipe, key: Key, certificate: Option<Vec<u8>>, forge: &mut Forge<'_>) -> Signed {
    let mut envelope = None;
    let mut message = recipe.artifact.clone();
    if let Some(kind) = &recipe.statement {
        let mut statement = statement(kind, &recipe.artifact);
        forge(Stage::Statement(&mut statement));
        let mut payload = statement.compact().into_bytes();
        let mut payload_type = "application/vnd.in-toto+json".to_owned();
        forge(Stage::Payload(&mut payload, &mut payload_type));
        message = pae(&payload_type, &payload);
        envelope = Some((payload, payload_type));
    }
    forge(Stage::Signed(&mut message));
    let mut signature = key.sign(&message);
    forge(Stage::Signature(&mut signature));
    Signed {
        certificate,
        key,
        envelope,
        message,
        signature,
    }
}

/// The statement that names an artifact.
pub fn statement(kind: &str, artifact: &[u8]) -> Json {
    let digest = Json::object([("sha256", Json::text(hex(&Hash::Sha256.of(artifact))))]);
    let subject = Json::object([("name", Json::text("artifact")), ("digest", digest)]);
    let predicate = Json::object([("made", Json::Raw("true".to_owned()))]);
    Json::object([
        ("_type", Json::text(kind)),
        ("subject", Json::List(vec![subject])),
        (
            "predicateType",
            Json::text("https://example.invalid/predicate/v1"),
        ),
        ("predicate", predicate),
    ])
}

/// The pre-authentication encoding. Spec: dsse
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

fn stamp(
    place: usize,
    spec: &TsaSpec,
    chain: &Chain,
    signature: &[u8],
    forge: &mut Forge<'_>,
) -> Vec<u8> {
    let mut info = TstInfo::new(spec.hash, signature, spec.at);
    forge(Stage::TstInfo(place, &mut info));
    let content = info.encode();
    let last = chain.keys.len() - 1;
    let issuer = &chain.names[last.saturating_sub(1)];
    let own = (
        &chain.certificates[last][..],
        &issuer[..],
        &chain.serials[last][..],
    );
    let mut key = chain.keys[last].clone();
    if key.scheme == Scheme::Ed25519Ph {
        key.scheme = Scheme::Ed25519;
    }
    let mut signer = SignerSpec::new(&key, &content, own, spec.at);
    forge(Stage::Stamp(place, &mut signer));
    let mut response = ResponseSpec {
        status: 0,
        outer_type: crate::tsp::SIGNED_DATA.to_owned(),
        version: 3,
        digest_algorithms: vec![signer.digest_algorithm.clone()],
        content_type: crate::tsp::TST_INFO.to_owned(),
        content,
        certificates: if spec.embed {
            chain.certificates.clone()
        } else {
            Vec::new()
        },
        signers: vec![signer.sign()],
    };
    forge(Stage::Response(place, &mut response));
    let mut token = response.encode();
    forge(Stage::Token(place, &mut token));
    token
}
