//! Tools by their short names.

use toolformer_text::Tool;

use crate::{Calculator, Calendar};

/// The names that [`builtin`] knows.
pub const BUILTIN_NAMES: &[&str] = &["calculator", "calendar"];

/// What the tools of [`builtin`] are lent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BuiltinSettings {
    /// The calendar, with its clock.
    pub calendar: Calendar,
}

impl BuiltinSettings {
    /// Tools that take the day from `calendar`.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar }
    }
}

/// The tool with that short name (one of [`BUILTIN_NAMES`]). In text it is called by [`Tool::name`].
///
/// ```
/// use toolformer_tools::{BuiltinSettings, Calendar, builtin, iso_date};
/// let settings = BuiltinSettings::new(Calendar::on(iso_date("2023-01-30")?));
/// let calendar = builtin("calendar", &settings).ok_or("no such tool")?;
/// assert_eq!(calendar.name(), "Calendar");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn builtin(name: &str, settings: &BuiltinSettings) -> Option<Box<dyn Tool>> {
    match name {
        "calculator" => Some(Box::new(Calculator)),
        "calendar" => Some(Box::new(settings.calendar.clone())),
        _ => None,
    }
}
