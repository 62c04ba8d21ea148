//! What holds where a file says nothing.

use std::time::Duration;

/// What holds for tools where a [`ToolsFile`](crate::ToolsFile) says nothing.
///
/// ```
/// use std::{path::Path, time::Duration};
/// use toolformer_tools::{ToolsFile, ToolsFileDefaults};
/// let text = "[tools.Sleep]\nkind = \"command\"\nargv = [\"sleep\", \"{text}\"]";
/// let defaults = ToolsFileDefaults::new().with_timeout(Duration::from_secs(60));
/// let file = ToolsFile::parse_with(text, Path::new("."), &defaults)?;
/// // A little more than that, for the program to be ended.
/// assert_eq!(file.tools()[0].timeout(), Some(Duration::from_secs(62)));
/// # Ok::<(), toolformer_tools::ToolsFileError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolsFileDefaults {
    timeout: Option<Duration>,
}

impl ToolsFileDefaults {
    /// What the documentation of [`ToolsFile`](crate::ToolsFile) says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time that a call has, without `timeout_seconds`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The time that a call has, where there is one.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}
