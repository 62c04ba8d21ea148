//! Where texts come from.

use super::Text;
use crate::error::TrainError;

/// Texts, one after the other.
pub type TextIter<'a> = Box<dyn Iterator<Item = Result<Text, TrainError>> + Send + 'a>;

/// Where texts come from. They are never held all at once: whoever needs them again reads them again.
///
/// ```
/// use toolformer_train::{Text, TextSource};
///
/// /// A text for every number.
/// struct Squares(u64);
///
/// impl TextSource for Squares {
///     fn texts(&self) -> Result<toolformer_train::TextIter<'_>, toolformer_train::TrainError> {
///         let text = |n| serde_json::from_value(serde_json::json!({"id": n, "text": format!("{n} squared is {}", n * n)}));
///         Ok(Box::new((0..self.0).map(move |n| {
///             text(n).map_err(|error| toolformer_train::TrainError::Setting { name: "texts", why: error.to_string() })
///         })))
///     }
/// }
///
/// let texts: Vec<Text> = Squares(3).texts()?.collect::<Result<_, _>>()?;
/// assert_eq!(texts[2].text, "2 squared is 4");
/// # Ok::<(), toolformer_train::TrainError>(())
/// ```
pub trait TextSource: Sync {
    /// All texts from the first on: the same ones, with the same ids, however often it is called.
    ///
    /// # Errors
    /// If they cannot be read; so may each text.
    fn texts(&self) -> Result<TextIter<'_>, TrainError>;
}

impl TextSource for &[Text] {
    fn texts(&self) -> Result<TextIter<'_>, TrainError> {
        Ok(Box::new(self.iter().cloned().map(Ok)))
    }
}

impl TextSource for Vec<Text> {
    fn texts(&self) -> Result<TextIter<'_>, TrainError> {
        Ok(Box::new(self.iter().cloned().map(Ok)))
    }
}
