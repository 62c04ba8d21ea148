//! The tasks of the paper's section 4.2, and three more: GSM8K, any texts, calls of functions.

macro_rules! tasks {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../tasks/", $name, ".toml")))),*]
    };
}

const TASKS: &[(&str, &str)] = tasks![
    "lama-squad",
    "lama-google-re",
    "lama-trex",
    "asdiv",
    "svamp",
    "mawps",
    "gsm8k",
    "webquestions",
    "nq",
    "triviaqa",
    "mlqa",
    "templama",
    "dateset",
    "wikitext",
    "texts",
    "function-calls",
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TASKS.iter().map(|(name, _)| *name)
}

pub(super) fn text(name: &str) -> Option<&'static str> {
    TASKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use crate::Task;

    #[test]
    fn all_are_tasks_of_their_names() {
        for name in Task::builtin_names() {
            let task = Task::builtin(name).unwrap();
            assert_eq!(task.name, name);
            assert!(!task.description.is_empty() && !task.source.is_empty(), "{name}");
        }
    }
}
