//! Words: how text is read for the index, and how a question becomes search words. Pure.
//!
//! Nothing but letters and digits ever leaves this module, so that what a person types is no syntax of any index.

use super::stem::stem;
use std::collections::HashSet;

/// The most words of a question that are searched for.
pub const MAX_TERMS: usize = 24;
/// How much of a question is read, in bytes: the rest of a pasted text adds words, not meaning.
const MAX_QUESTION: usize = 8 * 1024;

/// One word of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// As it was asked, folded.
    pub word: String,
    /// What else counts as it, though a little less.
    pub others: Vec<&'static str>,
}

impl Term {
    /// The stems of the word and the others, as the index has them.
    pub fn stems(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.word.as_str()).chain(self.others.iter().copied()).map(stem)
    }
}

/// The words of a text in order: lower case, without accents; scripts that set no spaces in pairs of characters.
/// `sign-up` is `sign`, `up` and `signup`; `don't` is `dont`.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut run = String::new();
    // Where the words joined by hyphens began, in `found`.
    let mut joined: Option<usize> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() {
            if !run.is_empty() && is_dense(character) != run.chars().next().is_some_and(is_dense) {
                flush(&mut run, &mut found);
            }
            fold(character, &mut run);
            continue;
        }
        // A mark over the letter before it, or an apostrophe inside a word.
        let next_is_letter = characters.peek().is_some_and(|next| next.is_alphanumeric());
        if ('\u{300}'..='\u{36f}').contains(&character)
            || matches!(character, '\'' | '’') && !run.is_empty() && next_is_letter
        {
            continue;
        }
        let start = joined.unwrap_or(found.len());
        flush(&mut run, &mut found);
        if character == '-' && next_is_letter && found.len() > start {
            joined = Some(start);
        } else {
            join(&mut joined, &mut found);
        }
    }
    flush(&mut run, &mut found);
    join(&mut joined, &mut found);
    found
}

/// What the index takes of a text: the stems of its words.
pub fn index_words(text: &str) -> String {
    let stems: Vec<_> = words(text).iter().map(|word| stem(word)).collect();
    stems.join(" ")
}

fn join(joined: &mut Option<usize>, found: &mut Vec<String>) {
    if let Some(start) = joined.take()
        && found.len() > start + 1
    {
        let whole = found[start..].concat();
        found.push(whole);
    }
}

/// Ends a word. A run of characters of a script without spaces becomes its pairs.
fn flush(run: &mut String, found: &mut Vec<String>) {
    if run.is_empty() {
        return;
    }
    let characters: Vec<char> = run.chars().collect();
    if characters.len() > 2 && is_dense(characters[0]) {
        found.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
    } else {
        // No real word is longer, and both indexes have limits.
        found.push(characters.iter().take(64).collect());
    }
    run.clear();
}

/// Chinese, Japanese and Korean characters: their texts have no spaces, or not between words.
fn is_dense(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

/// Appends the character in lower case and without its accent.
fn fold(character: char, to: &mut String) {
    for lower in character.to_lowercase() {
        let base = match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | '\u{1ea0}'..='\u{1eb7}' => "a",
            'æ' => "ae",
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
            'ď' | 'đ' | 'ð' => "d",
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | '\u{1eb8}'..='\u{1ec7}' => "e",
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
            'ĥ' | 'ħ' => "h",
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | '\u{1ec8}'..='\u{1ecb}' => "i",
            'ĵ' => "j",
            'ķ' => "k",
            'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
            'ñ' | 'ń' | 'ņ' | 'ň' => "n",
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | '\u{1ecc}'..='\u{1ee3}' => "o",
            'œ' => "oe",
            'ŕ' | 'ŗ' | 'ř' => "r",
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
            'ß' => "ss",
            'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | '\u{1ee4}'..='\u{1ef1}' => "u",
            'ŵ' => "w",
            'ý' | 'ÿ' | 'ŷ' | '\u{1ef2}'..='\u{1ef9}' => "y",
            'ź' | 'ż' | 'ž' => "z",
            'ά' => "α",
            'έ' => "ε",
            'ή' => "η",
            'ί' | 'ϊ' | 'ΐ' => "ι",
            'ό' => "ο",
            'ύ' | 'ϋ' | 'ΰ' => "υ",
            'ώ' => "ω",
            // The dot that lower-casing İ leaves, and its like.
            '\u{300}'..='\u{36f}' => "",
            other => {
                to.push(other);
                continue;
            }
        };
        to.push_str(base);
    }
}

/// The words to search for, in the order of the question, each stem once; stop words and single letters and
/// digits left out.
pub fn terms(question: &str) -> Vec<Term> {
    let mut end = question.len().min(MAX_QUESTION);
    while !question.is_char_boundary(end) {
        end -= 1;
    }
    let mut seen = HashSet::new();
    let kept = words(&question[..end])
        .into_iter()
        .filter(|word| word.len() > 1 && !is_stop_word(word) && seen.insert(stem(word)));
    kept.take(MAX_TERMS).map(|word| Term { others: others(&word), word }).collect()
}

/// Words that mean nearly the same to someone who asks how to run this product.
const ALIKE: &[&[&str]] = &[
    &["admin", "administrator"],
    &["backup", "back", "copy"],
    &["change", "set", "choose"],
    &["chatgpt", "gpt", "openai"],
    &["chat", "conversation"],
    &["config", "configuration", "setting", "option"],
    &["crash", "kill", "interrupted"],
    &["db", "database"],
    &["delete", "remove", "erase"],
    &["embed", "widget"],
    &["error", "fail", "wrong", "problem"],
    &["folder", "directory"],
    &["forget", "forgot", "lost", "forgotten"],
    &["gguf", "llama"],
    &["https", "tls", "ssl"],
    &["install", "setup"],
    &["keyboard", "shortcut", "key"],
    &["licence", "license"],
    &["llm", "ai", "model"],
    &["login", "log"],
    &["max", "maximum", "limit"],
    &["phone", "mobile"],
    &["postgres", "postgresql"],
    &["signup", "register", "registration", "sign"],
    &["start", "run", "launch"],
    &["store", "keep", "kept", "save"],
    &["token", "jwt"],
    &["update", "upgrade"],
];

