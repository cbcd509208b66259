//! Outcomes: the counts that an agency gets of owners' answers, their time, and refusals.

use canvass::outcome::{
    Answer, Outcome, OutcomeBudget, OutcomeError, OutcomeSeed, Outcomes, ReleaseMode,
};
use canvass::{
    AgencyId, Area, AuthorizedRequest, CaseFile, IncidentKind, OwnerId, Policy, Request, RequestId,
};
use jiff::{SignedDuration, Timestamp};

use crate::outcome_twin::{band, noisy};
use crate::support::*;

/// A case file, its outcomes, and a clock that goes on.
#[derive(Clone, Debug)]
pub struct Desk {
    pub file: CaseFile,
    pub outcomes: Outcomes,
    pub budget: OutcomeBudget,
    pub policy: Policy,
    pub now: Timestamp,
}

impl Desk {
    pub fn new() -> Self {
        let policy = Policy::without_limits_or_anonymity().with_min_households(11);
        let (file, outcomes) = (CaseFile::new(AgencyId(1)), Outcomes::new(AgencyId(1)));
        Self {
            file,
            outcomes,
            budget: OutcomeBudget::default(),
            policy: policy.with_open_days(10).with_max_open_days(28),
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

    /// Opens a request; of its owners some share, some decline and some stay silent.
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
        self.close_at(id, self.now).unwrap();
    }

    /// Closes a request in the outcomes alone, not in the case file.
    pub fn close_at(&mut self, id: u64, now: Timestamp) -> Result<(), OutcomeError> {
        self.outcomes.close(RequestId(id), &self.file, &seed(), &mut self.budget, now)
    }

    pub fn release(&self, id: u64) -> Result<Outcome, OutcomeError> {
        self.outcomes.release(RequestId(id))
    }

    #[track_caller]
    pub fn words(&self, id: u64) -> String {
        words(&self.release(id).unwrap())
    }
}

/// An outcome in short: its requests, and the bands of those who shared and did not.
pub fn words(outcome: &Outcome) -> String {
    let ids: Vec<String> = outcome.requests().iter().map(ToString::to_string).collect();
    format!("{}: {} / {}", ids.join(" "), outcome.shared(), outcome.not_shared())
}

/// The road between two marks a metre apart.
pub fn road(from: u32, to: u32) -> Area {
    let at = |metre: u32| 10.0 + f64::from(metre) * 1e-5;
    square(at(from), 49.9999, at(to), 50.0001)
}

/// The seed of all noise here.
pub fn seed() -> OutcomeSeed {
    OutcomeSeed::new([42; 32])
}

/// The short form of a request's outcome, by the naive twin.
pub fn told(id: u64, [shared, not_shared]: [u64; 2], lowest_end: u64) -> String {
    let side = |side, count| band(noisy([0, side], [1, id], count), lowest_end);
    format!("{id}: {} / {}", side(0, shared), side(1, not_shared))
}

#[test]
fn nothing_is_released_before_close() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [30, 2, 8]);
    assert_eq!(desk.release(1), Err(OutcomeError::NotClosed { id: RequestId(1) }));
    // The case file decides whether a request has ended, not the caller.
    let refused = desk.close_at(1, desk.now).unwrap_err();
    assert_eq!(refused.to_string(), "request `1` is open: its outcome is for after its end");
    let end = desk.file.iter().next().unwrap().open_until();
    assert!(desk.close_at(1, end - SignedDuration::from_secs(1)).is_err());
    assert!(desk.release(1).is_err());
    assert_eq!(desk.budget, OutcomeBudget::default(), "nothing is spent before close");
    desk.close_at(1, end).unwrap();
    assert_eq!(desk.words(1), told(1, [30, 10], 11));
}

#[test]
fn declining_and_silence_have_equal_outcomes() {
    let [mut one, mut other] = [Desk::new(), Desk::new()];
    one.answered(1, &road(0, 100), [12, 9, 4]);
    other.answered(1, &road(0, 100), [12, 0, 13]);
    assert_eq!(one.outcomes, other.outcomes, "not even by the operator");
    for desk in [&mut one, &mut other] {
        desk.close(1);
    }
    assert_eq!(one.words(1), told(1, [12, 13], 11));
    assert_eq!(one.release(1), other.release(1));
}

#[test]
fn the_last_answer_before_close_counts_and_none_after_it() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [110, 0, 10]);
    let (id, first, other) = (RequestId(1), OwnerId(1_000), OwnerId(1_119));
    desk.outcomes.answer(id, first, Answer::Declined).unwrap();
    desk.outcomes.answer(id, other, Answer::Shared).unwrap();
    desk.outcomes.answer(id, other, Answer::Declined).unwrap();
    desk.outcomes.ask(id, [first, other]).unwrap();
    desk.close(1);
    assert_eq!(desk.words(1), told(1, [109, 11], 11));
    let closed = desk.outcomes.clone();
    let refused = Err(OutcomeError::Closed { id });
    assert_eq!(desk.outcomes.answer(id, first, Answer::Shared), refused);
    assert_eq!(desk.outcomes.ask(id, [OwnerId(7)]), refused);
    // Closing it again, at any instant, changes nothing.
    let spent = desk.budget.clone();
    desk.close_at(1, noon()).unwrap();
    assert_eq!((&desk.outcomes, &desk.budget), (&closed, &spent));
    assert!(!serde_json::to_string(&closed).unwrap().contains("1000"), "owners are dropped");
}

