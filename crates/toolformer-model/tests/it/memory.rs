//! How much memory a piece of work takes, counted in the allocator: for every thread alone, and for all.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicIsize, Ordering},
};

static LIVE_IN_ALL: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: isize) {
    LIVE_IN_ALL.fetch_add(bytes, Ordering::Relaxed);
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

#[expect(unsafe_code, reason = "an allocator that counts what it hands on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }
}

/// Bytes that the process has allocated and not given back.
pub(crate) fn live() -> isize {
    LIVE_IN_ALL.load(Ordering::Relaxed)
}

/// Runs `work` and returns the bytes that it had allocated at most, besides what was there before.
pub(crate) fn peak_of(work: impl FnOnce()) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    work();
    (PEAK.get() - before).try_into().unwrap_or(0)
}

#[test]
fn what_is_allocated_is_counted() {
    let peak = peak_of(|| drop(std::hint::black_box(vec![0_u8; 1 << 20])));
    assert!((1 << 20..1 << 21).contains(&peak), "{peak}");
    // Other tests may run beside it.
    let kept = std::hint::black_box(vec![0_u8; 1 << 20]);
    assert!(live() >= 1 << 20);
    drop(kept);
}
