//! Translation: what is recognised, what is refused, and what the translator is asked.

use std::collections::HashSet;

use toolformer_text::{Tool, ToolError};
use toolformer_tools::{Language, Translate};

/// Sentences and phrases of two to nine words, by the language they are in.
const SENTENCES: &[(&str, &[&str])] = &[
    (
        "es",
        &[
            "El perro duerme en la cocina.",
            "¿Dónde está la estación de tren?",
            "Mañana vamos a la playa con los niños.",
            "Me gusta mucho esta canción.",
            "sin embargo",
            "la casa blanca",
            "Hace frío.",
            "Mi hermana trabaja en un hospital.",
        ],
    ),
    (
        "fr",
        &[
            "Le chien dort dans la cuisine.",
            "Où est la gare ?",
            "Demain nous allons à la plage avec les enfants.",
            "J'aime beaucoup cette chanson.",
            "la maison blanche",
            "Il fait froid.",
            "Ma sœur travaille dans un hôpital.",
            "s'il vous plaît",
        ],
    ),
    (
        "de",
        &[
            "Der Hund schläft in der Küche.",
            "Wo ist der Bahnhof?",
            "Morgen gehen wir mit den Kindern an den Strand.",
            "Dieses Lied gefällt mir sehr.",
            "das weiße Haus",
            "Es ist kalt.",
            "Meine Schwester arbeitet in einem Krankenhaus.",
            "guten Morgen",
        ],
    ),
    (
        "pt",
        &[
            "O cachorro dorme na cozinha.",
            "Onde fica a estação de trem?",
            "Amanhã vamos à praia com as crianças.",
            "Gosto muito desta canção.",
            "a casa branca",
            "Está frio.",
            "Minha irmã trabalha num hospital.",
            "bom dia",
        ],
    ),
    (
        "it",
        &[
            "Il cane dorme in cucina.",
            "Dov'è la stazione?",
            "Domani andiamo al mare con i bambini.",
            "Mi piace molto questa canzone.",
            "la casa bianca",
            "Fa freddo.",
            "Mia sorella lavora in un ospedale.",
            "buongiorno a tutti",
        ],
    ),
    (
        "en",
        &[
            "The dog sleeps in the kitchen.",
            "Where is the station?",
            "Tomorrow we go to the beach with the children.",
            "I like this song very much.",
            "the white house",
            "It is cold.",
            "My sister works in a hospital.",
            "good morning",
        ],
    ),
];

fn language(code: &str) -> Language {
    code.parse().unwrap()
}

/// A translator that writes down what it was asked.
fn echo(text: &str, from: Language, to: Language) -> Result<String, ToolError> {
    Ok(format!("{} > {}: {text}", from.iso639_1(), to.iso639_1()))
}

fn six() -> impl Iterator<Item = Language> {
    SENTENCES.iter().map(|(code, _)| language(code))
}

/// How many sentences are taken for what they are: translated from their language, or no result for English.
fn recognised(translate: &Translate) -> usize {
    let right = |code: &str, sentence: &str| match translate.call(sentence) {
        Ok(echoed) => echoed.starts_with(&format!("{code} > en: ")),
        Err(error) => code == "en" && error == ToolError::NoResult,
    };
    SENTENCES
        .iter()
        .flat_map(|(code, sentences)| sentences.iter().filter(move |text| right(code, text)))
        .count()
}

#[test]
fn naming_the_languages_helps() {
    let all: usize = SENTENCES.iter().map(|(_, sentences)| sentences.len()).sum();
    assert_eq!(all, 48);
    assert_eq!(recognised(&Translate::new(echo)), 32, "among all languages");
    assert_eq!(recognised(&Translate::new(echo).with_sources(six())), 43, "among six");
}

fn spanish() -> Translate {
    Translate::new(echo).with_sources([language("spa")])
}

#[track_caller]
fn check(translate: &Translate, args: &str, expected: &str) {
    assert_eq!(translate.call(args).as_deref(), Ok(expected));
}

#[test]
fn the_text_is_taken_raw_or_in_quotes() {
    check(&spanish(), "la casa blanca", "es > en: la casa blanca");
    check(&spanish(), " \"la casa, blanca\" ", "es > en: la casa, blanca");
    check(&spanish(), "'la casa (blanca)'", "es > en: la casa (blanca)");
    check(&spanish(), "\"la\" casa blanca", "es > en: \"la\" casa blanca");
}

#[test]
fn the_target_is_chosen() {
    let german = spanish().with_target(language("de"));
    check(&german, "¿Dónde está la estación de tren?", "es > de: ¿Dónde está la estación de tren?");
    assert_eq!(german.call("Der Hund schläft in der Küche."), Err(ToolError::NoResult), "it is in German");
}

