//! Compiles `proto/` with protox: no `protoc` to install. The descriptor set, comments included, is
//! kept for reflection.

use prost::Message as _;
use std::path::PathBuf;

const PROTOS: [&str; 6] =
    ["exchange", "dre_status", "claim_work", "claim_event", "conventionnement", "return_match"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    // `sqlx::migrate!` embeds the folder and does not see new files by itself.
    println!("cargo:rerun-if-changed=migrations");
    let files = PROTOS.map(|name| format!("proto/noemie/gateway/v1/{name}.proto"));
    let descriptors = protox::compile(files, ["proto"])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("noemie_gateway_v1.bin");
    std::fs::write(out, descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .codec_path("crate::grpc::codec::StrictCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
