//! A calculator for what people and language models write.

mod arrange;
mod checked;
mod error;
mod format_value;
mod grammar;
mod tokens;

use exmex::{Express, FlatEx};
use toolformer_text::{ArgumentGrammar, Parameters, Tool, ToolError, unquoted};

pub use error::CalculatorError;
pub use format_value::format_value;

use checked::{Checked, Literals, Operators};

/// Evaluates an arithmetic expression and prints the value as the paper does: an integer bare, anything else
/// with two decimals. See [`evaluate`] for what it reads and [`format_value`] for how it rounds. An expression
/// as a whole may stand in quotes.
///
/// ```
/// use toolformer_text::Tool;
/// use toolformer_tools::Calculator;
/// assert_eq!(Calculator.call("27 + 4 * 2")?, "35");
/// assert_eq!(Calculator.call("400 / 1400")?, "0.29");
/// assert_eq!(Calculator.call("85 / 23")?, "3.70");
/// # Ok::<(), toolformer_text::ToolError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calculator;

impl Tool for Calculator {
    fn name(&self) -> &str {
        "Calculator"
    }

    fn description(&self) -> &str {
        "Evaluates an arithmetic expression with + - * / ^ % and parentheses, such as (27 + 4) * 2."
    }

    fn parameters(&self) -> Parameters {
        Parameters::text("expression")
    }

    fn argument_grammar(&self) -> ArgumentGrammar {
        grammar::grammar()
    }

    fn is_pure(&self) -> bool {
        true
    }

    fn call(&self, args: &str) -> Result<String, ToolError> {
        evaluate(&unquoted(args)).map(format_value).map_err(|error| {
            let reason = error.to_string();
            if error.is_arithmetic() { ToolError::failed(reason) } else { ToolError::bad_arguments(reason) }
        })
    }
}

/// The value of an expression. Always finite.
///
/// - **Operators**, from the loosest: `+` and `-`; `*` and `/`, both from the left; a sign before a value;
///   `^` (or `**`), from the right. So `10 - 2 - 3` is 5, `-2 ^ 2` is -4, `2 ^ 3 ^ 2` is 512 and `2 ^ -1` is
///   0.5. `−` and `–` are minus, `×`, `·` and an `x` after a value are times, `÷` is divided by.
/// - **Numbers**: `12`, `1.5`, `.5`, `5.`, `1e3`. Commas group thousands, strictly by three: `658,893` and
///   `1,234.5`, but `1,2` is an error. `$`, `€` and `£` before a number are dropped.
/// - **`n%`** is n / 100 wherever it stands, also after a parenthesis, and binds tighter than all else; it is
///   never a remainder.
/// - A product must be written out: `2(3)` and `1 2` are errors.
///
/// ```
/// assert_eq!(toolformer_tools::evaluate("$1,200 × 5%")?, 60.0);
/// # Ok::<(), toolformer_tools::CalculatorError>(())
/// ```
///
/// # Errors
/// If the expression is malformed, too long or nested too deeply, or if it, or a part of it, has no finite
/// value.
pub fn evaluate(expression: &str) -> Result<f64, CalculatorError> {
    let arranged = arrange::arrange(&tokens::tokenize(expression)?)?;
    let malformed = |error: exmex::ExError| CalculatorError::Malformed { reason: error.to_string() };
    // Without exmex's folding of constants: it takes quadratic time, and there is nothing else to fold here.
    let parsed = FlatEx::<Checked, Operators, Literals>::parse_wo_compile(&arranged).map_err(malformed)?;
    parsed.eval(&[]).map_err(malformed)?.value()
}
