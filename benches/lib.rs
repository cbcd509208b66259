//! Empty: this package only has benches. See its README.
