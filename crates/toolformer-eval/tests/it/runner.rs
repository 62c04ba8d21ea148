//! A model on a task: the tiny Llama that writes calls, from `toolformer-model`'s fixtures.

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path};

use burn::backend::Flex;
use jiff::civil::{Date, date};
use toolformer_decode::{CallSettings, EngineSettings};
use toolformer_eval::{
    Calling, Item, ItemResult, ItemSet, PromptTemplate, ResultLog, RunHeader, RunSettings, Task, TaskRun,
    read_results,
};
use toolformer_filter::{LossWeights, Scorer};
use toolformer_model::{CausalLm as _, LanguageModel, Pretrained, Tokenizer};
use toolformer_text::{FnTool, Registry, Syntax};

type B = Flex;

const TASK: &str = r#"
name = "sums"
description = "Sums of two numbers"
source = "own"
prompt = "Q {text} A {text}"
max_tokens = 24
tools = ["Calculator"]

[data]
format = "fields"
answers = "answer"

[metric]
kind = "within_first_words"
words = 2
"#;

const TEXTS: [&str; 7] =
    ["12 * 3 is", "the cat 3 + 12 is", "12 - 3 is", "12 / 3", "3 * 3 is", "the cat", "12 + 12 is"];

struct Asker {
    model: LanguageModel<B>,
    tokenizer: Tokenizer,
    task: Task,
    set: ItemSet,
}

fn asker(task: &str) -> Asker {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../toolformer-model/tests/fixtures");
    let device = Default::default();
    let Pretrained { tokenizer, .. } = Pretrained::<B>::open(&fixtures.join("tiny_llama"), &device).unwrap();
    let (model, _) = Pretrained::open_model(&fixtures.join("calling_llama"), &device).unwrap();
    let item = |(number, text): (usize, &&str)| {
        let answers = vec!["36".to_owned(), "15".to_owned(), "9".to_owned()];
        Item { date: None, ..Item::new(number.to_string(), answers).with("text", *text) }
    };
    let items = TEXTS.iter().enumerate().map(item).collect();
    Asker {
        model,
        tokenizer,
        task: Task::parse("t", task).unwrap(),
        set: ItemSet { items, ..ItemSet::default() },
    }
}

fn calls() -> CallSettings {
    CallSettings { start_top_k: 40, constrained: true, ..CallSettings::default() }
}

fn tools_on(day: Option<Date>) -> Registry {
    let mut registry = Registry::new();
    let answer = day.map_or_else(|| "36".to_owned(), |day| day.to_string());
    registry.insert(FnTool::new("Calculator", "", move |_: &str| Ok(answer.clone()))).unwrap();
    registry.insert(FnTool::new("Clock", "", |_: &str| Ok("12".to_owned()))).unwrap();
    registry
}

impl Asker {
    fn run(&self, calling: Calling<'_>, settings: RunSettings, file: &Path) -> Vec<ItemResult> {
        let (syntax, clock) = (Syntax::default(), || 0.0);
        let header = RunHeader { task: self.task.name.clone(), parts: BTreeMap::new() };
        let mut log = ResultLog::open(file, &header).unwrap();
        let before = log.done();
        let run = TaskRun {
            model: &self.model,
            tokenizer: &self.tokenizer,
            syntax: &syntax,
            task: &self.task,
            calling,
            settings,
            clock: &clock,
        };
        let told = RefCell::new((0, 0));
        run.run::<B>(&self.set, &mut log, &mut |items, tokens| {
            let mut told = told.borrow_mut();
            *told = (told.0 + items, told.1 + tokens);
        })
        .unwrap();
        assert_eq!(told.borrow().0, self.set.items.len() - before);
        drop(log);
        read_results(file).unwrap()
    }

    fn found(&self, calling: Calling<'_>, settings: RunSettings) -> Vec<ItemResult> {
        let folder = tempfile::tempdir().unwrap();
        self.run(calling, settings, &folder.path().join("r.jsonl"))
    }
}

fn whole() -> RunSettings {
    RunSettings { whole_outputs: true, unit_items: 3, ..RunSettings::default() }
}

fn enabled(tools_on: &dyn Fn(Option<Date>) -> Registry) -> Calling<'_> {
    Calling::Enabled { tools_on, calls: calls() }
}