#[test]
fn each_request_has_an_outcome_of_its_own() {
    let mut desk = Desk::new();
    desk.answered(1, &road(100, 200), [30, 0, 0]);
    desk.answered(2, &road(101, 200), [29, 0, 9]);
    desk.answered(3, &road(100, 200), [0, 0, 0]);
    // A request that was withdrawn before anybody was asked spends nothing.
    desk.open(4, &road(100, 200), ReleaseMode::Alone);
    desk.file.withdraw(RequestId(4), desk.now).unwrap();
    desk.close_at(4, desk.now).unwrap();
    desk.answered(5, &road(100, 200), [60, 0, 0]);
    for id in [3, 5, 2, 1] {
        desk.close(id);
    }
    let counts = [[30, 0], [29, 9], [0, 0], [0, 0], [60, 0]];
    for (id, counts) in (1..).zip(counts) {
        assert_eq!(desk.words(id), told(id, counts, 11));
    }
}

#[test]
fn the_lowest_band_is_that_of_the_policy_at_opening() {
    let mut desk = Desk::new();
    desk.answered(1, &road(0, 100), [15, 0, 15]);
    desk.policy.min_households = 22;
    desk.answered(2, &road(200, 300), [30, 0, 60]);
    desk.policy.min_households = 0;
    desk.answered(3, &road(400, 500), [3, 0, 11]);
    (1..=3).for_each(|id| desk.close(id));
    // 22 is rounded up to the start of a band; without an anonymity set the end is still 11.
    let expected = [told(1, [15, 15], 11), told(2, [30, 60], 51), told(3, [3, 11], 11)];
    assert_eq!([1, 2, 3].map(|id| desk.words(id)), expected);
}

#[test]
fn bands_and_percentages_have_these_edges() {
    for (answers, bands, percent) in [
        ([0, 0, 0], "fewer than 11 / fewer than 11", 0..=100),
        ([15, 0, 0], "11 to 20 / fewer than 11", 52..=100),
        ([0, 0, 15], "fewer than 11 / 11 to 20", 0..=48),
        ([35, 0, 15], "21 to 50 / 11 to 20", 51..=82),
        ([200, 0, 200], "101 to 200 / 101 to 200", 33..=67),
        ([700, 0, 75], "501 to 1000 / 51 to 100", 83..=96),
        ([300, 0, 0], "201 to 500 / fewer than 11", 95..=100),
    ] {
        // Of twenty requests with these answers some get their true bands.
        let mut desk = Desk::new();
        let mut met = 0;
        for id in 0..20 {
            desk.answered(id, &road(0, 100), answers);
            desk.close(id);
            if desk.words(id) == format!("{id}: {bands}") {
                assert_eq!(desk.release(id).unwrap().percent(), percent, "{answers:?}");
                met += 1;
            }
        }
        assert!(met > 0, "{bands}");
    }
}

#[test]
fn each_refusal_has_a_reason() {
    let mut desk = Desk::new();
    let authorized = desk.open(1, &road(0, 100), ReleaseMode::Alone);
    let twice = desk.outcomes.open(RequestId(1), &authorized, ReleaseMode::Alone).unwrap_err();
    assert_eq!(twice.to_string(), "request `1` is in the outcomes already");
    let other = Outcomes::new(AgencyId(2)).open(RequestId(1), &authorized, ReleaseMode::Alone);
    let words = "this is agency `1`'s, but the outcomes are agency `2`'s";
    assert_eq!(other.unwrap_err().to_string(), words);
    let file = CaseFile::new(AgencyId(2));
    let other =
        desk.outcomes.close(RequestId(1), &file, &seed(), &mut desk.budget, desk.now).unwrap_err();
    assert_eq!(other.to_string(), "this is agency `2`'s, but the outcomes are agency `1`'s");
    let unknown = OutcomeError::Unknown { id: RequestId(9) };
    assert_eq!(unknown.to_string(), "the outcomes have no request `9`");
    assert_eq!(desk.release(9), Err(unknown));
    assert_eq!(desk.outcomes.ask(RequestId(9), []), Err(unknown));
    assert_eq!(desk.close_at(9, desk.now), Err(unknown));
    let unasked = desk.outcomes.answer(RequestId(1), OwnerId(7), Answer::Shared).unwrap_err();
    assert_eq!(unasked.to_string(), "owner `7` was not asked for request `1`");
    let elsewhere = CaseFile::new(AgencyId(1));
    let missing = desk
        .outcomes
        .close(RequestId(1), &elsewhere, &seed(), &mut desk.budget, desk.now)
        .unwrap_err();
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
            "the answers to request `1` are released only as part of a pool",
        ),
    ];
    for (error, words) in texts {
        assert_eq!(error.to_string(), words);
    }
}
