#![no_main]

use sigsign_core::tlog::{Body, EntryKind};

const KINDS: [EntryKind; 4] = [
    EntryKind::DsseV001,
    EntryKind::HashedRekordV001,
    EntryKind::HashedRekordV002,
    EntryKind::IntotoV002,
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = KINDS.map(|kind| Body::parse(bytes, kind).map(drop));
});
