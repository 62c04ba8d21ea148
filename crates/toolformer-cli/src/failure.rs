//! How the program ends when it fails: what is said, and the exit code.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Error;
use toolformer::{data::DataError, decode::DecodeError, train::TrainError};

use crate::set_args::is_wrong_data_usage;

/// Something failed that was asked for rightly.
const FAILED: u8 = 1;
/// What was asked for cannot be, as clap says it too.
const WRONG_USAGE: u8 = 2;

/// A mistake in how the program was called that clap cannot see.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// A [`WrongUsage`] as any error.
pub(crate) fn wrong_usage(text: impl Into<String>) -> Error {
    Error::new(WrongUsage(text.into()))
}

/// Says what went wrong with all of its causes; a reader of our output that went away is no failure.
pub(crate) fn report(error: &Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    // There is nobody left to tell if this fails.
    let _ = io::stderr().write_all(describe(error).as_bytes());
    ExitCode::from(if is_wrong_usage(error) { WRONG_USAGE } else { FAILED })
}

/// The error and each of its causes on a line of its own.
fn describe(error: &Error) -> String {
    let mut causes = error.chain().map(ToString::to_string);
    let mut text = format!("error: {}\n", causes.next().unwrap_or_default());
    for cause in causes {
        text.push_str(&format!("  caused by: {cause}\n"));
    }
    text
}

/// Whether standard output's reader is gone.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe))
}

fn is_wrong_usage(error: &Error) -> bool {
    use {DecodeError::Setting as DecodeSetting, TrainError::Decode, TrainError::Setting};
    error.chain().any(|cause| {
        cause.is::<WrongUsage>()
            || matches!(cause.downcast_ref(), Some(Setting { .. } | Decode(DecodeSetting { .. })))
            || matches!(cause.downcast_ref(), Some(DecodeSetting { .. }))
            || cause.downcast_ref::<DataError>().is_some_and(is_wrong_data_usage)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn every_cause_has_a_line() {
        let error = Error::new(io::Error::other("no disk")).context("cannot write x").context("no model");
        assert_eq!(describe(&error), "error: no model\n  caused by: cannot write x\n  caused by: no disk\n");
    }

    #[test]
    fn kinds_of_failure_are_told_apart() {
        let broken = Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe)).context("x").unwrap_err();
        assert!(is_broken_pipe(&broken) && !is_wrong_usage(&broken));
        assert!(is_wrong_usage(&wrong_usage("x").context("y")));
        let setting = TrainError::Setting { name: "k", why: "is wrong".into() };
        assert!(is_wrong_usage(&Error::new(setting)));
        assert!(!is_wrong_usage(&Error::msg("x")));
    }
}
