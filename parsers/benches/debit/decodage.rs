//! The same zones read by walking the tables of the crate, and by hand over fixed slices, as a
//! program written for one record would.
//!
//! All sum the same values: numbers, the three parts of dates, lengths of trimmed texts. Records of
//! types 2, 2S, 4 and 5 of norm PS, which are nearly all of a file of that norm; all leave out the
//! few others.

use noemie_parsers::b2::{t2, t2s, t4, t5};
use noemie_parsers::layout::{Layout, Picture, Zone};
use noemie_parsers::picture;
use noemie_parsers::types::Date;

/// Every zone by its line of the table.
pub(crate) fn par_table(records: &[[u8; 128]]) -> u64 {
    let mut somme = 0u64;
    for record in records {
        let layout: &Layout = match record[0] {
            b'2' if record[35] == b'S' => &t2s::ps::LAYOUT,
            b'2' => &t2::ps::LAYOUT,
            b'4' => &t4::ps::LAYOUT,
            b'5' => &t5::ps::LAYOUT,
            _ => continue,
        };
        for zone in layout.all_zones() {
            somme = somme.wrapping_add(valeur(zone, record));
        }
    }
    somme
}

/// The value of a zone by its picture.
#[inline(always)]
pub(crate) fn valeur(zone: &Zone, record: &[u8; 128]) -> u64 {
    let octets = zone.of(record);
    match zone.picture {
        Picture::N | Picture::Montant | Picture::Decimal(_) => {
            picture::nombre(octets).ok().flatten().unwrap_or_default()
        }
        Picture::Aammjj => picture::aammjj(octets).ok().flatten().map_or(0, parties),
        _ => octets.trim_ascii_end().len() as u64,
    }
}

fn parties(date: Date) -> u64 {
    u64::from(date.annee()) + u64::from(date.mois()) + u64::from(date.jour())
}

/// Every zone by its columns, written out.
pub(crate) fn a_la_main(records: &[[u8; 128]]) -> u64 {
    let mut somme = Main(0);
    for record in records {
        match record[0] {
            b'2' if record[35] == b'S' => suite(record, &mut somme),
            b'2' => deux(record, &mut somme),
            b'4' => quatre(record, &mut somme),
            b'5' => cinq(record, &mut somme),
            _ => {}
        }
    }
    somme.0
}

/// The leaves by hand: one loop over the bytes of a zone whose length the compiler knows.
struct Main(u64);

impl Main {
    #[inline(always)]
    fn nombre(&mut self, zone: &[u8]) {
        let mut n = 0u64;
        for (i, octet) in zone.iter().enumerate() {
            match octet {
                b'0'..=b'9' => n = n.wrapping_mul(10).wrapping_add(u64::from(octet - b'0')),
                _ if zone[i..].iter().all(|b| *b == b' ') => break,
                _ => return,
            }
        }
        self.0 = self.0.wrapping_add(n);
    }

    #[inline(always)]
    fn date(&mut self, zone: &[u8]) {
        if zone.iter().all(u8::is_ascii_digit) && zone != b"000000" {
            let paire = |i: usize| (zone[i] - b'0') * 10 + (zone[i + 1] - b'0');
            self.0 = self.0.wrapping_add(
                Date::new(2000 + u16::from(paire(0)), paire(2), paire(4)).map_or(0, parties),
            );
        }
    }

    #[inline(always)]
    fn texte(&mut self, zone: &[u8]) {
        self.0 = self.0.wrapping_add(zone.trim_ascii_end().len() as u64);
    }
}

/// Type 2, norm PS.
fn deux(r: &[u8; 128], s: &mut Main) {
    s.nombre(&r[0..1]);
    s.nombre(&r[1..10]);
    s.texte(&r[10..11]);
    s.texte(&r[11..24]);
    s.nombre(&r[24..26]);
    s.nombre(&r[26..35]);
    s.texte(&r[35..36]);
    s.texte(&r[36..37]);
    s.texte(&r[37..38]);
    s.nombre(&r[38..39]);
    s.date(&r[39..45]);
    s.texte(&r[45..46]);
    s.texte(&r[46..47]);
    s.texte(&r[47..48]);
    s.nombre(&r[48..50]);
    s.nombre(&r[50..53]);
    s.nombre(&r[53..57]);
    s.nombre(&r[57..58]);
    s.nombre(&r[58..67]);
    s.date(&r[67..73]);
    s.texte(&r[73..76]);
    s.nombre(&r[76..78]);
    s.texte(&r[78..79]);
    s.date(&r[79..85]);
    s.nombre(&r[85..94]);
    s.nombre(&r[94..95]);
    s.texte(&r[95..101]);
    s.nombre(&r[101..102]);
    s.texte(&r[102..104]);
    s.texte(&r[104..112]);
    s.nombre(&r[112..114]);
    s.nombre(&r[114..116]);
    s.nombre(&r[116..118]);
    s.texte(&r[118..128]);
}

/// Type 2S, norm PS.
fn suite(r: &[u8; 128], s: &mut Main) {
    s.nombre(&r[0..1]);
    s.nombre(&r[1..10]);
    s.texte(&r[10..11]);
    s.texte(&r[11..24]);
    s.nombre(&r[24..26]);
    s.nombre(&r[26..35]);
    s.texte(&r[35..36]);
    s.texte(&r[36..49]);
    s.texte(&r[49..62]);
    s.nombre(&r[62..64]);
    s.nombre(&r[64..70]);
    s.texte(&r[70..128]);
}

/// Type 4, norm PS.
fn quatre(r: &[u8; 128], s: &mut Main) {
    s.nombre(&r[0..1]);
    s.nombre(&r[1..10]);
    s.texte(&r[10..11]);
    s.texte(&r[11..24]);
    s.nombre(&r[24..26]);
    s.nombre(&r[26..35]);
    s.texte(&r[35..36]);
    s.nombre(&r[36..38]);
    s.nombre(&r[38..40]);
    s.nombre(&r[40..43]);
    s.date(&r[43..49]);
    s.nombre(&r[49..50]);
    s.texte(&r[50..52]);
    s.texte(&r[52..53]);
    s.texte(&r[53..54]);
    s.nombre(&r[54..63]);
    s.nombre(&r[63..65]);
    s.nombre(&r[65..67]);
    s.date(&r[67..73]);
    s.texte(&r[73..78]);
    s.nombre(&r[78..80]);
    s.nombre(&r[80..86]);
    s.nombre(&r[86..88]);
    s.nombre(&r[88..95]);
    s.nombre(&r[95..102]);
    s.nombre(&r[102..105]);
    s.nombre(&r[105..112]);
    s.nombre(&r[112..119]);
    s.texte(&r[119..120]);
    s.nombre(&r[120..121]);
    s.nombre(&r[121..128]);
}

/// Type 5, norm PS.
fn cinq(r: &[u8; 128], s: &mut Main) {
    s.nombre(&r[0..1]);
    s.nombre(&r[1..10]);
    s.texte(&r[10..11]);
    s.texte(&r[11..24]);
    s.nombre(&r[24..26]);
    s.nombre(&r[26..35]);
    s.texte(&r[35..38]);
    s.nombre(&r[38..41]);
    s.texte(&r[41..57]);
    s.nombre(&r[57..65]);
    s.nombre(&r[65..73]);
    s.nombre(&r[73..81]);
    s.nombre(&r[81..89]);
    s.texte(&r[89..90]);
    s.texte(&r[90..93]);
    s.texte(&r[93..94]);
    s.texte(&r[94..96]);
    s.texte(&r[96..128]);
}
