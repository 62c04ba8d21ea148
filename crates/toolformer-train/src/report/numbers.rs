//! Numbers as people read them.

/// `12,345`
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 call`, `2 calls`
pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number of nats, or another of that size, with a true minus sign.
pub(super) fn nats(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    if value < 0.0 && text != "0.00" { format!("\u{2212}{text}") } else { text }
}

/// A setting or the mark of an axis: as short as it is exact.
pub(super) fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    let text = if value != 0.0 && value.abs() < 1e-3 { small(value) } else { rounded.to_string() };
    text.replace('-', "\u{2212}")
}

/// `1e-5`, to six digits.
fn small(value: f64) -> String {
    let text = format!("{value:.5e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// `12 %`; some of a whole is never none of it.
pub(super) fn share(part: usize, whole: usize) -> String {
    match percent(part, whole) {
        _ if part == 0 || whole == 0 => "0 %".to_owned(),
        percent if percent < 0.1 => "<0.1 %".to_owned(),
        percent if percent < 9.95 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

/// From 0 to 100, to one digit.
pub(super) fn percent(part: usize, whole: usize) -> f64 {
    (part as f64 / whole.max(1) as f64 * 1000.0).min(1000.0).round() / 10.0
}

/// A time as people say it.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        _ if seconds < 90.0 => format!("{seconds:.0} s"),
        _ if seconds < 5400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// With its sign, a true minus, and one decimal.
pub(super) fn signed(value: f64) -> String {
    format!("{value:+.1}").replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2].map(|n| counted(n, "call")), ["1 call", "2 calls"]);
        assert_eq!([0.0, -0.001, -1.5].map(nats), ["0.00", "0.00", "\u{2212}1.50"]);
        assert_eq!(
            [0.0, 0.5, -2.0, 1e-5, 2.5e-4, 3.0 * 1e-4, 0.1 + 0.2].map(plain),
            ["0", "0.5", "\u{2212}2", "1e\u{2212}5", "2.5e\u{2212}4", "3e\u{2212}4", "0.3"]
        );
        assert_eq!(
            [(0, 0), (1, 3000), (1, 30), (1, 2)].map(|(a, b)| share(a, b)),
            ["0 %", "<0.1 %", "3.3 %", "50 %"]
        );
        assert_eq!([0.04, 45.0, 300.0, 7200.0].map(span), ["0.0 s", "45 s", "5 min", "2.0 h"]);
        assert_eq!(percent(7, 2), 100.0);
    }
}
