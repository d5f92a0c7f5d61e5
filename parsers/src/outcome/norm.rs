//! Norm and packaging of a file, as reports, receipts and the database name them.

use crate::coded::coded;
use crate::detect::Norme;
use crate::physical::enregistrements::Forme;

coded! {
    /// Family of formats of a file.
    Norm {
        /// Norm B2 / DRE.
        B2 = "b2";
        /// NOEMIE returns.
        Noemie = "noemie";
        /// Notices of a concentrator.
        Concentrator = "concentrator";
    }
}

coded! {
    /// Separation of the physical records of a file.
    Packaging {
        /// Blocks of 128 bytes, without line ends.
        Blocks = "blocks";
        /// Lines that end with CR LF.
        Crlf = "crlf";
        /// Lines that end with LF.
        Lf = "lf";
        /// NOEMIE lines, each with its length before it.
        Lines = "lines";
    }
}

impl From<Norme> for Norm {
    fn from(norme: Norme) -> Self {
        match norme {
            Norme::B2(_) => Self::B2,
            Norme::NoemieLignes | Norme::NoemieBlocs => Self::Noemie,
            Norme::Concentrateur(_) => Self::Concentrator,
        }
    }
}

impl From<Norme> for Packaging {
    fn from(norme: Norme) -> Self {
        match norme {
            Norme::B2(forme) | Norme::Concentrateur(forme) => match forme {
                Forme::Blocs => Self::Blocks,
                Forme::Crlf => Self::Crlf,
                Forme::Lf => Self::Lf,
            },
            Norme::NoemieLignes => Self::Lines,
            Norme::NoemieBlocs => Self::Blocks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_parsers() {
        let formes = [Forme::Blocs, Forme::Crlf, Forme::Lf];
        let norms = formes.into_iter().flat_map(|f| [Norme::B2(f), Norme::Concentrateur(f)]);
        for norme in norms.chain([Norme::NoemieLignes, Norme::NoemieBlocs]) {
            assert_eq!(Norm::from(norme).as_str(), norme.as_str());
            assert_eq!(Packaging::from(norme).as_str(), norme.packaging());
        }
    }

    #[test]
    fn an_unknown_code_is_no_value() {
        assert_eq!(Norm::from_code("b2"), Some(Norm::B2));
        assert_eq!(Norm::from_code("camt"), None);
        assert_eq!(Packaging::from_code(""), None);
        assert_eq!(Norm::read_code("camt"), Norm::Unknown);
        assert_eq!(Norm::Unknown.as_str(), "unknown");
    }
}
