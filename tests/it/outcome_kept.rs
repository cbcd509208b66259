//! Pools of outcomes, and outcomes in storage.

use std::collections::BTreeMap;

use canvass::outcome::{OutcomeError, Outcomes, ReleaseMode};
use canvass::{AgencyId, RequestId};
use serde_json::{Value, json};

use crate::outcome::*;
use crate::outcome_twin::{band, noisy};

/// Opens, answers and closes pooled requests for separate areas.
fn pooled(
    desk: &mut Desk,
    ids: std::ops::Range<u64>,
    from: impl Fn(u64) -> u64,
    answers: [u64; 3],
) {
    for id in ids {
        let mark = u32::try_from(id).unwrap() * 100;
        desk.open(id, &road(mark, mark + 90), ReleaseMode::Pooled);
        desk.answer(id, from(id), answers);
        desk.close(id);
    }
}

/// The bands of a pool, by the naive twin.
fn told_pool(pool: u64, [shared, not_shared]: [u64; 2], lowest_end: u64) -> String {
    let side = |side, count| band(noisy([1, side], [1, pool], count), lowest_end);
    format!("{} / {}", side(0, shared), side(1, not_shared))
}

#[test]
fn a_pool_releases_ten_requests_and_none_alone() {
    let mut desk = Desk::new();
    pooled(&mut desk, 0..9, |id| id * 100, [3, 1, 2]);
    let refused = desk.outcomes.pool(0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "pool `0` is not complete: pools fill in order, each with 10 requests that are closed"
    );
    // A request that is released alone is in no pool.
    desk.answered(51, &road(6_000, 6_010), [90, 0, 0]);
    desk.close(51);
    assert!(desk.outcomes.pool(0).is_err());
    pooled(&mut desk, 9..10, |id| id * 100, [3, 1, 2]);
    let pool = desk.outcomes.pool(0).unwrap();
    assert_eq!(words(&pool), format!("0 1 2 3 4 5 6 7 8 9: {}", told_pool(0, [30, 30], 11)));
    for id in [0, 9] {
        let refused = desk.release(id).unwrap_err();
        assert!(matches!(refused, OutcomeError::OnlyPooled { .. }), "{refused}");
    }
    assert_eq!(desk.words(51), told(51, [90, 0], 11));
    // The next pool contains nothing of the first.
    pooled(&mut desk, 10..20, |id| id * 100, [0, 0, 1]);
    assert_eq!(desk.outcomes.pool(0).unwrap(), pool);
    let next = desk.outcomes.pool(1).unwrap();
    let expected = told_pool(1, [0, 10], 11);
    assert_eq!(words(&next), format!("10 11 12 13 14 15 16 17 18 19: {expected}"));
    assert!(!serde_json::to_string(&desk.outcomes).unwrap().contains("1900"), "owners are dropped");
}

#[test]
fn a_household_counts_once_in_a_pool() {
    // A household that shares once counts as shared: 90 households, of which 50 share in every
    // second request.
    let mut desk = Desk::new();
    for id in 0..10 {
        let shared = if id % 2 == 0 { [50, 0, 40] } else { [0, 50, 40] };
        pooled(&mut desk, id..id + 1, |_| 0, shared);
    }
    let pool = words(&desk.outcomes.pool(0).unwrap());
    assert_eq!(pool, format!("0 1 2 3 4 5 6 7 8 9: {}", told_pool(0, [50, 40], 11)));
    assert_eq!(desk.budget.counted(canvass::OwnerId(0)).len(), 1, "and spends once");
}

#[test]
fn a_pools_lowest_band_is_its_requests_widest() {
    for wide in [0, 4, 9] {
        let mut desk = Desk::new();
        for id in 0..10 {
            desk.policy.min_households = if id == wide { 22 } else { 11 };
            pooled(&mut desk, id..id + 1, |id| id * 100, [2, 0, 3]);
        }
        let pool = words(&desk.outcomes.pool(0).unwrap());
        assert_eq!(pool, format!("0 1 2 3 4 5 6 7 8 9: {}", told_pool(0, [20, 30], 51)));
        let kept = serde_json::to_string(&desk.outcomes).unwrap();
        assert_eq!(serde_json::from_str::<Outcomes>(&kept).unwrap(), desk.outcomes);
    }
}

