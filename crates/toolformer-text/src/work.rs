//! How much reading was done, and how much may be.

/// Counts bytes read and table entries filled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    /// So much was done.
    pub(crate) spent: usize,
    /// A [`Reader`](crate::reader::Reader) pauses where this is reached.
    pub(crate) allowed: usize,
}

impl Work {
    /// How much may still be done.
    pub(crate) fn left(&self) -> usize {
        self.allowed.saturating_sub(self.spent)
    }

    /// Allows `more` from here on, whatever was left.
    pub(crate) fn allow_only(&mut self, more: usize) {
        self.allowed = self.spent.saturating_add(more);
    }
}
