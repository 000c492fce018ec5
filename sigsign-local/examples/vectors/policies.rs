//! Signatures and attestations that the tables of `testdata/policy` are about.

use std::path::Path;
use std::{fs, io};

use sigsign_local::certificate::San;
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::{Stage, make};
use sigsign_local::recipe::{LogSpec, NOW, Recipe};

const DAY: i64 = 86_400;
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const SLSA: &str = "https://slsa.dev/provenance/v1";

/// One bundle: how it is made, who signs, and what.
struct Signed {
    name: &'static str,
    recipe: Recipe,
    extensions: Vec<(u8, String)>,
    statement: Option<(&'static str, String)>,
    /// The digest that the statement is about, if not the artifact's.
    other: bool,
}

/// Writes every bundle, the trusted root that all of them need, and the key of two of them.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let here = folder.join("policy/bundles");
    if here.exists() {
        fs::remove_dir_all(&here)?;
    }
    fs::create_dir_all(&here)?;
    let other = Key::new(Scheme::P256, "other");
    let pem = sigsign_local::text::pem("PUBLIC KEY", &other.spki());
    fs::write(folder.join("policy/other.pub"), pem)?;
    let mut root = None;
    for signed in bundles() {
        let made = signed.make();
        fs::write(here.join(format!("{}.json", signed.name)), &made.bundle)?;
        if signed.recipe.managed.is_some() {
            fs::write(folder.join("policy/key.pub"), &made.public_key)?;
        } else {
            let known = root.get_or_insert_with(|| made.trusted_root.clone());
            assert_eq!(
                *known, made.trusted_root,
                "{} needs another root",
                signed.name
            );
        }
    }
    fs::write(
        folder.join("policy/trusted_root.json"),
        root.unwrap_or_default(),
    )
}

impl Signed {
    fn make(&self) -> sigsign_local::make::Made {
        make(&self.recipe, &mut |stage| match stage {
            Stage::Leaf(leaf) => {
                for (number, value) in &self.extensions {
                    leaf.add(
                        &format!("1.3.6.1.4.1.57264.1.{number}"),
                        false,
                        der::utf8(value),
                    );
                }
            }
            Stage::Statement(json) => {
                if let Some((kind, predicate)) = &self.statement {
                    json.set("predicateType", Json::text(*kind));
                    json.set("predicate", Json::Raw(predicate.clone()));
                }
                if self.other {
                    json.set("subject.0.digest.sha256", Json::text("ab".repeat(32)));
                }
            }
            _ => {}
        })
    }

    fn says(
        mut self,
        name: &'static str,
        kind: &'static str,
        predicate: impl Into<String>,
    ) -> Self {
        self.name = name;
        self.recipe = self.recipe.dsse("dsse");
        self.statement = Some((kind, predicate.into()));
        self
    }

    /// So many days before the others.
    fn earlier(mut self, days: i64) -> Self {
        let by = days * DAY;
        self.recipe.window = (NOW - by, NOW - by + 600);
        for log in &mut self.recipe.logs {
            log.integrated -= by;
        }
        for log in &mut self.recipe.ct_logs {
            log.timestamp_ms -= 1000 * by.unsigned_abs();
        }
        self
    }
}

