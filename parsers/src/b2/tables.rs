//! The registry of the tables of norm B2: every record, every variant, in the order of the norm.
//!
//! The documentation walks it; [`super::genre::Tables::layout`] chooses in it. A test counts the
//! tables stated in the sources, so that none stays out.

use super::{
    t000, t1, t2, t2b, t2c, t2m, t2p, t2s, t2x, t3, t3e, t3f, t3h, t3s, t4, t4b, t4c, t4d, t4e,
    t4f, t4h, t4m, t4p, t4s, t4t, t4u, t5, t6, t999,
};
use crate::layout::Layout;

/// Every table.
pub static TABLES: &[&Layout] = &[
    &t000::layout::LAYOUT,
    &t1::layout::LAYOUT,
    &t2::ps::LAYOUT,
    &t2::cp::LAYOUT,
    &t2s::ps::LAYOUT,
    &t2s::cp::LAYOUT,
    &t2b::layout::LAYOUT,
    &t2c::layout::LAYOUT,
    &t2m::v2007::LAYOUT,
    &t2p::v2007::LAYOUT,
    &t2p::dre2009::LAYOUT,
    &t2x::dre2009::LAYOUT,
    &t3::cp::LAYOUT,
    &t3s::cp::LAYOUT,
    &t3e::cp::LAYOUT,
    &t3f::v2005e::LAYOUT,
    &t3f::v022003::LAYOUT,
    &t3h::v2005e::LAYOUT,
    &t4::ps::LAYOUT,
    &t4::cp::LAYOUT,
    &t4s::v2005e::LAYOUT,
    &t4e::layout::LAYOUT,
    &t4b::layout::LAYOUT,
    &t4c::v2007::LAYOUT,
    &t4d::v2007::LAYOUT,
    &t4f::layout::LAYOUT,
    &t4h::v2005e::LAYOUT,
    &t4m::layout::LAYOUT,
    &t4p::partiel::LAYOUT,
    &t4t::layout::LAYOUT,
    &t4u::layout::LAYOUT,
    &t5::ps::LAYOUT,
    &t5::cp::LAYOUT,
    &t6::layout::LAYOUT,
    &t999::layout::LAYOUT,
];
