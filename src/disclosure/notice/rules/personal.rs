//! Personal details of a victim: names, numbers, dates of birth, addresses.

use super::finding::Finding;
use super::rule::NoticeRule;
use super::words::{Text, Word};
use crate::disclosure::notice::template::Placeholder;

const VICTIMS: &[&str] =
    &["victim", "victims", "victim's", "complainant", "complainant's", "witness", "witness's"];

/// Words between a victim and their name.
const BEFORE_NAME: &[&str] = &[
    "named",
    "called",
    "name",
    "is",
    "was",
    "identified",
    "as",
    "known",
    "the",
    "a",
    "an",
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "daughter",
    "son",
    "wife",
    "husband",
    "mother",
    "father",
    "brother",
    "sister",
    "child",
    "resident",
];

/// Capitalised words after a victim that are no name.
const NO_NAME: &[&str] = &[
    "i",
    "services",
    "service",
    "support",
    "assistance",
    "advocate",
    "advocates",
    "unit",
    "fund",
    "protection",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "we",
    "please",
    "if",
];

const STREETS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "lane",
    "ln",
    "drive",
    "dr",
    "boulevard",
    "blvd",
    "court",
    "ct",
    "way",
    "place",
    "pl",
    "terrace",
    "circle",
    "highway",
    "hwy",
    "parkway",
    "close",
];

const DOCUMENTS: &[&str] = &[
    "license",
    "licence",
    "license's",
    "passport",
    "id",
    "identity",
    "identification",
    "ssn",
    "security",
    "insurance",
    "visa",
    "permit",
];

pub(crate) fn findings(text: &Text<'_>, withheld: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in 0..text.words().len() {
        findings.extend(name_after(text, index));
        findings.extend(name_before(text, index));
        findings.extend(birth(text, index));
        findings.extend(document(text, index));
        findings.extend(address(text, index));
    }
    findings.extend(numbers(text));
    findings.extend(withheld.iter().flat_map(|name| occurrences(text, name)));
    findings
}

/// Where a name stands, its point after an initial and an `'s` behind it or not.
fn occurrences(text: &Text<'_>, name: &str) -> Vec<Finding> {
    let name = Text::new(name, &[]);
    let Some((last, first)) = name.words().split_last() else { return Vec::new() };
    let is_last = |word: &Word| {
        word.plain == last.plain || word.plain.strip_suffix("'s") == Some(last.plain.as_str())
    };
    let is_name = |words: &&[Word]| {
        words.split_last().is_some_and(|(end, start)| {
            is_last(end) && start.iter().zip(first).all(|(word, part)| word.plain == part.plain)
        })
    };
    let length = name.words().len();
    let stretches = text.words().windows(length).enumerate();
    stretches
        .filter(|(_, words)| is_name(words))
        .map(|(index, _)| text.found(NoticeRule::VictimName, index..index + length))
        .collect()
}

/// "the victim, Jane Doe", "a victim named Jane".
fn name_after(text: &Text<'_>, index: usize) -> Option<Finding> {
    let word = text.words().get(index).filter(|word| word.is_one_of(VICTIMS))?;
    let at = (index + 1..text.words().len())
        .take_while(|&next| !text.ends_sentence(next - 1) || is_title(text, next - 1))
        .find(|&next| text.words().get(next).is_some_and(|word| !word.is_one_of(BEFORE_NAME)))?;
    let name = text.words().get(at).filter(|word| is_name(word))?;
    let last = (at..text.words().len())
        .take_while(|&next| {
            text.words().get(next).is_some_and(is_name)
                && (next == at || text.after(next - 1).trim().is_empty())
        })
        .last()?;
    let contacts = [Placeholder::Contact, Placeholder::Agency, Placeholder::Stop];
    let bytes = word.bytes.start..name.bytes.end;
    (!text.is_filled(&bytes, &contacts))
        .then(|| text.found(NoticeRule::VictimName, index..last + 1))
}

/// "Jane Doe, the victim".
fn name_before(text: &Text<'_>, index: usize) -> Option<Finding> {
    text.words().get(index).filter(|word| word.is_one_of(VICTIMS))?;
    let article = index.checked_sub(1)?;
    let is_article = text.words().get(article)?.is_one_of(&["the", "a", "our"]);
    let last = if is_article { article.checked_sub(1)? } else { article };
    let first = last.checked_sub(1)?;
    let beside = matches!(text.after(last).trim(), "," | "(" | "-" | "\u{2013}");
    let both = [first, last].iter().all(|&at| text.words().get(at).is_some_and(is_name));
    let together = text.after(first).trim().is_empty();
    let contacts = [Placeholder::Contact, Placeholder::Agency, Placeholder::Stop];
    let is_free = !text.is_filled(&text.bytes(first..index + 1), &contacts);
    (beside && both && together && is_free)
        .then(|| text.found(NoticeRule::VictimName, first..index + 1))
}

fn is_name(word: &Word) -> bool {
    let is_described = super::race::RACES.iter().any(|race| word.is(race));
    word.capital && !word.is_one_of(NO_NAME) && !is_described
}

