//! The pass over a file, for each norm.

use crate::examination::Examination;
use crate::marks::Marks;
use crate::repeats::Repeats;
use crate::report::{Assumption, MAX_LISTED_FINDINGS, Report, ReturnSums};
use noemie_parsers::anomaly::{Anomaly, Code, Position, Severity};
use noemie_parsers::b2::{self, Facture, Lecteur};
use noemie_parsers::detect::{Contenu, Detection, Norme};
use noemie_parsers::hypothese::Hypothese;
use noemie_parsers::noemie::retour_concentrateur::{LecteurAvis, Notice};
use noemie_parsers::noemie::{self, Reader};
use noemie_parsers::outcome::{ALREADY_RECEIVED, Finding, LogicalFile, Norm, Packaging, Verdict};
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::{Date, Montant};
use std::io::{self, Read};

/// A report that a pass fills.
pub(crate) struct Pass {
    report: Report,
    /// Findings that cost the whole file, at most [`MAX_LISTED_FINDINGS`]. The report lists them
    /// first.
    of_file: Vec<Finding>,
    worst: Option<Severity>,
    remittances: Vec<(LogicalFile, Position)>,
    norme: Option<Norme>,
    /// Hour of Paris at which the file was received, when it was.
    reception: Option<(Date, u8)>,
    marks: Marks,
    /// Invoices seen, where the pass looks for repeats.
    repeats: Option<Repeats>,
}

impl Pass {
    pub(crate) fn new(file: &str, detection: Detection, reception: Option<(Date, u8)>) -> Self {
        let report = Report {
            file: file.to_owned(),
            norm: detection.norme.map(Norm::from),
            packaging: detection.norme.map(Packaging::from),
            detected: detection.raison.to_owned(),
            assumptions: Vec::new(),
            verdict: Verdict::Accepted,
            test: false,
            logical_files: 0,
            lots: 0,
            invoices: 0,
            payment_notices: 0,
            lines: 0,
            records: 0,
            entities: 0,
            accepted_invoices: 0,
            quarantined_invoices: Vec::new(),
            duplicate_invoices: 0,
            total_centimes: 0,
            amo_centimes: 0,
            amc_centimes: 0,
            sums: None,
            anomaly_count: 0,
            anomalies: Vec::new(),
        };
        let mut pass = Self {
            report,
            of_file: Vec::new(),
            worst: None,
            remittances: Vec::new(),
            norme: detection.norme,
            reception,
            marks: Marks::default(),
            repeats: None,
        };
        if let Some(hypothese) = detection.hypothese {
            pass.assume(hypothese, 1);
        }
        pass
    }

    /// Makes the pass report invoices that the file repeats.
    pub(crate) fn finding_repeats(self) -> Self {
        Self { repeats: Some(Repeats::default()), ..self }
    }

    /// Adds an assumption to the report, the first time only: the list is never longer than the
    /// table of assumptions.
    fn assume(&mut self, hypothese: Hypothese, record: u64) {
        if !self.report.assumptions.iter().any(|a| a.code == hypothese.as_str()) {
            self.report.assumptions.push(Assumption {
                code: hypothese.as_str(),
                record,
                message: hypothese.message(),
            });
        }
    }

    /// Reads a file of norm B2.
    pub(crate) fn b2(&mut self, source: impl Read, forme: Forme) -> io::Result<()> {
        let mut reader = Lecteur::new(source, forme);
        while let Some(element) = reader.suivant()? {
            match element {
                b2::Element::Lot(lot) => {
                    if let Some(hypothese) = lot.hypothese() {
                        self.assume(hypothese, lot.position.record);
                    }
                }
                b2::Element::Facture(mut facture) => {
                    let record = facture.principale().position.record;
                    facture.hypotheses().for_each(|hypothese| self.assume(hypothese, record));
                    let past = self.reception.and_then(|hour| facture.limite_depassee(hour));
                    facture.anomalies.extend(past);
                    facture.anomalies.extend(self.marks.invoice(&facture));
                    let repeat = self.repeats.as_mut().and_then(|seen| seen.see(&facture));
                    let (quarantined, found) =
                        (facture.quarantined(), std::mem::take(&mut facture.anomalies));
                    self.report.payment_notices += u64::from(facture.avis_paiement().is_some());
                    if let Some(repeat) = repeat {
                        self.repeat(&facture, repeat, found);
                    } else {
                        self.invoice(|| facture.numero(), quarantined, found);
                    }
                }
                b2::Element::FinLot(fin) => {
                    let mixed = self.marks.end_of_lot(&fin);
                    self.add_findings(Vec::from_iter(mixed), None);
                }
                b2::Element::EnTete(en_tete) => self.remittances.push(remittance_b2(&en_tete)),
                b2::Element::Anomalies(found) => self.add_findings(found, None),
                _ => {}
            }
        }
        if self.repeats.as_ref().is_some_and(Repeats::is_full) {
            self.assume(Hypothese::DoublonsLimites, 1);
        }
        let comptes = reader.comptes();
        self.report.logical_files = u64::from(comptes.fichiers);
        self.report.lots = comptes.lots;
        self.report.invoices = comptes.factures;
        self.report.lines = comptes.lignes;
        self.report.records = comptes.enregistrements;
        // `Self::repeat` subtracted the sums of repeated invoices from the report beforehand.
        self.report.total_centimes += comptes.total.centimes();
        self.report.amo_centimes += comptes.amo.centimes();
        self.report.amc_centimes += comptes.amc.centimes();
        Ok(())
    }

