//! What a client asks to be stamped.

use super::hash_of;
use crate::instance::Refusal;
use crate::instance::asn1::Asn1;
use crate::key::Hash;

/// TimeStampReq
///
/// Spec: RFC 3161 2.4.1
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StampRequest<'a> {
    pub(super) hash: Hash,
    /// AlgorithmIdentifier, as the client wrote it.
    pub(super) algorithm: &'a [u8],
    pub(super) imprint: &'a [u8],
    /// OBJECT IDENTIFIER
    pub(super) policy: Option<&'a [u8]>,
    /// INTEGER
    pub(super) nonce: Option<&'a [u8]>,
    pub(super) certificates: bool,
}

impl<'a> StampRequest<'a> {
    pub(super) fn from_der(der: &'a [u8]) -> Result<Self, Refusal> {
        let bad = || Refusal::bad_request("not a time stamp request of RFC 3161 in DER");
        let mut request = Asn1::only(der, 0x30).ok_or_else(bad)?;
        let version = request.value(0x02).ok_or_else(bad)?;
        if version.content != [1] {
            return Err(Refusal::bad_request("wanted a request of version 1"));
        }
        let mut imprint = request.inside(0x30).ok_or_else(bad)?;
        let algorithm = imprint.value(0x30).ok_or_else(bad)?.whole;
        let digest = imprint.value(0x04).ok_or_else(bad)?.content;
        let policy = request.value(0x06).map(|it| it.whole);
        let nonce = request.value(0x02);
        let wanted = request.value(0x01).map(|it| it.content);
        if request.value(0xa0).is_some() {
            return Err(Refusal::bad_request("no extension is known here"));
        }
        // DEFAULT FALSE is left out in DER, and some clients write it all the same.
        let certificates = match wanted {
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(bad()),
        };
        if !request.is_empty() || !imprint.is_empty() {
            return Err(bad());
        }
        if nonce.is_some_and(|it| it.content.is_empty() || it.content.len() > 64) {
            return Err(Refusal::bad_request("wanted a nonce of 1 to 64 bytes"));
        }
        // What is sent back must be DER.
        if nonce.is_some_and(|it| !is_shortest(it.content)) {
            return Err(bad());
        }
        let hash = hash_of(algorithm).ok_or_else(|| {
            Refusal::bad_request("the hashes here are SHA-256, SHA-384 and SHA-512")
        })?;
        if digest.len() != hash.of(b"").len() {
            let want = hash.of(b"").len();
            return Err(Refusal::bad_request(format!(
                "wanted a hash of {want} bytes, found {}",
                digest.len()
            )));
        }
        Ok(Self {
            hash,
            algorithm,
            imprint: digest,
            policy,
            nonce: nonce.map(|it| it.whole),
            certificates,
        })
    }
}

/// Spec: X.690 8.3.2
fn is_shortest(integer: &[u8]) -> bool {
    !matches!(integer, [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der;

    fn request(parts: &[Vec<u8>]) -> Vec<u8> {
        let imprint = der::sequence(&[Hash::Sha256.identifier(), der::octets(&[7; 32])]);
        let mut all = vec![der::integer(1), imprint];
        all.extend_from_slice(parts);
        der::sequence(&all)
    }

    #[test]
    fn accepts_each_optional_field_alone_and_all_of_them() {
        let (policy, nonce) = (der::oid("1.2.3"), der::integer(99));
        let all = request(&[policy.clone(), nonce.clone(), der::yes()]);
        let read = StampRequest::from_der(&all).unwrap();
        assert_eq!(
            (Some(&policy[..]), Some(&nonce[..]), true),
            (read.policy, read.nonce, read.certificates)
        );

        for (part, want) in [
            (vec![], (None, None, false)),
            (vec![policy.clone()], (Some(&policy[..]), None, false)),
            (vec![nonce.clone()], (None, Some(&nonce[..]), false)),
            (vec![der::yes()], (None, None, true)),
            (vec![vec![1, 1, 0]], (None, None, false)),
        ] {
            let der = request(&part);
            let read = StampRequest::from_der(&der).unwrap();

            assert_eq!(want, (read.policy, read.nonce, read.certificates));
            assert_eq!((Hash::Sha256, &[7; 32][..]), (read.hash, read.imprint));
        }
    }

    // RFC 5754 2: readers take both forms
    #[test]
    fn accepts_a_hash_with_and_without_parameters() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let without = hash.identifier();
            let with = der::sequence(&[der::content(&without), &der::null()]);
            for algorithm in [without, with] {
                let imprint = der::sequence(&[algorithm.clone(), der::octets(&hash.of(b""))]);
                let der = der::sequence(&[der::integer(1), imprint]);

                let read = StampRequest::from_der(&der).unwrap();

                assert_eq!((hash, &algorithm[..]), (read.hash, read.algorithm));
            }
        }
    }

    #[test]
    fn accepts_nonces_that_begin_with_any_bit() {
        for nonce in [&[0][..], &[0x7f], &[0, 0x80], &[0xff], &[0xff, 0x7f]] {
            let nonce = der::tlv(2, nonce);
            let der = request(std::slice::from_ref(&nonce));

            let read = StampRequest::from_der(&der).unwrap();

            assert_eq!(Some(&nonce[..]), read.nonce);
        }
    }

    #[test]
    fn rejects_what_is_not_a_request() {
        let not_one = "not a time stamp request of RFC 3161 in DER";
        let imprint = |algorithm: Vec<u8>, len| {
            let imprint = der::sequence(&[algorithm, der::octets(&vec![7; len])]);
            der::sequence(&[der::integer(1), imprint])
        };
        let sha1 = der::sequence(&[der::oid("1.3.14.3.2.26"), der::null()]);
        for (der, want) in [
            (Vec::new(), not_one),
            ([request(&[]), vec![0]].concat(), not_one),
            (request(&[der::yes(), der::yes()]), not_one),
            (request(&[vec![1, 1, 1]]), not_one),
            (request(&[der::tlv(2, &[0, 0x7f])]), not_one),
            (request(&[der::tlv(2, &[0xff, 0x80])]), not_one),
            (
                der::sequence(&[der::integer(2)]),
                "wanted a request of version 1",
            ),
            (
                imprint(sha1, 20),
                "the hashes here are SHA-256, SHA-384 and SHA-512",
            ),
            (
                imprint(Hash::Sha256.identifier(), 31),
                "wanted a hash of 32 bytes, found 31",
            ),
            (
                request(&[der::explicit(0, &der::null())]),
                "no extension is known here",
            ),
            (
                request(&[der::tlv(2, &[1; 65])]),
                "wanted a nonce of 1 to 64 bytes",
            ),
        ] {
            assert_eq!(
                Err(Refusal::bad_request(want)),
                StampRequest::from_der(&der)
            );
        }
    }
}
