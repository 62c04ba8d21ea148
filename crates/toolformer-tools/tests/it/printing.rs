//! How values are printed.

use toolformer_tools::{evaluate, format_value};

#[track_caller]
fn check(value: f64, expected: &str) {
    assert_eq!(format_value(value), expected, "{value}");
    if !expected.trim_matches(['0', '.', '-']).is_empty() {
        assert_eq!(
            format_value(-value),
            expected.strip_prefix('-').map_or(format!("-{expected}"), str::to_owned)
        );
    }
}

#[test]
fn integers() {
    check(0.0, "0");
    check(-0.0, "0");
    check(35.0, "35");
    check(-7.0, "-7");
    check(1.0 + 9e-10, "1");
    check(1.0 - 1e-10, "1");
    check(-1e-10, "0");
    check(1.0 + 1e-8, "1.00");
    check(1e15, "1000000000000000");
    check(9_007_199_254_740_991.0, "9007199254740991");
    check(2f64.powi(70), "1180591620717411303424");
    assert!(format_value(f64::MAX).bytes().all(|b| b.is_ascii_digit()));
}

#[test]
fn decimals() {
    check(0.29, "0.29");
    check(85.0 / 23.0, "3.70");
    check(3.999, "4.00");
    check(0.999, "1.00");
    check(9.999, "10.00");
    check(99.995, "100.00");
    check(0.001, "0.00");
    check(-0.001, "0.00");
    check(0.004999, "0.00");
    check(0.005, "0.01");
    check(0.1 + 0.2, "0.30");
    check(123_456_789.127, "123456789.13");
    check(12_345_678_901_234.56, "12345678901234.56");
    check(4_503_599_627_370_495.5, "4503599627370495.50");
}

#[test]
fn halves_are_those_of_the_decimal_reading() {
    check(0.125, "0.13");
    check(0.135, "0.14");
    check(2.675, "2.68");
    check(1.005, "1.01");
    check(1.045, "1.05");
    check(10.235, "10.24");
    check(1_000_000.005, "1000000.01");
    check(55_332_612_992.224_98, "55332612992.22");
    check(55_332_612_992.225, "55332612992.23");
    check(99_999_999.995, "100000000.00");
    check(123_456_789.5, "123456789.50");
    check(2.674_999_999, "2.67");
    assert_eq!(evaluate("1.15 * 1.5").map(format_value).as_deref(), Ok("1.73"));
    assert_eq!(evaluate("0.285 * 100 / 100").map(format_value).as_deref(), Ok("0.29"));
}

#[test]
fn every_thousandth_rounds_as_its_decimal_does() {
    for thousandths in 0..200_000_u64 {
        let hundredths = (thousandths + 5) / 10;
        let expected = if thousandths % 1000 == 0 {
            (thousandths / 1000).to_string()
        } else {
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        };
        assert_eq!(format_value(thousandths as f64 / 1000.0), expected, "{thousandths}");
    }
}

#[test]
fn not_finite() {
    assert_eq!(format_value(f64::INFINITY), "inf");
    assert_eq!(format_value(f64::NAN), "NaN");
}
