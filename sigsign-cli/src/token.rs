//! The identity token: from where the plan says, or from the platform that runs this.

use sigsign_core::oidc::IdentityToken;
use sigsign_core::oidc::ambient::{Ambient, AmbientError, Provider, System};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::Transport;
use sigsign_core::trust::SigningConfig;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::files::Document;
use crate::hint;
use crate::local::Local;
use crate::login;
use crate::plan::sign::TokenSource;
use crate::problem::Problem;
use crate::ui::Ui;

/// A token from `source`. Those of platforms are for `audience` and not over at `at`. `config` says
/// where people log in.
pub(crate) async fn token(
    source: &TokenSource,
    audience: &str,
    transport: &dyn Transport,
    (local, config): (Option<&Local>, Option<&SigningConfig>),
    at: Timestamp,
) -> Result<IdentityToken, Problem> {
    let system = System::new();
    let text = match (source, local) {
        (TokenSource::Given(text), _) => Zeroizing::new(text.as_bytes().to_vec()),
        (TokenSource::File(path), _) => Zeroizing::new(Document::Token.read(path)?),
        (TokenSource::Local(subject), Some(local)) => {
            Zeroizing::new(local.token(subject.as_deref(), audience)?.into_bytes())
        }
        (TokenSource::Ambient(provider), _) => {
            let ambient = Ambient::of(*provider, &system, transport);
            return Ok(ambient.token(audience, at).await?);
        }
        (TokenSource::Found(login), _) => {
            return match Ambient::detect(&system, transport) {
                Ok(ambient) => Ok(ambient.token(audience, at).await?),
                Err(AmbientError::None { in_job: false }) if login::has_somebody() => {
                    login::token(login, audience, config, transport).await
                }
                Err(error) => Err(error.into()),
            };
        }
        (TokenSource::Login(login), _) => {
            return login::token(login, audience, config, transport).await;
        }
        (TokenSource::Local(_), None) => return Err(AmbientError::None { in_job: false }.into()),
    };
    let text = str::from_utf8(&text).unwrap_or_default();
    IdentityToken::from_jwt(text)
        .map_err(|error| Problem::identity(error.code(), "identity token cannot be used", &error))
}

/// The platform that would be asked.
pub(crate) fn found() -> Option<Provider> {
    Provider::found(&System::new()).first().copied()
}

/// Says which platform was chosen where there are several.
pub(crate) fn announce(source: &TokenSource, ui: &mut Ui) {
    if !matches!(source, TokenSource::Found(_)) {
        return;
    }
    let found = Provider::found(&System::new());
    // GitLab's own way is the variable.
    let others = found.get(1..).unwrap_or_default();
    let others: Vec<&Provider> = others
        .iter()
        .filter(|it| **it != Provider::GitLab)
        .collect();
    if let (Some(chosen), [first, ..]) = (found.first(), others.as_slice()) {
        let name = first.name();
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        ui.warning(format_args!(
            "asking {chosen} for the identity token; {} could give one too: --oidc-provider {name}",
            others.join(" and ")
        ));
    }
}

impl From<AmbientError> for Problem {
    fn from(error: AmbientError) -> Self {
        let mut causes: Vec<String> = Vec::new();
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = next {
            causes.push(error.to_string());
            next = error.source();
        }
        let exit = if error.is_passing() {
            Exit::Service
        } else {
            Exit::NoIdentity
        };
        Self {
            exit,
            check: None,
            code: error.code(),
            sentences: causes,
            hint: hint::of_ambient(&error).map(str::to_owned),
        }
    }
}
