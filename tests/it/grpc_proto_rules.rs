//! Rules of the protos, checked over the compiled descriptors: the names that generated code of
//! other languages takes, a comment on everything, and the rules of buf's STANDARD category.
//!
//! The rules that need the folder of a file (DIRECTORY_SAME_PACKAGE, PACKAGE_DIRECTORY_MATCH) are
//! checked by the names of the files, which are relative to `proto/`.

use noemie_gateway::grpc::proto::DESCRIPTORS;
use prost::Message as _;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use std::collections::{BTreeMap, BTreeSet};

const PACKAGE: &str = "noemie.gateway.v1";

/// Field numbers of `FileDescriptorProto` and its parts, of which paths to comments are made.
mod number {
    pub(super) const MESSAGES: i32 = 4;
    pub(super) const ENUMS: i32 = 5;
    pub(super) const SERVICES: i32 = 6;
    pub(super) const FIELDS: i32 = 2;
    pub(super) const NESTED: i32 = 3;
    pub(super) const ONEOFS: i32 = 8;
    pub(super) const VALUES: i32 = 2;
    pub(super) const METHODS: i32 = 2;
}

/// The files of our package.
fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptors decode");
    let ours: Vec<_> = set.file.into_iter().filter(|file| file.package() == PACKAGE).collect();
    assert!(!ours.is_empty(), "no file of {PACKAGE}");
    ours
}

fn assert_none(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn files_name_the_packages_of_other_languages() {
    let mut wrong = Vec::new();
    for file in files() {
        let options = file.options.clone().unwrap_or_default();
        let expected = [
            ("java_package", options.java_package(), PACKAGE),
            ("csharp_namespace", options.csharp_namespace(), "Noemie.Gateway.V1"),
            ("php_namespace", options.php_namespace(), "Noemie\\Gateway\\V1"),
        ];
        for (option, given, expected) in expected {
            if given != expected {
                wrong.push(format!("{}: {option} is {given:?}, not {expected:?}", file.name()));
            }
        }
        if !options.java_multiple_files() {
            wrong.push(format!("{}: java_multiple_files is not set", file.name()));
        }
    }
    assert_none("options of files", &wrong);
}

#[test]
fn files_stand_where_their_package_says_and_import_only_what_they_use() {
    let mut wrong = Vec::new();
    for file in files() {
        let name = file.name();
        let stem = name.strip_prefix("noemie/gateway/v1/").and_then(|n| n.strip_suffix(".proto"));
        if !stem.is_some_and(is_lower_snake) {
            wrong.push(format!("{name}: expected noemie/gateway/v1/lower_snake_case.proto"));
        }
        if file.syntax() != "proto3" {
            wrong.push(format!("{name}: syntax {:?}", file.syntax()));
        }
        if !file.public_dependency.is_empty() || !file.weak_dependency.is_empty() {
            wrong.push(format!("{name}: public or weak import"));
        }
        let used = types_used(&file);
        let defined_by = types_by_file();
        for import in &file.dependency {
            let defines = &defined_by[import.as_str()];
            if used.is_disjoint(defines) {
                wrong.push(format!("{name}: import {import} is not used"));
            }
        }
    }
    assert_none("files", &wrong);
}

#[test]
fn names_keep_to_the_style_of_protobuf() {
    let mut wrong = Vec::new();
    for file in files() {
        for (name, message) in messages(&file) {
            if !is_pascal(message.name()) {
                wrong.push(format!("{name}: message"));
            }
            for field in message.field.iter().filter(|field| !is_lower_snake(field.name())) {
                wrong.push(format!("{name}.{}: field", field.name()));
            }
            for oneof in message.oneof_decl.iter().filter(|oneof| !is_oneof_name(oneof.name())) {
                wrong.push(format!("{name}.{}: oneof", oneof.name()));
            }
        }
        for of in &file.enum_type {
            let prefix = upper_snake(of.name());
            for value in &of.value {
                let starts = value.name().starts_with(&format!("{prefix}_"));
                let zero = value.number() != 0 || value.name() == format!("{prefix}_UNSPECIFIED");
                if !is_pascal(of.name()) || !starts || !zero {
                    wrong.push(format!("{}.{}: enum value", of.name(), value.name()));
                }
            }
        }
        for service in &file.service {
            if !is_pascal(service.name()) || !service.name().ends_with("Service") {
                wrong.push(format!("{}: service", service.name()));
            }
            for method in service.method.iter().filter(|method| !is_pascal(method.name())) {
                wrong.push(format!("{}.{}: rpc", service.name(), method.name()));
            }
        }
    }
    assert_none("names", &wrong);
}

#[test]
fn each_rpc_has_a_request_and_a_response_of_its_own() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (service, method) in methods() {
        let expected = [
            (method.input_type(), format!(".{PACKAGE}.{}Request", method.name())),
            (method.output_type(), format!(".{PACKAGE}.{}Response", method.name())),
        ];
        for (given, expected) in expected {
            if given != expected {
                let (service, method) = (service.name(), method.name());
                wrong.push(format!("{service}.{method}: {given}, expected {expected}"));
            }
            if !seen.insert(given.to_owned()) {
                wrong.push(format!("{given} belongs to several rpcs"));
            }
        }
    }
    assert_none("requests and responses", &wrong);
}

