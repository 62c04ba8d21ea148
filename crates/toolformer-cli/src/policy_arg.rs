//! `--policy`: what to do with calls that give no result.

use toolformer::text::{Policies, Policy};

const POLICIES: &str = "leave, drop, mark, fail";

/// A policy for all reasons, or some of `REASON=POLICY`; what stands further behind counts.
pub(crate) fn read_policies(text: &str) -> Result<Policies, String> {
    let mut policies = Policies::default();
    let (reasons, all): (Vec<&str>, Vec<&str>) = text.split(',').partition(|part| part.contains('='));
    for part in all {
        policies = policy(part)?.into();
    }
    for part in reasons {
        let (reason, named) = part.split_once('=').unwrap_or((part, ""));
        let named = policy(named)?;
        match reason.trim() {
            "unknown-tool" => policies.unknown_tool = named,
            "bad-arguments" => policies.bad_arguments = named,
            "failure" => policies.failure = named,
            "no-result" => policies.no_result = named,
            other => {
                let reasons = "unknown-tool, bad-arguments, failure, no-result";
                return Err(format!("`{other}` is no reason; there are {reasons}"));
            }
        }
    }
    Ok(policies)
}

fn policy(name: &str) -> Result<Policy, String> {
    match name.trim() {
        "leave" => Ok(Policy::Leave),
        "drop" => Ok(Policy::Drop),
        "mark" => Ok(Policy::Mark),
        "fail" => Ok(Policy::Fail),
        other => Err(format!("`{other}` is no policy; there are {POLICIES}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read() {
        assert_eq!(read_policies("mark"), Ok(Policy::Mark.into()));
        let expected = Policies { failure: Policy::Fail, no_result: Policy::Leave, ..Policy::Drop.into() };
        assert_eq!(read_policies("failure=fail,drop, no-result=leave"), Ok(expected));
        assert!(read_policies("drop,failed=fail").unwrap_err().contains("`failed` is no reason"));
        assert!(read_policies("").unwrap_err().contains("`` is no policy; there are leave"));
    }
}
