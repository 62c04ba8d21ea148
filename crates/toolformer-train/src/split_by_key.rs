//! Examples that are held out, with all of their kind.

use std::collections::{BTreeMap, HashSet};

use rand::seq::SliceRandom as _;
use toolformer_decode::draw_rng;

/// The numbers of the items of each key, in the order of their first item.
pub(crate) fn by_key<T>(items: &[T], key: impl Fn(&T) -> String) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let place = *places.entry(key(item)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(number);
    }
    groups
}

/// Holds out a `part` of the keys, drawn by the seed, each with all of its items. Returns the others and those held out, in
/// their order.
pub(crate) fn split_by_key<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    part: f64,
    seed: u64,
) -> (Vec<T>, Vec<T>) {
    let mut groups = by_key(&items, key);
    let wanted = (part * groups.len() as f64).round() as usize;
    groups.shuffle(&mut draw_rng(seed, &["held-out keys"]));
    let held_out: HashSet<usize> = groups.into_iter().take(wanted).flatten().collect();
    let (held_out, others): (Vec<_>, Vec<_>) =
        items.into_iter().enumerate().partition(|(number, _)| held_out.contains(number));
    let plain = |numbered: Vec<(usize, T)>| numbered.into_iter().map(|(_, item)| item).collect();
    (plain(others), plain(held_out))
}
