//! Does a reward model tell right solutions of GSM8K's problems from wrong ones, better than their lengths do?

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::marks::without_marks;
use super::{Runner, timed, write_rows};
use crate::process;
use crate::quickstart::read_rows;

/// Train a reward model on right against wrong solutions of GSM8K's test problems, and measure it on other problems
///
/// Takes example_model_solutions.jsonl of GSM8K's repository: four models' solutions of each problem, and whether they are
/// right. A pair is a right and a wrong solution of one problem, one pair a problem; no problem is on both sides. Prints how
/// often the held-out pairs are ordered rightly, before chance, the longer and the shorter solution. A run that was cut off
/// goes on when the command is given again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// GSM8K's example_model_solutions.jsonl
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// How many problems are learnt from
    #[arg(long, value_name = "N", default_value_t = 400)]
    pairs: usize,
    /// How many further problems are held out
    #[arg(long, value_name = "N", default_value_t = 200)]
    held_out: usize,
    /// Which problems, and the training's draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where the pairs, the checkpoints and the model go
    #[arg(long, value_name = "DIR", default_value = "runs/reward")]
    out: PathBuf,
    /// Further options of `reward train`, such as --epochs 3
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
    #[command(flatten)]
    runner: Runner,
}

/// How it is trained, unless told otherwise.
const TRAIN_OPTIONS: &[&str] = &[
    "--template",
    "plain",
    "--batch",
    "16",
    "--epochs",
    "2",
    "--max-seq",
    "256",
    "--centre",
    "0.01",
    "--lora-rank",
    "16",
];

pub(super) fn run(args: &Args) -> Result<()> {
    let out = process::root().join(&args.out);
    let files = args.runner.files(&out)?;
    let rows = read_rows(&std::path::absolute(&args.data)?)?;
    let pairs = pairs(&rows, args.seed)?;
    if pairs.len() < args.pairs + args.held_out {
        bail!("{} problems have right and wrong solutions; ask for fewer", pairs.len());
    }
    let (learnt, rest) = pairs.split_at(args.pairs);
    let (train, held_out) = (files.file("train.jsonl"), files.file("held_out.jsonl"));
    write_rows(&train, learnt)?;
    write_rows(&held_out, &rest[..args.held_out])?;

    let seed = args.seed.to_string();
    let mut command = files.command("reward");
    command.arg("train").arg("--model").arg(&files.model).arg("--pairs").arg(&train);
    command.arg("--held-out-pairs").arg(&held_out).args(["--seed", &seed]).args(TRAIN_OPTIONS);
    timed(command.args(&args.options).arg("--out").arg(&out))?;
    let mut command = files.command("reward");
    command.arg("eval").arg("--model").arg(out.join("model")).arg("--pairs").arg(&held_out);
    command.args(["--max-seq", "256", "--json"]);
    let found = files.file("eval.json");
    process::run_into(&mut command, &found)?;
    let found: Value = serde_json::from_str(&std::fs::read_to_string(&found)?)?;
    println!("{}", table(&found));
    println!("All of it is in {}.", out.display());
    Ok(())
}

/// One pair of each problem that has right and wrong solutions, in an order that follows from the seed.
fn pairs(rows: &[Value], seed: u64) -> Result<Vec<Value>> {
    let key =
        |question: &str| Sha256::new().chain_update(seed.to_le_bytes()).chain_update(question).finalize();
    let mut pairs = Vec::new();
    for row in rows {
        let question = row["question"].as_str().context("a row has no `question`: is this GSM8K?")?;
        let solutions = |right: bool| {
            let fields = row.as_object().into_iter().flatten();
            let solutions = fields.filter(move |(_, field)| field["is_correct"] == right);
            solutions.filter_map(|(_, field)| field["solution"].as_str()).collect::<Vec<_>>()
        };
        let key = key(question);
        // Which of several is drawn by the problem, too.
        let one = |solutions: Vec<&str>, drawn: u8| {
            let place = usize::from(drawn) % solutions.len().max(1);
            solutions.get(place).map(|solution| without_marks(solution).0)
        };
        if let (Some(chosen), Some(rejected)) = (one(solutions(true), key[0]), one(solutions(false), key[1]))
        {
            pairs.push((key, json!({"question": question, "chosen": chosen, "rejected": rejected})));
        }
    }
    pairs.sort_by_key(|(key, _)| *key);
    Ok(pairs.into_iter().map(|(_, pair)| pair).collect())
}

fn table(found: &Value) -> String {
    let row = |name: &str, part: &Value| {
        let [value, low, high] =
            ["value", "low", "high"].map(|field| 100.0 * part[field].as_f64().unwrap_or(f64::NAN));
        format!("{name:<30}{value:>6.1} %  ({low:.1} to {high:.1})\n")
    };
    let mut out = format!("{} held-out pairs of {} problems\n", found["n"], found["questions"]);
    out.push_str(&row("the reward model", &found["accuracy"]));
    out.push_str(&row("always the longer solution", &found["longer"]));
    out.push_str(&row("always the shorter solution", &found["shorter"]));
    out.push_str(&format!("{:<30}{:>6.1} %\n", "chance", 50.0));
    out.push_str(&format!(
        "mean margin {:.3}, loss {:.3}",
        found["margin"].as_f64().unwrap_or(f64::NAN),
        found["loss"].as_f64().unwrap_or(f64::NAN)
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_a_right_and_a_wrong_solution() {
        let solution = |is_correct: bool, text: &str| json!({"is_correct": is_correct, "solution": text});
        let rows = [
            json!({"question": "q", "ground_truth": "g", "a": solution(true, "1+1=<<1+1=2>>2\nA: 2"),
                "b": solution(false, "A: 3")}),
            json!({"question": "all right", "a": solution(true, "x"), "b": solution(true, "y")}),
        ];
        let expected = json!({"question": "q", "chosen": "1+1=2\nA: 2", "rejected": "A: 3"});
        assert_eq!(pairs(&rows, 0).unwrap(), [expected]);
    }

    #[test]
    fn the_seed_draws_the_order() {
        let row = |n: usize| {
            json!({"question": n.to_string(), "a": {"is_correct": true, "solution": "x"},
                "b": {"is_correct": false, "solution": "y"}})
        };
        let rows: Vec<Value> = (0..20).map(row).collect();
        assert_eq!(pairs(&rows, 1).unwrap(), pairs(&rows, 1).unwrap());
        assert_ne!(pairs(&rows, 1).unwrap(), pairs(&rows, 2).unwrap());
    }
}
