//! Which fields of a row hold its sentences and its label.

use clap::Args;
use toolformer::train::RowFields;

#[derive(Debug, Args)]
#[command(next_help_heading = "Rows")]
pub(crate) struct RowArgs {
    /// The field of the first sentence
    #[arg(long, value_name = "NAME", default_value = "sentence1")]
    first_field: String,
    /// The field of the second sentence, which rows may lack
    #[arg(long, value_name = "NAME", default_value = "sentence2")]
    second_field: String,
    /// The field of the label
    #[arg(long, value_name = "NAME", default_value = "label")]
    label_field: String,
    /// What stands between two sentences [default: a line feed]
    #[arg(long, value_name = "TEXT", default_value = "\n", hide_default_value = true)]
    separator: String,
}

impl RowArgs {
    pub(crate) fn fields(&self) -> RowFields {
        RowFields {
            first: self.first_field.clone(),
            second: self.second_field.clone(),
            label: self.label_field.clone(),
            separator: self.separator.clone(),
        }
    }
}
