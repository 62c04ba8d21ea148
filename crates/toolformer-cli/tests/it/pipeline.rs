//! The steps of `teach`, one by one, on a tiny model; and what is generated from what they made.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer, toolformer_reading};

/// A candidate before the third token of `the cat`, which starts at byte 3.
fn candidate() -> Value {
    json!({"text_id": "a", "tool": "Calculator", "position": 3, "token_position": 2, "p_start": 0.5,
           "call": "Calculator(1 + 1)", "status": "ok", "result": "2"})
}

#[test]
fn from_candidates_to_a_model_that_generates() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama"));
    let texts = folder
        .file("texts.jsonl", "{\"id\": \"a\", \"text\": \"the cat\"}\n{\"id\": \"b\", \"text\": \"cat\"}\n");
    let candidates = folder.file("candidates.jsonl", format!("{}\n", candidate()));
    let [filtered, train, tuned] = ["filtered.jsonl", "train.jsonl", "tuned"].map(|name| folder.path(name));

    let filter =
        ["filter", "--model", &model, "--texts", &texts, "--candidates", &candidates, "--out", &filtered];
    let ran = toolformer(&[filter.as_slice(), &["--tau-f", "-1000"]].concat()).ok();
    assert!(ran.err.contains("1 of 1 candidates kept"), "{}", ran.err);
    let judged = &lines(&folder.read("filtered.jsonl"))[0];
    let loss = |name: &str| judged[name].as_f64().unwrap();
    assert_eq!(judged["kept"], true);
    assert_eq!(loss("delta"), loss("loss_none").min(loss("loss_call")) - loss("loss_response"));

    toolformer(&["weave", "--texts", &texts, "--candidates", &filtered, "--out", &train]).ok();
    let woven = lines(&folder.read("train.jsonl"));
    assert_eq!(woven.len(), 1);
    assert_eq!(woven[0]["text"], "the [Calculator(1 + 1) -> 2] cat");
    // Another threshold needs no model.
    let again = |tau_f: f64| {
        let weave =
            ["weave", "--texts", &texts, "--candidates", &filtered, "--out", &folder.path("again.jsonl")];
        toolformer(&[&weave[..], &["--tau-f", &tau_f.to_string()]].concat()).ok();
        lines(&folder.read("again.jsonl"))
    };
    let delta = loss("delta");
    assert_eq!(again(delta), woven);
    assert!(again(delta + 0.001).is_empty());
    toolformer(&["weave", "--texts", &texts, "--candidates", &candidates, "--out", &train])
        .fails(1, "was not filtered; run `filter` on the file first");
    toolformer(&["weave", "--texts", &texts, "--candidates", &filtered, "--out", &train, "--tau-f", "nan"])
        .fails(2, "--tau-f is a number of nats");

    let finetune = ["finetune", "--model", &model, "--data", &train, "--out", &tuned, "--held-out", &texts];
    let finetune =
        [finetune.as_slice(), &["--epochs", "3", "--lora-rank", "2", "--learning-rate", "0.05"]].concat();
    let done: Value =
        serde_json::from_str(&toolformer(&[&finetune[..], &["--json"]].concat()).ok().out).unwrap();
    let metrics = lines(&folder.read("tuned/metrics.jsonl"));
    assert_eq!(metrics.iter().filter(|metric| metric["loss"].is_number()).count(), 3);
    assert_eq!((&done["examples"], &done["steps"]), (&json!(1), &json!(3)));
    let metric = |name: &str| metrics.iter().filter_map(|metric| metric[name].as_f64()).collect::<Vec<_>>();
    assert_eq!(
        (done["loss_first"].as_f64(), done["loss_last"].as_f64()),
        (metric("loss").first().copied(), metric("loss").last().copied())
    );
    let best = metric("perplexity").into_iter().fold(f64::MAX, f64::min);
    assert_eq!(done["best"]["perplexity"].as_f64(), Some(best));
    // Again, there is nothing left to do.
    toolformer(&finetune).ok();
    assert_eq!(lines(&folder.read("tuned/metrics.jsonl")), metrics);

    let generate = |more: &[&str]| {
        let args = ["generate", "--prompt", "the cat", "--max-tokens", "12", "--json"];
        lines(&toolformer(&[args.as_slice(), more].concat()).ok().out).remove(0)
    };
    let merged = generate(&["--model", &folder.path("tuned/model")]);
    let adapted = generate(&["--model", &model, "--adapter", &folder.path("tuned/adapter")]);
    assert_eq!(merged, adapted);
    assert_ne!(merged["completion"], generate(&["--model", &model])["completion"]);

    let [adapter, whole] = ["tuned/adapter", "whole"].map(|name| folder.path(name));
    let merge = ["merge", "--model", &model, "--adapter", &adapter, "--out", &whole];
    toolformer(&[&merge[..], &["--precision", "int8"]].concat()).fails(2, "would round the weights");
    let ran = toolformer(&merge).ok();
    assert!(ran.err.contains("trainable params: "), "{}", ran.err);
    let weights = |folder: &str| std::fs::read(format!("{folder}/model.safetensors")).unwrap();
    assert_eq!(weights(&whole), weights(&folder.path("tuned/model")));
    assert_eq!(generate(&["--model", &whole]), adapted);
}

