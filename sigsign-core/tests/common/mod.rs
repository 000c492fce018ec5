//! The cases of `testdata`, and how one is run.

use std::error::Error;
use std::fs;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use sigsign_core::crypto::PublicKey;
use sigsign_core::note::WitnessKey;
use sigsign_core::policy::{Instance, ManagedKey, Matcher};
use sigsign_core::time::{Timestamp, Validity};
use sigsign_core::x509::FulcioExtension;
use sigsign_core::{Artifact, Bundle, Identity, Policy, TrustedRoot, Verifier};
use toml::Value;

/// One folder with a `case.toml`.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) expect: String,
    pub(crate) rules: Vec<String>,
    folder: PathBuf,
    document: Value,
}

/// A code, and the sentences of the error and its causes.
pub(crate) type Refusal = (String, String);

/// Every case, in the order of their folders.
pub(crate) fn cases() -> Vec<Case> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let mut folders: Vec<PathBuf> = ["local", "crafted"]
        .iter()
        .filter_map(|name| fs::read_dir(testdata.join(name)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("case.toml").is_file())
        .collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("case.toml")).unwrap();
        let document: Value = toml::from_str(&text).unwrap();
        let rules = document["rules"].as_array().unwrap();
        Self {
            id: document["id"].as_str().unwrap().to_owned(),
            expect: document["expect"].as_str().unwrap().to_owned(),
            rules: rules
                .iter()
                .map(|rule| rule.as_str().unwrap().to_owned())
                .collect(),
            folder,
            document,
        }
    }

    /// Verifies the case as its policy says.
    pub(crate) fn run(&self) -> Result<(), Refusal> {
        self.verifier()?(&self.bundle())
    }

    /// The bundle's bytes.
    pub(crate) fn bundle(&self) -> Vec<u8> {
        fs::read(self.folder.join("bundle.sigstore.json")).unwrap()
    }

    /// A function that verifies other bytes in place of the case's bundle.
    pub(crate) fn verifier(&self) -> Result<impl Fn(&[u8]) -> Result<(), Refusal>, Refusal> {
        let artifact = fs::read(self.file("artifact")).unwrap();
        let verifier = Verifier::new(&self.root()?);
        let policy = self.policy();
        let now = self.now();
        Ok(move |bundle: &[u8]| {
            let bundle =
                Bundle::from_json(bundle).map_err(|error| refusal(error.code(), &error))?;
            verifier
                .verify(&bundle, Artifact::Bytes(&artifact), &policy, now)
                .map(|_| ())
                .map_err(|error| refusal(error.code(), &error))
        })
    }

    /// Verifies the case with a verifier that has seen others.
    pub(crate) fn run_with(&self, verifier: &Verifier) -> Result<(), Refusal> {
        let artifact = fs::read(self.file("artifact")).unwrap();
        let bundle = self.bundle();
        let bundle = Bundle::from_json(&bundle).map_err(|error| refusal(error.code(), &error))?;
        verifier
            .verify(
                &bundle,
                Artifact::Bytes(&artifact),
                &self.policy(),
                self.now(),
            )
            .map(|_| ())
            .map_err(|error| refusal(error.code(), &error))
    }

    /// The trusted root, which several cases may share.
    pub(crate) fn root(&self) -> Result<TrustedRoot, Refusal> {
        let root = fs::read(self.file("trusted_root")).unwrap();
        TrustedRoot::from_json(&root).map_err(|error| refusal(error.code(), &error))
    }

    /// Where the trusted root is.
    pub(crate) fn root_file(&self) -> &str {
        self.document["trusted_root"].as_str().unwrap()
    }

    fn now(&self) -> Timestamp {
        let now = self.text("now").unwrap_or("2026-06-01T00:00:00Z");
        Timestamp::parse_rfc3339(now).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(self.document[name].as_str().unwrap())
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.document
            .get("policy")
            .and_then(|policy| policy.get(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<NonZeroU8> {
        let number = self.value(name)?.as_integer().unwrap();
        NonZeroU8::new(u8::try_from(number).unwrap())
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name).is_some_and(|flag| flag.as_bool().unwrap())
    }

    fn policy(&self) -> Policy {
        let mut policy = match self.text("key") {
            Some(file) => Policy::key(self.managed_key(file)),
            None => Policy::keyless(self.identity()),
        };
        if self.flag("no_log") && self.flag("no_sct") {
            policy = policy.instance(Instance::SignedTimeOnly);
        }
        if let Some(need) = self.number("log_threshold") {
            policy = policy.log_entries(need);
        }
        if let Some(need) = self.number("time_threshold") {
            policy = policy.times(need);
        }
        if let Some(need) = self.number("sct_threshold") {
            policy = policy.scts(need);
        }
        if let Some(witnesses) = self.value("witnesses") {
            let keys = witnesses
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key.as_str().unwrap());
            let keys = keys
                .map(|key| WitnessKey::parse_vkey(key).unwrap())
                .collect();
            policy = policy
                .witnesses(keys, self.number("quorum").unwrap())
                .unwrap();
        }
        if let Some(predicate_type) = self.text("predicate_type") {
            policy = policy.predicate_type(predicate_type).unwrap();
        }
        if self.flag("no_inclusion_proof") {
            policy = policy.danger().no_inclusion_proof();
        }
        policy
    }

    fn identity(&self) -> Identity {
        let subject = Matcher::exact(self.text("identity").unwrap()).unwrap();
        let mut identity = Identity::new(subject, self.text("issuer").unwrap()).unwrap();
        for (name, value) in self
            .value("extensions")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            let extension = FulcioExtension::from_name(name).unwrap();
            let value = Matcher::exact(value.as_str().unwrap()).unwrap();
            identity = identity.with_extension(extension, value);
        }
        identity
    }

    fn managed_key(&self, file: &str) -> ManagedKey {
        let pem = fs::read_to_string(self.folder.join(file)).unwrap();
        let mut key = ManagedKey::new(PublicKey::from_pem(&pem).unwrap());
        if let Some(hint) = self.text("key_hint") {
            key = key.hint(hint);
        }
        let time = |name| self.text(name).and_then(Timestamp::parse_rfc3339);
        if let Some(start) = time("key_start") {
            key = key.valid_for(Validity::new(start, time("key_end")));
        }
        key
    }
}

fn refusal(code: &str, error: &dyn Error) -> Refusal {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words += &format!(": {error}");
        source = error.source();
    }
    (code.to_owned(), words)
}
