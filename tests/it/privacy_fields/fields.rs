//! The text fields of a message, by its descriptor.

use super::bases;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, MethodDescriptor, Value,
};
use serde_json::Value as Json;
use std::fmt;

/// Deepest nesting that is walked: a message may hold itself.
const DEEPEST: usize = 6;

/// The way from a request to one of its text fields.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Fields of messages, lists and maps on the way, and last the text field.
    fields: Vec<FieldDescriptor>,
    /// Whether the text is the key of a map.
    is_key: bool,
}

impl Path {
    /// Name of the text field.
    pub(super) fn leaf(&self) -> &str {
        self.fields.last().map_or("", FieldDescriptor::name)
    }

    /// Returns whether a message has the message that has the text field.
    pub(super) fn is_in(&self, message: &DynamicMessage) -> bool {
        let Some((_, way)) = self.fields.split_last() else { return false };
        let mut at = message.clone();
        for field in way {
            if !at.has_field(field) {
                return false;
            }
            let first = match at.get_field(field).into_owned() {
                Value::Message(message) => Some(message),
                Value::List(items) => items.into_iter().next().and_then(into_message),
                Value::Map(entries) => entries.into_values().next().and_then(into_message),
                _ => None,
            };
            let Some(first) = first else { return false };
            at = first;
        }
        true
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(FieldDescriptor::name).collect();
        write!(f, "{}{}", names.join("."), if self.is_key { " (key)" } else { "" })
    }
}

fn into_message(value: Value) -> Option<DynamicMessage> {
    if let Value::Message(message) = value { Some(message) } else { None }
}

/// Returns the way to every text field: strings, lists of strings, strings in nested messages, keys
/// and values of maps.
pub(super) fn text_paths(message: &MessageDescriptor) -> Vec<Path> {
    let mut found = Vec::new();
    walk(message, &[], &mut found);
    found
}

fn walk(message: &MessageDescriptor, way: &[FieldDescriptor], found: &mut Vec<Path>) {
    if way.len() == DEEPEST {
        return;
    }
    for field in message.fields() {
        let mut kind = field.kind();
        let fields = [way, std::slice::from_ref(&field)].concat();
        if let (true, Kind::Message(entry)) = (field.is_map(), &kind) {
            if matches!(entry.map_entry_key_field().kind(), Kind::String) {
                found.push(Path { fields: fields.clone(), is_key: true });
            }
            kind = entry.map_entry_value_field().kind();
        }
        match kind {
            Kind::String => found.push(Path { fields, is_key: false }),
            Kind::Message(inner) => walk(&inner, &fields, found),
            _ => {}
        }
    }
}

/// Sets a text field, and makes the messages on the way to it that are absent.
pub(super) fn plant(message: &mut DynamicMessage, path: &Path, text: &str) {
    let mut at = message;
    let (leaf, way) = path.fields.split_last().expect("a path ends with a field");
    for field in way {
        let inner = inner(field);
        at = match at.get_field_mut(field) {
            Value::Message(message) => message,
            Value::List(items) => {
                if items.is_empty() {
                    items.push(Value::Message(DynamicMessage::new(inner)));
                }
                items[0].as_message_mut().expect("a list of messages")
            }
            Value::Map(entries) => {
                let key = entries.keys().next().cloned();
                let key = key.unwrap_or_else(|| MapKey::String("key".to_owned()));
                let value = entries
                    .entry(key)
                    .or_insert_with(|| Value::Message(DynamicMessage::new(inner)));
                value.as_message_mut().expect("a map of messages")
            }
            other => panic!("{path}: {other:?}"),
        };
    }
    let text = text.to_owned();
    match at.get_field_mut(leaf) {
        Value::Map(entries) if path.is_key => {
            let value = entries.values().next().cloned();
            let kind = map_value(leaf);
            let value = value.unwrap_or_else(|| Value::default_value(&kind));
            entries.insert(MapKey::String(text), value);
        }
        Value::Map(entries) => {
            let key = entries.keys().next().cloned();
            let key = key.unwrap_or_else(|| MapKey::String("key".to_owned()));
            entries.insert(key, Value::String(text));
        }
        Value::List(items) => *items = vec![Value::String(text)],
        value => *value = Value::String(text),
    }
}

fn map_value(field: &FieldDescriptor) -> Kind {
    field.kind().as_message().expect("an entry").map_entry_value_field().kind()
}

/// The message that a field of messages holds.
fn inner(field: &FieldDescriptor) -> MessageDescriptor {
    let kind = if field.is_map() { map_value(field) } else { field.kind() };
    kind.as_message().expect("a field of messages").clone()
}

/// Makes the messages of a call. An upload gets a file of its own after its metadata.
pub(super) fn build(
    method: &MethodDescriptor,
    request: Json,
    world: &bases::World,
) -> Vec<DynamicMessage> {
    let message = DynamicMessage::deserialize(method.input(), request).expect("a request");
    let mut messages = vec![message];
    if method.is_client_streaming() {
        let mut chunk = DynamicMessage::new(method.input());
        chunk.set_field_by_name("chunk", Value::Bytes(world.next_file().into()));
        messages.push(chunk);
    }
    messages
}

/// Google's `Struct` has a map whose values hold texts, lists and maps.
#[test]
fn maps_are_walked() {
    let pool = prost_reflect::DescriptorPool::global();
    let holder = pool.get_message_by_name("google.protobuf.Struct").expect("a known type");
    let paths = text_paths(&holder);
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    assert!(names.contains(&"fields (key)".to_owned()), "{names:?}");
    assert!(names.contains(&"fields.string_value".to_owned()), "{names:?}");
    assert!(names.contains(&"fields.list_value.values.string_value".to_owned()), "{names:?}");
    for path in &paths {
        let mut message = DynamicMessage::new(holder.clone());
        plant(&mut message, path, "planted");
        assert!(path.is_in(&message) && format!("{message:?}").contains("planted"), "{path}");
    }
}
