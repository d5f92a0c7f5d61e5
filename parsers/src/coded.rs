//! Enums that are stored and exchanged by a stable lower-case code; with the feature `serde`, they
//! are serialised by it.

/// Defines an enum with `ALL`, `as_str`, `from_code`, `read_code`, `Display`, and serde by the same
/// codes. The list is open: a code of a later version reads as `Unknown`, the last value in order.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name {
            $($(#[$vdoc])* #[cfg_attr(feature = "serde", serde(rename = $code))] $variant,)*
            /// A code of a later version.
            #[cfg_attr(feature = "serde", serde(rename = "unknown", other))]
            Unknown,
        }

        impl $name {
            /// Every value that this version knows, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the stable code, as stored and exchanged; `unknown` for a code of a later
            /// version.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* Self::Unknown => "unknown" }
            }

            /// Reads a stable code; `None` when this version does not know it.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// Reads a code that a database holds.
            #[must_use]
            pub fn read_code(code: &str) -> Self {
                Self::from_code(code).unwrap_or(Self::Unknown)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use coded;