#[test]
fn tools_run_only_where_they_may() {
    let asker = asker(TASK);
    let with = asker.found(enabled(&tools_on), whole());
    assert_eq!(
        with.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
        ["0", "1", "2", "3", "4", "5", "6"]
    );
    let called: Vec<&ItemResult> = with.iter().filter(|row| !row.calls.is_empty()).collect();
    assert!(called.len() > 3, "{with:?}");
    assert!(
        called
            .iter()
            .any(|row| row.calls[0].result.as_deref() == Some("36") && row.output.contains("-> 36]"))
    );
    assert!(with.iter().all(|row| row.prompt.starts_with("Q ") && row.answers.len() == 3));
    for row in asker.found(Calling::Disabled, whole()) {
        assert!(row.calls.is_empty() && !row.output.contains(" ["), "{row:?}");
    }
    assert!(asker.found(Calling::None, whole()).iter().all(|row| row.calls.is_empty()));
    let forbidding =
        TASK.replace("tools = [\"Calculator\"]", "forbidden_tools = [\"Calculator\", \"Elsewhere\"]");
    let asker = self::asker(&forbidding);
    let names = |rows: &[ItemResult]| -> Vec<String> {
        rows.iter().flat_map(|row| &row.calls).map(|call| call.tool.clone()).collect()
    };
    assert!(names(&with).contains(&"Calculator".to_owned()));
    assert!(!names(&asker.found(enabled(&tools_on), whole())).contains(&"Calculator".to_owned()));
}

#[test]
fn an_item_is_asked_on_its_day() {
    let mut asker = asker(TASK);
    asker.set.items[0].date = Some(date(2012, 3, 14));
    asker.set.items[1].date = Some(date(2019, 1, 2));
    let rows = asker.found(enabled(&tools_on), whole());
    let results: BTreeMap<&str, Option<&str>> = rows
        .iter()
        .filter(|row| row.calls.iter().any(|call| call.tool == "Calculator"))
        .map(|row| (row.id.as_str(), row.calls[0].result.as_deref()))
        .collect();
    let days = [("0", "2012-03-14"), ("1", "2019-01-02")];
    assert!(days.iter().any(|(id, _)| results.contains_key(id)), "{results:?}");
    for (id, result) in results {
        let expected = days.iter().find(|(day, _)| *day == id).map_or("36", |(_, day)| day);
        assert!(result.is_none_or(|result| result == expected), "{id}: {result:?}");
    }
}

#[test]
fn a_run_that_was_cut_off_is_the_run_that_was_not() {
    let asker = asker(TASK);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.jsonl");
    let settings = RunSettings { unit_items: 4, ..RunSettings::default() };
    asker.run(enabled(&tools_on), settings, &file);
    let all = fs::read(&file).unwrap();
    for cut in [0, 1, all.len() / 3, all.len() / 2, all.len() - 1, all.len()] {
        fs::write(&file, &all[..cut]).unwrap();
        asker.run(enabled(&tools_on), settings, &file);
        assert_eq!(fs::read(&file).unwrap(), all, "cut at {cut}");
    }
}

#[test]
fn stopping_where_the_score_is_settled_changes_no_score() {
    let asker = asker(TASK);
    // This model ends a text behind a call, so that there is nothing to save with them.
    for (calling, saves) in [(Calling::None, true), (Calling::Disabled, true), (enabled(&tools_on), false)] {
        let whole = asker.found(calling.clone(), whole());
        let settled = asker.found(calling, RunSettings { unit_items: 3, ..RunSettings::default() });
        let scores = |rows: &[ItemResult]| -> Vec<(bool, String)> {
            rows.iter().map(|row| (row.correct, row.prediction.clone())).collect()
        };
        assert_eq!(scores(&whole), scores(&settled));
        assert!(whole.iter().zip(&settled).all(|(whole, settled)| whole.output.starts_with(&settled.output)));
        let written = |rows: &[ItemResult]| rows.iter().map(|row| row.tokens.completion).sum::<usize>();
        assert_eq!(written(&settled) < written(&whole), saves, "{settled:?}");
    }
}

