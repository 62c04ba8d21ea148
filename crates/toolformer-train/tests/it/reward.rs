//! Reward models: the gradient is that of the loss, a preference is learnt, and a run cut off is the run not cut off.

use std::path::Path;

use burn::{
    backend::Autodiff,
    module::{Module as _, ModuleMapper, ModuleVisitor, Param},
    tensor::{ElementConversion as _, Tensor, backend::Backend},
};
use toolformer_model::{
    ClassifierConfig, LoraConfig, SaveOptions, SequenceClassifier, TokenBatch, save_classifier,
};
use toolformer_text::Syntax;
use toolformer_train::{
    Candidate, EncodedPair, Method, Metric, Objective as _, PairwiseLogistic, PreferencePair, Rivals, Screen,
    StepGradients, Templates, TrainError, Trainable, Trained, TrainingJob, TrainingSettings, Unobserved,
    encode_pairs, pairs_of_calls, score_pairs, train,
};

use crate::tiny::{B, texts, tiny};

/// An id that counts as padding at the end of a text.
const PAD: u32 = 7;

fn fresh() -> (SequenceClassifier<B>, ClassifierConfig) {
    let tiny = tiny();
    SequenceClassifier::on(tiny.model, &tiny.config, vec!["score".to_owned()], Some(PAD), 3).unwrap()
}

fn pair(chosen: &[u32], rejected: &[u32], margin: f64) -> EncodedPair {
    EncodedPair { chosen: chosen.to_vec(), rejected: rejected.to_vec(), margin }
}

/// Of unequal lengths, with margins, and one that ends with padding.
fn pairs() -> Vec<EncodedPair> {
    vec![
        pair(&[1, 2, 3, 4], &[9, 8], 0.0),
        pair(&[5, 6, PAD], &[1, 2, 3, 20, 30], 0.5),
        pair(&[40, 41, 42], &[40, 41, 43], -0.2),
        pair(&[100], &[101, 102, 103, 104, 105, 106], 0.0),
    ]
}

/// The loss as it is written, each text by itself, in double precision from the scores on.
fn slow_loss(model: &SequenceClassifier<B>, pairs: &[EncodedPair], centre: f64) -> f64 {
    let score = |ids: &[u32]| model.scores(&TokenBatch::new(&[ids])).into_scalar().elem::<f64>();
    let of = |pair: &EncodedPair| {
        let (better, worse) = (score(&pair.chosen), score(&pair.rejected));
        let sigmoid = 1.0 / (1.0 + (worse + pair.margin - better).exp());
        -sigmoid.ln() + centre * (better + worse).powi(2)
    };
    pairs.iter().map(of).sum::<f64>() / pairs.len() as f64
}

/// Lets everything learn.
struct All;

impl<N: Backend> ModuleMapper<N> for All {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<N, D>>) -> Param<Tensor<N, D>> {
        param.set_require_grad(true)
    }
}

/// A direction in the space of all weights, the same whenever it is asked for.
fn direction<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<B, D> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i as f64 + 1.0) * (seed % 97 + 1) as f64).sin() as f32).collect();
    Tensor::<B, 1>::from_floats(values.as_slice(), &Default::default()).reshape(shape)
}

/// Goes so far along the direction.
struct Along(f64);

impl ModuleMapper<B> for Along {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let step = direction(param.dims(), param.id.val()).mul_scalar(self.0);
        param.map(|weights| weights + step)
    }
}

/// The product of a gradient with the direction.
struct Product<'a> {
    found: &'a StepGradients,
    sum: f64,
    parameters: usize,
}

impl ModuleVisitor<Autodiff<B>> for Product<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        if let Some(gradient) = self.found.gradients.get::<B, D>(param.id) {
            let product = gradient * direction(param.dims(), param.id.val());
            self.sum += product.sum().into_scalar().elem::<f64>();
            self.parameters += 1;
        }
    }
}

