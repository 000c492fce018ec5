#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sigsign_core::tsp::TimestampToken::from_response(bytes);
});
