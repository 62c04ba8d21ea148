//! `--template`: how conversations become text.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use toolformer::{
    model::Tokenizer,
    train::{Template, Templates},
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Conversations")]
pub(crate) struct TemplateArgs {
    /// How a conversation becomes text: chat (the model's own template), vicuna, chatml, llama-2, llama-3, plain, or one of
    /// --templates-file [default: what the reward model was trained with, else chat if the model has one, else plain]
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Further templates: TOML with a table for each, of `user` (with {user}), `assistant` (with {assistant}), `system` (with
    /// {system}), `default_system`, `separator` and `begin`
    #[arg(long, value_name = "FILE", requires = "template")]
    templates_file: Option<PathBuf>,
}

impl TemplateArgs {
    /// The one that was asked for, else that of a reward model's folder, else what the tokenizer suggests.
    pub(crate) fn template(&self, folder: Option<&Path>, tokenizer: &Tokenizer) -> Result<Template> {
        let mut templates = Templates::known();
        if let Some(file) = &self.templates_file {
            templates.read(file)?;
        }
        if let Some(name) = &self.template {
            return Ok(templates.get(name)?);
        }
        if let Some(trained_with) = folder.map(Template::of_folder).transpose()?.flatten() {
            return Ok(trained_with);
        }
        Ok(templates.get(if tokenizer.chat_template().is_some() { "chat" } else { "plain" })?)
    }
}
