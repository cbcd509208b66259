//! Notices: templates, review, and letters in local time.

use canvass::notice::*;
use canvass::*;

use crate::support::*;

/// A template with all required statements, and a place for more.
pub const BASE: &str = "{agency} asks for footage of {window} for case {case}, a {incident}.\n\
    To share is voluntary, and this is not a warrant.\n\
    Questions: {contact}. {stop}";

pub const STOP: &str = "To stop being asked, reply STOP or call 1-800-555-0199.";

pub fn request() -> AuthorizedRequest {
    authorize(square(9.9, 49.9, 10.1, 50.1))
}

#[track_caller]
pub fn draft(template: &str) -> NoticeDraft {
    let template: NoticeTemplate = template.parse().unwrap();
    template.draft(&request(), &agency(), STOP).unwrap()
}

#[test]
fn malformed_templates_are_refused_with_a_place() {
    for (text, words) in [
        (
            "Dear\n{owner}",
            "line 2 has the placeholder `{owner}`, which is none of {agency}, {case}, {incident}, \
             {cameras}, {window}, {contact}, {stop}",
        ),
        (
            "{ agency}",
            "line 1 has the placeholder `{ agency}`, which is none of {agency}, {case}, \
             {incident}, {cameras}, {window}, {contact}, {stop}",
        ),
        ("\n\n{agency", "line 3 opens a brace that is not closed; write `{{` for a brace itself"),
        ("}", "line 1 closes a brace that was not opened; write `}}` for a brace itself"),
    ] {
        assert_eq!(text.parse::<NoticeTemplate>().unwrap_err().to_string(), words);
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<NoticeTemplate>(&json).is_err());
    }
    let braces: NoticeTemplate = "{{agency}} {agency}".parse().unwrap();
    assert_eq!(braces.to_string(), "{{agency}} {agency}");
    let text = braces.draft(&request(), &agency(), STOP).unwrap().text();
    assert_eq!(text, "{agency} Springfield Police");
}

#[test]
fn lines_of_templates_and_drafts_end_as_editors_end_them() {
    for end in ["\n", "\r\n", "\r"] {
        let error = ["a", "b", "{c}"].join(end).parse::<NoticeTemplate>().unwrap_err();
        assert!(error.to_string().starts_with("line 3 has"), "{end:?}: {error}");
        let draft = draft(&BASE.replace('\n', end).replace("{stop}", "{stop} URGENT"));
        let lines: Vec<Option<usize>> =
            draft.lint().unwrap_err().iter().map(Finding::line).collect();
        assert_eq!(lines, [Some(3)], "{end:?}");
    }
}

#[test]
fn a_draft_becomes_a_notice_by_review() {
    let draft = draft(BASE);
    let notice = draft.review(" J. Hill ", noon()).unwrap();
    assert_eq!((notice.reviewer(), notice.reviewed_at()), ("J. Hill", noon()));
    assert_eq!(notice.authorized(), &request());
    assert_eq!(
        notice.text_in(&Zone::UTC),
        "Springfield Police asks for footage of Saturday, 9 May 2026, 18:00 to 20:00 (UTC) \
         for case 26-0117, a burglary.\n\
         To share is voluntary, and this is not a warrant.\n\
         Questions: Det. Smith. To stop being asked, reply STOP or call 1-800-555-0199."
    );
    let error = draft.review(" ", noon()).unwrap_err();
    assert_eq!(error.to_string(), "a reviewer is missing; name the person who read the notice");
    let other = agency().with_id(AgencyId(2));
    let template: NoticeTemplate = BASE.parse().unwrap();
    assert_eq!(
        template.draft(&request(), &other, STOP).unwrap_err().to_string(),
        "the request is agency `1`'s, but the notice would name agency `2`"
    );
}

