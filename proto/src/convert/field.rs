//! How one value of the chain becomes one field of a message, and back: values first, then what
//! holds values, then the macros that put messages together from fields.

use ballast_primitives::{Address, Hash, PublicKey, Signature};

use super::{ConvertError, Wire, read_hash, read_key, read_signature, read_total};

/// A value that a `W` shows.
pub trait Field<W>: Sized {
    fn show(&self, wire: &Wire) -> W;

    /// Reads what [`Self::show`] wrote; `field` is the name to blame.
    fn read(wire: &Wire, field: &'static str, shown: &W) -> Result<Self, ConvertError>;
}

macro_rules! as_is {
    ($($value:ty)*) => {$(
        impl Field<Self> for $value {
            fn show(&self, _: &Wire) -> Self {
                self.clone()
            }

            fn read(_: &Wire, _: &'static str, shown: &Self) -> Result<Self, ConvertError> {
                Ok(shown.clone())
            }
        }
    )*};
}

as_is! { bool u8 u32 u64 String }

/// Protobuf has no integers below 32 bits.
macro_rules! widened {
    ($($value:ty)*) => {$(
        impl Field<u32> for $value {
            fn show(&self, _: &Wire) -> u32 {
                u32::from(*self)
            }

            fn read(_: &Wire, field: &'static str, shown: &u32) -> Result<Self, ConvertError> {
                let too_large = |_| ConvertError::new(field, format!("is above {}", Self::MAX));
                Self::try_from(*shown).map_err(too_large)
            }
        }
    )*};
}

widened! { u8 u16 }

impl Field<String> for u128 {
    fn show(&self, _: &Wire) -> String {
        self.to_string()
    }

    fn read(_: &Wire, field: &'static str, shown: &String) -> Result<Self, ConvertError> {
        read_total(field, shown)
    }
}

impl Field<String> for Address {
    fn show(&self, wire: &Wire) -> String {
        wire.address(self)
    }

    fn read(wire: &Wire, field: &'static str, shown: &String) -> Result<Self, ConvertError> {
        wire.read_address(field, shown)
    }
}

impl Field<String> for Hash {
    fn show(&self, _: &Wire) -> String {
        self.to_string()
    }

    fn read(_: &Wire, field: &'static str, shown: &String) -> Result<Self, ConvertError> {
        read_hash(field, shown)
    }
}

impl Field<String> for PublicKey {
    fn show(&self, _: &Wire) -> String {
        self.to_string()
    }

    fn read(_: &Wire, field: &'static str, shown: &String) -> Result<Self, ConvertError> {
        read_key(field, shown)
    }
}

impl Field<Vec<u8>> for Signature {
    fn show(&self, _: &Wire) -> Vec<u8> {
        self.0.to_vec()
    }

    fn read(_: &Wire, field: &'static str, shown: &Vec<u8>) -> Result<Self, ConvertError> {
        read_signature(field, shown)
    }
}

/// A country code.
impl Field<String> for [u8; 2] {
    fn show(&self, _: &Wire) -> String {
        self.iter().copied().map(char::from).collect()
    }

    fn read(_: &Wire, field: &'static str, shown: &String) -> Result<Self, ConvertError> {
        let letters = shown.chars().map(u8::try_from).collect::<Result<Vec<_>, _>>();
        let letters = letters.ok().and_then(|letters| letters.try_into().ok());
        letters.ok_or_else(|| ConvertError::new(field, "is not a code of two letters"))
    }
}

/// What may be absent and is text is empty then.
macro_rules! empty_for_none {
    ($($value:ty)*) => {$(
        impl Field<String> for Option<$value> {
            fn show(&self, wire: &Wire) -> String {
                self.as_ref().map(|value| value.show(wire)).unwrap_or_default()
            }

            fn read(
                wire: &Wire,
                field: &'static str,
                shown: &String,
            ) -> Result<Self, ConvertError> {
                if shown.is_empty() { Ok(None) } else { Field::read(wire, field, shown).map(Some) }
            }
        }
    )*};
}

empty_for_none! { Address Hash }

impl<T: Field<W>, W> Field<W> for Box<T> {
    fn show(&self, wire: &Wire) -> W {
        T::show(self, wire)
    }

    fn read(wire: &Wire, field: &'static str, shown: &W) -> Result<Self, ConvertError> {
        T::read(wire, field, shown).map(Self::new)
    }
}

impl<T: Field<W>, W> Field<Option<W>> for Option<T> {
    fn show(&self, wire: &Wire) -> Option<W> {
        self.as_ref().map(|value| value.show(wire))
    }

    fn read(wire: &Wire, field: &'static str, shown: &Option<W>) -> Result<Self, ConvertError> {
        shown.as_ref().map(|shown| T::read(wire, field, shown)).transpose()
    }
}

impl<T: Field<W>, W> Field<Vec<W>> for Vec<T> {
    fn show(&self, wire: &Wire) -> Vec<W> {
        self.iter().map(|value| value.show(wire)).collect()
    }

