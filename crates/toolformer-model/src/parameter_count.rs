//! How many parameters learn.

use std::fmt;

use burn::tensor::backend::Backend;

use crate::{
    adaptable::Adaptable, error::ModelError, families::LanguageModel, leaf::NamedTensor, lora::updates,
    lora_config::LoraConfig, saved_modules::saved_modules,
};

/// Parameters that learn, and all. Shown as PEFT prints them:
/// `trainable params: 884,736 || all params: 135,399,744 || trainable%: 0.6534`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterCount {
    /// How many learn.
    pub trainable: usize,
    /// How many there are.
    pub all: usize,
}

/// The parameters of a model: of one with updates these alone learn, else all do.
pub fn count_parameters<B: Backend>(model: &LanguageModel<B>) -> ParameterCount {
    let all = burn::module::Module::num_params(model);
    let trainable = if model.has_lora() { numbers(&updates(model)) } else { all };
    ParameterCount { trainable, all }
}

impl ParameterCount {
    pub(crate) fn of_adapter<B: Backend, M: Adaptable<B>>(
        model: &M,
        config: &LoraConfig,
    ) -> Result<Self, ModelError> {
        let saved = numbers(&saved_modules(model, &M::completed(config))?);
        let trainable = numbers(&updates(model)) + saved;
        Ok(Self { trainable, all: model.num_params() + saved })
    }
}

fn numbers<B: Backend>(tensors: &[NamedTensor<B>]) -> usize {
    tensors.iter().map(|(_, shape, _)| shape.iter().product::<usize>()).sum()
}

impl fmt::Display for ParameterCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self { trainable, all } = self;
        let percent = 100.0 * trainable as f64 / all.max(1) as f64;
        let [trainable, all] = [trainable, all].map(grouped);
        write!(f, "trainable params: {trainable} || all params: {all} || trainable%: {percent:.4}")
    }
}

/// With a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |(i, digit): (usize, char)| {
        let begins = i > 0 && (digits.len() - i).is_multiple_of(3);
        begins.then_some(',').into_iter().chain(std::iter::once(digit))
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_in_peft() {
        let shown = ParameterCount { trainable: 884_736, all: 135_399_744 }.to_string();
        assert_eq!(shown, "trainable params: 884,736 || all params: 135,399,744 || trainable%: 0.6534");
        assert_eq!([0, 999, 1000].map(grouped), ["0", "999", "1,000"]);
    }
}
