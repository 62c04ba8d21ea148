//! What can be wrong with an expression.

/// The longest expression that is read, in bytes.
pub(crate) const MAX_LENGTH: usize = 4096;
/// The deepest nesting of parentheses, signs and powers.
pub(crate) const MAX_DEPTH: usize = 256;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalculatorError {
    /// There is nothing to evaluate.
    #[error("the expression is empty; write one, such as 27 + 4 * 2")]
    Empty,
    /// The expression is too long.
    #[error("the expression has {length} bytes; write at most {MAX_LENGTH}")]
    TooLong {
        /// Its length.
        length: usize,
    },
    /// The expression is nested too deeply.
    #[error("more than {MAX_DEPTH} parentheses, signs or powers in each other; write a simpler expression")]
    TooDeep,
    /// A name; there are none.
    #[error("`{name}` is not known; use numbers, + - * / ^ % and parentheses only")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// A character that means nothing here.
    #[error("unexpected `{character}`; use numbers, + - * / ^ % and parentheses only")]
    UnexpectedCharacter {
        /// The character.
        character: char,
    },
    /// A currency sign that stands before no number.
    #[error("`{sign}` must stand right before a number, as in {sign}5; remove it elsewhere")]
    LoneCurrencySign {
        /// The sign.
        sign: char,
    },
    /// A number that cannot be read.
    #[error("`{text}` is not a number; write it like 12, 1.5 or 1e3")]
    BadNumber {
        /// How it is written.
        text: String,
    },
    /// Commas that do not group thousands.
    #[error("the commas of `{text}` do not group by three; write 1,234 or 1234, and a decimal point as `.`")]
    BadGrouping {
        /// How it is written.
        text: String,
    },
    /// Two values side by side.
    #[error("an operator is missing before `{before}`; write products out, as in 2 * 3")]
    MissingOperator {
        /// What stands there instead.
        before: String,
    },
    /// An operator without a value before it, or before a closing parenthesis.
    #[error("a value is missing before `{before}`; write a number or a parenthesis there")]
    MissingValue {
        /// What stands there instead.
        before: String,
    },
    /// The expression ends with an operator.
    #[error("the expression ends with `{operator}`; write a value after it, or remove it")]
    TrailingOperator {
        /// The operator.
        operator: String,
    },
    /// A `(` is never closed.
    #[error("a `(` is not closed; add a `)`")]
    UnclosedParenthesis,
    /// A `)` closes nothing.
    #[error("a `)` closes nothing; remove it, or add a `(` before it")]
    UnopenedParenthesis,
    /// Division by zero, or zero to a negative power.
    #[error("division by zero; use a divisor other than 0")]
    DivisionByZero,
    /// A value is beyond what can be represented, about 1.8e308.
    #[error("the value is too large; keep every part of the expression below 1e308")]
    Overflow,
    /// A power has no real value, as (-8) ^ 0.5.
    #[error("a fractional power of a negative number is not a real number; use another base or exponent")]
    NotReal,
    /// The expression could not be read for another reason.
    #[error("the expression cannot be read: {reason}; write it like 27 + 4 * 2")]
    Malformed {
        /// What the expression library says.
        reason: String,
    },
}

impl CalculatorError {
    /// Whether the expression is well-formed and only its value is at fault.
    pub(crate) fn is_arithmetic(&self) -> bool {
        matches!(self, Self::DivisionByZero | Self::Overflow | Self::NotReal)
    }
}
