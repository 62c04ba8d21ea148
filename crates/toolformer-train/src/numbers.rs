//! The numbers that a text writes in digits.

/// Runs of digits with points and commas between them, in order.
pub(crate) fn number_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .map(|run| run.trim_matches(['.', ',']))
        .filter(|run| !run.is_empty())
}

/// The values of the numbers, without their signs, in order. A comma between groups of three digits belongs to its
/// number, another one separates two; what has several points, such as a date or a version, is no number.
pub(crate) fn number_values(text: &str) -> impl Iterator<Item = f64> + '_ {
    let numbers = number_runs(text).flat_map(|run| match without_thousands(run) {
        Some(number) => vec![number],
        None => run.split(',').map(str::to_owned).collect(),
    });
    numbers.filter_map(|number| number.parse().ok()).filter(|value: &f64| value.is_finite())
}

/// `658,893.5` as `658893.5`; none where the commas do not stand between groups of three digits.
fn without_thousands(run: &str) -> Option<String> {
    let whole = run.split('.').next().unwrap_or(run);
    if run[whole.len()..].contains(',') {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().map_or(0, str::len);
    let mut rest = groups.peekable();
    let grouped = rest.peek().is_none() || (1..=3).contains(&first);
    (grouped && rest.all(|group| group.len() == 3)).then(|| run.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[f64]) {
        assert_eq!(number_values(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        check("658,893 / 11.4% of $1,200.50.", &[658_893.0, 11.4, 1200.5]);
        check("<<48/2=24>>24", &[48.0, 2.0, 24.0, 24.0]);
        check("1,2,3 and 1234,567", &[1.0, 2.0, 3.0, 1234.0, 567.0]);
        check("on 14.03.2012, version 1.2.3", &[]);
        check("in 1990-1995, the 3rd; 0.5,7", &[1990.0, 1995.0, 3.0, 0.5, 7.0]);
        check("none, at all.", &[]);
    }
}