#[test]
fn pools_fill_in_the_order_of_opening() {
    let mut desk = Desk::new();
    let mark = |id: u64| u32::try_from(id).unwrap() * 100;
    for id in 0..20 {
        desk.open(id, &road(mark(id), mark(id) + 90), ReleaseMode::Pooled);
    }
    (1..20).for_each(|id| desk.close(id));
    assert!(desk.outcomes.pool(1).is_err());
    desk.close(0);
    assert!(desk.outcomes.pool(0).is_ok() && desk.outcomes.pool(1).is_ok());
    assert!(desk.outcomes.pool(2).is_err());
}

/// A desk with one request in each state.
fn busy() -> Desk {
    let mut desk = Desk::new();
    // Noise subtracts ten, so that the band is the one from 11 to 20.
    desk.answered(100, &road(9_000, 9_100), [25, 1, 1]);
    desk.close(100);
    desk.answered(101, &road(9_050, 9_150), [12, 1, 1]);
    desk.close(101);
    desk.answered(102, &road(9_200, 9_300), [2, 1, 1]);
    pooled(&mut desk, 0..12, |id| id * 100, [2, 1, 1]);
    desk
}

#[test]
fn outcomes_are_written_and_read_back_at_every_step() {
    let back = |outcomes: &Outcomes| -> Outcomes {
        serde_json::from_str(&serde_json::to_string(outcomes).unwrap()).unwrap()
    };
    let mut desk = busy();
    assert_eq!(back(&desk.outcomes), desk.outcomes);
    // A desk that was read back continues exactly as the original.
    let mut read = Desk { outcomes: back(&desk.outcomes), ..desk.clone() };
    for desk in [&mut desk, &mut read] {
        desk.answered(103, &road(9_250, 9_350), [90, 0, 0]);
        desk.close(102);
        desk.close(103);
        pooled(desk, 12..20, |id| id * 100, [2, 1, 1]);
    }
    assert_eq!(read.outcomes, desk.outcomes);
    assert_eq!(read.words(103), told(103, [90, 0], 11));
    let pool = words(&read.outcomes.pool(1).unwrap());
    assert_eq!(pool.split_once(": ").unwrap().1, told_pool(1, [20, 20], 11));
    assert_eq!(back(&desk.outcomes), desk.outcomes);
    assert_eq!(back(&Outcomes::new(AgencyId(1))), Outcomes::new(AgencyId(1)));
}

/// A service's tables: rows are replaced only where the documentation requires it.
#[derive(Default)]
struct Rows {
    requests: BTreeMap<RequestId, Value>,
    pools: Vec<Value>,
}

impl Rows {
    fn write(&mut self, outcomes: &Outcomes, id: u64) {
        let row = |id| serde_json::to_value(outcomes.row(id).unwrap()).unwrap();
        self.requests.insert(RequestId(id), row(RequestId(id)));
        while let Some(pool) = outcomes.pool_row(self.pools.len()) {
            for &id in outcomes.pool(self.pools.len()).unwrap().requests() {
                self.requests.insert(id, row(id));
            }
            self.pools.push(serde_json::to_value(pool).unwrap());
        }
    }

    fn read(&self, opened: &[u64]) -> Outcomes {
        let requests: Vec<_> = opened.iter().map(|&id| &self.requests[&RequestId(id)]).collect();
        let whole = json!({ "agency": 1, "requests": requests, "pools": self.pools });
        serde_json::from_value(whole).unwrap()
    }
}

#[test]
fn a_ledger_kept_in_rows_stays_equal() {
    let (mut desk, mut rows, mut opened) = (Desk::new(), Rows::default(), Vec::new());
    let mut steps = 0;
    for id in 0..22 {
        let mark = u32::try_from(id).unwrap() * 100;
        let release = if id % 11 == 0 { ReleaseMode::Alone } else { ReleaseMode::Pooled };
        desk.open(id, &road(mark, mark + if id % 7 == 0 { 110 } else { 90 }), release);
        opened.push(id);
        rows.write(&desk.outcomes, id);
        desk.answer(id, id * 100, [3, 1, 2]);
        rows.write(&desk.outcomes, id);
        assert_eq!(rows.read(&opened), desk.outcomes);
        if let Some(ended) = id.checked_sub(2) {
            desk.close(ended);
            rows.write(&desk.outcomes, ended);
            assert_eq!(rows.read(&opened), desk.outcomes);
            steps += 1;
        }
    }
    assert!(steps == 20 && rows.pools.len() == 1, "{}", rows.pools.len());
    assert!(desk.outcomes.row(RequestId(99)).is_err() && desk.outcomes.pool_row(1).is_none());
}

