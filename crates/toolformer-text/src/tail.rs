//! What follows the arguments of a call.

use crate::Syntax;

/// What a text begins with that follows the `)` and the spaces behind it.
pub(crate) enum Tail {
    /// The close marker.
    Close,
    /// An arrow of so many bytes.
    Arrow(usize),
    /// It ends before that is clear: it is empty, or the beginning of a marker.
    Partial,
    /// Something else.
    Other,
}

impl Syntax {
    pub(crate) fn tail(&self, rest: &str) -> Tail {
        if rest.starts_with(self.close()) {
            return Tail::Close;
        }
        if let Some(arrow) = self.arrows().find(|&arrow| rest.starts_with(arrow)) {
            return Tail::Arrow(arrow.len());
        }
        let partial = self.arrows().chain([self.close()]).any(|marker| marker.starts_with(rest));
        if partial { Tail::Partial } else { Tail::Other }
    }
}
