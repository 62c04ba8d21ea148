//! A run in parts is a run: `--shard` and `merge-shards`.

use serde_json::Value;

use crate::program::{Folder, fixture, lines, toolformer};

const TEXTS: usize = 26;

/// Eight units, the last of which is not full.
const UNIT_TEXTS: &str = "--unit-texts 4";

struct Run {
    folder: Folder,
    annotate: String,
    filter: String,
}

impl Run {
    fn new() -> Self {
        let folder = Folder::new();
        let texts: String = (0..TEXTS).map(|i| format!("{{\"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
        let (texts, prompt) = (folder.file("texts.jsonl", texts), folder.file("prompt.txt", "Q {text} A "));
        let model = fixture("calling_llama");
        let annotate = format!(
            "annotate --model {model} --tools calculator --texts {texts} --prompt-file {prompt} --k 3 --m 4 \
             --max-call-tokens 24 {UNIT_TEXTS} --out"
        );
        let filter =
            format!("filter --model {model} --texts {texts} {UNIT_TEXTS} --tau-f -1000 --candidates");
        Self { folder, annotate, filter }
    }

    /// Runs a command in this folder's files, `<name>` standing for one of them.
    fn run(&self, command: &str) -> crate::program::Ran {
        let args: Vec<String> = command
            .split_whitespace()
            .map(|part| match part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) {
                Some(name) => self.folder.path(name),
                None => part.to_owned(),
            })
            .collect();
        toolformer(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The log of a file without the seconds.
    fn log(&self, name: &str) -> Vec<Value> {
        let mut log = lines(&self.folder.read(&format!("{name}.units")));
        for record in log.iter_mut().filter_map(|line| line.get_mut("record")?.as_object_mut()) {
            record.retain(|name, _| !name.ends_with("seconds"));
        }
        log
    }

    #[track_caller]
    fn check_same(&self, merged: &str, whole: &str) {
        assert_eq!(self.folder.read(merged), self.folder.read(whole));
        assert_eq!(self.log(merged), self.log(whole));
    }
}

#[test]
fn parts_give_what_the_whole_gives() {
    let run = Run::new();
    run.run(&format!("{} <whole>", run.annotate)).ok();
    run.run(&format!("{} <whole> --out <judged>", run.filter)).ok();
    assert!(run.folder.read("judged").contains("\"kept\":true"));
    for of in [1, 3, 9] {
        let mut parts = String::new();
        // In another order than they lie in.
        for number in (1..=of).rev() {
            run.run(&format!("{} <c{of}.{number}> --shard {number}/{of}", run.annotate)).ok();
            // A part is filtered by itself; its candidates are no other part's.
            parts.push_str(&format!("<c{of}.{number}> "));
        }
        run.run(&format!("merge-shards {parts} --out <c{of}>")).ok();
        run.check_same(&format!("c{of}"), "whole");
        // What was merged is gone on with: there is nothing left to do.
        let again = run.run(&format!("{} <c{of}> --json", run.annotate)).ok();
        assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["texts"], TEXTS);
        run.check_same(&format!("c{of}"), "whole");
        let parts: String = (1..=of).map(|number| format!("<f{of}.{number}> ")).collect();
        for number in 1..=of {
            run.run(&format!("{} <whole> --out <f{of}.{number}> --shard {number}/{of}", run.filter)).ok();
        }
        run.run(&format!("merge-shards {parts} --out <f{of}>")).ok();
        run.check_same(&format!("f{of}"), "judged");
    }
}

#[test]
fn what_is_no_whole_run_is_not_merged() {
    let run = Run::new();
    for number in [1, 2] {
        run.run(&format!("{} <c{number}> --shard {number}/2", run.annotate)).ok();
    }
    run.run(&format!("{} <other> --shard 2/2 --seed 1", run.annotate)).ok();
    run.run(&format!("{} <third> --shard 1/3", run.annotate)).ok();
    let check = |parts: &str, part: &str| run.run(&format!("merge-shards {parts} --out <c>")).fails(1, part);
    check("<c1>", "part 2/2 of its run is not given");
    check("<c1> <c1> <c2>", "it is the same part as");
    check("<c1> <other>", "it is of another run than");
    check("<c2> <third>", "it is of another run than");
    check("<c1> <nothing>", "cannot read");
    run.run("merge-shards <c1> <c2> --out <c2>").fails(1, "--out would overwrite it");
    // A part that was killed before its end.
    let log = run.folder.read("c2.units");
    let torn = &log[..log.trim_end().rfind('\n').unwrap() + 9];
    run.folder.file("c2.units", torn);
    check("<c1> <c2>", "3 of its 4 units are done");
    run.run(&format!("{} <c2> --shard 2/2", run.annotate)).ok();
    run.run("merge-shards <c1> <c2> --out <c>").ok();
    // A part is not gone on with as another.
    run.run(&format!("{} <c1> --shard 2/2", run.annotate)).fails(1, "other settings or inputs");
    run.run(&format!("{} <c4> --shard 3/2", run.annotate)).fails(2, "2/4, the second of four parts");
}
