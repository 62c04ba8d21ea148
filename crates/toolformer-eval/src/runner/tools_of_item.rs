//! The tools that there are when an item is asked.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toolformer_text::Registry;

use crate::{EvalError, Item, ItemSet};

/// The tools of the items of a unit; items of one day share theirs.
pub(super) struct ToolsOfItems<'i> {
    on: BTreeMap<Option<Date>, Registry>,
    own: BTreeMap<&'i str, Registry>,
    none: Registry,
}

impl<'i> ToolsOfItems<'i> {
    /// # Errors
    /// If functions of an item cannot be called by their names.
    pub(super) fn new(
        items: &'i [Item],
        set: &ItemSet,
        tools_on: &dyn Fn(Option<Date>) -> Registry,
    ) -> Result<Self, EvalError> {
        let (mut on, mut own) = (BTreeMap::new(), BTreeMap::new());
        for item in items {
            let Some(case) = set.functions.get(&item.id) else {
                on.entry(item.date).or_insert_with(|| tools_on(item.date));
                continue;
            };
            let mut registry = Registry::new();
            for function in &case.functions {
                registry.insert(function.clone()).map_err(|error| EvalError::Item {
                    id: item.id.clone(),
                    why: format!("has a function that cannot be called: {error}; leave the item out"),
                })?;
            }
            own.insert(item.id.as_str(), registry);
        }
        Ok(Self { on, own, none: Registry::new() })
    }

    pub(super) fn of(&self, item: &Item) -> &Registry {
        self.own.get(item.id.as_str()).or_else(|| self.on.get(&item.date)).unwrap_or(&self.none)
    }
}
