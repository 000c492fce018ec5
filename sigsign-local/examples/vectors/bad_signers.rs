//! Certificates and their timestamps that are not what they should be.

use sigsign_local::certificate::SUBJECT_ALT_NAME;
use sigsign_local::certificate::{
    BASIC_CONSTRAINTS, CODE_SIGNING, EXTENDED_KEY_USAGE, San, TIME_STAMPING, ca, sans, usages,
};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{NOW, Recipe, START};

use crate::case::{Case, bad};

fn v1(change: fn(&mut Recipe)) -> (&'static str, Recipe) {
    let mut recipe = Recipe::v1();
    change(&mut recipe);
    ("v03-message", recipe)
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        bad(
            "no-scts",
            "V34",
            "no signed certificate timestamp",
            v1(|recipe| recipe.ct_logs.clear()),
            |_| {},
        ),
        bad(
            "one-ct-log-of-two",
            "V33 A11",
            "the same CT log twice in place of two",
            v1(|recipe| {
                recipe.ct_logs[0].count = 2;
            }),
            |_| {},
        )
        .policy("sct_threshold = 2"),
        bad(
            "ct-log-unknown",
            "V33 O10",
            "a timestamp of a CT log that is not trusted",
            v1(|recipe| {
                recipe.ct_logs[0].known = false;
            }),
            |_| {},
        ),
        bad(
            "ct-log-after-window",
            "V32 A12",
            "a timestamp from after the CT log's key",
            v1(|recipe| {
                recipe.ct_logs[0].window = (START, Some(NOW - 1));
            }),
            |_| {},
        ),
        bad(
            "leaf-is-ca",
            "V27",
            "a leaf that is a CA",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.add(BASIC_CONSTRAINTS, true, ca(None));
                }
            },
        ),
        bad(
            "leaf-server-auth",
            "V27 O9",
            "a leaf for servers, too",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.extension(EXTENDED_KEY_USAGE).value =
                        usages(&[CODE_SIGNING, "1.3.6.1.5.5.7.3.1"]);
                }
            },
        ),
        bad(
            "leaf-time-stamping",
            "V27 O9",
            "a leaf for time stamps",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.extension(EXTENDED_KEY_USAGE).value = usages(&[TIME_STAMPING]);
                }
            },
        ),
        bad(
            "leaf-two-names",
            "V27 O13",
            "a leaf with two names",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.extension(SUBJECT_ALT_NAME).value = sans(&[
                        San::Email("signer@example.invalid".to_owned()),
                        San::Email("other@example.invalid".to_owned()),
                    ]);
                }
            },
        ),
        bad(
            "leaf-duplicate-extension",
            "V27 O13",
            "an extension twice",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    let again = leaf.extension(SUBJECT_ALT_NAME).clone();
                    leaf.extensions.push(again);
                }
            },
        ),
        bad(
            "leaf-unknown-critical",
            "V27",
            "a critical extension that nobody knows",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.add("1.2.3.4", true, vec![5, 0]);
                }
            },
        ),
        bad(
            "two-issuers",
            "V59 O12",
            "two issuers that differ",
            v1(|_| {}),
            |stage| {
                if let Stage::Leaf(leaf) = stage {
                    leaf.extension("1.3.6.1.4.1.57264.1.1").value =
                        b"https://other.invalid".to_vec();
                }
            },
        ),
        bad(
            "intermediate-expired",
            "V24 A4",
            "an intermediate that had ended",
            v1(|_| {}),
            |stage| {
                if let Stage::Authority(_, 1, intermediate) = stage {
                    intermediate.valid(START, NOW - 1);
                }
            },
        ),
        bad(
            "intermediate-not-ca",
            "V27",
            "an intermediate that is no CA",
            v1(|_| {}),
            |stage| {
                if let Stage::Authority(_, 1, intermediate) = stage {
                    intermediate.remove(BASIC_CONSTRAINTS);
                }
            },
        ),
        bad(
            "stamper-not-critical",
            "V18 O8",
            "a time stamp key whose usage is not critical",
            ("v2-message", Recipe::v2()),
            |stage| {
                if let Stage::Stamper(_, 1, stamper) = stage {
                    stamper.extension(EXTENDED_KEY_USAGE).critical = false;
                }
            },
        ),
        bad(
            "stamper-is-ca",
            "V18 A24",
            "a time stamp key that is a CA",
            ("v2-message", Recipe::v2()),
            |stage| {
                if let Stage::Stamper(_, 1, stamper) = stage {
                    stamper.remove(BASIC_CONSTRAINTS);
                    stamper.add(BASIC_CONSTRAINTS, true, ca(None));
                }
            },
        ),
    ]
}