fn bundles() -> Vec<Signed> {
    let release = || github("team/app", "release.yml", "refs/tags/v1.2.0");
    let mut bundles = vec![
        named("release", release()),
        named("main", github("team/app", "release.yml", "refs/heads/main")),
        named(
            "fork",
            github("evil/app", "release.yml", "refs/tags/v1.2.0"),
        ),
        named(
            "lookalike",
            github("team/app-evil", "release.yml", "refs/tags/v1.2.0"),
        ),
        named("reusable", reusable()),
        named("gitlab", gitlab("gitlab.com")),
        named("gitlab-own", gitlab("gitlab.example.org")),
        named("person", person("a@example.org")),
        named("other-case", person("A@example.org")),
        named("impostor", person("a@example.org.evil.example")),
        named("key", key(true)),
        named("key-unlogged", key(false)),
    ];
    bundles.extend([
        release().says(
            "release-as-statement",
            "https://sigstore.dev/cosign/sign/v1",
            "{}",
        ),
        release().says(
            "provenance",
            SLSA,
            provenance(
                "team/app/.github/workflows/release.yml@refs/tags/v1.2.0",
                "refs/tags/v1.2.0",
            ),
        ),
        github("team/app", "release.yml", "refs/heads/main").says(
            "provenance-main",
            SLSA,
            provenance(
                "team/app/.github/workflows/release.yml@refs/heads/main",
                "refs/heads/main",
            ),
        ),
        github("rebuild/bot", "rebuild.yml", "refs/heads/main").says(
            "provenance-rebuilt",
            SLSA,
            provenance(
                "rebuild/bot/.github/workflows/rebuild.yml@refs/heads/main",
                "refs/tags/v1.2.0",
            ),
        ),
        gitlab("gitlab.com").says(
            "provenance-gitlab",
            SLSA,
            provenance("gitlab", "refs/tags/v1.2.0"),
        ),
        github("evil/app", "release.yml", "refs/tags/v1.2.0").says(
            "provenance-fork",
            SLSA,
            provenance(
                "team/app/.github/workflows/release.yml@refs/tags/v1.2.0",
                "refs/tags/v1.2.0",
            ),
        ),
        key(true).says(
            "provenance-key",
            SLSA,
            provenance("key", "refs/tags/v1.2.0"),
        ),
        release().says(
            "provenance-v0.2",
            "https://slsa.dev/provenance/v0.2",
            r#"{"builder":{"id":"x"}}"#,
        ),
    ]);
    let mut other = release().says(
        "provenance-other-digest",
        SLSA,
        provenance("x", "refs/tags/v1.2.0"),
    );
    other.other = true;
    bundles.push(other);
    bundles.push(release().says(
        "provenance-duplicate",
        SLSA,
        r#"{"runDetails":{"builder":{"id":"good"}},"runDetails":{"builder":{"id":"evil"}}}"#,
    ));
    bundles.extend(documents());
    bundles
}

