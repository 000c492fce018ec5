use super::*;
use crate::crypto::KeyError;
use crate::limits;
use crate::x509::{PathError, PathVerifier, ProfileError, Usage};

/// Root 1, intermediate 2, and whoever it issues to.
fn chain() -> Vec<Certificate> {
    vec![
        intermediate().certificate(1),
        Draft::ca(1, 1).certificate(1),
    ]
}

fn intermediate() -> Draft {
    Draft::ca(2, 1)
        .with(BASIC_CONSTRAINTS, true, &basic_constraints(Some(0)))
        .with(EXTENDED_KEY_USAGE, false, &purposes(&[CODE_SIGNING]))
}

fn verifier(chain: Vec<Certificate>) -> PathVerifier {
    PathVerifier::new(chain, Usage::CodeSigning, always())
}

fn verify(leaf: &Draft, chain: Vec<Certificate>) -> Result<(), PathError> {
    let path = verifier(chain).verify(&leaf.certificate(2), &[after(1)]);
    path.map(|_| ())
}

fn profile(subject: &str, problem: ProfileError) -> Result<(), PathError> {
    let subject = subject.to_owned();
    Err(PathError::Profile { subject, problem })
}

fn bad_leaf(problem: ProfileError) -> Result<(), PathError> {
    profile("https://example.com/workflow", problem)
}

fn bad_intermediate(problem: ProfileError) -> Result<(), PathError> {
    profile("O=test, CN=ca 2", problem)
}

// V24 V26
#[test]
fn accepts_a_leaf_below_an_intermediate_and_its_root() {
    let verifier = verifier(chain());
    let leaf = Draft::leaf(2).certificate(2);

    let path = verifier.verify(&leaf, &[after(1), after(2)]).unwrap();

    assert!(verifier.issues(&leaf));
    assert_eq!(&crate::crypto::sha256(&spki(2)), path.issuer_key_hash());
    assert_eq!(leaf.validity(), path.window());
}

// V26 V28
#[test]
fn accepts_anchors_of_every_kind_and_chains_of_every_length() {
    // An intermediate as the anchor, whose own issuer is not at hand.
    let anchor = vec![intermediate().certificate(1)];
    assert_eq!(Ok(()), verify(&Draft::leaf(2), anchor));
    // A root that issues leaves itself, and whose signature on itself nobody needs.
    let root = vec![Draft::ca(2, 2).certificate(7)];
    assert_eq!(Ok(()), verify(&Draft::leaf(2), root));
    // As many as the cap allows.
    let mut long = vec![Draft::ca(2, 11).certificate(11)];
    long.extend((11..17).map(|number| Draft::ca(number, number + 1).certificate(number + 1)));
    long.push(Draft::ca(17, 17).certificate(17));
    assert_eq!(limits::CHAIN_CERTIFICATES, long.len());
    assert_eq!(Ok(()), verify(&Draft::leaf(2), long));
}

// V4 V26
#[test]
fn rejects_chains_that_are_empty_or_over_the_cap() {
    let cap = limits::CHAIN_CERTIFICATES;
    let long = vec![Draft::ca(2, 2).certificate(2); cap + 1];

    for chain in [vec![], long] {
        let found = chain.len();
        let want = Err(PathError::Length { cap, found });
        assert_eq!(want, verify(&Draft::leaf(2), chain));
    }
}

// V24
#[test]
fn accepts_both_ends_of_every_window() {
    let mut leaf = Draft::leaf(2);
    leaf.validity = window("200101000000Z", "300101000000Z");
    let ends = [
        Timestamp::from_civil(2020, 1, 1, 0, 0, 0).unwrap(),
        Timestamp::from_civil(2030, 1, 1, 0, 0, 0).unwrap(),
    ];

    let path = verifier(chain()).verify(&leaf.certificate(2), &ends);

    assert!(path.is_ok(), "{path:?}");
}

