//! Texts that are known to be of a day.

use jiff::civil::Date;
use serde_json::Value;

use crate::texts::Text;

/// Years that the date of a text may have; other numbers of four digits are none.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// The day of a text: that of its `date` field, such as `2012-03-14` or `2012-03-14T10:00:00Z`, or else the one in its
/// `url`.
pub fn date_of(text: &Text) -> Option<Date> {
    let field = |name: &str| text.rest.get(name).and_then(Value::as_str);
    field("date").and_then(date_at_start).or_else(|| field("url").and_then(date_in_url))
}

/// The day in an address: `.../2012/03/14/...`, also with `-`, `_` or `.` between the numbers.
pub fn date_in_url(url: &str) -> Option<Date> {
    ['/', '-', '_', '.'].into_iter().find_map(|between| {
        let parts: Vec<&str> = url.split(between).collect();
        parts.windows(3).find_map(|parts| {
            // What stands before the year and behind the day may be anything but digits.
            let year = parts[0].rsplit(|c: char| !c.is_ascii_digit()).next()?;
            let day = parts[2].split(|c: char| !c.is_ascii_digit()).next()?;
            date(year, parts[1], day)
        })
    })
}

/// The day that a text begins with.
fn date_at_start(text: &str) -> Option<Date> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '/')).unwrap_or(text.len());
    let parts: Vec<&str> = text[..end].split(['-', '/']).collect();
    let [year, month, day] = parts[..] else { return None };
    date(year, month, day)
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let is_number = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if year.len() != 4 || !is_number(year, 4) || !is_number(month, 2) || !is_number(day, 2) {
        return None;
    }
    let year = year.parse().ok().filter(|year| YEARS.contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(fields: &Value, expected: Option<&str>) {
        let mut object = json!({"id": 0, "text": "x"});
        for (name, value) in fields.as_object().unwrap() {
            object[name] = value.clone();
        }
        let text: Text = serde_json::from_value(object).unwrap();
        assert_eq!(date_of(&text).map(|date| date.to_string()).as_deref(), expected, "{fields}");
    }

    #[test]
    fn a_field_or_an_address_says_the_day() {
        check(&json!({"date": "2012-03-14"}), Some("2012-03-14"));
        check(&json!({"date": "2012-03-14T23:59:59Z"}), Some("2012-03-14"));
        check(&json!({"date": "2012/3/14", "url": "http://x.org/2011/01/01/"}), Some("2012-03-14"));
        check(&json!({"date": "spring", "url": "http://x.org/2011/01/01/"}), Some("2011-01-01"));
        check(&json!({"date": 2012}), None);
        check(&json!({"date": "2012-02-30"}), None);
        check(&json!({"date": "2012-03"}), None);
        check(&json!({}), None);
    }

    #[track_caller]
    fn check_url(url: &str, expected: Option<&str>) {
        assert_eq!(date_in_url(url).map(|date| date.to_string()).as_deref(), expected, "{url}");
    }

    #[test]
    fn addresses_hold_days_in_several_ways() {
        check_url("http://example.org/news/2012/03/14/the-title.html", Some("2012-03-14"));
        check_url("http://example.org/2012/3/4", Some("2012-03-04"));
        check_url("http://example.org/story-2012-03-14.html", Some("2012-03-14"));
        check_url("http://example.org/a_2012_03_14_b", Some("2012-03-14"));
        check_url("http://example.org/2012/03/title", None);
        check_url("http://example.org/2012/13/14/", None);
        check_url("http://example.org/12012/03/14/", None);
        check_url("http://example.org/2012/03/145/", None);
        check_url("http://example.org/2012/03-14/", None);
        check_url("http://example.org/0999/03/14/", None);
    }
}
