//! Work done by several threads, its results taken in order.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

/// Results that may be ready before the one that is waited for, for each worker: they are held in memory, and
/// lost if the process is killed.
const AHEAD: usize = 2;

/// Does `work` on `items`, which are asked for one at a time, on `workers` threads, and hands the results to `take` in
/// the items' order, on the calling thread. The first error of `take`, or a panic of `work`, ends it: no further work is
/// begun.
pub(crate) fn in_order<I, T: Send, E>(
    workers: usize,
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(I) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let state = State { items: items.fuse(), next: 0, taken: 0, stopped: false };
    let turns = Turns { state: Mutex::new(state), changed: Condvar::new(), ahead: AHEAD * workers };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers {
            let (sender, turns, work) = (sender.clone(), &turns, &work);
            scope.spawn(move || {
                let _stop_on_panic = StopOnPanic(turns);
                while let Some((i, item)) = turns.next() {
                    if sender.send((i, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut wanted = 0;
        for (i, result) in receiver {
            early.insert(i, result);
            while let Some(result) = early.remove(&wanted) {
                if let Err(error) = take(result) {
                    turns.stop();
                    return Err(error);
                }
                wanted += 1;
                turns.taken(wanted);
            }
        }
        Ok(())
    })
}

/// Who does what next.
struct Turns<I> {
    state: Mutex<State<I>>,
    changed: Condvar,
    ahead: usize,
}

struct State<I> {
    items: I,
    next: usize,
    taken: usize,
    stopped: bool,
}

impl<I: Iterator> Turns<I> {
    /// The next piece of work with its number, once it is near enough to what was taken last.
    fn next(&self) -> Option<(usize, I::Item)> {
        let far = |state: &mut State<I>| !state.stopped && state.next >= state.taken + self.ahead;
        let state = self.changed.wait_while(self.lock(), far);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        let Some(item) = state.items.next() else {
            // Nobody need wait for a turn that does not come.
            state.stopped = true;
            self.changed.notify_all();
            return None;
        };
        state.next += 1;
        Some((state.next - 1, item))
    }

    fn taken(&self, taken: usize) {
        self.lock().taken = taken;
        self.changed.notify_all();
    }
}

impl<I> Turns<I> {
    fn lock(&self) -> MutexGuard<'_, State<I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

struct StopOnPanic<'a, I>(&'a Turns<I>);

impl<I> Drop for StopOnPanic<'_, I> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for workers in [1, 2, 5] {
            let mut seen = Vec::new();
            let slow_first = |i: usize| {
                thread::sleep(std::time::Duration::from_millis((20 - i as u64) / 4));
                i
            };
            in_order(workers, 0..20, slow_first, |i| {
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
        assert_eq!(in_order(2, 0..10_000, work, |i: usize| if i == 3 { Err(i) } else { Ok(()) }), Err(3));
        assert!(begun.load(Ordering::Relaxed) < 100);
    }

    #[test]
    fn nobody_runs_far_ahead_of_a_slow_one() {
        let begun = AtomicUsize::new(0);
        let work = |i| {
            begun.fetch_add(1, Ordering::Relaxed);
            if i == 0 {
                thread::sleep(std::time::Duration::from_millis(50));
                assert!(begun.load(Ordering::Relaxed) <= AHEAD * 3);
            }
        };
        in_order(3, 0..100, work, Ok::<(), ()>).unwrap();
    }

    #[test]
    #[should_panic = "a scoped thread panicked"]
    fn a_panic_ends_the_work() {
        let _ = in_order(3, 0..1000, |i| assert!(i != 5), Ok::<(), ()>);
    }

    #[test]
    #[should_panic = "a scoped thread panicked"]
    fn so_does_a_panic_of_the_items() {
        let items = (0..1000).inspect(|&i| assert!(i != 5));
        let _ = in_order(3, items, |_| (), Ok::<(), ()>);
    }

    #[test]
    fn items_are_asked_for_as_they_are_needed() {
        let asked = AtomicUsize::new(0);
        let items = (0..100).inspect(|_| {
            asked.fetch_add(1, Ordering::Relaxed);
        });
        let stop_at_ten = |i| if i == 10 { Err(()) } else { Ok(()) };
        assert_eq!(in_order(2, items, |i: usize| i, stop_at_ten), Err(()));
        assert!(asked.load(Ordering::Relaxed) <= 11 + 2 * AHEAD);
    }
}
