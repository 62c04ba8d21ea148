//! Calls that use what the text says only behind them (after appendix A.1, "machine translation").

use crate::numbers::number_runs;

/// Whether a call uses a number that `text` gives behind `position` and not before it.
pub(crate) fn looks_ahead(call: &str, text: &str, position: usize) -> bool {
    let (before, behind) = text.split_at(position);
    numbers(call).any(|number| {
        let is_it = |other: String| other == number;
        numbers(behind).any(is_it) && !numbers(before).any(is_it)
    })
}

/// Whether the input of a call stands in `text` behind `position` and not before it (appendix A.1, "machine translation").
pub(crate) fn input_lies_ahead(args: &str, text: &str, position: usize) -> bool {
    let input = args.trim().trim_matches(['"', '\'']);
    let (before, behind) = text.split_at(position);
    !input.is_empty() && behind.contains(input) && !before.contains(input)
}

/// The numbers of a text; the commas in them are left out.
fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    number_runs(text).map(|run| run.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_look_ahead(call: &str, before: &str, behind: &str, expected: bool) {
        assert_eq!(looks_ahead(call, &format!("{before}{behind}"), before.len()), expected);
    }

    #[test]
    fn a_call_looks_ahead_if_a_number_of_it_comes_only_later() {
        check_look_ahead("C(3 * 12)", "3 boxes of 12 make", " 36 eggs", false);
        check_look_ahead("C(36 / 3)", "3 boxes of", " 12 make 36 eggs.", true);
        check_look_ahead("C(1,200 / 3)", "3 boxes of", " 400 make 1200.", true);
        check_look_ahead("C(1200 / 3)", "Of 1,200, 3 get", " 400 each, 1200 in all", false);
        check_look_ahead("C(7 * 8)", "nothing of", " the sort", false);
        check_look_ahead("C(12)", "In 112 cases", ", 12 times", true);
    }

    #[track_caller]
    fn check_input(args: &str, before: &str, behind: &str, expected: bool) {
        assert_eq!(input_lies_ahead(args, &format!("{before}{behind}"), before.len()), expected);
    }

    #[test]
    fn what_is_translated_stands_before_the_call() {
        check_input("chiuso per ferie", "The sign said chiuso per ferie", ", closed", false);
        check_input("chiuso per ferie", "The sign said", " chiuso per ferie, closed", true);
        check_input("\"chiuso\"", "The sign said", " chiuso", true);
        check_input("aperto", "The sign said", " chiuso", false);
        check_input("", "The sign", " said", false);
    }
}
