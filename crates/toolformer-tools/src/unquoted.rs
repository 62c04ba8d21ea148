//! Arguments that stand in quotes as a whole.

/// `args` trimmed, without the one pair of quotes that it may stand in.
pub(crate) fn unquoted(args: &str) -> &str {
    let args = args.trim();
    let within = |quote| args.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(args)
}
