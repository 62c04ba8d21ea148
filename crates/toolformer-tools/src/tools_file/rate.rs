//! The keys `calls_per_second` and `burst`.

use std::num::NonZeroU32;

use toolformer_text::RateLimit;

use super::{ToolsFileError, ToolsFileProblem, keys::Keys};

/// The names of the keys.
pub(super) const RATE: &[&str] = &["calls_per_second", "burst"];

/// How often a tool, or the tools of a server, may be called; none where it is not said.
pub(super) fn read(table: &Keys<'_>) -> Result<Option<RateLimit>, ToolsFileError> {
    let burst = table.get("burst");
    let Some(field) = table.get("calls_per_second") else {
        let missing = || ToolsFileProblem::Missing {
            key: "calls_per_second".to_owned(),
            example: "calls_per_second = 2".to_owned(),
        };
        return burst.map_or(Ok(None), |burst| Err(burst.error(missing())));
    };
    let (per_second, text) = field.number("a number of calls, more than 0")?;
    let limit = RateLimit::per_second(per_second);
    let limit = limit.map_err(|_| field.impossible(text, "write a number from 0.00001 to 1000000"))?;
    let Some(field) = burst else { return Ok(Some(limit)) };
    let burst = u32::try_from(field.whole(1..=1_000_000)?).ok().and_then(NonZeroU32::new);
    Ok(Some(burst.map_or(limit.clone(), |burst| limit.with_burst(burst))))
}
