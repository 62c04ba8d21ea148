//! Training: one loop for everything that learns, on whatever an [`Objective`] says.

mod body_gradients;
mod callback;
mod checkpoint;
mod classifier;
mod early_stopping;
mod evaluation;
mod example_order;
mod finetune;
mod gradient_clipping;
mod language_modelling;
mod metric;
mod metrics_file;
mod micro_batches;
mod objective;
mod optimizer;
mod perplexity;
mod replicas;
mod run_identity;
mod schedule;
mod score_gradients;
mod settings;
mod trainable;
mod trainer;

pub use self::{
    callback::{Callback, Verdict},
    early_stopping::EarlyStopping,
    evaluation::Evaluation,
    finetune::{Finetuned, finetune},
    language_modelling::{CutExamples, LanguageModelling},
    metric::Metric,
    metrics_file::MetricsFile,
    objective::{Objective, StepGradients},
    perplexity::{Perplexity, perplexity},
    schedule::Schedule,
    settings::{DecayedTensors, Method, TrainingSettings},
    trainable::Trainable,
    trainer::{Trained, TrainingJob, train},
};
pub(crate) use self::{
    micro_batches::micro_batches, objective::feed_ids, score_gradients::Parts, trainable::check_precision,
};
