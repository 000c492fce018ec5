#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sigsign_core::x509::Certificate::from_der(bytes);
});
