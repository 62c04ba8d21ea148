//! Fewer items that stand for all.

use std::collections::BTreeMap;

use rand::seq::index::sample;

use crate::{Item, statistics::draw_rng};

/// Draws `count` items, of each category as many as its part of all gives (rounded by largest remainders), in their
/// order. All items, if there are no more.
///
/// ```
/// use toolformer_eval::{Dateset, stratified_sample};
/// let all = Dateset::with_seed(1).items()?;
/// let few = stratified_sample(&all, 940, 1);
/// let near = few.iter().filter(|item| item.category.as_deref() == Some("near-day")).count();
/// assert_eq!((few.len(), near), (940, 400));
/// # Ok::<(), toolformer_eval::EvalError>(())
/// ```
pub fn stratified_sample(items: &[Item], count: usize, seed: u64) -> Vec<Item> {
    if count >= items.len() {
        return items.to_vec();
    }
    let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        strata.entry(item.category.as_deref().unwrap_or_default()).or_default().push(index);
    }
    let mut takes: Vec<(usize, usize)> = strata
        .values()
        .map(|stratum| (stratum.len() * count / items.len(), stratum.len() * count % items.len()))
        .collect();
    let missing = count - takes.iter().map(|(take, _)| take).sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..takes.len()).collect();
    by_remainder.sort_by_key(|&stratum| std::cmp::Reverse(takes[stratum].1));
    for &stratum in by_remainder.iter().take(missing) {
        takes[stratum].0 += 1;
    }
    let mut drawn: Vec<usize> = Vec::with_capacity(count);
    for ((category, stratum), (take, _)) in strata.into_iter().zip(takes) {
        let mut rng = draw_rng(seed, &["stratified sample", category]);
        drawn.extend(sample(&mut rng, stratum.len(), take).into_iter().map(|at| stratum[at]));
    }
    drawn.sort_unstable();
    drawn.into_iter().map(|index| items[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        (0..30).map(|i| Item::new(i.to_string(), Vec::new()).in_category(["a", "b", "b"][i % 3])).collect()
    }

    #[test]
    fn categories_keep_their_parts_and_items_their_order() {
        let few = stratified_sample(&items(), 10, 3);
        let of =
            |category: &str| few.iter().filter(|item| item.category.as_deref() == Some(category)).count();
        assert_eq!((of("a"), of("b")), (3, 7));
        let ids: Vec<usize> = few.iter().map(|item| item.id.parse().unwrap()).collect();
        assert!(ids.is_sorted_by(|one, other| one < other));
        assert_eq!(few, stratified_sample(&items(), 10, 3));
        assert_ne!(few, stratified_sample(&items(), 10, 4));
    }

    #[test]
    fn no_more_than_there_are() {
        assert_eq!(stratified_sample(&items(), 99, 0).len(), 30);
        assert_eq!(stratified_sample(&items(), 0, 0), []);
        assert_eq!(stratified_sample(&[], 5, 0), []);
    }
}
