#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sigsign_core::dsse::Statement::from_json(bytes);
});
