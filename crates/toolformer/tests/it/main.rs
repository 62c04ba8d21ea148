//! The README's library example is the one of the crate's docs, which runs as a doc test.

#[test]
fn the_readmes_example_runs() {
    let read =
        |path: &str| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (readme, docs) = (read("../../README.md"), read("src/lib.rs"));
    let example = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(example.lines().count() > 4);
    for line in example.lines() {
        assert!(docs.contains(format!("//! {line}").trim_end()), "not in the docs: {line}");
    }
}
