//! What is added to repositories, found in them and copied between them.

use super::done;
use super::memory::{Lists, Memory};
use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::dsse::Statement;
use crate::oci::manifest::{OCI_INDEX, OCI_MANIFEST};
use crate::oci::{
    AttachmentError, Claim, Image, ManifestError, Place, RegistryError, Target, attach, copy, find,
    signature_statement,
};
use crate::time::Timestamp;
use std::sync::atomic::Ordering;

const BUNDLE: &str = include_str!(
    "../../../../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda.sigstore.json"
);
const TYPE: &str = "https://example.org/predicate";

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000)
}

/// An image of two blobs below the tag `1`.
pub(super) fn image(memory: &Memory) -> Image {
    let (config, layer) = (memory.blob(b"{}"), memory.blob(b"layer"));
    let json = |it: &crate::oci::Descriptor| {
        format!(
            r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#,
            it.digest(),
            it.size()
        )
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        json(&config),
        json(&layer)
    );
    memory.manifest(":1", OCI_MANIFEST, &manifest);
    done(Image::resolve(memory, &Target::Tag("1".to_owned()))).unwrap()
}

fn tag_of(digest: Digest) -> String {
    format!(":{}", digest.to_string().replace(':', "-"))
}

pub(super) fn attach_to(memory: &Memory, image: &Image, bundle: &str) -> crate::oci::Attached {
    done(attach(
        memory,
        &image.descriptor(),
        bundle.as_bytes(),
        TYPE,
        now(),
    ))
    .unwrap()
}

#[test]
fn accepts_what_was_attached_with_and_without_a_list() {
    for (lists, want) in [(Lists::Yes, true), (Lists::No, false), (Lists::Lies, false)] {
        let memory = Memory::new(lists);
        let image = image(&memory);

        let attached = attach_to(&memory, &image, BUNDLE);

        assert_eq!(want, *attached.place() == Place::Listed);
        let found = done(find(&memory, image.digest()));
        assert_eq!(
            (1, 0, 0),
            (
                found.attachments().len(),
                found.unusable().len(),
                found.others().len()
            )
        );
        let place = format!("referrer {}", attached.digest());
        assert_eq!(place, found.attachments()[0].place());
        assert!(matches!(
            found.attachments()[0].claim(),
            Claim::Attestation(_)
        ));
    }
}

#[test]
fn accepts_a_statement_that_an_image_is_signed() {
    let digest = hash(HashAlgorithm::Sha256, b"image");
    let annotations = [("a\"".to_owned(), "b".to_owned())];

    let json = signature_statement(digest, &annotations);

    let statement = Statement::from_json(&json).unwrap();
    assert_eq!(crate::oci::SIGNATURE_TYPE, statement.predicate_type());
    assert_eq!(None, statement.subjects()[0].name());
    assert_eq!(
        vec![digest],
        statement.subjects()[0].strong_digests().collect::<Vec<_>>()
    );
    let found = crate::oci::wire::subject_annotations(&json);
    assert_eq!(Some("b"), found.get("a\"").map(String::as_str));
}

// Wishes 8: whoever wrote at the same time loses nothing, and neither do we
#[test]
fn keeps_entries_that_others_write_at_the_same_time() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let tag = tag_of(image.digest());
    let first = attach_to(&memory, &image, BUNDLE).digest().to_string();
    let lost = memory.manifests.lock().unwrap().get(&tag).cloned().unwrap();
    // Somebody who read the list before us writes theirs after us: ours is gone from it.
    let key = tag.clone();
    memory
        .meddling
        .lock()
        .unwrap()
        .push(Box::new(move |manifests| {
            manifests.insert(key.clone(), lost.clone());
        }));

    let second = attach_to(&memory, &image, &BUNDLE.replace(':', ": "))
        .digest()
        .to_string();

    assert_eq!(vec![first, second], memory.listed(&tag));
}

#[test]
fn waits_longer_where_others_write() {
    let foreign = |memory: &Memory, image: &Image| {
        let tag = tag_of(image.digest());
        let digest = hash(HashAlgorithm::Sha256, b"theirs");
        let json = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":1}}]}}"#
        );
        // They read the list when it was empty, and write theirs after us.
        memory
            .meddling
            .lock()
            .unwrap()
            .push(Box::new(move |manifests| {
                let value = (OCI_INDEX.to_owned(), json.clone().into_bytes());
                manifests.insert(tag.clone(), value);
            }));
        digest.to_string()
    };
    let (alone, among) = (Memory::new(Lists::No), Memory::new(Lists::No));
    let (first, second) = (image(&alone), image(&among));
    let theirs = foreign(&among, &second);

    attach_to(&alone, &first, BUNDLE);
    let ours = attach_to(&among, &second, BUNDLE).digest().to_string();

    let mut listed = among.listed(&tag_of(second.digest()));
    listed.sort();
    let mut want = vec![theirs, ours];
    want.sort();
    assert_eq!(want, listed);
    let waits = |memory: &Memory| memory.waits.load(Ordering::Relaxed);
    assert_eq!((1, 3), (waits(&alone), waits(&among)));
}

