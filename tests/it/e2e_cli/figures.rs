//! Fixtures and samples give the figures beside them.

use super::*;

/// Returns the figures of a report that differ from the figures beside the file.
fn differences(expected: &Value, report: &Value) -> Vec<String> {
    const FIGURES: &[(&str, &str)] = &[
        ("invoices", "invoices"),
        ("lines", "lines"),
        ("lots", "lots"),
        ("records", "records"),
        ("entities", "entities"),
        ("packaging", "packaging"),
        ("accepted", "accepted_invoices"),
        ("quarantined", "quarantined_invoices"),
        ("total", "total_centimes"),
        ("amo", "amo_centimes"),
        ("amc", "amc_centimes"),
        ("sums", "sums"),
    ];
    let mut found = Vec::new();
    for (theirs, ours) in FIGURES {
        if expected.get(theirs).is_some_and(|e| *e != report[ours]) {
            found.push(format!("{ours}: expected {}, got {}", expected[theirs], report[ours]));
        }
    }
    // The expected value is a list of logical files, or their number.
    let logical = expected
        .get("logical_files")
        .map(|l| l.as_array().map_or(l.as_u64(), |list| Some(list.len() as u64)));
    if logical.is_some_and(|n| n != report["logical_files"].as_u64()) {
        found.push(format!(
            "logical_files: expected {}, got {}",
            expected["logical_files"], report["logical_files"]
        ));
    }
    found
}

/// Returns verdict and exit status of a severity.
fn cost(severity: &str) -> (&'static str, i32) {
    match severity {
        "file" => ("refused", 2),
        "invoice" => ("partial", 1),
        "warning" | "ok" => ("accepted", 0),
        other => panic!("severity {other}"),
    }
}

/// Checks that a damage raised its control, in its record, in a column of its zone, at the offset of
/// that column.
fn finding_is_there(damage: &Value, columns: (u64, u64), report: &Value) -> Result<(), String> {
    let (record, column, offset) = (
        damage["record"].as_u64().unwrap_or(0),
        damage["column"].as_u64().unwrap_or(0),
        damage["offset"].as_u64(),
    );
    let findings = report["anomalies"].as_array().expect("a list");
    let of_control = findings.iter().filter(|f| f["control"] == damage["control"]);
    let fits = |f: &&Value| {
        let (at, place) = (f["record"].as_u64().unwrap_or(0), f["column"].as_u64().unwrap_or(0));
        let in_zone = columns == (0, 0) || (columns.0..=columns.1).contains(&place);
        let right_offset =
            column == 0 || f["offset"].as_u64() == offset.map(|o| o + place - column);
        at == record && in_zone && right_offset
    };
    if of_control.clone().any(|f| fits(&f)) {
        return Ok(());
    }
    let got: Vec<String> = of_control
        .map(|f| format!("record {} column {} offset {}", f["record"], f["column"], f["offset"]))
        .collect();
    Err(format!(
        "{} record {record} column {column} offset {offset:?}: got {got:?}",
        damage["control"]
    ))
}

fn manifest(path: &str) -> Option<Vec<Value>> {
    let manifest: Value = serde_json::from_slice(&fs::read(path).ok()?).expect("a manifest");
    Some(manifest["files"].as_array().expect("a list of files").clone())
}

#[test]
fn fixtures_give_the_figures_beside_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in fixtures() {
        let expected: Value =
            serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let (status, report) = validate(&path);
        let report = report.expect("a report");
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let severity = expected.get("verdict").and_then(Value::as_str).unwrap_or("ok");
        if (report["verdict"].as_str().unwrap(), status) != cost(severity) {
            wrong.push(format!(
                "{name}: {} with status {status}, expected {severity}",
                report["verdict"]
            ));
        }
        let figures = expected.get("expected").unwrap_or(&expected);
        wrong.extend(differences(figures, &report).into_iter().map(|d| format!("{name}: {d}")));
        if let Some(damage) = expected.get("damage").filter(|damage| damage.is_object()) {
            let columns = (
                damage["columns"][0].as_u64().unwrap_or(0),
                damage["columns"][1].as_u64().unwrap_or(0),
            );
            wrong.extend(
                finding_is_there(damage, columns, &report).err().map(|e| format!("{name}: {e}")),
            );
        } else if report["anomaly_count"] != 0 {
            wrong.push(format!("{name}: {} anomalies", report["anomaly_count"]));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 30, "only {seen} fixtures");
}

fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in ["b2/ok", "b2/err", "noemie"] {
        let entries =
            fs::read_dir(Path::new(FIXTURES).join(dir)).unwrap().map(|e| e.unwrap().path());
        found.extend(entries.filter(|p| p.extension().is_some_and(|e| e == "b2" || e == "noemie")));
    }
    found.sort();
    found
}

#[test]
fn samples_give_the_figures_of_their_manifest() {
    let Some(files) = manifest(&format!("{SAMPLES}/manifest.json")) else {
        return eprintln!("no samples beside the repository: nothing compared");
    };
    let mut wrong = Vec::new();
    for file in files {
        let name = file["file"].as_str().unwrap();
        let (status, report) = validate(&Path::new(SAMPLES).join(name));
        let report = report.expect("a report");
        wrong.extend(
            differences(&file["expected"], &report).into_iter().map(|d| format!("{name}: {d}")),
        );
        if report["norm"] != file["format"] {
            wrong.push(format!("{name}: norm {}", report["norm"]));
        }
        if status != 0 || report["verdict"] != "accepted" || report["anomaly_count"] != 0 {
            wrong.push(format!(
                "{name}: status {status}, {}, {}",
                report["verdict"], report["anomalies"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn damaged_samples_are_found_out_where_they_are_damaged() {
    let Some(files) = manifest(&format!("{SAMPLES}/bad/manifest.json")) else {
        return eprintln!("no samples beside the repository: nothing compared");
    };
    let mut wrong = Vec::new();
    for file in files {
        let name = file["file"].as_str().unwrap();
        let (status, report) = validate(&Path::new(SAMPLES).join("bad").join(name));
        let report = report.expect("a report");
        if (report["verdict"].as_str().unwrap(), status) != cost(file["verdict"].as_str().unwrap())
        {
            wrong.push(format!(
                "{name}: {} with status {status}, expected {}",
                report["verdict"], file["verdict"]
            ));
        }
        wrong.extend(
            differences(&file["expected"], &report).into_iter().map(|d| format!("{name}: {d}")),
        );
        let columns: Vec<u64> = file["damage"]["reported_columns"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let zone = (
            columns.iter().min().copied().unwrap_or(0),
            columns.iter().max().copied().unwrap_or(0),
        );
        wrong.extend(
            finding_is_there(&file["damage"], zone, &report).err().map(|e| format!("{name}: {e}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
