//! Rows in another order.

use proptest::prelude::*;

use crate::given::{numbers, read, streamed};

proptest! {
    #[test]
    fn every_row_comes_once_and_the_seed_decides(rows in 0..200_usize, seed: u64, buffer in 0..50_usize) {
        let memory = numbers(0..rows);
        for shuffled in [memory.shuffle(seed), streamed(&memory).shuffle_within(seed, buffer)] {
            let found = read(&shuffled);
            prop_assert_eq!(&found, &read(&shuffled));
            let mut sorted = found.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..rows).collect::<Vec<_>>());
        }
        // No row comes earlier than the buffer allows.
        let found = read(&streamed(&memory).shuffle_within(seed, buffer));
        for (place, row) in found.iter().enumerate() {
            prop_assert!(*row < place + buffer.max(1));
        }
    }
}

#[test]
fn seeds_give_different_orders() {
    let set = numbers(0..50);
    let orders: Vec<_> = (0..20).map(|seed| read(&set.shuffle(seed))).collect();
    for (index, order) in orders.iter().enumerate() {
        assert!(!orders[..index].contains(order) && *order != read(&set));
        assert_eq!(*order, read(&set.shuffle(index as u64)));
    }
    assert_eq!(set.shuffle(1).count().unwrap(), 50);
}

/// Each row comes first about equally often.
#[test]
fn shuffling_is_fair() {
    let set = numbers(0..5);
    let mut first = [0; 5];
    for seed in 0..1000 {
        first[read(&set.shuffle(seed))[0]] += 1;
    }
    assert!(first.iter().all(|times| (150..250).contains(times)), "{first:?}");
}
