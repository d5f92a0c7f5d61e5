//! Money: what returns, notices and workers tell about invoices, in files that the generator of the
//! gateway did not write.

mod cases;
pub mod hand;
mod held;
mod model;
mod near;
mod orders;
mod payers;
mod reasons;
mod transfers;
mod transfers_edges;
mod workers;
