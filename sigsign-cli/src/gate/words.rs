//! What people read of a verdict: at most a screen of it.

use sigsign_core::encoding::Escaped;
use sigsign_core::oci::RegistryError;
use sigsign_core::policy_file::{Decision, Verdict};

/// Of one rule, of signatures that do not verify, and of what could not be seen.
const MOST: usize = 5;

/// Lines and characters of what is said of everything in an object.
const LINES: usize = 40;
const CHARACTERS: usize = 4000;

/// The rules that do not hold, with what was wanted and what was found.
pub(super) fn explained(image: &str, verdict: &Verdict) -> String {
    let mut lines = vec![title(image, verdict)];
    for rule in verdict.rules() {
        for condition in rule.unmet().take(MOST) {
            let code = condition.code().map_or("", |it| it.code());
            lines.push(format!(
                "  {}: wanted {}, found {} ({code})",
                Escaped(rule.name()),
                Escaped(condition.wanted()),
                Escaped(condition.found())
            ));
        }
    }
    let candidates = verdict.candidates().iter();
    for candidate in candidates.filter(|it| !it.is_verified()).take(MOST) {
        lines.push(format!(
            "  not counted: {}: {}",
            Escaped(candidate.label()),
            candidate.problem().join(": ")
        ));
    }
    if verdict.decision() == Decision::NoAnswer {
        let gaps = verdict.gaps().iter().take(MOST);
        lines.extend(gaps.map(|it| format!("  no answer: {}", Escaped(it))));
    }
    lines.join("\n")
}

/// The image as it was written, and what it is if that is not plain from it.
fn title(image: &str, verdict: &Verdict) -> String {
    let mut title = Escaped(image).to_string();
    if !image.starts_with(verdict.name()) {
        title.push_str(&format!(", which is {}", Escaped(verdict.name())));
    }
    if let Some(digest) = verdict.digest().filter(|_| !image.contains('@')) {
        title.push_str(&format!(", {digest}"));
    }
    title
}

/// Who signed what is allowed, for logs.
pub(super) fn praised(image: &str, verdict: &Verdict) -> String {
    let rules = verdict.rules().iter();
    let rules: Vec<String> = rules.map(|it| Escaped(it.name()).to_string()).collect();
    let signers = verdict.candidates().iter().filter_map(|it| it.signer());
    let mut signers: Vec<String> = signers.map(|it| Escaped(it).to_string()).collect();
    signers.dedup();
    signers.truncate(MOST);
    let mut text = title(image, verdict);
    if !rules.is_empty() {
        text.push_str(&format!(": allowed by {}", rules.join(", ")));
    }
    if !signers.is_empty() {
        text.push_str(&format!(": signed by {}", signers.join(", ")));
    }
    text
}

pub(super) fn unanswered(image: &str, error: &RegistryError) -> String {
    format!(
        "{}: cannot be looked at: {error} ({})",
        Escaped(image),
        error.code()
    )
}

pub(super) fn late(image: &str, seconds: f32) -> String {
    format!(
        "{}: no answer within {seconds:.1} s, which says nothing of the image: try again \
         (gate.deadline)",
        Escaped(image)
    )
}

pub(super) fn malformed(image: &str, error: &dyn std::error::Error) -> String {
    format!("{}: {error}", Escaped(image))
}

/// Where the policy resolves tags.
pub(super) fn unresolved(image: &str) -> String {
    format!(
        "{}: wanted a digest in place of the tag: the webhook that changes objects puts it there, \
         and did not see this one (rule.digest)",
        Escaped(image)
    )
}

/// Where the policy leaves that to whoever writes objects.
pub(super) fn untagged(image: &str) -> String {
    format!(
        "{}: wanted a digest in place of the tag, as the policy has `digest: require` \
         (rule.digest)",
        Escaped(image)
    )
}

/// As much as there is room for on a screen, with a word of how much more there was.
pub(super) fn on_a_screen(texts: &[String]) -> String {
    let lines: Vec<&str> = texts.iter().flat_map(|it| it.lines()).collect();
    let shown = lines.iter().take(LINES).copied().collect::<Vec<_>>();
    let text = match lines.len().saturating_sub(shown.len()) {
        0 => shown.join("\n"),
        more => format!("{}\n  and {more} more lines", shown.join("\n")),
    };
    shortened(&text, CHARACTERS)
}

/// At most so many characters, with a word that there were more. Line ends stay, if there are any.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let lines = text.split('\n').map(|line| Escaped(line).to_string());
    let text = lines.collect::<Vec<_>>().join("\n");
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(4)).collect();
    format!("{kept} ...")
}
