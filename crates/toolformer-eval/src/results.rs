//! What a run found: its rows, their sum, comparisons, tables.

mod call_counts;
mod comparison;
mod item_result;
mod markdown;
mod result_log;
mod summary;

pub use self::{
    call_counts::{CallCounts, CallSplit, ToolCounts},
    comparison::{Comparison, compare},
    item_result::{CallResult, ItemResult, Likelihood, TokenCounts},
    markdown::{SweepRow, conditions_table, sweep_table},
    result_log::{ResultLog, RunHeader, read_results, read_run_header},
    summary::{Condition, Summary, SummaryLabels},
};
