//! Checkpoints and cosignatures that are not what they should be.

use sigsign_local::key::{Key, Scheme, sha256};
use sigsign_local::make::Stage;
use sigsign_local::note::{CheckpointSpec, Witness, line};
use sigsign_local::recipe::{LogSpec, NOW, Recipe};
use sigsign_local::text::base64;

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = forms();
    cases.extend(signed());
    cases.extend(witnesses());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn v2() -> (&'static str, Recipe) {
    ("v2-message", Recipe::v2())
}

/// A change of the note after it is signed.
fn note(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&str) -> String,
) -> Case {
    bad(name, rules, sentence, v2(), move |stage| {
        if let Stage::Note(_, note) = stage {
            let edited = edit(note);
            assert_ne!(*note, edited, "{name} changes nothing");
            *note = edited;
        }
    })
}

/// A change of what the log signs, or of how.
fn spec(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    edit: fn(&mut CheckpointSpec),
) -> Case {
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Checkpoint(_, spec) = stage {
            edit(spec);
        }
    })
}

fn forms() -> Vec<Case> {
    vec![
        note("note-crlf", "V48", "lines that end in CR LF", |note| {
            note.replace('\n', "\r\n")
        }),
        note(
            "note-hyphen",
            "V48",
            "a hyphen in place of the dash",
            |note| note.replace('\u{2014}', "-"),
        ),
        note(
            "note-no-last-line-feed",
            "V48",
            "no line feed at the end",
            |note| note.trim_end().to_owned(),
        ),
        note(
            "note-more-lines",
            "V48",
            "a line after the signatures",
            |note| format!("{note}x\n"),
        ),
        note("note-nul", "V48", "a NUL in a name", |note| {
            format!("{note}{}", line("a\0b", &[1; 4], &[7; 64]))
        }),
        note("note-name-with-plus", "V48", "a plus in a name", |note| {
            format!("{note}{}", line("a+b", &[1; 4], &[7; 64]))
        }),
        note(
            "note-65-signatures",
            "V4 V48 A8",
            "a signature too many",
            |note| {
                let other = line("other.invalid", &[1; 4], &[7; 64]);
                format!("{note}{}", other.repeat(64))
            },
        ),
        note(
            "note-second-text",
            "V48",
            "another text above the log's",
            |note| format!("log2026.localhost\n9\n{}\n\n{note}", base64(&[7; 32])),
        ),
        note(
            "note-second-signature-bad",
            "V51 A20",
            "a second signature of the log that is bad",
            |note| {
                let own = note.lines().last().expect("a signature");
                let (start, end) = own.split_at(own.len() - 8);
                format!("{note}{start}AAAA{}\n", &end[4..])
            },
        ),
        note(
            "note-signature-cut-short",
            "V51 A30",
            "a signature of four bytes",
            |note| {
                let id = &sigsign_local::log::id(&LogSpec::v2("log2026.localhost"))[..4];
                let (text, _) = note.split_once("\n\n").expect("a blank line");
                format!("{text}\n\n{}", line("log2026.localhost", id, &[7; 4]))
            },
        ),
    ]
}

