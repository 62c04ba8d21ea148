//! The whole job: texts in, a model that calls tools out.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use burn::tensor::backend::Backend;
use toolformer_data::TrainingSequence;
use toolformer_model::{
    CausalLm as _, LanguageModel, Pretrained, SaveOptions, Tokenizer, count_parameters, save_adapter,
    save_pretrained_as,
};
use toolformer_text::{Registry, Syntax};

use crate::{
    annotate::Annotator,
    candidate::Candidate,
    collect::Collector,
    dated_tools::DatedTools,
    error::TrainError,
    few_shot_prompt::FewShotPrompt,
    filter_stage::FilterStage,
    fingerprint::{calling_fingerprint, fingerprint, tool_fingerprints},
    folder_lock::FolderLock,
    held_out::WithoutHeldOut,
    jsonl_lines::JsonlLines,
    observer::Observer,
    report::{ReportData, write_report},
    run_description::describe,
    selection::SelectionStats,
    stats::{PerplexityStats, StageCost, Stats, Tally, TrainStats},
    teach_settings::TeachSettings,
    texts::{Text, TextSource, TextsSummary},
    training::{Callback, Method, MetricsFile, TrainingSettings, check_precision, finetune, perplexity},
    training_sequence::{held_out_sequence, training_sequence},
    units::Units,
    weave::{WeavePlan, Weaver, Woven, write_woven},
    whole_file::write_whole,
};

/// What a run is made of, beside its settings.
pub struct TeachJob<'a> {
    /// The texts. They are read as they are needed; those held out, and those that calls were woven into, are in memory.
    pub texts: &'a dyn TextSource,
    /// The tools, by the names they have in text, each with its prompt.
    pub tools: &'a [(String, FewShotPrompt)],
    /// Where the tools are found.
    pub registry: &'a Registry,
    /// Those that answer by the day of a text, where it is known.
    pub dated: Option<&'a DatedTools>,
    /// The markers of a call.
    pub syntax: &'a Syntax,
    /// Units of texts under way at once; it changes nothing but the time.
    pub workers: usize,
    /// Most calls of a unit that run at a time; likewise.
    pub jobs: NonZeroUsize,
    /// Makes what follows the training beside `metrics.jsonl`, for the folder of the run or of its round.
    pub callback: Option<&'a MakeCallback>,
    /// What the model is called in `run.toml` and in the adapter.
    pub model_name: &'a str,
    /// Stands for the model's content, such as a checksum of its files.
    pub model_checksum: &'a str,
}

/// Makes a callback for a folder.
pub type MakeCallback = dyn Fn(&Path) -> Box<dyn Callback>;

/// The files of a run folder.
struct RunFolder(PathBuf);

