#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sigsign_core::tuf::Repository::new("", bytes.to_vec()).check_root();
});
