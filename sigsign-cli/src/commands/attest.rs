//! Attesting: digests first, then one certificate and one statement, then its bundle to each place.

use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::dsse::Statement;
use sigsign_core::oidc::IdentityToken;
use sigsign_core::sign::SignedBundle;
use sigsign_core::transport::blocking;

use super::sign::shown::{self, Made};
use super::sign::{Contents, NO_RUNTIME, Signatory, Who};
use crate::check;
use crate::exit::Exit;
use crate::files::{Document, Places, checksums};
use crate::plan::Subject;
use crate::plan::attest::{Attest, Said, name_in_statement};
use crate::plan::sign::Credential;
use crate::predicate;
use crate::problem::Problem;
use crate::token;
use crate::ui::Ui;

/// Signs one statement. Its bundle is written to every place, or to none.
pub(super) fn run(plan: &Attest, ui: &mut Ui) -> Result<Exit, Problem> {
    if let Credential::Token { source, .. } = &plan.who {
        token::announce(source, ui);
    }
    let places = Places::check(plan.bundles.iter().map(|it| it.as_path()))?;
    let subjects = subjects(plan)?;
    let said = said(plan)?;
    let ran = blocking::run(attest(plan, &subjects, said));
    let signed = ran.map_err(|error| Problem::service(error.code(), NO_RUNTIME, &error))??;
    places.add(signed.json(), ui)?;
    let [first, ..] = plan.bundles.as_slice() else {
        return Ok(Exit::Done);
    };
    let made = Made {
        subject: plan.subjects.first(),
        more: subjects.len().saturating_sub(1),
        bundle: first,
        services: &plan.services,
        verify_with: &plan.verify_with,
        predicate_type: Some(&plan.predicate_type),
    };
    shown::show(&made, &signed, ui);
    Ok(Exit::Done)
}

/// Each thing that the statement is about.
fn subjects(plan: &Attest) -> Result<Vec<(String, Vec<Digest>)>, Problem> {
    let mut subjects = Vec::new();
    for subject in &plan.subjects {
        let digest = match subject {
            Subject::Digest(digest) => *digest,
            _ => check::digest(subject, HashAlgorithm::Sha256)
                .map_err(|problem| problem.about(&subject.name()))?,
        };
        subjects.push((name_in_statement(subject), vec![digest]));
    }
    if let Some(list) = &plan.checksums {
        let listed = checksums(list)?.into_iter();
        subjects.extend(listed.map(|(name, digest)| (name, vec![digest])));
    }
    Ok(subjects)
}

/// The predicate; `None` if it is the token's to say.
fn said(plan: &Attest) -> Result<Option<Vec<u8>>, Problem> {
    let Said::File(path) = &plan.said else {
        return Ok(None);
    };
    let predicate = Document::Predicate.read(path)?;
    predicate::check(&plan.predicate_type, &predicate)
        .map_err(|problem| problem.about(&path.display().to_string()))?;
    Ok(Some(predicate))
}

async fn attest(
    plan: &Attest,
    subjects: &[(String, Vec<Digest>)],
    said: Option<Vec<u8>>,
) -> Result<SignedBundle, Problem> {
    let signatory = Signatory::open(&plan.services, Who::read(&plan.who)?).await?;
    let (certified, said) = match said {
        Some(said) => (signatory.certified().await?, said),
        None => {
            let (certified, said) = signatory.certified_by(provenance).await?;
            (certified, said.unwrap_or_default())
        }
    };
    let statement = statement(subjects, &plan.predicate_type, &said)?;
    signatory.sign(certified, statement).await
}

/// What the token claims of the build.
pub(super) fn provenance(token: &IdentityToken) -> Result<Vec<u8>, Problem> {
    let said = token.slsa_provenance();
    said.map(String::into_bytes)
        .map_err(|error| Problem::identity(error.code(), "no provenance can be made", &error))
}

pub(super) fn statement(
    subjects: &[(String, Vec<Digest>)],
    predicate_type: &str,
    predicate: &[u8],
) -> Result<Contents, Problem> {
    Statement::write(subjects, predicate_type, predicate)
        .map(Contents::Statement)
        .map_err(|error| Problem::document(error.code(), "the statement cannot be made", &error))
}
