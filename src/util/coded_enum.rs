//! One macro for enums with stable codes: variant and code stand in one line, and every list is derived
//! from those lines, so that a new variant cannot be missing from `ALL` or `CODES`.

/// Declares an enum with a stable `snake_case` code for each variant, or gives codes to an enum that is
/// declared elsewhere.
///
/// To add a variant, add its line: `ALL`, `CODES` and `code` follow.
///
/// Variants without data, declared here. An exhaustive enum lists all of them as an array, `[Self; _]`; one
/// that is `#[non_exhaustive]` as a slice, `&[Self]`, since its length may change without a break.
///
/// ```text
/// coded_enum! {
///     /// Which way.
///     #[derive(Clone, Copy, Debug)]
///     pub enum Direction {
///         /// To the left.
///         Left = "left",
///         /// To the right.
///         Right = "right",
///     }
///     /// Every direction.
///     pub const ALL: [Self; _];
///     /// The direction's stable code.
///     pub fn code;
/// }
/// ```
///
/// Variants with data, declared elsewhere. The compiler refuses a list that lacks one of them.
///
/// ```text
/// coded_enum! {
///     impl Refusal {
///         TooLarge = "too_large",
///         TooOld = "too_old",
///     }
///     /// The codes of all refusals.
///     pub const CODES: &[&str];
///     /// The refusal's stable code.
///     pub fn code;
/// }
/// ```
macro_rules! coded_enum {
    (
        $(#[$of_enum:meta])*
        pub enum $Enum:ident { $($(#[$of_variant:meta])* $Variant:ident = $code:literal,)+ }
        $(#[$of_all:meta])*
        pub const ALL: [Self; _];
        $(#[$of_code:meta])*
        pub fn code;
    ) => {
        $(#[$of_enum])*
        pub enum $Enum { $($(#[$of_variant])* $Variant,)+ }

        impl $Enum {
            $(#[$of_all])*
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$Variant),+];

            $(#[$of_code])*
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$Variant => $code,)+ }
            }
        }
    };
    (
        $(#[$of_enum:meta])*
        pub enum $Enum:ident { $($(#[$of_variant:meta])* $Variant:ident = $code:literal,)+ }
        $(#[$of_all:meta])*
        pub const ALL: &[Self];
        $(#[$of_code:meta])*
        pub fn code;
    ) => {
        $(#[$of_enum])*
        pub enum $Enum { $($(#[$of_variant])* $Variant,)+ }

        impl $Enum {
            $(#[$of_all])*
            pub const ALL: &'static [Self] = &[$(Self::$Variant),+];

            $(#[$of_code])*
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$Variant => $code,)+ }
            }
        }
    };
    (
        impl $Enum:ident { $($Variant:ident = $code:literal,)+ }
        $(#[$of_codes:meta])*
        pub const CODES: &[&str];
        $(#[$of_code:meta])*
        pub fn code;
    ) => {
        impl $Enum {
            $(#[$of_codes])*
            pub const CODES: &'static [&'static str] = &[$($code),+];

            $(#[$of_code])*
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$Variant { .. } => $code,)+ }
            }
        }
    };
}

pub(crate) use coded_enum;
