//! What a user can do about an error, by its code.

use sigsign_core::oidc::TokenError;
use sigsign_core::oidc::ambient::{AmbientError, Provider};
use sigsign_core::sign::SignError;
use sigsign_core::trust::ServiceKind;

/// The hint for an error while signing: who failed counts for more than how.
pub(crate) fn of_signing(error: &SignError) -> Option<&'static str> {
    if let SignError::Answer { .. } | SignError::Rejected(_) = error {
        return Some(
            "the services do not fit together, or one of them misbehaves: see --trusted-root and \
             --signing-config, and tell its operator; nothing was written",
        );
    }
    match error.service() {
        Some((ServiceKind::CertificateAuthority, false)) => Some(
            "the authority takes tokens of issuers that it knows, with the audience sigstore; \
                 nothing was written",
        ),
        Some((_, true)) => Some("try again later; nothing was written"),
        Some((_, false)) => Some("nothing was written"),
        None => of(error.code()),
    }
}

/// The hint for a job without a token: what its platform wants to see.
pub(crate) fn of_ambient(error: &AmbientError) -> Option<&'static str> {
    Some(match (error, error.provider()) {
        (AmbientError::None { in_job: true }, _) => {
            "set SIGSTORE_ID_TOKEN, or name a file with --identity-token"
        }
        (AmbientError::None { .. }, _) => {
            "log in with --oidc-flow browser or device, set SIGSTORE_ID_TOKEN, or name a file with \
             --identity-token; to try it out without any of these, sign with --local"
        }
        (AmbientError::Missing { .. }, Some(provider)) => return missing(provider),
        (AmbientError::Token { problem, .. }, Some(provider)) => {
            return audience(provider)
                .filter(|_| matches!(problem, TokenError::Audience { .. }))
                .or_else(|| of(problem.code()));
        }
        (error, _) if error.is_passing() => "try again later",
        _ => return None,
    })
}

fn missing(provider: Provider) -> Option<&'static str> {
    Some(match provider {
        Provider::Environment => "set SIGSTORE_ID_TOKEN, or name a file with --identity-token",
        Provider::GitHub => {
            "give the job `permissions:` with `id-token: write`, and pass it on to reusable \
             workflows; a pull request from a fork never gets a token"
        }
        Provider::GitLab => {
            "give the job `id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }` in .gitlab-ci.yml"
        }
        Provider::CircleCi => "use an image that has it, as CircleCI's own do, and a context",
        Provider::Buildkite => {
            "run this where the agent is, or pass BUILDKITE_AGENT_ACCESS_TOKEN and \
             BUILDKITE_JOB_ID on into the container"
        }
        Provider::Codefresh => "the step is in Codefresh's catalog; give it AUDIENCE: sigstore",
        Provider::AzurePipelines => {
            "give the step `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`"
        }
        Provider::Kubernetes => {
            "give the pod a projected volume with a serviceAccountToken, audience sigstore"
        }
        Provider::Spiffe => "its administrator registers workloads, by their selectors",
        Provider::GoogleCloud => {
            "attach a service account to the machine; federated workloads have none, and give \
             their token with --identity-token"
        }
        _ => return of("token.missing"),
    })
}

/// Where the audience is the platform's to say.
fn audience(provider: Provider) -> Option<&'static str> {
    Some(match provider {
        Provider::GitLab | Provider::Environment => {
            "ask for one with the audience sigstore; GitLab's jobs do with `id_tokens: { \
             SIGSTORE_ID_TOKEN: { aud: sigstore } }`"
        }
        Provider::CircleCi => "that is the token without the program circleci, of one audience",
        Provider::Codefresh => "give the step obtain-oidc-id-token AUDIENCE: sigstore",
        Provider::AzurePipelines => {
            "Azure has one audience, which an authority of your own may take: --audience \
             api://AzureADTokenExchange"
        }
        Provider::Kubernetes => "give the projected serviceAccountToken the audience sigstore",
        _ => return None,
    })
}

