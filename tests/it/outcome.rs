//! Outcomes: what an agency is told of what owners answered, when, and what is refused.

use canvass::outcome::{Answer, Outcome, OutcomeError, Outcomes, ReleaseMode};
use canvass::{
    AgencyId, Area, AuthorizedRequest, CameraScope, CaseFile, IncidentKind, OwnerId, Policy,
    Request, RequestId,
};
use jiff::{SignedDuration, Timestamp};

use crate::support::*;

/// A case file, its outcomes, and a clock that goes on.
#[derive(Clone, Debug)]
pub struct Desk {
    pub file: CaseFile,
    pub outcomes: Outcomes,
    pub policy: Policy,
    pub now: Timestamp,
}

impl Desk {
    pub fn new() -> Self {
        let policy = Policy { min_households: 11, ..Policy::unlimited() };
        let (file, outcomes) = (CaseFile::new(AgencyId(1)), Outcomes::new(AgencyId(1)));
        Self {
            file,
            outcomes,
            policy: Policy { open_days: 10, max_open_days: 28, ..policy },
            now: noon(),
        }
    }

    #[track_caller]
    pub fn review(&self, area: &Area) -> AuthorizedRequest {
        let request = Request::new(AgencyId(1), IncidentKind::Burglary, area.clone(), evening())
            .with_case(format!("26-{}", self.file.iter().count()));
        self.policy.review(&request, &agency(), &self.file, self.now).unwrap()
    }

    #[track_caller]
    pub fn open(&mut self, id: u64, area: &Area, release: ReleaseMode) -> AuthorizedRequest {
        self.now += SignedDuration::from_secs(1);
        let authorized = self.review(area);
        self.file.open(RequestId(id), &authorized, self.now).unwrap();
        self.outcomes.open(RequestId(id), &authorized, release).unwrap();
        authorized
    }

    /// Opens a request, of whose owners some share, some decline and some are silent.
    #[track_caller]
    pub fn answered(&mut self, id: u64, area: &Area, [shared, declined, silent]: [u64; 3]) {
        self.open(id, area, ReleaseMode::Alone);
        self.answer(id, 1_000 * id, [shared, declined, silent]);
    }

    #[track_caller]
    pub fn answer(&mut self, id: u64, from: u64, [shared, declined, silent]: [u64; 3]) {
        let all = shared + declined + silent;
        self.outcomes.ask(RequestId(id), (from..from + all).map(OwnerId)).unwrap();
        for owner in from..from + shared + declined {
            let answer = if owner < from + shared { Answer::Shared } else { Answer::Declined };
            self.outcomes.answer(RequestId(id), OwnerId(owner), answer).unwrap();
        }
    }

    #[track_caller]
    pub fn close(&mut self, id: u64) {
        self.now += SignedDuration::from_secs(1);
        self.file.resolve(RequestId(id), self.now).unwrap();
        self.outcomes.close(RequestId(id), &self.file, self.now).unwrap();
    }

    pub fn release(&self, id: u64) -> Result<Outcome, OutcomeError> {
        self.outcomes.release(RequestId(id))
    }

    #[track_caller]
    pub fn words(&self, id: u64) -> String {
        words(&self.release(id).unwrap())
    }
}

/// An outcome in short: whose, who shared and who did not.
pub fn words(outcome: &Outcome) -> String {
    let ids: Vec<String> = outcome.requests().iter().map(ToString::to_string).collect();
    format!("{}: {} / {}", ids.join(" "), outcome.shared(), outcome.not_shared())
}

/// What is between two marks, a metre apart, on a road.
pub fn road(from: u32, to: u32) -> Area {
    let at = |metre: u32| 10.0 + f64::from(metre) * 1e-5;
    square(at(from), 49.9999, at(to), 50.0001)
}

pub fn bytes(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).unwrap()
}

