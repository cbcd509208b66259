//! Spans and events of decisions, with the feature `tracing`: names, fields, and nothing about people.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use canvass::{AgencyId, CaseFile, Change, OwnerId, Policy, Registry};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::*;

/// Writes each span and event as a line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl Lines {
    fn line(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut dyn Visit)) {
        assert_eq!(metadata.target(), "canvass");
        let mut lines = self.0.lock().unwrap();
        if metadata.is_span() {
            lines.push_str(metadata.name());
        }
        record(&mut Fields(&mut lines));
        lines.push('\n');
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.line(span.metadata(), |visit| span.record(visit));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.line(event.metadata(), |visit| event.record(visit));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn decisions_are_traced_without_owners_places_and_cases() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        let registry = Registry::new();
        let cameras = [71, 72].map(|id| Change::Register(camera_at(id, id, place((10, 50), 1, 1))));
        let granted = [71, 72].map(grant);
        registry.apply(cameras.into_iter().chain(granted)).unwrap();
        registry.apply([Change::Remove { camera: canvass::CameraId(73) }]).unwrap_err();
        registry
            .apply([Change::RecordAsked { owner: OwnerId(71), agency: None, at: noon() }])
            .unwrap();
        let request = asking(square(9.9, 49.9, 10.1, 50.1)).with_case("26-0117");
        let file = CaseFile::new(AgencyId(1));
        let authorized = Policy::without_limits_or_anonymity()
            .review(&request, &agency(), &file, noon())
            .unwrap();
        let snapshot = registry.snapshot();
        assert_eq!(owners(&snapshot.route(authorized.assume_open(), noon())), [71, 72]);
        assert_eq!(snapshot.route_batch(&[authorized.assume_open()], noon()).len(), 1);
        let few = Policy::without_limits_or_anonymity().with_max_parts(0).with_max_vertices(0);
        few.review(&request, &agency(), &file, noon()).unwrap_err();
    });
    let lines = lines.0.lock().unwrap();
    let expected = "apply changes=4
 message=applied revision=1
apply changes=1
 message=applied refused=\"not_registered\"
apply changes=1
 message=applied revision=2
review agency=1 policy=\"unlimited\"
 message=authorized
route revision=2
 message=routed owners=2 cameras=2
route_batch revision=2 requests=1
review agency=1 policy=\"unlimited\"
 message=refused codes=[\"too_many_vertices\", \"too_many_parts\"]
";
    assert_eq!(*lines, expected);
}