#[track_caller]
fn check_failed(translate: &Translate, args: &str, expected: &str) {
    match translate.call(args) {
        Err(ToolError::Failed { reason }) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_recognised_is_told() {
    check_failed(&spanish(), "Это русский текст", "none of the languages Spanish; give");
    check_failed(&spanish(), "Αυτό είναι ελληνικά", "in Greek, but only Spanish can be translated");
    let careful = Translate::new(echo).with_min_confidence(0.2);
    check_failed(&careful, "sin embargo", "not certain (Turkish, with a confidence of 0.03)");
    check(&careful, "Me gusta mucho esta canción.", "es > en: Me gusta mucho esta canción.");
}

#[test]
fn what_has_no_words_is_refused() {
    for args in ["", "\"\"", "12 + 3", "?!", "🙂"] {
        assert!(matches!(spanish().call(args), Err(ToolError::BadArguments { .. })), "{args}");
    }
}

#[test]
fn what_the_translator_says_counts() {
    let says = |said: Result<&'static str, ToolError>| {
        let translate = Translate::new(move |_: &str, _, _| said.clone().map(str::to_owned));
        translate.with_sources([language("es")]).call("la casa blanca")
    };
    assert_eq!(says(Ok(" the white house\n")), Ok("the white house".to_owned()));
    assert_eq!(says(Ok(" \n")), Err(ToolError::NoResult));
    assert_eq!(says(Err(ToolError::failed("no server"))), Err(ToolError::failed("no server")));
}

#[test]
fn fingerprints_tell_settings_apart() {
    let prints = [
        Translate::new(echo),
        spanish(),
        spanish().with_min_confidence(0.5),
        spanish().with_target(language("fr")),
        spanish().with_sources(six()),
    ]
    .map(|translate| translate.fingerprint());
    assert_eq!(prints.iter().collect::<HashSet<_>>().len(), prints.len());
}

#[test]
fn every_language_has_its_codes() {
    let mut codes = HashSet::new();
    for known in Language::all() {
        for code in [known.iso639_1(), known.iso639_3()] {
            assert_eq!(code.parse(), Ok(known));
            assert_eq!(code.to_uppercase().parse(), Ok(known));
            assert!(codes.insert(code), "{code} is used twice");
        }
        assert_eq!((known.iso639_1().len(), known.iso639_3().len()), (2, 3));
    }
    assert_eq!(codes.len(), 140);
    for (group, member) in [("zho", "zh"), ("fas", "fa"), ("no", "nb"), ("nor", "nob")] {
        assert_eq!(language(group), language(member));
    }
    assert_eq!("xx".parse::<Language>().unwrap_err().code, "xx");
    assert!("".parse::<Language>().is_err() && "english".parse::<Language>().is_err());
}

/// A translator that is a program and hangs.
#[cfg(target_os = "linux")]
struct Hangs(toolformer_tools::CommandLine);

#[cfg(target_os = "linux")]
impl toolformer_tools::Translator for Hangs {
    fn translate(&self, _: &str, _: Language, _: Language) -> Result<String, ToolError> {
        self.0.run(&serde_json::Map::new())
    }

    fn fingerprint(&self) -> String {
        "hangs".to_owned()
    }

    fn timeout(&self) -> Option<std::time::Duration> {
        Some(self.0.call_timeout())
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_is_ended_before_a_registry_gives_up() {
    use crate::processes::{assert_gone, pid_in};

    let folder = tempfile::TempDir::new().unwrap();
    let limit = std::time::Duration::from_secs(1);
    let program = toolformer_tools::CommandLine::new(["sh", "-c", "echo $$ > a; sleep 1000"]).unwrap();
    let hangs = Hangs(program.with_directory(folder.path()).with_timeout(limit));
    let mut tools = toolformer_text::Registry::new().with_timeout(limit);
    tools.insert(Translate::new(hangs).with_sources([language("es")])).unwrap();
    let source = ToolError::TimedOut { limit };
    let timed_out = toolformer_text::CallError::Tool { name: "MT".to_owned(), source };
    assert_eq!(tools.call("MT", "la casa blanca"), Err(timed_out));
    assert_gone(pid_in(&folder.path().join("a")));
    let waits = limit + std::time::Duration::from_secs(2);
    assert_eq!(tools.get("MT").unwrap().timeout(), Some(waits));
}

#[test]
fn a_word_is_in_the_only_language_that_may_come() {
    let shows =
        |text: &str, from: Language, _: Language| Ok::<_, ToolError>(format!("{} {text}", from.iso639_1()));
    let spanish = Translate::new(shows).with_sources(["es".parse().unwrap()]);
    for word in ["tortuga", "gato", "el gato negro", "sí"] {
        assert_eq!(spanish.call(word), Ok(format!("es {word}")));
    }
    let english = "The nuclear safety of the old power stations was discussed in the parliament.";
    assert_eq!(spanish.call(english), Err(ToolError::NoResult));
}
