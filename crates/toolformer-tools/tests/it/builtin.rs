//! Tools by their short names.

use toolformer_text::is_valid_name;
use toolformer_tools::{BUILTINS, BuiltinError, BuiltinSettings, Calendar, Date, builtin};

fn settings() -> BuiltinSettings {
    BuiltinSettings::new(Calendar::on(Date::constant(2023, 1, 30)))
}

#[track_caller]
fn check_error(name: &str, settings: &BuiltinSettings, expected: &str) {
    let Err(error) = builtin(name, settings) else { panic!("{name} is there") };
    assert_eq!(error.to_string(), expected);
}

#[test]
fn each_is_there_or_says_what_it_needs() {
    for known in BUILTINS {
        assert!(is_valid_name(known.name));
        match builtin(known.short, &settings()) {
            Ok(tool) => {
                assert_eq!((tool.name(), known.needs), (known.name, ""));
                assert!(tool.description().ends_with('.'), "{}", tool.description());
            }
            Err(BuiltinError::Missing { name, needs }) => {
                assert!(known.short == name && known.needs.contains(needs), "{needs}");
            }
            Err(BuiltinError::NotBuilt { name, .. }) => assert_eq!(known.short, name),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn the_calendar_has_the_day_it_is_given() {
    let calendar = builtin("calendar", &settings()).unwrap();
    assert_eq!(calendar.call("").unwrap(), "Today is Monday, January 30, 2023.");
    let other = Calendar::on(Date::constant(2023, 1, 31));
    assert_ne!(
        calendar.fingerprint(),
        builtin("calendar", &BuiltinSettings::new(other)).unwrap().fingerprint()
    );
}

#[test]
fn unknown_names() {
    let there_are = "there are calculator, calendar, wiki, translate, qa";
    check_error("wolfram", &settings(), &format!("there is no tool `wolfram`; {there_are}"));
    check_error("Calculator", &settings(), &format!("there is no tool `Calculator`; {there_are}"));
}

#[cfg(all(feature = "search", feature = "translate"))]
#[test]
fn what_is_lent_makes_the_others() {
    use std::sync::Arc;

    use toolformer_text::ToolError;
    use toolformer_tools::{Article, Language, Reader, Translate, WikiIndex};

    let folder = tempfile::tempdir().unwrap();
    let articles = [Ok(Article::new("Ada Lovelace", "Ada Lovelace was born in London."))];
    let mut settings = settings();
    check_error("wiki", &settings, "the tool `wiki` needs an index");
    check_error("translate", &settings, "the tool `translate` needs a translator");
    settings.wiki = Some(Arc::new(WikiIndex::build(folder.path(), articles, |_| ()).unwrap()));
    check_error("qa", &settings, "the tool `qa` needs a reader");
    let london = |_: &str| Ok(" London".to_owned());
    settings.reader = Some(Reader::new("one", london));
    let shouts = |text: &str, _: Language, _: Language| Ok::<_, ToolError>(text.to_uppercase());
    settings.translate = Some(Translate::new(shouts));
    let call = |name: &str, args: &str| builtin(name, &settings).unwrap().call(args).unwrap();
    assert_eq!(call("wiki", "lovelace"), "Ada Lovelace > Ada Lovelace was born in London.");
    assert_eq!(call("qa", "Where was Lovelace born?"), "London");
    assert_eq!(
        call("translate", "¿Dónde está la biblioteca de la ciudad?"),
        "¿DÓNDE ESTÁ LA BIBLIOTECA DE LA CIUDAD?"
    );
    let first = builtin("qa", &settings).unwrap().fingerprint();
    settings.reader = Some(Reader::new("another", london));
    assert_ne!(builtin("qa", &settings).unwrap().fingerprint(), first);
}
