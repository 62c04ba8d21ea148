//! What a function may return to be a tool.

use crate::ToolError;

/// A type that a [`TypedTool`](crate::TypedTool)'s function can return: a text, a number, a `bool`, an
/// `Option` (`None` is [`ToolError::NoResult`]) or a `Result` of these with an error that becomes a
/// [`ToolError`] (a `String` is [`ToolError::Failed`]).
pub trait ToolOutput {
    /// The result as text.
    ///
    /// # Errors
    /// If the function gave none.
    fn into_result(self) -> Result<String, ToolError>;
}

macro_rules! printed {
    ($($type:ty),*) => {$(
        impl ToolOutput for $type {
            fn into_result(self) -> Result<String, ToolError> {
                Ok(self.to_string())
            }
        }
    )*};
}

printed!(&str, bool, char, i32, i64, u32, u64, usize, f32, f64);

impl ToolOutput for String {
    fn into_result(self) -> Result<String, ToolError> {
        Ok(self)
    }
}

impl<T: ToolOutput> ToolOutput for Option<T> {
    fn into_result(self) -> Result<String, ToolError> {
        self.ok_or(ToolError::NoResult)?.into_result()
    }
}

impl<T: ToolOutput, E: Into<ToolError>> ToolOutput for Result<T, E> {
    fn into_result(self) -> Result<String, ToolError> {
        self.map_err(Into::into)?.into_result()
    }
}

impl From<String> for ToolError {
    fn from(reason: String) -> Self {
        Self::Failed { reason }
    }
}

impl From<&str> for ToolError {
    fn from(reason: &str) -> Self {
        Self::failed(reason)
    }
}
