//! Which request asked for some cameras first: it stands for all that ask for the same.

use std::collections::HashMap;

use crate::geometry::Envelope;
use crate::model::{AgencyId, RequestId};
use crate::request::SearchArea;

/// The first request of each agency that asked for an area and its cameras, found by its envelope.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstAskers(HashMap<(AgencyId, Envelope), Vec<(RequestId, SearchArea)>>);

impl FirstAskers {
    /// The first request of an agency that asked for this: the given one, if none did before.
    pub(crate) fn first(
        &mut self,
        agency: AgencyId,
        (id, ground): (RequestId, &SearchArea),
    ) -> RequestId {
        let alike = self.0.entry((agency, ground.0.envelope())).or_default();
        if let Some((first, _)) = alike.iter().find(|(_, known)| known == ground) {
            return *first;
        }
        alike.push((id, ground.clone()));
        id
    }
}
