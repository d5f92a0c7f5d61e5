//! The logical files of a physical file.

/// A logical file (000 to 999) inside an exchange, with the fields by which a remittance is
/// recognised when it comes again (control C5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogicalFile {
    /// Rank in the exchange, 1-based.
    pub ordinal: u32,
    /// Type and number of the sender (000, 4-19).
    pub issuer: String,
    /// Type and number of the receiver (000, 26-41).
    pub recipient: String,
    /// Zone message or reference of the exchange, trimmed.
    pub message: String,
    /// Identification of the file (000, 50-55).
    pub file_id: String,
    /// Creation date as sent (6 digits).
    pub created: String,
    /// Norm of the header (000, 62-65), trimmed.
    pub norm: String,
}
