//! Prints the tables of guesses: how often each is right, by chance, and at most by its stated bound.

use std::hint::black_box;
use std::time::Instant;

use canvass::{AgencyId, OpenRequests, RequestId};

use super::desk::{Desk, quarter};
use super::disclosures::{Fallible, noon};
use super::{combined, coverages, disclosures, registered, shared_state};

pub(crate) fn print(tries: u32) -> Fallible<()> {
    println!(
        "\n{:<48} {:>8} {:>8} {:>20} {:>8}",
        "guess", "chance", "right", "95 % interval", "bound"
    );
    let coverages = coverages::successive(10 * tries)?;
    let few = disclosures::all(tries)?.into_iter().chain(shared_state::guesses(tries)?);
    for guessed in few.chain([coverages]).chain(combined::all(tries)?) {
        println!("{}", guessed.row());
    }
    println!("E1, summed over the noise: {:.1} % right", 100.0 * coverages::exactly(5..25));
    let wide = coverages::exactly(5..1_000);
    println!("the same where 5 to 999 households are as likely: {:.1} % right", 100.0 * wide);

    println!("\n{:<60} {:>6} {:>9} {:>8}", "a quarter burnt on purpose", "later", "own", "blocked");
    for burnt in shared_state::burning(100)? {
        println!("{}", burnt.row());
    }

    println!(
        "\n{:<60} {:>6} {:>6} {:>6}",
        "ten sharers and one house (A1)", "houses", "rang", "right"
    );
    for rung in registered::sharers_and_a_house(tries, 5)? {
        println!("{}", rung.row());
    }

    let (refusals, metres) = combined::refusals_to_find_an_edge()?;
    println!("\nthe edge of a sensitive place: {refusals} refused reviews, {metres:.2} m off");
    println!("the time of `decide`, 10 households or 40: AUC {:.2}", time_of_decide(tries)?);
    Ok(())
}

/// How often to decide about an area with 40 households takes longer than about one with ten: 0.5 if the time tells
/// nothing.
fn time_of_decide(tries: u32) -> Fallible<f64> {
    let times = |households| {
        let mut desk = Desk::new(households, 0)?;
        let standing = desk.open(AgencyId(1), quarter(0.0)?, 1, noon()?)?;
        let authorized = standing.ok_or("a request that passes")?.authorized;
        let snapshot = desk.registry.snapshot();
        let mut times = Vec::new();
        for _ in 0..tries {
            let mut open = OpenRequests::new(0);
            open.open(RequestId(1), &authorized, noon()?)?;
            let start = Instant::now();
            black_box(open.decide(RequestId(1), &authorized, &snapshot, noon()?)?);
            times.push(start.elapsed());
        }
        Fallible::Ok(times)
    };
    let (few, many) = (times(10)?, times(40)?);
    let mut sorted = few.clone();
    sorted.sort_unstable();
    let longer = many.iter().map(|time| {
        let below = sorted.partition_point(|other| other < time);
        let equal = sorted.partition_point(|other| other <= time) - below;
        below as f64 + equal as f64 / 2.0
    });
    Ok(longer.sum::<f64>() / (few.len() * many.len()) as f64)
}
