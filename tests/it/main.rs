//! The integration tests: one binary, a module for each topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, unreachable_pub, reason = "nobody reads the documentation of tests")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
#![allow(clippy::wildcard_imports, reason = "helpers are one word")]
#![allow(clippy::print_stdout, reason = "a test that measures prints its figures")]

mod adopters;
mod area;
mod area_formats;
mod area_laws;
mod attack;
mod attack_disclosures;
mod audit;
mod audit_batches;
mod audit_entries;
mod bulletin;
mod bulletin_cells;
mod bulletin_edits;
mod by_name;
mod case_file;
mod cases;
mod codes;
mod concurrency;
mod concurrent_writers;
mod conformance;
mod consent;
mod consent_edges;
mod coverage;
mod coverage_attack;
mod covering;
mod facing;
mod facing_kept;
mod footage;
mod growing;
mod guard;
mod guard_refusals;
mod instants;
mod kept_folder;
mod meeting;
mod notice;
mod notice_rules;
mod notice_sentences;
mod open_requests;
mod open_requests_events;
mod open_requests_naive;
mod open_requests_plan;
mod open_requests_refused;
mod open_requests_touched;
mod open_requests_twin;
mod oracle;
mod outcome;
mod outcome_kept;
mod outcome_twin;
mod parts;
#[cfg(feature = "sealed-parts")]
mod parts_sealed;
mod places;
mod places_spared;
mod policy;
mod policy_cases;
mod policy_checked;
mod quiet;
mod quiet_kept;
mod quiet_routes;
mod random;
mod readers;
mod readme;
mod records;
mod registry;
mod registry_changes;
mod registry_long;
mod registry_sizes;
mod review_time;
mod route_areas;
mod route_csv;
mod route_names;
mod route_tool;
mod routing;
mod routing_laws;
mod seeing_into;
mod sharers;
mod standing_requests;
mod stated;
mod support;
mod texts;
mod tiles;
mod tiles_hostile;
mod tiles_log;
mod time;
#[cfg(feature = "tracing")]
mod traced;
mod trees;
mod turns;
mod types;
mod width;
mod writer_table;
mod zone_names;