#[track_caller]
fn check_gradient(centre: f64, micro_batch_tokens: usize, gradient_checkpointing: bool) {
    let settings = TrainingSettings { micro_batch_tokens, gradient_checkpointing, ..settings(Method::Full) };
    let (pairs, (model, _)) = (pairs(), fresh());
    let objective = PairwiseLogistic::new(&model, &pairs, &[], centre, &settings).unwrap();
    let learning = model.clone().learning().map(&mut All);
    let found = objective.gradients(&learning, &[2, 0, 3, 1], 4);
    let expected = slow_loss(&model, &pairs, centre);
    assert!((found.loss - expected).abs() < 1e-5, "{} {expected}", found.loss);
    assert_eq!(found.tokens, 27);
    let mut product = Product { found: &found, sum: 0.0, parameters: 0 };
    learning.visit(&mut product);
    // Every tensor of the model, the head among them.
    assert_eq!(product.parameters, model.num_params_by_tensor());
    let eps = 2e-4;
    let loss = |step: f64| slow_loss(&model.clone().map(&mut Along(step)), &pairs, centre);
    let slope = (loss(eps) - loss(-eps)) / (2.0 * eps);
    assert!((product.sum - slope).abs() < 0.01 * slope.abs() + 2e-3, "{} {slope}", product.sum);
    assert!(slope.abs() > 0.05, "a direction that matters: {slope}");
}

trait CountTensors {
    fn num_params_by_tensor(&self) -> usize;
}

impl CountTensors for SequenceClassifier<B> {
    fn num_params_by_tensor(&self) -> usize {
        struct Count(usize);
        impl ModuleVisitor<B> for Count {
            fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<B, D>>) {
                self.0 += 1;
            }
        }
        let mut count = Count(0);
        self.visit(&mut count);
        count.0
    }
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    check_gradient(0.0, 1000, false);
    check_gradient(0.1, 1000, false);
    check_gradient(0.1, 8, true);
}

fn settings(method: Method) -> TrainingSettings {
    TrainingSettings {
        method,
        learning_rate: 1e-2,
        epochs: 4,
        batch: 3,
        micro_batch_tokens: 40,
        weight_decay: 0.01,
        ..TrainingSettings::default()
    }
}

fn lora() -> Method {
    Method::Lora(LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() })
}

/// Answers with a cat are better than those without.
fn preferences() -> Vec<PreferencePair> {
    let questions = ["1", "2 + 3", "who", "a b c", "12", "x y", "the", "3"];
    let row = |(n, question): (usize, &&str)| {
        let (chosen, rejected) = (format!("{n} the cat"), format!("{n} 12 {n}"));
        serde_json::json!({ "question": question, "chosen": chosen, "rejected": rejected })
    };
    questions.iter().enumerate().map(row).map(|row| serde_json::from_value(row).unwrap()).collect()
}

fn encoded() -> Vec<EncodedPair> {
    let template = Templates::known().get("plain").unwrap();
    encode_pairs(&preferences(), &template, &tiny().tokenizer, 64, 267).unwrap().pairs
}

type Outcome = (Result<Trained<SequenceClassifier<B>>, TrainError>, Vec<Metric>);

fn run(settings: &TrainingSettings, folder: &Path, stop_at: Option<usize>) -> Outcome {
    let (pairs, (model, config)) = (encoded(), fresh());
    let (held_out, learnt) = pairs.split_at(2);
    let objective = PairwiseLogistic::new(&model, learnt, held_out, 0.01, settings).unwrap();
    let job = TrainingJob { objective: &objective, config: &config, settings, folder };
    let mut metrics = Vec::new();
    let result = train(model, &job, &mut Unobserved, &mut |metric: &Metric| {
        if Some(metric.step) == stop_at {
            // As if the process were killed here.
            return Err(TrainError::NoExamples { why: "stopped".into() });
        }
        metrics.push(metric.clone());
        Ok(())
    });
    (result, metrics)
}

