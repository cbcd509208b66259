//! Records in JSON: a record that is read is written so that it reads back equal, and no object in
//! it may be a list of its values.

use std::fmt::Debug;

use canvass::outcome::Outcomes;
use canvass::{
    Agency, Camera, CaseFile, Change, Consent, LifecycleEvent, OpenRequests, Policy, Request,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Reached;
use crate::areas::holds;

/// Reads each input as every record that a service reads.
pub fn records(bytes: &[u8]) -> Reached {
    let requests = same::<Request>(bytes).inspect(|request| holds(&request.area)).is_some();
    let agencies = same::<Agency>(bytes).is_some();
    let others = [
        same::<Change>(bytes).is_some(),
        same::<Policy>(bytes).is_some(),
        same::<Consent>(bytes).is_some(),
        same::<Camera>(bytes).is_some(),
        same::<CaseFile>(bytes).is_some(),
        same::<LifecycleEvent>(bytes).is_some(),
        same::<OpenRequests>(bytes).is_some(),
        same::<Outcomes>(bytes).is_some(),
        same::<Vec<Change>>(bytes).is_some(),
    ];
    if requests || agencies || others.contains(&true) { Reached::Checked } else { Reached::Refused }
}

fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let record: T = serde_json::from_slice(bytes).ok()?;
    let text = serde_json::to_string(&record).expect("a record that was read can be written");
    let again: T = serde_json::from_str(&text).expect("a written record can be read");
    assert_eq!(again, record);
    assert_eq!(serde_json::to_string(&again).expect("written before"), text);
    let mut tree: Value = serde_json::from_str(&text).expect("JSON");
    if let Value::Object(members) = &mut tree {
        // An enum of one variant and a record are objects; lists are refused for both.
        let values: Vec<Value> =
            std::mem::take(members).into_iter().map(|(_, value)| value).collect();
        let listed = Value::from(values);
        assert!(
            serde_json::from_value::<T>(listed.clone()).is_err(),
            "{listed} is read by position"
        );
    }
    Some(record)
}
