//! The example's attacks on what is published and on the state that requests share: no guess is right more often
//! than the stated bound, and nobody burns a quarter for long.

#[path = "../../examples/attack/combined.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod combined;
#[path = "../../examples/attack/coverages.rs"]
mod coverages;
#[path = "../../examples/attack/desk.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod desk;
#[path = "../../examples/attack/disclosures.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod disclosures;
#[path = "../../examples/attack/registered.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod registered;
#[path = "../../examples/attack/shared_state.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod shared_state;

use canvass::coverage::Coverage;
use disclosures::Guessed;

fn is_within_its_bound(guessed: &Guessed) {
    let (low, _) = guessed.interval();
    println!("{}", guessed.row());
    // The whole interval above the bound would be more than chance.
    assert!(low <= guessed.bound, "{}", guessed.row());
    assert!(guessed.of >= 20, "{}", guessed.row());
}

#[test]
fn no_guess_beats_its_stated_bound() {
    let guessed = disclosures::all(60).unwrap();
    assert_eq!(guessed.len(), 8);
    guessed.iter().for_each(is_within_its_bound);
}

/// The third is the documented limit: where two agencies have used up the week's asks, a third sees that.
#[test]
fn shared_state_reveals_no_more_than_stated() {
    let guessed = shared_state::guesses(60).unwrap();
    guessed.iter().for_each(is_within_its_bound);
    let shares: Vec<f64> = guessed.iter().map(Guessed::share).collect();
    assert!(shares.len() == 3 && shares[2] > 0.9, "{shares:?}");
}

/// The fourth is the documented limit: with ten households nobody is asked, and with eleven all are.
#[test]
fn combined_attacks_reveal_no_more_than_stated() {
    let guessed = combined::all(30).unwrap();
    guessed.iter().for_each(is_within_its_bound);
    let shares: Vec<f64> = guessed.iter().map(Guessed::share).collect();
    assert!(shares.len() == 6 && shares[3] > 0.6, "{shares:?}");
}

/// E1 by the exact sum, and by a play whose whole interval is below the bound: each of the two coverages
/// shifts the odds by 2.
#[test]
fn a_count_from_two_coverages_is_within_its_bound() {
    let exactly = coverages::exactly(5..25);
    let played = coverages::successive(40_000).unwrap();
    println!("{} {exactly}", played.row());
    let (low, high) = played.interval();
    assert!(low <= exactly && exactly <= high, "{} {exactly}", played.row());
    assert!(high < played.bound, "{}", played.row());
    // However little the attacker knows: far from the ends of a range it is 3 in 11, as computed by hand.
    let (wide, by_hand) = (coverages::exactly(5..180), 3.0 / 11.0);
    assert!((wide - by_hand).abs() < 2e-3, "{wide}");
    // That no mechanism of two coverages could exceed, by its epsilon alone.
    let neighbours: f64 = (1..60).map(|d| (-2.0 * Coverage::EPSILON * f64::from(d)).exp()).sum();
    assert!(wide < 1.0 / (1.0 + 2.0 * neighbours));
}

/// A1, in the three towns of the red team: without the rule each registered house rings, with it none does.
#[test]
fn ten_sharers_and_one_house_never_ring() {
    for rung in registered::sharers_and_a_house(60, 5).unwrap() {
        assert_eq!((rung.houses, rung.rang), (60, 0), "{}", rung.row());
    }
    for rung in registered::sharers_and_a_house(60, 0).unwrap() {
        let share = 100.0 * f64::from(rung.rang) / f64::from(rung.houses);
        assert!((share - f64::from(rung.registered)).abs() < 6.0, "{}", rung.row());
        assert_eq!(rung.rang, rung.right);
    }
}

/// The documented cost of refusals that name a place: an edge to a metre, and each step is in the log.
#[test]
fn an_edge_of_a_named_place_takes_several_refusals() {
    let (refusals, metres) = combined::refusals_to_find_an_edge().unwrap();
    assert!((3..=10).contains(&refusals) && metres < 1.0, "{refusals} {metres}");
}

#[test]
fn a_burnt_quarter_has_outcomes_again_and_blocks_nothing() {
    let burnt = shared_state::burning(20).unwrap();
    for row in &burnt {
        println!("{}", row.row());
        assert_eq!((row.of, row.blocked), (20, 0), "{}", row.row());
    }
    let own: Vec<bool> = burnt.iter().map(|row| 100 * row.own >= 95 * row.of).collect();
    // The fourth is the documented limit: budgets that were spent by asking come back after a quarter.
    assert_eq!(own, [true, true, true, false, true, true]);
}
