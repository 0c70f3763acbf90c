//! What Guide says. Pure: turns and hits in, Markdown and sources out.

use super::talk::{Talk, small_talk};
use crate::{
    server::{
        knowledge::{
            search::Hit,
            words::{Term, terms, words},
        },
        model::{Audience, Speaker, Turn},
    },
    wire::message::Source,
};

/// How many passages are looked at.
pub const MAX_HITS: usize = 6;
/// The most passages one reply quotes.
const MAX_QUOTES: usize = 3;
/// A passage that covers less of the question is no answer.
const MIN_SCORE: f64 = 0.36;
/// From here on a passage is about the question; between the two it may help.
const SURE_SCORE: f64 = 0.55;
/// A further passage is quoted when it is nearly as good as the best.
const NEARLY: f64 = 0.9;
/// Further passages end where a reply becomes long to read, in bytes.
const LONG: usize = 1800;

/// A whole reply.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    /// Markdown.
    pub text: String,
    /// What it quotes, numbered as in the text.
    pub sources: Vec<Source>,
}

/// Questions that the manual answers, to suggest.
pub const SUGGESTIONS: &[&str] = &[
    "How do I connect a model?",
    "Where is my data stored?",
    "What happens when I close the tab during a reply?",
    "How do I back up Parlor?",
    "How do I change the port?",
    "Who can make an account?",
];

const NO_MODEL: &str = "*No model is configured, so I only quote what is written down. To talk with one, set \
                        `PARLOR_MODEL_URL` and `PARLOR_MODEL_NAME` and start Parlor again.*";

/// To a visitor of a website, who need not know what runs it.
const NOTHING_TO_VISITOR: &str = "I did not find an answer to that in what is written down here. Try other words, or ask \
                                  for a person.";

/// To a visitor of a website where no model is set up, and where nobody wants Parlor's manual quoted.
const NOBODY: &str = "No automatic assistant is set up on this website, so nothing here can answer you by itself. To reach \
                      somebody, open the menu at the top of this chat and choose to talk to a person.";

fn to_visitor(talk: Talk) -> &'static str {
    match talk {
        Talk::Greeting => "Hello. What would you like to know?",
        Talk::Thanks => "You are welcome.",
        Talk::Farewell => "Goodbye. This conversation stays here for when you come back.",
        Talk::Who => {
            "I am an automatic assistant. I look your question up in what is written down here, and quote the passages \
             that fit best. If that does not help, ask for a person."
        }
    }
}

/// What is asked, read from the turns.
pub struct Plan<'a> {
    question: &'a str,
    /// What the person said before, the latest first.
    before: Vec<&'a str>,
    /// Whether Guide says something for the first time in this chat.
    first: bool,
    /// To whom.
    audience: Audience,
}

/// One question to the index.
pub struct Search {
    /// Its words.
    pub text: String,
    /// Of these a passage must have one, if there are any.
    own: Vec<Term>,
}

impl Search {
    /// The hits that answer, the best first.
    pub fn keep(&self, hits: Vec<Hit>) -> Vec<Hit> {
        let answers = |hit: &Hit| hit.score >= MIN_SCORE && (self.own.is_empty() || hit.has_any(&self.own));
        hits.into_iter().filter(answers).collect()
    }
}

impl<'a> Plan<'a> {
    /// Reads the turns, oldest first; what follows the person's last turn is not looked at.
    pub fn new(turns: &'a [Turn], audience: Audience) -> Self {
        let last = turns.iter().rposition(|turn| turn.speaker == Speaker::Person).unwrap_or(turns.len());
        let earlier = &turns[..last];
        Self {
            question: turns.get(last).map_or("", |turn| turn.text.as_str()),
            before: said_by_person(earlier),
            first: earlier.iter().all(|turn| turn.speaker == Speaker::Person),
            audience,
        }
    }

