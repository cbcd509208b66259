//! Which names of owners and cameras are one name in the route example.

use std::borrow::Cow;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::route_tool::tool::camera_file::canonical::canonical;
use crate::route_tool::{JSON, ids, refusal, run};

const HEADER: &str = "id,lon,lat,owner\n";

/// A file of two cameras in the area, each with an id and an owner.
fn file(rows: [(&str, &str); 2]) -> String {
    rows.into_iter().fold(HEADER.to_owned(), |text, (id, owner)| {
        text + &format!("{id},-73.975,40.765,{owner}\n")
    })
}

#[test]
fn names_that_look_the_same_are_one_owner() {
    for (one, other) in [
        ("M\u{fc}ller", "Mu\u{308}ller"),
        ("\u{e9}cole 7", "e\u{301}cole\u{a0}7"),
        ("Jane Doe", "Jane\u{a0}Doe"),
        ("Jane Doe", "Jane\u{202f}Doe"),
        ("\u{1e69}", "s\u{307}\u{323}"),
        ("\u{212b}", "A\u{30a}"),
        ("\u{ac00}", "\u{1100}\u{1161}"),
    ] {
        let ran = run(&file([("1", one), ("2", other)]), &JSON);
        assert_eq!(ids(&ran), [1, 2], "{one} {other}");
        assert!(ran.out.contains("\"owners\":1"), "{one} {other}: {}", ran.out);
        let twice = refusal(file([(one, "7"), (other, "8")]), &JSON);
        assert!(twice.starts_with("<stdin>:3: column id"), "{twice}");
        assert!(twice.contains("is also the id in line 2"), "{twice}");
    }
    // Names that only resemble each other are two.
    for (one, other) in [("\u{2460}", "1"), ("o", "\u{f6}"), ("Jane Doe", "JANE DOE")] {
        let ran = run(&file([("1", one), ("2", other)]), &JSON);
        assert!(ran.out.contains("\"owners\":2"), "{one} {other}: {}", ran.out);
    }
}

#[test]
fn an_owner_without_a_name_is_named_as_the_camera() {
    let ran = run(&file([("1", ""), ("2", "")]), &JSON);
    assert!(ran.out.contains("\"owners\":2"), "{}", ran.out);
    for (one, other) in [(("1", ""), ("2", "1")), (("2", "1"), ("1", ""))] {
        let ran = run(&file([one, other]), &JSON);
        assert!(ran.out.contains("\"owners\":1"), "{}", ran.out);
    }
}

fn letters() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        any::<char>(),
        Just('e'),
        Just('\u{301}'),
        Just('\u{308}'),
        Just('\u{a0}'),
        Just(' '),
        Just('\u{3000}'),
    ];
    proptest::collection::vec(letter, 0..8).prop_map(String::from_iter)
}

proptest! {
    /// Each spelling of a name by the rules of Unicode has one canonical form, which is its own.
    #[test]
    fn spellings_of_a_name_have_one_form(name in letters()) {
        let Ok(form) = canonical(&name).map(Cow::into_owned) else { return Ok(()) };
        let [composed, apart] = [name.nfc().collect::<String>(), name.nfd().collect()];
        for spelling in [&composed, &apart, &form] {
            let found = canonical(spelling).map(Cow::into_owned).ok();
            prop_assert_eq!(found.as_ref(), Some(&form), "{:?}", spelling);
        }
    }
}
