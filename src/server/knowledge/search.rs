//! Scores: how well a passage answers a question, the same on every database. Pure.
//!
//! The index of the database only proposes candidates; bm25 and `ts_rank` cannot be compared with each other or with a
//! threshold. What counts is the share of the question that a passage covers, each word weighted by how rare it is.

use super::{
    rows::Found,
    stem::stem,
    words::{Term, words},
};
use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

/// A passage that was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit {
    /// The document's slug.
    pub slug: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, from the title down.
    pub heading: String,
    /// The anchor of the nearest heading; may be empty.
    pub anchor: String,
    /// Markdown.
    pub text: String,
    /// 0 to 1: the share of the question's weight that the passage covers.
    pub score: f64,
}

impl Hit {
    /// Whether it has any of the words.
    pub fn has_any(&self, terms: &[Term]) -> bool {
        let has: HashSet<String> =
            words(&self.heading).iter().chain(&words(&self.text)).map(|word| stem(word)).collect();
        terms.iter().flat_map(Term::stems).any(|stem| has.contains(&stem))
    }

    /// Where it can be read on this server.
    pub fn href(&self) -> String {
        let Self { slug, anchor, .. } = self;
        if anchor.is_empty() { format!("/docs/{slug}") } else { format!("/docs/{slug}#{anchor}") }
    }
}

/// A word of the question with its weight.
pub struct Weighted {
    /// The word.
    pub term: Term,
    /// How much it says: the rarer, the more.
    pub weight: f64,
    /// The passages that have it.
    pub passages: i64,
}

/// The most that one word weighs. A word that no passage has weighs as much, so that a question about something else
/// finds nothing, and no more, so that one odd word does not spoil a question.
const MOST: f64 = 3.0;

impl Weighted {
    /// Weighs a word by the passages that have it, of all there are (the idf of bm25).
    pub fn new(term: Term, passages: i64, all: i64) -> Self {
        let (with, all) = (passages as f64, all as f64);
        let weight = (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln().min(MOST);
        Self { term, weight, passages }
    }
}

/// The words to ask the index for: those that part the passages, or all that are known when none does.
pub fn selective(weighted: &[Weighted], all: i64) -> Vec<String> {
    let known = || weighted.iter().filter(|one| one.passages > 0);
    let parts = |one: &&Weighted| one.passages.saturating_mul(4) <= all;
    let rare: Vec<String> = known().filter(parts).flat_map(|one| one.term.stems()).collect();
    if rare.is_empty() { known().flat_map(|one| one.term.stems()).collect() } else { rare }
}

/// The hits of the candidates, the best first; equals in the order of the documents.
pub fn rank(weighted: &[Weighted], found: Vec<Found>) -> Vec<Hit> {
    let mut hits: Vec<(Hit, i64)> = found
        .into_iter()
        .map(|found| {
            let score = score(weighted, &found.heading, &found.text);
            let Found { slug, title, ordinal, heading, anchor, text } = found;
            (Hit { slug, title, heading, anchor, text, score }, ordinal)
        })
        .filter(|(hit, _)| hit.score > 0.0)
        .collect();
    hits.sort_by(|(a, at_a), (b, at_b)| {
        let best = b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal);
        best.then_with(|| a.slug.cmp(&b.slug)).then(at_a.cmp(at_b))
    });
    hits.into_iter().map(|(hit, _)| hit).collect()
}

/// 0 to 1. Being there at all is worth most; standing in the heading, and often in a short text, adds to it.
fn score(weighted: &[Weighted], heading: &str, text: &str) -> f64 {
    let total: f64 = weighted.iter().map(|one| one.weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    let (heading, _) = counts(heading);
    let (text, length) = counts(text);
    let covered: f64 = weighted
        .iter()
        .map(|one| {
            let as_asked = [1.0].into_iter().chain(std::iter::repeat(0.8));
            let qualities =
                one.term.stems().zip(as_asked).map(|(stem, part)| part * quality(&stem, &heading, &text, length));
            one.weight * qualities.fold(0.0, f64::max)
        })
        .sum();
    covered / total
}

/// A text of this many words is neither short nor long.
const USUAL_LENGTH: f64 = 70.0;

fn quality(stem: &str, heading: &HashMap<String, u32>, text: &HashMap<String, u32>, length: u32) -> f64 {
    let in_heading = heading.contains_key(stem);
    let often = f64::from(text.get(stem).copied().unwrap_or_default());
    if !in_heading && often == 0.0 {
        return 0.0;
    }
    let dense = often / (0.5 + f64::from(length) / USUAL_LENGTH);
    0.6 + if in_heading { 0.2 } else { 0.0 } + 0.2 * dense / (dense + 1.0)
}

fn counts(text: &str) -> (HashMap<String, u32>, u32) {
    let mut counts = HashMap::new();
    let mut length = 0;
    for word in words(text) {
        *counts.entry(stem(&word)).or_insert(0) += 1;
        length += 1;
    }
    (counts, length)
}

#[cfg(test)]
mod tests {
    use super::{super::words::terms, *};

    fn weighted(question: &str, passages: i64) -> Vec<Weighted> {
        terms(question).into_iter().map(|term| Weighted::new(term, passages, 100)).collect()
    }

    fn found(heading: &str, text: &str) -> Found {
        let (heading, text) = (heading.to_owned(), text.to_owned());
        Found { slug: "s".into(), title: "S".into(), ordinal: 0, heading, anchor: String::new(), text }
    }

    #[test]
    fn a_passage_with_more_of_the_question_is_better() {
        let asked = weighted("change the port of the address", 3);
        let hits = rank(
            &asked,
            vec![
                found("S", "An address is written like this."),
                found("S › Address", "To change the port, set the address."),
                found("S", "Nothing of it."),
            ],
        );
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].heading, "S › Address");
        assert!(hits[0].score > 0.7 && hits[0].score <= 1.0 && hits[1].score < 0.4, "{hits:?}");
    }

    #[test]
    fn rare_words_weigh_more_and_unknown_ones_count() {
        let common = Weighted::new(terms("chat")[0].clone(), 60, 100);
        let rare = Weighted::new(terms("mistral")[0].clone(), 2, 100);
        let unknown = Weighted::new(terms("penguin")[0].clone(), 0, 100);
        assert!(common.weight < rare.weight && rare.weight <= unknown.weight);
        assert_eq!(selective(&[common, rare, unknown], 100), ["mistral"]);
        let only_common = [Weighted::new(terms("chat")[0].clone(), 60, 100)];
        assert_eq!(selective(&only_common, 100), ["chat", "convers"]);
    }

    #[test]
    fn inflected_and_accented_words_count() {
        let hits = rank(&weighted("réinitialiser configured", 2), vec![found("S", "Reinitialiser the configuration.")]);
        assert!(hits[0].score > 0.6, "{hits:?}");
    }
}
