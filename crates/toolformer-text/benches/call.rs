//! What calling a tool costs beyond the tool's own work: here a closure that returns its argument.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use toolformer_text::{FnTool, Registry};

fn registry() -> Registry {
    let mut registry = Registry::new();
    let echo = FnTool::new("Echo", "Says it again.", |text: &str| Ok(text.to_owned()));
    // Its name is free: it is the only tool.
    let _ = registry.insert(echo);
    registry
}

fn call(c: &mut Criterion) {
    let mut group = c.benchmark_group("call");
    for (name, registry) in [
        ("without a limit", registry()),
        ("with a limit, on a thread", registry().with_timeout(Duration::from_secs(10))),
    ] {
        group.bench_function(name, |b| b.iter(|| registry.call("Echo", black_box("1 + 1"))));
    }
}

criterion_group!(benches, call);
criterion_main!(benches);
