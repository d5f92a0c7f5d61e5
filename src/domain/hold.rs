//! Why a claim is held back.

use super::codes::open_coded;

open_coded! {
    /// Why a copy of another sender's invoice is not treated.
    Hold {
        /// The desk has not decided.
        Waiting = "waiting", "À examiner";
        /// The desk decided that the copy is not treated.
        Dismissed = "dismissed", "Écartée";
    }
}