fn signed() -> Vec<Case> {
    let text =
        |name, sentence, edit: fn(&mut CheckpointSpec)| spec(name, "V49", sentence, v2(), edit);
    // Of which the proof says nothing.
    let tree = |name, sentence, edit: fn(&mut CheckpointSpec)| {
        bad(name, "V44 V45", sentence, v2(), move |stage| match stage {
            Stage::Checkpoint(_, spec) => edit(spec),
            Stage::Entry(_, json) => {
                json.remove("inclusionProof.rootHash");
                json.remove("inclusionProof.treeSize");
            }
            _ => {}
        })
    };
    vec![
        text("checkpoint-no-origin", "no origin", |spec| {
            spec.text = spec.text.replacen("log2026.localhost", "", 1);
        }),
        text("checkpoint-no-size", "no size", |spec| {
            spec.text = spec.text.replacen("\n7\n", "\n", 1);
        }),
        text("checkpoint-no-root", "no root hash", |spec| {
            spec.text = "log2026.localhost\n7\n".to_owned();
        }),
        text(
            "checkpoint-root-of-31-bytes",
            "a root hash of 31 bytes",
            |spec| {
                spec.text = format!("log2026.localhost\n7\n{}\n", base64(&[7; 31]));
            },
        ),
        text(
            "checkpoint-empty-extension-line",
            "an empty extension line",
            |spec| {
                spec.text += "\nx\n";
            },
        ),
        text(
            "checkpoint-signed-size-zeros",
            "a size with a leading zero",
            |spec| {
                spec.text = spec.text.replacen("\n7\n", "\n07\n", 1);
            },
        ),
        tree(
            "checkpoint-of-empty-tree",
            "a tree without leaves",
            |spec| {
                spec.text = format!("log2026.localhost\n0\n{}\n", base64(&sha256(&[])));
            },
        ),
        tree("checkpoint-of-2-63", "a tree of 2^63 leaves", |spec| {
            spec.text = spec.text.replacen("\n7\n", "\n9223372036854775808\n", 1);
        }),
        spec(
            "checkpoint-of-other-origin",
            "V50",
            "the origin of another log, signed",
            v2(),
            |spec| {
                spec.text = spec
                    .text
                    .replacen("log2026.localhost", "log2025.localhost", 1);
            },
        ),
        spec(
            "checkpoint-of-other-name",
            "V50 O6",
            "a signature under another name",
            v2(),
            |spec| {
                spec.name = "log2025.localhost".to_owned();
            },
        ),
        spec(
            "checkpoint-of-other-id",
            "V50",
            "a signature under another id",
            v2(),
            |spec| {
                spec.id = vec![1, 2, 3, 4];
            },
        ),
        spec(
            "checkpoint-of-other-key",
            "V51 A30 O30",
            "a signature of another key under the log's id",
            v2(),
            |spec| {
                spec.key = Key::new(Scheme::Ed25519, "mallory");
            },
        ),
        spec(
            "checkpoint-with-tree-number",
            "V41 V50 O2",
            "an origin as version 1 has it",
            v2(),
            |spec| {
                spec.text = spec.text.replacen("localhost\n", "localhost - 123\n", 1);
            },
        ),
        spec(
            "checkpoint-v1-without-tree-number",
            "V41 V50 O2",
            "an origin as version 2 has it",
            v1(),
            |spec| {
                spec.text = "rekor.localhost\n7\n".to_owned() + &spec.text[spec.text.len() - 45..];
            },
        ),
        spec(
            "checkpoint-v1-of-other-name",
            "V50",
            "an origin that is not the name of the key",
            v1(),
            |spec| {
                spec.name = "other.localhost".to_owned();
            },
        ),
        spec(
            "checkpoint-v1-name-of-other",
            "V50 V51",
            "the name of another signature in the origin",
            v1(),
            |spec| {
                let name = spec.name.replace("rekor", "other");
                spec.text = spec.text.replacen("rekor", "other", 1);
                spec.more += &line(&name, &[1, 2, 3, 4], &[7; 64]);
            },
        ),
    ]
}

