#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sigsign_core::policy_file::PolicyFile::from_yaml(bytes).map(|policy| policy.lints());
});