fn others(word: &str) -> Vec<&'static str> {
    let own = stem(word);
    let groups = ALIKE.iter().filter(|group| group.iter().any(|one| stem(one) == own));
    groups.flat_map(|group| group.iter().copied()).filter(|one| stem(one) != own).collect()
}

/// Whether a folded word says nothing about what is asked, in one of seven languages.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.iter().any(|line| line.split(' ').any(|stop| stop == word))
}

/// Folded. A word that English uses for something ("die", "man", "son") stays out of the other languages' lines.
const STOP_WORDS: &[&str] = &[
    "a about also am an and any are as at be been being but by can cant could couldnt did didnt do does doesnt doing",
    "dont for from get gets getting give go going got had has have having he hello help her hers hey hi him his how i",
    "id if ill im in into is isnt it its ive just know let lets like made make me more most my need no not now of off ok",
    "okay on one only or other our out over please really s say shall she should so some something such t tell than",
    "thank thanks that thats the their them then there these they thing things this those to too us very want was wasnt",
    "way we were what whats when where wheres which who whom whose why will with wont would yes you your yours youre",
    "explain show possible parlor happen happens work works",
    "aber als auch auf aus bei bin bitte da das dass dem den der des dich dir doch du ein eine einem einen einer er es",
    "fur gibt habe haben hat ich ihr im ist ja kann kein keine konnen man mein meine mich mir mit nach nicht noch nur",
    "oder ohne sein seine sich sie sind soll uber um und uns unser viel vom von wann warum weil wenn wer werden wie wird",
    "wo zu zum zur",
    "au aux avec ce cela ces cet cette comment dans de des donc du elle en est et il ils je la le les leur ma mais mes",
    "moi mon ne nous ou par pas peut plus pour pourquoi puis quand que quel quelle quels qui sa sans se ses si sont sur",
    "ta te tes toi ton tu un une vous c d j l m n qu",
    "al como con cual cuando del donde el ella ellos esta este esto las lo los mas mi mis muy nos o para pero por porque",
    "puede puedo quien sobre su sus tambien tengo tiene una unos y ya",
    "anche ancora che chi ci cosa cui da dal dalla delle di e gli ha ho io loro mia mie mio nel nella non perche piu",
    "posso puo quale quando quanto quello questo sono sulla tra voi",
    "ao aos com dos e ela ele em essa esse eu foi isso isto mas meu minha na nao nas no nos onde os ou pela pelo posso",
    "quais qual sao seu sua tem um uma voce",
    "aan bij dat deze die dit een geen hebben heeft het hij hoe ik is je kan maar mijn naar niet nog ook of om onder ons",
    "op te ten toch uit van veel voor waar wat welke wij zijn zo zonder",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(question: &str) -> Vec<String> {
        terms(question).into_iter().map(|term| term.word).collect()
    }

    #[test]
    fn words_are_folded_and_split() {
        assert_eq!(words("Réinitialiser le MOT-de-passe"), ["reinitialiser", "le", "mot", "de", "passe", "motdepasse"]);
        assert_eq!(words("re\u{301}sume\u{301} Größe ŁÓDŹ"), ["resume", "grosse", "lodz"]);
        assert_eq!(
            words("PARLOR_MODEL_URL=http://127.0.0.1:8080/v1"),
            ["parlor", "model", "url", "http", "127", "0", "0", "1", "8080", "v1"]
        );
        assert_eq!(words("don't; the model’s sign-up"), ["dont", "the", "models", "sign", "up", "signup"]);
        assert_eq!(words("設定方法"), ["設定", "定方", "方法"]);
        assert_eq!(words("Parlor設定"), ["parlor", "設定"]);
        assert!(words("🙂 — … \"\" -").is_empty());
    }

    #[test]
    fn a_question_loses_what_says_nothing() {
        assert_eq!(asked("How do I change the port?"), ["change", "port"]);
        assert_eq!(asked("Wie kann ich das Passwort ändern?"), ["passwort", "andern"]);
        assert_eq!(asked("¿Dónde están mis datos?"), ["estan", "datos"]);
        assert!(asked("what is it, and how do you do that?").is_empty());
        assert_eq!(asked("stops stop stopped"), ["stops"]);
    }

    #[test]
    fn hostile_questions_become_plain_words() {
        for question in
            ["\" OR *", "NEAR(a b)", "col:word", "-minus", "'; DROP TABLE x;--", "a\0b", "(((", "^x*", "🙂🙂"]
        {
            for term in terms(question) {
                assert!(term.word.chars().all(char::is_alphanumeric), "{question}: {}", term.word);
            }
        }
        let long = "wort ".repeat(20_000) + &(0..9_000).map(|n| format!("w{n} ")).collect::<String>();
        assert_eq!(asked(&long), ["wort"]);
        let many: String = (0..500).map(|n| format!("w{n} ")).collect();
        assert_eq!(asked(&many).len(), MAX_TERMS);
    }

    #[test]
    fn words_alike_are_searched_together() {
        let backup = &terms("backup")[0];
        assert!(backup.others.contains(&"back"), "{backup:?}");
        assert!(terms("penguin")[0].others.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_gives_only_letters_and_digits(text in "\\PC{0,200}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
            prop_assert!(terms(&text).len() <= MAX_TERMS);
        }
    }
}
