//! Toolformer's data pipeline and training (Schick et al., 2023, section 2): annotate, execute, filter, weave,
//! fine-tune; and reward models and classifiers by the same trainer ([`PairwiseLogistic`], [`LabelCrossEntropy`]).
//!
//! Every stage is a function or a type of its own that works on plain values ([`Text`], [`Candidate`], [`Woven`]);
//! [`teach`] runs them all, resumably, into a run folder.
//!
//! What is not here: models and decoding (`toolformer-model`, `toolformer-decode`), the tools themselves, and
//! anything that prints: an [`Observer`] sees the progress and lends the clock.
//!
//! ```
//! use toolformer_train::{Candidate, Text, weave};
//! use toolformer_text::Syntax;
//!
//! let text: Text = serde_json::from_str(r#"{"id": 7, "text": "3 boxes of 12 make 36 eggs."}"#)?;
//! let candidate: Candidate = serde_json::from_str(
//!     r#"{"text_id": 7, "tool": "Calculator", "position": 18, "token_position": 6, "p_start": 0.1,
//!         "call": "Calculator(3 * 12)", "status": "ok", "result": "36", "delta": 0.9, "kept": true}"#,
//! )?;
//! let woven = weave(&[text], &[candidate], &Syntax::default())?;
//! assert_eq!(woven[0].text, "3 boxes of 12 make [Calculator(3 * 12) -> 36] 36 eggs.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alike_scores;
mod annotate;
mod annotate_settings;
mod by_text;
mod candidate;
mod classification;
mod collect;
mod compat;
mod copy_alignment;
mod corpus;
mod dated_tools;
mod error;
mod execute;
mod few_shot_prompt;
mod filter_ids;
mod filter_ids_run;
mod filter_run;
mod filter_stage;
mod fingerprint;
mod folder_lock;
mod held_out;
mod in_order;
mod jsonl_lines;
mod look_ahead;
mod merge_shards;
mod numbers;
mod observer;
mod prompt_doubts;
mod report;
mod reward;
mod rounds;
mod run_description;
mod selection;
mod settings_file;
mod shard;
mod split_by_key;
mod stats;
mod teach;
mod teach_settings;
mod tensorboard;
mod text_scores;
mod texts;
mod tokenized;
mod tool_settings;
mod toolformer;
mod training;
mod training_sequence;
mod trigram;
mod unit_log;
mod units;
mod weave;
mod whole_file;

pub use annotate::{Annotated, Annotator};
pub use annotate_settings::{AnnotateSettings, CallSampling, CallSource};
pub use candidate::{Candidate, Reason, Status};
pub use classification::{
    EncodedText, EncodedTexts, LabelCrossEntropy, LabelScores, LabelledText, Labels, RowFields, encode_texts,
    probabilities, read_labelled, score_labels, split_by_text,
};
pub use collect::Collector;
pub use compat::Compat;
pub use copy_alignment::{Departure, InsertedCall, align_copy};
pub use corpus::{Corpus, CorpusSettings, Packing};
pub use dated_tools::DatedTools;
pub use error::TrainError;
pub use execute::execute;
pub use few_shot_prompt::FewShotPrompt;
pub use filter_ids::{IdCandidate, judge_ids};
pub use filter_ids_run::FilterIdsRun;
pub use filter_run::FilterRun;
pub use filter_stage::{FilterSettings, FilterStage};
pub use fingerprint::{calling_fingerprint, file_checksum, fingerprint, tool_fingerprints};
pub use jsonl_lines::JsonlLines;
pub use merge_shards::merge_shards;
pub use observer::{Clock, Observer, Unobserved};
pub use report::{
    EvalRun, ReportData, render_eval_page, render_report, write_eval_page, write_report, write_training_page,
};
pub use reward::{
    Conversation, ConversationTemplate, EncodedPair, EncodedPairs, PairScores, PairwiseLogistic,
    PreferencePair, Rivals, Screen, Template, Templates, by_question, call_in_place, encode_pairs,
    pairs_of_calls, prefer_longer, read_pairs, score_pairs, split_by_question,
};
pub use rounds::{RoundStats, teach_rounds};
pub use selection::{
    DetectedLanguage, Heuristic, Rule, Selection, SelectionStats, date_in_url, date_of, detect_language,
    gives_a_result, holds_a_computed_number, holds_a_foreign_passage, holds_three_numbers, select_texts,
};
pub use settings_file::SettingsFile;
pub use shard::Shard;
pub use stats::{
    CandidateStats, Example, ExampleKind, Histogram, PerplexityStats, StageCost, Stats, SweepPoint, Tally,
    ToolStats, TrainStats, WovenStats,
};
pub use teach::{MakeCallback, Taught, TeachJob, teach};
pub use teach_settings::TeachSettings;
pub use tensorboard::TensorboardFile;
pub use text_scores::text_scores;
pub use texts::{Text, TextFile, TextId, TextIter, TextSource, TextsSummary, read_texts};
pub use tokenized::Tokenized;
pub use tool_settings::{GivenSettings, ToolSettings};
pub use toolformer::{Calls, Dropped, Stage, Toolformer};
pub use toolformer_data::TrainingSequence;
pub use toolformer_model::count_parameters;
pub use training::{
    Callback, CutExamples, DecayedTensors, EarlyStopping, Evaluation, Finetuned, LanguageModelling, Method,
    Metric, MetricsFile, Objective, Perplexity, Schedule, StepGradients, Trainable, Trained, TrainingJob,
    TrainingSettings, Verdict, finetune, perplexity, train,
};
pub use training_sequence::{completion_sequence, held_out_sequence, training_sequence};
pub use trigram::Trigram;
pub use unit_log::{UnitCost, UnitLog};
pub use units::{UnitRecord, Units};
pub use weave::{WeavePlan, WeaveSettings, Weaver, Woven, WovenCall, weave, weave_with, write_woven};
pub use whole_file::{read_jsonl, write_jsonl, write_whole};
