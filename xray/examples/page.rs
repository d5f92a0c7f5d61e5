//! Draws a file as one HTML page: `cargo run --example page -- FILE > page.html`.

use noemie_xray::{Options, Xray, html};
use std::fs::File;
use std::io;

fn main() -> io::Result<()> {
    let Some(path) = std::env::args().nth(1) else {
        return Err(io::Error::other("give the file to draw"));
    };
    let mut xray = Xray::open(File::open(&path)?, &path, &Options::default())?;
    // A caller that knows the day and a digest gives them.
    let stamp = html::Stamp { software: "noemie-xray", day: None, digest: "" };
    html::page(&mut io::stdout().lock(), &mut xray, &stamp, &[])
}
