//! Standing requests compared with the naive twin.

use std::cell::Cell;
use std::collections::BTreeSet;

use canvass::error::*;
use canvass::*;
use jiff::{SignedDuration, Timestamp};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use proptest::{prop_assert, prop_assert_eq};

use crate::open_requests::*;
use crate::open_requests_naive::*;
use crate::oracle::{Town, step};
use crate::support::*;

type Checked = Result<(), TestCaseError>;

/// A change of the town that can be applied.
fn a_change(rng: &mut Rng, town: &Town, now: Timestamp) -> Change {
    let owner = OwnerId(rng.below(30));
    let taken: Vec<CameraId> = town.cameras.keys().copied().collect();
    let mut camera = house(rng.below(30), owner.0);
    camera.recording = Recording::kept_for_days(rng.pick(&[12, 60, 365, 365]));
    match rng.below(9) {
        0 if !taken.is_empty() => Change::Remove { camera: rng.pick(&taken) },
        1 if !taken.is_empty() => {
            Change::Move { camera: rng.pick(&taken), position: camera.position }
        }
        2 if !taken.is_empty() => Change::Replace(camera.with_id(rng.pick(&taken))),
        0..4 => Change::Register(camera.with_id(CameraId(1_000 + rng.next() % (1 << 40)))),
        4 => Change::Withdraw { owner },
        5 => Change::RecordAsked { owner, agency: Some(AgencyId(1 + rng.below(3))), at: now },
        6 => {
            let consent = Consent::granted().with_limit(AskLimit::new(1, 3).unwrap());
            Change::SetConsent { owner, consent }
        }
        _ => Change::SetConsent { owner, consent: Consent::granted() },
    }
}

/// Counts of the steps taken, so that the test proves that each occurred.
#[derive(Debug, Default)]
struct Counts {
    asked: Cell<usize>,
    refused: Cell<usize>,
    guarded: Cell<usize>,
    expired: Cell<usize>,
    touched: Cell<usize>,
    untouched: Cell<usize>,
}

fn add(cell: &Cell<usize>, number: usize) {
    cell.set(cell.get() + number);
}

/// The open requests and their twin, side by side.
struct Pair<'a> {
    rng: Rng,
    policy: Policy,
    open: OpenRequests,
    registry: Registry,
    twin: Twin,
    now: Timestamp,
    log: Vec<LifecycleEvent>,
    expected: Vec<Said>,
    ever_asked: BTreeSet<(RequestId, OwnerId)>,
    counts: &'a Counts,
}

impl<'a> Pair<'a> {
    fn new(seed: u64, counts: &'a Counts) -> Self {
        let mut rng = Rng(seed);
        let first = rng.below(1_000);
        let town = street(16);
        Self {
            registry: loaded(&town, Layout::default()),
            twin: Twin { next: first, town, ..Twin::default() },
            open: OpenRequests::new(first),
            policy: policy(3),
            now: noon(),
            log: Vec::new(),
            expected: Vec::new(),
            ever_asked: BTreeSet::new(),
            counts,
            rng,
        }
    }

    fn time_passes(&mut self) {
        let (rng, now) = (&mut self.rng, self.now);
        let ends = self.twin.requests.iter().filter(|it| !it.ended).map(|it| it.until);
        let ends: Vec<Timestamp> = ends.collect();
        self.now = match rng.below(24) {
            // The second in which a request expires, and its neighbours.
            0 if !ends.is_empty() => now.max(rng.pick(&ends) + secs(rng.within(-1, 1))),
            1..3 => now + SignedDuration::from_hours(rng.within(0, 40)),
            _ => now + secs(rng.within(0, 2)),
        };
    }

    /// An untouched request keeps its route.
    fn the_town_changes(&mut self) -> Checked {
        let now = self.now;
        let mut after = self.twin.town.clone();
        let mut changes = Vec::new();
        for _ in 0..=self.rng.below(3) {
            let change = a_change(&mut self.rng, &after, now);
            step(&mut after, &change).unwrap();
            changes.push(change);
        }
        let positions = self.twin.positions(&changes, &after);
        let was = self.twin.due(now);
        let mut touched = self.registry.touched(&changes);
        self.registry.apply(changes.clone()).unwrap();
        touched.extend(self.registry.touched(&changes));
        let touched = self.open.touched_by(touched, now);
        // The registry may also name a place where a camera was for a moment, within the list.
        let scan = self.twin.touched(&positions, now);
        prop_assert!(scan.iter().all(|id| touched.contains(id)));
        self.twin.town = after;
        for (id, is) in self.twin.due(now) {
            prop_assert!(touched.contains(&id) || was[&id] == is);
        }
        add(&self.counts.touched, touched.len());
        add(&self.counts.untouched, self.open.open_at(now).count() - touched.len());
        Ok(())
    }

