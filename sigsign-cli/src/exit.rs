//! The exit status: the verdict, decided here.

use std::process::ExitCode;

/// What the exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done; what was to be verified is.
    Done,
    /// Answered no: at least one did not verify.
    No,
    /// The command line is wrong.
    Usage,
    /// An input or trusted root could not be read, so there is no answer.
    NoAnswer,
    /// A service or the network failed, so there is no answer; trying again may help.
    Service,
    /// No identity token could be had.
    NoIdentity,
}

impl Exit {
    /// The status of two things done together: "no" outranks "no answer" of any kind, which
    /// outranks "done".
    pub(crate) fn and(self, other: Self) -> Self {
        if self.rank() >= other.rank() {
            self
        } else {
            other
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NoIdentity => 1,
            Self::Service => 2,
            Self::NoAnswer => 3,
            Self::No => 4,
            Self::Usage => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::NoAnswer => 3,
            Exit::Service => 4,
            Exit::NoIdentity => 5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{Done, No, NoAnswer, NoIdentity, Service};

    #[test]
    fn no_outranks_no_answer() {
        assert_eq!(No, NoAnswer.and(No));
        assert_eq!(No, No.and(NoAnswer).and(Done));
        assert_eq!(NoAnswer, Done.and(NoAnswer));
        assert_eq!(NoAnswer, Service.and(NoAnswer).and(NoIdentity));
        assert_eq!(Done, Done.and(Done));
    }
}
