//! A run that is killed goes on as if nothing had happened.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use crate::program::{Folder, command, fixture, toolformer};

const TEXTS: usize = 240;
const KILLS: usize = 5;

/// Texts and a prompt short enough for a model whose context is 64 tokens.
fn inputs(folder: &Folder) -> [String; 2] {
    let texts: String =
        (0..TEXTS).map(|i| format!("{{\"id\": \"t{i}\", \"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
    [folder.file("texts.jsonl", texts), folder.file("prompt.txt", "Q {text} A ")]
}

fn teach_args([texts, prompt]: &[String; 2], out: &str) -> Vec<String> {
    let args = format!(
        "teach --model {} --tools calculator --texts {texts} --prompt-file {prompt} --out {out} \
         --k 3 --m 3 --max-call-tokens 12 --unit-texts 4 --seed 5",
        fixture("tiny_llama")
    );
    args.split(' ').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The same numbers at every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Kills the run when its candidates have grown to so many bytes, and some milliseconds later: anywhere in a unit.
/// Whether there was still something to kill.
fn kill_at(mut child: Child, candidates: &Path, bytes: u64, then: Duration) -> bool {
    while fs::metadata(candidates).map_or(0, |file| file.len()) < bytes {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(then);
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

#[test]
fn a_run_killed_at_random_moments_gives_the_candidates_of_an_uninterrupted_one() {
    let folder = Folder::new();
    let inputs = inputs(&folder);
    let args = teach_args(&inputs, &folder.path("whole"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // An untrained model writes no call, so there is nothing to train on; the candidates are there all the same.
    toolformer(&args).fails(1, "nothing to train on");
    let whole = folder.read("whole/candidates.jsonl");
    assert!(whole.lines().count() > TEXTS && whole.contains("\"unparsable\""), "{}", whole.lines().count());

    let args = teach_args(&inputs, &folder.path("killed"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let candidates = folder.path("killed/candidates.jsonl");
    let mut draws = Draws(2023);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| draws.below(whole.len() as u64 * 9 / 10)).collect();
    moments.sort_unstable();
    for bytes in moments {
        let child = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let then = Duration::from_millis(draws.below(30));
        assert!(kill_at(child, candidates.as_ref(), bytes, then), "the run ended before byte {bytes}");
    }
    toolformer(&args).fails(1, "nothing to train on");
    assert_eq!(folder.read("killed/candidates.jsonl"), whole);
    let stats = |run: &str| -> serde_json::Value {
        let mut stats: serde_json::Value =
            serde_json::from_str(&folder.read(&format!("{run}/stats.json"))).unwrap();
        stats["stages"]["annotate"]["seconds"] = 0.into();
        stats["stages"]["filter"]["seconds"] = 0.into();
        stats
    };
    assert_eq!(stats("killed"), stats("whole"));
}
