//! The fields that coordinates are in.

use fiat_crypto::{p256_64, p384_64};

/// Numbers modulo the prime of a curve y^2 = x^3 - 3x + b, whose points are of prime order.
pub(super) trait Field: Copy + PartialEq {
    /// What points are made of when there is nothing yet.
    const ZERO: Self;
    /// x and y of the generator, big-endian.
    const GENERATOR: &'static [u8];
    /// The prime less 2, big-endian: the exponent that inverts.
    const INVERSION: &'static [u8];
    /// The order of the generator, big-endian.
    const ORDER: &'static [u8];
    /// The prime less the order, big-endian, as long as the prime.
    const PRIME_LESS_ORDER: &'static [u8];

    /// One.
    fn one() -> Self;
    /// From big-endian bytes, as many as the prime has. The number is below the prime.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self * self`.
    fn square(self) -> Self;

    /// `self + self`.
    fn double(self) -> Self {
        self.add(self)
    }

    /// `1 / self`, by Fermat; zero stays zero.
    fn invert(self) -> Self {
        Self::INVERSION.iter().fold(Self::one(), |power, byte| {
            (0..8).rev().fold(power, |power, bit| {
                let square = power.square();
                match byte.wrapping_shr(bit) & 1 {
                    1 => square.mul(self),
                    _ => square,
                }
            })
        })
    }
}

/// Numbers modulo 2^256 - 2^224 + 2^192 + 2^96 - 1.
#[derive(Clone, Copy)]
pub(super) struct P256Field(p256_64::fiat_p256_montgomery_domain_field_element);

/// Numbers modulo 2^384 - 2^128 - 2^96 + 2^32 - 1.
#[derive(Clone, Copy)]
pub(super) struct P384Field(p384_64::fiat_p384_montgomery_domain_field_element);

macro_rules! field {
    (
        $field:ident, $limbs:literal, $len:literal, $fiat:ident,
        [$montgomery:ident $plain:ident],
        [$one:ident $from_bytes:ident $to_montgomery:ident $add:ident $sub:ident $mul:ident
         $square:ident]
    ) => {
        impl $field {
            /// The limbs that `write` makes.
            #[inline(always)]
            fn make(write: impl FnOnce(&mut $fiat::$montgomery)) -> Self {
                let mut out = $fiat::$montgomery([0; $limbs]);
                write(&mut out);
                Self(out)
            }
        }

        impl PartialEq for $field {
            /// Numbers in this form are kept below the prime, so each has one form.
            fn eq(&self, other: &Self) -> bool {
                self.0.0 == other.0.0
            }
        }

        impl Field for $field {
            const ZERO: Self = Self($fiat::$montgomery([0; $limbs]));
            const GENERATOR: &'static [u8] = &constants::$fiat::GENERATOR;
            const INVERSION: &'static [u8] = &constants::$fiat::INVERSION;
            const ORDER: &'static [u8] = &constants::$fiat::ORDER;
            const PRIME_LESS_ORDER: &'static [u8] = &constants::$fiat::PRIME_LESS_ORDER;

            fn one() -> Self {
                Self::make(|out| $fiat::$one(out))
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let mut bytes: [u8; $len] = bytes.try_into().ok()?;
                bytes.reverse();
                let mut plain = $fiat::$plain([0; $limbs]);
                $fiat::$from_bytes(&mut plain.0, &bytes);
                Some(Self::make(|out| $fiat::$to_montgomery(out, &plain)))
            }

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self::make(|out| $fiat::$add(out, &self.0, &other.0))
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self::make(|out| $fiat::$sub(out, &self.0, &other.0))
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self::make(|out| $fiat::$mul(out, &self.0, &other.0))
            }

            #[inline(always)]
            fn square(self) -> Self {
                Self::make(|out| $fiat::$square(out, &self.0))
            }
        }
    };
}

field!(
    P256Field, 4, 32, p256_64,
    [fiat_p256_montgomery_domain_field_element fiat_p256_non_montgomery_domain_field_element],
    [fiat_p256_set_one fiat_p256_from_bytes fiat_p256_to_montgomery fiat_p256_add fiat_p256_sub
     fiat_p256_mul fiat_p256_square]
);
field!(
    P384Field, 6, 48, p384_64,
    [fiat_p384_montgomery_domain_field_element fiat_p384_non_montgomery_domain_field_element],
    [fiat_p384_set_one fiat_p384_from_bytes fiat_p384_to_montgomery fiat_p384_add fiat_p384_sub
     fiat_p384_mul fiat_p384_square]
);

/// Spec: SP 800-186 3.2.1.3, 3.2.1.4
mod constants {
    pub(super) mod p256_64 {
        pub(in super::super) const GENERATOR: [u8; 64] = *b"\
            \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
            \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
            \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
            \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
        pub(in super::super) const INVERSION: [u8; 32] = *b"\
            \xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\
            \x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfd";
        pub(in super::super) const ORDER: [u8; 32] = *b"\
            \xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\
            \xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
        pub(in super::super) const PRIME_LESS_ORDER: [u8; 32] = *b"\
            \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
            \x43\x19\x05\x53\x58\xe8\x61\x7b\x0c\x46\x35\x3d\x03\x9c\xda\xae";
    }

    pub(super) mod p384_64 {
        pub(in super::super) const GENERATOR: [u8; 96] = *b"\
            \xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74\
            \x6e\x1d\x3b\x62\x8b\xa7\x9b\x98\x59\xf7\x41\xe0\x82\x54\x2a\x38\
            \x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a\xb7\
            \x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc\x29\
            \xf8\xf4\x1d\xbd\x28\x9a\x14\x7c\xe9\xda\x31\x13\xb5\xf0\xb8\xc0\
            \x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e\x5f";
        pub(in super::super) const INVERSION: [u8; 48] = *b"\
            \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
            \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\
            \xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xfd";
        pub(in super::super) const ORDER: [u8; 48] = *b"\
            \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
            \xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\
            \x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73";
        pub(in super::super) const PRIME_LESS_ORDER: [u8; 48] = *b"\
            \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
            \x00\x00\x00\x00\x00\x00\x00\x00\x38\x9c\xb2\x7e\x0b\xc8\xd2\x1f\
            \xa7\xe5\xf2\x4c\xb7\x4f\x58\x85\x13\x13\xe6\x96\x33\x3a\xd6\x8c";
    }
}
