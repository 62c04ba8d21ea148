//! Numbers as the paper prints them.

/// Within this of an integer, a value prints as that integer.
const INTEGER_TOLERANCE: f64 = 1e-9;
/// So many significant decimal digits survive any computation of a few steps.
const RELIABLE_DIGITS: usize = 15;
/// With more digits than these before the point, too few reliable ones are left behind it to round by.
const MAX_CLEANED_WHOLE_DIGITS: usize = 8;

/// Prints a value: as an integer where it is within 1e-9 of one, else with two decimals, half away from zero.
///
/// The half is that of the decimal reading, not of the binary number: below 1e8 the value is first taken to 15
/// significant digits, so that 2.675 gives `2.68` and 1.15 * 1.5 gives `1.73` though both are a hair below as
/// `f64`; larger values are taken as the shortest decimal that stands for the same `f64`. Integers print in
/// full without an exponent; beyond 2^53 they are the value that the `f64` holds, digit by digit. There is no
/// negative zero. A value that is not finite prints as Rust prints it.
///
/// ```
/// use toolformer_tools::format_value;
/// assert_eq!(format_value(35.0), "35");
/// assert_eq!(format_value(3.999), "4.00");
/// assert_eq!(format_value(-0.125), "-0.13");
/// ```
pub fn format_value(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let nearest = value.round();
    if (value - nearest).abs() <= INTEGER_TOLERANCE {
        // Adding zero turns -0 into 0.
        return format!("{:.0}", nearest + 0.0);
    }
    let size = value.abs();
    let whole_digits = format!("{:.0}", size.trunc()).len();
    let written = if whole_digits <= MAX_CLEANED_WHOLE_DIGITS {
        format!("{size:.*}", RELIABLE_DIGITS - whole_digits)
    } else {
        size.to_string()
    };
    let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
    let mut digits = fraction.bytes().chain(std::iter::repeat(b'0'));
    let kept = whole.bytes().chain(digits.by_ref().take(2));
    let truncated = kept.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let hundredths = truncated + u64::from(digits.next() >= Some(b'5'));
    let sign = if value < 0.0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}
