//! What the parser of the command line has to say, as this program says things.

use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use sigsign_core::encoding::Escaped;

use crate::exit::Exit;

/// Prints it. Help and version are answers; everything else is a wrong command line, which is told
/// to `complaints`.
pub(crate) fn answer(mut error: clap::Error, complaints: &mut dyn Write) -> Exit {
    escape(&mut error);
    let text = error.render().to_string();
    let text = match text.strip_prefix("error: ") {
        Some(text) => format!("sigsign: error: {text}"),
        None => text,
    };
    if error.use_stderr() {
        // Nobody to talk to is no error.
        let _ = complaints.write_all(text.as_bytes());
        return Exit::Usage;
    }
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::NoAnswer,
        _ => Exit::Done,
    }
}

/// Arguments come back in errors as they were given, and so may clear a terminal.
fn escape(error: &mut clap::Error) {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return;
    }
    let escaped: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| Some((kind, escaped(value)?)))
        .collect();
    for (kind, value) in escaped {
        error.insert(kind, value);
    }
}

/// `None` for what holds no argument, as the usage.
fn escaped(value: &ContextValue) -> Option<ContextValue> {
    let line = |text: &str| Escaped(text).to_string();
    Some(match value {
        ContextValue::String(text) => ContextValue::String(line(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.iter().map(|it| line(it)).collect())
        }
        ContextValue::StyledStrs(texts) => {
            let texts = texts.iter().map(|it| line(&it.to_string()).into());
            ContextValue::StyledStrs(texts.collect())
        }
        _ => return None,
    })
}