#[test]
fn hands_in_again_what_was_refused_for_no_reason() {
    for (refusals, want) in [(4, Ok(())), (5, Err("registry.status"))] {
        let memory = Memory::new(Lists::Yes);
        let image = image(&memory);
        memory.refusals.store(refusals, Ordering::Relaxed);

        let attached = done(attach(
            &memory,
            &image.descriptor(),
            BUNDLE.as_bytes(),
            TYPE,
            now(),
        ));

        assert_eq!(want, attached.map(|_| ()).map_err(|it| it.code()));
    }
}

// A8
#[test]
fn names_layers_below_a_tag_that_it_does_not_look_at() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let layer = memory.blob(b"junk");
    let layer = format!(
        r#"{{"mediaType":"a/b","digest":"{}","size":4}}"#,
        layer.digest()
    );
    for (count, is_whole) in [(256, true), (257, false)] {
        let layers = vec![layer.as_str(); count].join(",");
        let json = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layers}]}}"#);
        memory.manifest(
            &format!("{}.sig", tag_of(image.digest())),
            OCI_MANIFEST,
            &json,
        );

        let found = done(find(&memory, image.digest()));

        let codes: Vec<_> = found.unusable().iter().map(|(_, it)| it.code()).collect();
        assert_eq!(!is_whole, codes.contains(&"registry.pages"), "{count}");
        assert_eq!(
            256,
            codes.iter().filter(|it| **it == "attachment.layer").count()
        );
    }
}

#[test]
fn is_not_led_in_circles() {
    let (from, to) = (Memory::new(Lists::No), Memory::new(Lists::No));
    let image = image(&from);
    // The list of what refers to an image has the image itself.
    let entry = format!(
        r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{}","size":1}}"#,
        image.digest()
    );
    let list = format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
    from.manifest(&tag_of(image.digest()), OCI_INDEX, &list);

    let found = done(find(&from, image.digest()));
    let copied = done(copy(&from, &to, &image, None)).unwrap();

    assert_eq!((0, 0), (found.attachments().len(), found.unusable().len()));
    assert_eq!(1, found.others().len());
    assert_eq!((1, 0), (copied.manifests(), copied.referrers()));

    // What an index lists is said to be the index.
    let member = hash(HashAlgorithm::Sha256, b"x");
    let entry = format!(r#"{{"mediaType":"{OCI_INDEX}","digest":"{member}","size":1}}"#);
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
    from.manifest(":2", OCI_INDEX, &index);
    let value = (OCI_INDEX.to_owned(), index.into_bytes());
    let name = format!("@{member}");
    from.manifests.lock().unwrap().insert(name, value);
    let index = done(Image::resolve(&from, &Target::Tag("2".to_owned()))).unwrap();

    let error = done(copy(&from, &to, &index, Some("2"))).unwrap_err();

    assert_eq!("registry.digest-mismatch", error.code());
}

#[test]
fn rejects_copies_of_what_is_nested_too_deep() {
    let (from, to) = (Memory::new(Lists::No), Memory::new(Lists::No));
    let mut inner = image(&from);
    for _ in 0..9 {
        let json = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{}}}]}}"#,
            inner.media_type(),
            inner.digest(),
            inner.bytes().len()
        );
        from.manifest(":1", OCI_INDEX, &json);
        inner = done(Image::resolve(&from, &Target::Tag("1".to_owned()))).unwrap();
    }

    let error = done(copy(&from, &to, &inner, Some("1"))).unwrap_err();

    assert!(
        matches!(error, RegistryError::Depth { cap: 8, .. }),
        "{error:?}"
    );
    assert!(to.manifests.lock().unwrap().is_empty());
}

#[test]
fn rejects_a_list_that_others_never_leave_alone() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let tag = tag_of(image.digest());
    for _ in 0..50 {
        let key = tag.clone();
        memory
            .meddling
            .lock()
            .unwrap()
            .push(Box::new(move |manifests| {
                manifests.remove(&key);
            }));
    }

    let error = done(attach(
        &memory,
        &image.descriptor(),
        BUNDLE.as_bytes(),
        TYPE,
        now(),
    ));

    let tag = tag.trim_start_matches(':').to_owned();
    assert_eq!(Err(RegistryError::Lost { tag, tries: 12 }), error);
}

#[test]
fn keeps_what_the_list_says_beside_its_members() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let tag = tag_of(image.digest());
    let other = hash(HashAlgorithm::Sha256, b"other");
    let entry =
        format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{other}","size":3,"data":"e30="}}"#);
    let json = format!(r#"{{"schemaVersion":2,"annotations":{{"k":"v"}},"manifests":[{entry}]}}"#);
    memory.manifest(&tag, OCI_INDEX, &json);

    attach_to(&memory, &image, BUNDLE);

    let (_, bytes) = memory.manifests.lock().unwrap().get(&tag).cloned().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains(&entry) && text.contains(r#""annotations":{"k":"v"}"#),
        "{text}"
    );
}

