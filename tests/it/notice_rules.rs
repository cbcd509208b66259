//! Whole notices against the rules: missing statements, findings, and their places.

use std::collections::BTreeSet;

use canvass::notice::*;
use canvass::*;
use proptest::prelude::*;

use crate::notice::{BASE, STOP, draft, request};
use crate::support::*;

/// A draft for a request that includes cameras which see into the area.
#[track_caller]
fn seeing_into(template: &str) -> NoticeDraft {
    let template: NoticeTemplate = template.parse().unwrap();
    let authorized = authorize_seeing_into(square(9.9, 49.9, 10.1, 50.1));
    template.draft(&authorized, &agency(), STOP).unwrap()
}

/// The codes of the findings in a text.
#[track_caller]
pub fn codes(template: &str) -> Vec<&'static str> {
    match draft(template).lint() {
        Ok(()) => Vec::new(),
        Err(findings) => {
            let codes: BTreeSet<_> = findings.iter().map(Finding::rule).collect();
            codes.into_iter().map(NoticeRule::code).collect()
        }
    }
}

#[test]
fn a_notice_has_every_required_sentence() {
    for (without, code) in [
        ("{agency}", "agency_missing"),
        ("{case}", "case_missing"),
        ("{window}", "window_missing"),
        ("is voluntary", "voluntary_missing"),
        ("not a warrant", "not_a_warrant_missing"),
        ("{stop}", "stop_missing"),
    ] {
        assert!(BASE.contains(without), "{without}");
        assert_eq!(codes(&BASE.replace(without, "so")), [code]);
    }
    for (instead, code) in [
        ("this is a warrant", "not_a_warrant_missing"),
        ("this is not only a warrant", "not_a_warrant_missing"),
        ("nobody says that this is not a warrant", "not_a_warrant_missing"),
    ] {
        assert_eq!(codes(&BASE.replace("this is not a warrant", instead)), [code], "{instead}");
    }
    for instead in ["this isn\u{2019}t a warrant", "this is NOT\na warrant", "not a search warrant"]
    {
        assert_eq!(codes(&BASE.replace("this is not a warrant", instead)), [""; 0], "{instead}");
    }
    for instead in ["You don't have to share", "You may say no", "Sharing is up to you"] {
        assert_eq!(codes(&BASE.replace("To share is voluntary", instead)), [""; 0], "{instead}");
    }
    // Without the statement, an owner outside the area could not know why they are asked.
    let findings = seeing_into(BASE).lint().unwrap_err();
    assert_eq!(
        findings.iter().map(Finding::rule).collect::<Vec<_>>(),
        [NoticeRule::CamerasMissing]
    );
    assert_eq!(
        findings.to_string(),
        "say that cameras which can see into the area are asked, with `{cameras}`"
    );
    let said = BASE.replace("footage", "footage of {cameras},");
    assert_eq!(seeing_into(&said).lint(), Ok(()));
    let first = |draft: NoticeDraft| draft.text().split_once(", of ").unwrap().0.to_owned();
    assert_eq!(
        first(seeing_into(&said)),
        "Springfield Police asks for footage of cameras that stand in the area or can see into it"
    );
    assert_eq!(
        first(draft(&said)),
        "Springfield Police asks for footage of cameras that stand in the area"
    );
    // A blank template lacks all statements, and the agency's words do not replace the operator's.
    let unsaid = "{agency} asks about {window}, case {case}. {contact} {stop}";
    let request = Request::new(AgencyId(1), IncidentKind::Theft, square(0., 0., 1., 1.), evening())
        .with_case(" ")
        .with_contact("It is voluntary and not a warrant");
    let authorized = authorize_request(&request);
    let template: NoticeTemplate = unsaid.parse().unwrap();
    let findings = template.draft(&authorized, &agency(), "\n").unwrap().lint().unwrap_err();
    let codes: Vec<_> = findings.iter().map(|finding| finding.rule().code()).collect();
    let missing = ["case_missing", "voluntary_missing", "not_a_warrant_missing", "stop_missing"];
    assert_eq!(codes, missing);
    assert!(findings.iter().all(|one| one.bytes().is_none() && one.line().is_none()));
}

#[test]
fn fields_of_an_agency_are_linted_too() {
    let authorized = |case: &str, contact: &str| {
        let area = square(9.9, 49.9, 10.1, 50.1);
        authorize_request(&asking(area).with_case(case).with_contact(contact))
    };
    let template: NoticeTemplate = BASE.parse().unwrap();
    let found = |case, contact| {
        let draft = template.draft(&authorized(case, contact), &agency(), STOP).unwrap();
        draft.lint().err().map(|findings| findings.to_string())
    };
    // A contact may have a number and an address; a case reference may look like a number.
    assert_eq!(found("2605550134", "Sgt. Hill, 555-123-4567, 12 Elm Street"), None);
    assert_eq!(found("26-0117", "Victim Services, Jane Hill"), None);
    assert_eq!(found("26-0117", "Victim Liaison Jane Hill"), None);
    assert_eq!(found("26-0117", "Jane Hill, victim support"), None);
    assert_eq!(
        found("26-0117", "Sgt. Hill: you must call").unwrap(),
        "line 3, `you must`: do not press: whoever does nothing owes no reason"
    );
    assert_eq!(
        found("victim Jane Doe", "Sgt. Hill").unwrap(),
        "line 1, `victim Jane Doe`: do not name victims or witnesses"
    );
}

#[test]
fn names_that_are_withheld_are_found_in_any_case() {
    let text = format!("{BASE}\nAnna-Lena O\u{2019}Neill saw a car; annalena did not.");
    let names = ["ANNA LENA O'NEILL", "", "Smythe"];
    let findings = draft(&text).withholding(names).lint().unwrap_err();
    let places: Vec<_> = findings.iter().map(|one| (one.rule(), one.line())).collect();
    assert_eq!(places, [(NoticeRule::VictimName, Some(4))]);
    assert_eq!(draft(&text).lint(), Ok(()));
}