/// The hint for an error with this code.
pub(crate) fn of(code: &str) -> Option<&'static str> {
    Some(match code {
        "artifact.read" => return None,
        "batch.identity" => {
            "add \"identity\" and \"issuer\" to the line, or --identity and --issuer to the command"
        }
        "batch.line" => {
            "a line is {\"bundle\": PATH, \"artifact\": PATH or \"sha256:HEX\"}, with \"identity\" and \
             \"issuer\" or without"
        }
        "login.answer" | "login.refused" => {
            "run it again; if that goes on, tell the operator of the issuer, or name another with \
             --oidc-issuer"
        }
        "login.denied" => "run it again, and allow it",
        "login.discovery" => "--oidc-issuer names the issuer exactly as it names itself",
        "login.expired" | "login.timeout" => {
            "run it again; --oidc-timeout gives more time, and --oidc-flow device needs no browser here"
        }
        "login.in-job" => {
            "jobs get tokens of their platform: see `sigsign whoami`, SIGSTORE_ID_TOKEN and --identity-token"
        }
        "login.issuer" | "login.nonce" | "login.state" => {
            "run it again, and use only the page that it opens; if that goes on, somebody interferes"
        }
        "login.no-devices" => "log in with --oidc-flow browser",
        "login.port" => "log in with --oidc-flow device",
        "identity.subject" => {
            "if the signer found is one you trust, give exactly it to --identity; a pattern must \
             cover all of it"
        }
        "identity.issuer" => {
            "if it is the issuer you expect, name the signer with --identity SUBJECT --issuer URL"
        }
        "identity.extension" => "`sigsign inspect BUNDLE` lists the extensions of the certificate",
        "artifact.signature" | "artifact.digest-mismatch" => {
            "the file was changed after it was signed, or this is the bundle of another file"
        }
        "artifact.not-a-subject" => {
            "`sigsign inspect BUNDLE` lists the subjects; the bundle may be for another version of \
             the file"
        }
        "artifact.predicate-type" => "`sigsign inspect BUNDLE` shows the predicate type",
        "artifact.needs-bytes" | "artifact.needs-digest" => "give the file in place of its digest",
        "artifact.payload-type" => "sigsign verifies envelopes around in-toto statements only",
        "signer.material" => {
            "use --key for bundles signed with a key, --identity and --issuer for those with a \
             certificate"
        }
        "signer.unknown-authority"
        | "log.unknown-log"
        | "log.origin"
        | "time.unknown-authority"
        | "ct.too-few" => {
            "the bundle may come from another instance: see --instance and --trusted-root, or get a \
             newer trusted root"
        }
        "log.too-few" => {
            "a threshold counts operators of logs; a bundle of GitHub's instance for private \
             repositories has no log entry: --instance github"
        }
        "log.proof-missing" => {
            "sign anew for a bundle with a proof; --danger-no-inclusion-proof accepts a promise in \
             version 0.1"
        }
        "log.witnesses" | "note.cosignature" => {
            "check --witness and --witness-quorum; not every log has witnesses"
        }
        "time.too-few" => {
            "the bundle needs a timestamp of an authority in the trusted root; sign anew"
        }
        "ct.future" | "time.future" => "check the clock of this machine",
        "ct.missing" => "an instance without a CT log needs --danger-no-sct",
        "bundle.json" | "bundle.shape" | "bundle.media-type" => {
            "is this a Sigstore bundle? cosign writes one with --bundle, gh with `gh attestation \
             download`"
        }
        "provenance.claim" => {
            "--slsa is for jobs of GitHub Actions; elsewhere give --type slsa --predicate PATH"
        }
        code if code.starts_with("predicate.") || code.starts_with("checksums.") => return None,
        "token.audience" => "ask the token's issuer for one with the audience sigstore",
        "token.expired" => "tokens live for minutes: get a new one",
        "signing-key.no-password" | "signing-key.password" => {
            "give the password with --key-password PATH, or in SIGSIGN_KEY_PASSWORD"
        }
        "signing-key.label" => {
            "keys of cosign and OpenSSL's older formats must be converted: openssl pkcs8 -topk8"
        }
        "signing-key.weak" => "make a key of another kind, such as P-256",
        "sign.no-time" | "sign.selection" => "the signing config names too few services",
        "sign.statement-scheme" => "sign it with a P-256 key, which every log takes",
        "sign.no-subject" | "sign.statement-too-large" => return None,
        "bundle.write" | "local.folder" => return None,
        "local.choices" => "leave these options out, or make another instance with --data FOLDER",
        "local.damaged" => "`sigsign local reset` begins again",
        "local.in-use" => "`sigsign local status` shows it; stop it first",
        "local.not-an-instance" => {
            "`sigsign sign FILE --local` makes one, and so does `sigsign local serve`; --data names \
             another folder, which must be empty or not there yet"
        }
        "local.offline-secret" => "put tuf-root back into the folder offline of the instance",
        "local.port" => "name another with --port; 0 is any that is free",
        "local.schema" => "use the sigsign that made it, or another folder with --data FOLDER",
        "trust.added" => "`sigsign trust add URL --root root.json --name NAME` adds it again",
        "trust.no-services" => "sign with --signing-config and --trusted-root",
        "trust.read" => "--root takes a root.json, as TUF repositories serve it",
        "tuf.fetch" | "tuf.status" => "try again later; what was there before is kept",
        "tuf.expired" => {
            "the repository was not renewed in time, or somebody holds the newer metadata back; \
             check the clock of this machine, and try again"
        }
        "tuf.rollback" | "tuf.removed" => {
            "the repository has older metadata than it had before: try again later, and tell its \
             operator"
        }
        "tuf.store" => "check the folder sigsign/trust of the user's cache; it can be deleted",
        "tuf.no-target" => "the repository must have a target trusted_root.json",
        "transport.setup" => "--tls-ca takes certificates in PEM",
        "transport.connection" | "transport.timeout" => {
            "try again later; is that its address, and does the way to it need a proxy?"
        }
        "transport.too-large" => "is that its address? no service answers at such length",
        "transport.url" => "services are reached over https, and on this machine over http",
        "policy-file.read" => return None,
        "rule.no-signature" | "rule.no-attestation" => {
            "bundles are looked for beside the file, in FILE.sigstore.json, FILE.sigstore and \
             FILE.sigstore.jsonl; or name one with --bundle PATH"
        }
        code if code.starts_with("rule.") => {
            "`sigsign policy explain --policy POLICY`, with FILE or --image REF, shows every condition"
        }
        code if code.starts_with("policy-file.") => "docs/policy.md has every field with examples",
        code if code.starts_with("tuf.") => {
            "the repository's metadata is not what its keys vouch for: try again later, and tell its \
             operator; what was there before is kept"
        }
        code if code.starts_with("ct-root.") => {
            "--ct-root takes certificates in PEM, each from BEGIN to END CERTIFICATE"
        }
        "statement.too-many-subjects" => "make several statements, each about some of them",
        code if code.starts_with("statement.") => {
            "--statement takes in-toto statements; without it any file is signed as it is"
        }
        code if code.starts_with("token.") => {
            "an identity token is a JWT, three parts with dots between them"
        }
        code if code.starts_with("signing-key.") => {
            "--key takes a private key in PEM, which starts with -----BEGIN PRIVATE KEY-----"
        }
        code if code.starts_with("signing-config.") => {
            "--signing-config takes a signing_config.v0.2.json, as TUF repositories of Sigstore \
             serve it"
        }
        code if code.starts_with("root.") => {
            "--trusted-root takes a trusted_root.json, as TUF repositories of Sigstore serve it"
        }
        code if code.starts_with("key.") => {
            "--key takes the public key in PEM, which starts with -----BEGIN PUBLIC KEY-----"
        }
        code if code.starts_with("bundle.") => {
            "the bundle was damaged or made by software that does not follow the format; sign anew"
        }
        code if code.starts_with("claims.") => {
            "the certificate is not one that keyless signing gives out; ask the signer"
        }
        code if code.starts_with("batch.") => return None,
        _ => "the bundle does not prove what it should; get a fresh copy of it, or sign anew",
    })
}
