//! Small talk: what people say for the sake of saying it. Pure.

use crate::server::knowledge::words::words;

/// What is said for the sake of saying it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talk {
    /// Hello.
    Greeting,
    /// Thanks.
    Thanks,
    /// Goodbye.
    Farewell,
    /// Who are you, what can you do?
    Who,
}

const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "hallo",
    "moin",
    "servus",
    "hola",
    "bonjour",
    "salut",
    "ciao",
    "ola",
    "buongiorno",
    "greetings",
    "good morning",
    "good afternoon",
    "good evening",
    "guten tag",
    "guten morgen",
    "guten abend",
    "buenos dias",
    "hoi",
    "bonsoir",
    "bom dia",
    "yo",
    "howdy",
    "how are you",
];
const THANKS: &[&str] = &[
    "thanks",
    "thank you",
    "thx",
    "ty",
    "danke",
    "vielen dank",
    "merci",
    "gracias",
    "grazie",
    "obrigado",
    "obrigada",
    "bedankt",
    "dank je",
    "cheers",
    "great",
    "perfect",
    "cool",
    "nice",
    "super",
    "got it",
];
const FAREWELLS: &[&str] = &[
    "bye",
    "goodbye",
    "good bye",
    "see you",
    "good night",
    "tschuss",
    "auf wiedersehen",
    "au revoir",
    "adios",
    "tot ziens",
];
const WHO: &[&str] = &[
    "who are you",
    "what are you",
    "what can you do",
    "what do you do",
    "what can you help me with",
    "how can you help",
    "how can you help me",
    "what can i ask",
    "what can i ask you",
    "can you help me",
    "can you help",
    "help",
    "help me",
    "what is guide",
    "who is guide",
    "are you an ai",
    "are you a bot",
    "are you human",
    "are you chatgpt",
    "are you real",
    "which model are you",
    "what model are you",
    "which model is this",
    "what model is this",
    "whats your name",
    "what is your name",
    "how do you work",
    "what do you know",
    "introduce yourself",
    "wer bist du",
    "was kannst du",
    "qui es tu",
    "quien eres",
];
/// May stand beside any of them.
const FILLERS: &[&str] = &[
    "there", "guide", "parlor", "so", "very", "much", "a", "lot", "all", "everyone", "again", "please", "and", "ok",
    "okay", "for", "the", "your", "help", "that", "you", "hi", "hello", "hey", "exactly", "then", "now",
];

/// The small talk that a text is, when it is nothing else.
pub fn small_talk(question: &str) -> Option<Talk> {
    // Longer texts say something.
    if question.len() > 120 {
        return None;
    }
    let said = format!(" {} ", words(question).join(" "));
    let only = |phrases: &[&str]| {
        let fits = phrases.iter().filter(|phrase| said.contains(&format!(" {phrase} ")));
        fits.max_by_key(|phrase| phrase.len()).is_some_and(|phrase| {
            let rest = said.replacen(&format!(" {phrase} "), " ", 1);
            rest.split_whitespace().all(|word| FILLERS.contains(&word) || phrases.contains(&word))
        })
    };
    [(Talk::Who, WHO), (Talk::Thanks, THANKS), (Talk::Farewell, FAREWELLS), (Talk::Greeting, GREETINGS)]
        .into_iter()
        .find_map(|(talk, phrases)| only(phrases).then_some(talk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_talk_is_answered_as_such() {
        for (said, talk) in [
            ("Hello!", Some(Talk::Greeting)),
            ("good morning, Guide", Some(Talk::Greeting)),
            ("Hallo 🙂", Some(Talk::Greeting)),
            ("thanks a lot", Some(Talk::Thanks)),
            ("OK, thank you very much!", Some(Talk::Thanks)),
            ("Bye", Some(Talk::Farewell)),
            ("What can you do?", Some(Talk::Who)),
            ("Hi, who are you?", Some(Talk::Who)),
            ("help", Some(Talk::Who)),
            ("hello, how do I change the port?", None),
            ("what can you do with a backup", None),
            ("thanks, and where is my data stored?", None),
            ("help me with the password", None),
            ("", None),
        ] {
            assert_eq!(small_talk(said), talk, "{said}");
        }
    }
}