#[test]
fn areas_whose_onlookers_may_be_the_same_have_one_outcome() {
    // 70 m apart: nobody stands in both, but a view of 200 m may have a point of each.
    let (old, near, far) = (road(0, 100), road(200, 300), road(1_500, 1_600));
    let mut desk = Desk::new();
    desk.answered(1, &old, [30, 0, 10]);
    desk.close(1);
    for (id, area, first) in [(2, &near, 1), (3, &far, 3)] {
        let standing = desk.review(area).request().clone();
        let request = standing.with_camera_scope(CameraScope::SeeingInto);
        let authorized = desk.policy.review(&request, &agency(), &desk.file, desk.now).unwrap();
        desk.file.open(RequestId(id), &authorized, desk.now).unwrap();
        desk.outcomes.open(RequestId(id), &authorized, ReleaseMode::Alone).unwrap();
        desk.close(id);
        assert_eq!(desk.release(id).unwrap().requests(), [RequestId(first)]);
        let kept = serde_json::to_string(&desk.outcomes).unwrap();
        assert_eq!(serde_json::from_str::<Outcomes>(&kept).unwrap(), desk.outcomes);
    }
    // Without views they are apart.
    let mut desk = Desk::new();
    desk.answered(1, &old, [30, 0, 10]);
    desk.answered(2, &near, [0, 0, 0]);
    desk.close(1);
    desk.close(2);
    assert_eq!(desk.release(2).unwrap().requests(), [RequestId(2)]);
}

#[test]
fn nothing_is_released_before_close() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [30, 2, 8]);
    assert_eq!(desk.release(1), Err(OutcomeError::NotClosed { id: RequestId(1) }));
    // The case file says when a request has ended: not the one who asks.
    let (file, now) = (desk.file.clone(), desk.now);
    let refused = desk.outcomes.close(RequestId(1), &file, now).unwrap_err();
    assert_eq!(refused.to_string(), "request `1` is open: its outcome is for after its end");
    let end = file.iter().next().unwrap().open_until();
    let second = SignedDuration::from_secs(1);
    assert!(desk.outcomes.close(RequestId(1), &file, end - second).is_err());
    assert!(desk.release(1).is_err());
    desk.outcomes.close(RequestId(1), &file, end).unwrap();
    assert_eq!(desk.words(1), "1: 21 to 50 / fewer than 11");
}

#[test]
fn none_and_a_few_look_alike() {
    let told = |answers: Option<[u64; 3]>, withdrawn: bool| {
        let mut desk = Desk::new();
        match answers {
            Some(answers) => desk.answered(1, &road(0, 100), answers),
            None => drop(desk.open(1, &road(0, 100), ReleaseMode::Alone)),
        }
        if withdrawn {
            desk.file.withdraw(RequestId(1), desk.now).unwrap();
            desk.outcomes.close(RequestId(1), &desk.file, desk.now).unwrap();
        } else {
            desk.close(1);
        }
        bytes(&desk.release(1).unwrap())
    };
    let none = told(None, false);
    assert_eq!(
        none,
        r#"{"requests":[1],"shared":{"at_least":0,"at_most":10},"not_shared":{"at_least":0,"at_most":10}}"#
    );
    for few in [[0, 0, 0], [1, 0, 0], [0, 0, 1], [10, 0, 0], [0, 5, 5], [10, 4, 6]] {
        assert_eq!(told(Some(few), false), none, "{few:?}");
        assert_eq!(told(Some(few), true), none, "{few:?}");
    }
    assert_ne!(told(Some([11, 0, 0]), false), none);
    assert_ne!(told(Some([0, 5, 6]), false), none);
}

#[test]
fn whoever_declined_cannot_be_told_from_whoever_was_silent() {
    let [mut one, mut other] = [Desk::new(), Desk::new()];
    one.answered(1, &road(0, 100), [12, 9, 4]);
    other.answered(1, &road(0, 100), [12, 0, 13]);
    assert_eq!(one.outcomes, other.outcomes, "not even by the operator");
    for desk in [&mut one, &mut other] {
        desk.close(1);
    }
    assert_eq!(one.words(1), "1: 11 to 20 / 11 to 20");
    assert_eq!(one.release(1), other.release(1));
}

#[test]
fn the_last_answer_before_close_counts_and_none_after_it() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [11, 0, 10]);
    let (id, first, other) = (RequestId(1), OwnerId(1_000), OwnerId(1_020));
    desk.outcomes.answer(id, first, Answer::Declined).unwrap();
    desk.outcomes.answer(id, other, Answer::Declined).unwrap();
    desk.outcomes.ask(id, [first, other]).unwrap();
    let mut ten = desk.clone();
    ten.close(1);
    assert_eq!(ten.words(1), "1: fewer than 11 / 11 to 20");
    desk.outcomes.answer(id, OwnerId(1_019), Answer::Shared).unwrap();
    desk.close(1);
    assert_eq!(desk.words(1), "1: 11 to 20 / fewer than 11");
    let closed = desk.outcomes.clone();
    let refused = Err(OutcomeError::Closed { id });
    assert_eq!(desk.outcomes.answer(id, first, Answer::Shared), refused);
    assert_eq!(desk.outcomes.ask(id, [OwnerId(7)]), refused);
    // To close it again, at any instant, changes nothing.
    desk.outcomes.close(id, &desk.file, noon()).unwrap();
    assert_eq!(desk.outcomes, closed);
    assert!(!serde_json::to_string(&closed).unwrap().contains("1000"), "owners are dropped");
}

