//! Times that nobody vouches for, or that do not fit.

use sigsign_local::recipe::{NOW, Recipe, START};

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let v1 = |change: fn(&mut Recipe)| {
        let mut recipe = Recipe::v1();
        change(&mut recipe);
        ("v03-message", recipe)
    };
    let v2 = |change: fn(&mut Recipe)| {
        let mut recipe = Recipe::v2();
        change(&mut recipe);
        ("v2-message", recipe)
    };
    vec![
        bad(
            "entry-from-the-future",
            "V12 TOB-7",
            "an entry of a time still to come",
            v1(|_| {}),
            |_| {},
        )
        .policy("now = \"2026-01-15T12:00:04Z\""),
        bad(
            "entry-after-certificate",
            "V12 V24 O29",
            "an entry from a second after the certificate",
            v1(|recipe| {
                recipe.logs[0].integrated = NOW + 601;
            }),
            |_| {},
        ),
        bad(
            "token-before-certificate",
            "V24 V11",
            "a time stamp from before the certificate",
            v2(|recipe| {
                recipe.tsas[0].at = NOW - 1;
            }),
            |_| {},
        ),
        bad(
            "token-after-window",
            "V19 O7",
            "a time stamp from a second after its authority",
            v2(|recipe| {
                recipe.tsas[0].ca.window = (START, Some(NOW + 5));
            }),
            |_| {},
        ),
        bad(
            "token-of-unknown-authority",
            "V16 O24",
            "a time stamp of an authority that is not trusted",
            v2(|recipe| {
                recipe.tsas[0].known = false;
            }),
            |_| {},
        ),
        bad(
            "same-token-for-two",
            "V22 A13",
            "the same token in place of two",
            v2(|recipe| {
                recipe.tsas[0].count = 2;
            }),
            |_| {},
        )
        .policy("time_threshold = 2"),
        bad(
            "no-time",
            "V9 V10",
            "no time at all",
            v2(|recipe| recipe.tsas.clear()),
            |_| {},
        ),
        bad(
            "authority-after-window",
            "V25 O7",
            "a certificate from a second after its authority",
            v1(|recipe| {
                recipe.authorities[0].window = (START, Some(NOW + 4));
            }),
            |_| {},
        ),
    ]
}