    /// What to ask the index, one after the other until something is found. A short question that points back is asked
    /// together with the one before it.
    pub fn searches(&self) -> Vec<Search> {
        if self.audience == Audience::Customer || small_talk(self.question).is_some() {
            return Vec::new();
        }
        let own = terms(self.question);
        let mut searches = Vec::new();
        if points_back(self.question, &own)
            && let Some(before) = self.before.iter().find(|one| small_talk(one).is_none() && !terms(one).is_empty())
        {
            searches.push(Search { text: format!("{}\n{before}", self.question), own: own.clone() });
        }
        if !own.is_empty() {
            searches.push(Search { text: self.question.to_owned(), own });
        }
        searches
    }

    /// The reply, given what [`Self::searches`] found.
    pub fn answer(&self, hits: &[Hit]) -> Reply {
        let (mut text, sources) = match small_talk(self.question) {
            Some(talk @ (Talk::Thanks | Talk::Farewell)) if self.audience == Audience::Customer => {
                (to_visitor(talk).to_owned(), Vec::new())
            }
            _ if self.audience == Audience::Customer => (NOBODY.to_owned(), Vec::new()),
            Some(talk) if self.audience == Audience::Visitor => (to_visitor(talk).to_owned(), Vec::new()),
            Some(talk) => (self.talk(talk), Vec::new()),
            None if !hits.is_empty() => quote(hits),
            None if self.audience == Audience::Visitor => (NOTHING_TO_VISITOR.to_owned(), Vec::new()),
            None => (self.nothing(), Vec::new()),
        };
        // A visitor can set nothing up here.
        if self.first && self.audience == Audience::Account {
            text.push_str("\n\n");
            text.push_str(NO_MODEL);
        }
        Reply { text, sources }
    }

    fn talk(&self, talk: Talk) -> String {
        match talk {
            Talk::Greeting => format!(
                "Hello. I am Guide, and I answer questions about Parlor from its manual. You could ask:\n\n{}",
                self.suggestions()
            ),
            Talk::Thanks => "You are welcome.".to_owned(),
            Talk::Farewell => "Goodbye. This chat stays here for when you come back.".to_owned(),
            Talk::Who => format!(
                "I am Guide, the part of Parlor that answers when no language model is connected. I look your question \
                 up in the manual and in the documents that were added here, and quote the passages that fit best, with \
                 their sources. I do not write texts of my own. You could ask:\n\n{}",
                self.suggestions()
            ),
        }
    }

    fn nothing(&self) -> String {
        let lead = if terms(self.question).is_empty() {
            "I did not find a question in that. I can only look words up."
        } else {
            "I have nothing on that: neither the manual nor the documents that were added here say it."
        };
        format!("{lead} What I can answer, for example:\n\n{}", self.suggestions())
    }

    /// Three of the questions, others as the chat goes on, none that was asked already.
    fn suggestions(&self) -> String {
        let fresh: Vec<_> = SUGGESTIONS.iter().filter(|one| !self.before.contains(*one)).collect();
        let fresh = if fresh.len() < 3 { SUGGESTIONS.iter().collect() } else { fresh };
        let start = self.before.len() % fresh.len();
        let lines: Vec<_> = fresh.iter().cycle().skip(start).take(3).map(|one| format!("- {one}")).collect();
        lines.join("\n")
    }
}

fn said_by_person(turns: &[Turn]) -> Vec<&str> {
    turns.iter().rev().filter(|turn| turn.speaker == Speaker::Person).map(|turn| turn.text.trim()).collect()
}

/// The best passages as quotes, each under its heading and number.
fn quote(hits: &[Hit]) -> (String, Vec<Source>) {
    let best = hits.first().map_or(0.0, |hit| hit.score);
    let lead =
        if best < SURE_SCORE { "This is the closest I have; it may help." } else { "Here is what I have on that." };
    let mut text = lead.to_owned();
    let mut sources = Vec::new();
    for (number, hit) in (1..).zip(hits.iter().take(MAX_QUOTES)) {
        if number > 1 && (hit.score < best * NEARLY || text.len() + hit.text.len() > LONG) {
            break;
        }
        text.push_str(&format!("\n\n**{}** [{number}]\n\n{}", escape(&hit.heading), blockquote(&hit.text)));
        sources.push(Source { number, title: hit.heading.clone(), href: hit.href() });
    }
    (text, sources)
}

