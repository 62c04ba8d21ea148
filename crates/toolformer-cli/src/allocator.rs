//! The allocator, which keeps memory for what comes next.
//!
//! Tensors of some megabytes come and go with every operation. Memory that is given back to the system has to be cleared
//! by it before it is used again, which was a sixth of the time of filtering.

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of `mimalloc.h`: after how many milliseconds memory is given back.
const PURGE_DELAY: mi_option_t = 15;
const NEVER: std::ffi::c_long = -1;

/// Keeps all memory until the end, unless the environment says otherwise (`MIMALLOC_PURGE_DELAY`). To be called before there
/// are other threads.
pub(crate) fn keep_memory() {
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        #[expect(unsafe_code, reason = "an option of the allocator, set before there are threads")]
        unsafe {
            mi_option_set(PURGE_DELAY, NEVER);
        }
    }
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    fn the_option_is_the_delay() {
        #[expect(unsafe_code, reason = "an option of the allocator is read")]
        let default = unsafe { mi_option_get(PURGE_DELAY) };
        // Another version of mimalloc may number its options differently.
        assert_eq!(default, 1000);
    }
}