// V24 V11 O29 A4
#[test]
fn rejects_times_outside_any_certificate() {
    let narrow = window("260101000000Z", "260101001000Z");
    let wide = window("200101000000Z", "300101000000Z");
    let subjects = [
        "https://example.com/workflow",
        "O=test, CN=ca 2",
        "O=test, CN=ca 1",
    ];
    for (short, subject) in subjects.iter().enumerate() {
        let mut drafts = [Draft::leaf(2), intermediate(), Draft::ca(1, 1)];
        for (at, draft) in drafts.iter_mut().enumerate() {
            draft.validity = if at == short {
                narrow.clone()
            } else {
                wide.clone()
            };
        }
        let [leaf, ca, root] = drafts;
        let verifier = verifier(vec![ca.certificate(1), root.certificate(1)]);
        let leaf = leaf.certificate(2);

        for good in [start(), after(600)] {
            assert!(verifier.verify(&leaf, &[good]).is_ok());
        }
        for bad in [after(-1), after(601)] {
            let error = PathError::Expired {
                subject: (*subject).to_owned(),
                window: Validity::new(start(), Some(after(600))),
                at: bad,
            };
            // A good time beside the bad one does not help.
            assert_eq!(error, verifier.verify(&leaf, &[start(), bad]).unwrap_err());
            assert_eq!(error, verifier.verify(&leaf, &[bad, start()]).unwrap_err());
        }
    }
}

// V24: a fraction of a second after the end is after the end
#[test]
fn rejects_half_a_second_after_the_end() {
    let at = Timestamp::from_unix_parts(after(600).unix_seconds(), 500_000_000).unwrap();

    let found = verifier(chain()).verify(&Draft::leaf(2).certificate(2), &[at]);

    assert_eq!(
        PathError::Expired {
            subject: "https://example.com/workflow".to_owned(),
            window: Validity::new(start(), Some(after(600))),
            at,
        },
        found.unwrap_err()
    );
}

// V10
#[test]
fn rejects_no_time_at_all() {
    let found = verifier(chain()).verify(&Draft::leaf(2).certificate(2), &[]);

    assert_eq!(PathError::NoTimes, found.unwrap_err());
}

// V25 O7
#[test]
fn accepts_both_ends_of_the_authoritys_window_and_rejects_beyond() {
    let window = Validity::new(after(10), Some(after(20)));
    let verifier = PathVerifier::new(chain(), Usage::CodeSigning, window);
    let leaf = Draft::leaf(2).certificate(2);

    let path = verifier.verify(&leaf, &[after(10), after(20)]).unwrap();
    assert_eq!(window, path.window());

    for at in [after(9), after(21)] {
        assert_eq!(
            PathError::Window { window, at },
            verifier.verify(&leaf, &[after(15), at]).unwrap_err()
        );
    }
}

// V25
#[test]
fn rejects_times_outside_the_authoritys_window() {
    let window = Validity::new(after(10), None);
    let verifier = PathVerifier::new(chain(), Usage::CodeSigning, window);

    let found = verifier.verify(&Draft::leaf(2).certificate(2), &[after(9)]);

    assert_eq!(
        PathError::Window {
            window,
            at: after(9)
        },
        found.unwrap_err()
    );
}

// V24
#[test]
fn rejects_signatures_by_somebody_else() {
    let subject = |text: &str| PathError::Signature {
        subject: text.to_owned(),
    };
    let verifier = verifier(chain());

    // The leaf by the root's key, and with one bit changed.
    let other = Draft::leaf(2).certificate(1);
    let error = verifier.verify(&other, &[after(1)]).unwrap_err();
    assert_eq!(subject("https://example.com/workflow"), error);
    let mut changed = Draft::leaf(2).sign(2);
    *changed.last_mut().unwrap() ^= 1;
    let changed = Certificate::from_der(&changed).unwrap();
    let error = verifier.verify(&changed, &[after(1)]).unwrap_err();
    assert_eq!(subject("https://example.com/workflow"), error);

    // The intermediate by a key that is not the root's, at every use.
    let forged = vec![
        intermediate().certificate(3),
        Draft::ca(1, 1).certificate(1),
    ];
    let verifier = PathVerifier::new(forged, Usage::CodeSigning, always());
    for _ in 0..2 {
        let error = verifier.verify(&Draft::leaf(2).certificate(2), &[after(1)]);
        assert_eq!(subject("O=test, CN=ca 2"), error.unwrap_err());
    }
}