    fn one_is_opened(&mut self, id: RequestId) -> Checked {
        let (rng, now) = (&mut self.rng, self.now);
        let (agency, first, more) = (1 + rng.below(3), rng.below(24), rng.below(20));
        let range = (first, (first + more).min(29));
        let request = request(agency, houses(range.0, range.1));
        let file = self.open.case_file(request.agency);
        let authorized = self.policy.review(&request, &of_agency(agency), &file, now).unwrap();
        let before = self.open.clone();
        match self.open.open(id, &authorized, now) {
            Ok(events) => {
                self.log.extend(events);
                self.expected.extend(self.twin.expire(now));
                let (until, latest) = (now + days(10), now + days(28));
                let (ended, enough, asked) = (false, None, BTreeSet::new());
                self.twin.requests.push(Stands {
                    id,
                    agency,
                    authorized,
                    until,
                    latest,
                    ended,
                    enough,
                    asked,
                });
                self.expected.push(self.twin.say(now, id, "opened"));
            }
            Err(error) => {
                prop_assert_eq!(error, CaseFileError::IdTaken { id }.into());
                prop_assert!(self.twin.of(id).is_some());
                prop_assert_eq!(&self.open, &before);
                add(&self.counts.refused, 1);
            }
        }
        Ok(())
    }

    fn one_is_extended_or_ends(&mut self, id: RequestId, verb: u8) -> Checked {
        let now = self.now;
        let until = now + days(self.rng.within(0, 20));
        let before = self.open.clone();
        let (done, word) = match verb {
            0 => (self.open.extend(id, until, now), "extended"),
            1 => (self.open.resolve(id, now), "resolved"),
            _ => (self.open.withdraw(id, now), "withdrawn"),
        };
        let may = self.twin.of(id).is_some_and(|it| {
            it.is_open(now) && (verb != 0 || (it.until..=it.latest).contains(&until))
        });
        prop_assert_eq!(done.is_ok(), may);
        let Ok(events) = done else {
            prop_assert_eq!(&self.open, &before);
            add(&self.counts.refused, 1);
            return Ok(());
        };
        self.log.extend(events);
        self.expected.extend(self.twin.expire(now));
        let stands = self.twin.of(id).unwrap();
        if verb == 0 {
            stands.until = until;
        } else {
            stands.ended = true;
        }
        self.expected.push(self.twin.say(now, id, word));
        Ok(())
    }

    fn who_is_due_is_asked(&mut self) -> Checked {
        let now = self.now;
        for id in self.open.open_at(now).map(OpenedRequest::id).collect::<Vec<_>>() {
            let authorized = self.twin.of(id).unwrap().authorized.clone();
            let snapshot = self.registry.snapshot();
            self.log.extend(self.open.decide(id, &authorized, &snapshot, now).unwrap());
            self.expected.extend(self.twin.expire(now));
            self.expected.extend(self.twin.decide(now, id));
            let mut due = self.open.due(id, &authorized, &snapshot, now).unwrap();
            if self.rng.once_in(3)
                && let Some(standing) = self.open.standing(id, &authorized, now).unwrap()
            {
                due = due.recheck(standing, &snapshot, now).unwrap();
            }
            let (to_send, events) = self.open.record_asked(id, &due, now).unwrap();
            self.log.extend(events);
            self.expected.extend(self.twin.expire(now));
            if !due.is_empty() {
                self.expected.push(self.twin.say(now, id, "asked"));
            }
            prop_assert_eq!(&to_send, &due);
            for recipient in &to_send {
                let owner = recipient.owner;
                prop_assert!(self.ever_asked.insert((id, owner)), "asked twice");
                self.twin.of(id).unwrap().asked.insert(owner);
                let agency = Some(authorized.request().agency);
                let asked = Change::RecordAsked { owner, agency, at: now };
                step(&mut self.twin.town, &asked).unwrap();
                self.registry.apply([asked]).unwrap();
            }
            add(&self.counts.asked, to_send.owners());
        }
        Ok(())
    }

