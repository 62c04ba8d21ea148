//! The method as one value, a stage at a time.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    marker::PhantomData,
    num::NonZeroUsize,
};

use burn::tensor::backend::Backend;
use toolformer_decode::TextGenerator;
use toolformer_model::{CausalLm, LanguageModel, Tokenizer};
use toolformer_text::{Registry, Syntax, Tool};

use crate::{
    annotate::Annotator,
    annotate_settings::AnnotateSettings,
    candidate::{Candidate, Status},
    error::TrainError,
    execute::execute,
    few_shot_prompt::FewShotPrompt,
    filter_stage::{FilterSettings, FilterStage},
    texts::{Text, TextId, check_texts},
    tokenized::Tokenized,
    tool_settings::ToolSettings,
    weave::{Woven, weave},
};

/// A stage after which [`Toolformer::candidates_after`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Calls were sampled; whatever the model wrote is there.
    Generated,
    /// What is no call to its tool, or was excluded, is gone.
    Calls,
    /// The calls have results, or say why they have none.
    Executed,
    /// The calls have losses and verdicts.
    Scored,
}

/// The calls among what was sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Calls {
    /// The calls.
    pub calls: Vec<Candidate>,
    /// How many others there were, by why.
    pub dropped: BTreeMap<Dropped, usize>,
}

/// Why a sample is not run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// It is no call to its tool, or one that there is already.
    Status(Status),
    /// The filter of this name excluded it.
    Excluded(String),
}

type PostPrompt = Box<dyn Fn(Vec<Candidate>) -> Vec<Candidate>>;
type Exclude = Box<dyn Fn(&Text, &Candidate) -> bool>;

/// A model and the tools that it is to learn: for texts that fit into memory, each stage of the method as a function on plain
/// values. [`teach`](crate::teach) is the same for corpora, and survives being killed.
///
/// ```no_run
/// # type MyBackend = burn::backend::Flex;
/// use toolformer_model::Pretrained;
/// use toolformer_text::FnTool;
/// use toolformer_train::{FewShotPrompt, Stage, Text, Toolformer};
///
/// let Pretrained { model, tokenizer, .. } = Pretrained::<MyBackend>::open("SmolLM2.gguf".as_ref(), &Default::default())?;
/// let prompt = FewShotPrompt::new("Add calls to Upper.\nInput: {text}\nOutput: ")?;
/// let toolformer = Toolformer::new(model, tokenizer)
///     .tool(FnTool::new("Upper", "capitals", |args: &str| Ok(args.to_uppercase())), prompt)?
///     .exclude("long", |_, candidate| candidate.call.len() > 40);
/// let texts: Vec<Text> = vec![serde_json::from_str(r#"{"id": 0, "text": "a in capitals is A"}"#)?];
/// let calls = toolformer.candidates_after(&texts, Stage::Executed)?;
/// let scored = toolformer.scored(&texts, calls)?;
/// println!("{}", toolformer.weave(&texts, &scored)?[0].text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Toolformer<B: Backend, M = LanguageModel<B>> {
    model: M,
    tokenizer: Tokenizer,
    syntax: Syntax,
    registry: Registry,
    prompts: Vec<(String, FewShotPrompt)>,
    annotate: AnnotateSettings,
    filter: FilterSettings,
    own: BTreeMap<String, ToolSettings>,
    batch_texts: usize,
    jobs: NonZeroUsize,
    post_prompt: Option<PostPrompt>,
    excludes: Vec<(String, Exclude)>,
    backend: PhantomData<B>,
}

impl<B: Backend, M: CausalLm<B>> Toolformer<B, M> {
    /// A model of any kind, without tools, with the paper's settings for the calculator.
    pub fn new(model: M, tokenizer: Tokenizer) -> Self {
        Self {
            model,
            tokenizer,
            syntax: Syntax::default(),
            registry: Registry::new(),
            prompts: Vec::new(),
            annotate: AnnotateSettings::default(),
            filter: FilterSettings::default(),
            own: BTreeMap::new(),
            batch_texts: 8,
            jobs: NonZeroUsize::MIN,
            post_prompt: None,
            excludes: Vec::new(),
            backend: PhantomData,
        }
    }

