//! What the crate promises of public files, of dates and of calls.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod any_text;
mod calendar_by_hand;
mod dateset;
mod function_calls;
mod own_tasks;
mod public_sets;
#[cfg(feature = "runner")]
mod runner;

/// A file beside these tests.
fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}
