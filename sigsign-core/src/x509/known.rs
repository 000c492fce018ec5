//! Signatures of certificate authorities that were checked when this library was tested.
//!
//! Whether one certificate's key signed another is a fact about their bytes, so each process need
//! not find it out again: for the authorities of the embedded trusted roots that would be a tenth
//! of a verification. Only the signature is known; everything else about them is checked each
//! time, and no trust comes from being known.

use super::certificate::Certificate;
#[cfg(test)]
pub(crate) use super::path::check_signature;
use crate::crypto::sha256_parts;
use crate::encoding::hex_encode;

/// Whether it is known that the key of `issuer` signed `certificate`.
pub(super) fn is_signed(certificate: &Certificate, issuer: &Certificate) -> bool {
    SIGNED.contains(&&*link(certificate, issuer))
}

/// SHA-256 of the issuer's key, whose length is its own first bytes, and of the certificate.
pub(crate) fn link(certificate: &Certificate, issuer: &Certificate) -> String {
    hex_encode(&sha256_parts(&[issuer.spki(), certificate.der()]))
}

/// The links of the embedded trusted roots, sorted: a test there checks each signature, and that
/// these are all.
pub(crate) const SIGNED: [&str; 18] = [
    "0382bb2bebc359f2b99d0b58cb07a728929baca85b17c9729efd76c2105290ef",
    "0b96e38e36ea9901c7cae97d3321d8450b47a022125c34676112d48fc4baf7db",
    "16e947bcb6b7cd8697dfdc99e74adf80aaf17b11f3b2d0dbc4f3c89c9fb675df",
    "1b938c4c956028ec45170a57327a1ec68b7630bae8c7a51223d7184a40afdafb",
    "2bbb8892731b6abde061d90527815bdf1fb669d92a8ea137857f420722746ccd",
    "40f882859d7d20537b0d914a9ddeddc3eb4d6d73ce7e97779f4640ed6eeed8f9",
    "4db5b3f222d3c5bee513f58fd20f5ba966c4499c112fb5f17d9d9cffdf579f68",
    "6a176bdd9e143f57b855f1dae9417299dda53d9238883da4cfdc3982b6daee45",
    "72d77936acd8572a712771a42d5f703948d349a72d61905d197b039253126fac",
    "78ee8b5c1735bbbf83184e2034da750b6ef16fb69ded041be4159ac0fd5fe205",
    "7d5bff8c18198306a6f1395916cd5cb50eebb67c7536d6cc95d1c16031b161ed",
    "a3ce60611d59c396f1b35f4650191cf8c220440f6092e90165964d39536fc2ea",
    "b29441d2428b5c10926316ec85871a4e648e2a566935a4f053892673e85bf8bf",
    "cadf3ac407e0b17147d83b25906b1618237a6f7c3e4b730d7a41ec23864f675e",
    "d47203a2ba5ed50bf2962e82988112d181c66d7fcf6a4e6efff630f89e9c3849",
    "d726e577298b7152067178d21e6fae27d30d5f5454f071546113e6c349e5ebc0",
    "e81ffbffd7e149c9a4a2d9bd7bd91843a4ad6911e3d1ab83e70d9b835cfdac23",
    "f019b35ab5f661508ce4305c288aa51c77b27856781c7ce3e4cb38e775292166",
];
