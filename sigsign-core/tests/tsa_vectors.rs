//! A time stamp response into which certificates were injected.
//!
//! It is read from `tsa` in `SIGSIGN_VECTORS`; without that variable the test says so.
#![expect(clippy::disallowed_methods, reason = "vectors are files")]

use std::ops::Range;
use std::path::PathBuf;

use sigsign_core::tsp::{TimestampToken, TspError};
use sigsign_core::x509::Certificate;

/// What was time stamped.
const STAMPED: &[u8] = b"hello";
/// Where the certificates lie: the injected ones, then the one whose key signed.
const INJECTED: [Range<usize>; 2] = [284..619, 619..975];
const SIGNER: Range<usize> = 975..1438;

// V16 A23
#[test]
fn rejects_injected_certificates_as_signers() {
    let Some(folder) = std::env::var_os("SIGSIGN_VECTORS") else {
        println!("SIGSIGN_VECTORS is not set: no vector to run");
        return;
    };
    let path = PathBuf::from(folder).join("tsa/response-injected-certs.tsr");
    let response = std::fs::read(path).unwrap();
    let certificate = |place: &Range<usize>| Certificate::from_der(&response[place.clone()]);

    let token = TimestampToken::from_response(&response).unwrap();

    for place in &INJECTED {
        let injected = certificate(place).unwrap();
        assert_eq!(Err(TspError::SignerId), token.verify(STAMPED, &injected));
    }
    let signer = certificate(&SIGNER).unwrap();
    assert_eq!(Ok(token.gen_time()), token.verify(STAMPED, &signer));
    assert_eq!(Err(TspError::Imprint), token.verify(b"hallo", &signer));
}