#[test]
fn texts_without_calls_go_in_and_results_stay_out_of_the_loss() {
    let folder = Folder::new();
    let all: String = (0..6).map(|id| format!("{{\"id\": {id}, \"text\": \"the cat {id}\"}}\n")).collect();
    let texts = folder.file("texts.jsonl", &all);
    let mut kept = candidate();
    (kept["text_id"], kept["kept"], kept["delta"]) = (json!(2), json!(true), json!(0.7));
    let candidates = folder.file("c.jsonl", format!("{kept}\n"));
    let [train, tuned] = ["train.jsonl", "tuned"].map(|name| folder.path(name));
    let weave = ["weave", "--candidates", &candidates, "--out", &train, "--json", "--texts"];
    let done = toolformer(&[&weave[..], &[&texts, "--plain-ratio", "3"]].concat()).ok();
    let expected = json!({"texts": 1, "plain": 3, "calls": 1, "by_tool": {"Calculator": 1}});
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap(), expected);
    assert!(done.err.contains("1 calls woven into 1 texts; 3 texts without calls"), "{}", done.err);
    let woven = lines(&folder.read("train.jsonl"));
    assert_eq!(woven.iter().filter(|woven| woven["calls"] == json!([])).count(), 3);
    // What comes through a pipe is read twice too.
    let piped = toolformer_reading(&all, &[&weave[..], &["-", "--plain-ratio", "3"]].concat()).ok();
    assert_eq!((piped.out, lines(&folder.read("train.jsonl"))), (done.out, woven));
    toolformer(&[&weave[..], &[&texts, "--plain-ratio", "inf"]].concat()).fails(2, "plain_ratio");

    let steps = ["--max-steps", "1", "--lora-rank", "1", "--json"];
    let finetune = |data: &str, out: &str, more: &[&str]| {
        let args = ["finetune", "--model", &fixture("tiny_llama"), "--data", data, "--out", out];
        toolformer(&[&args[..], &steps, more].concat())
    };
    let tokens = |out: &str, more: &[&str]| {
        let done: Value = serde_json::from_str(&finetune(&train, out, more).ok().out).unwrap();
        done["tokens_in_loss"].as_u64().unwrap()
    };
    // The blank, the 2 and the ] of one result.
    assert_eq!(tokens(&tuned, &[]) - tokens(&folder.path("masked"), &["--mask-responses"]), 3);
    finetune(&texts, &tuned, &["--mask-responses"]).fails(1, "which --mask-responses needs");
}

