//! A slow and obvious evaluator, to compare with: recursive descent, straight from the documented grammar.

/// The value, or `None` for whatever is refused.
pub(crate) fn evaluate(expression: &str) -> Option<f64> {
    let chars: Vec<char> = expression.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0 };
    let value = reader.sum()?;
    reader.skip_space();
    (reader.at == chars.len()).then_some(value)
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, any: &str) -> Option<char> {
        self.skip_space();
        let c = *self.chars.get(self.at)?;
        any.contains(c).then(|| {
            self.at += 1;
            c
        })
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        while let Some(sign) = self.eat("+-−–") {
            let other = self.product()?;
            value = finite(if sign == '+' { value + other } else { value - other })?;
        }
        Some(value)
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.signed()?;
        while let Some(sign) = self.eat("*/×·÷xX") {
            let other = self.signed()?;
            value = finite(if "/÷".contains(sign) { value / other } else { value * other })?;
        }
        Some(value)
    }

    fn signed(&mut self) -> Option<f64> {
        match self.eat("+-−–") {
            Some('+') => self.signed(),
            Some(_) => Some(-self.signed()?),
            None => self.power(),
        }
    }

    fn power(&mut self) -> Option<f64> {
        let base = self.percent()?;
        let stars = {
            self.skip_space();
            self.chars[self.at..].starts_with(&['*', '*'])
        };
        if stars {
            self.at += 2;
        } else if self.eat("^").is_none() {
            return Some(base);
        }
        finite(base.powf(self.signed()?))
    }

    fn percent(&mut self) -> Option<f64> {
        let mut value = self.atom()?;
        while self.eat("%").is_some() {
            value /= 100.0;
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<f64> {
        if self.eat("(").is_some() {
            let value = self.sum()?;
            self.eat(")")?;
            return Some(value);
        }
        self.eat("$€£");
        self.number()
    }

    fn digits(&mut self) -> String {
        let from = self.at;
        while self.chars.get(self.at).is_some_and(char::is_ascii_digit) {
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn number(&mut self) -> Option<f64> {
        self.skip_space();
        let mut text = self.digits();
        let mut grouped = false;
        while self.chars.get(self.at) == Some(&',') {
            self.at += 1;
            let group = self.digits();
            if group.len() != 3 || text.is_empty() || (!grouped && text.len() > 3) {
                return None;
            }
            text += &group;
            grouped = true;
        }
        if self.chars.get(self.at) == Some(&'.') {
            self.at += 1;
            text = text + "." + &self.digits();
        }
        if !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        if matches!(self.chars.get(self.at), Some('e' | 'E')) {
            self.at += 1;
            text.push('e');
            if let Some(sign @ ('+' | '-')) = self.chars.get(self.at) {
                text.push(*sign);
                self.at += 1;
            }
            text += &self.digits();
        } else if text == "0" && matches!(self.chars.get(self.at), Some('x' | 'X')) {
            return None;
        }
        finite(text.parse().ok()?)
    }
}
