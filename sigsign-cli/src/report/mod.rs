//! Answers as one document for all of them, for programs that show the results of many tools.
//!
//! In: an [`Entry`] for each thing that was asked about, as the commands come to it. Out: the
//! document, once everything was asked. Not here: what the answers are.

mod junit;
mod sarif;

use crate::cli::OneDocument;
use crate::exit::Exit;
use crate::problem::Problem;

/// What was asked about one thing, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name, for an image with the digest.
    pub(crate) name: String,
    pub(crate) exit: Exit,
    /// What there is to say for a yes.
    pub(crate) said: String,
    pub(crate) findings: Vec<Finding>,
    /// Where it is named, if in files.
    pub(crate) sources: Vec<Source>,
}

/// Why there is no yes, or what to look at in spite of it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) is_warning: bool,
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) line: usize,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// Where something is named, for the end of a title; nothing if it is not in files.
pub(crate) fn named_in(sources: &[Source]) -> String {
    match sources {
        [] => String::new(),
        [source] => format!(" (in {source})"),
        [source, more @ ..] => format!(" (in {source} and {} more)", more.len()),
    }
}

impl Entry {
    pub(crate) fn new(name: impl Into<String>, exit: Exit) -> Self {
        Self {
            name: name.into(),
            exit,
            said: String::new(),
            findings: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// With what there is to say for a yes.
    pub(crate) fn said(mut self, text: impl Into<String>) -> Self {
        self.said = text.into();
        self
    }

    /// With what decides against it.
    pub(crate) fn problem(mut self, problem: &Problem) -> Self {
        self.findings.push(Finding::new(problem));
        self
    }

    /// With something that decides nothing.
    pub(crate) fn warning(mut self, code: &'static str, text: impl Into<String>) -> Self {
        self.findings.push(Finding {
            is_warning: true,
            code,
            text: text.into(),
        });
        self
    }

    /// With where it is named.
    pub(crate) fn sources(mut self, sources: &[Source]) -> Self {
        self.sources = sources.to_vec();
        self
    }

    /// Under which code a "no answer" goes, and anything else that has no finding of its own.
    fn decisive(&self) -> Option<&Finding> {
        self.findings.iter().find(|it| !it.is_warning)
    }
}

impl Finding {
    fn new(problem: &Problem) -> Self {
        let mut text = problem.sentences.join(": ");
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("; hint: {hint}"));
        }
        Self {
            is_warning: false,
            code: problem.code,
            text,
        }
    }
}

/// Everything that a document is made of.
#[derive(Debug, Default)]
pub(crate) struct Report {
    entries: Vec<Entry>,
    /// What ended the command before it had an answer.
    end: Option<Finding>,
}

impl Report {
    /// What is no yes has a reason in the document, whatever it is.
    pub(crate) fn add(&mut self, mut entry: Entry) {
        if entry.exit != Exit::Done && entry.decisive().is_none() {
            entry.findings.push(Finding {
                is_warning: false,
                code: "rule.incomplete",
                text: "there is no answer".to_owned(),
            });
        }
        self.entries.push(entry);
    }

    pub(crate) fn end_with(&mut self, problem: &Problem) {
        self.end = Some(Finding::new(problem));
    }

    /// The document, without a line end.
    pub(crate) fn document(&self, kind: OneDocument) -> String {
        match kind {
            OneDocument::Junit => junit::document(self),
            OneDocument::Sarif => sarif::document(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A yes, a no, and no answer.
    pub(super) fn report() -> Report {
        let source = |line| Source {
            path: "k8s/a b.yaml".to_owned(),
            line,
        };
        let mut report = Report::default();
        report.add(Entry::new("e.org/a@sha256:1", Exit::Done).said("signed by jane"));
        let mut problem =
            Problem::input("image.nothing", "there is no <signature> & \"more\"\u{1b}");
        problem.exit = Exit::No;
        let refused = Entry::new("e.org/b@sha256:2", Exit::No).problem(&problem);
        report.add(refused.sources(&[source(3), source(9)]));
        let trouble = Problem::input("registry.slow", "e.org does not answer").hint("later");
        let entry = Entry::new("e.org/c:1", Exit::Service).problem(&trouble);
        report.add(entry.warning("rule.no-signature", "soon"));
        report
    }

    #[test]
    fn has_a_reason_for_whatever_is_no_yes() {
        let mut report = Report::default();
        report.add(Entry::new("a", Exit::NoAnswer).warning("rule.digest", "b"));

        let junit = report.document(OneDocument::Junit);

        assert!(junit.contains("<error type=\"rule.incomplete\""), "{junit}");
    }
}
