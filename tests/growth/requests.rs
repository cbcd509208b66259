//! Many requests: open ones, and the ledger of their outcomes.

use canvass::outcome::*;
use canvass::*;
use jiff::Timestamp;

use crate::support::*;

/// Requests for squares side by side, as the events of their opening.
fn standing(number: u32) -> OpenRequests {
    let mut open = OpenRequests::new(0);
    for (square, sequence) in squares(number).zip(0..) {
        let area = Area::new(&one(square, vec![])).unwrap();
        let request = Box::new(request(sequence % 97, area));
        let (until, latest) = (Timestamp::MAX, Timestamp::MAX);
        let step = LifecycleStep::Opened { request, until, latest };
        let event = LifecycleEvent::new(sequence, now(), RequestId(sequence), step);
        open.replay(&event).unwrap();
    }
    open
}

#[test]
fn many_requests_are_open() {
    let lookups = |open: OpenRequests| {
        let side = f64::from(u32::try_from(open.open_at(now()).count()).unwrap()).sqrt();
        for number in 0..20_000_u32 {
            let (east, north) = (f64::from(number % 141), f64::from(number / 141));
            let along = |at: f64| (at / 142.0 * (side - 2.0)).floor() * 1e-3 + 2e-4;
            let position = Position::new(10.0 + along(east), 50.0 + along(north)).unwrap();
            assert_eq!(open.touched_by([position], now()).len(), 1);
        }
        open
    };
    grows("changes among open requests", 1_000, LOGARITHMIC, standing, lookups);
    grows("requests opened", 1_000, NEARLY_LINEAR, |number| number, standing);
    let end = |mut open: OpenRequests| {
        for id in 0..200 {
            open.resolve(RequestId(id), now()).unwrap();
        }
        open
    };
    grows("200 open requests end", 1_000, NEARLY_LINEAR, standing, end);
}

/// The ledger of an agency that asked about many squares side by side.
fn ledger(number: u32) -> String {
    let mut outcomes = Outcomes::new(AgencyId(1));
    for (square, id) in squares(number).zip(0..) {
        let area = Area::new(&one(square, vec![])).unwrap();
        let authorized = reviewed(&Policy::without_limits_or_anonymity(), &request(1, area));
        outcomes.open(RequestId(id), &authorized, ReleaseMode::Pooled).unwrap();
    }
    serde_json::to_string(&outcomes).unwrap()
}

#[test]
fn a_ledger_of_many_requests_is_read() {
    grows("outcomes read", 1_000, NEARLY_LINEAR, ledger, |text| {
        serde_json::from_str::<Outcomes>(&text).unwrap()
    });
    // All requests are for one square: each repeats the first.
    let at_one_place = |number: u32| {
        let text = ledger(1);
        let (before, rest) = text.split_once(r#"{"id":0"#).unwrap();
        let (request, after) = rest.rsplit_once("],\"pools\"").unwrap();
        let requests: Vec<String> =
            (0..number).map(|id| format!(r#"{{"id":{id}{request}"#)).collect();
        format!("{before}{}],\"pools\"{after}", requests.join(","))
    };
    grows("outcomes of one place read", 1_000, NEARLY_LINEAR, at_one_place, |text| {
        serde_json::from_str::<Outcomes>(&text).unwrap()
    });
}