    /// All answers equal the twin's, for a request authorised at first or again.
    fn answers_are_equal(&mut self) -> Checked {
        let (now, snapshot) = (self.now, self.registry.snapshot());
        for (id, expected) in self.twin.due(now) {
            let stands = self.twin.of(id).unwrap();
            let due = self.open.due(id, &stands.authorized, &snapshot, now);
            if stands.is_open(now) && stands.enough.is_none() {
                prop_assert_eq!(due.unwrap_err(), OpenRequestsError::NotDecided { id });
                continue;
            }
            let due = due.unwrap();
            prop_assert_eq!(answer(&due), expected);
            if stands.is_open(now) {
                let (agency, request) = (of_agency(stands.agency), stands.authorized.request());
                let file = self.open.case_file(agency.id);
                let again = self.policy.reopen(&file, id, &agency, now).unwrap();
                let same = self.open.due(id, &again, &snapshot, now).unwrap();
                prop_assert_eq!(same.cameras(), due.cameras());
                let blank = CaseFile::new(agency.id);
                let unguarded = policy(0).review(request, &agency, &blank, now).unwrap();
                let all = snapshot.route(unguarded.assume_open(), now).owners();
                let left_out = all > due.owners() + stands.asked.len();
                add(&self.counts.guarded, usize::from(left_out));
            }
        }
        Ok(())
    }

    /// The stored events, replayed, give the same state.
    fn events_tell_it_all(&self) -> Checked {
        let said: Vec<Said> = self.log.iter().map(said).collect();
        prop_assert_eq!(&said, &self.expected);
        let first = self.open.next_sequence() - said.len() as u64;
        prop_assert!(said.iter().zip(first..).all(|(event, number)| event.0 == number));
        prop_assert!(said.is_sorted_by_key(|&(_, at, ..)| at));
        let text = serde_json::to_string(&self.log).unwrap();
        let read: Vec<LifecycleEvent> = serde_json::from_str(&text).unwrap();
        let mut replayed = OpenRequests::new(first);
        for event in &read {
            replayed.replay(event).unwrap();
        }
        let restored = written(&replayed);
        prop_assert_eq!(&replayed, &self.open);
        prop_assert_eq!(&restored, &self.open);
        for position in (0..30).map(|number| house(number, number).position) {
            let touched = self.open.touched_by([position], self.now);
            prop_assert_eq!(replayed.touched_by([position], self.now), touched.as_slice());
            prop_assert_eq!(restored.touched_by([position], self.now), touched);
        }
        Ok(())
    }
}

/// Runs random cases, and returns the counts of steps.
fn happen(cases: u32, rng: Option<TestRng>) -> Counts {
    let counts = Counts::default();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = match rng {
        Some(rng) => TestRunner::new_with_rng(config, rng),
        None => TestRunner::new(config),
    };
    let strategy = (proptest::num::u64::ANY, proptest::collection::vec(0..14_u8, 40..90));
    let run = |(seed, verbs): (u64, Vec<u8>)| {
        let mut pair = Pair::new(seed, &counts);
        for verb in verbs {
            pair.time_passes();
            let id = RequestId(pair.rng.below(12));
            match verb {
                0..6 => pair.the_town_changes()?,
                6..8 => pair.one_is_opened(id)?,
                8..11 => pair.one_is_extended_or_ends(id, verb - 8)?,
                11 => {
                    let events = pair.open.expire(pair.now);
                    add(&counts.expired, events.len());
                    pair.log.extend(events);
                    let said = pair.twin.expire(pair.now);
                    pair.expected.extend(said);
                }
                12 => pair.open = written(&pair.open),
                _ => pair.who_is_due_is_asked()?,
            }
            pair.answers_are_equal()?;
        }
        pair.events_tell_it_all()
    };
    runner.run(&strategy, run).unwrap();
    counts
}

#[test]
fn all_answers_equal_the_naive_twin() {
    happen(32, None);
}

/// The cases are the same at each run, so that the assertions always hold or never.
#[test]
fn all_that_may_happen_does_and_often() {
    let counts = happen(24, Some(TestRng::deterministic_rng(RngAlgorithm::ChaCha)));
    let Counts { asked, refused, guarded, expired, touched, untouched } = &counts;
    let least = [asked, refused, guarded, expired, touched, untouched].map(Cell::get);
    assert!(least.iter().all(|&count| count > 20), "{counts:?}");
}
