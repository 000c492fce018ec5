//! What went wrong, in the words a user reads.

use std::error::Error;

use sigsign_core::encoding::Escaped;
use sigsign_core::sign::SignError;
use sigsign_core::verify::{ArtifactError, VerifyError};

use crate::exit::Exit;
use crate::hint;

/// A refusal, an unreadable input or a wrong command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) exit: Exit,
    /// The check that refused.
    pub(crate) check: Option<&'static str>,
    /// A stable code: `log.root-mismatch`.
    pub(crate) code: &'static str,
    /// One sentence, then its causes.
    pub(crate) sentences: Vec<String>,
    /// Something the user can do.
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// A wrong command line.
    pub(crate) fn usage(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            check: None,
            code: "cli.usage",
            sentences: vec![sentence.into()],
            hint: Some(hint.into()),
        }
    }

    /// An input that cannot be read or parsed.
    pub(crate) fn input(code: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            exit: Exit::NoAnswer,
            check: None,
            code,
            sentences: vec![sentence.into()],
            hint: None,
        }
    }

    /// An input with an error that the core found in it.
    pub(crate) fn document(code: &'static str, what: &str, error: &dyn Error) -> Self {
        let mut problem = Self::input(code, what);
        problem.sentences.extend(chain(error));
        problem.hint_of_code()
    }

    /// A file that the system does not let us read.
    pub(crate) fn io(code: &'static str, what: &str, error: &std::io::Error) -> Self {
        let mut problem = Self::input(code, what);
        problem.sentences.push(io_text(error));
        problem
    }

    /// A service, or the way to it, that failed.
    pub(crate) fn service(code: &'static str, what: &str, error: &dyn Error) -> Self {
        let mut problem = Self::document(code, what, error);
        problem.exit = Exit::Service;
        problem
    }

    /// A service that says no to us.
    pub(crate) fn refused(what: &str) -> Self {
        Self::refused_as("sign.refused", what).hint_of_code()
    }

    /// The same, with a code of its own.
    pub(crate) fn refused_as(code: &'static str, what: &str) -> Self {
        let mut problem = Self::input(code, Escaped(what).to_string());
        problem.exit = Exit::Service;
        problem
    }

    /// A token that nobody can sign with.
    pub(crate) fn identity(code: &'static str, what: &str, error: &dyn Error) -> Self {
        let mut problem = Self::document(code, what, error);
        problem.exit = Exit::NoIdentity;
        problem
    }

    /// Says why, after what it says already.
    pub(crate) fn and_then_say(mut self, why: impl Into<String>) -> Self {
        self.sentences.push(why.into());
        self
    }

    /// Says first what it is about.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.sentences.insert(0, Escaped(what).to_string());
        self
    }

    /// Says at its end what else was refused, and why.
    pub(crate) fn with_others<'a>(
        mut self,
        others: impl Iterator<Item = (String, &'a Self)>,
    ) -> Self {
        for (place, problem) in others {
            let why = problem.sentences.join(": ");
            let code = problem.code;
            self.sentences.push(format!("{place}: {why} [{code}]"));
        }
        self
    }

    /// With the hint that its code has.
    pub(crate) fn hint_of_code(mut self) -> Self {
        self.hint = hint::of(self.code).map(str::to_owned);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        let unread = matches!(error, VerifyError::Artifact(ArtifactError::Read(_)));
        Self {
            exit: if unread { Exit::NoAnswer } else { Exit::No },
            check: Some(error.check()),
            code: error.code(),
            sentences: chain(&error),
            hint: hint::of(error.code()).map(str::to_owned),
        }
    }
}

impl From<SignError> for Problem {
    fn from(error: SignError) -> Self {
        let exit = match &error {
            SignError::Token(_) => Exit::NoIdentity,
            SignError::Transport { .. } | SignError::Refused { .. } | SignError::Answer { .. } => {
                Exit::Service
            }
            SignError::Rejected(_) => Exit::No,
            _ => Exit::NoAnswer,
        };
        Self {
            exit,
            check: None,
            code: error.code(),
            sentences: chain(&error),
            hint: hint::of_signing(&error).map(str::to_owned),
        }
    }
}

/// An error and its causes. The core escapes what comes from outside; once more does no harm.
fn chain(error: &dyn Error) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        sentences.push(Escaped(&error.to_string()).to_string());
        next = error.source();
    }
    sentences
}

/// What the system says, in lower case and without its number.
pub(crate) fn io_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
