//! Prints the ARL of a deposit, by parsing its bytes.

use crate::cli::Output;
use crate::service::local_files::Receipt;
use anyhow::Result;
use noemie_parsers::noemie::{self, Packaging};
use std::io::{Cursor, Write as _};

/// Prints name, comments, faulty invoices and codes of the ARL.
pub(super) fn print(out: &mut Output, receipt: &Receipt) -> Result<()> {
    writeln!(out, "     ARL {}", receipt.arl.file_name)?;
    let mut reader = noemie::Flux::new(Cursor::new(&receipt.arl_body), Packaging::Lignes);
    while let Some(piece) = reader.prochain()? {
        let noemie::Morceau::Entite(entity) = piece else { continue };
        let text = |zone: &noemie_parsers::layout::Zone| {
            noemie_parsers::picture::texte(zone.of(&entity.octets))
        };
        match &entity.code {
            b"295" => writeln!(out, "       {}", text(&noemie::e295::layout::COMMENTAIRE))?,
            b"100" => {
                writeln!(out, "       facture {}", text(&noemie::e100::layout::NUMERO_FACTURE))?
            }
            b"290" => writeln!(
                out,
                "         {} {}",
                text(&noemie::e290::layout::CODIFICATION),
                text(&noemie::e290::layout::LIBELLE)
            )?,
            _ => {}
        }
    }
    Ok(())
}