#[test]
fn annotate_goes_on_and_filter_takes_what_it_wrote() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama/model.gguf"));
    let texts = folder.file("texts.txt", "the cat\n\n1 and 2\n");
    // Blanks at its ends belong to the prompt.
    let prompt = folder.file("prompt.txt", " Q {text} A ");
    let [out, filtered] = ["c.jsonl", "f.jsonl"].map(|name| folder.path(name));
    let annotate = ["annotate", "--model", &model, "--tools", "calculator", "--texts", &texts, "--out", &out];
    let more =
        ["--prompt-file", &prompt, "--k", "2", "--m", "2", "--max-call-tokens", "8", "--unit-texts", "1"];
    toolformer(&[annotate.as_slice(), &more].concat()).ok();
    let candidates = folder.read("c.jsonl");
    assert_eq!(candidates.lines().count(), 8);
    toolformer(&[annotate.as_slice(), &more].concat()).ok();
    assert_eq!(folder.read("c.jsonl"), candidates);
    toolformer(&["filter", "--model", &model, "--texts", &texts, "--candidates", &out, "--out", &filtered])
        .ok();
    let judged = lines(&folder.read("f.jsonl"));
    assert!(
        judged.iter().all(|candidate| candidate["kept"] == false && candidate["reason"] == "not_executed")
    );
}

#[test]
fn annotate_says_whether_calls_were_constrained() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama"));
    let (texts, prompt) = (folder.file("texts.txt", "the cat\n"), folder.file("p.txt", "Q {text} A "));
    let annotate = |out: &str, more: &[&str]| {
        let args = ["annotate", "--model", &model, "--tools", "calculator", "--texts", &texts, "--out", out];
        let sizes = ["--prompt-file", &prompt, "--k", "1", "--m", "4", "--max-call-tokens", "40"];
        toolformer(&[&args[..], &sizes, more].concat())
    };
    let [free, constrained] = ["free.jsonl", "constrained.jsonl"].map(|name| folder.path(name));
    assert!(annotate(&free, &[]).ok().err.contains("4 calls sampled (free), 0 executed"));
    let ran = annotate(&constrained, &["--constrain"]).ok();
    assert!(ran.err.contains("4 calls sampled (constrained)"), "{}", ran.err);
    for candidate in lines(&folder.read("constrained.jsonl")) {
        assert!(candidate["call"].as_str().unwrap().starts_with("Calculator("), "{candidate}");
        assert!(candidate["status"] != "bad_arguments" && candidate["status"] != "wrong_tool", "{candidate}");
    }
    annotate(&free, &["--constrain"]).fails(1, "was begun with other settings");
}

#[test]
fn several_tools_of_a_file_are_each_given_a_prompt() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama/model.gguf"));
    let command = "kind = \"command\"\nargv = [\"cat\"]\nstdin = \"{text}\"\n";
    let tools = folder.file("tools.toml", format!("[tools.Up]\n{command}[tools.Down]\n{command}"));
    let (texts, prompt) = (folder.file("texts.txt", "the cat\n"), folder.file("p.txt", "Q {text} A "));
    let [up, down] = ["Up", "Down"].map(|tool| format!("{tool}={prompt}"));
    let out = folder.path("c.jsonl");
    let sizes = ["--k", "1", "--m", "2", "--tau-s", "0", "--max-call-tokens", "4"];
    let annotate = ["annotate", "--model", &model, "--tools-file", &tools, "--texts", &texts, "--out", &out];
    let with = |prompts: &[&str]| toolformer(&[&annotate[..], &sizes, prompts].concat());
    with(&["--prompt-file", &prompt]).fails(2, "say whose it is, TOOL=FILE; the tools are Down, Up");
    with(&["--prompt-file", &up]).fails(2, "no prompt ships for the tool Down");
    with(&["--prompt-file", &up, "--prompt-file", &up]).fails(2, "is given twice for Up");
    with(&["--prompt-file", &up, "--prompt-file", &down]).ok();
    let tools: Vec<Value> = lines(&folder.read("c.jsonl")).iter().map(|one| one["tool"].clone()).collect();
    assert_eq!(tools, ["Down", "Down", "Up", "Up"]);
}

