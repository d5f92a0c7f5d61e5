//! A record of the page: faults, bytes, zones. A record that only holds or surrounds a faulty one
//! is drawn short.

use super::{bytes, escape, value_read};
use crate::choice::Role;
use crate::sheet::{Fault, Field, Sheet};
use crate::text;
use std::io::{self, Write};

/// Writes a record.
///
/// # Errors
/// When the page cannot be written.
pub fn sheet(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let class = match sheet.role {
        Role::Chosen => "record",
        Role::Context => "record context",
        Role::Folded => "record sound",
    };
    let heading = escape(&text::heading(sheet));
    let (title, rest) = heading.split_once(" · ").unwrap_or((&heading, ""));
    let context = if sheet.role == Role::Context { " · contexte" } else { "" };
    writeln!(
        out,
        "<section class=\"{class}\" aria-labelledby=\"r{0}\">\n<h3 id=\"r{0}\">{title} <span \
         class=\"soft\">· {rest}{context}</span></h3>",
        sheet.record
    )?;
    faults(out, sheet)?;
    writeln!(out, "{}", bytes::blocks(sheet, false))?;
    let matters = |f: &&Field| sheet.in_focus(&f.columns());
    if sheet.role == Role::Chosen {
        table(out, sheet, sheet.fields.iter().filter(matters).collect())?;
        if !sheet.focus.is_empty() {
            whole(out, sheet)?;
        }
    } else {
        values(out, sheet.fields.iter().filter(matters))?;
    }
    writeln!(out, "</section>")
}

fn faults(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    if sheet.faults.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul class=\"faults\">")?;
    for fault in &sheet.faults {
        let columns = text::columns_in_words(fault.first, fault.last);
        let field = if fault.field.is_empty() {
            String::new()
        } else {
            format!(", zone {}", escape(&fault.field))
        };
        let severity = fault.severity;
        let (code, message) = (escape(fault.code.as_str()), escape(&fault.message));
        writeln!(
            out,
            "<li class=\"{severity}\"><code>{code}</code>, {columns}{field} : {message}{}</li>",
            value_read(fault.value.as_deref())
        )?;
    }
    writeln!(out, "</ul>")
}

/// Writes the zones of a record that only holds another: those that are filled, one after another.
fn values<'a>(out: &mut impl Write, fields: impl Iterator<Item = &'a Field>) -> io::Result<()> {
    let mut filled = fields.filter(|f| !f.value.is_empty() && !f.is_frame()).peekable();
    if filled.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<dl class=\"values\">")?;
    let mut entity = "";
    for field in filled {
        if field.entity != entity {
            entity = &field.entity;
            let (code, title) = (escape(entity), escape(field.entity_title));
            writeln!(out, "<div class=\"entity\"><dt>{code}</dt><dd>{title}</dd></div>")?;
        }
        let follows = if field.continued { " (suite)" } else { "" };
        let (name, value) = (escape(field.name), escape(&field.value));
        writeln!(out, "<div><dt>{name}{follows}</dt><dd>{value}</dd></div>")?;
    }
    writeln!(out, "</dl>")
}

/// Writes the whole record, closed: the part that matters stands above.
fn whole(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let count = sheet.shown.len();
    writeln!(
        out,
        "<details><summary>L'enregistrement {} en entier, {count} octets</summary>",
        sheet.record
    )?;
    writeln!(out, "{}", bytes::blocks(sheet, true))?;
    values(out, sheet.fields.iter())?;
    writeln!(out, "</details>")
}

/// Writes the zones of a record. The number of the record stands in the head of the table, which a
/// printer repeats on each page.
fn table(out: &mut impl Write, sheet: &Sheet, fields: Vec<&Field>) -> io::Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let entities = fields.iter().any(|f| !f.entity.is_empty());
    let (span, first) = if entities { (6, "<th scope=\"col\">entité</th>") } else { (5, "") };
    writeln!(
        out,
        "<table>\n<thead><tr><th scope=\"colgroup\" colspan=\"{span}\">Zones de l'enregistrement \
         {}</th></tr>\n<tr class=\"heads\">{first}<th scope=\"col\">colonnes</th><th \
         scope=\"col\">n°</th><th scope=\"col\">zone</th><th scope=\"col\">valeur</th><th \
         scope=\"col\">règle et sens</th></tr></thead>\n<tbody>",
        sheet.record
    )?;
    for field in fields.iter().filter(|f| !f.is_idle()) {
        row(out, sheet, field, entities)?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn row(out: &mut impl Write, sheet: &Sheet, field: &Field, entities: bool) -> io::Result<()> {
    let class = match fault_of(field, sheet) {
        Some(fault) => format!(" class=\"bad {}\"", fault.severity),
        None if field.value.is_empty() => " class=\"empty\"".to_owned(),
        None => String::new(),
    };
    let entity =
        if entities { format!("<td>{}</td>", escape(&field.entity)) } else { String::new() };
    let follows = if field.continued { " (suite)" } else { "" };
    let value = if field.value.is_empty() {
        "<span class=\"soft\">vide</span>".to_owned()
    } else {
        escape(&field.value)
    };
    let mut rule = escape(&field.rule());
    let note = escape(field.note());
    if !note.is_empty() {
        rule.push_str(&format!("<br>{note}"));
    }
    writeln!(
        out,
        "<tr{class}>{entity}<td class=\"num col\">{}</td><td class=\"num no\">{}</td><th \
         scope=\"row\">{}{follows}</th><td>{value}</td><td class=\"rule\">{rule}</td></tr>",
        text::columns(field.first, field.last),
        escape(field.no),
        escape(field.name),
    )
}

/// Returns the costliest fault of a zone.
fn fault_of<'a>(field: &Field, sheet: &'a Sheet) -> Option<&'a Fault> {
    let is_here =
        |f: &&Fault| !f.field.is_empty() && f.first <= field.last && field.first <= f.last;
    sheet.faults.iter().filter(is_here).max_by_key(|fault| fault.severity)
}
