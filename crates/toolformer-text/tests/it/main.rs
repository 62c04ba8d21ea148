//! Integration tests: one binary, one module per topic.

// `cfg(test)` is always on here; it tells clippy that test code may unwrap, outside `#[test]` functions too.
#[cfg(test)]
mod arguments;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod call_grammar;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod first_call;
#[cfg(test)]
mod grammar;
#[cfg(test)]
mod invocation;
#[cfg(test)]
mod invoke_stream;
#[cfg(test)]
#[cfg(feature = "lucidrains")]
mod lucidrains;
#[cfg(test)]
#[cfg(feature = "lucidrains")]
mod lucidrains_params;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rate_limit;
mod results;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod supervision;
#[cfg(test)]
mod syntaxes;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod typed;
