use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};

use super::super::{Algorithm, BadSignature, KeyKind, hash};
use super::*;
use crate::digest::HashAlgorithm;

macro_rules! tests {
    ($name:ident, $curve:ident, $field:ty, $kind:expr, $hash:expr, $len:literal) => {
        mod $name {
            use $curve::ecdsa::{Signature, SigningKey};
            use $curve::elliptic_curve::group::Group;
            use $curve::elliptic_curve::point::AffineCoordinates;
            use $curve::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sec1Point};

            use super::*;

            /// The point of a key in the form of a SubjectPublicKeyInfo: 0x04, x, y.
            fn encoded(point: &ProjectivePoint) -> Vec<u8> {
                point.to_affine().to_sec1_point(false).as_bytes().to_vec()
            }

            fn reduce(bytes: &FieldBytes) -> Scalar {
                <Scalar as Reduce<FieldBytes>>::reduce(bytes)
            }

            fn comb(point: &ProjectivePoint) -> Comb<$field> {
                Comb::new(&encoded(point)[1..]).unwrap()
            }

            fn numbers() -> Vec<Scalar> {
                let small = [0u64, 1, 2, 3, 255, 256, u64::MAX].map(Scalar::from);
                let high = [-Scalar::ONE, -Scalar::from(2u64), Scalar::TWO_INV];
                let mut random = vec![Scalar::from(0x1234_5678_9abc_def1u64)];
                for _ in 0..7 {
                    let last = *random.last().unwrap();
                    random.push(last * last + Scalar::from(77u64));
                }
                small.into_iter().chain(high).chain(random).collect()
            }

            #[test]
            fn sums_are_those_of_the_curve_crate() {
                let numbers = numbers();
                let keys = numbers[10..16]
                    .iter()
                    .map(|it| ProjectivePoint::GENERATOR * it);
                let near =
                    [1u64, 2, 3, 256].map(|it| ProjectivePoint::GENERATOR * Scalar::from(it));
                let generator = comb(&ProjectivePoint::GENERATOR);

                for point in keys.chain(near).chain(near.map(|it| -it)) {
                    let key = comb(&point);
                    for (u, v) in numbers.iter().zip(numbers.iter().rev()) {
                        let want = ProjectivePoint::GENERATOR * u + point * v;

                        let found =
                            multiply_and_add((&generator, &u.to_repr()), (&key, &v.to_repr()));

                        let x = reduce(&want.to_affine().x());
                        assert_eq!(!bool::from(want.is_identity()), found.has_x(&x.to_repr()));
                        assert!(!found.has_x(&(x + Scalar::ONE).to_repr()));
                    }
                }
            }

            #[test]
            fn rejects_a_sum_that_is_the_identity() {
                let u = Scalar::from(0xdead_beefu64);
                let generator = comb(&ProjectivePoint::GENERATOR);
                let key = comb(&-ProjectivePoint::GENERATOR);

                let sum = multiply_and_add((&generator, &u.to_repr()), (&key, &u.to_repr()));

                assert!(!sum.has_x(&Scalar::ZERO.to_repr()));
            }

            /// A key and a signature by nobody: with R chosen, Q = (R - uG) / v, and s = r / v.
            fn around(r_point: ProjectivePoint) -> (Vec<u8>, Digest, Scalar, Scalar) {
                let digest = hash($hash, b"a message");
                let mut z = FieldBytes::default();
                z.copy_from_slice(&digest.as_bytes()[..$len]);
                let (z, r) = (reduce(&z), reduce(&r_point.to_affine().x()));
                let v = Scalar::from(0x5eed_5eed_5eedu64);
                let s = r * v.invert().unwrap();
                let u = z * s.invert().unwrap();
                let key = (r_point - ProjectivePoint::GENERATOR * u) * v.invert().unwrap();
                (encoded(&key), digest, r, s)
            }

            fn der(r: Scalar, s: Scalar) -> Vec<u8> {
                let signature = Signature::from_scalars(r.to_repr(), s.to_repr()).unwrap();
                signature.to_der().as_bytes().to_vec()
            }

            /// A point whose x is the order and a little more, so that r is only that little.
            fn beyond_the_order() -> ProjectivePoint {
                let mut x = <$field as Field>::ORDER.to_vec();
                let point = |x: &[u8]| {
                    let compressed = [&[2], x].concat();
                    let point = Sec1Point::from_bytes(&compressed).unwrap();
                    AffinePoint::from_sec1_point(&point).into_option()
                };
                loop {
                    *x.last_mut().unwrap() += 1;
                    if let Some(point) = point(&x) {
                        return point.into();
                    }
                }
            }

            #[test]
            fn accepts_an_x_beyond_the_order() {
                let (key, digest, r, s) = around(beyond_the_order());
                let multiples = Multiples::of($kind, &key).unwrap();

                assert_eq!(Ok(()), multiples.verify(&digest, &der(r, s)));
                assert_eq!(
                    Err(BadSignature),
                    multiples.verify(&digest, &der(r + Scalar::ONE, s))
                );
            }

            #[test]
            fn answers_as_the_backend_does() {
                for seed in 1..=4u8 {
                    let signer = SigningKey::from_slice(&[seed; $len]).unwrap();
                    let point = signer.verifying_key().to_sec1_point(false);
                    let frequent = Frequent::default();
                    for round in 0..USES_OF_THE_BACKEND + 4 {
                        let digest = hash($hash, &[seed, round as u8]);
                        let signature: Signature = signer.sign_prehash(digest.as_bytes()).unwrap();
                        let good = signature.to_der();
                        let other = hash($hash, b"another message");

                        let key = ($kind, point.as_bytes());
                        let found = frequent.verify(key, &digest, good.as_bytes());

                        if round < USES_OF_THE_BACKEND {
                            assert_eq!(None, found);
                            continue;
                        }
                        assert_eq!(Some(Ok(())), found);
                        let found = frequent.verify(key, &other, good.as_bytes());
                        assert_eq!(Some(Err(BadSignature)), found);
                        let (r, s) = signature.split_scalars();
                        let swapped = der(*s, *r);
                        let found = frequent.verify(key, &digest, &swapped);
                        assert_eq!(Some(Err(BadSignature)), found);
                        let high = der(*r, -*s);
                        assert_eq!(Some(Ok(())), frequent.verify(key, &digest, &high));
                    }
                }
            }

            #[test]
            fn rejects_numbers_out_of_range() {
                let (key, digest, r, s) = around(ProjectivePoint::GENERATOR);
                let multiples = Multiples::of($kind, &key).unwrap();
                let order = <$field as Field>::ORDER;
                let of = |r: &[u8], s: &[u8]| {
                    use crate::der::{INTEGER, SEQUENCE, write};
                    let unsigned = |bytes: &[u8]| write::tlv(INTEGER, &[&[0], bytes]);
                    write::tlv(SEQUENCE, &[&unsigned(r), &unsigned(s)])
                };
                let (zero, r, s) = ([0u8; $len], r.to_repr(), s.to_repr());

                assert_eq!(
                    Ok(()),
                    multiples.verify(&digest, &der(reduce(&r), reduce(&s)))
                );
                for (r, s) in [
                    (&r[..], order),
                    (order, &s[..]),
                    (&r[..], &zero[..1]),
                    (&zero[..1], &s[..]),
                    (&[&[1], &r[..]].concat()[..], &s[..]),
                ] {
                    assert_eq!(Err(BadSignature), multiples.verify(&digest, &of(r, s)));
                }
            }
        }
    };
}

