//! Whether processes are left.

use std::{fs, path::Path, thread, time::Duration};

/// The process id that a program wrote into a file.
#[track_caller]
pub(crate) fn pid_in(file: &Path) -> u32 {
    patiently(|| fs::read_to_string(file).ok()?.trim().parse().ok()).expect("no process id")
}

/// Waits until a process has ended; being ended takes it a moment.
#[track_caller]
pub(crate) fn assert_gone(pid: u32) {
    let gone = patiently(|| (!is_running(pid)).then_some(()));
    assert!(gone.is_some(), "process {pid} is left");
}

fn is_running(pid: u32) -> bool {
    // One that nobody has waited for yet is a zombie, `Z`.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Looks again and again, for ten seconds.
pub(crate) fn patiently<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..1000 {
        if let Some(found) = look() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

#[test]
fn a_running_process_is_seen() {
    assert!(is_running(std::process::id()));
    assert!(!is_running(u32::MAX));
}
