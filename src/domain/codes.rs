//! Enums whose values have a stable code, stored and exchanged, and a French label.

/// Declares an enum of codes that are closed: an unknown code is an error of its reader.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable code, as stored and exchanged.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Returns the French label for a professional.
            #[must_use]
            pub const fn libelle(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// Returns the value of a stable code; `None` for an unknown one.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use coded;

/// Declares an enum of codes that later versions may extend: a code that this version does not know
/// reads as `Unknown`. No transition leads to or from `Unknown`, and it is never written.
macro_rules! open_coded {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal, $label:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)*
            /// A code of a later version.
            #[serde(rename = "unknown", other)]
            Unknown,
        }

        impl $name {
            /// Every value that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable code, as stored and exchanged; `unknown` for a code of a later
            /// version.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unknown => "unknown" }
            }

            /// Returns the French label for a professional.
            #[must_use]
            pub const fn libelle(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::Unknown => "Inconnu de cette version",
                }
            }

            /// Returns the value of a code that a caller gives; `None` for an unknown one.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Returns the value of a code read from the database; `Unknown` for an unknown one.
            #[must_use]
            pub fn read_code(code: &str) -> Self {
                Self::from_code(code).unwrap_or(Self::Unknown)
            }
        }
    };
}
pub(crate) use open_coded;
