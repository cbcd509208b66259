//! A text in words, each with its place.

use std::ops::Range;

use super::finding::Finding;
use super::rule::NoticeRule;
use crate::disclosure::notice::template::Placeholder;

/// Where a stretch of a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Template,
    Filled(Placeholder),
}

/// The stretches of a text, without gaps.
pub(crate) type Sources = Vec<(Range<usize>, Source)>;

/// A text in words.
pub(crate) struct Text<'a> {
    all: &'a str,
    sources: &'a [(Range<usize>, Source)],
    words: Vec<Word>,
}

/// A run of letters and digits, of any script, with apostrophes inside.
pub(crate) struct Word {
    pub(crate) bytes: Range<usize>,
    /// In lower case, with straight apostrophes, without invisible characters.
    pub(crate) plain: String,
    /// Whether it begins with a capital letter.
    pub(crate) capital: bool,
}

impl Word {
    pub(crate) fn is(&self, word: &str) -> bool {
        match word.strip_suffix('*') {
            Some(stem) => self.plain.starts_with(stem),
            None => self.plain == word,
        }
    }

    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub(crate) fn is_digits(&self) -> bool {
        self.plain.chars().all(char::is_numeric)
    }

    pub(crate) fn has_digit(&self) -> bool {
        self.plain.chars().any(char::is_numeric)
    }

    /// How many letters and digits it has.
    pub(crate) fn length(&self) -> usize {
        self.plain.chars().count()
    }
}

/// Characters that take no room: a word with one in it is still that word.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}')
}

/// Words that negate the clause after them.
const NEGATIONS: &[&str] =
    &["no", "not", "never", "nobody", "none", "without", "neither", "nor", "cannot"];

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str, sources: &'a [(Range<usize>, Source)]) -> Self {
        let mut words: Vec<Word> = Vec::new();
        let mut current: Option<Word> = None;
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            if c.is_alphanumeric() {
                let word = current.get_or_insert_with(|| Word {
                    bytes: start..end,
                    plain: String::new(),
                    capital: c.is_uppercase(),
                });
                word.plain.extend(c.to_lowercase());
                word.bytes.end = end;
            } else if let Some(word) = &mut current {
                let inside =
                    text.get(end..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
                if is_apostrophe(c) && inside {
                    word.plain.push('\'');
                } else if !is_unseen(c) {
                    words.extend(current.take());
                }
            }
        }
        words.extend(current);
        Self { all: text, sources, words }
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Where stretches with this source are blank, or there is none.
    pub(crate) fn lacks(&self, place: Placeholder) -> bool {
        let blank = |bytes: &Range<usize>| {
            self.all.get(bytes.clone()).is_none_or(|value| value.trim().is_empty())
        };
        let filled = self.sources.iter().filter(|(_, source)| *source == Source::Filled(place));
        filled.fold(true, |lacks, (bytes, _)| lacks && blank(bytes))
    }

    /// Whether the bytes touch the text of one of these placeholders.
    pub(crate) fn is_filled(&self, bytes: &Range<usize>, places: &[Placeholder]) -> bool {
        self.sources.iter().any(|(span, source)| {
            let touches = span.start < bytes.end && bytes.start < span.end;
            touches && matches!(source, Source::Filled(place) if places.contains(place))
        })
    }

    /// Whether the bytes are the operator's own words.
    pub(crate) fn is_own(&self, bytes: &Range<usize>) -> bool {
        !self.is_filled(bytes, Placeholder::ALL)
    }

    /// The text between a word and the next.
    pub(crate) fn after(&self, index: usize) -> &'a str {
        let end = |word: Option<&Word>| word.map(|word| word.bytes.clone());
        match (end(self.words.get(index)), end(self.words.get(index + 1))) {
            (Some(one), Some(next)) => self.all.get(one.end..next.start).unwrap_or_default(),
            (Some(last), None) => self.all.get(last.end..).unwrap_or_default(),
            (None, _) => "",
        }
    }

    /// Whether a clause ends after a word.
    pub(crate) fn ends_clause(&self, index: usize) -> bool {
        self.after(index).contains([',', ';', ':', '(', ')']) || self.ends_sentence(index)
    }

    /// Whether a sentence ends after a word: by a mark before white space, or by an empty line.
    pub(crate) fn ends_sentence(&self, index: usize) -> bool {
        let after = self.after(index);
        let mark = after.find(['.', '!', '?']).and_then(|at| after.get(at..));
        let marked = mark.is_some_and(|rest| {
            rest.contains(char::is_whitespace) || index + 1 == self.words.len()
        });
        marked || after.matches('\n').count() > 1
    }

    /// The words of the sentence that a word is in.
    pub(crate) fn sentence(&self, index: usize) -> Range<usize> {
        let start = (0..index).rev().find(|&before| self.ends_sentence(before));
        let end = (index..self.words.len()).find(|&word| self.ends_sentence(word));
        start.map_or(0, |before| before + 1)..end.map_or(self.words.len(), |last| last + 1)
    }

    /// Whether words occur from an index on, in one sentence; gives back the index after them.
    pub(crate) fn phrase(&self, index: usize, phrase: &str) -> Option<usize> {
        let mut next = index;
        for word in phrase.split(' ') {
            let fits = self.words.get(next).is_some_and(|found| found.is(word));
            if !fits || (next > index && self.ends_sentence(next - 1)) {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    /// Whether a negation stands at most so many words before a word, in its clause. One of a deed
    /// is none: "not sharing has consequences".
    pub(crate) fn is_denied(&self, index: usize, reach: usize) -> bool {
        let before = (index.saturating_sub(reach)..index).rev();
        before.take_while(|&at| !self.ends_clause(at)).any(|at| {
            let is_deed = at + 1 < index
                && self.words.get(at + 1).is_some_and(|word| word.plain.ends_with("ing"));
            let is_negation =
                |word: &Word| word.is_one_of(NEGATIONS) || word.plain.ends_with("n't");
            !is_deed && self.words.get(at).is_some_and(is_negation)
        })
    }

    /// The bytes of some words.
    pub(crate) fn bytes(&self, words: Range<usize>) -> Range<usize> {
        let first = self.words.get(words.start).map_or(0, |word| word.bytes.start);
        let last = words.end.checked_sub(1).and_then(|last| self.words.get(last));
        first..last.map_or(first, |word| word.bytes.end)
    }

    /// A finding about some words.
    pub(crate) fn found(&self, rule: NoticeRule, words: Range<usize>) -> Finding {
        Finding::at(rule, self.all, self.bytes(words))
    }

    /// A finding about some bytes.
    pub(crate) fn found_bytes(&self, rule: NoticeRule, bytes: Range<usize>) -> Finding {
        Finding::at(rule, self.all, bytes)
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &'a str {
        self.all
    }
}
