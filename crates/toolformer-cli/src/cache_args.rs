//! Where the results of calls are kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use toolformer::text::{Registry, ResultCache};

use crate::{
    cache_file::{open_cache, recorded_tools},
    tool_args::{ChosenTools, ToolArgs},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Tools")]
pub(crate) struct CacheArgs {
    /// Keep the tools' results in this file, and take them from it
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
    /// Run no tool: take results from --cache alone
    #[arg(long, requires = "cache")]
    replay_only: bool,
}

impl CacheArgs {
    /// The tools, with the results that are kept; of a replay without any, those that were recorded.
    pub(crate) fn registry(&self, tools: &ToolArgs) -> Result<Registry> {
        match self.open()? {
            Some((path, cache)) if self.replay_only && tools.are_none() => {
                let recorded = recorded_tools(&cache, path)?;
                Ok(recorded.with_max_result_chars(tools.max_result_chars).with_cache(cache))
            }
            Some((_, cache)) => Ok(tools.at_least_one()?.registry.with_cache(cache)),
            None => Ok(tools.at_least_one()?.registry),
        }
    }

    /// The same, where the tools have to be named.
    pub(crate) fn chosen(&self, tools: &ToolArgs) -> Result<ChosenTools> {
        let mut chosen = tools.at_least_one()?;
        if let Some((_, cache)) = self.open()? {
            chosen.registry = chosen.registry.with_cache(cache);
        }
        Ok(chosen)
    }

    /// Whether all results could be kept; `what` is done all the same.
    pub(crate) fn check_log(&self, registry: &Registry, what: &str) -> Result<()> {
        registry.cache().map_or(Ok(()), ResultCache::check_log).with_context(|| {
            let cache = self.cache.as_deref().unwrap_or_else(|| Path::new(""));
            format!("not all results could be written to {}; {what} is complete", cache.display())
        })
    }

    fn open(&self) -> Result<Option<(&Path, ResultCache)>> {
        let open = |path| open_cache(path, self.replay_only).map(|cache| (path, cache));
        self.cache.as_deref().map(open).transpose()
    }
}
