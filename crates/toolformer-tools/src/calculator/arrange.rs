//! Checks an expression and writes it in the narrow form that is handed to exmex.
//!
//! In exmex a sign binds tighter than a power, powers go from the left, and `1 2 +` may pass for an expression.
//! So values and operators are checked to alternate here, and what a sign or a power applies to is put into
//! parentheses: `-2 ^ 3 ^ 2` becomes `-(2^(3^(2)))`. Order and grouping of all else is exmex's work.

use super::{
    error::{CalculatorError, MAX_DEPTH},
    tokens::Token,
};

/// The expression for exmex.
pub(crate) fn arrange(tokens: &[(Token, &str)]) -> Result<String, CalculatorError> {
    let mut out = Arranged { text: String::new(), open: vec![0], depth: 0 };
    let mut wants_value = true;
    for &(token, written) in tokens {
        match (wants_value, token) {
            (true, Token::Number(value)) => {
                out.text.push_str(&format!("{value:e}"));
                wants_value = false;
            }
            (true, Token::Open) => out.open_group()?,
            (true, Token::Plus) => {}
            (true, Token::Minus) => out.open_operand("-(")?,
            (true, _) => return Err(CalculatorError::MissingValue { before: written.to_owned() }),
            (false, Token::Number(_) | Token::Open) => {
                return Err(CalculatorError::MissingOperator { before: written.to_owned() });
            }
            (false, Token::Percent) => out.text.push_str("%1e2"),
            (false, Token::Close) => out.close_group()?,
            (false, Token::Power) => {
                out.open_operand("^(")?;
                wants_value = true;
            }
            (false, Token::Plus) => wants_value = out.operator("+"),
            (false, Token::Minus) => wants_value = out.operator("-"),
            (false, Token::Times) => wants_value = out.operator("*"),
            (false, Token::Over) => wants_value = out.operator("/"),
        }
    }
    match tokens.last() {
        None => Err(CalculatorError::Empty),
        Some((Token::Open, _)) => Err(CalculatorError::UnclosedParenthesis),
        Some((_, operator)) if wants_value => {
            Err(CalculatorError::TrailingOperator { operator: (*operator).to_owned() })
        }
        Some(_) if out.open.len() > 1 => Err(CalculatorError::UnclosedParenthesis),
        Some(_) => {
            out.close_operands();
            Ok(out.text)
        }
    }
}

struct Arranged {
    text: String,
    /// For each open group of the expression, how many operands are open in it.
    open: Vec<usize>,
    /// How many parentheses of `text` are open.
    depth: usize,
}

impl Arranged {
    fn deeper(&mut self, text: &str) -> Result<(), CalculatorError> {
        self.depth += 1;
        self.text.push_str(text);
        if self.depth > MAX_DEPTH { Err(CalculatorError::TooDeep) } else { Ok(()) }
    }

    fn open_group(&mut self) -> Result<(), CalculatorError> {
        self.open.push(0);
        self.deeper("(")
    }

    /// `text` ends in a parenthesis that holds the operand of a sign or a power.
    fn open_operand(&mut self, text: &str) -> Result<(), CalculatorError> {
        if let Some(operands) = self.open.last_mut() {
            *operands += 1;
        }
        self.deeper(text)
    }

    fn close_operands(&mut self) {
        if let Some(operands) = self.open.last_mut() {
            self.text.push_str(&")".repeat(*operands));
            self.depth -= *operands;
            *operands = 0;
        }
    }

    fn close_group(&mut self) -> Result<(), CalculatorError> {
        self.close_operands();
        if self.open.len() < 2 {
            return Err(CalculatorError::UnopenedParenthesis);
        }
        self.open.pop();
        self.depth -= 1;
        self.text.push(')');
        Ok(())
    }

    /// An operator that is looser than signs and powers ends their operands. Returns that a value must follow.
    fn operator(&mut self, text: &str) -> bool {
        self.close_operands();
        self.text.push_str(text);
        true
    }
}
