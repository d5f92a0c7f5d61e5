//! The columns of a claim with both parts, for its readings and its listing.

/// The select list of a claim `c` with its parts `amo` and `amc`.
macro_rules! claim_columns {
    () => {
        concat!(
            "c.id, c.exchange_id, c.is_test, c.flow, c.sender, c.logical_file, c.lot, c.lot_date, \
             c.ordinal, c.first_record, c.record_count, c.identity, c.person, c.token_version, \
             c.vault, c.key_id, c.ps, c.norm_code, c.invoice_number, c.invoice_complement, \
             c.invoice_date, c.amc_number, c.amo_organism, c.total, c.received_at, c.corrects, \
             (SELECT later.id FROM claims later WHERE later.corrects = c.id AND ",
            $crate::store::visible::visible!("later.exchange_id"),
            " ORDER BY later.received_at DESC, later.id DESC LIMIT 1) AS corrected_by, \
             (SELECT max(e.sequence) FROM events e WHERE e.subject_id = c.id \
             AND e.subject_kind = 'claim') AS version, \
             (SELECT COALESCE(h.resolution, 'waiting') FROM held_attempts h \
             WHERE h.claim_id = c.id AND (h.resolution IS NULL OR h.resolution <> 'released')) \
             AS hold, c.date_limite_reponse_amc, amc.due_at, \
             amo.state AS amo_state, amo.asked AS amo_asked, amo.paid AS amo_paid, \
             amo.gap AS amo_gap, amo.flags AS amo_flags, amo.is_awaited AS amo_is_awaited, \
             amo.transfer_reference AS amo_transfer_reference, \
             amo.transfer_date AS amo_transfer_date, amo.reasons AS amo_reasons, \
             amo.updated_at AS amo_updated_at, \
             amc.state AS amc_state, amc.asked AS amc_asked, amc.paid AS amc_paid, \
             amc.gap AS amc_gap, amc.flags AS amc_flags, amc.is_awaited AS amc_is_awaited, \
             amc.transfer_reference AS amc_transfer_reference, \
             amc.transfer_date AS amc_transfer_date, amc.reasons AS amc_reasons, \
             amc.updated_at AS amc_updated_at"
        )
    };
}
pub(in crate::store) use claim_columns;