    /// With a further tool, and the prompt that makes the model call it.
    ///
    /// # Errors
    /// If there is a tool of this name, or its name is none.
    pub fn tool(mut self, tool: impl Tool + 'static, prompt: FewShotPrompt) -> Result<Self, TrainError> {
        let name = tool.name().to_owned();
        let wrong = |error: toolformer_text::RegistryError| TrainError::Setting {
            name: "tool",
            why: error.to_string(),
        };
        self.registry.insert(tool).map_err(wrong)?;
        self.prompts.push((name, prompt));
        Ok(self)
    }

    /// The same for a tool with settings of its own: `tau_s`, `k`, `m` and `tau_f`.
    ///
    /// # Errors
    /// As [`Toolformer::tool`], and if a setting is out of range.
    pub fn tool_with(
        self,
        tool: impl Tool + 'static,
        prompt: FewShotPrompt,
        settings: ToolSettings,
    ) -> Result<Self, TrainError> {
        settings.validate()?;
        let name = tool.name().to_owned();
        let mut with_tool = self.tool(tool, prompt)?;
        with_tool.own.insert(name, settings);
        Ok(with_tool)
    }

    /// With up to so many calls running at a time; it changes nothing but the time.
    #[must_use]
    pub fn jobs(self, jobs: NonZeroUsize) -> Self {
        Self { jobs, ..self }
    }

    /// With other markers of calls.
    #[must_use]
    pub fn syntax(self, syntax: Syntax) -> Self {
        Self { syntax, ..self }
    }

    /// With other settings of sampling.
    #[must_use]
    pub fn annotate_settings(self, annotate: AnnotateSettings) -> Self {
        Self { annotate, ..self }
    }

    /// With other settings of the filter.
    #[must_use]
    pub fn filter_settings(self, filter: FilterSettings) -> Self {
        Self { filter, ..self }
    }

    /// With so many texts going through the model together; results may differ in their last bits.
    #[must_use]
    pub fn batch_texts(self, batch_texts: NonZeroUsize) -> Self {
        Self { batch_texts: batch_texts.get(), ..self }
    }

    /// With a function that sees all that was sampled, and says what to go on with: calls that a test wants, for one.
    #[must_use]
    pub fn post_prompt(self, callback: impl Fn(Vec<Candidate>) -> Vec<Candidate> + 'static) -> Self {
        Self { post_prompt: Some(Box::new(callback)), ..self }
    }

    /// With a filter on calls before they run: those for which `exclude` is true are dropped, and counted under `name`.
    #[must_use]
    pub fn exclude(mut self, name: &str, exclude: impl Fn(&Text, &Candidate) -> bool + 'static) -> Self {
        self.excludes.push((name.to_owned(), Box::new(exclude)));
        self
    }

    /// Samples calls to each tool; nothing is run. Texts too long for the model's context get none.
    ///
    /// # Errors
    /// If there is no tool, a setting is out of range, or a text or prompt has an id that the model has not.
    pub fn generated(&self, texts: &[Text]) -> Result<Vec<Candidate>, TrainError> {
        if self.prompts.is_empty() {
            return Err(TrainError::Setting { name: "tool", why: "there is none; give at least one".into() });
        }
        check_texts(texts)?;
        let annotators = self.prompts.iter().map(|(tool, prompt)| {
            let own = self.own.get(tool);
            let settings = own.map_or_else(|| self.annotate.clone(), |own| own.annotate(&self.annotate));
            Annotator::new(&self.model, &self.tokenizer, &self.syntax, &self.registry, tool, prompt, settings)
        });
        let annotators: Vec<Annotator<'_, B, M>> = annotators.collect::<Result<_, _>>()?;
        let mut candidates = Vec::new();
        for texts in self.batches(texts) {
            let texts = texts?;
            for annotator in &annotators {
                candidates.extend(annotator.annotate(&texts)?.candidates);
            }
        }
        Ok(match &self.post_prompt {
            Some(callback) => callback(candidates),
            None => candidates,
        })
    }

