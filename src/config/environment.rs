//! The variables of the environment with the prefix of the gateway.
//!
//! Each has to be a setting, so that a typing error in a name starts no gateway with a default in
//! its place. The variables that Kubernetes injects for each Service of a namespace are left aside.

use super::SettingsError;
use super::names::{all, is_setting, nearest};
use crate::{clock, fault, kill_point};
use std::collections::HashMap;
use std::ffi::OsString;

/// Prefix of the environment variables.
const PREFIX: &str = "NOEMIE_";
/// Setting of the command line alone, which names the configuration file.
const FILE_SETTING: &str = "config";

/// Returns the settings of the environment by the names of their variables.
pub(super) fn settings(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, SettingsError> {
    let ours = |(name, value): (OsString, OsString)| {
        let name = name.to_string_lossy().into_owned();
        name.starts_with(PREFIX).then_some((name, value))
    };
    let ours: HashMap<String, OsString> = variables.filter_map(ours).collect();
    let mut unknown: Vec<&String> =
        ours.keys().filter(|name| !is_known(name) && !is_of_a_service(name, &ours)).collect();
    unknown.sort();
    if let Some(name) = unknown.first() {
        let names = all().chain([FILE_SETTING.to_owned()]);
        let nearest = nearest(&name[PREFIX.len()..], names).map(|name| variable_of(&name));
        return Err(SettingsError::Unknown { what: (*name).clone(), nearest });
    }
    let mut settings = HashMap::new();
    for (name, value) in ours.into_iter().filter(|(name, _)| setting_of(name).is_some()) {
        let value = value.into_string().map_err(|_| SettingsError::NotUnicode(name.clone()))?;
        settings.insert(name, value);
    }
    Ok(settings)
}

/// Returns the variable of a setting.
fn variable_of(setting: &str) -> String {
    format!("{PREFIX}{}", setting.to_uppercase())
}

/// Returns the setting that a variable names.
fn setting_of(variable: &str) -> Option<String> {
    variable.strip_prefix(PREFIX).map(str::to_lowercase).filter(|name| is_setting(name))
}

/// Returns whether the gateway reads a variable.
fn is_known(variable: &str) -> bool {
    setting_of(variable).is_some()
        || variable == variable_of(FILE_SETTING)
        || variable == clock::TEST_VARIABLE
        || (cfg!(debug_assertions)
            && [kill_point::VARIABLE, fault::VARIABLE, fault::DIRECTORY].contains(&variable))
}

/// Returns whether Kubernetes injects a variable for a Service whose name begins with the prefix.
/// It always injects the host of the Service too: without that one a variable is a typing error.
fn is_of_a_service(variable: &str, all: &HashMap<String, OsString>) -> bool {
    let hosts = all.keys().filter_map(|name| name.strip_suffix("_SERVICE_HOST"));
    let mut rests = hosts.filter_map(|service| variable.strip_prefix(service)?.strip_prefix('_'));
    rests.any(|rest| {
        matches!(rest, "SERVICE_HOST" | "SERVICE_PORT" | "PORT")
            || rest.strip_prefix("SERVICE_PORT_").is_some_and(|name| !name.is_empty())
            || rest.strip_prefix("PORT_").is_some_and(is_port)
    })
}

/// Returns whether a text is `<number>_TCP`, `_UDP` or `_SCTP`, alone or with `_PROTO`, `_PORT` or
/// `_ADDR`.
fn is_port(text: &str) -> bool {
    let mut parts = text.split('_');
    let is_number = |part: &str| part.parse::<u16>().is_ok();
    parts.next().is_some_and(is_number)
        && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
        && matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<HashMap<String, String>, String> {
        let variables = names.iter().map(|name| (OsString::from(name), OsString::from("1")));
        settings(variables).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_name_that_is_no_setting_is_refused_with_the_nearest_one() {
        for (wrong, right) in [
            ("NOEMIE_DATABSE_URL", Some("NOEMIE_DATABASE_URL")),
            ("NOEMIE_AMPQ_URL", Some("NOEMIE_AMQP_URL")),
            ("NOEMIE_CONFG", Some("NOEMIE_CONFIG")),
            ("NOEMIE_Data-Dir", Some("NOEMIE_DATA_DIR")),
            ("NOEMIE_TEST_DATABASE_URL", None),
            ("NOEMIE_XYZ", None),
            ("NOEMIE_GRPC_PORT", None),
            ("NOEMIE_", None),
        ] {
            let refusal = of(&[wrong]).expect_err(wrong);
            assert!(refusal.starts_with(&format!("{wrong} is not a setting")), "{refusal}");
            match right {
                Some(right) => assert!(refusal.contains(&format!("mean {right}?")), "{refusal}"),
                None => assert!(!refusal.contains('?'), "{refusal}"),
            }
        }
    }

    #[test]
    fn settings_are_taken_and_other_programs_are_left_aside() {
        let names = ["NOEMIE_DATABASE_URL", "NOEMIE_CONFIG", "DATABASE_URL", "NOEMI_X"];
        let settings = of(&names).expect("known");
        assert_eq!(settings.keys().collect::<Vec<_>>(), ["NOEMIE_DATABASE_URL"]);
    }

    #[test]
    fn variables_of_a_service_of_kubernetes_are_left_aside() {
        for service in ["NOEMIE_GATEWAY", "NOEMIE", "NOEMIE_GATEWAY_2"] {
            let names: Vec<String> = [
                "SERVICE_HOST",
                "SERVICE_PORT",
                "SERVICE_PORT_GRPC",
                "SERVICE_PORT_ADMIN_HTTP",
                "PORT",
                "PORT_50051_TCP",
                "PORT_50051_TCP_PROTO",
                "PORT_50051_TCP_PORT",
                "PORT_50051_TCP_ADDR",
            ]
            .map(|name| format!("{service}_{name}"))
            .into();
            // Without `SERVICE_HOST`, no Service injected them. `NOEMIE_PORT` is then told too.
            let of = |names: &[String]| of(&names.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(of(&names), Ok(HashMap::new()), "{service}");
            of(&names[1..]).expect_err(service);
            for typo in ["PORT_X_TCP", "PORT_1_TCP_NAME", "PORT_1_TCP_PORT_2", "DATABSE_URL"] {
                let with_typo = [names.as_slice(), &[format!("{service}_{typo}")]].concat();
                of(&with_typo).expect_err(typo);
            }
        }
    }
}