/// A full stop after an initial ends no sentence, and a possessive form of a name is the name.
#[test]
fn withheld_names_are_found_with_initials_and_possessives() {
    for (name, words) in [
        ("Mary J. Smith", "Mary J. Smith saw a car."),
        ("J. Smith", "It hit a car of J.\n\nSmith."),
        ("Jane Doe", "It hit Jane Doe's car."),
        ("Jane Doe", "It hit Jane Doe\u{2019}s car."),
        ("James Ames", "It hit James Ames\u{2019} car."),
        ("Doe", "It hit Jane Doe."),
    ] {
        let draft = draft(&format!("{BASE}\n{words}"));
        assert_eq!(draft.lint(), Ok(()), "{words}");
        let findings = draft.withholding([name]).lint().unwrap_err();
        let rules: Vec<_> = findings.iter().map(Finding::rule).collect();
        assert_eq!(rules, [NoticeRule::VictimName], "{words}");
    }
    // Neither a part of the name nor a longer name matches.
    for words in ["Jane saw a Doe.", "It hit Jane Does car.", "It hit Jane, and a Doe."] {
        let draft = draft(&format!("{BASE}\n{words}"));
        assert_eq!(draft.withholding(["Jane Doe"]).lint(), Ok(()), "{words}");
    }
}

#[test]
fn names_that_are_withheld_stay_so_when_more_are() {
    let draft = draft(&format!("{BASE}\nJane Doe saw a car."));
    assert!(draft.withholding(["Jane Doe"]).withholding(["Ann Smith"]).lint().is_err());
}

#[test]
fn all_findings_come_at_once_with_their_places() {
    let draft = draft("URGENT: you must\nreply!!! The victim, \u{c4}nne Doe. {window}");
    let findings = draft.lint().unwrap_err();
    let text = draft.text();
    let found: Vec<_> = findings
        .iter()
        .map(|one| {
            let words = one.bytes().map_or("", |bytes| &text[bytes]);
            (one.rule().code(), one.line().unwrap_or(0), words)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("agency_missing", 0, ""),
            ("case_missing", 0, ""),
            ("voluntary_missing", 0, ""),
            ("not_a_warrant_missing", 0, ""),
            ("stop_missing", 0, ""),
            ("pressure", 1, "you must"),
            ("urgency", 1, "URGENT"),
            ("urgency", 2, "!!!"),
            ("victim_name", 2, "victim, \u{c4}nne Doe"),
        ]
    );
    let error = draft.review("J. Hill", noon()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "say who asks, with `{agency}`; \
         say for which case, with `{case}`, and give the case a reference; \
         say that it is voluntary; say that it is not a warrant; \
         say how to stop being asked, with `{stop}`; \
         line 1, `you must`: do not press: whoever does nothing owes no reason; \
         line 1, `URGENT`: do not hurry: say until when the request is open, and leave it there; \
         line 2, `!!!`: do not hurry: say until when the request is open, and leave it there; \
         line 2, `victim, \u{c4}nne Doe`: do not name victims or witnesses"
    );
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(
        json[5],
        serde_json::json!({
            "code": "pressure",
            "message": "line 1, `you must`: do not press: whoever does nothing owes no reason",
            "line": 1,
            "bytes": [8, 16]
        })
    );
}

#[test]
fn codes_and_explanations_are_distinct() {
    let codes: BTreeSet<_> = NoticeRule::ALL.iter().map(|rule| rule.code()).collect();
    let words: BTreeSet<_> = NoticeRule::ALL.iter().map(|rule| rule.explanation()).collect();
    assert_eq!((codes.len(), words.len()), (16, 16));
    assert!(NoticeRule::ALL.is_sorted());
    assert_eq!(NoticeRule::Threat.to_string(), "threat");
}

proptest! {
    /// For any text: no panic, places lie within the text, and templates read back as written.
    #[test]
    fn any_text_is_linted(text in any_text()) {
        let template: Result<NoticeTemplate, _> = text.parse();
        if let Ok(template) = template {
            prop_assert_eq!(template.to_string().parse::<NoticeTemplate>(), Ok(template.clone()));
            let draft = template.draft(&request(), &agency(), STOP).unwrap();
            let text = draft.text();
            if let Err(findings) = draft.lint() {
                for finding in &findings {
                    if let Some(bytes) = finding.bytes() {
                        prop_assert!(text.get(bytes.clone()).is_some_and(|words| !words.is_empty()));
                        // Each line end of its kind, as editors count.
                        let before = text[..bytes.start].replace("\r\n", "\n");
                        let line = 1 + before.matches(['\r', '\n']).count();
                        prop_assert_eq!(finding.line(), Some(line));
                    }
                }
            }
        }
    }
}

/// Words that rules know, marks, numbers and placeholders in any order.
fn any_text() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "you",
        "must",
        "not",
        "a",
        "warrant",
        "victim",
        "Jane",
        "Doe",
        "the",
        ",",
        ".",
        "\n",
        " ",
        " ",
        " ",
        "-",
        "555",
        "1234",
        "12",
        "Elm",
        "Street",
        "black",
        "man",
        "is",
        "race",
        "ID",
        "no",
        "{agency}",
        "{window}",
        "{stop}",
        "'",
        "\u{2019}",
        "!!",
        "\u{200b}",
        "+",
        "born in",
        "\u{130}",
        "\u{1e9e}",
        "{{",
        "(",
        "voluntary",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(KNOWN).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}
