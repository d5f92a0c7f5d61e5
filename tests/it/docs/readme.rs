//! Transcripts of the README.

use super::*;

#[test]
fn the_transcript_of_the_readme_is_what_the_demo_prints() {
    let dir = tempfile::tempdir().expect("a directory");
    // The name by which `cargo run --release` starts it.
    let output = program()
        .arg0("target/release/noemie-gateway")
        .args(["demo", "--dir"])
        .arg(dir.path())
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout)
        .expect("text")
        .replace(&dir.path().display().to_string(), "/tmp/noemie-gateway-demo");
    check_section("README.md", "demo", &format!("```text\n{printed}```\n"));
}

/// Returns the commands of a transcript: the lines after a prompt.
fn commands_of(file: &str, marker: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(file)).expect("the document");
    let section = text
        .split_once(&format!("<!-- {marker}:begin -->"))
        .and_then(|(_, rest)| rest.split_once(&format!("<!-- {marker}:end -->")))
        .map(|(section, _)| section)
        .unwrap_or_else(|| panic!("{file} has no section {marker}"));
    section.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

#[test]
fn the_examples_of_the_readme_answer_what_it_prints() {
    let dir = tempfile::tempdir().expect("a directory");
    let program_dir = Path::new(PROGRAM).parent().expect("a directory");
    let mut script = String::from("exec 2>&1\n");
    for command in commands_of("README.md", "use") {
        let prompt = format!("$ {command}").replace('\'', "'\\''");
        writeln!(script, "printf '%s\\n' '{prompt}'\n{command}").expect("a string takes all");
    }
    let mut shell = Command::new("sh");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NOEMIE_")) {
        shell.env_remove(name);
    }
    let path = format!("{}:{}", program_dir.display(), std::env::var("PATH").expect("a path"));
    let output = shell
        .args(["-c", &script])
        .current_dir(dir.path())
        .env("PATH", path)
        .output()
        .expect("the shell runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    check_section("README.md", "use", &format!("```console\n{printed}```\n"));
}
