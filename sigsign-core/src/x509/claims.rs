use std::fmt;

use super::certificate::Certificate;
use super::extensions::only;
use super::names::GeneralName;
use crate::der::{self, Oid, Reader};

/// Why a certificate's claims about its holder cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsError {
    /// No subject alternative name, or several.
    Names {
        /// How many there are.
        found: usize,
    },
    /// A subject alternative name of a form that no issuer writes.
    NameForm,
    /// An extension that is not the string it should be.
    Value {
        /// The extension.
        extension: FulcioExtension,
    },
    /// Two issuers that differ (V59, O12).
    TwoIssuers {
        /// The value of `1.3.6.1.4.1.57264.1.1`.
        deprecated: String,
        /// The value of `1.3.6.1.4.1.57264.1.8`.
        current: String,
    },
}

impl ClaimsError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "claims.names",
        "claims.name-form",
        "claims.value",
        "claims.two-issuers",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Names { .. } => "claims.names",
            Self::NameForm => "claims.name-form",
            Self::Value { .. } => "claims.value",
            Self::TwoIssuers { .. } => "claims.two-issuers",
        }
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::encoding::Escaped;
        match self {
            Self::Names { found } => {
                write!(f, "wanted one subject alternative name, found {found}")
            }
            Self::NameForm => f.write_str("subject is not an email address, a URI or a user name"),
            Self::Value { extension } => write!(f, "{extension} is not well formed"),
            Self::TwoIssuers {
                deprecated,
                current,
            } => write!(
                f,
                "certificate names two issuers, {} and {}",
                Escaped(deprecated),
                Escaped(current)
            ),
        }
    }
}

impl std::error::Error for ClaimsError {}

/// Defines the extensions with their names and last arcs.
macro_rules! fulcio_extensions {
    ($($(#[$meta:meta])* $variant:ident = $arc:literal, $name:literal;)*) => {
        /// What Fulcio says of a signer, by the extension under `1.3.6.1.4.1.57264.1`.
        ///
        /// Spec: oid-info
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum FulcioExtension { $($(#[$meta])* $variant,)* }

        impl FulcioExtension {
            /// Every extension, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The last arc of its object identifier.
            pub const fn arc(self) -> u8 {
                match self { $(Self::$variant => $arc,)* }
            }

            /// Its name on the command line and in policies.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

fulcio_extensions! {
    /// The token's issuer, in the form that is no longer written alone.
    IssuerDeprecated = 1, "issuer-deprecated";
    /// The event that triggered a GitHub workflow.
    GitHubWorkflowTrigger = 2, "github-workflow-trigger";
    /// The commit that a GitHub workflow ran on.
    GitHubWorkflowSha = 3, "github-workflow-sha";
    /// The name of a GitHub workflow.
    GitHubWorkflowName = 4, "github-workflow-name";
    /// The repository of a GitHub workflow.
    GitHubWorkflowRepository = 5, "github-workflow-repository";
    /// The ref that a GitHub workflow ran on.
    GitHubWorkflowRef = 6, "github-workflow-ref";
    /// The token's issuer.
    Issuer = 8, "issuer";
    /// The build instructions that signed.
    BuildSignerUri = 9, "build-signer-uri";
    /// Their exact version.
    BuildSignerDigest = 10, "build-signer-digest";
    /// Whose machine the build ran on.
    RunnerEnvironment = 11, "runner-environment";
    /// The source repository.
    SourceRepositoryUri = 12, "source-repository-uri";
    /// The exact version of the source.
    SourceRepositoryDigest = 13, "source-repository-digest";
    /// The ref of the source.
    SourceRepositoryRef = 14, "source-repository-ref";
    /// The repository's immutable identifier.
    SourceRepositoryIdentifier = 15, "source-repository-identifier";
    /// The repository's owner.
    SourceRepositoryOwnerUri = 16, "source-repository-owner-uri";
    /// The owner's immutable identifier.
    SourceRepositoryOwnerIdentifier = 17, "source-repository-owner-identifier";
    /// The build instructions that started it all.
    BuildConfigUri = 18, "build-config-uri";
    /// Their exact version.
    BuildConfigDigest = 19, "build-config-digest";
    /// What started the build.
    BuildTrigger = 20, "build-trigger";
    /// The run of the build.
    RunInvocationUri = 21, "run-invocation-uri";
    /// Whether the source was public.
    SourceRepositoryVisibility = 22, "source-repository-visibility";
    /// The environment deployed to.
    DeploymentEnvironment = 23, "deployment-environment";
    /// The token's own subject.
    TokenSubject = 24, "token-subject";
}

impl FulcioExtension {
    /// The extension with this name, or with this object identifier in dots.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.name() == name || String::from(*known) == name)
    }

    fn from_arc(arc: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.arc() == arc)
    }

    /// Numbers up to 6 are bare text; from 8 on it is a UTF8String in DER.
    const fn is_bare(self) -> bool {
        self.arc() <= 6
    }
}

impl fmt::Display for FulcioExtension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The form of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectKind {
    /// An email address.
    Email,
    /// A URI: a workflow, a service.
    Uri,
    /// A user name that is neither.
    UserName,
}

/// Who a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    kind: SubjectKind,
    value: &'a str,
}

impl<'a> Subject<'a> {
    /// The form of it.
    pub fn kind(self) -> SubjectKind {
        self.kind
    }

    /// The subject itself.
    pub fn value(self) -> &'a str {
        self.value
    }
}

/// What a certificate claims about its holder; true only if the certificate is.
#[derive(Clone, Copy, Debug)]
pub struct FulcioClaims<'a> {
    certificate: &'a Certificate,
    subject: Subject<'a>,
    issuer: Option<&'a str>,
}

impl<'a> FulcioClaims<'a> {
    /// Reads the claims.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if they contradict each other or are not well formed.
    ///
    /// Spec: fulcio-spec 7.3; oid-info
    pub fn from_certificate(certificate: &'a Certificate) -> Result<Self, ClaimsError> {
        // V59: the issuer is .8, else .1; where both are, they agree.
        let (mut current, mut deprecated) = (None, None);
        for (arc, value) in certificate.extensions_under(FULCIO) {
            let Some(extension) = FulcioExtension::from_arc(arc) else {
                continue;
            };
            let text = decode(extension, value)?;
            match extension {
                FulcioExtension::Issuer => current = Some(text),
                FulcioExtension::IssuerDeprecated => deprecated = Some(text),
                _ => {}
            }
        }
        if let (Some(current), Some(deprecated)) = (current, deprecated)
            && current != deprecated
        {
            return Err(ClaimsError::TwoIssuers {
                deprecated: deprecated.to_owned(),
                current: current.to_owned(),
            });
        }
        let issuer = current.or(deprecated);
        if issuer == Some("") {
            let extension = FulcioExtension::Issuer;
            return Err(ClaimsError::Value { extension });
        }
        Ok(Self {
            certificate,
            subject: subject(certificate)?,
            issuer,
        })
    }

    /// Who the certificate is for.
    pub fn subject(&self) -> Subject<'a> {
        self.subject
    }

    /// Who issued the token that the certificate was given for.
    pub fn issuer(&self) -> Option<&'a str> {
        self.issuer
    }

    /// The value of an extension, if the certificate has it.
    pub fn get(&self, extension: FulcioExtension) -> Option<&'a str> {
        let mut values = self.certificate.extensions_under(FULCIO);
        let (_, value) = values.find(|(arc, _)| *arc == extension.arc())?;
        decode(extension, value).ok()
    }

    /// Every extension that the certificate has, with its value.
    pub fn iter(&self) -> impl Iterator<Item = (FulcioExtension, &'a str)> {
        let claims = *self;
        FulcioExtension::ALL
            .iter()
            .filter_map(move |extension| Some((*extension, claims.get(*extension)?)))
    }
}