// V27
#[test]
fn rejects_names_and_key_ids_that_do_not_chain() {
    let wrong_name = Draft::leaf(3).with(AUTHORITY_KEY_ID, false, &authority_key_id(2));
    let wrong_key = Draft::leaf(2).with(AUTHORITY_KEY_ID, false, &authority_key_id(3));
    let no_key = Draft::leaf(2).without(AUTHORITY_KEY_ID);
    let verifier = verifier(chain());

    assert!(!verifier.issues(&wrong_name.certificate(2)));
    assert!(!verifier.issues(&wrong_key.certificate(2)));
    assert_eq!(
        Err(PathError::NotIssuedBy {
            want: "O=test, CN=ca 2".to_owned(),
            found: "O=test, CN=ca 3".to_owned(),
        }),
        verify(&wrong_name, chain())
    );
    assert_eq!(
        Err(PathError::KeyId {
            subject: "https://example.com/workflow".to_owned()
        }),
        verify(&wrong_key, chain())
    );
    assert_eq!(Ok(()), verify(&no_key, chain()));
}

// V26 V28
#[test]
fn accepts_chains_in_any_order_below_the_anchor() {
    let root = Draft::ca(1, 1).certificate(1);
    let middle = Draft::ca(3, 1).certificate(1);
    let lower = Draft::ca(2, 3).certificate(3);
    // Cross-signed: what signed itself before it was certified by another.
    let alone = Draft::ca(3, 3).certificate(3);

    for chain in [
        vec![middle.clone(), lower.clone(), root.clone()],
        vec![alone.clone(), middle.clone(), lower.clone(), root.clone()],
        vec![lower.clone(), lower.clone(), middle, root.clone()],
        // The anchor is last, whatever is above it.
        vec![root, alone, lower],
    ] {
        assert_eq!(Ok(()), verify(&Draft::leaf(2), chain));
    }
    // A leaf of the anchor, beside an intermediate that others are of.
    let leaf = Draft::leaf(1).certificate(1);
    let verifier = verifier(chain());
    let path = verifier.verify(&leaf, &[after(1)]).unwrap();
    assert!(verifier.issues(&leaf));
    assert_eq!(&crate::crypto::sha256(&spki(1)), path.issuer_key_hash());
}

// V24: what is in the chain counts for the time, needed or not
#[test]
fn rejects_times_outside_a_certificate_that_is_not_needed() {
    let mut short = intermediate();
    short.validity = window("200101000000Z", "250101000000Z");
    let chain = vec![short.certificate(1), Draft::ca(1, 1).certificate(1)];
    let leaf = Draft::leaf(1).certificate(1);

    let found = verifier(chain).verify(&leaf, &[after(1)]);

    assert!(matches!(
        found,
        Err(PathError::Expired { subject, .. }) if subject == "O=test, CN=ca 2"
    ));
}

// V4 V28
#[test]
fn rejects_more_ways_than_the_cap_soon() {
    // Seven authorities that certify each other under one name: 13,700 ways to the anchor.
    let chain: Vec<_> = (11..=18)
        .map(|number| Draft::new(ca_name(2), number, ca_name(2)).certificate(19))
        .collect();

    let leaf = Draft::leaf(2).without(AUTHORITY_KEY_ID);

    assert_eq!(
        bad_intermediate(ProfileError::BasicConstraints),
        verify(&leaf, chain)
    );
}

