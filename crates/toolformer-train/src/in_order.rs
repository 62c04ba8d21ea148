//! Work done by several threads, its results taken in order.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

/// Results that may be ready before the one that is waited for, for each worker: they are held in memory, and
/// lost if the process is killed.
const AHEAD: usize = 2;

/// Computes `work(0), work(1), ...` up to `count` on `workers` threads and hands the results to `take` in this
/// order, on the calling thread. The first error of `take`, or a panic of `work`, ends it: no further work is begun.
pub(crate) fn in_order<T: Send, E>(
    workers: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let turns =
        Turns { state: Mutex::new(State::default()), changed: Condvar::new(), ahead: AHEAD * workers, count };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers.min(count) {
            let (sender, turns, work) = (sender.clone(), &turns, &work);
            scope.spawn(move || {
                while let Some(i) = turns.next() {
                    let _stop_on_panic = StopOnPanic(turns);
                    if sender.send((i, work(i))).is_err() {
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
struct Turns {
    state: Mutex<State>,
    changed: Condvar,
    ahead: usize,
    count: usize,
}

#[derive(Default)]
struct State {
    next: usize,
    taken: usize,
    stopped: bool,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece of work, once it is near enough to what was taken last.
    fn next(&self) -> Option<usize> {
        let far = |state: &mut State| {
            !state.stopped && state.next < self.count && state.next >= state.taken + self.ahead
        };
        let state = self.changed.wait_while(self.lock(), far);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped || state.next >= self.count {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn taken(&self, taken: usize) {
        self.lock().taken = taken;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

struct StopOnPanic<'a>(&'a Turns);

impl Drop for StopOnPanic<'_> {
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
        in_order(3, 100, work, Ok::<(), ()>).unwrap();
    }

    #[test]
    #[should_panic = "a scoped thread panicked"]
    fn a_panic_ends_the_work() {
        let _ = in_order(3, 1000, |i| assert!(i != 5), Ok::<(), ()>);
    }
}