fn is_title(text: &Text<'_>, index: usize) -> bool {
    text.words().get(index).is_some_and(|word| word.is_one_of(&["mr", "mrs", "ms", "dr"]))
}

fn birth(text: &Text<'_>, index: usize) -> Option<Finding> {
    let phrases =
        ["dob", "d o b", "date of birth", "birth date", "birthdate", "birthday", "born on"];
    let born_in = text
        .phrase(index, "born in")
        .filter(|&year| text.words().get(year).is_some_and(Word::is_digits))
        .map(|year| year + 1);
    let end = phrases.iter().find_map(|phrase| text.phrase(index, phrase)).or(born_in)?;
    Some(text.found(NoticeRule::BirthDate, index..end))
}

/// "driver's license number D123", "SSN 123".
fn document(text: &Text<'_>, index: usize) -> Option<Finding> {
    text.words().get(index).filter(|word| word.is_one_of(DOCUMENTS))?;
    let between = ["number", "no", "nr", "num", "card", "is", "was", "plate"];
    let at = (index + 1..text.words().len())
        .take(4)
        .find(|&at| text.words().get(at).is_some_and(|word| !word.is_one_of(&between)))?;
    let is_number = text.words().get(at).is_some_and(Word::has_digit);
    let apart = text.ends_sentence(at - 1)
        && !text.words().get(at - 1).is_some_and(|word| word.is_one_of(&["no", "nr", "num"]));
    (is_number && !apart && !is_number_exempt(text, index..at + 1))
        .then(|| text.found(NoticeRule::IdNumber, index..at + 1))
}

fn is_number_exempt(text: &Text<'_>, words: std::ops::Range<usize>) -> bool {
    let places = [Placeholder::Contact, Placeholder::Stop, Placeholder::Window, Placeholder::Case];
    text.is_filled(&text.bytes(words), &places)
}

/// "12 Elm Street", "lives at".
fn address(text: &Text<'_>, index: usize) -> Option<Finding> {
    let lives = ["lives at", "lived at", "living at", "resides at", "residing at", "home address"];
    let end = lives.iter().find_map(|phrase| text.phrase(index, phrase)).or_else(|| {
        let house = text.words().get(index)?;
        let is_house = house.length() <= 6 && house.plain.starts_with(char::is_numeric);
        if !is_house {
            return None;
        }
        let street = (index + 1..index + 5)
            .take_while(|&at| text.after(at - 1).trim_matches(['.', ' ', '\n']).is_empty())
            .take_while(|&at| {
                let is_named =
                    |word: &Word| word.capital || word.has_digit() || word.is_one_of(STREETS);
                text.words().get(at).is_some_and(is_named)
            })
            .find(|&at| {
                at > index + 1 && text.words().get(at).is_some_and(|word| word.is_one_of(STREETS))
            })?;
        Some(street + 1)
    })?;
    let places =
        [Placeholder::Contact, Placeholder::Stop, Placeholder::Agency, Placeholder::Window];
    (!text.is_filled(&text.bytes(index..end), &places))
        .then(|| text.found(NoticeRule::HomeAddress, index..end))
}

/// Telephone numbers, and numbers of social security, by how their digits are grouped.
fn numbers(text: &Text<'_>) -> Vec<Finding> {
    let (mut findings, mut index) = (Vec::new(), 0);
    while index < text.words().len() {
        let start = index;
        let is_number = |at: usize| text.words().get(at).is_some_and(Word::is_digits);
        while is_number(index) && (index == start || is_joined(text, index - 1)) {
            index += 1;
        }
        if index == start {
            index += 1;
            continue;
        }
        let groups = text.words().get(start..index).unwrap_or_default();
        let lengths: Vec<usize> = groups.iter().map(Word::length).collect();
        let total: usize = lengths.iter().sum();
        let before = text.bytes(start..index).start;
        let is_abroad = text.text().get(..before).is_some_and(|text| text.ends_with(['+', '＋']));
        let marked = |mark| (start..index - 1).all(|at| text.after(at).contains(mark));
        let rule = match lengths.as_slice() {
            [3, 2, 4] => Some(NoticeRule::IdNumber),
            [3, 3, 4] | [1..=3, 3, 3, 4] | [10 | 11] => Some(NoticeRule::PhoneNumber),
            [3, 4] if marked('-') || marked('.') => Some(NoticeRule::PhoneNumber),
            _ if is_abroad && (8..=15).contains(&total) => Some(NoticeRule::PhoneNumber),
            _ => None,
        };
        if let Some(rule) = rule.filter(|_| !is_number_exempt(text, start..index)) {
            findings.push(text.found(rule, start..index));
        }
    }
    findings
}

/// Whether a group of digits goes on with the next.
fn is_joined(text: &Text<'_>, index: usize) -> bool {
    let after = text.after(index);
    after.chars().count() <= 3
        && after
            .chars()
            .all(|c| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2013}'))
}
