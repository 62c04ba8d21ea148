//! Child processes: shown before they run, streamed while they run, repeatable after they failed.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    // Read at run time: a binary in a shared target folder may have been built from another checkout.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let manifest = manifest.canonicalize().unwrap_or(manifest);
    manifest.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// A command that starts in the repository's root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // Set by the `cargo run` that started us; build scripts must not see a difference to a plain build.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// `cargo` with these arguments, split at blanks.
pub(crate) fn cargo(args: &str) -> Command {
    let mut command = command("cargo");
    command.args(args.split_whitespace());
    command
}

/// The command as a line for a shell: the variables that we set, then the program and its arguments.
pub(crate) fn shell_line(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy())))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    set.chain(words.map(|word| quoted(&word.to_string_lossy()))).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs the command with its output streamed to ours; its own standard error goes to `stderr`.
///
/// # Errors
/// If it cannot start or does not succeed; the message holds the line that repeats it.
pub(crate) fn run(command: &mut Command) -> Result<Duration> {
    let line = shell_line(command);
    std::io::stdout().flush()?;
    let start = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{line}`: is the program installed?"))?;
    if !status.success() {
        bail!("failed ({status}); to repeat it, run\n    {line}");
    }
    Ok(start.elapsed())
}

/// Like [`run`], announced on standard error and with the command's standard output sent there too.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_quietly(command: &mut Command) -> Result<Duration> {
    eprintln!("$ {}", shell_line(command));
    run(command.stdout(std::io::stderr()))
}

/// Like [`run`], announced on standard error and with the command's standard output written to a file.
///
/// # Errors
/// As [`run`], and if the file cannot be written.
pub(crate) fn run_into(command: &mut Command, out: &Path) -> Result<Duration> {
    eprintln!("$ {} > {}", shell_line(command), out.display());
    let file = std::fs::File::create(out).with_context(|| format!("cannot write {}", out.display()))?;
    run(command.stdout(file))
}

/// Whether `program args` runs and succeeds; says nothing.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let status =
        command(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_pasted() {
        let mut command = Command::new("cargo");
        command
            .args(["doc", "it's here", ""])
            .env("RUSTDOCFLAGS", "-D warnings")
            .env_remove("CARGO_PKG_NAME");
        assert_eq!(shell_line(&command), r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s here' ''");
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(error.contains("sh -c 'exit 3'"), "{error}");
    }
}