#[track_caller]
fn check_learning(method: Method, learning_rate: f64) {
    let folder = tempfile::tempdir().unwrap();
    let settings = TrainingSettings { epochs: 30, learning_rate, ..settings(method) };
    let (result, metrics) = run(&settings, folder.path(), None);
    let trained = result.unwrap();
    let found = score_pairs(&trained.model, &encoded()[..2], 100).unwrap();
    assert!((found.accuracy - 1.0).abs() < 1e-9 && found.loss < 0.45, "{found:?}");
    let best = trained.best.unwrap().1;
    assert!((best.loss - found.loss).abs() < 1e-6 && best.accuracy == Some(1.0), "{best:?} {found:?}");
    let before = score_pairs(&fresh().0, &encoded()[..2], 100).unwrap();
    assert!(before.loss > 0.65, "{before:?}");
    // What is held out is measured once an epoch, with all that there is to say of pairs.
    let evaluations: Vec<&Metric> = metrics.iter().filter(|metric| metric.held_out_loss.is_some()).collect();
    assert!(evaluations.len() == 30 && evaluations.iter().all(|metric| metric.margin.is_some()));
}

#[test]
fn a_preference_is_learnt_with_lora() {
    check_learning(lora(), 0.02);
}

#[test]
fn a_preference_is_learnt_in_full() {
    check_learning(Method::Full, 0.005);
}

/// Every weight, updates of LoRA and the head included, as bits.
fn bits(model: &SequenceClassifier<B>) -> Vec<u32> {
    let tensors = model.tensors().chain(model.body.lora_tensors());
    let values = tensors.flat_map(|(_, _, tensor)| tensor.into_data().into_vec::<f32>().unwrap());
    values.map(f32::to_bits).collect()
}

#[track_caller]
fn check_resume(method: Method) {
    let settings = settings(method);
    let whole_folder = tempfile::tempdir().unwrap();
    let (whole, whole_metrics) = run(&settings, whole_folder.path(), None);
    let whole = whole.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for stop_at in [Some(1), Some(3), Some(6), Some(6), None] {
        let (result, seen) = run(&settings, folder.path(), stop_at);
        assert_eq!(result.is_err(), stop_at.is_some());
        assert!(seen.iter().all(|metric| whole_metrics.contains(metric)));
        if let Ok(resumed) = result {
            assert_eq!(bits(&resumed.model), bits(&whole.model));
            assert_eq!((resumed.steps, resumed.best), (whole.steps, whole.best));
        }
    }
}

#[test]
fn a_resumed_run_is_the_same_to_the_last_bit() {
    check_resume(lora());
    check_resume(Method::Full);
}

#[test]
fn other_pairs_are_another_run() {
    let folder = tempfile::tempdir().unwrap();
    run(&settings(lora()), folder.path(), None).0.unwrap();
    let (model, config) = fresh();
    let (pairs, settings) = (pairs(), settings(lora()));
    let objective = PairwiseLogistic::new(&model, &pairs, &[], 0.01, &settings).unwrap();
    let job =
        TrainingJob { objective: &objective, config: &config, settings: &settings, folder: folder.path() };
    let error = train(model, &job, &mut Unobserved, &mut |_: &Metric| Ok(())).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { .. }), "{error}");
}

/// How many pairs there are, were too long, and lost history, of one whose history has two turns.
#[track_caller]
fn check_cut(max_tokens: usize, expected: (usize, usize, usize), text: Option<&str>) {
    let row = serde_json::json!({"system": "s", "history": [["q1", "a1"], ["q2", "a2"]], "question": "q3",
        "chosen": "yes", "rejected": "no"});
    let pairs: Vec<PreferencePair> = vec![serde_json::from_value(row).unwrap()];
    let (tokenizer, template) = (tiny().tokenizer, Templates::known().get("plain").unwrap());
    let found = encode_pairs(&pairs, &template, &tokenizer, max_tokens, 267).unwrap();
    assert_eq!((found.pairs.len(), found.too_long, found.cut), expected);
    let chosen = found.pairs.first().map(|pair| tokenizer.decode(&pair.chosen, true).unwrap());
    assert_eq!(chosen.as_deref(), text);
}

