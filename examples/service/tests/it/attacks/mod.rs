//! Attacks and accidents beside the known ones: against connections, callers and folders.

mod bodies;
mod callers;
mod folder;
mod full_disk;
mod import;
mod signals;
mod targets;
