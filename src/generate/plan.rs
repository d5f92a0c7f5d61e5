//! Plan of the lots of a file: one professional for each lot, one norm for each logical file.

use super::{Options, Profile};

/// Norm PS profiles, in the order a mixed file takes them.
const PS: [Profile; 5] = [
    Profile::Pharmacie,
    Profile::Auxiliaire,
    Profile::Transport,
    Profile::Optique,
    Profile::Biologie,
];

/// A lot to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    pub(super) profile: Profile,
    pub(super) invoices: u64,
    /// Rank in its logical file, 1-based.
    pub(super) rank: u64,
    /// Rank of its logical file, 0-based.
    pub(super) file: u64,
    /// Whether the lot is the first of its logical file.
    pub(super) opens_file: bool,
}

/// The lots of a file, one after the other.
#[derive(Debug)]
pub(super) struct Plan {
    mixed: bool,
    profile: Profile,
    left: u64,
    /// Invoices of the clinics of a mixed file, which come last.
    clinics: u64,
    per_lot: u64,
    lots_per_file: u64,
    next: (u64, u64),
    lots: usize,
}

impl Plan {
    pub(super) fn new(options: &Options) -> Self {
        let mixed = options.profile == Profile::Mixte;
        // Small mixed files still show every profile.
        let per_lot = if mixed {
            options.invoices_per_lot.min(options.invoices.div_ceil(6))
        } else {
            options.invoices_per_lot
        };
        let clinics = if mixed { options.invoices / 6 } else { 0 };
        let profile = if mixed { PS[0] } else { options.profile };
        Self {
            mixed,
            profile,
            left: options.invoices - clinics,
            clinics,
            per_lot,
            lots_per_file: options.lots_per_file,
            next: (0, 1),
            lots: 0,
        }
    }
}

impl Iterator for Plan {
    type Item = Lot;

    fn next(&mut self) -> Option<Lot> {
        if self.left == 0 && self.clinics > 0 {
            (self.left, self.clinics, self.mixed, self.profile) =
                (self.clinics, 0, false, Profile::Clinique);
            self.next = (self.next.0 + u64::from(self.next.1 > 1), 1);
        }
        let invoices = self.left.min(self.per_lot);
        if invoices == 0 {
            return None;
        }
        if self.next.1 > self.lots_per_file {
            self.next = (self.next.0 + 1, 1);
        }
        let (file, rank) = self.next;
        let profile = if self.mixed { PS[self.lots % PS.len()] } else { self.profile };
        self.lots += 1;
        self.left -= invoices;
        self.next = (file, rank + 1);
        Some(Lot { profile, invoices, rank, file, opens_file: rank == 1 })
    }
}

impl Profile {
    /// Third digit of the number of such a professional.
    pub(super) const fn kind(self) -> u8 {
        match self {
            Self::Clinique => 0,
            Self::Biologie => 3,
            Self::Auxiliaire => 6,
            _ => 2,
        }
    }

    /// Norm code of its lots (type 1, 79-80): any code but CP and ES means the PS tables; `FR` and
    /// `CP` are documented, the others invented.
    pub(super) const fn norm(self) -> &'static str {
        match self {
            Self::Pharmacie | Self::Mixte => "PH",
            Self::Auxiliaire => "AX",
            Self::Transport => "TR",
            Self::Optique => "FR",
            Self::Biologie => "LB",
            Self::Clinique => "CP",
        }
    }

    /// Trade name of the PS.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Pharmacie | Self::Mixte => "PHARMACIE FICTIVE",
            Self::Auxiliaire => "CABINET INFIRMIER FICTIF",
            Self::Transport => "AMBULANCES FICTIVES",
            Self::Optique => "OPTIQUE FICTIVE",
            Self::Biologie => "LABORATOIRE FICTIF",
            Self::Clinique => "CLINIQUE FICTIVE",
        }
    }

    /// Speciality of the PS for the 2P of a DRE.
    pub(super) const fn speciality(self) -> u64 {
        match self {
            Self::Pharmacie | Self::Mixte => 50,
            Self::Auxiliaire => 24,
            Self::Transport => 55,
            Self::Optique => 64,
            Self::Biologie => 30,
            Self::Clinique => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invoice_is_planned_once() {
        for profile in Profile::ALL {
            for invoices in [1, 5, 6, 7, 200, 201, 4_321] {
                let options = Options {
                    profile,
                    invoices,
                    invoices_per_lot: 10,
                    lots_per_file: 9,
                    ..Options::default()
                };
                let lots: Vec<Lot> = Plan::new(&options).collect();
                assert_eq!(lots.iter().map(|l| l.invoices).sum::<u64>(), invoices);
                assert!(lots.iter().all(|l| l.rank <= 9 && (l.rank == 1) == l.opens_file));
                let mut files: Vec<u64> =
                    lots.iter().filter(|l| l.opens_file).map(|l| l.file).collect();
                let opened = files.len();
                files.dedup();
                assert_eq!(
                    (opened, files.last().map(|f| f + 1)),
                    (files.len(), Some(opened as u64))
                );
            }
        }
    }
}
