//! Files whose free zones have a NIR, and files whose damaged types put a NIR into amounts.

use super::bases::{SENDER, dre};
use super::plants::NIR;
use super::sinks::Sinks;
use crate::support::gateway::Gateway;
use noemie_gateway::generate::{self, Profile, RspOptions};
use noemie_parsers::b2::{Element, Genre, Lecteur, t000, t1};
use noemie_parsers::layout::Layout;
use noemie_parsers::noemie::{self, Packaging, Reader};
use noemie_parsers::physical::enregistrements::Forme;
use std::collections::BTreeMap;

/// Offsets of zones in a file, by the tag of their table and their number.
type Zones = BTreeMap<(&'static str, &'static str), u64>;

/// Adds the zones of a record in which a NIR fits and that are not a person's.
fn add(zones: &mut Zones, layout: &'static Layout, offset: u64) {
    for zone in layout.all_zones().filter(|z| usize::from(z.len) >= NIR.len()) {
        if !zone.picture.is_person() {
            let at = offset + u64::from(zone.start) - 1;
            zones.entry((layout.tag, zone.no)).or_insert(at);
        }
    }
}

fn zones_of_dre(bytes: &[u8]) -> Zones {
    let mut zones = Zones::new();
    let mut reader = Lecteur::new(bytes, Forme::Crlf);
    while let Some(element) = reader.suivant().expect("reads") {
        match element {
            Element::EnTete(head) => add(&mut zones, &t000::layout::LAYOUT, head.position.offset),
            Element::Lot(lot) => add(&mut zones, &t1::layout::LAYOUT, lot.position.offset),
            Element::Facture(facture) => {
                for piece in &facture.pieces {
                    if let Some(layout) = facture.tables.layout(piece.genre) {
                        add(&mut zones, layout, piece.position.offset);
                    }
                }
            }
            _ => {}
        }
    }
    zones
}

fn zones_of_return(bytes: &[u8]) -> Zones {
    let mut zones = Zones::new();
    let mut reader = Reader::new(bytes, Packaging::Lignes);
    while let Some(element) = reader.next_element().expect("reads") {
        let noemie::Element::Retour(retour) = element else { continue };
        for entity in &retour.entites {
            if let Some(table) = entity.table {
                add(&mut zones, table, entity.lieu.offset());
            }
        }
    }
    zones
}

fn planted(bytes: &[u8], at: u64) -> Vec<u8> {
    let at = usize::try_from(at).expect("small");
    let mut planted = bytes.to_vec();
    planted[at..at + NIR.len()].copy_from_slice(NIR.as_bytes());
    planted
}

/// A file that no deposit had before.
fn fresh() -> Vec<u8> {
    dre(Profile::Mixte, 12)
}

fn rsp(bytes: &[u8]) -> Vec<u8> {
    let mut rsp = Vec::new();
    let options = RspOptions { deferred: 20, rejected: 30, ..RspOptions::default() };
    generate::rsp(bytes, Forme::Crlf, &options, &mut rsp).expect("generates");
    rsp
}

/// Deposits a file for each free zone, and for each damage of a type.
pub(super) async fn deposit(gateway: &Gateway, sinks: &mut Sinks) {
    let zones: Vec<_> = zones_of_dre(&fresh()).into_keys().collect();
    assert!(zones.len() > 3, "{zones:?}");
    for key in zones {
        let file = fresh();
        if let Some(at) = zones_of_dre(&file).get(&key) {
            submit(gateway, &format!("{key:?}"), &planted(&file, *at), sinks).await;
        }
    }
    let returns: Vec<_> = zones_of_return(&rsp(&fresh())).into_keys().collect();
    assert!(returns.len() > 3, "{returns:?}");
    for key in returns {
        let file = fresh();
        let answer = rsp(&file);
        if let Some(at) = zones_of_return(&answer).get(&key) {
            submit(gateway, "whole", &file, sinks).await;
            submit(gateway, &format!("{key:?}"), &planted(&answer, *at), sinks).await;
        }
    }
    damaged_types(gateway, sinks).await;
}

async fn submit(gateway: &Gateway, zone: &str, bytes: &[u8], sinks: &mut Sinks) -> String {
    match gateway.submit(SENDER, "zone.b2", bytes).await {
        Ok(receipt) => {
            let exchange = receipt.exchange.expect("an exchange");
            let report = format!("{:?}", gateway.report(&exchange.exchange_id).await);
            sinks.add(format!("report, {zone}"), report.clone());
            sinks.add(format!("ARL, {zone}"), receipt.arl_body.clone());
            format!("{report} {}", String::from_utf8_lossy(&receipt.arl_body))
        }
        Err(status) => {
            sinks.add(format!("refusal, {zone}"), format!("{status:?}"));
            String::new()
        }
    }
}

/// Digits in a row of a NIR that no finding may show: shorter than the zones of amounts.
const WINDOW: usize = 7;

/// Reads the first `2S` of a file as other records, whose amounts are then parts of the NIR.
async fn damaged_types(gateway: &Gateway, sinks: &mut Sinks) {
    for profile in [Profile::Pharmacie, Profile::Clinique] {
        for kind in *b"543" {
            let mut file = dre(profile, 6);
            let Some((at, nir)) = first_2s(&file) else {
                panic!("{profile:?} has no 2S with a NIR")
            };
            file[at] = kind;
            let place = format!("{profile:?}, 2S read as {}", char::from(kind));
            let told = submit(gateway, &place, &file, sinks).await;
            let dense: String = told.chars().filter(|c| !matches!(c, ',' | '.' | ' ')).collect();
            for window in nir.as_bytes().windows(WINDOW) {
                let part = String::from_utf8_lossy(window).into_owned();
                if dense.contains(&part) {
                    sinks.add_place(format!("{place}: {part} in the report or the ARL"));
                }
            }
        }
    }
}

/// Offset of the first `2S`, and the NIR of the person treated, which differs from the insured's.
fn first_2s(bytes: &[u8]) -> Option<(usize, String)> {
    let mut reader = Lecteur::new(bytes, Forme::Crlf);
    while let Some(element) = reader.suivant().expect("reads") {
        let Element::Facture(facture) = element else { continue };
        for piece in facture.pieces.iter().filter(|p| p.genre == Genre::ComplementFacture(b'S')) {
            let nir = String::from_utf8_lossy(&piece.record[49..62]).into_owned();
            if nir.bytes().all(|b| b.is_ascii_digit()) && nir.starts_with(['1', '2']) {
                return Some((usize::try_from(piece.position.offset).expect("small"), nir));
            }
        }
    }
    None
}
