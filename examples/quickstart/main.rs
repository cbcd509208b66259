//! From nothing to a route: a town, a polygon drawn on its map, and the owners to ask.
//!
//! ```text
//! cargo run --release --example quickstart
//! ```
//!
//! `town.rs` makes the town up, and `picture.rs` draws the result.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

mod picture;
#[allow(unreachable_pub, reason = "a crate of its own as well, for the service")]
mod town;

use std::error::Error;

use canvass::jiff::Timestamp;
use canvass::{
    Agency, AgencyId, AgencyKind, Area, Change, Funnel, IncidentKind, OpenRequests, Policy,
    Position, Registry, Request, RequestId,
};

use town::Town;

/// The drawing from the map: positions are longitude and latitude, the ring is closed.
const DRAWN: &str = r#"{ "type": "Polygon", "coordinates": [[
    [-84.95035, 41.12262], [-84.94728, 41.12178], [-84.94380, 41.12262],
    [-84.94017, 41.12336], [-84.94073, 41.12610], [-84.94310, 41.12789],
    [-84.94533, 41.12694], [-84.94840, 41.12862], [-84.95014, 41.12590],
    [-84.95035, 41.12262]
]] }"#;

const PICTURE: &str = "canvass-quickstart.svg";

fn main() -> Result<(), Box<dyn Error>> {
    // The library has no clock: `now` is always an argument.
    let now: Timestamp = "2026-05-04T09:00:00Z".parse()?;

    heading("The registry: a town's cameras, and their owners' consents");
    let town = Town::build(now)?;
    let registry = Registry::bulk_load(&town.cameras, town.consents.clone())?;
    // Later changes come as lists, each applied whole or not at all.
    let snapshot = registry.apply(town.asked_before.clone())?;
    println!("{:>7} houses along {} streets", town.houses.len(), town.streets.len());
    println!("{:>7} cameras", snapshot.cameras());
    println!("{:>7} owners who answered; silence is a no", town.consents.len());

    heading("A request that asks too much: everything wrong with it, at once");
    let agency = Agency::new(AgencyId(1), "Ashford Police Department", AgencyKind::Local)
        .with_jurisdiction(Area::from_bounds(-84.97, 41.11, -84.92, 41.14)?);
    // The zone of owners who named none: nobody is disturbed at night.
    let policy = Policy::in_zone("America/Indiana/Indianapolis".parse()?);
    let mut open = OpenRequests::new(0);
    let far_and_wide = Request::new(
        agency.id,
        IncidentKind::Burglary,
        Area::from_circle(Position::new(-84.945, 41.125)?, 3_000.0)?,
        "2026-05-01T00:00:00Z/2026-05-05T00:00:00Z".parse()?,
    );
    match policy.review(&far_and_wide, &agency, &open.case_file(agency.id), now) {
        Ok(_) => println!("  authorised"),
        Err(violations) => {
            for violation in &violations {
                println!("  {:<23} {violation}", violation.code());
            }
        }
    }

    heading("The same case, with care: a polygon, an evening, a name to call");
    let request = Request::new(
        agency.id,
        IncidentKind::Burglary,
        Area::from_geojson(DRAWN)?,
        "2026-05-01T20:00:00Z/2026-05-02T02:00:00Z".parse()?,
    )
    .with_case("AS-2026-0417")
    .with_contact("Sgt. Ames, +1 555 0100");
    let authorized = policy.review(&request, &agency, &open.case_file(agency.id), now)?;
    println!(
        "  area    {:.2} km2, {} vertices",
        request.area.size_m2() / 1e6,
        request.area.vertices()
    );
    println!("  window  {}", request.window);
    println!("  policy  {} accepts it", authorized.policy_version());

    heading("The funnel: where the cameras fall (the operator's, never the agency's)");
    print_funnel(&snapshot.funnel(&authorized, now), snapshot.cameras());

    heading("The route: whose door we knock on (the operator's)");
    // Only a request that is open asks anybody. A service stores the events that each step returns.
    let id = RequestId(1);
    open.open(id, &authorized, now)?;
    open.decide(id, &authorized, &snapshot, now)?;
    let route = open.due(id, &authorized, &snapshot, now)?;
    println!("  owner   cameras");
    for recipient in route.recipients().take(5) {
        let cameras: Vec<String> = recipient.cameras.iter().map(ToString::to_string).collect();
        println!("  {:<7} {}", recipient.owner.to_string(), cameras.join(", "));
    }
    println!("  ... {} owners, {} cameras", route.owners(), route.cameras().len());

    heading("The receipt: all that the agency sees, whoever is asked");
    println!("{}", serde_json::to_string_pretty(&route.receipt())?);

    heading("An owner withdraws before we send");
    let first = route.recipients().next().ok_or("nobody to ask")?.owner;
    let newer = registry.apply([Change::Withdraw { owner: first }])?;
    let standing = open.standing(id, &authorized, now)?.ok_or("the request has ended")?;
    let kept = route.recheck(standing, &newer, now)?;
    println!("  route    revision {}: {} owners", route.revision(), route.owners());
    println!("  recheck  revision {}: {} owners, without {first}", kept.revision(), kept.owners());

    heading("The picture, after the recheck");
    let funnel = newer.funnel(&authorized, now);
    std::fs::write(PICTURE, picture::draw(&town, &kept, &funnel)?)?;
    println!("  {}", std::path::absolute(PICTURE)?.display());
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn print_funnel(funnel: &Funnel, cameras: usize) {
    let row = |what: &str, number: usize, bar: char| {
        let width = (number * 40).div_ceil(funnel.in_area().max(1)).min(40);
        let bar: String = std::iter::repeat_n(bar, width).collect();
        println!("  {what:<24} {number:>5}  {bar}");
    };
    println!("  {:<24} {cameras:>5}", "registered");
    row("in the area", funnel.in_area(), '█');
    for (denial, number) in funnel.denied().filter(|&(_, number)| number > 0) {
        row(&format!("- {denial}"), number, '░');
    }
    row("asked", funnel.asked(), '█');
    println!("  {:<24} {:>5}", "households in the area", funnel.households());
}
