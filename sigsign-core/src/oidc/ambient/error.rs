use std::fmt;
use std::time::Duration;

use super::Provider;
use crate::encoding::Escaped;
use crate::oidc::TokenError;
use crate::transport::TransportError;

/// Why a job has no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmbientError {
    /// No platform that gives tokens.
    None {
        /// Whether nobody sits in front of this.
        in_job: bool,
    },
    /// A platform that gives this job none.
    Missing {
        /// Which one.
        provider: Provider,
        /// What it lacks.
        want: &'static str,
    },
    /// Who gives out tokens is not reached.
    Transport {
        /// Which platform.
        provider: Provider,
        /// What went wrong.
        problem: TransportError,
    },
    /// Who gives out tokens refuses.
    Refused {
        /// Which platform.
        provider: Provider,
        /// The status of HTTP.
        status: u16,
        /// What it says, if it does.
        message: String,
    },
    /// An answer that is something else than a token.
    Answer {
        /// Which platform.
        provider: Provider,
        /// What it should be.
        want: &'static str,
    },
    /// The platform's program fails.
    Program {
        /// Which platform.
        provider: Provider,
        /// What was run.
        program: &'static str,
        /// In the words of the program, or of the system.
        problem: String,
    },
    /// The platform's program does not end.
    Slow {
        /// Which platform.
        provider: Provider,
        /// What was run.
        program: &'static str,
        /// How long we waited.
        limit: Duration,
    },
    /// A token that cannot be used.
    Token {
        /// Which platform.
        provider: Provider,
        /// What is wrong with it.
        problem: TokenError,
    },
}

impl AmbientError {
    /// Every code of this kind, for the list of errors; the others are those of what is inside.
    pub const CODES: &'static [&'static str] = &[
        "token.none",
        "token.missing",
        "token.refused",
        "token.answer",
        "token.program",
        "token.slow",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::None { .. } => "token.none",
            Self::Missing { .. } => "token.missing",
            Self::Transport { problem, .. } => problem.code(),
            Self::Refused { .. } => "token.refused",
            Self::Answer { .. } => "token.answer",
            Self::Program { .. } => "token.program",
            Self::Slow { .. } => "token.slow",
            Self::Token { problem, .. } => problem.code(),
        }
    }

    /// The platform, if there is one.
    pub fn provider(&self) -> Option<Provider> {
        match self {
            Self::None { .. } => None,
            Self::Missing { provider, .. }
            | Self::Transport { provider, .. }
            | Self::Refused { provider, .. }
            | Self::Answer { provider, .. }
            | Self::Program { provider, .. }
            | Self::Slow { provider, .. }
            | Self::Token { provider, .. } => Some(*provider),
        }
    }

    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Transport { problem, .. } => matches!(
                problem,
                TransportError::Connection { .. } | TransportError::Timeout { .. }
            ),
            Self::Refused { status, .. } => matches!(status, 429 | 500..),
            Self::Slow { .. } => true,
            _ => false,
        }
    }
}

impl fmt::Display for AmbientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None { in_job: true } => {
                f.write_str("this job has no identity token, on no platform that is known here")
            }
            Self::None { in_job: false } => f.write_str("there is no identity token"),
            Self::Missing { provider, want } => {
                write!(
                    f,
                    "{provider} gives this job no identity token: it lacks {want}"
                )
            }
            Self::Transport { provider, .. } => {
                write!(
                    f,
                    "no answer from where {provider} gives out identity tokens"
                )
            }
            Self::Refused {
                provider,
                status,
                message,
            } => {
                write!(
                    f,
                    "{provider} refuses an identity token with status {status}"
                )?;
                if message.is_empty() {
                    return Ok(());
                }
                write!(f, ": {}", Escaped(message))
            }
            Self::Answer { provider, want } => {
                write!(f, "wanted {want} of {provider}, found something else")
            }
            Self::Program {
                provider,
                program,
                problem,
            } => write!(
                f,
                "{program} of {provider} gives no identity token: {}",
                Escaped(problem)
            ),
            Self::Slow {
                provider,
                program,
                limit,
            } => write!(
                f,
                "{program} of {provider} gives no identity token within {} s",
                limit.as_secs()
            ),
            Self::Token { provider, .. } => {
                write!(f, "identity token of {provider} cannot be used")
            }
        }
    }
}

impl std::error::Error for AmbientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transport { problem, .. } => Some(problem),
            Self::Token { problem, .. } => Some(problem),
            _ => None,
        }
    }
}