// V26 V28
#[test]
fn rejects_chains_of_another_authority() {
    let foreign = vec![
        intermediate().certificate(1),
        Draft::ca(4, 4).certificate(4),
    ];

    assert_eq!(
        Err(PathError::NotIssuedBy {
            want: "O=test, CN=ca 4".to_owned(),
            found: "O=test, CN=ca 1".to_owned(),
        }),
        verify(&Draft::leaf(2), foreign)
    );
}

// V24
#[test]
fn rejects_keys_and_algorithms_that_are_not_supported() {
    let mut weak = intermediate();
    weak.spki = tlv(0x30, &[&tlv(0x30, &[&oid("1.2.3")]), &[3, 2, 0, 1]]);
    let sha1 = tlv(0x30, &[&oid("1.2.840.10045.4.1")]);
    let mut old = Draft::leaf(2);
    old.algorithm = sha1.clone();
    old.outer_algorithm = sha1;

    assert_eq!(
        Err(PathError::Key {
            subject: "O=test, CN=ca 2".to_owned(),
            problem: KeyError::Algorithm,
        }),
        verify(&Draft::leaf(2), vec![weak.certificate(1)])
    );
    assert_eq!(
        Err(PathError::Algorithm {
            subject: "https://example.com/workflow".to_owned()
        }),
        verify(&old, chain())
    );
}

// V27
#[test]
fn accepts_the_forms_that_a_leaf_may_have() {
    let email = names(&[(0x81, b"a@example.com")]);
    let user = names(&[(0xa0, &user_name(b"\x0c\x01a"))]);
    let mut named = Draft::leaf(2).with(ALTERNATIVE_NAMES, false, &email);
    named.subject = name(&[("2.5.4.3", "somebody")]);

    for leaf in [
        Draft::leaf(2).with(ALTERNATIVE_NAMES, true, &email),
        Draft::leaf(2).with(ALTERNATIVE_NAMES, true, &user),
        Draft::leaf(2).with(BASIC_CONSTRAINTS, true, b"\x30\x00"),
        Draft::leaf(2).with(EXTENDED_KEY_USAGE, true, &purposes(&[CODE_SIGNING])),
        Draft::leaf(2).with("1.2.3", false, b"anything"),
        named,
    ] {
        assert_eq!(Ok(()), verify(&leaf, chain()));
    }
}

// V27 O9
#[test]
fn rejects_leaves_for_another_use() {
    let ca = Draft::leaf(2).with(BASIC_CONSTRAINTS, true, &basic_constraints(None));
    assert_eq!(
        bad_leaf(ProfileError::BasicConstraints),
        verify(&ca, chain())
    );

    for leaf in [
        Draft::leaf(2).without(KEY_USAGE),
        Draft::leaf(2).with(KEY_USAGE, false, b"\x03\x02\x07\x80"),
        Draft::leaf(2).with(KEY_USAGE, true, b"\x03\x02\x06\x40"),
        Draft::leaf(2).with(KEY_USAGE, true, b"\x03\x02\x02\x84"),
    ] {
        assert_eq!(bad_leaf(ProfileError::KeyUsage), verify(&leaf, chain()));
    }
    for leaf in [
        Draft::leaf(2).without(EXTENDED_KEY_USAGE),
        Draft::leaf(2).with(EXTENDED_KEY_USAGE, false, &purposes(&[SERVER_AUTH])),
        Draft::leaf(2).with(
            EXTENDED_KEY_USAGE,
            false,
            &purposes(&[CODE_SIGNING, SERVER_AUTH]),
        ),
        Draft::leaf(2).with(EXTENDED_KEY_USAGE, false, &purposes(&[TIME_STAMPING])),
        Draft::leaf(2).with(EXTENDED_KEY_USAGE, false, &purposes(&["2.5.29.37.0"])),
    ] {
        assert_eq!(
            bad_leaf(ProfileError::ExtendedKeyUsage),
            verify(&leaf, chain())
        );
    }
}

