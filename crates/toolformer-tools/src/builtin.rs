//! Tools by their short names.

use toolformer_text::Tool;

use crate::Calculator;

/// The names that [`builtin`] knows.
pub const BUILTIN_NAMES: &[&str] = &["calculator"];

/// The tool with that short name (one of [`BUILTIN_NAMES`]). In text it is called by [`Tool::name`].
///
/// ```
/// let calculator = toolformer_tools::builtin("calculator").ok_or("no such tool")?;
/// assert_eq!(calculator.name(), "Calculator");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn builtin(name: &str) -> Option<Box<dyn Tool>> {
    match name {
        "calculator" => Some(Box::new(Calculator)),
        _ => None,
    }
}
