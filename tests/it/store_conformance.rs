//! One suite for the store; both databases pass it. Each story runs on a fresh database of each
//! kind; without PostgreSQL the tests fail and say how to start it, they are never skipped.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "store_conformance/claims.rs"]
mod claims;
#[path = "store_conformance/exchanges.rs"]
mod exchanges;
#[path = "store_conformance/findings.rs"]
mod findings;
#[path = "store_conformance/listings.rs"]
mod listings;
#[path = "store_conformance/outbox.rs"]
mod outbox;
#[path = "store_conformance/resends.rs"]
mod resends;
#[path = "store_conformance/returns.rs"]
mod returns;
#[path = "store_conformance/scopes.rs"]
mod scopes;
#[path = "store_conformance/staged_deposits.rs"]
mod staged_deposits;

/// Runs each story on both databases.
macro_rules! suite {
    ($($room:ident { $($story:ident),* $(,)? })*) => {
        mod sqlite {
            $(mod $room { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() { crate::support::databases::on_sqlite(crate::store_conformance::$room::$story).await }
            )* })*
        }
        mod postgres {
            $(mod $room { $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() { crate::support::databases::on_postgres(crate::store_conformance::$room::$story).await }
            )* })*
        }
    };
}

suite! {
    exchanges {
        migrating_twice_is_harmless,
        a_database_is_chosen_by_its_url,
        a_change_is_whole_or_nothing,
        a_failed_step_spoils_the_change,
        an_exchange_without_closing_is_not_committed,
        an_exchange_comes_back_as_written,
        the_same_file_from_two_tasks_is_accepted_once,
        a_rolled_back_exchange_frees_its_digest,
        the_same_records_name_the_first_exchange,
        the_same_key_or_digest_names_the_first_exchange,
        a_ledger_that_does_not_balance_is_refused,
        the_ledger_is_recounted_against_the_claims,
        the_database_itself_refuses_a_wrong_ledger,
        a_logical_file_is_found_again,
        two_deposits_of_one_logical_file_at_once_keep_one,
    }
    findings {
        anomalies_come_back_in_order,
        quarantine_waits_until_resolved,
        unmatched_returns_are_kept,
        a_nul_in_a_zone_costs_nothing,
        links_and_archived_files_are_found_among_many,
    }
    claims {
        a_claim_comes_back_as_written,
        an_invoice_twice_in_a_batch_is_kept_once,
        an_invoice_known_from_another_file_is_left_out,
        invoices_of_one_number_differ_by_their_identity,
        the_same_invoice_from_two_files_at_once_is_kept_once,
        a_rejected_claim_may_be_sent_again,
        the_latest_claim_is_found_among_live_and_rejected_ones,
        a_reject_of_either_part_frees_the_invoice,
        parts_change_and_nothing_else_does,
        a_part_of_no_claim_is_an_error,
        a_second_reader_for_change_sees_the_first_change,
        large_batches_pass,
    }
    listings {
        every_status_filter_follows_the_life_cycle,
        a_page_is_whole_wherever_its_claims_lie,
        pages_neither_lose_nor_repeat,
        filters_of_claims,
        filters_of_parts,
        filters_of_a_ps_with_many_claims,
        payments_come_latest_first_in_pages,
        exchanges_by_sender_in_pages,
        page_tokens_come_back_and_strange_ones_show_nothing,
        figures_count_what_waits,
    }
    outbox {
        events_come_out_as_they_went_in,
        positions_follow_the_order_of_publication,
        a_published_event_leaves_the_queue_and_stays_in_the_history,
        an_event_of_a_later_version_is_relayed_and_passed_over,
        an_event_waits_for_the_earlier_ones_of_its_claim,
        concurrent_changes_of_one_claim_keep_its_order,
        sequences_go_on,
        depth_and_attempts,
        the_relay_lease_is_exclusive,
        the_lease_of_dropped_files_is_of_one_sender,
        a_commit_wakes_the_waiter,
        what_happens_between_the_look_and_the_wait_is_not_missed,
        what_is_being_marked_is_left_out,
        a_cut_connection_costs_only_a_moment,
        replicas_number_without_holes,
    }
    resends {
        events_are_published_again_in_the_order_of_their_claims,
        a_sink_that_is_not_in_force_confirms_nothing_unnoticed,
    }
    staged_deposits {
        events_of_staged_deposits_are_published_in_the_order_of_the_outbox,
        a_later_event_follows_the_event_of_the_staged_deposit,
        the_events_of_a_staged_deposit_are_as_old_as_its_verdict,
        a_read_of_the_outbox_skips_staged_events_and_the_history,
        plans_do_not_depend_on_statistics,
    }
    returns {
        returns_are_delivered_once,
        returns_in_pages_by_recipient_and_kind,
        rejects_are_told_once,
        a_decision_is_recorded_once,
        decisions_come_back_with_their_authors,
        the_access_journal_is_written,
        the_journal_of_operations_keeps_its_steps,
    }
    scopes {
        a_row_outside_the_scope_is_absent,
        pages_are_whole_under_a_scope,
    }
}