#[test]
fn an_area_that_meets_an_earlier_one_repeats_its_outcome() {
    let mut desk = Desk::new();
    desk.answered(1, &road(100, 200), [30, 0, 0]);
    desk.answered(2, &road(101, 200), [29, 0, 9]);
    desk.answered(3, &road(200, 300), [60, 0, 60]);
    desk.answered(4, &road(100, 200), [0, 0, 0]);
    desk.answered(5, &road(301, 400), [60, 0, 0]);
    (1..=5).for_each(|id| desk.close(id));
    // A house less, a touch, and the same again; only what is apart has its own.
    for id in 1..=4 {
        assert_eq!(desk.words(id), "1: 21 to 50 / fewer than 11", "{id}");
    }
    assert_eq!(desk.words(5), "5: 51 to 100 / fewer than 11");
}

#[test]
fn a_later_request_that_closes_first_waits_for_the_one_it_repeats() {
    let mut desk = Desk::new();
    desk.answered(1, &road(100, 200), [30, 0, 0]);
    desk.answered(2, &road(150, 250), [3, 0, 0]);
    desk.close(2);
    let refused = desk.release(2).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "request `2` meets request `1`, repeats its outcome, and must wait for its end"
    );
    desk.close(1);
    assert_eq!(desk.release(2), desk.release(1));
}

#[test]
fn a_request_that_was_withdrawn_before_anybody_was_asked_is_repeated_all_the_same() {
    // Else to withdraw one, or to ask where nobody lives, would be a way to a second outcome.
    let mut desk = Desk::new();
    desk.open(1, &road(100, 200), ReleaseMode::Alone);
    desk.file.withdraw(RequestId(1), desk.now).unwrap();
    desk.outcomes.close(RequestId(1), &desk.file, desk.now).unwrap();
    desk.answered(2, &road(150, 250), [40, 0, 0]);
    desk.close(2);
    assert_eq!(desk.words(2), "1: fewer than 11 / fewer than 11");
}

#[test]
fn a_chain_repeats_its_beginning_and_may_join_what_was_apart() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [30, 0, 0]);
    desk.answered(2, &road(200, 300), [60, 0, 0]);
    desk.answered(3, &road(90, 150), [11, 0, 0]);
    // Meets only the third, which repeats the first.
    desk.answered(4, &road(140, 190), [11, 0, 0]);
    // Joins both and meets the second of all first; those that had an outcome keep it.
    desk.answered(5, &road(180, 210), [11, 0, 0]);
    desk.answered(6, &road(250, 350), [11, 0, 0]);
    (1..=6).for_each(|id| desk.close(id));
    let told: Vec<u64> = (1..=6).map(|id| desk.release(id).unwrap().requests()[0].0).collect();
    assert_eq!(told, [1, 2, 1, 1, 2, 2]);
}

/// Whatever finds those that are near finds them in an order of its own.
#[test]
fn of_many_areas_that_it_meets_an_area_repeats_the_first() {
    let mut desk = Desk::new();
    let mark = |id: u64| u32::try_from(id * 37 % 50).unwrap() * 100;
    (0..50).for_each(|id| desk.answered(id, &road(mark(id), mark(id) + 90), [0, 0, 0]));
    (0..50).for_each(|id| desk.close(id));
    for (one, other) in (0..49).flat_map(|one| [(one, one + 1), (one, 49)]) {
        let parts = [one, other].map(|id| road(mark(id) + 10, mark(id) + 20).to_multi_polygon().0);
        let both = Area::try_from(geo::MultiPolygon(parts.concat())).unwrap();
        let mut desk = desk.clone();
        desk.open(50, &both, ReleaseMode::Alone);
        desk.close(50);
        assert_eq!(desk.release(50).unwrap().requests(), [RequestId(one)], "{other}");
    }
}

