//! "Did you mean …?"

/// The name nearest to `wanted`, if one is near enough to be meant.
pub(crate) fn closest_name<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().collect();
    // One slip in three letters, no more than three: beyond that it is another word.
    let allowed = wanted.len().div_ceil(3).min(3);
    let distances = names.map(|name| {
        let other: Vec<char> = name.to_lowercase().chars().collect();
        // The lengths alone are a lower bound; it also keeps an absurdly long name from costing much.
        let bound = wanted.len().abs_diff(other.len());
        (if bound > allowed { bound } else { edit_distance(&wanted, &other) }, name)
    });
    distances.filter(|&(distance, _)| distance <= allowed).min().map(|(_, name)| name)
}

/// Levenshtein's distance: insertions, deletions and replacements of single characters.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
