//! Descriptions of somebody by race alone.

use super::finding::Finding;
use super::rule::NoticeRule;
use super::words::{Text, Word};

/// Words for races and origins.
pub(crate) const RACES: &[&str] = &[
    "black",
    "white",
    "hispanic",
    "latino",
    "latina",
    "latinx",
    "asian",
    "arab",
    "arabic",
    "african",
    "caucasian",
    "indian",
    "mexican",
    "chinese",
    "eastern",
    "indigenous",
    "brown",
    "skinned",
    "jewish",
    "muslim",
    "gypsy",
    "roma",
];

const PEOPLE: &[&str] = &[
    "man",
    "men",
    "woman",
    "women",
    "male",
    "males",
    "female",
    "females",
    "person",
    "persons",
    "people",
    "suspect",
    "suspects",
    "teen",
    "teens",
    "teenager",
    "teenagers",
    "boy",
    "boys",
    "girl",
    "girls",
    "youth",
    "youths",
    "individual",
    "individuals",
    "adult",
    "adults",
    "juvenile",
    "juveniles",
    "guy",
    "lady",
    "offender",
    "perpetrator",
    "kid",
    "kids",
    "couple",
    "subject",
    "burglar",
    "thief",
    "robber",
];

/// Words between a person and their description.
const SAID_TO_BE: &[&str] = &[
    "is",
    "was",
    "are",
    "were",
    "described",
    "as",
    "appears",
    "appeared",
    "to",
    "be",
    "looks",
    "looked",
    "believed",
    "a",
    "an",
    "being",
    "likely",
    "probably",
];

/// Words that distinguish a person. Age and sex alone do not.
const DESCRIPTIONS: &[&str] = &[
    "wearing",
    "wore",
    "dressed",
    "clothing",
    "jacket*",
    "coat*",
    "hoodie*",
    "hooded",
    "sweatshirt*",
    "sweater*",
    "shirt*",
    "vest",
    "pants",
    "jeans",
    "trousers",
    "shorts",
    "dress",
    "skirt",
    "hat",
    "cap",
    "beanie",
    "mask*",
    "helmet",
    "glove*",
    "shoe*",
    "sneaker*",
    "boot*",
    "backpack*",
    "bag*",
    "glasses",
    "tattoo*",
    "scar*",
    "beard*",
    "mustache",
    "moustache",
    "hair*",
    "bald",
    "ponytail",
    "braids",
    "dreadlocks",
    "tall",
    "feet",
    "foot",
    "ft",
    "inches",
    "cm",
    "pounds",
    "lbs",
    "kg",
    "heavyset",
    "slim",
    "thin",
    "build",
    "stocky",
    "limp*",
    "bicycle",
    "bike",
    "scooter",
    "carrying",
    "car",
    "van",
    "truck",
    "sedan",
    "suv",
    "motorcycle",
    "umbrella",
    "uniform",
];

pub(crate) fn findings(text: &Text<'_>) -> Vec<Finding> {
    (0..text.words().len())
        .filter_map(|index| described(text, index))
        .filter(|words| !is_told_apart(text, words.start))
        .map(|words| text.found(NoticeRule::RaceAlone, words))
        .collect()
}

/// The words that describe a person by race, if a race or a person is at an index.
fn described(text: &Text<'_>, index: usize) -> Option<std::ops::Range<usize>> {
    let words = text.words();
    let is = |at: usize, list: &[&str]| words.get(at).is_some_and(|word| word.is_one_of(list));
    if is(index, RACES) {
        // "a Black man", "a white or Hispanic male".
        return (index + 1..index + 4)
            .take_while(|&at| !text.ends_sentence(at - 1) && !is(at, DESCRIPTIONS))
            .find(|&at| is(at, PEOPLE))
            .map(|at| index..at + 1);
    }
    if is(index, PEOPLE) {
        // "the suspect is described as Hispanic"; not "the man was black-haired".
        let at = (index + 1..words.len())
            .take_while(|&at| !text.ends_sentence(at - 1))
            .find(|&at| !is(at, SAID_TO_BE))?;
        let linked = at > index + 1 || text.after(index).contains([':', ',']);
        return (linked && is(at, RACES) && !is(at + 1, DESCRIPTIONS) && !is(at + 1, PEOPLE))
            .then_some(index..at + 1);
    }
    // "Race: white".
    (words.get(index).is_some_and(|word: &Word| word.is("race"))
        && (is(index + 1, RACES) || (is(index + 1, SAID_TO_BE) && is(index + 2, RACES))))
    .then_some(index..index + if is(index + 1, RACES) { 2 } else { 3 })
}

/// Whether the sentence, or the next, has anything else that distinguishes the person.
fn is_told_apart(text: &Text<'_>, index: usize) -> bool {
    let this = text.sentence(index);
    let next = text.sentence(this.end);
    let end = if next.start == this.end { next.end } else { this.end };
    let words = text.words().get(this.start..end).unwrap_or_default();
    words.iter().any(|word| word.is_one_of(DESCRIPTIONS))
}