#[test]
fn candidates_of_ids_need_neither_texts_nor_a_tokenizer() {
    let folder = Folder::new();
    let golden: Value =
        serde_json::from_str(&std::fs::read_to_string(fixture("filter.json")).unwrap()).unwrap();
    let cases = golden["paper"].as_array().unwrap();
    let candidates: String = cases.iter().map(|case| format!("{case}\n")).collect();
    let (candidates, out) = (folder.file("ids.jsonl", candidates), folder.path("out.jsonl"));
    toolformer(&["filter", "--model", &fixture("llama"), "--candidates", &candidates, "--out", &out]).ok();
    let judged = lines(&folder.read("out.jsonl"));
    assert_eq!(judged.len(), cases.len());
    for (judged, case) in judged.iter().zip(cases) {
        assert_eq!(judged["text_ids"], case["text"]);
        for name in ["loss_none", "loss_call", "loss_response", "delta"] {
            let (found, expected) = (judged[name].as_f64().unwrap(), case[name].as_f64().unwrap());
            assert!((found - expected).abs() < 1e-4, "{name}: {found} is not {expected}");
        }
    }
}

#[test]
fn prompts_come_back_in_order_with_their_fields() {
    let folder = Folder::new();
    let prompts =
        "{\"id\": 1, \"prompt\": \"the cat and the cat\"}\n{\"prompt\": \"é\", \"answer\": \"x\"}\n";
    let prompts = folder.file("prompts.jsonl", prompts);
    let generate =
        ["generate", "--model", &fixture("tiny_llama"), "--prompts", &prompts, "--max-tokens", "4"];
    let found = lines(&toolformer(&[generate.as_slice(), &["--json", "--batch", "1"]].concat()).ok().out);
    assert_eq!((&found[0]["id"], &found[1]["answer"]), (&json!(1), &json!("x")));
    for object in &found {
        let [prompt, text, completion] =
            ["prompt", "text", "completion"].map(|name| object[name].as_str().unwrap());
        assert_eq!(text, format!("{prompt}{completion}"));
        assert_eq!(object["calls"], json!([]));
        assert_eq!(object["tokens"]["completion"], 4);
        assert_eq!(object["finish_reason"], "length");
    }
    let long = ["generate", "--model", &fixture("tiny_llama"), "--prompts", &prompts, "--max-tokens", "63"];
    toolformer(&long).fails(1, "prompt 0 has");
}

#[test]
fn scores_of_ids_and_of_text_agree() {
    let model = fixture("tiny_llama");
    let score = |more: &[&str]| -> Value {
        let args = ["score", "--model", &model, "--top", "3", "--json"];
        serde_json::from_str(&toolformer(&[args.as_slice(), more].concat()).ok().out).unwrap()
    };
    let by_text = score(&["--text", "the cat"]);
    let ids: Vec<String> = by_text["ids"].as_array().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(score(&["--ids", &ids.join(",")]), by_text);
    let log_probs = by_text["logprobs"].as_array().unwrap();
    assert!(log_probs[0].is_null());
    let mean = log_probs[1..].iter().map(|p| p.as_f64().unwrap()).sum::<f64>() / (log_probs.len() - 1) as f64;
    assert!((by_text["nll"].as_f64().unwrap() + mean).abs() < 1e-6);
    let top = by_text["top"].as_array().unwrap();
    assert!(top.len() == ids.len() && top.iter().all(|top| top.as_array().unwrap().len() == 3));
}

#[test]
fn finetune_saves_in_the_numbers_and_shards_that_are_asked_for() {
    let folder = Folder::new();
    let data = folder.file("train.jsonl", "{\"text\": \"the cat 12\"}\n");
    let out = folder.path("tuned");
    let args = ["finetune", "--model", &fixture("calling_llama"), "--data", &data, "--out", &out];
    let steps = ["--max-steps", "1", "--lora-rank", "1"];
    let wrong = [&args[..], &["--max-shard-size", "5 apples"]].concat();
    toolformer(&wrong).fails(2, "write it as 500MB, 5GB or 2GiB");
    let save = ["--save-precision", "bf16", "--max-shard-size", "20KB"];
    toolformer(&[&args[..], &steps, &save].concat()).ok();
    assert!(folder.read("tuned/model/model.safetensors.index.json").contains("model-00002-of-"));
    let model = folder.path("tuned/model");
    let shown = toolformer(&["models", "show", &model, "--json"]).ok().out;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["stored"], serde_json::json!({"BF16": shown["parameters"]}));
    toolformer(&["score", "--model", &model, "--text", "the cat"]).ok();
}

