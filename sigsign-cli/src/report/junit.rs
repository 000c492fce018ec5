//! JUnit XML, as continuous integration reads it: a case for each thing that was asked about.

use std::fmt::Write as _;

use sigsign_core::encoding::Escaped;

use super::{Entry, Finding, Report};
use crate::exit::Exit;

pub(super) fn document(report: &Report) -> String {
    let count =
        |wanted: &dyn Fn(Exit) -> bool| report.entries.iter().filter(|it| wanted(it.exit)).count();
    let ended = usize::from(report.end.is_some());
    let failures = count(&|exit| exit == Exit::No);
    let errors = count(&|exit| !matches!(exit, Exit::No | Exit::Done)).saturating_add(ended);
    let tests = report.entries.len().saturating_add(ended);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"sigsign\" {counts}>");
    let _ = writeln!(xml, "  <testsuite name=\"sigsign\" {counts} skipped=\"0\">");
    for entry in &report.entries {
        case(entry, &mut xml);
    }
    if let Some(end) = &report.end {
        let _ = writeln!(xml, "    <testcase classname=\"sigsign\" name=\"sigsign\">");
        element("error", end, &end.text, &mut xml);
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n</testsuites>");
    xml
}

fn case(entry: &Entry, xml: &mut String) {
    let name = Text(&entry.name);
    let _ = write!(xml, "    <testcase classname=\"sigsign\" name=\"{name}\"");
    if let Some(source) = entry.sources.first() {
        let _ = write!(
            xml,
            " file=\"{}\" line=\"{}\"",
            Text(&source.path),
            source.line
        );
    }
    xml.push_str(">\n");
    if let Some(decisive) = entry.decisive().filter(|_| entry.exit != Exit::Done) {
        let kind = if entry.exit == Exit::No {
            "failure"
        } else {
            "error"
        };
        element(kind, decisive, &everything(entry), xml);
    }
    if entry.exit == Exit::Done {
        let warnings = entry
            .findings
            .iter()
            .map(|it| format!("\nwarning: {}", it.text));
        let said: String = std::iter::once(entry.said.clone())
            .chain(warnings)
            .collect();
        let _ = writeln!(xml, "      <system-out>{}</system-out>", Text(&said));
    }
    xml.push_str("    </testcase>\n");
}

/// Everything that was found, a line each, and where the thing is named.
fn everything(entry: &Entry) -> String {
    let found = entry.findings.iter();
    let found = found.map(|it| format!("{} [{}]", it.text, it.code));
    let places = entry.sources.iter().map(|it| format!("in {it}"));
    found.chain(places).collect::<Vec<_>>().join("\n")
}

/// The code of the finding, its text, and all that there is to say.
fn element(kind: &str, finding: &Finding, all: &str, xml: &mut String) {
    let (code, text) = (finding.code, Text(&finding.text));
    let all = Text(all);
    let _ = writeln!(
        xml,
        "      <{kind} type=\"{code}\" message=\"{text}\">{all}</{kind}>"
    );
}

/// Text in XML, without characters that deceive a reader, or that XML cannot have.
struct Text<'a>(&'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, line) in self.0.split('\n').enumerate() {
            if number > 0 {
                // As it is, a line end in an attribute would be read as a space.
                f.write_str("&#10;")?;
            }
            for c in Escaped(line).to_string().chars() {
                match c {
                    '&' => f.write_str("&amp;")?,
                    '<' => f.write_str("&lt;")?,
                    '>' => f.write_str("&gt;")?,
                    '"' => f.write_str("&quot;")?,
                    '\u{fffe}' | '\u{ffff}' => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn has_a_case_for_each_answer() {
        let xml = document(&report());

        for want in [
            "<testsuites name=\"sigsign\" tests=\"3\" failures=\"1\" errors=\"1\">",
            "<testcase classname=\"sigsign\" name=\"e.org/a@sha256:1\">\n      <system-out>signed by jane</system-out>",
            "name=\"e.org/b@sha256:2\" file=\"k8s/a b.yaml\" line=\"3\">\n      <failure type=\"image.nothing\" \
             message=\"there is no &lt;signature&gt; &amp; &quot;more&quot;\\u{1b}\">",
            "&#10;in k8s/a b.yaml:3&#10;in k8s/a b.yaml:9</failure>",
            "<error type=\"registry.slow\" message=\"e.org does not answer; hint: later\">",
        ] {
            assert!(xml.contains(want), "{want}: {xml}");
        }
        assert_eq!(3, xml.matches("<testcase ").count());
    }

    #[test]
    fn is_whole_where_the_command_ended_early() {
        let mut report = Report::default();
        report.end_with(&Problem::usage("a\u{ffff}", "b"));

        let xml = document(&report);

        assert!(
            xml.contains("tests=\"1\" failures=\"0\" errors=\"1\""),
            "{xml}"
        );
        assert!(xml.contains("message=\"a\\u{ffff}; hint: b\""), "{xml}");
    }
}