fn blockquote(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
    lines.join("\n")
}

/// So that a heading is shown as it stands.
fn escape(heading: &str) -> String {
    let mut text = String::with_capacity(heading.len());
    for character in heading.chars() {
        if matches!(character, '\\' | '`' | '*' | '[' | ']' | '<') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// Words at the beginning, or anywhere, that point at what was said before.
const OPENERS: &[&str] = &["and", "also", "but", "then", "so", "or", "why", "more", "und", "et", "y", "e", "en"];
const PRONOUNS: &[&str] = &["it", "its", "that", "this", "them", "they", "these", "those", "one", "there", "same"];

fn points_back(question: &str, own: &[Term]) -> bool {
    let words = words(question);
    let about = words.windows(2).any(|pair| pair[1] == "about" && (pair[0] == "what" || pair[0] == "how"));
    let opens = words.first().is_some_and(|first| OPENERS.contains(&first.as_str()));
    let points = words.iter().any(|word| PRONOUNS.contains(&word.as_str()));
    own.len() <= 3 && (own.is_empty() || about || opens || points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str) -> Turn {
        Turn { speaker: Speaker::Person, text: text.to_owned() }
    }

    fn model(text: &str) -> Turn {
        Turn { speaker: Speaker::Model, text: text.to_owned() }
    }

    /// What an account is answered.
    fn answer(turns: &[Turn], hits: &[Hit]) -> Reply {
        Plan::new(turns, Audience::Account).answer(hits)
    }

    fn hit(slug: &str, text: &str, score: f64) -> Hit {
        Hit {
            slug: slug.to_owned(),
            title: "Title".to_owned(),
            heading: format!("Title › {slug}"),
            anchor: "part".to_owned(),
            text: text.to_owned(),
            score,
        }
    }

    #[test]
    fn passages_are_quoted_with_numbered_sources() {
        let hits =
            [hit("one", "First.\n\n```sh\nrun\n```", 0.9), hit("two", "Second.", 0.82), hit("three", "Third.", 0.5)];
        let reply = answer(&[person("how do I run it?")], &hits);
        let expected = "Here is what I have on that.\n\n\
                        **Title › one** [1]\n\n> First.\n>\n> ```sh\n> run\n> ```\n\n\
                        **Title › two** [2]\n\n> Second.\n\n";
        assert_eq!(reply.text, format!("{expected}{NO_MODEL}"));
        let sources: Vec<_> = reply.sources.iter().map(|one| (one.number, one.href.as_str())).collect();
        assert_eq!(sources, [(1, "/docs/one#part"), (2, "/docs/two#part")]);
    }

    #[test]
    fn a_weak_hit_is_called_weak_and_a_weaker_one_dropped() {
        let reply = answer(&[person("run it")], &[hit("one", "First.", 0.4)]);
        assert!(reply.text.starts_with("This is the closest I have"), "{}", reply.text);
        let turns = [person("what about penguins on the south pole")];
        let plan = Plan::new(&turns, Audience::Account);
        let kept = plan.searches()[0].keep(vec![hit("one", "About penguins.", 0.1), hit("two", "Penguins.", 0.5)]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].slug, "two");
    }

    #[test]
    fn nothing_found_is_said_with_suggestions() {
        let reply = answer(&[person("What is the capital of France?")], &[]);
        assert!(reply.text.starts_with("I have nothing on that"), "{}", reply.text);
        assert_eq!(reply.text.matches("\n- ").count(), 3);
        assert!(reply.sources.is_empty());
        for empty in ["", "🙂", "???", "what is it"] {
            assert!(answer(&[person(empty)], &[]).text.starts_with("I did not find a question"), "{empty}");
        }
        assert!(answer(&[], &[]).text.starts_with("I did not find a question"));
    }

    #[test]
    fn no_model_is_mentioned_in_the_first_reply_only() {
        let first = answer(&[person("one"), person("two")], &[hit("one", "First.", 0.9)]);
        assert!(first.text.ends_with(NO_MODEL));
        let second = answer(&[person("one"), model("reply"), person("two")], &[hit("one", "First.", 0.9)]);
        assert!(!second.text.contains("PARLOR_MODEL_URL"), "{}", second.text);
        // A reply that goes on is still the first.
        assert_eq!(answer(&[person("one"), person("two"), model("Here is")], &[hit("one", "First.", 0.9)]), first);
    }

    #[test]
    fn a_short_follow_up_is_asked_together_with_the_question_before() {
        let turns =
            [person("How do I back up?"), model("So."), person("thanks"), model("."), person("And on PostgreSQL?")];
        let plan = Plan::new(&turns, Audience::Account);
        let searches = plan.searches();
        assert_eq!(searches[0].text, "And on PostgreSQL?\nHow do I back up?");
        assert_eq!(searches[1].text, "And on PostgreSQL?");
        // What has none of the follow-up's own words does not answer it.
        assert!(searches[0].keep(vec![hit("sqlite", "Back up the file.", 0.8)]).is_empty());
        assert_eq!(searches[0].keep(vec![hit("pg", "Back up PostgreSQL so.", 0.8)]).len(), 1);

        let turns = [person("How do I back up?"), model("So."), person("Can I use Mistral models with Hugging Face?")];
        assert_eq!(Plan::new(&turns, Audience::Account).searches().len(), 1);
        let turns = [person("How do I back up?"), model("So."), person("Why?")];
        assert_eq!(Plan::new(&turns, Audience::Account).searches()[0].text, "Why?\nHow do I back up?");
    }

    #[test]
    fn a_visitor_reads_nothing_that_is_for_the_operator() {
        let ask = |text: &str, hits: &[Hit]| Plan::new(&[person(text)], Audience::Visitor).answer(hits);
        let quoted = ask("how do I run it?", &[hit("one", "First.", 0.9)]);
        assert!(quoted.text.ends_with("> First.") && quoted.sources.len() == 1, "{}", quoted.text);
        for said in ["What is the capital of France?", "???", "hello", "who are you", "thanks", "bye", ""] {
            let text = ask(said, &[]).text;
            for word in ["PARLOR", "Parlor", "model", "Guide", "manual"] {
                assert!(!text.is_empty() && !text.contains(word), "{said}: {text}");
            }
        }
        assert!(Plan::new(&[person("thanks")], Audience::Visitor).searches().is_empty());
    }

    #[test]
    fn a_customer_reads_that_nobody_answers_by_itself_and_no_manual() {
        let ask = |text: &str| Plan::new(&[person(text)], Audience::Customer).answer(&[hit("one", "First.", 0.9)]);
        for said in ["hello", "who are you", "how do I run it?", "???", ""] {
            let told = ask(said);
            assert_eq!((told.text.as_str(), told.sources.len()), (NOBODY, 0), "{said}");
        }
        assert_eq!(ask("thanks").text, "You are welcome.");
        assert!(Plan::new(&[person("how do I run it?")], Audience::Customer).searches().is_empty());
    }

    #[test]
    fn a_heading_cannot_become_markup() {
        let mut one = hit("one", "First.", 0.9);
        one.heading = "A *b* [c](http://x) <i>".to_owned();
        let reply = answer(&[person("first thing")], &[one]);
        assert!(reply.text.contains(r"**A \*b\* \[c\](http://x) \<i>** [1]"), "{}", reply.text);
    }
}