    /// Keeps the calls to the tools that no filter excludes.
    ///
    /// # Errors
    /// If a candidate is not of these texts.
    pub fn calls(&self, texts: &[Text], candidates: Vec<Candidate>) -> Result<Calls, TrainError> {
        check_texts(texts)?;
        let by_id: HashMap<&TextId, &Text> = texts.iter().map(|text| (&text.id, text)).collect();
        let mut sorted = Calls { calls: Vec::new(), dropped: BTreeMap::new() };
        for candidate in candidates {
            let Some(text) = by_id.get(&candidate.text_id) else {
                let why = "is not of these texts; give those that it was sampled for".into();
                return Err(TrainError::Candidate { text_id: candidate.text_id, why });
            };
            let why = if candidate.status != Status::Ok {
                Dropped::Status(candidate.status)
            } else if let Some((name, _)) =
                self.excludes.iter().find(|(_, exclude)| exclude(text, &candidate))
            {
                Dropped::Excluded(name.clone())
            } else {
                sorted.calls.push(candidate);
                continue;
            };
            *sorted.dropped.entry(why).or_default() += 1;
        }
        Ok(sorted)
    }

    /// Runs the calls, each once.
    pub fn executed(&self, mut calls: Vec<Candidate>) -> Vec<Candidate> {
        execute(&self.registry, &mut calls, self.jobs);
        calls
    }

    /// Enters losses and verdicts.
    ///
    /// # Errors
    /// If a candidate does not fit its text or the model's context.
    pub fn scored(&self, texts: &[Text], mut calls: Vec<Candidate>) -> Result<Vec<Candidate>, TrainError> {
        check_texts(texts)?;
        let mut settings = self.filter.clone();
        settings.tau_f_of.extend(self.own.iter().map(|(tool, own)| (tool.clone(), own.tau_f)));
        let filter = FilterStage::new(&self.model, &self.tokenizer, &self.syntax, settings)?;
        let texts: Vec<Tokenized<'_>> =
            texts.iter().map(|text| Tokenized::new(text, &self.tokenizer)).collect::<Result<_, _>>()?;
        filter.judge::<B>(&texts, &mut calls)?;
        Ok(calls)
    }

    /// All stages up to one.
    ///
    /// # Errors
    /// As the stages'.
    pub fn candidates_after(&self, texts: &[Text], stage: Stage) -> Result<Vec<Candidate>, TrainError> {
        let mut candidates = self.generated(texts)?;
        if stage >= Stage::Calls {
            candidates = self.calls(texts, candidates)?.calls;
        }
        if stage >= Stage::Executed {
            candidates = self.executed(candidates);
        }
        if stage >= Stage::Scored {
            candidates = self.scored(texts, candidates)?;
        }
        Ok(candidates)
    }

    /// The texts with the calls that were kept, to train on.
    ///
    /// # Errors
    /// If a candidate does not fit its text.
    pub fn weave(&self, texts: &[Text], scored: &[Candidate]) -> Result<Vec<Woven>, TrainError> {
        weave(texts, scored, &self.syntax)
    }

    /// The model, and its tokenizer: to be trained, by [`finetune`](crate::finetune) or otherwise.
    pub fn into_parts(self) -> (M, Tokenizer) {
        (self.model, self.tokenizer)
    }

    /// Completes texts with the tools in the loop.
    pub fn into_generator(self) -> TextGenerator<B, M> {
        TextGenerator::new(self.model, self.tokenizer).tools(self.registry).syntax(self.syntax)
    }

    fn batches<'t>(&self, texts: &'t [Text]) -> impl Iterator<Item = Result<Vec<Tokenized<'t>>, TrainError>> {
        texts
            .chunks(self.batch_texts)
            .map(|texts| texts.iter().map(|text| Tokenized::new(text, &self.tokenizer)).collect())
    }
}

impl<B: Backend, M> fmt::Debug for Toolformer<B, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools: Vec<&str> = self.prompts.iter().map(|(tool, _)| tool.as_str()).collect();
        f.debug_struct("Toolformer").field("tools", &tools).finish_non_exhaustive()
    }
}