#[test]
fn a_window_is_written_in_local_time() {
    let zone = |name: &str| name.parse::<Zone>().unwrap();
    let said = |start: &str, end: &str, zone: &Zone| {
        let window = TimeWindow::new(at(start), at(end)).unwrap();
        let area = square(9.9, 49.9, 10.1, 50.1);
        let authorized = authorize_request(&asking(area).with_window(window));
        let template: NoticeTemplate =
            "{agency} {case} {stop} It is voluntary and not a warrant|{window}".parse().unwrap();
        let draft = template.draft(&authorized, &agency(), STOP).unwrap();
        let text = draft.review("J. Hill", noon()).unwrap().text_in(zone);
        text.split_once('|').unwrap().1.to_owned()
    };
    let (start, end) = ("2026-05-09T18:00:00Z", "2026-05-09T20:00:00Z");
    for (zone, words) in [
        (zone("America/New_York"), "Saturday, 9 May 2026, 14:00 to 16:00 (EDT, UTC-04:00)"),
        (
            zone("Asia/Kolkata"),
            "Saturday, 9 May 2026, 23:30 to Sunday, 10 May 2026, 01:30 (IST, UTC+05:30)",
        ),
        (zone("Pacific/Kiritimati"), "Sunday, 10 May 2026, 08:00 to 10:00 (UTC+14:00)"),
        (zone("-04:00"), "Saturday, 9 May 2026, 14:00 to 16:00 (UTC-04:00)"),
        (Zone::UTC, "Saturday, 9 May 2026, 18:00 to 20:00 (UTC)"),
        (zone("Europe/London"), "Saturday, 9 May 2026, 19:00 to 21:00 (BST, UTC+01:00)"),
    ] {
        assert_eq!(said(start, end, &zone), words);
    }
    // The clocks change within the window: two o'clock occurs twice.
    assert_eq!(
        said("2026-11-01T05:30:00Z", "2026-11-01T06:30:05Z", &zone("America/New_York")),
        "Sunday, 1 November 2026, 01:30 (EDT, UTC-04:00) to 01:30:05 (EST, UTC-05:00)"
    );
    // A window across midnight of New Year.
    assert_eq!(
        said("2025-12-31T22:59:00Z", "2025-12-31T23:00:00Z", &zone("Europe/Berlin")),
        "Wednesday, 31 December 2025, 23:59 to Thursday, 1 January 2026, 00:00 (CET, UTC+01:00)"
    );
}

#[test]
fn each_owner_gets_a_letter_in_their_own_time() {
    let authorized = request();
    let route = snapshot(&street(3)).route(authorized.assume_open(), noon());
    let notice = draft(BASE).review("J. Hill", noon()).unwrap();
    let zones = |owner: OwnerId| {
        let name = ["America/New_York", "Europe/Berlin", "Asia/Tokyo"].get(owner.0 as usize)?;
        name.parse().ok()
    };
    let mailing = route.clone().with_notice(&notice, zones).unwrap();
    assert_eq!((mailing.route(), mailing.notice()), (&route, &notice));
    let letters: Vec<Letter<'_>> = mailing.letters().collect();
    assert_eq!(letters.len(), 3);
    for (letter, (owner, clock)) in letters.iter().zip([(0, "14:00"), (1, "20:00"), (2, "03:00")]) {
        assert_eq!(letter.recipient.owner, OwnerId(owner));
        assert_eq!(letter.recipient.cameras, [CameraId(owner)]);
        assert!(letter.text.contains(clock), "{}", letter.text);
    }
    let known = |owner| (owner != OwnerId(1)).then_some(Zone::UTC);
    assert_eq!(
        route.clone().with_notice(&notice, known).unwrap_err().to_string(),
        "the time zone of owner `1` is not known, so the window cannot be given in it"
    );
    let other =
        snapshot(&street(3)).route(authorize(square(9.9, 49.9, 10.2, 50.1)).assume_open(), noon());
    assert_eq!(
        other.with_notice(&notice, zones).unwrap_err().to_string(),
        "the notice was reviewed for another request than the one that was routed"
    );
}
