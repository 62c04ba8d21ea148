//! What fails says why and what to do, and ends with the right code: 1 failed, 2 wrong usage.

use std::{
    fs,
    fs::OpenOptions,
    process::{Command, Stdio},
};

use crate::program::{Folder, Ran, command, fixture, toolformer};

/// `teach` with what differs.
fn teach(model: &str, texts: &str, out: &str, more: &[&str]) -> Ran {
    let args = ["teach", "--model", model, "--tools", "calculator", "--texts", texts, "--out", out];
    toolformer(&[&args, more].concat())
}

#[test]
fn a_missing_model() {
    let args = |model| ["generate", "--prompt", "x", "--model", model];
    toolformer(&args("/none/model.gguf"))
        .fails(1, "/none/model.gguf does not exist; give a folder with config.json");
    toolformer(&args("HuggingFaceTB/SmolLM2-135M"))
        .fails(1, "there is no file or folder HuggingFaceTB/SmolLM2-135M here, and the model of that name cannot be had");
    let folder = Folder::new();
    let empty = folder.path("");
    toolformer(&args(&empty))
        .fails(1, "config.json does not exist; give a folder with config.json, tokenizer.json and weights");
    folder.file("b.gguf", "");
    toolformer(&args(&empty)).fails(1, "the folder holds `b.gguf`: give the path of that file");
    folder.file("a.gguf", "");
    toolformer(&args(&empty)).fails(1, "the folder holds `a.gguf`, `b.gguf`: give the path of one of them");
    // A mistyped path is not asked for on the hub.
    toolformer(&args("models/Smol.gguf")).fails(1, "error: models/Smol.gguf does not exist; give a folder");
    toolformer(&args("src/Smol")).fails(1, "error: src/Smol does not exist; give a folder");
}

/// Opening a pipe would wait for ever for someone who writes to it.
#[test]
#[cfg(unix)]
fn a_pipe_is_no_model() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    toolformer(&["score", "--ids", "1", "--model", &pipe]).fails(1, "where a file should be");
    toolformer(&["models", "show", &pipe]).fails(1, "where a file should be");
}

#[test]
fn room_for_a_completion_is_made_when_it_is_needed() {
    let folder = Folder::new();
    for name in ["model.safetensors", "tokenizer_config.json", "tokenizer.json"] {
        fs::copy(fixture(&format!("calling_llama/{name}")), folder.path(name)).unwrap();
    }
    let config = fs::read_to_string(fixture("calling_llama/config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = (1_u64 << 31).into();
    folder.file("config.json", config.to_string());
    let args =
        ["generate", "--prompt", "2 + 3 is", "--max-tokens", "2000000000", "--stop", " ", "--stop", "e"];
    let model = folder.path("");
    toolformer(&[&args[..], &["--model", &model]].concat()).ok();
    let args = ["generate", "--prompt", "2 + 3 is", "--max-tokens", "18446744073709551615"];
    toolformer(&[&args[..], &["--model", &model]].concat()).fails(1, "the model's context is 2147483648");
}

#[test]
fn a_truncated_gguf() {
    let folder = Folder::new();
    let whole = fs::read(fixture("tiny_llama/model.gguf")).unwrap();
    for kept in [0, 3, 20, 500, whole.len() / 2, whole.len() - 1] {
        let cut = folder.file("cut.gguf", &whole[..kept]);
        toolformer(&["score", "--text", "x", "--model", &cut]).fails(1, "is not a readable GGUF file");
    }
}

#[test]
fn training_of_quantised_weights() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"text\": \"12 * 3 is 36\"}\n");
    let out = folder.path("run");
    let ran = teach(&fixture("calling_llama"), &texts, &out, &["--precision", "int8", "--full"]);
    ran.fails(2, "train a LoRA adapter on them");
}

#[test]
fn texts_that_are_no_jsonl() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"text\": \"good\"}\njust some words\n");
    let out = folder.path("run");
    teach(&fixture("tiny_llama"), &texts, &out, &[]).fails(1, "texts.jsonl, line 2, is not a JSON object");
    teach(&fixture("tiny_llama"), &folder.path("none"), &out, &[])
        .fails(1, "none; check that the path is right");
}

