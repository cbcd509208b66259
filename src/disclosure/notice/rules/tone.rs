//! How a notice must not speak: pressure, threats, hurry.

use super::finding::Finding;
use super::rule::NoticeRule;
use super::words::Text;

/// Words that are found unless they are denied; a star stands for any ending.
const PRESSURE: &[&str] = &[
    "you must",
    "must respond",
    "must reply",
    "must share",
    "must send",
    "must provide",
    "must upload",
    "you have to",
    "you need to",
    "required to",
    "required by law",
    "obligated",
    "obliged",
    "mandatory",
    "compulsory",
    "we demand",
    "we insist",
    "we expect",
    "expected to",
    "your duty",
    "civic duty",
    "good citizen*",
    "do your part",
    "nothing to hide",
    "everyone else",
    "everybody else",
    "your neighbors have",
    "your neighbours have",
    "only you can",
    "comply",
    "compliance",
];

const THREAT: &[&str] = &[
    "penalty",
    "penalties",
    "punish*",
    "subpoena*",
    "obstruct*",
    "consequences",
    "failure to",
    "fail to",
    "legal action",
    "held responsible",
    "contempt",
    "we know where",
    "we know you",
    "get a warrant",
    "obtain a warrant",
    "return with a warrant",
    "back with a warrant",
];

/// Found only where the sentence speaks to the owner: others are arrested as well.
const THREAT_TO_YOU: &[&str] = &[
    "arrest*",
    "prosecut*",
    "charged",
    "charges",
    "jail*",
    "prison",
    "fined",
    "a fine",
    "convict*",
    "liable",
];

const URGENCY: &[&str] = &[
    "urgent*",
    "immediate*",
    "asap",
    "as soon as possible",
    "right away",
    "right now",
    "at once",
    "hurry",
    "act now",
    "act fast",
    "respond now",
    "reply now",
    "without delay",
    "deadline",
    "running out",
    "minute counts",
    "second counts",
    "last chance",
    "final notice",
    "final reminder",
    "too late",
    "time sensitive",
    "promptly",
    "quickly",
];

/// Found although a negation stands before: it belongs to them.
const PRESSURE_DENIED: &[&str] =
    &["no choice", "not optional", "isn't optional", "not voluntary", "isn't voluntary"];

/// The same for hurry.
const URGENCY_DENIED: &[&str] =
    &["do not delay", "don't delay", "do not wait", "don't wait", "no time to"];

/// How many words on a negation reaches: "there is not any real penalty".
const REACH: usize = 3;

pub(crate) fn findings(text: &Text<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in 0..text.words().len() {
        let mut look = |rule, phrases: &[&str], counts: &dyn Fn() -> bool| {
            let longest = phrases.iter().filter_map(|phrase| text.phrase(index, phrase)).max();
            if let Some(end) = longest.filter(|_| counts()) {
                findings.push(text.found(rule, index..end));
            }
        };
        let stands = || !text.is_denied(index, REACH);
        look(NoticeRule::Pressure, PRESSURE, &stands);
        look(NoticeRule::Pressure, PRESSURE_DENIED, &|| true);
        look(NoticeRule::Threat, THREAT, &stands);
        look(NoticeRule::Threat, THREAT_TO_YOU, &|| stands() && is_to_you(text, index));
        look(NoticeRule::Urgency, URGENCY, &stands);
        look(NoticeRule::Urgency, URGENCY_DENIED, &|| true);
    }
    findings.extend(shouts(text));
    findings
}

fn is_to_you(text: &Text<'_>, index: usize) -> bool {
    let words = text.words().get(text.sentence(index)).unwrap_or_default();
    words.iter().any(|word| word.is_one_of(&["you", "your", "you'll", "you're", "you've"]))
}

/// Two exclamation marks or more in a row.
fn shouts(text: &Text<'_>) -> Vec<Finding> {
    let (mut findings, mut from) = (Vec::new(), 0);
    while let Some(start) = text.text().get(from..).and_then(|rest| rest.find("!!")) {
        let start = from + start;
        let marks = text
            .text()
            .get(start..)
            .map_or(2, |rest| rest.bytes().take_while(|&byte| byte == b'!').count());
        findings.push(text.found_bytes(NoticeRule::Urgency, start..start + marks));
        from = start + marks;
    }
    findings
}