/// Spec: fulcio-spec 7.3: exactly one GeneralName, of three forms
fn subject(certificate: &Certificate) -> Result<Subject<'_>, ClaimsError> {
    let mut names = certificate.alternative_names();
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err(ClaimsError::Names {
            found: certificate.alternative_names().count(),
        });
    };
    let (kind, value) = match name {
        GeneralName::Email(email) => (SubjectKind::Email, email),
        GeneralName::Uri(uri) => (SubjectKind::Uri, uri),
        GeneralName::Other(USER_NAME, value) => (
            SubjectKind::UserName,
            utf8_string(value).ok_or(ClaimsError::NameForm)?,
        ),
        _ => return Err(ClaimsError::NameForm),
    };
    if value.is_empty() {
        Err(ClaimsError::NameForm)
    } else {
        Ok(Subject { kind, value })
    }
}

/// Spec: oid-info, Extension values
fn decode(extension: FulcioExtension, value: &[u8]) -> Result<&str, ClaimsError> {
    let text = if extension.is_bare() {
        plain(value)
    } else {
        utf8_string(value)
    };
    text.ok_or(ClaimsError::Value { extension })
}

/// A UTF8String in DER, to its last byte.
fn utf8_string(value: &[u8]) -> Option<&str> {
    only(value, |reader: &mut Reader<'_>| {
        reader.take(der::UTF8_STRING)
    })
    .ok()
    .and_then(plain)
}

/// Text without control characters: a NUL would end it for another reader (O25).
fn plain(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

// 1.3.6.1.4.1.57264.1
const FULCIO: &[u8] = b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x01";
// 1.3.6.1.4.1.57264.1.7
pub(super) const USER_NAME: &[u8] = b"\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07";

/// The object identifier of an extension, in dots.
impl From<FulcioExtension> for String {
    fn from(extension: FulcioExtension) -> Self {
        format!("{}.{}", Oid::from_content(FULCIO), extension.arc())
    }
}
