//! `noemie-gateway`: see `README.md`.

fn main() -> std::process::ExitCode {
    noemie_gateway::cli::main()
}
