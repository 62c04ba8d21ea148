//! Prompts completed together, to their ends.

use burn::tensor::backend::Backend;
use toolformer_model::CausalLm;

use super::{
    Engine,
    request::{Event, Request, RequestId},
};
use crate::{
    error::DecodeError,
    generation::{GenerateSettings, Generation, Prompt, Tools},
};

impl<'a, B: Backend, M: CausalLm<B>> Engine<'a, B, M> {
    /// Completes `prompts`; `told` sees every event with its prompt's number, in the order in which they happen.
    /// Returns the completions in the order of the prompts. Requests that were there before run along; what happens to
    /// them is told by the next [`Engine::step`].
    ///
    /// # Errors
    /// If a setting is out of range, a prompt is empty, does not fit into the context or has an id that the model has
    /// not, before anything is computed; or the first error of a request.
    pub fn complete(
        &mut self,
        prompts: &[Prompt],
        settings: &GenerateSettings,
        tools: &Tools<'a>,
        mut told: impl FnMut(usize, &Event),
    ) -> Result<Vec<Generation>, DecodeError> {
        let first = self.next_id;
        for (number, prompt) in prompts.iter().enumerate() {
            let request =
                Request { prompt: prompt.clone(), settings: settings.clone(), tools: tools.clone() };
            if let Err(error) = self.submit(request) {
                self.give_up(|id| id.0 >= first);
                return Err(error.of_prompt(number));
            }
        }
        let mut all: Vec<Vec<Generation>> = vec![Vec::new(); prompts.len()];
        let mut others = Vec::new();
        while self.choices.range(RequestId(first)..).next().is_some() {
            let mut events = self.step()?.into_iter();
            while let Some(event) = events.next() {
                let number = event.request().0.wrapping_sub(first);
                if number >= prompts.len() {
                    others.push(event);
                    continue;
                }
                told(number, &event);
                match event {
                    Event::Done { generation, .. } => all[number].push(generation),
                    Event::Failed { error, .. } => {
                        self.give_up(|id| id.0 >= first);
                        others.extend(events.filter(|event| event.request().0 < first));
                        self.events.append(&mut others);
                        return Err(error);
                    }
                    _ => {}
                }
            }
        }
        self.events.append(&mut others);
        for generations in &mut all {
            generations.sort_by_key(|generation| generation.index);
        }
        Ok(all.into_iter().flatten().collect())
    }
}
