//! Points, and multiples of one point laid out for fast multiplication.
//!
//! A comb of eight teeth: the exponent is cut into eight pieces of equal length, and the bits at
//! one place of all pieces name one of 255 sums that were made beforehand. Two exponents share
//! their doublings.
//!
//! Spec: Lim and Lee, "More flexible exponentiation with precomputation", 1994

use super::field::Field;

/// Multiples of one point: entry `i` is the sum of the teeth that are set in `i`.
///
/// Tooth `t` is the point times 2^(t * columns). Entry 0 is never read.
pub(super) struct Comb<F>(Box<[Affine<F>]>);

/// A point that is not the identity.
#[derive(Clone, Copy)]
struct Affine<F> {
    x: F,
    y: F,
}

/// A point: (x / z^2, y / z^3), or the identity where z is 0.
#[derive(Clone, Copy)]
pub(super) struct Jacobian<F> {
    x: F,
    y: F,
    z: F,
}

impl<F: Field> Comb<F> {
    /// Lays out multiples of the point with these coordinates: x, y, big-endian.
    ///
    /// None if they are of another length. The point is on the curve.
    pub(super) fn new(coordinates: &[u8]) -> Option<Self> {
        let (x, y) = coordinates.split_at_checked(F::ORDER.len())?;
        let point = Affine {
            x: F::from_bytes(x)?,
            y: F::from_bytes(y)?,
        };
        // The sums of teeth so far, and those with the next tooth too.
        let mut sums = vec![Jacobian::identity()];
        for tooth in teeth(point) {
            let more: Vec<_> = sums.iter().map(|sum| sum.add(&tooth)).collect();
            sums.extend(more);
        }
        Some(Self(affine(&sums).into()))
    }

    /// Adds the entry, if there is anything to add.
    fn add_to(&self, sum: Jacobian<F>, entry: u8) -> Jacobian<F> {
        match (entry, self.0.get(usize::from(entry))) {
            (1.., Some(point)) => sum.add(point),
            _ => sum,
        }
    }
}

/// The point times 2^(t * columns) for each tooth `t`.
fn teeth<F: Field>(point: Affine<F>) -> Vec<Affine<F>> {
    let first = Jacobian::identity().add(&point);
    let next = |tooth: &Jacobian<F>| Some((0..F::ORDER.len()).fold(*tooth, |it, _| it.double()));
    let teeth: Vec<_> = std::iter::successors(Some(first), next)
        .take(TEETH)
        .collect();
    affine(&teeth)
}

/// The same points with one inversion for all of them; where there is the identity, zeros.
fn affine<F: Field>(points: &[Jacobian<F>]) -> Vec<Affine<F>> {
    let nonzero = |point: &Jacobian<F>| match point.z == F::ZERO {
        true => F::one(),
        false => point.z,
    };
    // The product of all z before each point, and of all of them.
    let mut product = F::one();
    let mut before = Vec::with_capacity(points.len());
    for point in points {
        before.push(product);
        product = product.mul(nonzero(point));
    }
    // From the last to the first: the inverse of all z up to the point.
    let mut inverse = product.invert();
    let mut out: Vec<_> = points
        .iter()
        .zip(before)
        .rev()
        .map(|(point, before)| {
            let z = inverse.mul(before);
            inverse = inverse.mul(nonzero(point));
            let square = z.square();
            Affine {
                x: point.x.mul(square),
                y: point.y.mul(square).mul(z),
            }
        })
        .collect();
    out.reverse();
    out
}

/// The sum of two points, each times its exponent: as many big-endian bytes as the order has.
pub(super) fn multiply_and_add<F: Field>(
    (first, u): (&Comb<F>, &[u8]),
    (second, v): (&Comb<F>, &[u8]),
) -> Jacobian<F> {
    let columns = columns(u).zip(columns(v));
    columns.fold(Jacobian::identity(), |sum, (u, v)| {
        second.add_to(first.add_to(sum.double(), u), v)
    })
}

/// The entries that an exponent names, from the highest column to the lowest.
fn columns(exponent: &[u8]) -> impl Iterator<Item = u8> {
    // The tooth of the highest bits comes first, and so do the highest columns of each.
    let per_tooth = exponent.len() / TEETH;
    (0..per_tooth).flat_map(move |byte| {
        (0..8u32).rev().map(move |bit| {
            let teeth = exponent.iter().skip(byte).step_by(per_tooth);
            teeth.fold(0u8, |entry, byte| {
                entry.wrapping_shl(1) | (byte.wrapping_shr(bit) & 1)
            })
        })
    })
}

impl<F: Field> Jacobian<F> {
    fn identity() -> Self {
        Self {
            x: F::one(),
            y: F::one(),
            z: F::ZERO,
        }
    }

    /// Whether x is this number, modulo the order: big-endian, below the order.
    ///
    /// The identity has no x.
    pub(super) fn has_x(&self, number: &[u8]) -> bool {
        if self.z == F::ZERO {
            return false;
        }
        // x may be the number, or the number and the order, if that is below the prime.
        let square = self.z.square();
        let is = |x: F| x.mul(square) == self.x;
        let (Some(x), Some(order)) = (F::from_bytes(number), F::from_bytes(F::ORDER)) else {
            return false;
        };
        is(x) || (number < F::PRIME_LESS_ORDER && is(x.add(order)))
    }

    /// Spec: Explicit-Formulas Database, g1p, shortw, jacobian-3, dbl-2001-b
    fn double(&self) -> Self {
        let delta = self.z.square();
        let gamma = self.y.square();
        let beta = self.x.mul(gamma);
        let product = self.x.sub(delta).mul(self.x.add(delta));
        let alpha = product.double().add(product);
        let four_beta = beta.double().double();
        let x = alpha.square().sub(four_beta.double());
        let z = self.y.add(self.z).square().sub(gamma).sub(delta);
        let eight_gamma_squared = gamma.square().double().double().double();
        let y = alpha.mul(four_beta.sub(x)).sub(eight_gamma_squared);
        Self { x, y, z }
    }

    /// Spec: Explicit-Formulas Database, g1p, shortw, jacobian-3, madd
    fn add(&self, other: &Affine<F>) -> Self {
        if self.z == F::ZERO {
            return Self {
                x: other.x,
                y: other.y,
                z: F::one(),
            };
        }
        let z_squared = self.z.square();
        let h = other.x.mul(z_squared).sub(self.x);
        let r = other.y.mul(z_squared).mul(self.z).sub(self.y);
        // The same x: the same point, or its negative.
        if h == F::ZERO {
            return match r == F::ZERO {
                true => self.double(),
                false => Self::identity(),
            };
        }
        let h_squared = h.square();
        let h_cubed = h_squared.mul(h);
        let v = self.x.mul(h_squared);
        let x = r.square().sub(h_cubed).sub(v.double());
        let y = r.mul(v.sub(x)).sub(self.y.mul(h_cubed));
        let z = self.z.mul(h);
        Self { x, y, z }
    }
}

/// Pieces of an exponent; bits of an entry's number.
const TEETH: usize = 8;