#[test]
fn the_lowest_band_is_that_of_the_policy_when_the_first_was_opened() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [15, 0, 15]);
    desk.policy.min_households = 22;
    desk.answered(2, &road(50, 150), [15, 0, 15]);
    desk.answered(3, &road(200, 300), [30, 0, 60]);
    desk.policy.min_households = 0;
    desk.answered(4, &road(400, 500), [3, 0, 11]);
    (1..=4).for_each(|id| desk.close(id));
    let told: Vec<String> = (1..=4).map(|id| desk.words(id)).collect();
    assert_eq!(told[0], "1: 11 to 20 / 11 to 20");
    assert_eq!(told[1], told[0]);
    // 22 is rounded up to where a band begins; without an anonymity set it is still 11.
    assert_eq!(told[2], "3: fewer than 51 / 51 to 100");
    assert_eq!(told[3], "4: fewer than 11 / 11 to 20");
}

#[test]
fn bands_and_percentages_have_these_edges() {
    for (count, band) in [
        (0, "fewer than 11"),
        (10, "fewer than 11"),
        (11, "11 to 20"),
        (20, "11 to 20"),
        (21, "21 to 50"),
        (50, "21 to 50"),
        (51, "51 to 100"),
        (100, "51 to 100"),
        (101, "101 to 200"),
        (201, "201 to 500"),
        (1_000, "501 to 1000"),
    ] {
        let mut desk = Desk::new();
        desk.answered(1, &road(0, 100), [count, 0, 0]);
        desk.close(1);
        assert_eq!(desk.release(1).unwrap().shared().to_string(), band, "{count}");
    }
    for (answers, percent) in [
        ([0, 0, 0], 0..=100),
        ([11, 0, 0], 52..=100),
        ([0, 0, 11], 0..=48),
        ([25, 0, 15], 51..=82),
        ([200, 0, 200], 33..=67),
    ] {
        let mut desk = Desk::new();
        desk.answered(1, &road(0, 100), answers);
        desk.close(1);
        let outcome = desk.release(1).unwrap();
        assert_eq!(outcome.percent(), percent, "{answers:?}");
        // What it was is between the two, whatever it was.
        let (shared, all) = (answers[0] * 100, answers.iter().sum::<u64>());
        if let Some(true_percent) = shared.checked_div(all) {
            assert!(outcome.percent().contains(&u8::try_from(true_percent).unwrap()));
        }
    }
}

#[test]
fn what_is_refused_says_why() {
    let mut desk = Desk::new();
    let authorized = desk.open(1, &road(0, 100), ReleaseMode::Alone);
    let twice = desk.outcomes.open(RequestId(1), &authorized, ReleaseMode::Alone).unwrap_err();
    assert_eq!(twice.to_string(), "request `1` is in the outcomes already");
    let other = Outcomes::new(AgencyId(2)).open(RequestId(1), &authorized, ReleaseMode::Alone);
    let words = "this is agency `1`'s, but the outcomes are agency `2`'s";
    assert_eq!(other.unwrap_err().to_string(), words);
    let file = CaseFile::new(AgencyId(2));
    let other = desk.outcomes.close(RequestId(1), &file, desk.now).unwrap_err();
    assert_eq!(other.to_string(), "this is agency `2`'s, but the outcomes are agency `1`'s");
    let unknown = OutcomeError::Unknown { id: RequestId(9) };
    assert_eq!(unknown.to_string(), "the outcomes have no request `9`");
    assert_eq!(desk.release(9), Err(unknown));
    assert_eq!(desk.outcomes.ask(RequestId(9), []), Err(unknown));
    assert_eq!(desk.outcomes.close(RequestId(9), &desk.file, desk.now), Err(unknown));
    let unasked = desk.outcomes.answer(RequestId(1), OwnerId(7), Answer::Shared).unwrap_err();
    assert_eq!(unasked.to_string(), "owner `7` was not asked for request `1`");
    let elsewhere = CaseFile::new(AgencyId(1));
    let missing = desk.outcomes.close(RequestId(1), &elsewhere, desk.now).unwrap_err();
    assert_eq!(missing.to_string(), "the case file has no request `1`");
    let texts = [
        (
            desk.release(1).unwrap_err(),
            "request `1` is not closed: its outcome is for after its end",
        ),
        (
            OutcomeError::Closed { id: RequestId(1) },
            "request `1` is closed, and nothing more is counted",
        ),
        (
            OutcomeError::OnlyPooled { id: RequestId(1) },
            "the answers to request `1` are told only as part of a pool",
        ),
    ];
    for (error, words) in texts {
        assert_eq!(error.to_string(), words);
    }
}
