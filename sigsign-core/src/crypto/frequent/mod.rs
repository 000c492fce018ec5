//! Keys that verify again and again: those of logs and authorities.
//!
//! In: the point of a P-256 or P-384 key, and how often it was asked. Out: the verdict that the
//! backend would have given, sooner. The first few signatures go to the backend; then multiples of
//! the key are laid out once, and each further signature needs an eighth of the doublings. A
//! process that verifies a file or two builds nothing.
//!
//! Field arithmetic is `fiat-crypto`'s, generated with its proof; that of exponents is the curve
//! crates'. Ours is the order of the steps between. All of it works on public data, in time that
//! depends on them. Not here: what is decided before any arithmetic, see `key.rs`.
//!
//! Spec: FIPS 186-5 6.4.2; SEC 1 4.1.4

mod comb;
mod field;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};

use self::comb::{Comb, multiply_and_add};
use self::field::{Field, P256Field, P384Field};
use super::algorithm::KeyKind;
use super::key::{BadSignature, ecdsa_fixed, pad_left};
use crate::digest::Digest;

/// What makes a key faster that is used often.
#[derive(Default)]
pub(super) struct Frequent {
    uses: AtomicU32,
    multiples: OnceLock<Option<Multiples>>,
}

/// Multiples of one key.
enum Multiples {
    P256(Comb<P256Field>),
    P384(Comb<P384Field>),
}

impl Frequent {
    /// The verdict, if this key is used often enough; `point` is the key: 0x04, x, y.
    ///
    /// The point is on its curve: whoever decoded the key has checked that.
    pub(super) fn verify(
        &self,
        (kind, point): (KeyKind, &[u8]),
        digest: &Digest,
        signature: &[u8],
    ) -> Option<Result<(), BadSignature>> {
        if self.multiples.get().is_none()
            && self.uses.fetch_add(1, Ordering::Relaxed) < USES_OF_THE_BACKEND
        {
            return None;
        }
        let multiples = || Multiples::of(kind, point);
        let multiples = self.multiples.get_or_init(multiples).as_ref()?;
        Some(multiples.verify(digest, signature))
    }
}

impl fmt::Debug for Frequent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frequent")
    }
}

impl Multiples {
    /// None for other curves, which the backend keeps.
    fn of(kind: KeyKind, point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?;
        match kind {
            KeyKind::P256 => Comb::new(coordinates).map(Self::P256),
            KeyKind::P384 => Comb::new(coordinates).map(Self::P384),
            _ => None,
        }
    }

    fn verify(&self, digest: &Digest, signature: &[u8]) -> Result<(), BadSignature> {
        match self {
            Self::P256(key) => p256(key, digest, signature),
            Self::P384(key) => p384(key, digest, signature),
        }
    }
}

macro_rules! curve {
    ($curve:ident, $field:ty, $len:literal, $twice:literal) => {
        /// Spec: FIPS 186-5 6.4.2
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "numbers modulo the order neither overflow nor panic"
        )]
        fn $curve(
            key: &Comb<$field>,
            digest: &Digest,
            signature: &[u8],
        ) -> Result<(), BadSignature> {
            use ::$curve::ecdsa::Signature;
            use ::$curve::elliptic_curve::ops::{Invert, Reduce};
            use ::$curve::{FieldBytes, Scalar};

            static GENERATOR: LazyLock<Option<Comb<$field>>> =
                LazyLock::new(|| Comb::new(<$field>::GENERATOR));

            // 1. r and s are in [1, n-1].
            let fixed = ecdsa_fixed::<$len, $twice>(signature)?;
            let signature = Signature::from_slice(&fixed).map_err(|_| BadSignature)?;
            let (r, s) = signature.split_scalars();
            // 2, 3. The leftmost bits of the hash, as a number.
            let mut hash = FieldBytes::default();
            let leftmost = digest.as_bytes().get(..$len);
            pad_left(leftmost.unwrap_or(digest.as_bytes()), &mut hash);
            let e = <Scalar as Reduce<FieldBytes>>::reduce(&hash);
            // 4 to 7. u = e/s, v = r/s, R = uG + vQ, which must not be the identity.
            let inverse = s.invert_vartime();
            let (u, v) = (e * &*inverse, *r * &*inverse);
            let generator = GENERATOR.as_ref().ok_or(BadSignature)?;
            let sum = multiply_and_add((generator, &u.to_bytes()), (key, &v.to_bytes()));
            // 8, 9. The x of R is r, modulo n.
            if sum.has_x(&r.to_bytes()) {
                Ok(())
            } else {
                Err(BadSignature)
            }
        }
    };
}

curve!(p256, P256Field, 32, 64);
curve!(p384, P384Field, 48, 96);

/// Signatures that the backend checks before multiples are worth their cost, which is that of some
/// eight checks by the backend.
const USES_OF_THE_BACKEND: u32 = 8;
