//! Questions as a regular expression; which days there are it does not say.

use toolformer_text::ArgumentGrammar;

const MONTH: &str = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|\
                     oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const WEEKDAY: &str = "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)";
const DAY_OF_MONTH: &str = "(?:0?[1-9]|[12][0-9]|3[01])";
const ISO: &str = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])";
const SPAN: &str = "(?:[0-9]{1,5} *|(?:an?|one) +)(?:day|week|month|year)s?";

/// The questions of [`Calendar`](super::Calendar)'s documentation, but for quotes around them.
pub(super) fn grammar() -> ArgumentGrammar {
    let ordinal = format!("{DAY_OF_MONTH}(?:st|nd|rd|th)?");
    let written = format!("(?:{ISO}|(?:{MONTH} +{ordinal}|{ordinal} +{MONTH})(?: *, *| +)[0-9]{{4}})");
    let day = format!(
        "(?:(?:{WEEKDAY}(?: *, *| +))?{written}|today|now|tomorrow|yesterday|(?:next|last) +{WEEKDAY})"
    );
    let spans = format!("{SPAN}(?:(?: *, *| +){SPAN})*");
    let further = format!("(?:{spans} +(?:from|after|before) +|(?:the +)?day +(?:after|before) +)");
    let start = format!("{further}*(?:{day}|[-+] *{spans}|in +{spans}|{spans} +ago)");
    let date = format!("{start}(?: *[-+] *{spans})*");
    let days = format!(
        "days? +(?:(?:until|till|since) +{date}|from +{date} +(?:to|until|till) +{date}|between +{date} +and +{date})"
    );
    ArgumentGrammar::matching(format!("(?i-u: *(?:(?:{days}|{date}(?: *- *{day})?) *)?)"))
}
