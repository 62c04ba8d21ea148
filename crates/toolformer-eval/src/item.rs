//! One question of a data set, in a form that does not depend on where it came from.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::function_calling::FunctionCase;

/// One question with its right answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique within its set.
    pub id: String,
    /// What a prompt's `{name}`s stand for.
    pub fields: BTreeMap<String, String>,
    /// Any of these is right. Empty where the metric needs none.
    pub answers: Vec<String>,
    /// The day that it is when the question is asked; what a calendar says. None: whatever day the run has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// What kind of question it is, for results by category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// What it has in common with other items, such as the paragraph that they are about. These stand or fall together: intervals
    /// draw them as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl Item {
    /// An item without fields.
    pub fn new(id: impl Into<String>, answers: Vec<String>) -> Self {
        Self { id: id.into(), answers, ..Self::default() }
    }

    /// With a field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// With its category.
    #[must_use]
    pub fn in_category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// With its cluster.
    #[must_use]
    pub fn in_cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }
}

/// The items of a set, in the set's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemSet {
    /// They.
    pub items: Vec<Item>,
    /// Why rows of the set are no items of the task, and how many.
    pub left_out: BTreeMap<String, usize>,
    /// By the id of an item, the functions that may be called for it and what should be, where it brings its own.
    pub functions: BTreeMap<String, FunctionCase>,
}
