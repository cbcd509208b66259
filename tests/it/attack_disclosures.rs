//! The example's attacks on what is published: no guess is right more often than the stated bound.

#[path = "../../examples/attack/disclosures.rs"]
#[allow(dead_code, reason = "the example prints more")]
mod disclosures;

#[test]
fn no_guess_beats_its_stated_bound() {
    let guessed = disclosures::all(120).unwrap();
    assert_eq!(guessed.len(), 9);
    for guessed in guessed {
        let (low, _) = guessed.interval();
        // The whole interval above the bound would be more than chance.
        assert!(low <= guessed.bound, "{}", guessed.row());
        assert!(guessed.of >= 20, "{}", guessed.row());
    }
}
