//! Integration tests: one binary, one module per topic.

// `cfg(test)` is always on here; it tells clippy that test code may unwrap, outside `#[test]` functions too.
#[cfg(test)]
mod argument_grammars;
#[cfg(test)]
mod builtin;
#[cfg(test)]
mod calculator;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod calendar_errors;
#[cfg(test)]
mod calendar_properties;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod command_line;
#[cfg(test)]
mod errors;
#[cfg(test)]
#[cfg(feature = "http")]
mod http;
#[cfg(test)]
#[cfg(feature = "http")]
mod loopback;
#[cfg(test)]
mod lucidrains;
#[cfg(test)]
#[cfg(all(feature = "mcp", target_os = "linux"))]
mod mcp;
#[cfg(test)]
mod naive_days;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod printing;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod processes;
#[cfg(test)]
mod properties;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod running;
#[cfg(test)]
#[cfg(feature = "http")]
mod servers_of_others;
#[cfg(test)]
mod tools_file;
#[cfg(test)]
#[cfg(feature = "translate")]
mod translate;
#[cfg(test)]
#[cfg(feature = "search")]
mod wiki_corpus;
#[cfg(test)]
#[cfg(feature = "search")]
mod wiki_files;
#[cfg(test)]
#[cfg(feature = "search")]
mod wiki_ranking;
#[cfg(test)]
#[cfg(feature = "search")]
mod wiki_search;
