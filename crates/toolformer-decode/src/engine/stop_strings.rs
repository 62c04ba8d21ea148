//! Strings that end a completion, matched on text however it is cut into tokens.

/// Where the first of `stops` begins that ends behind `checked` and begins at `from` or later.
pub(super) fn find_stop(text: &[u8], from: usize, checked: usize, stops: &[String]) -> Option<usize> {
    let longest = stops.iter().map(String::len).max()?;
    let from = from.max((checked + 1).saturating_sub(longest));
    let found = stops.iter().filter_map(|stop| {
        let starts = from.max((checked + 1).saturating_sub(stop.len()))..;
        let at =
            text.get(starts.clone())?.windows(stop.len().max(1)).position(|part| part == stop.as_bytes())?;
        Some(starts.start + at)
    });
    found.min()
}

/// How many bytes at the end of `text` could be the beginning of one of `stops`.
pub(super) fn begun_stop(text: &[u8], stops: &[String]) -> usize {
    let begun = |stop: &String| {
        let most = stop.len().saturating_sub(1).min(text.len());
        (1..=most).rev().find(|&len| text.ends_with(&stop.as_bytes()[..len])).unwrap_or(0)
    };
    stops.iter().map(begun).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_counts_and_what_was_looked_at_does_not() {
        let stops = ["lo w".to_owned(), "wor".to_owned()];
        let find = |from, checked| find_stop(b"hello world", from, checked, &stops);
        assert_eq!(find(0, 0), Some(3));
        assert_eq!(find(0, 6), Some(3)); // `w` is new
        assert_eq!(find(0, 7), Some(6));
        assert_eq!(find(4, 0), Some(6));
        assert_eq!(find(0, 9), None);
        assert_eq!(find_stop(b"x", 0, 0, &[]), None);
    }

    #[test]
    fn beginnings_of_stops_are_kept_back() {
        let stops = ["aab".to_owned(), "\u{20ac}!".to_owned()];
        let check = |text: &str, len| assert_eq!(begun_stop(text.as_bytes(), &stops), len, "{text}");
        check("", 0);
        check("xa", 1);
        check("aaa", 2);
        check("aab", 0);
        check("x\u{20ac}", 3);
        assert_eq!(begun_stop(b"x\xe2\x82", &stops), 2);
    }
}
