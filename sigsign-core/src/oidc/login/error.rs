//! Why nobody logged in.

use std::fmt;

use crate::encoding::Escaped;
use crate::oidc::TokenError;
use crate::transport::TransportError;

/// Why there is no token of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginError {
    /// The issuer does not answer.
    Transport(TransportError),
    /// What the issuer says of itself is of no use.
    Discovery {
        /// The issuer.
        issuer: String,
        /// What was wanted of it.
        want: &'static str,
        /// What it says instead.
        found: String,
    },
    /// The issuer knows no logins on other devices.
    NoDevices,
    /// The person, or the issuer, said no.
    Denied {
        /// Why, in the issuer's words; empty if it does not say.
        message: String,
    },
    /// The issuer refuses, and it is not the person's answer.
    Refused {
        /// What it calls the reason.
        error: String,
        /// The same in words; empty if there are none.
        message: String,
    },
    /// Nobody did anything until the code was over.
    Expired,
    /// What came back belongs to another login (CSRF).
    State,
    /// The token belongs to another login.
    Nonce,
    /// The answer or the token is of another issuer.
    Issuer {
        /// The issuer that was asked.
        want: String,
        /// The one that answered.
        found: String,
    },
    /// An answer of another shape than the documents have.
    Answer {
        /// What was wanted.
        want: &'static str,
    },
    /// A token that cannot be used.
    Token(TokenError),
    /// The system gives no randomness.
    NoRandomness,
}

impl LoginError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "login.discovery",
        "login.no-devices",
        "login.denied",
        "login.refused",
        "login.expired",
        "login.state",
        "login.nonce",
        "login.issuer",
        "login.answer",
        "login.no-randomness",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transport(error) => error.code(),
            Self::Discovery { .. } => "login.discovery",
            Self::NoDevices => "login.no-devices",
            Self::Denied { .. } => "login.denied",
            Self::Refused { .. } => "login.refused",
            Self::Expired => "login.expired",
            Self::State => "login.state",
            Self::Nonce => "login.nonce",
            Self::Issuer { .. } => "login.issuer",
            Self::Answer { .. } => "login.answer",
            Self::Token(error) => error.code(),
            Self::NoRandomness => "login.no-randomness",
        }
    }

    /// Whether it is the issuer or the way to it that fails, so that trying again may help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Transport(TransportError::Connection { .. } | TransportError::Timeout { .. })
        )
    }

    /// An error by the name that the documents have for it.
    ///
    /// Spec: RFC 6749 4.1.2.1, 5.2; RFC 8628 3.5
    pub(super) fn of_code(error: &str, message: Option<String>) -> Self {
        let mut message = message.unwrap_or_default();
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS) {
            message.truncate(end);
        }
        match error {
            "access_denied" => Self::Denied { message },
            "expired_token" => Self::Expired,
            _ => Self::Refused {
                error: error.chars().take(MESSAGE_CHARS).collect(),
                message,
            },
        }
    }
}

/// What is shown of a message.
const MESSAGE_CHARS: usize = 300;

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with = |f: &mut fmt::Formatter<'_>, message: &str| match message {
            "" => Ok(()),
            _ => write!(f, ": {}", Escaped(message)),
        };
        match self {
            Self::Transport(_) => f.write_str("no answer from the issuer of identity tokens"),
            Self::Discovery {
                issuer,
                want,
                found,
            } => {
                let (issuer, found) = (Escaped(issuer), Escaped(found));
                write!(f, "wanted {want} of the issuer {issuer}, found {found}")
            }
            Self::NoDevices => f.write_str("the issuer knows no logins on other devices"),
            Self::Denied { message } => {
                f.write_str("the login was denied")?;
                with(f, message)
            }
            Self::Refused { error, message } => {
                write!(f, "the issuer refuses the login, {}", Escaped(error))?;
                with(f, message)
            }
            Self::Expired => f.write_str("nobody logged in before the code was over"),
            Self::State => f.write_str(
                "what the browser brought back belongs to another login: its state is not ours",
            ),
            Self::Nonce => {
                f.write_str("the identity token belongs to another login: its nonce is not ours")
            }
            Self::Issuer { want, found } => {
                write!(
                    f,
                    "wanted an answer of {}, found one of {}",
                    Escaped(want),
                    Escaped(found)
                )
            }
            Self::Answer { want } => write!(f, "wanted {want}, found something else"),
            Self::Token(_) => f.write_str("the identity token of the login cannot be used"),
            Self::NoRandomness => f.write_str("the system gives no randomness"),
        }
    }
}

impl std::error::Error for LoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            Self::Token(error) => Some(error),
            _ => None,
        }
    }
}

impl From<TransportError> for LoginError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<TokenError> for LoginError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}
