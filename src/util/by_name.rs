//! Records are read by the names of their fields only.
//!
//! Serde's derive also reads a record from a list of its values in order, so that swapping `id`
//! and `owner` in `[1, 2, ...]` goes unnoticed. A type with `#[serde(crate = "crate::util::by_name")]` refuses
//! lists, and numbers in the place of names: the code that the derive writes for it asks this module
//! for a struct or an enum where it would ask serde, and gets serde's answer with the visitor of each
//! record in [`Named`]. All else here is serde. `tests/it/by_name.rs` finds records without the attribute.

use std::fmt;

pub(crate) use serde::*;

use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected};
use serde::de::{VariantAccess, Visitor};

/// The part of serde's trait of this name that the derive calls for records.
pub trait Deserializer<'de>: serde::Deserializer<'de> {
    /// Reads a record, but no list.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        serde::Deserializer::deserialize_struct(self, name, fields, Named(visitor))
    }

    /// Reads a variant; a record in it from no list.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        serde::Deserializer::deserialize_enum(self, name, variants, NamedEnum(visitor))
    }

    /// Reads the name of a field or of a variant, but not its number.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        serde::Deserializer::deserialize_identifier(self, Name(visitor))
    }
}

impl<'de, D: serde::Deserializer<'de>> Deserializer<'de> for D {}

/// Visits a record by the names of its fields.
struct Named<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Named<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<V::Value, A::Error> {
        let expected = format!("{} with the names of its fields", Expected(&self.0));
        Err(Error::invalid_type(Unexpected::Seq, &expected.as_str()))
    }
}

/// Visits the name of a field or of a variant. Formats with keys of any type, such as CBOR, may have
/// a number instead, which the derive takes for a position.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field or of a variant")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_str(name)
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<V::Value, E> {
        self.0.visit_bytes(name)
    }
}

struct Expected<'a, V>(&'a V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

/// Visits the variants of an enum.
struct NamedEnum<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for NamedEnum<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(NamedAccess(access))
    }
}

/// Gives access to an enum, and then to the one variant that was named.
struct NamedAccess<A>(A);

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for NamedAccess<A> {
    type Error = A::Error;
    type Variant = NamedAccess<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, variant)| (name, NamedAccess(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for NamedAccess<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Named(visitor))
    }
}