#[test]
fn numbers_are_settled_where_no_later_line_counts() {
    let asker = asker(&TASK.replace("kind = \"within_first_words\"\nwords = 2", "kind = \"first_number\""));
    let mut numbers = 0;
    for calling in [Calling::None, Calling::Disabled, enabled(&tools_on)] {
        let whole = asker.found(calling.clone(), whole());
        let settled = asker.found(calling, RunSettings { unit_items: 3, ..RunSettings::default() });
        numbers += whole.iter().filter(|row| !row.prediction.is_empty()).count();
        for (whole, settled) in whole.iter().zip(&settled) {
            assert_eq!(
                (&whole.prediction, whole.correct),
                (&settled.prediction, settled.correct),
                "{whole:?}"
            );
        }
    }
    assert!(numbers > 5, "{numbers}");
}

#[test]
fn a_prompt_that_does_not_fit_is_said_and_counts_as_wrong() {
    let mut asker = asker(TASK);
    let most = asker.model.max_positions();
    asker.set.items[2] = Item::new("long", vec!["cat".to_owned()]).with("text", "the cat ".repeat(most));
    let rows = asker.found(Calling::None, whole());
    assert!(rows[2].not_asked.as_ref().unwrap().contains("does not fit") && !rows[2].correct, "{rows:?}");
    assert!(rows.iter().filter(|row| row.not_asked.is_some()).count() == 1);
}

#[test]
fn the_likelihood_of_a_text_is_that_of_its_tokens() {
    let asker = asker(
        "name = \"texts\"\ndescription = \"d\"\nsource = \"s\"\nprompt = \"{text}\"\nmax_tokens = 0\n[data]\nformat = \
         \"texts\"\n[metric]\nkind = \"perplexity\"\n",
    );
    let Asker { model, tokenizer, .. } = &asker;
    let rows = asker.found(Calling::Disabled, RunSettings::default());
    for (row, text) in rows.iter().zip(TEXTS) {
        let ids = tokenizer.encode_with_special(text).unwrap();
        let scorer = Scorer::new(model, LossWeights::paper(), 64);
        let expected: f32 = -scorer.text_log_probs::<B>(&[ids.split_at(1)]).values[0].iter().sum::<f32>();
        let found = row.likelihood.unwrap();
        assert_eq!(found.tokens, ids.len() - 1);
        assert!((found.nats - f64::from(expected)).abs() < 1e-4, "{found:?} {expected}");
    }
    // A narrower window sees less, and predicts every token once all the same.
    let narrow = asker.found(Calling::Disabled, RunSettings { window: 4, ..RunSettings::default() });
    let tokens = |rows: &[ItemResult]| rows.iter().map(|row| row.likelihood.unwrap().tokens).sum::<usize>();
    assert_eq!(tokens(&narrow), tokens(&rows));
    assert_ne!(narrow[1].likelihood, rows[1].likelihood);
}

#[test]
fn functions_of_a_question_are_its_only_tools() {
    let task = Task::builtin("function-calls").unwrap();
    let data = format!("{}/BFCL_v4_*.json", crate::fixture("bfcl"));
    let set = task.items(Some(&data), 0).unwrap();
    assert_eq!(set.items.len(), set.functions.len());
    assert!(set.items.iter().all(|item| set.functions.contains_key(&item.id)));
    let mut asker = asker(TASK);
    // Prompts that a model with a context of a few hundred tokens can read.
    asker.task =
        Task { prompt: PromptTemplate::parse("Q {question} A 12 * 3 is").unwrap(), max_tokens: 16, ..task };
    asker.set = set;
    let settings = || RunSettings {
        engine: EngineSettings { batch: 4, ..EngineSettings::default() },
        ..RunSettings::default()
    };
    // Held to the names of tools, this model would write calls of the calculator, which is there for other items.
    let held = asker.found(enabled(&tools_on), settings());
    assert!(held.iter().any(|row| row.output.contains('[')), "{held:?}");
    assert!(held.iter().all(|row| !row.output.contains("Calculator")), "{held:?}");
    let free = CallSettings { constrained: false, ..calls() };
    let rows = asker.found(Calling::Enabled { tools_on: &tools_on, calls: free }, settings());
    assert_eq!(rows.len(), asker.set.items.len());
    assert!(
        rows.iter().any(|row| row.prediction == "no call" || row.prediction.contains("wrong function")),
        "{rows:?}"
    );
    let calls = || rows.iter().flat_map(|row| &row.calls);
    assert!(calls().next().is_some(), "{rows:?}");
}
