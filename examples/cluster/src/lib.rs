//! Canvass past one machine: workers that hold parts of a region's owners, a log on NATS JetStream that
//! decides, and a front that merges parts to the route of one registry.
//!
//! In reading order: [`pieces`] (contents larger than a message), [`log`] (which records count, and the engine that keeps them), [`state`] (the registries
//! that records lead to, their checkpoints and their writer), [`placement`] (which process holds which
//! partition), [`roles`] (worker, requests and front, and the calls between them), [`arguments`], and [`local`]
//! (a cluster on one machine).

pub mod arguments;
pub mod local;
pub mod log;
pub mod pieces;
pub mod placement;
pub mod roles;
pub mod state;