tests!(
    with_p256,
    p256,
    P256Field,
    KeyKind::P256,
    HashAlgorithm::Sha256,
    32
);
tests!(
    with_p384,
    p384,
    P384Field,
    KeyKind::P384,
    HashAlgorithm::Sha384,
    48
);

#[test]
fn reads_the_leftmost_bits_of_longer_hashes() {
    use p256::ecdsa::{Signature, SigningKey};
    let signer = SigningKey::from_slice(&[7; 32]).unwrap();
    let digest = hash(HashAlgorithm::Sha512, b"a message");
    let signature: Signature = signer.sign_prehash(digest.as_bytes()).unwrap();
    let point = signer.verifying_key().to_sec1_point(false);
    let multiples = Multiples::of(KeyKind::P256, point.as_bytes()).unwrap();

    assert_eq!(
        Ok(()),
        multiples.verify(&digest, signature.to_der().as_bytes())
    );
    assert_eq!(Some(HashAlgorithm::Sha512), Algorithm::EcdsaSha512.hash());
}

#[test]
fn reads_shorter_hashes_as_numbers() {
    use p384::ecdsa::{Signature, SigningKey};
    let signer = SigningKey::from_slice(&[7; 48]).unwrap();
    let digest = hash(HashAlgorithm::Sha256, b"a message");
    let signature: Signature = signer.sign_prehash(digest.as_bytes()).unwrap();
    let point = signer.verifying_key().to_sec1_point(false);
    let multiples = Multiples::of(KeyKind::P384, point.as_bytes()).unwrap();

    assert_eq!(
        Ok(()),
        multiples.verify(&digest, signature.to_der().as_bytes())
    );
}

#[test]
fn leaves_other_curves_to_the_backend() {
    let frequent = Frequent::default();
    let digest = hash(HashAlgorithm::Sha512, b"a message");

    for _ in 0..=USES_OF_THE_BACKEND {
        let found = frequent.verify((KeyKind::P521, &[4; 133]), &digest, &[]);
        assert_eq!(None, found);
    }
}
