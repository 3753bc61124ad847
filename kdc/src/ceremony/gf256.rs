//! The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (11B), without tables and without branches on data:
//! what the shares of a secret are computed in [docs/specs/ceremony.md 3].

/// Product of two elements. Eight rounds, whatever the operands.
pub(crate) const fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut product, mut bit) = (a, 0, 0);
    while bit < 8 {
        // FF when the bit is set, 00 when it is not.
        product ^= a & ((b >> bit) & 1).wrapping_neg();
        a = (a << 1) ^ (0x1B & (a >> 7).wrapping_neg());
        bit += 1;
    }
    product
}

/// Inverse of an element: its 254th power; 00 has none and gives 00.
pub(crate) const fn inverse(a: u8) -> u8 {
    // 254 = 11111110 in binary: seven squarings, each but the first of the chain followed by a product.
    let mut power = a;
    let mut out = 1;
    let mut i = 0;
    while i < 7 {
        power = mul(power, power);
        out = mul(out, power);
        i += 1;
    }
    out
}

/// The value at `x` of the polynomial that goes through `points` (abscissa, ordinate), by Lagrange. Abscissas are no
/// secret; the caller makes sure that they differ.
pub(crate) fn interpolate(points: &[(u8, u8)], x: u8) -> u8 {
    let mut value = 0;
    for (i, (xi, yi)) in points.iter().enumerate() {
        let mut basis = 1;
        for (j, (xj, _)) in points.iter().enumerate() {
            if i != j {
                basis = mul(basis, mul(x ^ xj, inverse(xi ^ xj)));
            }
        }
        value ^= mul(*yi, basis);
    }
    value
}

/// The value at `x` of the polynomial with these coefficients, the constant first.
pub(crate) fn evaluate(coefficients: &[u8], x: u8) -> u8 {
    coefficients.iter().rev().fold(0, |value, coefficient| mul(value, x) ^ coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Products as one does them on paper: carry-less, then divided by 11B.
    fn paper(a: u8, b: u8) -> u8 {
        let mut wide = 0u16;
        for bit in 0..8 {
            if b >> bit & 1 == 1 {
                wide ^= u16::from(a) << bit;
            }
        }
        for bit in (8..16).rev() {
            if wide >> bit & 1 == 1 {
                wide ^= 0x11B << (bit - 8);
            }
        }
        wide as u8
    }

    #[test]
    fn products_and_inverses_are_those_of_the_field() {
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(mul(a, b), paper(a, b), "{a:02X} x {b:02X}");
            }
            assert_eq!(mul(a, inverse(a)), u8::from(a != 0), "{a:02X}");
        }
        // FIPS 197 4.2 has this product in its text.
        assert_eq!(mul(0x57, 0x83), 0xC1);
    }

    #[test]
    fn a_polynomial_is_found_again_from_its_points() {
        let coefficients = [0x42, 0x00, 0xFE];
        let points = [3, 200, 77].map(|x| (x, evaluate(&coefficients, x)));
        for x in 0..=255 {
            assert_eq!(interpolate(&points, x), evaluate(&coefficients, x));
        }
    }
}
