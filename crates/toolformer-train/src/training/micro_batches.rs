//! Parts of a step that go through the model at once.

/// Cuts examples that are sorted by length into parts of at most `budget` tokens each, the longest first, so that a step that
/// does not fit shows at its beginning. A part has one example at least.
pub(crate) fn micro_batches<T>(examples: &[T], budget: usize, len: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let mut rest = examples;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fits = |example: &&T| {
            tokens += len(example);
            tokens <= budget
        };
        let count = rest.iter().rev().take_while(fits).count().max(1);
        let (shorter, part) = rest.split_at(rest.len() - count);
        parts.push(part);
        rest = shorter;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lens: &[usize], budget: usize, expected: &[&[usize]]) {
        assert_eq!(micro_batches(lens, budget, |&len| len), expected);
    }

    #[test]
    fn parts_keep_to_the_budget() {
        check(&[], 5, &[]);
        check(&[1, 2, 3, 9], 5, &[&[9], &[2, 3], &[1]]);
        check(&[2, 2, 2], 6, &[&[2, 2, 2]]);
        check(&[3, 3], 1, &[&[3], &[3]]);
    }
}