#[test]
fn rejects_a_tag_for_the_list_that_is_something_else() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let tag = tag_of(image.digest());
    memory.manifest(&tag, OCI_MANIFEST, str::from_utf8(image.bytes()).unwrap());

    let error = done(attach(
        &memory,
        &image.descriptor(),
        BUNDLE.as_bytes(),
        TYPE,
        now(),
    ));

    let problem = ManifestError::Ambiguous;
    let what = format!("memory/app{tag}");
    assert_eq!(Err(RegistryError::Manifest { what, problem }), error);
}

#[test]
fn names_what_it_cannot_use() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    let tag = tag_of(image.digest());
    let layer = memory.blob(BUNDLE.as_bytes());
    let layer = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"{}","size":{}}}"#,
        layer.digest(),
        layer.size()
    );
    let subject = |digest: Digest| {
        format!(r#","subject":{{"mediaType":"a/b","digest":"{digest}","size":1}}"#)
    };
    let manifest = |layers: &str, more: &str| {
        format!(
            r#"{{"schemaVersion":2,"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","config":{layer},"layers":[{layers}]{more}}}"#
        )
    };
    let other = hash(HashAlgorithm::Sha256, b"other");
    let about = subject(image.digest());
    let cases = [
        manifest(&layer, ""),
        manifest(&layer, &subject(other)),
        manifest(&format!("{layer},{layer}"), &about),
        manifest(&layer, &about)
            .replace("application/vnd.dev.sigstore.bundle.v0.3+json", "else/what"),
    ];
    let entries = cases.iter().map(|json| {
        let digest = memory.manifest("x", OCI_MANIFEST, json);
        format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":1}}"#)
    });
    let entries: Vec<String> = entries.collect();
    let missing = format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{other}","size":1}}"#);
    let list = format!(
        r#"{{"schemaVersion":2,"manifests":[{},{missing}]}}"#,
        entries.join(",")
    );
    memory.manifest(&tag, OCI_INDEX, &list);

    let found = done(find(&memory, image.digest()));

    let problems: Vec<&AttachmentError> = found.unusable().iter().map(|(_, it)| it).collect();
    let want = Box::new(image.digest());
    assert_eq!(
        &AttachmentError::Subject {
            want: want.clone(),
            found: None
        },
        problems[0]
    );
    assert_eq!(
        &AttachmentError::Subject {
            want,
            found: Some(Box::new(other))
        },
        problems[1]
    );
    assert_eq!(&AttachmentError::Layers { found: 2 }, problems[2]);
    assert_eq!("registry.not-found", problems[3].code());
    assert_eq!("else/what", found.others()[0].1);
    assert!(found.attachments().is_empty());
}

#[test]
fn copies_an_image_with_what_refers_to_it() {
    let (from, to) = (Memory::new(Lists::Yes), Memory::new(Lists::No));
    let image = image(&from);
    let attached = attach_to(&from, &image, BUNDLE);

    let copied = done(copy(&from, &to, &image, Some("2"))).unwrap();

    assert_eq!(
        (2, 3, 1),
        (copied.manifests(), copied.blobs(), copied.referrers())
    );
    let there = done(Image::resolve(&to, &Target::Tag("2".to_owned()))).unwrap();
    assert_eq!(image, there);
    let found = done(find(&to, image.digest()));
    assert_eq!(
        format!("referrer {}", attached.digest()),
        found.attachments()[0].place()
    );
    let again = done(copy(&from, &to, &image, Some("2"))).unwrap();
    assert_eq!(0, again.blobs());
}

#[test]
fn rejects_blobs_that_are_not_what_they_should_be() {
    for (blob, want) in [
        (&b"layeR"[..], "registry.digest-mismatch"),
        (b"laye", "registry.size-mismatch"),
        (b"layer2", "registry.size-mismatch"),
    ] {
        let (from, to) = (Memory::new(Lists::No), Memory::new(Lists::No));
        let image = image(&from);
        let digest = hash(HashAlgorithm::Sha256, b"layer").to_string();
        from.blobs
            .lock()
            .unwrap()
            .insert(digest.clone(), blob.to_vec());

        let error = done(copy(&from, &to, &image, None)).unwrap_err();

        assert_eq!(want, error.code());
        assert!(!to.blobs.lock().unwrap().contains_key(&digest));
        assert!(to.manifests.lock().unwrap().is_empty());
    }
}

#[test]
fn rejects_replacing_signatures_of_others() {
    let (from, to) = (Memory::new(Lists::No), Memory::new(Lists::No));
    let image = image(&from);
    let tag = format!("{}.sig", tag_of(image.digest()));
    for (memory, payload) in [(&from, b"ours"), (&to, b"else")] {
        let layer = memory.blob(payload);
        let layer = format!(
            r#"{{"mediaType":"a/b","digest":"{}","size":4}}"#,
            layer.digest()
        );
        let json = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layer}]}}"#);
        memory.manifest(&tag, OCI_MANIFEST, &json);
    }

    let error = done(copy(&from, &to, &image, None)).unwrap_err();

    assert_eq!("registry.store", error.code());
}
