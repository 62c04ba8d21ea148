//! Work done by several threads, its results taken in order.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// Computes `work(0), work(1), ...` up to `count` on `workers` threads and hands the results to `take` in this
/// order, on the calling thread. The first error of `take` ends it; no further work is begun then.
pub(crate) fn in_order<T: Send, E>(
    workers: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(workers);
        for _ in 0..workers.min(count) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    // The receiver is gone once `take` has failed.
                    if i >= count || sender.send((i, work(i))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut wanted = 0;
        for (i, result) in &receiver {
            early.insert(i, result);
            while let Some(result) = early.remove(&wanted) {
                take(result)?;
                wanted += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for workers in [1, 2, 5] {
            let mut seen = Vec::new();
            let slow_first = |i: usize| {
                thread::sleep(std::time::Duration::from_millis((20 - i as u64) / 4));
                i
            };
            in_order(workers, 20, slow_first, |i| {
                seen.push(i);
                Ok::<(), ()>(())
            })
            .unwrap();
            assert_eq!(seen, (0..20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let begun = AtomicUsize::new(0);
        let work = |i| {
            begun.fetch_add(1, Ordering::Relaxed);
            i
        };
        assert_eq!(in_order(2, 10_000, work, |i: usize| if i == 3 { Err(i) } else { Ok(()) }), Err(3));
        assert!(begun.load(Ordering::Relaxed) < 100);
    }
}
