//! How fast calls are found. `peer_re.py` beside this file makes the same texts and reads them with Python's `re`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use toolformer_text::{StreamParser, Syntax, parse};

/// So many bytes have the texts, or a little more.
const SIZE: usize = 4_000_000;
const WORDS: [&str; 16] = [
    "the", "of", "a", "river", "was", "crossing", "sold", "for", "it's", "apples", "in", "total", "1400",
    "(or", "so)", "measured",
];

/// Words in lines of about `line` bytes, and what `insert` gives for the number of bytes since it last gave
/// something. `peer_re.py` has the same recipe.
fn text(line: usize, syntax: &Syntax, insert: impl Fn(usize, usize, &Syntax) -> Option<String>) -> String {
    let mut text = String::with_capacity(SIZE + 100);
    let (mut random, mut line_start, mut last) = (1_usize, 0, 0);
    while text.len() < SIZE {
        random = (random * 1_103_515_245 + 12_345) % (1 << 31);
        text.push_str(WORDS[(random >> 16) % WORDS.len()]);
        if let Some(inserted) = insert(text.len() - last, random >> 16, syntax) {
            text.push_str(&inserted);
            last = text.len();
        }
        if text.len() - line_start >= line {
            text.push('\n');
            line_start = text.len();
        } else {
            text.push(' ');
        }
    }
    text
}

/// A bracket every 300 bytes, as of a reference.
fn reference(since: usize, random: usize, syntax: &Syntax) -> Option<String> {
    (since >= 300).then(|| format!("{}{}{}", syntax.open(), random % 100, syntax.close()))
}

/// A call every 200 bytes.
fn call(since: usize, random: usize, syntax: &Syntax) -> Option<String> {
    (since >= 200).then(|| syntax.call("Calculator", &format!("{} / {}", random % 1000, random % 77 + 1)))
}

/// The same with its result.
fn call_with_result(since: usize, random: usize, syntax: &Syntax) -> Option<String> {
    let args = format!("{} / {}", random % 1000, random % 77 + 1);
    (since >= 200).then(|| syntax.call_with_result("Calculator", &args, "0.29"))
}

fn texts(syntax: &Syntax) -> Vec<(&'static str, String)> {
    let open = syntax.bare_open();
    let repeated = |part: String| part.repeat(SIZE / part.len());
    let count = SIZE / 10;
    vec![
        ("prose, lines", text(80, syntax, reference)),
        ("prose, paragraphs", text(4000, syntax, reference)),
        ("calls, lines", text(80, syntax, call)),
        ("calls, paragraphs", text(4000, syntax, call)),
        ("results, lines", text(80, syntax, call_with_result)),
        ("results, paragraphs", text(4000, syntax, call_with_result)),
        ("hostile, unclosed", repeated(format!("{open}a("))),
        ("hostile, quotes", repeated(format!("{open}a(\"b'"))),
        ("hostile, nested", format!("{open}a(").repeat(count) + "x" + &")y".repeat(count)),
    ]
}

fn whole(c: &mut Criterion) {
    let syntax = Syntax::default();
    let mut group = c.benchmark_group("parse");
    group.sample_size(20);
    for (name, text) in texts(&syntax) {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let name = format!("{name} ({} calls)", parse(&text, &syntax).calls().len());
        group.bench_function(name, |b| b.iter(|| parse(black_box(&text), &syntax).calls().len()));
    }
}

fn stream(c: &mut Criterion) {
    let syntax = Syntax::default();
    let mut group = c.benchmark_group("stream, 4 bytes at a time");
    group.sample_size(10);
    for (name, text) in texts(&syntax) {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut parser = StreamParser::new(&syntax);
                let mut rest = black_box(text.as_str());
                let mut events = 0;
                while !rest.is_empty() {
                    let (chunk, behind) = rest.split_at(rest.floor_char_boundary(4));
                    events += parser.push(chunk).len();
                    rest = behind;
                }
                events + parser.finish().len()
            });
        });
    }
}

criterion_group!(benches, whole, stream);
criterion_main!(benches);
