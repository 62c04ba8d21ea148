//! From text to text in few lines: a model, its tools, and what both have seen so far.

use std::{collections::VecDeque, path::Path};

use burn::tensor::backend::Backend;
use toolformer_model::{CausalLm, LanguageModel, Pretrained, Tokenizer};
use toolformer_text::{Registry, Syntax};

use crate::{
    engine::{Engine, EngineSettings, Event, Request},
    error::DecodeError,
    generation::{CallSettings, GenerateSettings, Generation, Prompt, ToolUse, Tools},
    prefix_tree::PrefixTree,
};

type Clock = Box<dyn Fn() -> f64 + Send + Sync>;

/// A model that completes texts, with or without tools.
///
/// It remembers what it has read: a text that begins as an earlier one, or goes on from it, is not read again.
///
/// ```no_run
/// # type MyBackend = burn::backend::Flex;
/// use toolformer_decode::TextGenerator;
/// use toolformer_text::{Registry, TypedTool};
///
/// let mut tools = Registry::new();
/// tools.insert(TypedTool::new("Add", "a sum", ["a", "b"], |a: i64, b: i64| a + b))?;
/// let mut generator = TextGenerator::<MyBackend>::from_pretrained("runs/add/model")?.tools(tools);
/// println!("{}", generator.generate("17 and 25 are")?.completion); // " [Add(17, 25) -> 42] 42"
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TextGenerator<B: Backend, M = LanguageModel<B>> {
    model: M,
    tokenizer: Tokenizer,
    registry: Option<Registry>,
    syntax: Syntax,
    settings: GenerateSettings,
    calls: CallSettings,
    engine: EngineSettings,
    clock: Clock,
    tree: PrefixTree<B>,
}

impl<B: Backend> TextGenerator<B> {
    /// Opens a model, a folder or a `.gguf` file, on the default device.
    ///
    /// # Errors
    /// As [`Pretrained::open`].
    pub fn from_pretrained(path: impl AsRef<Path>) -> Result<Self, DecodeError> {
        let Pretrained { model, tokenizer, .. } = Pretrained::open(path.as_ref(), &B::Device::default())?;
        Ok(Self::new(model, tokenizer))
    }
}

impl<B: Backend, M: CausalLm<B>> TextGenerator<B, M> {
    /// A model of any kind; without tools, greedy, at most 64 tokens.
    pub fn new(model: M, tokenizer: Tokenizer) -> Self {
        Self {
            model,
            tokenizer,
            registry: None,
            syntax: Syntax::default(),
            settings: GenerateSettings::default(),
            calls: CallSettings::default(),
            engine: EngineSettings::default(),
            clock: Box::new(|| 0.0),
            tree: PrefixTree::default(),
        }
    }

    /// With tools in the loop.
    #[must_use]
    pub fn tools(self, registry: Registry) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// With other markers of calls.
    #[must_use]
    pub fn syntax(self, syntax: Syntax) -> Self {
        Self { syntax, ..self }
    }

    /// When tools are called.
    #[must_use]
    pub fn calls(self, calls: CallSettings) -> Self {
        Self { calls, ..self }
    }

    /// How texts are completed.
    #[must_use]
    pub fn settings(self, settings: GenerateSettings) -> Self {
        Self { settings, ..self }
    }

    /// How much is done at a time.
    #[must_use]
    pub fn engine(self, engine: EngineSettings) -> Self {
        Self { engine, ..self }
    }

    /// With a clock, seconds since any fixed moment; without one all calls take 0 seconds.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), ..self }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Completes a text: the first completion, if there are several.
    ///
    /// # Errors
    /// If a setting is out of range, the text is empty or does not fit into the context, or the model computes NaN.
    pub fn generate(&mut self, text: &str) -> Result<Generation, DecodeError> {
        let nothing = DecodeError::EmptyPrompt { prompt: 0 };
        self.generate_all(&[text])?.into_iter().next().ok_or(nothing)
    }

    /// Completes texts together; the completions of one text stand together, in the texts' order.
    ///
    /// # Errors
    /// As [`TextGenerator::generate`].
    pub fn generate_all(&mut self, texts: &[&str]) -> Result<Vec<Generation>, DecodeError> {
        let prompts = texts.iter().enumerate().map(|(number, text)| {
            Ok(Prompt { key: number.to_string(), ids: self.tokenizer.encode_with_special(text)? })
        });
        let prompts: Vec<Prompt> = prompts.collect::<Result<_, DecodeError>>()?;
        // What is known is not given away before that.
        self.engine.validate()?;
        let (settings, tree) = (self.settings.clone(), std::mem::take(&mut self.tree));
        let mut engine = Engine::with_tree(&self.model, &self.tokenizer, self.engine, tree)?;
        let done = engine.complete(&prompts, &settings, &self.tool_use(), |_, _| {});
        self.tree = engine.into_tree();
        done
    }

    /// Completes a text and tells what happens as it happens. It may be left at any time.
    ///
    /// # Errors
    /// As [`TextGenerator::generate`].
    pub fn stream(&mut self, text: &str) -> Result<EventStream<'_, B, M>, DecodeError> {
        let ids = self.tokenizer.encode_with_special(text)?;
        self.engine.validate()?;
        let Self { model, tokenizer, registry, syntax, settings, calls, engine, clock, tree } = self;
        let tools = tool_use(registry.as_ref(), syntax, calls, clock);
        let known = std::mem::take(tree);
        let mut engine = Engine::with_tree(&*model, &*tokenizer, *engine, known)?;
        let prompt = Prompt { key: "0".to_owned(), ids };
        let submitted = engine.submit(Request { prompt, settings: settings.clone(), tools });
        let stream = EventStream { engine: Some(engine), tree, told: VecDeque::new() };
        submitted.map(|_| stream)
    }

    fn tool_use(&self) -> Tools<'_> {
        tool_use(self.registry.as_ref(), &self.syntax, &self.calls, &self.clock)
    }
}

fn tool_use<'a>(
    registry: Option<&'a Registry>,
    syntax: &'a Syntax,
    calls: &CallSettings,
    clock: &'a Clock,
) -> Tools<'a> {
    let clock: &(dyn Fn() -> f64 + Sync) = clock;
    registry.map_or(Tools::None, |registry| {
        Tools::Enabled(ToolUse::new(registry, syntax, clock).with(calls.clone()))
    })
}

/// What happens while a text is completed; see [`TextGenerator::stream`].
pub struct EventStream<'a, B: Backend, M: CausalLm<B>> {
    engine: Option<Engine<'a, B, M>>,
    /// Where to keep what was computed.
    tree: &'a mut PrefixTree<B>,
    told: VecDeque<Event>,
}

impl<B: Backend, M: CausalLm<B>> Iterator for EventStream<'_, B, M> {
    type Item = Result<Event, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let engine = self.engine.as_mut()?;
        while self.told.is_empty() && !engine.is_idle() {
            match engine.step() {
                Ok(events) => self.told.extend(events),
                Err(error) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
        Some(match self.told.pop_front()? {
            Event::Failed { error, .. } => Err(error),
            event => Ok(event),
        })
    }
}

impl<B: Backend, M: CausalLm<B>> EventStream<'_, B, M> {
    fn end(&mut self) {
        if let Some(engine) = self.engine.take() {
            *self.tree = engine.into_tree();
        }
    }
}

impl<B: Backend, M: CausalLm<B>> Drop for EventStream<'_, B, M> {
    fn drop(&mut self) {
        self.end();
    }
}
