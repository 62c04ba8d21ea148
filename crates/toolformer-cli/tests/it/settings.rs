//! `--settings`: each tool with its own.

use serde_json::{Value, json};

use crate::program::{Folder, fixture, lines, toolformer};

/// Two texts, two tools that are declared, and their prompts.
struct Job {
    folder: Folder,
    args: Vec<String>,
}

impl Job {
    fn new() -> Self {
        let folder = Folder::new();
        let command = "kind = \"command\"\nargv = [\"cat\"]\nstdin = \"{text}\"\n";
        let tools = folder.file("declared.toml", format!("[tools.Up]\n{command}[tools.Down]\n{command}"));
        let texts = folder.file("texts.txt", "the cat\n\n1 and 2\n");
        folder.file("p.txt", "Q {text} A ");
        let args = ["--model", &fixture("tiny_llama"), "--tools-file", &tools, "--texts", &texts];
        let args = args.into_iter().chain(["--max-call-tokens", "4"]).map(str::to_owned).collect();
        Self { folder, args }
    }

    fn annotate(&self, settings: &str, more: &[&str]) -> crate::program::Ran {
        let (settings, out) = (self.folder.file("tools.toml", settings), self.folder.path("c.jsonl"));
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let own = ["--settings", &settings, "--out", &out];
        toolformer(&[&["annotate"][..], &args, &own, more].concat())
    }

    /// Positions and samples of each tool in the first text.
    fn sizes(&self, tool: &str) -> (usize, usize) {
        let found: Vec<Value> = lines(&self.folder.read("c.jsonl"));
        let mut positions: Vec<u64> = found
            .iter()
            .filter(|candidate| candidate["tool"] == tool && candidate["text_id"] == 0)
            .map(|candidate| candidate["position"].as_u64().unwrap())
            .collect();
        let all = positions.len();
        positions.dedup();
        (positions.len(), all / positions.len().max(1))
    }
}

#[test]
fn a_file_goes_before_flags_and_flags_before_the_paper() {
    let job = Job::new();
    let settings = "[Up]\nk = 1\nm = 2\ntau_s = 0\nprompt = 'p.txt'\n[Down]\nprompt = 'p.txt'\n[QA]\nk = 4\n";
    job.annotate(settings, &["--m", "3", "--tau-s", "0", "--k", "2"]).ok();
    assert_eq!((job.sizes("Up"), job.sizes("Down")), ((1, 2), (2, 3)));
    // What later steps use may change, what this one does may not.
    let other = settings.replace("[Down]", "tau_f = 7.0\n[Down]");
    job.annotate(&other, &["--m", "3", "--tau-s", "0", "--k", "2"]).ok();
    job.annotate(settings, &["--m", "4", "--tau-s", "0", "--k", "2"])
        .fails(1, "was begun with other settings");
    let other = settings.replace("m = 2", "m = 1");
    job.annotate(&other, &["--m", "3", "--tau-s", "0", "--k", "2"]).fails(1, "was begun with other settings");
}

#[test]
fn mistakes_name_the_line_and_the_key() {
    let job = Job::new();
    job.annotate("[Up]\nkk = 1\n", &[]).fails(1, "tools.toml, line 2: unknown field `kk`");
    job.annotate("[Upp]\nk = 1\n", &[]).fails(1, "line 1, `Upp`: no tool has this name");
    job.annotate("[Up]\nk = 0\n", &[]).fails(1, "line 2, `Up.k`: must be at least 1 position");
    job.annotate("[Up]\nprompt = 'q.txt'\n", &[]).fails(1, "line 2, `Up.prompt`: cannot read");
    job.annotate("[Up]\nprompt = 'p.txt'\n", &[]).fails(2, "no prompt ships for the tool Down");
}

#[test]
fn each_tool_is_filtered_and_woven_by_its_own() {
    let (folder, model) = (Folder::new(), fixture("tiny_llama"));
    let candidate = |text: &str, tool: &str| {
        let call = format!("{tool}(1)");
        json!({"text_id": text, "tool": tool, "position": 3, "token_position": 2, "p_start": 0.5, "call": call,
               "status": "ok", "result": "2"})
    };
    let [first, second] = ["a", "b"].map(|id| format!("{{\"id\": \"{id}\", \"text\": \"the cat\"}}\n"));
    let texts = folder.file("texts.jsonl", first + &second);
    let all = [candidate("a", "Up"), candidate("a", "Down"), candidate("b", "Up")];
    let candidates = folder.file("c.jsonl", all.map(|candidate| format!("{candidate}\n")).concat());
    let settings = "[Up]\ntau_f = -1000\nmax_examples = 1\n[Down]\ntau_f = 1000\n";
    let settings = folder.file("tools.toml", settings);
    let [filtered, train] = ["f.jsonl", "train.jsonl"].map(|name| folder.path(name));
    let filter =
        ["filter", "--model", &model, "--texts", &texts, "--candidates", &candidates, "--out", &filtered];
    let ran = toolformer(&[&filter[..], &["--settings", &settings]].concat()).ok();
    assert!(ran.err.contains("2 of 3 candidates kept"), "{}", ran.err);
    let kept: Vec<bool> =
        lines(&folder.read("f.jsonl")).iter().map(|judged| judged["kept"].as_bool().unwrap()).collect();
    assert_eq!(kept, [true, false, true]);
    toolformer(&filter).fails(1, "was begun with other settings");
    // Dear calls are dropped, as the threshold is what the tool's cost makes of it.
    let dear = folder.file("dear.toml", "[Up]\ntau_f = -1000\ncost = 200\n[Down]\ntau_f = -1000\ncost = 1\n");
    let judged = folder.path("dear.jsonl");
    let with_cost =
        ["filter", "--model", &model, "--texts", &texts, "--candidates", &candidates, "--out", &judged];
    let with_cost = [&with_cost[..], &["--settings", &dear, "--cost-weight", "10"]].concat();
    assert!(toolformer(&with_cost).ok().err.contains("1 of 3 candidates kept"));
    toolformer(&[&filter[..], &["--cost-weight", "10"]].concat()).fails(2, "--settings");
    let weave = ["weave", "--texts", &texts, "--candidates", &filtered, "--out", &train];
    assert!(toolformer(&weave).ok().err.contains("2 calls woven into 2 texts"));
    let ran = toolformer(&[&weave[..], &["--settings", &settings]].concat()).ok();
    assert!(ran.err.contains("1 calls woven into 1 texts"), "{}", ran.err);
    let ids = folder.file("ids.jsonl", "{\"prefix_none\": [1]}\n");
    let filter =
        ["filter", "--model", &model, "--candidates", &ids, "--out", &filtered, "--settings", &settings];
    toolformer(&filter).fails(2, "--settings is for candidates that name their tools");
    toolformer(&[&filter[..7], &["--separator", "x"]].concat())
        .fails(2, "--separator is for candidates with texts");
}
