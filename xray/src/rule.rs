//! Rule of a zone in French words: what may stand in it, and whether it has to be filled.

use noemie_parsers::layout::{Picture, Presence, Zone};

/// Returns the rule of a zone: `7 chiffres, en centimes ; obligatoire`.
pub(crate) fn of(zone: &Zone) -> String {
    let content = content(zone);
    match zone.presence {
        Presence::O => format!("{content} ; obligatoire"),
        Presence::F | Presence::Inconnu => content,
    }
}

fn content(zone: &Zone) -> String {
    let plural = if zone.len > 1 { "s" } else { "" };
    let len = zone.len;
    let digits = format!("{len} chiffre{plural}");
    let characters = format!("{len} caractère{plural}");
    match zone.picture {
        Picture::N | Picture::PersoN => digits,
        Picture::Montant => format!("{digits}, en centimes"),
        Picture::Decimal(1) => format!("{digits} dont 1 décimale"),
        Picture::Decimal(places) => format!("{digits} dont {places} décimales"),
        Picture::Aammjj => "date AAMMJJ".to_owned(),
        Picture::Jjmmaa => "date JJMMAA".to_owned(),
        Picture::Aaaammjj => "date AAAAMMJJ".to_owned(),
        Picture::Aammjjhh => "date et heure AAMMJJHH".to_owned(),
        Picture::Hhmm => "heure HHMM".to_owned(),
        Picture::Naissance => "date de naissance, telle que portée par la carte".to_owned(),
        Picture::Acte => "code d'acte : 4 caractères et un complément".to_owned(),
        Picture::Nir => "numéro d'immatriculation : 13 caractères, 2A et 2B admis".to_owned(),
        Picture::X | Picture::Perso => format!("{characters}, A-Z, 0-9 et espace"),
        Picture::Nom | Picture::Libre => characters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use noemie_parsers::b2::t4::ps;

    #[test]
    fn rules_are_sentences_of_the_picture() {
        assert_eq!(of(&ps::PRIX_UNITAIRE), "7 chiffres, en centimes ; obligatoire");
        assert_eq!(of(&ps::FILLER), "1 caractère, A-Z, 0-9 et espace");
        assert_eq!(of(&ps::COEFFICIENT), "6 chiffres dont 2 décimales ; obligatoire");
    }
}
