//! Items that are alike, such as the questions about one paragraph, stand or fall together: they are drawn as one.

use std::collections::HashMap;

/// Adds up what the items of a cluster count, in the order in which clusters first appear. An item without one is a
/// cluster of its own.
pub(super) fn by_cluster<'c, const N: usize>(
    items: impl IntoIterator<Item = (Option<&'c str>, [u32; N])>,
) -> Vec<[u32; N]> {
    let mut sums: Vec<[u32; N]> = Vec::new();
    let mut place_of: HashMap<&str, usize> = HashMap::new();
    for (cluster, counts) in items {
        let place = cluster.map_or(sums.len(), |name| *place_of.entry(name).or_insert(sums.len()));
        if place == sums.len() {
            sums.push([0; N]);
        }
        sums[place].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_cluster_are_one() {
        let items =
            [(Some("a"), [1, 1]), (None, [0, 1]), (Some("b"), [1, 1]), (Some("a"), [0, 1]), (None, [1, 1])];
        assert_eq!(by_cluster(items), [[1, 2], [0, 1], [1, 1], [1, 1]]);
        assert_eq!(by_cluster::<1>([]), [[0; 1]; 0]);
    }
}
