//! A run that is killed goes on as if nothing had happened.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::program::{Folder, command, fixture, toolformer};

const TEXTS: usize = 80;

fn inputs(folder: &Folder) -> [String; 2] {
    let texts: String =
        (0..TEXTS).map(|i| format!("{{\"id\": \"t{i}\", \"text\": \"{i} and {} go\"}}\n", i * 7)).collect();
    [folder.file("texts.jsonl", texts), folder.file("prompt.txt", "Q {text} A ")]
}

/// Every call that ran is kept, so that there is something to train on.
fn teach_args([texts, prompt]: &[String; 2], out: &str) -> Vec<String> {
    let args = format!(
        "teach --model {} --tools calculator --texts {texts} --prompt-file {prompt} --out {out} --k 3 --m 4 \
         --max-call-tokens 24 --unit-texts 4 --seed 5 --tau-f -1000 --lora-rank 2 --learning-rate 0.01 --epochs 2 \
         --evaluate-every 2 --batch 4",
        fixture("calling_llama")
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

    /// Random parts of `of` from small to great, short of its end.
    fn rising(&mut self, count: usize, of: u64) -> Vec<u64> {
        let mut all: Vec<u64> = (0..count).map(|_| self.below(of * 9 / 10)).collect();
        all.sort_unstable();
        all
    }
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When a file has grown to so many bytes.
    Grown(&'static str, u64),
    /// While a checkpoint is being written.
    Checkpoint,
    /// While the taught model is being saved.
    Saving,
}

impl Moment {
    fn has_come(self, run: &Path) -> bool {
        match self {
            Self::Grown(name, bytes) => fs::metadata(run.join(name)).is_ok_and(|file| file.len() >= bytes),
            Self::Checkpoint => fs::read_dir(run.join("checkpoints")).is_ok_and(|entries| {
                let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
                names.into_iter().any(|name| name.to_string_lossy().ends_with(".partial"))
            }),
            Self::Saving => run.join("adapter").exists(),
        }
    }

    /// Kills a run then, and somewhat later; whether there was still something to kill.
    fn kill(self, mut child: Child, run: &Path, then: Duration) -> bool {
        while !self.has_come(run) {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(then);
        child.kill().unwrap();
        child.wait().unwrap().code().is_none()
    }
}

/// `stats.json` without the times.
fn stats(folder: &Folder, run: &str) -> Value {
    let mut stats: Value = serde_json::from_str(&folder.read(&format!("{run}/stats.json"))).unwrap();
    for (_, stage) in stats["stages"].as_object_mut().unwrap() {
        stage["seconds"] = 0.into();
    }
    stats
}

/// Runs a command over and over, each run killed when its output has grown to one of `sizes` bytes and a little later, and
/// its files cut at a random byte; then once to its end. Returns how many were killed.
fn kill_at(args: &[&str], out: &str, sizes: &[u64], draws: &mut Draws) -> usize {
    let (folder, name) = out.rsplit_once('/').unwrap();
    let name: &'static str = String::leak(name.to_owned());
    let mut kills = 0;
    for &bytes in sizes {
        let child = command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let then = Duration::from_micros(draws.below(5_000));
        kills += usize::from(Moment::Grown(name, bytes).kill(child, Path::new(folder), then));
        // What was written last need not have reached the disk: both files may end at any byte, the log behind its first line.
        for (file, least) in [(out.to_owned(), 0), (format!("{out}.units"), 1)] {
            let content = fs::read(&file).unwrap();
            let first = content.iter().position(|&byte| byte == b'\n').map_or(content.len(), |end| end + 1);
            let from = content.len() - content.len().saturating_sub(first * least).min(700);
            let cut = from as u64 + draws.below((content.len() - from) as u64 + 1);
            File::options().write(true).open(&file).unwrap().set_len(cut).unwrap();
        }
    }
    toolformer(args).ok();
    kills
}

#[test]
fn annotate_and_filter_killed_at_random_bytes_end_as_uninterrupted_ones() {
    let folder = Folder::new();
    let [texts, prompt] = inputs(&folder);
    let model = fixture("calling_llama");
    let annotate = |out: &str| {
        format!(
            "annotate --model {model} --tools calculator --texts {texts} --prompt-file {prompt} --k 3 --m 4 \
             --max-call-tokens 24 --unit-texts 4 --seed 5 --out {out}"
        )
    };
    let candidates = folder.path("whole.jsonl");
    let filter = |out: &str| {
        format!("filter --model {model} --texts {texts} --candidates {candidates} --unit-texts 4 --out {out}")
    };
    let mut draws = Draws(2026);
    let mut kills = 0;
    for (whole, killed, command) in [
        ("whole.jsonl", "killed.jsonl", &annotate as &dyn Fn(&str) -> String),
        ("judged.jsonl", "judged_killed.jsonl", &filter),
    ] {
        let command =
            |out: &str| command(&folder.path(out)).split(' ').map(str::to_owned).collect::<Vec<_>>();
        let run = command(whole);
        toolformer(&run.iter().map(String::as_str).collect::<Vec<_>>()).ok();
        let expected = folder.read(whole);
        let run = command(killed);
        let sizes = draws.rising(12, expected.len() as u64);
        let args: Vec<&str> = run.iter().map(String::as_str).collect();
        kills += kill_at(&args, &folder.path(killed), &sizes, &mut draws);
        assert!(folder.read(killed) == expected, "{killed} differs after {kills} kills");
    }
    assert!(kills >= 20, "{kills}");
}

#[test]
fn a_run_killed_at_random_moments_ends_as_an_uninterrupted_one() {
    let folder = Folder::new();
    let inputs = inputs(&folder);
    let args = teach_args(&inputs, &folder.path("whole"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    toolformer(&args).ok();
    let whole = folder.read("whole/candidates.jsonl");
    assert!(whole.lines().count() > TEXTS && whole.contains("\"kept\":true"), "{}", whole.lines().count());

    let args = teach_args(&inputs, &folder.path("killed"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let run = folder.path("killed");
    let run = Path::new(&run);
    let mut draws = Draws(2023);
    // Kills in all of sampling, then in all of training with some in checkpoints, then while the model is saved.
    let sampling = draws.rising(5, whole.len() as u64);
    let training = draws.rising(4, folder.read("whole/metrics.jsonl").len() as u64);
    let mut moments: Vec<(Moment, u64)> =
        sampling.into_iter().map(|bytes| (Moment::Grown("candidates.jsonl", bytes), 30_000)).collect();
    for bytes in training {
        moments.push((Moment::Grown("metrics.jsonl", bytes), 10_000));
        moments.push((Moment::Checkpoint, 3_000));
    }
    moments.extend([(Moment::Saving, 2_000); 4]);
    let mut kills = Vec::new();
    for (moment, micros) in moments {
        if let Moment::Saving = moment {
            // Saved anew by every run that gets so far.
            let _ = fs::remove_dir_all(run.join("adapter"));
            let _ = fs::remove_dir_all(run.join("model"));
        }
        let child = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let then = Duration::from_micros(draws.below(micros));
        if moment.kill(child, run, then) {
            kills.push(moment);
        }
    }
    let saving = kills.iter().filter(|kill| matches!(kill, Moment::Saving)).count();
    assert!(kills.len() >= 8 && saving > 0, "{kills:?}");
    toolformer(&args).ok();
    let made = [
        "candidates.jsonl",
        "train.jsonl",
        "metrics.jsonl",
        "adapter/adapter_model.safetensors",
        "model/model.safetensors",
    ];
    for name in made {
        let read = |run: &str| fs::read(folder.path(&format!("{run}/{name}"))).unwrap();
        assert!(read("killed") == read("whole"), "{name} differs after {kills:?}");
    }
    assert_eq!(stats(&folder, "killed"), stats(&folder, "whole"));
}
