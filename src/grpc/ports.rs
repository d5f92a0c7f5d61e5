//! What the edge asks of the rooms behind it and cannot name itself: the room joins this port in
//! `app`.

use crate::ingest::{Deposit, IngestError, Receipt};
use async_trait::async_trait;
use futures::Stream;
use noemie_xray::Report;

/// The bytes of an upload, in order, as they arrive. The error of a broken upload ends the stream;
/// the edge remembers why and tells the caller.
pub type Chunks<'a> = dyn Stream<Item = std::io::Result<Vec<u8>>> + Send + Unpin + 'a;

/// The door of files. Implementations keep at most one invoice in memory, whatever the size of the
/// file, and stop reading at the first error.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Deposits a file; the receipt is given after the commit. Dropping the future before leaves no
    /// receipt and no claim.
    async fn submit(
        &self,
        deposit: Deposit,
        chunks: &mut Chunks<'_>,
    ) -> Result<Receipt, IngestError>;

    /// Says what a deposit would say, and stores nothing.
    async fn validate(
        &self,
        file_name: &str,
        chunks: &mut Chunks<'_>,
    ) -> Result<Report, IngestError>;
}
