//! Porter's stemmer for English, after <https://tartarus.org/martin/PorterStemmer/def.txt>, so that a question's words
//! are found in a passage as both databases' indexes find them. Words of other letters stay as they are.

/// The stem of a lower-case word. What has anything but `a` to `z` in it, or less than three letters, stays.
pub fn stem(word: &str) -> String {
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut word = Word(word.to_owned());
    word.plural();
    word.past();
    if word.ends("y") && word.vowel(1) {
        word.set(1, "i");
    }
    word.first_of(STEP_2, 0);
    word.first_of(STEP_3, 0);
    word.fourth();
    word.last();
    word.0
}

const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("logi", "log"),
];
const STEP_3: &[(&str, &str)] =
    &[("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];
const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ou", "ism", "ate", "iti", "ous",
    "ive", "ize",
];

struct Word(String);

impl Word {
    fn ends(&self, suffix: &str) -> bool {
        self.0.ends_with(suffix)
    }

    /// Replaces the last `cut` letters.
    fn set(&mut self, cut: usize, with: &str) {
        self.0.truncate(self.0.len() - cut);
        self.0.push_str(with);
    }

    fn consonant(&self, at: usize) -> bool {
        let letters = self.0.as_bytes();
        match letters[at] {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => at == 0 || !self.consonant(at - 1),
            _ => true,
        }
    }

    /// How often a vowel is followed by a consonant, without the last `cut` letters.
    fn measure(&self, cut: usize) -> usize {
        let kinds: Vec<bool> = (0..self.0.len() - cut).map(|at| self.consonant(at)).collect();
        kinds.windows(2).filter(|pair| !pair[0] && pair[1]).count()
    }

    fn vowel(&self, cut: usize) -> bool {
        (0..self.0.len() - cut).any(|at| !self.consonant(at))
    }

    fn double(&self) -> bool {
        let letters = self.0.as_bytes();
        let end = letters.len();
        end > 1 && letters[end - 1] == letters[end - 2] && self.consonant(end - 1)
    }

    /// Consonant, vowel, consonant at the end without the last `cut` letters, the last none of w, x, y.
    fn short(&self, cut: usize) -> bool {
        let end = self.0.len() - cut;
        end > 2
            && self.consonant(end - 1)
            && !self.consonant(end - 2)
            && self.consonant(end - 3)
            && !matches!(self.0.as_bytes()[end - 1], b'w' | b'x' | b'y')
    }

    fn plural(&mut self) {
        if self.ends("sses") || self.ends("ies") {
            self.set(2, "");
        } else if self.ends("s") && !self.ends("ss") {
            self.set(1, "");
        }
    }

    fn past(&mut self) {
        if self.ends("eed") {
            if self.measure(3) > 0 {
                self.set(1, "");
            }
            return;
        }
        let cut = if self.ends("ed") && self.vowel(2) {
            2
        } else if self.ends("ing") && self.vowel(3) {
            3
        } else {
            return;
        };
        self.set(cut, "");
        if self.ends("at") || self.ends("bl") || self.ends("iz") {
            self.set(0, "e");
        } else if self.double() && !matches!(self.0.as_bytes().last(), Some(b'l' | b's' | b'z')) {
            self.set(1, "");
        } else if self.measure(0) == 1 && self.short(0) {
            self.set(0, "e");
        }
    }

    /// The longest suffix of a table that fits is replaced, if more than `least` is left before it.
    fn first_of(&mut self, table: &[(&str, &str)], least: usize) {
        let fits = table.iter().filter(|(suffix, _)| self.ends(suffix)).max_by_key(|(suffix, _)| suffix.len());
        if let Some((suffix, with)) = fits
            && self.measure(suffix.len()) > least
        {
            self.set(suffix.len(), with);
        }
    }

    fn fourth(&mut self) {
        if self.ends("sion") || self.ends("tion") {
            if self.measure(3) > 1 {
                self.set(3, "");
            }
            return;
        }
        let fits = STEP_4.iter().filter(|suffix| self.ends(suffix)).max_by_key(|suffix| suffix.len());
        if let Some(suffix) = fits
            && self.measure(suffix.len()) > 1
        {
            self.set(suffix.len(), "");
        }
    }

    fn last(&mut self) {
        if self.ends("e") && (self.measure(1) > 1 || self.measure(1) == 1 && !self.short(1)) {
            self.set(1, "");
        }
        if self.ends("ll") && self.measure(1) > 1 {
            self.set(1, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stem;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_paper() {
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("feed", "feed"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("bled", "bled"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflat"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("sky", "sky"),
            ("relational", "relat"),
            ("configuration", "configur"),
            ("configured", "configur"),
            ("configure", "configur"),
            ("hopefulness", "hope"),
            ("triplicate", "triplic"),
            ("adoption", "adopt"),
            ("replacement", "replac"),
            ("probate", "probat"),
            ("controll", "control"),
            ("stored", "store"),
            ("stores", "store"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn other_letters_stay() {
        for word in ["ab", "", "straße", "設定", "v1", "größen"] {
            assert_eq!(stem(word), word);
        }
    }

    proptest! {
        #[test]
        fn it_never_fails_and_never_grows_by_more_than_a_letter(word in "[a-z]{0,24}") {
            prop_assert!(stem(&word).len() <= word.len() + 1);
        }
    }
}