/// Several completions of each prompt, with what the model thought of their tokens.
#[test]
fn completions_by_number_with_log_probabilities() {
    let folder = Folder::new();
    let prompts = folder.file("p.jsonl", b"{\"prompt\":\"the cat\"}\n{\"prompt\":\"a\",\"index\":9}\n");
    let model = fixture("tiny_llama");
    let args = ["generate", "--model", &model, "--prompts", &prompts, "--max-tokens", "4", "--json"];
    let more = ["--n", "2", "--best-of", "3", "--temperature", "1", "--logprobs", "2", "--echo"];
    let out = toolformer(&[&args[..], &more].concat()).ok().out;
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = lines.iter().map(|line| (line["prompt"].as_str(), line["index"].as_u64())).collect();
    assert_eq!(places, [("the cat", 0), ("the cat", 1), ("a", 0), ("a", 1)].map(|(p, i)| (Some(p), Some(i))));
    for line in &lines {
        let [prompt, own] = ["prompt_logprobs", "logprobs"].map(|field| line[field].as_array().unwrap());
        assert_eq!(own.len() as u64, line["tokens"]["completion"]);
        assert_eq!(prompt.len() as u64, line["tokens"]["prompt"]);
        assert!(
            prompt[0]["logprob"].is_null() && own.iter().all(|token| token["logprob"].as_f64() <= Some(0.0))
        );
        assert!(own.iter().all(|token| token["top"].as_array().unwrap().len() == 2), "{line}");
    }
    let first = |more: &[&str]| {
        let out = toolformer(&[&args[..], more].concat()).ok().out;
        serde_json::from_str::<Value>(out.lines().next().unwrap()).unwrap()
    };
    let likely = first(&["--logprobs", "0"])["logprobs"][0]["id"].to_string();
    let banned = first(&["--logprobs", "0", "--logit-bias", &format!("{likely}=-100")]);
    assert_ne!(banned["logprobs"][0]["id"].to_string(), likely);
    assert_eq!(first(&["--stop-id", &likely])["completion"], "");
    toolformer(&[&args[..], &["--logit-bias", "5"]].concat()).fails(2, "such as 50256=-100");
    toolformer(&[&args[..], &["--n", "2"]].concat()).fails(2, "of a greedy choice there is one completion");
    toolformer(&[&args[..7], &["--logprobs", "1"]].concat()).fails(2, "--json");
    toolformer(&[&args[..], &["--suffix", "x"]].concat()).fails(2, "no tokens to fill in the middle");
}

#[test]
fn a_report_of_a_file_and_of_a_folder() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"id\": \"a\", \"text\": \"the cat\"}\n");
    let candidates = folder.file("candidates.jsonl", format!("{}\n", candidate()));
    let page = folder.path("page.html");
    let of_file = ["report", "--candidates", &candidates, "--texts", &texts];
    let ran = toolformer(&[&of_file[..], &["--out", &page]].concat()).ok();
    assert!(ran.err.contains("page.html") && ran.out.is_empty(), "{}", ran.err);
    assert!(folder.read("page.html").contains("<mark><bdi>Calculator(1 + 1)</bdi>"));
    let run = folder.path("");
    toolformer(&["report", &run]).ok();
    assert!(folder.read("report.html").contains("no stats.json"));
    toolformer(&of_file).fails(2, "--out");
    toolformer(&["report"]).fails(2, "RUN");
    toolformer(&["report", &run, "--candidates", &candidates, "--out", &page])
        .fails(2, "cannot be used with");
    toolformer(&["report", &fixture("tiny_llama")]).fails(1, "neither stats.json nor candidates.jsonl");
}
