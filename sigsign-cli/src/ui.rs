//! The two streams: answers on standard output, everything else on standard error.

use std::fmt::{self, Display};
use std::io::{self, BufWriter, IsTerminal, Write};

use sigsign_core::encoding::Escaped;
use sigsign_core::policy_file::Decision;

use crate::cli::{Format, Global, Network, OneDocument, Output, When};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::report::{Entry, Report};

/// How loud to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Quiet,
    Normal,
    Verbose,
}

pub(crate) struct Ui {
    out: BufWriter<Box<dyn Write>>,
    err: Box<dyn Write>,
    /// What became of standard output.
    state: Option<io::ErrorKind>,
    color: bool,
    format: Format,
    document: Option<OneDocument>,
    level: Level,
    network: Network,
    /// What the answer will be made of, for formats that are one document.
    report: Report,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        let stdout = io::stdout();
        let color = match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                global.format == Output::Text
                    && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
                    && stdout.is_terminal()
            }
        };
        let level = match (global.quiet, global.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        };
        Self {
            out: BufWriter::new(Box::new(stdout)),
            err: Box::new(io::stderr()),
            state: None,
            color,
            format: global.format.format(),
            document: global.format.document(),
            level,
            network: global.network(),
            report: Report::default(),
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether the answer is one document, made of what is added with [`Self::entry`].
    pub(crate) fn is_document(&self) -> bool {
        self.document.is_some()
    }

    /// Something for the document.
    pub(crate) fn entry(&mut self, entry: Entry) {
        self.report.add(entry);
    }

    /// What ended the command before it had an answer.
    pub(crate) fn end_with(&mut self, problem: &Problem) {
        self.problem(None, problem);
        if problem.exit == Exit::Usage {
            self.document = None;
        }
        self.report.end_with(problem);
    }

    pub(crate) fn network(&self) -> Network {
        self.network
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// A line of the answer.
    pub(crate) fn answer(&mut self, line: impl Display) {
        self.raw(format_args!("{line}\n"));
    }

    /// Part of the answer, as it is.
    pub(crate) fn raw(&mut self, text: fmt::Arguments<'_>) {
        if self.state.is_none()
            && let Err(error) = self.out.write_fmt(text)
        {
            self.state = Some(error.kind());
        }
    }

    /// Bytes of the answer, as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.state.is_none()
            && let Err(error) = self.out.write_all(bytes)
        {
            self.state = Some(error.kind());
        }
    }

    /// A verdict, in color if asked for.
    pub(crate) fn verdict(&self, exit: Exit) -> &'static str {
        match (exit, self.color) {
            (Exit::Done, true) => "\x1b[32mverified\x1b[0m",
            (Exit::Done, false) => "verified",
            (Exit::No, true) => "\x1b[31mnot verified\x1b[0m",
            (Exit::No, false) => "not verified",
            (_, true) => "\x1b[33mno answer\x1b[0m",
            (_, false) => "no answer",
        }
    }

    /// What a policy decides, in color if asked for.
    pub(crate) fn decision(&self, decision: Decision) -> String {
        let color = match decision {
            Decision::Allow => 32,
            Decision::Deny => 31,
            _ => 33,
        };
        if self.color {
            format!("\x1b[{color}m{}\x1b[0m", decision.name())
        } else {
            decision.name().to_owned()
        }
    }

    /// What is said of a file that was signed, or that a statement was signed about.
    pub(crate) fn made(&self, attested: bool) -> &'static str {
        match (attested, self.color) {
            (false, true) => "\x1b[32msigned\x1b[0m",
            (false, false) => "signed",
            (true, true) => "\x1b[32mattested\x1b[0m",
            (true, false) => "attested",
        }
    }

    /// Writes the answer so far to whoever waits for it.
    pub(crate) fn flush(&mut self) {
        if self.state.is_none()
            && let Err(error) = self.out.flush()
        {
            self.state = Some(error.kind());
        }
    }

    /// Asks the user, who must answer in words of assent; no answer is a no.
    pub(crate) fn ask(&mut self, question: impl Display) -> bool {
        self.talk(&format!("{question} [y/N] "));
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
    }

    /// A line for the user, not part of the answer.
    pub(crate) fn warning(&mut self, text: impl Display) {
        if self.level > Level::Quiet {
            let text = text.to_string();
            self.talk(&format!("sigsign: warning: {}\n", Escaped(&text)));
        }
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn problem(&mut self, about: Option<&str>, problem: &Problem) {
        let mut text = String::from("sigsign: error: ");
        if let Some(about) = about {
            text.push_str(&format!("{}: ", Escaped(about)));
        }
        if let Some(check) = problem.check {
            text.push_str(&format!("{check}: "));
        }
        // Paths and values of options are in them as they were given.
        let sentences = problem.sentences.iter();
        let sentences: Vec<String> = sentences.map(|it| Escaped(it).to_string()).collect();
        text.push_str(&sentences.join("\n  "));
        text.push('\n');
        if problem.exit != Exit::Usage {
            text.push_str(&format!("  code: {}\n", problem.code));
        }
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("hint: {}\n", Escaped(hint)));
        }
        self.talk(&text);
    }

    /// Writes what is left; a reader that went away is no error.
    pub(crate) fn finish(&mut self, exit: Exit) -> Exit {
        if self.level > Level::Quiet
            && let Some(document) = self.document
        {
            let document = self.report.document(document);
            self.answer(document);
        }
        self.flush();
        match self.state {
            None | Some(io::ErrorKind::BrokenPipe) => exit,
            Some(kind) => {
                let sentence = format!("standard output cannot be written: {kind}");
                self.problem(None, &Problem::input("cli.output", sentence));
                exit.and(Exit::NoAnswer)
            }
        }
    }

    /// Standard output first, so that the two are in order on a terminal. Nobody to talk to is
    /// no error. In one piece, so that processes which share the stream do not mix their lines.
    fn talk(&mut self, text: &str) {
        self.flush();
        let _ = self.err.write_all(text.as_bytes());
    }
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui")
            .field("format", &self.format)
            .field("level", &self.level)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Writes(Sender<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn talks_in_one_piece() {
        let (sender, writes) = channel();
        let mut ui = Ui {
            out: BufWriter::new(Box::new(io::sink())),
            err: Box::new(Writes(sender)),
            state: None,
            color: false,
            format: Format::Text,
            document: None,
            level: Level::Normal,
            network: Network::Allowed,
            report: Report::default(),
        };

        ui.warning("a\u{7}");
        ui.problem(Some("b"), &Problem::usage("c", "d"));
        drop(ui);

        let want = [
            "sigsign: warning: a\\u{7}\n",
            "sigsign: error: b: c\nhint: d\n",
        ];
        assert_eq!(want.map(str::to_owned), *writes.iter().collect::<Vec<_>>());
    }
}
