//! What a mask costs, for each position of a call that is new and for one that was seen before. The vocabulary is that of
//! the GGUF file that `TOOLFORMER_SMOLLM2` names, else a tiny one.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use toolformer_decode::CallConstraint;
use toolformer_model::{GgufFile, Tokenizer};
use toolformer_text::{ArgumentGrammar, CallEnds, FnTool, Registry, Syntax, ToolError};

const FIXTURE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../toolformer-model/tests/fixtures/sentence_piece/bpe.gguf");

/// A tool that takes sums and one that takes any text.
fn tools() -> Result<Registry, Box<dyn std::error::Error>> {
    let mut tools = Registry::new();
    let sums = ArgumentGrammar::matching(r"[(]*[0-9.]+[)]*(?: [-+*/] [(]*[0-9.]+[)]*)*");
    let no_result = |_: &str| Err(ToolError::NoResult);
    tools.insert(FnTool::new("Calculator", "", no_result).with_argument_grammar(sums))?;
    tools.insert(FnTool::new("QA", "", no_result))?;
    Ok(tools)
}

fn measure(criterion: &mut Criterion) -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::var("TOOLFORMER_SMOLLM2").unwrap_or_else(|_| FIXTURE.to_owned());
    let tokenizer = Tokenizer::from_gguf(&GgufFile::open(path)?)?;
    let (tools, syntax) = (tools()?, Syntax::default());
    let made = || CallConstraint::new(&tokenizer, tools.tools(), &syntax, CallEnds::Either);
    let vocab = tokenizer.vocab_size();
    let mut group = criterion.benchmark_group(format!("mask of {vocab} tokens"));
    group.sample_size(20);
    group.bench_function("make", |bencher| bencher.iter(|| black_box(made())));
    let constraint = made()?;
    let logits = vec![0.0f32; vocab];
    for (name, tool, arguments) in [("sum", "Calculator", "12 + "), ("text", "QA", "who was the")] {
        // Nested ever deeper, a position is a new one each time.
        let mut depth = 0;
        let mut deeper = || {
            depth += 1;
            let call = format!("{tool}({}{arguments}", "(".repeat(depth));
            (constraint.begin(call.as_bytes()), logits.clone())
        };
        group.bench_function(format!("{name}, new"), |bencher| {
            bencher.iter_batched(
                &mut deeper,
                |(call, mut logits)| black_box(call.is_some_and(|call| call.mask(&mut logits))),
                BatchSize::SmallInput,
            );
        });
        let call = constraint.begin(format!("{tool}({arguments}").as_bytes());
        group.bench_function(format!("{name}, seen"), |bencher| {
            bencher.iter_batched(
                || logits.clone(),
                |mut logits| black_box(call.as_ref().is_some_and(|call| call.mask(&mut logits))),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
    Ok(())
}

#[expect(clippy::expect_used, reason = "a benchmark that cannot run says why")]
fn benchmark(criterion: &mut Criterion) {
    measure(criterion).expect("the vocabulary is read and the tools are sound");
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
