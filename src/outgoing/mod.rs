//! Files that go back to a sender: the ARL of a deposit, the 580 of AMC rejects, and their
//! delivery into the drop directory. Knows neither gRPC nor the command line.

pub mod deliver;
pub mod rejects;
