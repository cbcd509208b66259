//! The example's attacks on what is published and on the state that requests share: no guess is right more often
//! than the stated bound, and nobody burns a quarter for long.

#[path = "../../examples/attack/disclosures.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod disclosures;
#[path = "../../examples/attack/shared_state.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod shared_state;

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
    assert_eq!(guessed.len(), 9);
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