#[test]
fn edited_outcomes_are_refused() {
    let written = serde_json::to_value(&busy().outcomes).unwrap();
    let told = json!({"told": {"shared": {"at_least": 11, "at_most": 20}, "not_shared": {"at_least": 0, "at_most": 10}}});
    assert_eq!(written["requests"][0]["answers"], told);
    let band = "/requests/0/answers/told/shared";
    let cases: [(&str, Value, &str); 15] = [
        ("/requests/1/id", json!(100), "request `100` occurs twice"),
        (
            "/requests/0/lowest_end",
            json!(12),
            "the lowest band of request `100` ends before `12`, where no band begins",
        ),
        (
            "/requests/0/lowest_end",
            json!(1),
            "the lowest band of request `100` ends before `1`, where no band begins",
        ),
        (
            "/requests/0/lowest_end",
            json!(u64::MAX),
            "the lowest band of request `100` ends before `18446744073709551615`, where no band begins",
        ),
        // With the present end of the lowest band there is no band from 11 to 20.
        (
            "/requests/0/lowest_end",
            json!(21),
            "the bands of request `100` are not among those that are published",
        ),
        (
            band,
            json!({"at_least": 12, "at_most": 12}),
            "the bands of request `100` are not among those that are published",
        ),
        (
            band,
            json!({"at_least": 11}),
            "the bands of request `100` are not among those that are published",
        ),
        (
            "/requests/2/answers/open/shared/0",
            json!(7),
            "owner `7` shared for request `102` without being asked",
        ),
        (
            "/requests/0/release",
            json!("pooled"),
            "the entry of request `100` does not fit its release and its pool",
        ),
        (
            "/requests/4/answers",
            json!({"waiting": {"asked": [], "shared": []}}),
            "the entry of request `1` does not fit its release and its pool",
        ),
        (
            "/requests/3/answers",
            json!({"open": {"asked": [], "shared": []}}),
            "the entry of request `0` does not fit its release and its pool",
        ),
        // A request that is released alone waits for no others.
        (
            "/requests/0/answers",
            json!({"waiting": {"asked": [], "shared": []}}),
            "the entry of request `100` does not fit its release and its pool",
        ),
        (
            "/pools/0/shared/at_least",
            json!(22),
            "the bands of pool `0` are not among those that are published",
        ),
        ("/pools", json!([]), "the entry of request `0` does not fit its release and its pool"),
        (
            "/extra",
            json!(1),
            "unknown field `extra`, expected one of `agency`, `requests`, `pools`",
        ),
    ];
    for (pointer, value, words) in cases {
        let mut edited = written.clone();
        match edited.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => edited["extra"] = value,
        }
        assert_ne!(edited, written, "{pointer}");
        let error = serde_json::from_value::<Outcomes>(edited).unwrap_err().to_string();
        assert_eq!(error, words, "{pointer}");
    }
}

#[test]
fn a_pool_exists_only_when_complete() {
    let written = serde_json::to_value(&busy().outcomes).unwrap();
    // A complete pool is missing: its ten requests wait for nothing.
    let mut edited = written.clone();
    edited["pools"] = json!([]);
    for request in &mut edited["requests"].as_array_mut().unwrap()[3..13] {
        request["answers"] = json!({"waiting": {"asked": [], "shared": []}});
    }
    let error = serde_json::from_value::<Outcomes>(edited).unwrap_err().to_string();
    assert_eq!(error, "there are `0` pools, and `1` are complete");
    // One pool too many: its ten requests do not exist, or are not closed.
    let mut edited = written.clone();
    let pool = edited["pools"][0].clone();
    edited["pools"].as_array_mut().unwrap().push(pool);
    edited["requests"].as_array_mut().unwrap().truncate(13);
    let error = serde_json::from_value::<Outcomes>(edited).unwrap_err().to_string();
    assert_eq!(error, "there are `2` pools, and `1` are complete");
}