#[test]
fn wrong_usage() {
    toolformer(&[]).fails(2, "Usage: toolformer");
    toolformer(&["parse", "--nonsense"]).fails(2, "--nonsense");
    toolformer(&["invoke", "--tools", "calculater"])
        .fails(2, "there is no tool `calculater`; there are calculator, calendar");
    toolformer(&["invoke"]).fails(2, "--tools or --tools-file is needed");
    toolformer(&["invoke", "--tools", "calculator", "--now", "today"]).fails(2, "YYYY-MM-DD");
    toolformer(&["invoke", "--tools", "calendar", "--now", "2024-13-01"]).fails(2, "no day 2024-13-01");
    let cuda = ["score", "--text", "x", "--model", "m", "--device", "cuda:0"];
    toolformer(&cuda).fails(2, "this build cannot use the device `cuda:0`");
    let double = ["score", "--text", "x", "--model", "m", "--precision", "f64"];
    toolformer(&double).fails(2, "there are f32, f16, bf16, int8, int4");
    toolformer(&["generate", "--model", "m"]).fails(2, "--prompt");
    let hot = ["generate", "--model", "m", "--prompt", "x", "--temperature=-1"];
    toolformer(&hot).fails(2, "setting `temperature`");
    let ids = ["score", "--model", &fixture("llama"), "--ids", "1,100000"];
    toolformer(&ids).fails(2, "the model has no token 100000");
    toolformer(&["score", "--model", "m", "--ids", "1,x"]).fails(2, "`x` is no token id");
    toolformer(&["score", "--model", "m"]).fails(2, "<--text <TEXT>|--ids <IDS>>");
    let both = ["score", "--model", "m", "--text", "x", "--ids", "1"];
    toolformer(&both).fails(2, "cannot be used with");
}

#[test]
fn settings_out_of_range() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"text\": \"the cat\"}\n");
    let wrong = [
        ("--k=0", "setting `k`"),
        ("--tau-s=1", "setting `tau_s`"),
        ("--tau-f=nan", "setting `tau_f`"),
        ("--held-out=1.5", "setting `held_out`"),
        ("--unit-texts=0", "--unit-texts"),
        ("--learning-rate=0", "setting `learning_rate`"),
        ("--lora-rank=0", "the rank must be at least 1"),
    ];
    for (option, part) in wrong {
        teach(&fixture("tiny_llama"), &texts, &folder.path("run"), &[option]).fails(2, part);
    }
}

#[test]
fn a_place_that_cannot_be_written() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"text\": \"the cat\"}\n");
    let out = format!("{texts}/run");
    teach(&fixture("tiny_llama"), &texts, &out, &[]).fails(1, "caused by: ");
    let annotate =
        ["annotate", "--tools", "calculator", "--texts", &texts, "--model", &fixture("tiny_llama")];
    toolformer(&[annotate.as_slice(), &["--out", &out]].concat()).fails(1, "cannot write");
}

#[test]
fn a_run_of_other_settings_is_left_alone() {
    let folder = Folder::new();
    let texts = folder.file("texts.jsonl", "{\"text\": \"the cat\"}\n");
    let out = folder.path("run");
    teach(&fixture("tiny_llama"), &texts, &out, &[]).fails(1, "nothing to train on");
    teach(&fixture("tiny_llama"), &texts, &out, &["--seed", "1"]).fails(1, "begun with other settings");
    teach(&fixture("tiny_llama"), &texts, &out, &[]).fails(1, "nothing to train on");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command(&["parse", "--json"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(err.contains("cannot write to standard output\n  caused by: No space left"), "{err}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_in_the_middle_of_a_run() {
    let folder = Folder::new();
    let texts: String = (0..12).map(|i| format!("{{\"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
    let texts = folder.file("texts.jsonl", texts);
    let prompt = folder.file("prompt.txt", "Q {text} A ");
    let args = |out: &str| -> Vec<String> {
        let args = format!(
            "teach --model {} --tools calculator --texts {texts} --prompt-file {prompt} --out {out} --k 2 --m 3 \
             --max-call-tokens 24 --unit-texts 2 --tau-f -1000 --lora-rank 2 --epochs 1",
            fixture("calling_llama")
        );
        args.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let run = |out: &str| {
        let args = args(out);
        toolformer(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // No file may grow beyond `bytes`; without the signal that this would raise, writing fails as on a full disk.
    let run_limited = |out: &str, bytes: usize| -> Ran {
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_toolformer")]).args(args(out));
        shell.stdin(Stdio::null()).env_remove("RUST_LOG").output().unwrap().into()
    };
    run(&folder.path("whole")).ok();
    let read = |name: &str| fs::read(folder.path(name)).unwrap();
    let made = ["candidates.jsonl", "train.jsonl", "model/model.safetensors"];
    let len = |name: &str| read(&format!("whole/{name}")).len();
    assert!(len("candidates.jsonl") < len("model/model.safetensors") / 2);
    for name in ["candidates.jsonl", "model/model.safetensors"] {
        let out = folder.path(&name.replace('/', "-"));
        let limited = run_limited(&out, len(name) / 2);
        let said = format!("cannot write {out}/{name}; free space or choose another place");
        limited.fails(1, &said);
        run_limited(&out, len(name) / 2).fails(1, &said);
        run(&out).ok();
        for made in made {
            let same = fs::read(format!("{out}/{made}")).unwrap() == read(&format!("whole/{made}"));
            assert!(same, "{made} differs after {name} could not be written");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    let many = folder.file("many.txt", "[Calculator(1 + 1)]\n".repeat(50_000));
    let mut child = command(&["parse", &many]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::io::read_to_string(child.stderr.take().unwrap()).unwrap(), "");
}
