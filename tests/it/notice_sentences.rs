//! The sentences that each rule of notices finds, and similar ones that it must not find.

use std::collections::BTreeSet;

use canvass::notice::lint_public;
use canvass::notice::*;

use crate::notice::BASE;
use crate::notice_rules::codes;

/// For each rule: sentences that it finds, and similar ones that no rule may find.
const SENTENCES: &[(&str, &[&str], &[&str])] = &[
    (
        "pressure",
        &[
            "You must reply.",
            "YOU  MUST reply.",
            "y\u{ad}ou m\u{200b}ust reply.",
            "Residents are required to help.",
            "This is mandatory.",
            "You have no choice.",
            "Sharing is not voluntary.",
            "Be a good citizen.",
            "If you have nothing to hide, share.",
            "Your neighbours have already shared.",
            "We expect your footage.",
            "We ask you to comply.",
            "This isn\u{2019}t optional.",
        ],
        &[
            "You are not required to reply.",
            "You are in no way obliged to share.",
            "You don\u{2019}t have to reply.",
            "You do not have to reply.",
            "This is not mandatory.",
            "The mustard factory on Main Street is open.",
            "You mustard lovers.",
            "Everyone is welcome to call.",
        ],
    ),
    (
        "threat",
        &[
            "You could be arrested.",
            "You will be prosecuted.",
            "There is a penalty for this.",
            "Not sharing has consequences.",
            "We will return with a warrant.",
            "Failure to reply is noted.",
            "We may subpoena the footage.",
            "You will be fined.",
            "Your silence may obstruct justice.",
            "We know where the cameras are.",
            "It is not that there are consequences.",
        ],
        &[
            "A man was arrested near the park.",
            "The suspect was charged on Monday.",
            "There is no penalty if nothing is shared.",
            "There is not any real penalty.",
            "Nothing follows: there are no consequences.",
            "You will not be arrested.",
            "You won\u{2019}t be charged.",
            "You are not liable for anything.",
            "It was a fine day.",
            "The penalize button does nothing.",
        ],
    ),
    (
        "urgency",
        &[
            "This is urgent.",
            "URGENTLY needed.",
            "Please reply immediately.",
            "Reply as soon as possible.",
            "Reply ASAP.",
            "Time is running out.",
            "Do not delay.",
            "Don\u{2019}t wait.",
            "This is your last chance.",
            "Please help!!",
        ],
        &[
            "This is not urgent.",
            "There is no deadline.",
            "Take the time you need!",
            "The request is open until 20 May 2026.",
            "An insurgent writer lives here.",
            "We read each reply. Now it is May.",
        ],
    ),
    (
        "victim_name",
        &[
            "The victim, Jane Doe, was hurt.",
            "The victim Jane was hurt.",
            "A victim named Zo\u{eb} was hurt.",
            "The victim's name is \u{c9}milie Dub\u{e9}.",
            "Jane Doe, the victim, was hurt.",
            "Jane Doe (victim) was hurt.",
            "The victim is Mr. Doe.",
            "The witness Jane Doe called us.",
        ],
        &[
            "The victim was hurt.",
            "The victim. We ask about a car.",
            "The victim on Friday saw a car.",
            "Victim Services helps.",
            "We found the victim. Officers came.",
            "We found the victim\n\nOfficers came.",
            "We thank Officer Doe. The victim was hurt.",
            "A dog ran, the victim was hurt.",
            "In Ashford, Kent, the victim was hurt.",
            "The victim is Black, tall, and wore a coat.",
            "Officer Jane Doe leads the case.",
        ],
    ),
    (
        "phone_number",
        &[
            "Call 555-123-4567.",
            "Call (555) 123-4567.",
            "Call 555.123.4567.",
            "Call 1 555 123 4567.",
            "Call 5551234567.",
            "Call 555-0134.",
            "Call +49 30 1234567.",
            "Call 555\u{2011}123\u{2011}4567.",
            "Call 555 - 123 - 4567.",
            "Call +45 12 34 56.",
            "Call +123 456 789 012 345.",
        ],
        &[
            "It was 2026-05-09 18:00.",
            "It was on 09.05.2026.",
            "Case 2026-555-0134.",
            "Bus 100 2000 times.",
            "Route 5551234.",
            "Between 5 555 and 6 000 people.",
        ],
    ),
    (
        "birth_date",
        &[
            "DOB: 1/2/1990.",
            "D.O.B. 1/2/1990.",
            "Date of birth 1 February.",
            "She was born on 1 February.",
            "He was born in 1990.",
            "It was her birthday.",
        ],
        &["A calf was born in the park.", "The stubborn dog ran.", "Since 1/2/2026 it is open."],
    ),
    (
        "id_number",
        &[
            "The driver's license number is D1234567.",
            "Licence no. X123.",
            "Passport: C01X00T47.",
            "SSN 123-45-6789.",
            "The number is 123-45-6789.",
            "Her ID card number was 77.",
        ],
        &[
            "A purse with a passport was taken.",
            "The car's plate begins with D12.",
            "Social security is another office.",
            "We lost the license. 12 people looked.",
        ],
    ),
    (
        "home_address",
        &[
            "It happened at 12 Elm Street.",
            "It happened at 12b Old Mill Rd.",
            "It happened at 350 5th Avenue.",
            "It happened at 12345b Elm Street.",
            "It happened at 12 Old Mill Creek Road.",
            "The family lives at the corner.",
        ],
        &[
            "It happened in the 400 block of Elm Street.",
            "It happened on Elm Street at 12.",
            "We saw 12 cars on Elm Street.",
            "We saw 12 St Bernard dogs.",
            "On 9 May the street was closed.",
        ],
    ),
    (
        "race_alone",
        &[
            "We look for a Black man.",
            "We look for a white or Hispanic male, about 30.",
            "The suspect is described as Asian.",
            "The suspects were Latino.",
            "Race: white.",
            "We look for a young African American woman. She ran.",
            "We look for an Asian, rather young man.",
        ],
        &[
            "We look for a Black man in a red jacket.",
            "We look for a white male. He wore a cap.",
            "The suspect was white, tall, with a beard.",
            "We look for a man with a black jacket.",
            "We look for a white van.",
            "The man was black-haired.",
            "The dog was black. A man ran.",
            "We look for a man.",
        ],
    ),
];

#[test]
fn each_rule_finds_its_phrases_and_no_similar_ones() {
    assert_eq!(codes(BASE), [""; 0]);
    let mut rules = BTreeSet::new();
    for &(rule, found, left) in SENTENCES {
        for sentence in found {
            // The sentence stands before, within and after the rest of the notice.
            for text in [format!("{sentence}\n{BASE}"), format!("{BASE} {sentence}")] {
                assert_eq!(codes(&text), [rule], "{sentence}");
            }
            assert!(lint_public(sentence).is_err(), "{sentence}");
        }
        for sentence in left {
            for text in [format!("{sentence}\n{BASE}"), format!("{BASE} {sentence}")] {
                assert_eq!(codes(&text), [""; 0], "{sentence}");
            }
            assert_eq!(lint_public(sentence), Ok(()), "{sentence}");
        }
        rules.insert(rule);
    }
    // Rules for missing statements have their own test.
    let all: BTreeSet<_> = NoticeRule::ALL.iter().map(|rule| rule.code()).collect();
    let missing = all.difference(&rules).filter(|code| code.ends_with("_missing")).count();
    assert_eq!((rules.len(), missing), (9, all.len() - 9));
}
