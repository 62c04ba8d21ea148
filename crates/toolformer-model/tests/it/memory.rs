//! How much memory a piece of work takes, counted in the allocator for every thread alone.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(bytes: isize) {
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

/// Bytes that this thread has allocated and not given back.
pub(crate) fn live() -> isize {
    LIVE.get()
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
    let (before, kept) = (live(), std::hint::black_box(vec![0_u8; 1 << 20]));
    assert!((1 << 20..1 << 21).contains(&(live() - before)));
    drop(kept);
    assert_eq!(live(), before);
}