    /// Reads a NOEMIE file.
    pub(crate) fn noemie(
        &mut self,
        source: impl Read,
        packaging: noemie::Packaging,
    ) -> io::Result<()> {
        let mut reader = Reader::new(source, packaging);
        while let Some(element) = reader.next_element()? {
            match element {
                noemie::Element::Retour(mut retour) => {
                    if let Some(entite) = retour.entites.iter().find(|e| e.code == *b"294") {
                        self.assume(Hypothese::Rejet294, entite.lieu.position.record);
                    }
                    let (quarantined, found) =
                        (retour.quarantined(), std::mem::take(&mut retour.anomalies));
                    self.invoice(|| retour.numero.clone(), quarantined, found);
                }
                noemie::Element::EnTete(en_tete) => {
                    let rank = self.remittances.len() + 1;
                    self.remittances.push(remittance_noemie(&en_tete, rank));
                    let mixed = self.marks.header(&en_tete);
                    self.add_findings(Vec::from_iter(mixed), None);
                }
                noemie::Element::Anomalies(found) => self.add_findings(found, None),
                _ => {}
            }
        }
        let comptes = reader.comptes();
        let sums = ReturnSums {
            amo_asked: comptes.amo_demande.centimes(),
            amo_paid: comptes.amo_paye.centimes(),
            amc_asked: comptes.amc_demande.centimes(),
            amc_paid: comptes.amc_paye.centimes(),
            recovered: comptes.recupere.centimes(),
            flat: comptes.forfaits.centimes(),
        };
        self.report.logical_files = comptes.fichiers;
        self.report.lots = comptes.lots;
        self.report.invoices = comptes.factures;
        self.report.lines = comptes.lignes;
        self.report.records = comptes.enregistrements;
        self.report.entities = comptes.entites;
        self.report.total_centimes = comptes.somme_999.centimes();
        self.set_return_sums(sums);
        Ok(())
    }

    /// Reads the notices of a concentrator.
    pub(crate) fn notices(&mut self, source: impl Read) -> io::Result<()> {
        let mut reader = LecteurAvis::new(source);
        let (mut amo_asked, mut amc_asked) = (Montant::ZERO, Montant::ZERO);
        for notice in reader.by_ref() {
            match notice? {
                Notice::Avis(avis) => {
                    if !avis.quarantined() {
                        amo_asked += avis.facture_amo;
                        amc_asked += avis.facture_amc;
                    }
                    let quarantined = avis.quarantined();
                    self.invoice(|| avis.numero.clone(), quarantined, avis.anomalies);
                }
                Notice::Anomalie(anomaly) => self.add_findings(vec![anomaly], None),
            }
        }
        // A deposit keeps notices and makes no claim of them: notices are neither accepted nor
        // quarantined.
        self.report.accepted_invoices = 0;
        self.report.quarantined_invoices.clear();
        let comptes = reader.comptes();
        self.report.invoices = comptes.factures;
        self.report.records = comptes.enregistrements;
        let (amo_paid, amc_paid) = (comptes.amo_paye.centimes(), comptes.amc_paye.centimes());
        self.report.total_centimes = amo_paid + amc_paid;
        self.set_return_sums(ReturnSums {
            amo_asked: amo_asked.centimes(),
            amo_paid,
            amc_asked: amc_asked.centimes(),
            amc_paid,
            recovered: 0,
            flat: 0,
        });
        Ok(())
    }

    /// Reports that the file was not recognised; the rest of the source is not read.
    pub(crate) fn unrecognised(
        &mut self,
        mut source: impl Read,
        contenu: Option<Contenu>,
    ) -> io::Result<()> {
        let empty = source.read(&mut [0])? == 0;
        let anomaly = if empty {
            Anomaly::on_record(Code::FichierVide, Position::default(), "", "Le fichier est vide")
        } else {
            let named = contenu.map(|contenu| format!(" : {}", contenu.message()));
            let message = format!(
                "Le contenu n'est ni un fichier B2, ni un fichier NOEMIE, ni un retour de \
                 concentrateur{}",
                named.unwrap_or_default()
            );
            Anomaly::on_record(Code::NonReconnu, Position { record: 1, offset: 0 }, "", message)
        };
        self.add_findings(vec![anomaly], None);
        Ok(())
    }