// V27
#[test]
fn rejects_key_ids_that_are_critical() {
    for name in [SUBJECT_KEY_ID, AUTHORITY_KEY_ID] {
        let value = match name {
            SUBJECT_KEY_ID => key_id(99),
            _ => authority_key_id(2),
        };
        let leaf = Draft::leaf(2).with(name, true, &value);

        assert_eq!(
            bad_leaf(ProfileError::UnknownCritical),
            verify(&leaf, chain())
        );
    }
}

// V27 V28
#[test]
fn rejects_leaves_with_name_constraints() {
    let excluded = tlv(0xa1, &[&tlv(0x30, &[&tlv(0x81, &[b"a.example"])])]);
    for critical in [true, false] {
        let leaf = Draft::leaf(2).with(NAME_CONSTRAINTS, critical, &tlv(0x30, &[&excluded]));

        assert_eq!(
            bad_leaf(ProfileError::NameConstraints),
            verify(&leaf, chain())
        );
    }
}

// V27
#[test]
fn accepts_limits_of_policies_and_rejects_one_that_is_required() {
    const CONSTRAINTS: &str = "2.5.29.36";
    let with = |name: &str, critical, value: &[u8]| {
        let ca = intermediate().with(name, critical, value).certificate(1);
        verify(&Draft::leaf(2), vec![ca, Draft::ca(1, 1).certificate(1)])
    };

    assert_eq!(Ok(()), with("2.5.29.54", true, &[2, 1, 0]));
    assert_eq!(Ok(()), with(CONSTRAINTS, true, b"\x30\x03\x81\x01\x00"));
    for critical in [true, false] {
        assert_eq!(
            bad_intermediate(ProfileError::UnknownCritical),
            with(CONSTRAINTS, critical, b"\x30\x03\x80\x01\x00")
        );
    }
}

