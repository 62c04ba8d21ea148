//! Integration tests: one binary, one module per topic.

// `cfg(test)` is always on here; it tells clippy that test code may unwrap, outside `#[test]` functions too.
#[cfg(test)]
mod calculator;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod calendar_errors;
#[cfg(test)]
mod calendar_properties;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod lucidrains;
#[cfg(test)]
mod naive_days;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod printing;
#[cfg(test)]
mod properties;
#[cfg(feature = "translate")]
#[cfg(test)]
mod translate;
#[cfg(feature = "search")]
#[cfg(test)]
mod wiki_corpus;
#[cfg(feature = "search")]
#[cfg(test)]
mod wiki_files;
#[cfg(feature = "search")]
#[cfg(test)]
mod wiki_ranking;
#[cfg(feature = "search")]
#[cfg(test)]
mod wiki_search;