#[test]
fn history_is_cut_at_its_beginning_and_answers_never() {
    check_cut(100, (1, 0, 0), Some("s\nq1\na1\nq2\na2\nq3\nyes"));
    check_cut(16, (1, 0, 1), Some("s\nq2\na2\nq3\nyes"));
    check_cut(10, (1, 0, 1), Some("s\nq3\nyes"));
    check_cut(4, (0, 1, 0), None);
}

/// What a run's filter says of calls at two places, as a file of its run would have it.
fn judged() -> Vec<Candidate> {
    let call = |position: usize, call: &str, status: &str, kept: bool| {
        serde_json::json!({"text_id": 0, "tool": "Calculator", "position": position, "token_position": 1, "p_start": 0.1,
            "call": call, "status": status, "kept": kept})
    };
    [
        call(3, "Calculator(1 + 1)", "ok", true),
        call(3, "Calculator(2)", "ok", false),
        call(3, "Calculator(", "unparsable", false),
        call(3, "Calculator(x)", "tool_error", false),
        call(4, "Calculator(7)", "ok", false),
        call(3, "Calculator(2)", "duplicate", false),
        call(3, "Calculator(8)", "screened", false),
    ]
    .map(|candidate| serde_json::from_value(candidate).unwrap())
    .to_vec()
}

#[test]
fn verdicts_of_a_filter_are_pairs_and_a_screen_scores_calls() {
    let text = texts(&["the cat"]).remove(0);
    let pairs_of = |candidates: Vec<Candidate>, rivals: Rivals| {
        let texts = [Ok(text.clone())].into_iter();
        pairs_of_calls(texts, candidates.into_iter().map(Ok), &Syntax::default(), rivals)
    };
    let answers = |rivals: Rivals| -> Vec<(String, String)> {
        let pairs = pairs_of(judged(), rivals).unwrap();
        pairs.into_iter().map(|pair| (pair.chosen.answer, pair.rejected.answer)).collect()
    };
    let pair = |rejected: &str| ("the [Calculator(1 + 1)] cat".to_owned(), rejected.to_owned());
    let [wrong, failed] = ["the [Calculator(2)] cat", "the [Calculator(x)] cat"].map(pair);
    assert_eq!(answers(Rivals::SamePlace), [wrong.clone(), failed.clone()]);
    assert_eq!(answers(Rivals::AnyPlace), [wrong, failed, pair("the [Calculator(7)] cat")]);
    let pairs = pairs_of(judged(), Rivals::SamePlace).unwrap();
    assert_eq!(pairs[0].question(), pairs[1].question());
    let unjudged = judged().into_iter().map(|candidate| Candidate { kept: None, ..candidate });
    let error = pairs_of(unjudged.collect(), Rivals::SamePlace).unwrap_err();
    assert!(error.to_string().contains("was not filtered"), "{error}");

    let (folder, (model, config)) = (tempfile::tempdir().unwrap(), fresh());
    let tokenizer = tiny().tokenizer;
    save_classifier(folder.path(), &model, &config, Some(&tokenizer), &SaveOptions::default()).unwrap();
    let screen = Screen::<B>::open(folder.path(), Syntax::default(), 0.0, 50, &Default::default()).unwrap();
    let found = screen.scores(&text.text, &judged()).unwrap();
    let score = |call: &str| {
        let ids = tokenizer.encode(call).unwrap();
        model.scores(&TokenBatch::new(&[ids])).into_scalar().elem::<f64>()
    };
    assert_eq!(found[2], None);
    assert!((found[0].unwrap() - score("the [Calculator(1 + 1)] cat")).abs() < 1e-6, "{found:?}");
    assert!((found[4].unwrap() - score("the [Calculator(7)] cat")).abs() < 1e-6, "{found:?}");
}

#[test]
fn sides_that_are_the_same_teach_nothing() {
    let row = serde_json::json!({"question": "q", "chosen": "a", "rejected": "a"});
    let pairs: Vec<PreferencePair> = vec![serde_json::from_value(row).unwrap()];
    let template = Templates::known().get("vicuna").unwrap();
    let found = encode_pairs(&pairs, &template, &tiny().tokenizer, 900, 267).unwrap();
    assert_eq!((found.pairs.len(), found.equal), (0, 1));
}
