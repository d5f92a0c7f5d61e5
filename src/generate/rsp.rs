//! stub
use super::GenerateError;
use std::io::{Read, Write};
/// o
#[derive(Debug, Clone)]
pub struct RspOptions {}
/// s
#[derive(Debug, Clone)]
pub struct RspSummary {}
/// r
pub fn rsp(_dre: impl Read, _options: &RspOptions, _out: impl Write) -> Result<RspSummary, GenerateError> {
    Err(GenerateError::Options("todo"))
}