/// SBOMs, VEX documents, and one with every kind of value.
fn documents() -> Vec<Signed> {
    let release = || github("team/app", "release.yml", "refs/tags/v1.2.0");
    let spdx = |packages: &str| {
        format!(
            r#"{{"spdxVersion":"SPDX-2.3","creationInfo":{{"created":"2026-01-15T11:00:00Z"}},"packages":[{packages}]}}"#
        )
    };
    let package = |purl: &str| {
        format!(
            r#"{{"name":"p","externalRefs":[{{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"{purl}"}}]}}"#
        )
    };
    let vex = |statements: &str| {
        format!(r#"{{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{statements}]}}"#)
    };
    let about = |name: &str, status: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"{name}"}},"products":[{{"@id":"pkg:oci/app"}}],"status":"{status}"}}"#
        )
    };
    let fine = format!(
        "{},{}",
        about("CVE-2026-1", "not_affected"),
        about("CVE-2026-2", "fixed")
    );
    let affected = format!(
        "{},{}",
        about("CVE-2026-1", "not_affected"),
        about("CVE-2026-2", "affected")
    );
    vec![
        release().says("spdx", "https://spdx.dev/Document/v2.3", spdx(&format!("{},{}", package("pkg:npm/left-pad@1.3.0"), package("pkg:cargo/serde@1.0.228")))),
        release().says("spdx-denied", "https://spdx.dev/Document", spdx(&package("pkg:npm/event-stream@3.3.6?vcs_url=x"))),
        release().says("spdx-empty", "https://spdx.dev/Document", spdx("")),
        release().says("spdx-as-cyclonedx", "https://cyclonedx.org/bom", spdx(&package("pkg:npm/left-pad@1.3.0"))),
        release().says("cyclonedx", "https://cyclonedx.org/bom/v1.6", r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-15T11:00:00Z"},"components":[{"purl":"pkg:npm/a@1.0.0","components":[{"purl":"pkg:npm/b@2.0.0"}]}]}"#),
        release().says("vex", "https://openvex.dev/ns/v0.2.0", vex(&fine)),
        release().says("vex-affected", "https://openvex.dev/ns/v0.2.0", vex(&affected)),
        release().says("vex-empty", "https://openvex.dev/ns/v0.2.0", vex("")),
        release().earlier(30).says("vex-old", "https://openvex.dev/ns/v0.2.0", vex(&fine)),
        release().says("vex-investigated", "https://openvex.dev/ns/v0.2.0", vex(&about("CVE-2026-3", "under_investigation"))),
        release().says("custom", "https://cosign.sigstore.dev/attestation/v1", r#"{"Data":"tested","Timestamp":"2026-01-15T11:00:00Z"}"#),
        release().says("link", "https://in-toto.io/Link/v1", r#"{"name":"build","command":["make"],"materials":[]}"#),
        release().says("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1", r#"{"scanner":{"uri":"pkg:github/scan/er@1","result":{"high":0}}}"#),
        release().says("github-release", "https://in-toto.io/attestation/release/v0.2", r#"{"repository":"team/app","tag":"v1.2.0"}"#),
        release().says("values", "https://example.org/values/v1", r#"{"text":"a b","number":7,"half":1.5,"flag":true,"nothing":null,"list":["x",{"y":"z"}],"time":"2026-01-10T00:00:00Z","a/b":"slash","m~n":"tilde","":"empty"}"#),
    ]
}

fn named(name: &'static str, mut signed: Signed) -> Signed {
    signed.name = name;
    signed
}

fn of(recipe: Recipe, extensions: Vec<(u8, String)>) -> Signed {
    Signed {
        name: "",
        recipe,
        extensions,
        statement: None,
        other: false,
    }
}

fn github(repository: &str, workflow: &str, reference: &str) -> Signed {
    let mut recipe = Recipe::v1();
    let owner = repository.split('/').next().unwrap_or_default();
    let workflow =
        format!("https://github.com/{repository}/.github/workflows/{workflow}@{reference}");
    recipe.san = San::Uri(workflow.clone());
    GITHUB.clone_into(&mut recipe.issuer);
    let extensions = [
        (9, workflow.clone()),
        (11, "github-hosted".to_owned()),
        (12, format!("https://github.com/{repository}")),
        (14, reference.to_owned()),
        (16, format!("https://github.com/{owner}")),
        (18, workflow),
        (20, "push".to_owned()),
        (23, "prod".to_owned()),
    ];
    of(recipe, extensions.to_vec())
}

/// The workflow of somebody else, called by one of the repository.
fn reusable() -> Signed {
    let mut signed = github("team/app", "release.yml", "refs/tags/v1.2.0");
    let called = "https://github.com/builders/go/.github/workflows/build.yml@refs/tags/v2";
    signed.recipe.san = San::Uri(called.to_owned());
    signed.extensions[0].1 = called.to_owned();
    signed
}

fn gitlab(host: &str) -> Signed {
    let mut recipe = Recipe::v1();
    let config = format!("https://{host}/team/app//.gitlab-ci.yml@refs/tags/v1.2.0");
    recipe.san = San::Uri(config.clone());
    recipe.issuer = format!("https://{host}");
    let extensions = [
        (9, config.clone()),
        (11, "gitlab-hosted".to_owned()),
        (12, format!("https://{host}/team/app")),
        (14, "refs/tags/v1.2.0".to_owned()),
        (16, format!("https://{host}/team")),
        (18, config),
    ];
    of(recipe, extensions.to_vec())
}

fn person(address: &str) -> Signed {
    let mut recipe = Recipe::v1();
    recipe.san = San::Email(address.to_owned());
    "https://accounts.example.org".clone_into(&mut recipe.issuer);
    of(recipe, Vec::new())
}

fn key(logged: bool) -> Signed {
    let mut recipe = Recipe::v1().managed("");
    if !logged {
        recipe.logs = Vec::<LogSpec>::new();
    }
    of(recipe, Vec::new())
}

fn provenance(builder: &str, reference: &str) -> String {
    format!(
        r#"{{"buildDefinition":{{"buildType":"https://actions.github.io/buildtypes/workflow/v1","externalParameters":{{"workflow":{{"ref":"{reference}","repository":"https://github.com/team/app"}}}}}},"runDetails":{{"builder":{{"id":"https://github.com/{builder}"}}}}}}"#
    )
}
