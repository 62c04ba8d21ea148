//! The tensors of a checkpoint that are not those of its config, in words.

/// A tensor of another shape than the config asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misshapen {
    /// The tensor.
    pub name: String,
    /// The shape by the config, row-major.
    pub expected: Vec<usize>,
    /// The shape in the file, row-major.
    pub found: Vec<usize>,
}

/// What does not fit, in words.
pub(crate) fn misfits(missing: &[String], unexpected: &[String], misshapen: &[Misshapen]) -> String {
    let shape = |m: &Misshapen| format!("`{}` ({:?}, not {:?})", m.name, m.found, m.expected);
    let shapes: Vec<String> = misshapen.iter().map(shape).collect();
    let names =
        [("it lacks", list(missing)), ("unknown are", list(unexpected)), ("misshapen are", cut(&shapes))];
    let parts = names.iter().filter(|(_, names)| !names.is_empty());
    parts.map(|(what, names)| format!("{what} {names}")).collect::<Vec<_>>().join("; ")
}

/// The first names and how many more there are: a wrong checkpoint can lack thousands.
pub(crate) fn list(names: &[String]) -> String {
    cut(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

fn cut(items: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = items[..items.len().min(SHOWN)].join(", ");
    if items.len() > SHOWN { format!("{shown} and {} more", items.len() - SHOWN) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..10).map(|i| format!("t{i}")).collect();
        let text = misfits(&names, &[], &[]);
        assert!(text.starts_with("it lacks `t0`, `t1`") && text.ends_with("`t7` and 2 more"), "{text}");
    }
}