impl RunFolder {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// A taught model and what its run did.
#[derive(Debug)]
pub struct Taught<B: Backend> {
    /// The model, its updates merged.
    pub model: LanguageModel<B>,
    /// What the run did; also in `stats.json`.
    pub stats: Stats,
}

/// Teaches a model, into the run folder `out`: `run.toml`, `candidates.jsonl`, `train.jsonl`, `metrics.jsonl`,
/// `checkpoints/`, `adapter/` (with LoRA), `model/`, `stats.json`, `report.html`. The same call again goes on where it stopped.
///
/// # Errors
/// If a setting is out of range, files fail, `out` is another run's, or no call was kept.
pub fn teach<B: Backend>(
    pretrained: Pretrained<B>,
    job: &TeachJob<'_>,
    settings: &TeachSettings,
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<Taught<B>, TrainError> {
    settings.validate()?;
    check_precision(&pretrained.model, &settings.finetune.method)?;
    let Pretrained { model, config, tokenizer, generation } = pretrained;
    let folder = RunFolder(out.to_owned());
    let _lock = FolderLock::take(out)?;
    let description = folder.file("run.toml");
    if settings.finetune.resume && !description.exists() {
        return Err(TrainError::NothingToResume { folder: out.to_owned() });
    }
    let corpus = TextsSummary::of(job.texts)?;
    describe(job, &corpus, settings, &description)?;
    let texts = WithoutHeldOut::new(job.texts, corpus.texts, settings.held_out, settings.finetune.seed);
    let held_out = texts.held_out()?;

    // From texts to candidates.
    let filter = FilterStage::new(&model, &tokenizer, job.syntax, settings.filter_of_all())?;
    let annotators = job.tools.iter().map(|(tool, prompt)| {
        let settings = settings.annotate_of(tool);
        Annotator::new(&model, &tokenizer, job.syntax, job.registry, tool, prompt, settings)
    });
    let annotators: Vec<_> = annotators.collect::<Result<_, _>>()?;
    let of_job = |tool: &&str| job.tools.iter().any(|(name, _)| name == tool);
    let selecting = settings.selecting().filter(of_job);
    let select_for = selecting.map(ToOwned::to_owned).collect();
    let collector = Collector {
        annotators: &annotators,
        screen: None,
        registry: job.registry,
        dated: job.dated,
        jobs: job.jobs,
        select_for: &select_for,
        seed: settings.annotate.seed,
        filter: Some(&filter),
        tokenizer: &tokenizer,
        units: Units { texts: settings.unit_texts, workers: job.workers, ..Units::default() },
    };
    let candidates_path = folder.file("candidates.jsonl");
    let fingerprint = candidates_fingerprint(job, &corpus, settings);
    let to_annotate = corpus.texts - held_out.len();
    let units = collector.run(texts.texts()?, to_annotate, &candidates_path, &fingerprint, observer)?;
    drop((annotators, filter));
    let tally = Tally::of_file(&candidates_path)?;
    let mut stats = Stats::collected(units, tally, settings.annotate.sampling);
    stats.quote(&texts)?;
    stats.held_out = held_out.len();
    stats.set_thresholds(&settings.filter_of_all());
    let write_stats = |stats: &Stats| {
        write_whole(&folder.file("stats.json"), |file| Ok(serde_json::to_writer_pretty(file, stats)?))
    };
    write_stats(&stats)?;

    // From candidates to examples.
    let inputs = || Ok((texts.texts()?, JsonlLines::<Candidate>::open(&candidates_path)?));
    let plan = WeavePlan::new(&settings.weaving(), inputs)?;
    let (to_weave, candidates) = inputs()?;
    let train_path = folder.file("train.jsonl");
    let woven = write_woven(&train_path, Weaver::new(to_weave, candidates, job.syntax, plan))?;
    let calls = woven.calls;
    stats.woven = Some(woven);
    write_stats(&stats)?;
    if calls == 0 {
        write_report(&ReportData::of_run(out, None)?, &folder.file("report.html"))?;
        return Err(TrainError::NoExamples { why: why_no_examples(&stats, settings) });
    }

    // From examples to a model.
    let (woven, mask_responses) = (JsonlLines::open(&train_path)?, settings.finetune.mask_responses);
    let (examples, held_out) = sequences(woven, &held_out, &tokenizer, model.vocab_size(), mask_responses)?;
    let budget = settings.filter.batch_tokens;
    let began = observer.seconds();
    let before = perplexity::<B, _>(&model, &held_out, budget);
    let mut perplexity_seconds = observer.seconds() - began;
    let mut metrics: Vec<Box<dyn Callback>> = vec![Box::new(MetricsFile::new(&folder.file("metrics.jsonl")))];
    metrics.extend(job.callback.map(|callback| callback(out)));
    let checkpoints = folder.file("checkpoints");
    // What is gone on from is the run: it may have been cut off before its training began.
    let training = TrainingSettings { resume: false, ..settings.finetune.clone() };
    let tuned =
        finetune(model, &config, &examples, &held_out, &training, &checkpoints, observer, &mut metrics)?;
    let trainable_parameters = count_parameters(&tuned.model).trainable;
    if let Method::Lora(lora) = &settings.finetune.method {
        let adapter = folder.file("adapter");
        save_adapter(&adapter, &tuned.model, lora, job.model_name)?;
        tokenizer.save(adapter.join("tokenizer.json"))?;
    }
    let model = tuned.model.merge_lora();
    let began = observer.seconds();
    let after = perplexity::<B, _>(&model, &held_out, budget);
    perplexity_seconds += observer.seconds() - began;
    let options = SaveOptions { generation, ..SaveOptions::default() };
    save_pretrained_as(&folder.file("model"), &model, &config, Some(&tokenizer), &options)?;
    stats.perplexity = before.zip(after).map(|(before, after)| PerplexityStats {
        before: before.value,
        after: after.value,
        tokens: before.tokens,
    });
    stats.train = Some(TrainStats {
        examples: examples.len(),
        steps: tuned.steps,
        epochs: settings.finetune.epochs,
        trainable_parameters,
        loss_first: tuned.loss_first,
        loss_last: tuned.loss_last,
        kept_step: match tuned.best {
            Some((step, _)) if settings.finetune.keep_best => step,
            _ => tuned.steps,
        },
    });
    let cost = StageCost { seconds: tuned.seconds, tokens: tuned.tokens };
    stats.stages.insert("finetune".to_owned(), cost);
    let tokens = before.map_or(0, |before| before.tokens) + after.map_or(0, |after| after.tokens);
    stats.stages.insert("perplexity".to_owned(), StageCost { seconds: perplexity_seconds, tokens });
    write_stats(&stats)?;
    write_report(&ReportData::of_run(out, None)?, &folder.file("report.html"))?;
    Ok(Taught { model, stats })
}

/// Id sequences to train on, and to measure perplexity on.
type Sequences = (Vec<TrainingSequence>, Vec<TrainingSequence>);

fn sequences(
    woven: impl Iterator<Item = Result<Woven, TrainError>>,
    held_out: &[Text],
    tokenizer: &Tokenizer,
    vocab_size: usize,
    mask_responses: bool,
) -> Result<Sequences, TrainError> {
    let examples = woven.map(|woven| {
        let woven = woven?;
        let left_out = if mask_responses { woven.responses() } else { Vec::new() };
        training_sequence(tokenizer, vocab_size, &woven.text, &left_out)
    });
    let held_out = held_out.iter().map(|text| held_out_sequence(tokenizer, vocab_size, &text.text));
    Ok((examples.collect::<Result<_, _>>()?, held_out.collect::<Result<_, _>>()?))
}

fn why_no_examples(stats: &Stats, settings: &TeachSettings) -> String {
    if stats.candidates.candidates == 0 && !stats.selection.is_empty() {
        let of_tool =
            |(tool, selection): (&String, &SelectionStats)| format!("{} for {tool}", selection.selected);
        let selected: Vec<String> = stats.selection.iter().map(of_tool).collect();
        return format!(
            "no call was sampled; of {} texts, so many were selected: {}; give other texts, or annotate all of them",
            stats.texts,
            selected.join(", ")
        );
    }
    format!(
        "none of {} executed calls lowered the loss by tau_f = {} or more; lower tau_f, draw more samples (k, m), or \
         give texts whose numbers the model cannot know",
        stats.candidates.executed,
        settings.filter_of_all().shown_thresholds()
    )
}

/// Stands for everything that the candidates depend on.
fn candidates_fingerprint(job: &TeachJob<'_>, texts: &TextsSummary, run: &TeachSettings) -> String {
    let settings = (&run.annotate, &run.filter, run.held_out, run.unit_texts, run.finetune.seed);
    let calling = calling_fingerprint(job.registry, job.syntax, job.dated);
    let own = (!run.tools.is_empty()).then(|| serde_json::to_string(&run.tools).unwrap_or_default());
    let prompts = job.tools.iter().flat_map(|(tool, prompt)| [tool.as_str(), prompt.head(), prompt.tail()]);
    let tools = tool_fingerprints(job.registry, job.tools.iter().map(|(tool, _)| tool.as_str()));
    let inputs =
        [job.model_checksum, &texts.checksum, &calling].into_iter().chain(prompts).chain(own.as_deref());
    fingerprint(&settings, inputs.chain(tools.values().map(String::as_str)))
}