    fn set_return_sums(&mut self, sums: ReturnSums) {
        self.report.amo_centimes = sums.amo_paid;
        self.report.amc_centimes = sums.amc_paid;
        self.report.sums = Some(sums);
    }

    /// Counts an invoice. `number` is called only when the report names the invoice.
    fn invoice(&mut self, number: impl Fn() -> String, quarantined: bool, found: Vec<Anomaly>) {
        if !found.is_empty() {
            self.add_findings(found, Some(&number()));
        }
        if !quarantined {
            self.report.accepted_invoices += 1;
        } else if self.report.quarantined_invoices.len() < MAX_LISTED_FINDINGS {
            self.report.quarantined_invoices.push(number());
        }
    }

    /// Counts an invoice that repeats another one: a deposit has it among its duplicates.
    fn repeat(&mut self, facture: &Facture, repeat: Finding, found: Vec<Anomaly>) {
        self.add_findings(found, Some(&facture.numero()));
        self.add_finding(repeat.severity, || repeat);
        self.report.duplicate_invoices += 1;
        let sums = facture.totaux();
        self.report.total_centimes -= sums.total.centimes();
        self.report.amo_centimes -= sums.amo.centimes();
        self.report.amc_centimes -= sums.amc.centimes();
    }

    fn add_findings(&mut self, found: Vec<Anomaly>, invoice: Option<&str>) {
        for anomaly in found {
            self.add_finding(anomaly.severity, || {
                Finding::new(anomaly, invoice.map(str::to_owned))
            });
        }
    }

    /// Counts a finding, which is made only when the list has room for it.
    fn add_finding(&mut self, severity: Severity, make: impl FnOnce() -> Finding) {
        self.worst = self.worst.max(Some(severity));
        self.report.anomaly_count += 1;
        let of_file = severity == Severity::File;
        let list = if of_file { &mut self.of_file } else { &mut self.report.anomalies };
        if list.len() < MAX_LISTED_FINDINGS {
            list.push(make());
        }
    }

    /// Sets the verdict from the worst finding, and sorts the findings: those that cost the whole
    /// file first. A refused file has neither accepted invoices nor sums.
    pub(crate) fn finish(self) -> Examination {
        let mut report = self.report;
        report.test = self.marks.is_test();
        if self.worst == Some(Severity::File) {
            // A deposit writes nothing of a refused file, and so finds no invoice twice.
            report.anomalies.retain(|finding| finding.code != ALREADY_RECEIVED);
            report.anomaly_count -= report.duplicate_invoices;
        }
        report.anomalies.splice(0..0, self.of_file);
        report.anomalies.sort_by_key(|f| (f.severity != Severity::File, f.record, f.column));
        report.anomalies.truncate(MAX_LISTED_FINDINGS);
        report.verdict = match self.worst {
            Some(Severity::File) => Verdict::Refused,
            Some(Severity::Invoice) => Verdict::Partial,
            _ => Verdict::Accepted,
        };
        if report.verdict == Verdict::Refused {
            report.accepted_invoices = 0;
            report.quarantined_invoices.clear();
            report.duplicate_invoices = 0;
            report.total_centimes = 0;
            report.amo_centimes = 0;
            report.amc_centimes = 0;
            report.sums = report.sums.map(|_| ReturnSums::default());
        }
        let read = if report.norm == Some(Norm::Noemie) { report.entities } else { report.records };
        Examination {
            norme: self.norme,
            report,
            remittances: self.remittances,
            read,
            records_digest: String::new(),
        }
    }
}

fn remittance_b2(en_tete: &b2::EnTete) -> (LogicalFile, Position) {
    let file = LogicalFile {
        ordinal: en_tete.rang,
        issuer: en_tete.emetteur(),
        recipient: en_tete.destinataire(),
        message: en_tete.message(),
        file_id: en_tete.identification(),
        created: en_tete.date_brute(),
        norm: en_tete.norme(),
    };
    (file, en_tete.position)
}

/// Returns the logical file of a NOEMIE 000. `message` is the reference of the exchange, because a
/// caisse numbers its files within a reference.
fn remittance_noemie(en_tete: &noemie::EnTete, rank: usize) -> (LogicalFile, Position) {
    let file = LogicalFile {
        ordinal: u32::try_from(rank).unwrap_or(u32::MAX),
        issuer: format!("{}{}", en_tete.type_emetteur, en_tete.numero_emetteur),
        recipient: format!("{}{}", en_tete.type_destinataire, en_tete.numero_destinataire),
        message: en_tete.reference.clone(),
        file_id: en_tete.identification.clone(),
        created: en_tete.date.brute(),
        norm: "NOEMIE".to_owned(),
    };
    (file, en_tete.position)
}
