//! Numbers as the paper prints them.

/// Within this of an integer, a value prints as that integer.
const INTEGER_TOLERANCE: f64 = 1e-9;
/// So many decimal digits survive a round trip through `f64`.
const RELIABLE_DIGITS: usize = 15;

/// Prints a value: as an integer where it is within 1e-9 of one, else with two decimals, half away from zero.
///
/// The half is that of the decimal reading: the value is first taken to its 15 reliable decimal digits, so
/// 2.675 gives `2.68` and 1.15 * 1.5 gives `1.73`, though both are a hair below as binary numbers. Integers
/// print in full without an exponent; beyond 2^53 they are the value that the `f64` holds, digit by digit.
/// There is no negative zero. A value that is not finite prints as Rust prints it.
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
    let whole_digits = format!("{:.0}", value.abs().trunc()).len();
    // At least three, to have a digit to round by.
    let decimals = RELIABLE_DIGITS.saturating_sub(whole_digits).max(3);
    let written = format!("{:.decimals$}", value.abs());
    let kept = written.len() - decimals + 2;
    let digits = written[..kept].bytes().filter(u8::is_ascii_digit);
    let truncated = digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let hundredths = truncated + u64::from(written.as_bytes()[kept] >= b'5');
    let sign = if value < 0.0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}