    fn read(wire: &Wire, field: &'static str, shown: &Vec<W>) -> Result<Self, ConvertError> {
        shown.iter().map(|shown| T::read(wire, field, shown)).collect()
    }
}

impl<T: Field<W>, W, const N: usize> Field<Vec<W>> for [T; N] {
    fn show(&self, wire: &Wire) -> Vec<W> {
        self.iter().map(|value| value.show(wire)).collect()
    }

    fn read(wire: &Wire, field: &'static str, shown: &Vec<W>) -> Result<Self, ConvertError> {
        let values: Vec<T> = Field::read(wire, field, shown)?;
        values.try_into().map_err(|_| ConvertError::new(field, format!("has not {N} entries")))
    }
}

/// The message `v1::$name` of `$field`s in scope, each under its own name or under the one after
/// the colon.
macro_rules! show_fields {
    ($wire:ident $name:ident [$($done:tt)*] $field:ident : $shown:ident $(, $($rest:tt)*)?) => {
        show_fields!($wire $name [$($done)* ($field $shown)] $($($rest)*)?)
    };
    ($wire:ident $name:ident [$($done:tt)*] $field:ident $(, $($rest:tt)*)?) => {
        show_fields!($wire $name [$($done)* ($field $field)] $($($rest)*)?)
    };
    ($wire:ident $name:ident [$(($field:ident $shown:ident))*]) => {
        v1::$name { $($shown: Field::show($field, $wire)),* }
    };
}

/// The value of fields read from `$message`.
macro_rules! read_fields {
    ($wire:ident $message:ident $value:tt [$($done:tt)*] $field:ident : $shown:ident $(, $($rest:tt)*)?) => {
        read_fields!($wire $message $value [$($done)* ($field $shown)] $($($rest)*)?)
    };
    ($wire:ident $message:ident $value:tt [$($done:tt)*] $field:ident $(, $($rest:tt)*)?) => {
        read_fields!($wire $message $value [$($done)* ($field $field)] $($($rest)*)?)
    };
    ($wire:ident $message:ident [$($value:tt)*] [$(($field:ident $shown:ident))*]) => {
        $($value)* {
            $($field: Field::read($wire, stringify!($shown), &$message.$shown)?),*
        }
    };
}

/// Structures of the chain, each with the message that shows it: of the same name, or the one
/// after the arrow. A field that either has and the list has not does not compile.
macro_rules! messages {
    ($($value:ident $(=> $name:ident)? { $($fields:tt)* })*) => {
        $(messages!(@names $value [$($name)? $value] $($fields)*);)*
    };
    (@names $value:ident [$name:ident $($rest:ident)?] $($fields:tt)*) => {
        messages!(@one $value $name $($fields)*);
    };
    (@one $value:ident $name:ident $($field:ident $(: $shown:ident)?),* $(,)?) => {
        impl Field<v1::$name> for $value {
            fn show(&self, wire: &Wire) -> v1::$name {
                let Self { $($field),* } = self;
                show_fields!(wire $name [] $($field $(: $shown)?),*)
            }

            fn read(
                wire: &Wire,
                _: &'static str,
                message: &v1::$name,
            ) -> Result<Self, ConvertError> {
                Ok(read_fields!(wire message [Self] [] $($field $(: $shown)?),*))
            }
        }

        required!($value => $name);
    };
}

/// A message inside another may be missing on the wire.
macro_rules! required {
    ($value:ident => $name:ident) => {
        impl Field<Option<v1::$name>> for $value {
            fn show(&self, wire: &Wire) -> Option<v1::$name> {
                Some(self.show(wire))
            }

            fn read(
                wire: &Wire,
                field: &'static str,
                shown: &Option<v1::$name>,
            ) -> Result<Self, ConvertError> {
                let shown = shown.as_ref().ok_or_else(|| ConvertError::missing(field))?;
                Field::read(wire, field, shown)
            }
        }
    };
}

/// Enumerations, variant by variant.
macro_rules! enums {
    ($($value:ident => $name:ident, $what:literal { $($variant:ident),* $(,)? })*) => {$(
        impl Field<i32> for $value {
            fn show(&self, _: &Wire) -> i32 {
                match self { $(Self::$variant => v1::$name::$variant.into()),* }
            }

            fn read(_: &Wire, field: &'static str, shown: &i32) -> Result<Self, ConvertError> {
                match v1::$name::try_from(*shown) {
                    $(Ok(v1::$name::$variant) => Ok(Self::$variant),)*
                    _ => Err(ConvertError::new(field, concat!("names no ", $what))),
                }
            }
        }
    )*};
}

pub(super) use {enums, messages, read_fields, required, show_fields};