// V27
#[test]
fn rejects_rsa_keys_that_no_signer_may_have() {
    let rsa = |bytes: usize, top: u8, exponent: &[u8]| {
        let modulus = [&[0, top][..], &vec![0xab; bytes - 1]].concat();
        let modulus = if top < 0x80 { &modulus[1..] } else { &modulus };
        let integers = [
            tlv(der::INTEGER, &[modulus]),
            tlv(der::INTEGER, &[exponent]),
        ];
        let key = tlv(0x30, &[&integers.concat()]);
        let identifier = tlv(0x30, &[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
        let mut leaf = Draft::leaf(2);
        leaf.spki = tlv(0x30, &[&identifier, &tlv(der::BIT_STRING, &[&[0], &key])]);
        verify(&leaf, chain())
    };

    assert_eq!(Ok(()), rsa(256, 0xff, &[1, 0, 1]));
    assert_eq!(Ok(()), rsa(320, 0x80, &[1, 0, 1]));
    let bad = bad_leaf(ProfileError::Key);
    assert_eq!(bad, rsa(256, 0xff, &[3]));
    assert_eq!(bad, rsa(256, 0xff, &[1, 0, 3]));
    assert_eq!(bad, rsa(257, 0x03, &[1, 0, 1]));
}

// V27 O13
#[test]
fn rejects_leaves_without_one_subject() {
    let two = names(&[
        (0x86, b"https://example.com/workflow"),
        (0x81, b"a@example.com"),
    ]);
    let one = names(&[(0x86, b"https://example.com/workflow")]);
    for leaf in [
        Draft::leaf(2).with(ALTERNATIVE_NAMES, true, &two),
        Draft::leaf(2).with(ALTERNATIVE_NAMES, false, &one),
    ] {
        assert_eq!(
            bad_leaf(ProfileError::AlternativeName),
            verify(&leaf, chain())
        );
    }
    for leaf in [
        Draft::leaf(2).without(ALTERNATIVE_NAMES),
        Draft::leaf(2).with(ALTERNATIVE_NAMES, true, &names(&[(0x82, b"example.com")])),
    ] {
        let error = profile("", ProfileError::AlternativeName);
        assert_eq!(error, verify(&leaf, chain()));
    }
}

// V27
#[test]
fn rejects_unknown_critical_extensions_anywhere() {
    let unknown = |draft: Draft| draft.with("1.2.3", true, b"");

    assert_eq!(
        bad_leaf(ProfileError::UnknownCritical),
        verify(&unknown(Draft::leaf(2)), chain())
    );
    let above = vec![
        unknown(intermediate()).certificate(1),
        Draft::ca(1, 1).certificate(1),
    ];
    assert_eq!(
        bad_intermediate(ProfileError::UnknownCritical),
        verify(&Draft::leaf(2), above)
    );
    let anchor = vec![
        intermediate().certificate(1),
        unknown(Draft::ca(1, 1)).certificate(1),
    ];
    assert_eq!(
        profile("O=test, CN=ca 1", ProfileError::UnknownCritical),
        verify(&Draft::leaf(2), anchor)
    );
}

// V27
#[test]
fn rejects_intermediates_that_may_not_issue() {
    for (draft, problem) in [
        (
            intermediate().without(BASIC_CONSTRAINTS),
            ProfileError::BasicConstraints,
        ),
        (
            intermediate().with(BASIC_CONSTRAINTS, true, b"\x30\x00"),
            ProfileError::BasicConstraints,
        ),
        (
            intermediate().with(BASIC_CONSTRAINTS, false, &basic_constraints(None)),
            ProfileError::BasicConstraints,
        ),
        (intermediate().without(KEY_USAGE), ProfileError::KeyUsage),
        (
            intermediate().with(KEY_USAGE, true, b"\x03\x02\x07\x80"),
            ProfileError::KeyUsage,
        ),
        (
            intermediate().with(EXTENDED_KEY_USAGE, false, &purposes(&[SERVER_AUTH])),
            ProfileError::ExtendedKeyUsage,
        ),
        (
            intermediate().with(EXTENDED_KEY_USAGE, false, &purposes(&[TIME_STAMPING])),
            ProfileError::ExtendedKeyUsage,
        ),
    ] {
        let chain = vec![draft.certificate(1), Draft::ca(1, 1).certificate(1)];

        assert_eq!(bad_intermediate(problem), verify(&Draft::leaf(2), chain));
    }
}

// V27
#[test]
fn accepts_intermediates_without_or_with_any_purpose() {
    for draft in [
        intermediate().without(EXTENDED_KEY_USAGE),
        intermediate().with(EXTENDED_KEY_USAGE, false, &purposes(&["2.5.29.37.0"])),
        intermediate().with(
            POLICIES,
            true,
            &tlv(0x30, &[&tlv(0x30, &[&oid("2.5.29.32.0")])]),
        ),
    ] {
        let chain = vec![draft.certificate(1), Draft::ca(1, 1).certificate(1)];

        assert_eq!(Ok(()), verify(&Draft::leaf(2), chain));
    }
}

// V27
#[test]
fn rejects_more_intermediates_than_allowed() {
    let narrow = |path_len| {
        Draft::ca(1, 1).with(BASIC_CONSTRAINTS, true, &basic_constraints(Some(path_len)))
    };
    let chain = |path_len| {
        vec![
            intermediate().certificate(1),
            narrow(path_len).certificate(1),
        ]
    };

    assert_eq!(Ok(()), verify(&Draft::leaf(2), chain(1)));
    assert_eq!(
        Err(PathError::PathLength {
            allowed: 0,
            found: 1
        }),
        verify(&Draft::leaf(2), chain(0))
    );
    // 6.1.4 (l): a certificate issued to oneself does not count
    let renewed = Draft::ca(1, 1).certificate(1);
    let chain = vec![renewed, narrow(0).certificate(1)];
    let leaf = Draft::leaf(1).certificate(1);
    assert!(verifier(chain).verify(&leaf, &[after(1)]).is_ok());
}

fn constrained(permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) -> Vec<Certificate> {
    let subtrees = |tag, bases: &[(u8, &[u8])]| {
        let list: Vec<u8> = bases
            .iter()
            .flat_map(|(kind, base)| tlv(0x30, &[&tlv(*kind, &[base])]))
            .collect();
        if bases.is_empty() {
            list
        } else {
            tlv(tag, &[&list])
        }
    };
    let value = tlv(
        0x30,
        &[&subtrees(0xa0, permitted), &subtrees(0xa1, excluded)],
    );
    let anchor = Draft::ca(1, 1).with(NAME_CONSTRAINTS, true, &value);
    vec![intermediate().certificate(1), anchor.certificate(1)]
}

fn outside() -> Result<(), PathError> {
    Err(PathError::NameConstraint {
        constrained_by: "O=test, CN=ca 1".to_owned(),
    })
}

// V28
#[test]
fn accepts_subjects_inside_name_constraints() {
    let test = tlv(0x30, &[&name(&[("2.5.4.10", "test")])[2..]]);

    for chain in [
        constrained(&[(0x86, b"example.com")], &[]),
        constrained(&[], &[(0x86, b".example.com")]),
        // Constraints on what the leaf does not have.
        constrained(
            &[(0x81, b"example.com"), (0x82, b"example.com")],
            &[(0x87, &[0; 8])],
        ),
        constrained(&[(0xa4, &test)], &[]),
    ] {
        assert_eq!(Ok(()), verify(&Draft::leaf(2), chain));
    }
}

// V28
#[test]
fn rejects_subjects_outside_name_constraints() {
    let other = tlv(0x30, &[&name(&[("2.5.4.10", "other")])[2..]]);

    for chain in [
        constrained(&[(0x86, b".example.com")], &[]),
        constrained(&[(0x86, b"example.org")], &[]),
        constrained(&[], &[(0x86, b"example.com")]),
        constrained(&[], &[(0x86, b"EXAMPLE.com")]),
        // Names of the certificates in between count as well.
        constrained(&[(0xa4, &other)], &[]),
    ] {
        assert_eq!(outside(), verify(&Draft::leaf(2), chain));
    }
}

// V28
#[test]
fn rejects_user_names_where_those_are_constrained() {
    let user = user_name(b"\x0c\x01a");
    let leaf = Draft::leaf(2).with(ALTERNATIVE_NAMES, true, &names(&[(0xa0, &user)]));

    for chain in [
        constrained(&[(0xa0, &user)], &[]),
        constrained(&[], &[(0xa0, &user_name(b"\x0c\x01b"))]),
    ] {
        assert_eq!(outside(), verify(&leaf, chain));
    }
    assert_eq!(
        Ok(()),
        verify(&leaf, constrained(&[(0x81, b"example.com")], &[]))
    );
}

fn tsa(chain: Vec<Certificate>) -> Result<(), PathError> {
    PathVerifier::new(chain, Usage::TimeStamping, always()).verify_own(after(1))
}

fn tsa_chain(leaf: &Draft) -> Vec<Certificate> {
    let ca = Draft::ca(2, 1).with(EXTENDED_KEY_USAGE, false, &purposes(&[TIME_STAMPING]));
    vec![
        leaf.certificate(2),
        ca.certificate(1),
        Draft::ca(1, 1).certificate(1),
    ]
}

// V18
#[test]
fn accepts_time_stamp_authorities() {
    assert_eq!(Ok(()), tsa(tsa_chain(&Draft::tsa(2))));
    assert_eq!(Ok(()), tsa(tsa_chain(&Draft::tsa(2).without(KEY_USAGE))));
    let repudiate = Draft::tsa(2).with(KEY_USAGE, true, b"\x03\x02\x06\xc0");
    assert_eq!(Ok(()), tsa(tsa_chain(&repudiate)));
    // One that signed itself, and one that hangs below a CA that is the anchor.
    let mut alone = Draft::tsa(98).without(AUTHORITY_KEY_ID);
    alone.issuer = alone.subject.clone();
    assert_eq!(Ok(()), tsa(vec![alone.certificate(98)]));
    assert_eq!(Ok(()), tsa(tsa_chain(&Draft::tsa(2))[..2].to_vec()));
}

// V18 O8 A24
#[test]
fn rejects_time_stamp_authorities_that_are_something_else() {
    let two = purposes(&[TIME_STAMPING, "1.2.3"]);
    for (leaf, problem) in [
        (
            Draft::tsa(2).with(EXTENDED_KEY_USAGE, false, &purposes(&[TIME_STAMPING])),
            ProfileError::ExtendedKeyUsage,
        ),
        (
            Draft::tsa(2).with(EXTENDED_KEY_USAGE, true, &two),
            ProfileError::ExtendedKeyUsage,
        ),
        (
            Draft::tsa(2).with(EXTENDED_KEY_USAGE, true, &purposes(&[CODE_SIGNING])),
            ProfileError::ExtendedKeyUsage,
        ),
        (
            Draft::tsa(2).without(EXTENDED_KEY_USAGE),
            ProfileError::ExtendedKeyUsage,
        ),
        (
            Draft::tsa(2).with(BASIC_CONSTRAINTS, true, &basic_constraints(None)),
            ProfileError::BasicConstraints,
        ),
        (
            Draft::tsa(2).with(KEY_USAGE, true, b"\x03\x02\x01\x06"),
            ProfileError::KeyUsage,
        ),
        (
            Draft::tsa(2).with(KEY_USAGE, true, b"\x03\x02\x05\xa0"),
            ProfileError::KeyUsage,
        ),
        (
            Draft::tsa(2).with("1.2.3", true, b""),
            ProfileError::UnknownCritical,
        ),
    ] {
        let want = profile("O=test, CN=ca 98", problem);

        assert_eq!(want, tsa(tsa_chain(&leaf)));
        let mut alone = leaf.clone();
        alone.issuer = alone.subject.clone();
        assert_eq!(want, tsa(vec![alone.certificate(98)]));
    }
    // A code signing chain is not one for time stamps.
    let chain = vec![
        Draft::tsa(2).certificate(2),
        intermediate().certificate(1),
        Draft::ca(1, 1).certificate(1),
    ];
    assert_eq!(bad_intermediate(ProfileError::ExtendedKeyUsage), tsa(chain));
}

// V18 V19
#[test]
fn rejects_time_stamp_authorities_at_other_times_and_of_others() {
    let mut leaf = Draft::tsa(2);
    leaf.validity = window("260101000000Z", "260101001000Z");
    let leaf_window = Validity::new(start(), Some(after(600)));
    let verifier = PathVerifier::new(tsa_chain(&leaf), Usage::TimeStamping, always());

    assert_eq!(Ok(()), verifier.verify_own(after(600)));
    assert_eq!(
        Err(PathError::Expired {
            subject: "O=test, CN=ca 98".to_owned(),
            window: leaf_window,
            at: after(601),
        }),
        verifier.verify_own(after(601))
    );
    let valid_for = Validity::new(after(0), Some(after(5)));
    let verifier = PathVerifier::new(tsa_chain(&leaf), Usage::TimeStamping, valid_for);
    assert_eq!(Ok(()), verifier.verify_own(after(5)));
    assert_eq!(
        Err(PathError::Window {
            window: valid_for,
            at: after(6)
        }),
        verifier.verify_own(after(6))
    );
    let mut forged = tsa_chain(&leaf);
    forged[0] = leaf.certificate(3);
    assert_eq!(
        Err(PathError::Signature {
            subject: "O=test, CN=ca 98".to_owned()
        }),
        tsa(forged)
    );
    let cap = limits::CHAIN_CERTIFICATES;
    assert_eq!(Err(PathError::Length { cap, found: 0 }), tsa(vec![]));
}