#[test]
fn every_message_field_value_and_rpc_has_a_comment() {
    let mut missing = Vec::new();
    for file in files() {
        let comments = comments(&file);
        let mut check = |path: Vec<i32>, name: String| {
            if comments.get(&path).is_none_or(|text| text.trim().is_empty()) {
                missing.push(name);
            }
        };
        for (path, name, message) in messages_with_paths(&file) {
            check(path.clone(), name.clone());
            for (i, field) in message.field.iter().enumerate() {
                check(below(&path, number::FIELDS, i), format!("{name}.{}", field.name()));
            }
            for (i, oneof) in message.oneof_decl.iter().enumerate() {
                // protoc makes a oneof of each optional field; its name begins so.
                if !oneof.name().starts_with('_') {
                    check(below(&path, number::ONEOFS, i), format!("{name}.{}", oneof.name()));
                }
            }
        }
        for (i, of) in file.enum_type.iter().enumerate() {
            let path = below(&[], number::ENUMS, i);
            check(path.clone(), of.name().to_owned());
            for (j, value) in of.value.iter().enumerate() {
                check(below(&path, number::VALUES, j), value.name().to_owned());
            }
        }
        for (i, service) in file.service.iter().enumerate() {
            let path = below(&[], number::SERVICES, i);
            check(path.clone(), service.name().to_owned());
            for (j, method) in service.method.iter().enumerate() {
                check(below(&path, number::METHODS, j), method.name().to_owned());
            }
        }
    }
    assert_none("without a comment", &missing);
}

/// A path to a part of a descriptor.
fn below(path: &[i32], field: i32, index: usize) -> Vec<i32> {
    let index = i32::try_from(index).expect("few parts");
    path.iter().copied().chain([field, index]).collect()
}

/// The comment before each part of a file.
fn comments(file: &FileDescriptorProto) -> BTreeMap<Vec<i32>, String> {
    let info = file.source_code_info.as_ref().expect("comments are kept");
    info.location.iter().map(|l| (l.path.clone(), l.leading_comments().to_owned())).collect()
}

/// Every message of a file, nested ones included, with its path and its name.
fn messages_with_paths(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String, DescriptorProto)> {
    let mut waiting: Vec<_> = file
        .message_type
        .iter()
        .enumerate()
        .map(|(i, m)| (below(&[], number::MESSAGES, i), m.name().to_owned(), m.clone()))
        .collect();
    let mut all = Vec::new();
    while let Some((path, name, message)) = waiting.pop() {
        for (i, nested) in message.nested_type.iter().enumerate() {
            // The compiler makes the message of an entry of a map, which no comment can reach.
            if nested.options.as_ref().is_some_and(|options| options.map_entry()) {
                continue;
            }
            let below = below(&path, number::NESTED, i);
            waiting.push((below, format!("{name}.{}", nested.name()), nested.clone()));
        }
        all.push((path, name, message));
    }
    all
}

fn messages(file: &FileDescriptorProto) -> Vec<(String, DescriptorProto)> {
    messages_with_paths(file).into_iter().map(|(_, name, message)| (name, message)).collect()
}

fn methods() -> Vec<(ServiceDescriptorProto, MethodDescriptorProto)> {
    let services = files().into_iter().flat_map(|file| file.service);
    services
        .flat_map(|service| service.method.clone().into_iter().map(move |m| (service.clone(), m)))
        .collect()
}

/// Full names of the types that fields and rpcs of a file name.
fn types_used(file: &FileDescriptorProto) -> BTreeSet<String> {
    let fields = messages(file).into_iter().flat_map(|(_, message)| message.field);
    let of_fields = fields.map(|field| field.type_name().to_owned());
    let of_methods = file
        .service
        .iter()
        .flat_map(|service| &service.method)
        .flat_map(|m| [m.input_type().to_owned(), m.output_type().to_owned()]);
    of_fields.chain(of_methods).collect()
}

/// Full names of the messages that each file of the set defines.
fn types_by_file() -> BTreeMap<String, BTreeSet<String>> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptors decode");
    let defined = set.file.into_iter().map(|file| {
        let of = |(name, _)| format!(".{}.{name}", file.package());
        (file.name().to_owned(), messages(&file).into_iter().map(of).collect())
    });
    defined.collect()
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_lower_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__")
        && !name.ends_with('_')
}

/// `kind`, or `_kind`, which protoc makes of `optional`.
fn is_oneof_name(name: &str) -> bool {
    is_lower_snake(name.strip_prefix('_').unwrap_or(name))
}

fn upper_snake(pascal: &str) -> String {
    let mut name = String::new();
    for c in pascal.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}
