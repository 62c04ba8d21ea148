//! Arguments that stand in quotes as a whole.

/// The arguments without white space around them and without one pair of quotes around the whole, if there is
/// one: models are shown both forms.
pub(crate) fn unquoted(args: &str) -> &str {
    let args = args.trim();
    let within = |quote| args.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(args)
}
