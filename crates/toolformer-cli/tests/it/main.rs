//! Tests of the program `toolformer` as it is built: one binary, one module per topic.

// `cfg(test)` is always on here; it tells clippy that test code may unwrap, outside `#[test]` functions too.
#[cfg(test)]
mod classify;
#[cfg(test)]
mod data_args;
#[cfg(test)]
mod eval;
#[cfg(test)]
mod failures;
// The same hub, on the same server, as in the tests of the models and of the tools.
#[cfg(test)]
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../../../toolformer-model/tests/it/fake_hub.rs"]
mod fake_hub;
#[cfg(test)]
mod families;
// The same search for fetched files as in the tests of the models.
#[cfg(test)]
#[path = "../../../toolformer-model/tests/it/fetched.rs"]
mod fetched;
#[cfg(test)]
mod generate;
mod help;
#[cfg(test)]
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../../../toolformer-tools/tests/it/loopback.rs"]
mod loopback;
#[cfg(test)]
mod models;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod pretrain;
#[cfg(test)]
mod program;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod reward;
#[cfg(test)]
mod rewrites;
#[cfg(test)]
mod selection;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod shards;
#[cfg(test)]
mod smollm2;
#[cfg(test)]
mod text_commands;
#[cfg(test)]
mod tool_commands;
#[cfg(test)]
mod unknown_ids;
