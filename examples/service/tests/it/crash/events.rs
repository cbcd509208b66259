//! A reader that follows the events of requests and replays them.

use canvass::{LifecycleEvent, OpenRequests, RequestId};
use serde_json::{Value, json};

use crate::support::{OPERATOR, Service};

/// Every event read so far, and the state that they give.
#[derive(Debug)]
pub struct Follower {
    read: Vec<Value>,
    pub open: OpenRequests,
}

impl Follower {
    pub fn new() -> Self {
        Self { read: Vec::new(), open: OpenRequests::new(1) }
    }

    /// Reads further events. The library refuses gaps and impossible events.
    pub fn follow(&mut self, service: &Service) {
        loop {
            let page = page(service, self.read.len() as u64);
            if page.is_empty() {
                return;
            }
            for event in &page {
                let event: LifecycleEvent = serde_json::from_value(event.clone()).unwrap();
                self.open.replay(&event).unwrap();
            }
            self.read.extend(page);
            assert_eq!(
                self.read.len() as u64,
                self.open.next_sequence() - 1,
                "an event came twice"
            );
        }
    }

    /// Asserts that events from the first on equal those read before; returns their number.
    pub fn read_again(&self, service: &Service) -> usize {
        let mut all = Vec::new();
        loop {
            let page = page(service, all.len() as u64);
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        assert_eq!(all, self.read);
        all.len()
    }

    /// Asserts that a request has the state that its agency got.
    pub fn compare(&self, told: &Value) {
        let opened = self.open.get(RequestId(told["id"].as_u64().unwrap())).unwrap();
        let state = opened.state(self.open.last_event_at().unwrap());
        assert_eq!(
            (json!(state), json!(opened.open_until())),
            (told["state"].clone(), told["open_until"].clone())
        );
    }
}

fn page(service: &Service, after: u64) -> Vec<Value> {
    let page = service.get(OPERATOR, &format!("/v1/events?after={after}")).expect(200);
    page["events"].as_array().unwrap().clone()
}
