use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::{is_stdin, open, shown};
use crate::problem::Problem;

/// Bytes of one line; a path or a digest is far shorter.
const LINE_BYTES: u64 = 64 << 10;

/// Bytes of a line that is passed over because it is too long; after more, the list is given up.
const SKIP_BYTES: u64 = 16 << 20;

/// A list of lines, read as it is used.
pub(crate) struct List {
    source: Box<dyn BufRead>,
    end: Result<(), Problem>,
    ended: bool,
}

impl List {
    /// Opens the list; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        if is_stdin(path) {
            return Ok(Self::new(Box::new(io::stdin().lock())));
        }
        let (file, _) = open(path).map_err(|error| {
            Problem::io(
                "batch.read",
                &format!("list {} cannot be read", shown(path)),
                &error,
            )
        })?;
        Ok(Self::new(Box::new(BufReader::new(file))))
    }

    fn new(source: Box<dyn BufRead>) -> Self {
        Self {
            source,
            end: Ok(()),
            ended: false,
        }
    }

    /// Up to `count` lines that are not blank, or what is wrong with each; none at the end.
    pub(crate) fn next_lines(&mut self, count: usize) -> Vec<Result<String, Problem>> {
        let mut lines = Vec::new();
        while lines.len() < count && !self.ended {
            match self.next_line() {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => {}
                Err(problem) => {
                    self.ended = true;
                    self.end = Err(problem);
                }
            }
        }
        lines
    }

    /// Why the list was not read to its end.
    pub(crate) fn end(self) -> Result<(), Problem> {
        self.end
    }

    /// The next line unless it is blank, cut at its cap while it is read.
    fn next_line(&mut self) -> Result<Option<Result<String, Problem>>, Problem> {
        let (line, ended) = self.read_line(LINE_BYTES)?;
        if !ended && line.last() != Some(&b'\n') {
            self.skip_line()?;
            let sentence = format!("wanted a line of at most {LINE_BYTES} bytes");
            return Ok(Some(Err(wrong_line(sentence))));
        }
        self.ended = ended;
        Ok(match String::from_utf8(line) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(Ok(text)),
            Err(_) => Some(Err(wrong_line("the line is not UTF-8"))),
        })
    }

    /// Reads on to the end of a line that is too long.
    fn skip_line(&mut self) -> Result<(), Problem> {
        let mut skipped = 0u64;
        while skipped < SKIP_BYTES {
            let (part, ended) = self.read_line(LINE_BYTES)?;
            self.ended = ended;
            if ended || part.last() == Some(&b'\n') {
                return Ok(());
            }
            skipped = skipped.saturating_add(LINE_BYTES);
        }
        let sentence = format!("a line of the list is longer than {SKIP_BYTES} bytes");
        Err(Problem::input("batch.read", sentence).hint("the lines after it were not read"))
    }

    /// At most `most` bytes, up to the end of the line and with it; and whether the list ended.
    fn read_line(&mut self, most: u64) -> Result<(Vec<u8>, bool), Problem> {
        let mut line = Vec::new();
        let source = self.source.as_mut();
        let read = source
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(|error| Problem::io("batch.read", "the list cannot be read", &error))?;
        let is_short = u64::try_from(read).unwrap_or(most) < most;
        let ended = is_short && !line.ends_with(b"\n");
        Ok((line, ended))
    }
}

fn wrong_line(sentence: impl Into<String>) -> Problem {
    Problem::input("batch.line", sentence).hint_of_code()
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List")
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: impl Into<Vec<u8>>) -> List {
        List::new(Box::new(io::Cursor::new(text.into())))
    }

    /// Lines as they are, and the codes of those that cannot be used.
    fn all(list: &mut List) -> Vec<Result<String, &'static str>> {
        list.next_lines(100)
            .into_iter()
            .map(|line| line.map_err(|problem| problem.code))
            .collect()
    }

    #[test]
    fn yields_lines_that_are_not_blank() {
        let mut list = list("a\n\n \t\r\nb\r\nc");

        assert_eq!(vec![Ok("a\n".to_owned())], list.next_lines(1));
        assert_eq!(
            vec![Ok("b\r\n".to_owned()), Ok("c".to_owned())],
            all(&mut list)
        );
        assert_eq!(0, list.next_lines(1).len());
        assert_eq!(Ok(()), list.end());
    }

    #[test]
    fn accepts_a_line_of_the_greatest_length() {
        let line = "x".repeat(65_535) + "\n";
        let mut list = list(line.clone() + "b\n");

        assert_eq!(vec![Ok(line), Ok("b\n".to_owned())], all(&mut list));
    }

    #[test]
    fn rejects_a_line_that_is_too_long_and_goes_on() {
        for length in [65_536, 65_537, 131_072, 1_000_000] {
            let mut list = list("x".repeat(length) + "\nb\n");

            assert_eq!(
                vec![Err("batch.line"), Ok("b\n".to_owned())],
                all(&mut list),
                "{length}"
            );
            assert_eq!(Ok(()), list.end());
        }
    }

    #[test]
    fn rejects_a_last_line_that_is_too_long() {
        for length in [65_536, 65_537, 1_000_000] {
            let mut list = list("x".repeat(length));

            assert_eq!(vec![Err("batch.line")], all(&mut list), "{length}");
            assert_eq!(0, list.next_lines(1).len());
        }
    }

    #[test]
    fn rejects_a_line_that_is_not_text_and_goes_on() {
        let mut list = list(*b"\xff\nb\n");

        assert_eq!(
            vec![Err("batch.line"), Ok("b\n".to_owned())],
            all(&mut list)
        );
    }

    #[test]
    fn rejects_a_list_without_end() {
        let source = io::Cursor::new("a\n").chain(io::repeat(b'x'));
        let mut list = List::new(Box::new(BufReader::new(source)));

        assert_eq!(vec![Ok("a\n".to_owned())], all(&mut list));
        assert_eq!("batch.read", list.end().unwrap_err().code);
    }
}
