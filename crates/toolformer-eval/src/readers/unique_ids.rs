//! Ids that stand for one item each.

use std::collections::HashSet;

use crate::Item;

/// Gives an id that was there before a `#2`, `#3` and so on.
pub(crate) fn make_ids_unique(items: &mut [Item]) {
    let mut seen: HashSet<String> = HashSet::with_capacity(items.len());
    for item in items {
        if seen.contains(&item.id) {
            let mut number = 2;
            while seen.contains(&format!("{}#{number}", item.id)) {
                number += 1;
            }
            item.id = format!("{}#{number}", item.id);
        }
        seen.insert(item.id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_items_get_a_number() {
        let mut items: Vec<_> = ["a", "b", "a", "a#2", "a"].map(|id| Item::new(id, Vec::new())).into();
        make_ids_unique(&mut items);
        assert_eq!(
            items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(),
            ["a", "b", "a#2", "a#2#2", "a#3"]
        );
    }
}
