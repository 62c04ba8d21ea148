//! `report.html`: what a run did, for people, some of whom have not read the paper.
//!
//! The page is one file that asks for no other and runs no script. What it shows is `stats.json`, `run.toml` and
//! `metrics.jsonl`; texts, calls and results are strangers' and are cut, cleaned and escaped.

mod category_chart;
mod chart;
mod costs;
mod eval_charts;
mod eval_page;
mod eval_verdicts;
mod example_cards;
mod facts;
mod fates;
mod funnel;
mod histogram_chart;
mod losses_chart;
mod numbers;
mod page;
mod report_data;
mod scale;
mod shown_text;
mod sweep_chart;
mod tool_view;
mod training_chart;
mod training_page;

use std::{io::Write as _, path::Path};

pub use self::{
    eval_page::{EvalRun, render_eval_page, write_eval_page},
    report_data::ReportData,
    training_page::write_training_page,
};
use crate::{error::TrainError, whole_file::write_whole};

/// The page as HTML: the same data give the same bytes.
///
/// # Errors
/// If the page cannot be made, which would be a fault of this crate.
pub fn render_report(data: &ReportData) -> Result<String, TrainError> {
    page::render(data).map_err(|error| TrainError::Report { why: format!("{error:#}") })
}

/// Writes the page to `path`.
///
/// # Errors
/// As [`render_report`], or if the file cannot be written.
pub fn write_report(data: &ReportData, path: &Path) -> Result<(), TrainError> {
    let page = render_report(data)?;
    write_whole(path, |file| file.write_all(page.as_bytes()))
}