fn witnesses() -> Vec<Case> {
    let quorum = |case: Case, names: &[&str], quorum: u8| {
        let keys: Vec<String> = names
            .iter()
            .map(|name| format!("\"{}\"", Witness::new(name).vkey()))
            .collect();
        case.policy(format!("witnesses = [{}]", keys.join(", ")))
            .policy(format!("quorum = {quorum}"))
    };
    let cosigned = |at: u64, edit: fn(&mut Witness)| {
        move |stage: Stage<'_>| {
            if let Stage::Checkpoint(_, spec) = stage {
                let mut witness = Witness::new("witness1.invalid");
                edit(&mut witness);
                spec.more += &witness.cosign(&spec.text, at);
            }
        }
    };
    let one: &[&str] = &["witness1.invalid"];
    let of = |name, sentence, hook: Box<dyn FnMut(Stage<'_>)>| {
        bad(name, "V53 O22", sentence, ("cosigned", Recipe::v2()), hook)
    };
    let noon = NOW.unsigned_abs();
    let plain = {
        let mut recipe = Recipe {
            version: "0.1".to_owned(),
            ..Recipe::v1()
        };
        recipe.logs[0].proof = false;
        recipe
    };
    vec![
        quorum(
            of(
                "witness-from-the-future",
                "a cosignature of a time still to come",
                Box::new(cosigned(noon + 60, |_| {})),
            )
            .policy("now = \"2026-01-15T12:00:59Z\""),
            one,
            1,
        ),
        quorum(
            of(
                "witness-of-other-key",
                "a cosignature of another key under the witness's id",
                Box::new(|stage| {
                    if let Stage::Checkpoint(_, spec) = stage {
                        let good = Witness::new("witness1.invalid").cosign(&spec.text, 1);
                        let other = Key::new(Scheme::Ed25519, "mallory");
                        let message = format!("cosignature/v1\ntime 1\n{}", spec.text);
                        let id = Key::new(Scheme::Ed25519, "witness witness1.invalid");
                        let id = [b"witness1.invalid\n\x04", &id.raw_public()[..]].concat();
                        let signature = other.sign(message.as_bytes());
                        let blob = [&1_u64.to_be_bytes()[..], &signature].concat();
                        spec.more += &line("witness1.invalid", &sha256(&id)[..4], &blob);
                        assert_ne!(good, spec.more);
                    }
                }),
            ),
            one,
            1,
        ),
        quorum(
            of(
                "witness-twice-for-two",
                "two cosignatures of one witness in place of two",
                Box::new(|stage| {
                    if let Stage::Checkpoint(_, spec) = stage {
                        let witness = Witness::new("witness1.invalid");
                        spec.more += &witness.cosign(&spec.text, 1);
                        spec.more += &witness.cosign(&spec.text, 2);
                    }
                }),
            ),
            &["witness1.invalid", "witness2.invalid"],
            2,
        ),
        quorum(
            of(
                "witness-of-other-checkpoint",
                "a cosignature of another checkpoint",
                Box::new(|stage| {
                    if let Stage::Checkpoint(_, spec) = stage {
                        let other = spec.text.replacen("\n7\n", "\n8\n", 1);
                        spec.more += &Witness::new("witness1.invalid").cosign(&other, 1);
                    }
                }),
            ),
            one,
            1,
        ),
        quorum(
            of(
                "witness-signs-as-log",
                "a plain signature of the witness in place of a cosignature",
                Box::new(|stage| {
                    if let Stage::Checkpoint(_, spec) = stage {
                        let key = Key::new(Scheme::Ed25519, "witness witness1.invalid");
                        let id = [b"witness1.invalid\n\x01", &key.raw_public()[..]].concat();
                        let signature = key.sign(spec.text.as_bytes());
                        spec.more += &line("witness1.invalid", &sha256(&id)[..4], &signature);
                    }
                }),
            ),
            one,
            1,
        ),
        quorum(
            bad(
                "witness-of-no-checkpoint",
                "V53 V60",
                "a witness asked for where there is only a promise",
                ("promise-only-when-allowed", plain),
                |_| {},
            )
            .policy("no_inclusion_proof = true"),
            one,
            1,
        ),
        quorum(
            bad(
                "witness-of-no-entry",
                "V53 V60",
                "a witness asked for where there is no log",
                (
                    "no-log-no-sct",
                    Recipe {
                        logs: Vec::new(),
                        ct_logs: Vec::new(),
                        ..Recipe::v2()
                    },
                ),
                |_| {},
            )
            .policy("no_log = true")
            .policy("no_sct = true"),
            one,
            1,
        ),
    ]
}
