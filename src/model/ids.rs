//! Numbers that the operator gives to agencies, cameras, owners and requests.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The operator's number for an agency.
    AgencyId
}
id! {
    /// The operator's number for a camera.
    CameraId
}
id! {
    /// The operator's number for an owner: the household that is asked, once per request.
    OwnerId
}
id! {
    /// The operator's number for a request that was opened.
    RequestId
}
