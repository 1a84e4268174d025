//! Explains every fen: what the machines say, what the books say and what the audit trail says must be the same story, told
//! three times. And what is not over must have somebody who goes on with it.

use crate::errors::Result;
use crate::offer::reads;
use crate::placeholders::statement;
use sqlx::{AnyConnection, Row, query};

/// A statement that selects what contradicts itself: the row's number as `subject`, and the sentence's end. It ends with its
/// order, so that a limit can follow.
struct Check {
    sentence: &'static str,
    sql: &'static str,
}

/// So many contradictions of one kind are named; a table that was wiped is told in a few lines.
const NAMED: usize = 100;

/// Fen as the audit trail tells them: `88.80 yuan`. Sums of money that moved are never negative.
macro_rules! yuan {
    ($column:literal) => {
        concat!(
            "CAST(",
            $column,
            " / 100 AS TEXT) || '.' || CAST(",
            $column,
            " / 10 % 10 AS TEXT) || CAST(",
            $column,
            " % 10 AS TEXT) || ' yuan'"
        )
    };
}

/// The trail has no event of that action about the row that begins with the sum.
macro_rules! untold {
    ($action:literal, $subject:literal, $column:literal) => {
        concat!(
            "NOT EXISTS (
                SELECT 1
                FROM audit_events
                WHERE
                    audit_events.action = '",
            $action,
            "'
                    AND audit_events.subject = ",
            $subject,
            "
                    AND substr(audit_events.detail, 1, length(",
            yuan!($column),
            ")) = ",
            yuan!($column),
            ")"
        )
    };
}

/// Nobody goes on with it: there is no task that waits or is parked, and no person closed one and said why.
macro_rules! abandoned {
    ($kind:literal, $subject:literal) => {
        concat!(
            "NOT EXISTS (
                SELECT 1
                FROM tasks
                WHERE
                    tasks.kind = '",
            $kind,
            "'
                    AND tasks.subject = ",
            $subject,
            "
                    AND tasks.state IN ('ready', 'parked')
            )
            AND NOT EXISTS (
                SELECT 1
                FROM audit_events
                WHERE
                    audit_events.subject = '",
            $kind,
            ":' || ",
            $subject,
            "
                    AND audit_events.action = 'task.closed'
            )"
        )
    };
}

/// The amount of a balanced entry is the sum of its debits.
const CHECKS: &[Check] = &[
    Check {
        sentence: "was paid, but the journal does not say 'paid' with the same amount",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE
                payments.state = 'paid'
                AND payments.received_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'paid'
                        AND journal_entries.subject = payments.out_trade_no
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is in suspense, but the journal does not say 'paid_into_suspense' with the same amount",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE
                payments.state = 'suspense'
                AND payments.received_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'paid_into_suspense'
                        AND journal_entries.subject = payments.out_trade_no
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is paid in the journal, but no payment brought the money",
        sql: "SELECT journal_entries.subject AS subject
            FROM journal_entries
            LEFT JOIN payments ON payments.out_trade_no = journal_entries.subject
            WHERE
                (journal_entries.reason = 'paid' AND COALESCE(payments.state, '') <> 'paid')
                OR (journal_entries.reason = 'paid_into_suspense' AND COALESCE(payments.state, '') <> 'suspense')
            ORDER BY 1",
    },
    Check {
        sentence: "was posted to HIS, but the journal does not say 'booked' with the amount of its payment",
        sql: "SELECT write_backs.bill_no AS subject
            FROM write_backs
            LEFT JOIN payments ON payments.out_trade_no = write_backs.out_trade_no
            WHERE
                write_backs.state = 'posted'
                AND COALESCE(payments.received_fen, -1) <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'booked'
                        AND journal_entries.subject IN (write_backs.bill_no, write_backs.out_trade_no)
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is booked in the journal, but HIS has not confirmed it",
        sql: "SELECT journal_entries.subject AS subject
            FROM journal_entries
            WHERE
                journal_entries.reason = 'booked'
                AND NOT EXISTS (
                    SELECT 1
                    FROM write_backs
                    WHERE
                        write_backs.state = 'posted'
                        AND journal_entries.subject IN (write_backs.bill_no, write_backs.out_trade_no)
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund, but the journal does not say 'refund_requested' with the same amount",
        sql: "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE
                refunds.amount_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'refund_requested'
                        AND journal_entries.subject = refunds.out_refund_no
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund that arrived, but the journal does not say 'refund_arrived' or 'refund_paid_by_hand' with the same amount",
        sql: "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE
                refunds.state = 'succeeded'
                AND refunds.amount_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason IN ('refund_arrived', 'refund_paid_by_hand')
                        AND journal_entries.subject = refunds.out_refund_no
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund that was given up, but the journal does not say 'refund_given_up' with the same amount",
        sql: "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE
                refunds.state = 'failed'
                AND refunds.amount_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'refund_given_up'
                        AND journal_entries.subject = refunds.out_refund_no
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund in the journal, but the refund is not there or stands elsewhere",
        sql: "SELECT journal_entries.subject AS subject
            FROM journal_entries
            LEFT JOIN refunds ON refunds.out_refund_no = journal_entries.subject
            WHERE
                (journal_entries.reason = 'refund_requested' AND refunds.state IS NULL)
                OR (
                    journal_entries.reason IN ('refund_arrived', 'refund_paid_by_hand')
                    AND COALESCE(refunds.state, '') <> 'succeeded'
                )
                OR (
                    journal_entries.reason = 'refund_given_up'
                    AND COALESCE(refunds.state, '') <> 'failed'
                    AND NOT EXISTS (
                        SELECT 1
                        FROM journal_entries AS again
                        WHERE again.reason = 'refund_taken_back' AND again.subject = journal_entries.subject
                    )
                )
                OR (journal_entries.reason = 'refund_taken_back' AND COALESCE(refunds.state, 'failed') = 'failed')
            ORDER BY 1",
    },
    Check {
        sentence: "does not hold exactly what its refunds need",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE
                payments.refund_held_fen <> (
                    SELECT CAST(COALESCE(SUM(refunds.amount_fen), 0) AS BIGINT)
                    FROM refunds
                    WHERE
                        refunds.out_trade_no = payments.out_trade_no
                        AND refunds.state <> 'failed'
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is settled, but by no payment of its own that is paid",
        sql: "SELECT bills.bill_no AS subject
            FROM bills
            LEFT JOIN payments
                ON payments.out_trade_no = bills.settled_by AND payments.bill_no = bills.bill_no
            WHERE
                bills.state = 'settled'
                AND COALESCE(payments.state, '') <> 'paid'
            ORDER BY 1",
    },
    Check {
        sentence: "is settled, but HIS is not told",
        sql: "SELECT bills.bill_no AS subject
            FROM bills
            LEFT JOIN write_backs ON write_backs.bill_no = bills.bill_no
            WHERE
                bills.state = 'settled'
                AND write_backs.bill_no IS NULL
            ORDER BY 1",
    },
    Check {
        sentence: "holds slips, but is neither open nor settled",
        sql: "SELECT DISTINCT slip_claims.bill_no AS subject
            FROM slip_claims
            LEFT JOIN bills ON bills.bill_no = slip_claims.bill_no
            WHERE COALESCE(bills.state, '') NOT IN ('open', 'settled')
            ORDER BY 1",
    },
    Check {
        sentence: "is an entry that does not balance",
        sql: "SELECT journal_entries.entry_id AS subject
            FROM journal_entries
            LEFT JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
            GROUP BY journal_entries.entry_id
            HAVING COUNT(journal_postings.line) < 2 OR SUM(journal_postings.fen) <> 0
            ORDER BY 1",
    },
    Check {
        sentence: "is an entry with another account than its reason has",
        sql: "SELECT DISTINCT journal_entries.entry_id AS subject
            FROM journal_entries
            JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
            LEFT JOIN refunds ON refunds.out_refund_no = journal_entries.subject
            LEFT JOIN payments
                ON payments.out_trade_no = COALESCE(refunds.out_trade_no, journal_entries.subject)
            WHERE
                journal_entries.reason NOT IN ('difference_to_suspense', 'difference_written_off', 'shift_closed')
                AND journal_postings.account <> COALESCE(
                    CASE
                        WHEN journal_entries.reason IN ('paid', 'paid_into_suspense') AND journal_postings.fen > 0
                            THEN 'channel_receivable:' || payments.channel_id
                        WHEN journal_entries.reason = 'paid' THEN 'patient_money'
                        WHEN journal_entries.reason = 'paid_into_suspense' THEN 'suspense'
                        WHEN journal_entries.reason = 'booked' AND journal_postings.fen > 0 THEN 'patient_money'
                        WHEN journal_entries.reason = 'booked' THEN 'his_revenue'
                        WHEN
                            journal_entries.reason IN ('refund_requested', 'refund_taken_back')
                            AND journal_postings.fen < 0
                            THEN 'refunds_payable'
                        WHEN
                            journal_entries.reason IN ('refund_arrived', 'refund_paid_by_hand', 'refund_given_up')
                            AND journal_postings.fen > 0
                            THEN 'refunds_payable'
                        WHEN journal_entries.reason = 'refund_paid_by_hand' THEN 'paid_by_hand'
                        WHEN journal_entries.reason = 'refund_arrived'
                            THEN 'channel_receivable:' || payments.channel_id
                        WHEN
                            journal_entries.reason NOT IN (
                                'refund_requested',
                                'refund_given_up',
                                'refund_taken_back'
                            )
                            THEN NULL
                        WHEN refunds.origin IN ('cashier', 'his') THEN 'his_revenue'
                        WHEN refunds.origin = 'booking_refused' THEN 'patient_money'
                        WHEN refunds.origin IN ('double', 'wrong_amount') THEN 'suspense'
                    END,
                    ''
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is an entry of a remedy that moves an account which remedies do not move",
        sql: "SELECT DISTINCT journal_entries.entry_id AS subject
            FROM journal_entries
            JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
            WHERE
                journal_entries.reason IN ('difference_to_suspense', 'difference_written_off')
                AND journal_postings.account NOT LIKE 'channel_receivable:%'
                AND journal_postings.account NOT IN ('patient_money', 'his_revenue', 'suspense')
                AND NOT (
                    journal_entries.reason = 'difference_written_off'
                    AND journal_postings.account = 'written_off'
                )
            ORDER BY 1",
    },
    Check {
        sentence: "was put into suspense or written off by a person, but the journal does not say so with the same amount",
        sql: "SELECT remedies.remedy_id AS subject
            FROM remedies
            WHERE
                remedies.state = 'done'
                AND remedies.remedy IN ('book_to_suspense', 'write_off')
                AND remedies.amount_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason IN ('difference_to_suspense', 'difference_written_off')
                        AND journal_entries.subject = remedies.remedy_id
                        AND journal_postings.fen > 0
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a remedy in the journal, but nobody ordered it",
        sql: "SELECT journal_entries.subject AS subject
            FROM journal_entries
            LEFT JOIN remedies ON remedies.remedy_id = journal_entries.subject
            WHERE
                journal_entries.reason IN ('difference_to_suspense', 'difference_written_off')
                AND COALESCE(remedies.state, '') <> 'done'
            ORDER BY 1",
    },
    Check {
        sentence: "is a remedy that was carried out, but the audit trail does not tell of it with the same amount",
        sql: concat!(
            "SELECT remedies.remedy_id AS subject
            FROM remedies
            WHERE remedies.state = 'done' AND ",
            untold!("remedy.done", "remedies.remedy_id", "remedies.amount_fen"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "was carried out, says the audit trail, but there is no such remedy",
        sql: "SELECT DISTINCT audit_events.subject AS subject
            FROM audit_events
            LEFT JOIN remedies ON remedies.remedy_id = audit_events.subject
            WHERE audit_events.action = 'remedy.done' AND COALESCE(remedies.state, '') <> 'done'
            ORDER BY 1",
    },
    Check {
        sentence: "is an entry of a closed shift that moves an account which closing does not move",
        sql: "SELECT DISTINCT journal_entries.entry_id AS subject
            FROM journal_entries
            JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
            WHERE
                journal_entries.reason = 'shift_closed'
                AND journal_postings.account NOT LIKE 'channel_receivable:%'
                AND journal_postings.account NOT IN ('cash_handed_in', 'cash_over_short')
            ORDER BY 1",
    },
    Check {
        sentence: "is a closed shift, but the journal does not say 'shift_closed' with what was handed in and what was over or short",
        sql: "SELECT shifts.shift_no AS subject
            FROM shifts
            WHERE
                shifts.closed_at_ms IS NOT NULL
                AND (
                    shifts.handed_in_fen <> (
                        SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                        FROM journal_entries
                        JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                        WHERE
                            journal_entries.reason = 'shift_closed'
                            AND journal_entries.subject = shifts.shift_no
                            AND journal_postings.account = 'cash_handed_in'
                    )
                    OR -shifts.difference_fen <> (
                        SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                        FROM journal_entries
                        JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                        WHERE
                            journal_entries.reason = 'shift_closed'
                            AND journal_entries.subject = shifts.shift_no
                            AND journal_postings.account = 'cash_over_short'
                    )
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a shift that was closed over other cash than went over the counter in it",
        sql: "SELECT shifts.shift_no AS subject
            FROM shifts
            WHERE
                shifts.closed_at_ms IS NOT NULL
                AND (
                    shifts.taken_fen <> (
                        SELECT CAST(COALESCE(SUM(payments.amount_fen), 0) AS BIGINT)
                        FROM window_orders
                        JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
                        WHERE window_orders.shift_no = shifts.shift_no AND window_orders.method = 'cash'
                    )
                    OR shifts.back_fen <> (
                        SELECT CAST(COALESCE(SUM(refunds.amount_fen), 0) AS BIGINT)
                        FROM window_refunds
                        JOIN refunds ON refunds.out_refund_no = window_refunds.out_refund_no
                        WHERE window_refunds.shift_no = shifts.shift_no AND window_refunds.method = 'cash'
                    )
                    OR shifts.handed_in_fen <> shifts.taken_fen - shifts.back_fen + shifts.difference_fen
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a shift in the journal, but it was not closed",
        sql: "SELECT journal_entries.subject AS subject
            FROM journal_entries
            LEFT JOIN shifts ON shifts.shift_no = journal_entries.subject
            WHERE journal_entries.reason = 'shift_closed' AND shifts.closed_at_ms IS NULL
            ORDER BY 1",
    },
    Check {
        sentence: "is a closed shift that the audit trail does not tell of with the same amount",
        sql: concat!(
            "SELECT shifts.shift_no AS subject
            FROM shifts
            WHERE shifts.closed_at_ms IS NOT NULL AND shifts.handed_in_fen >= 0 AND ",
            untold!("shift.closed", "shifts.shift_no", "shifts.handed_in_fen"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "was closed, says the audit trail, but there is no such shift, or it is open",
        sql: "SELECT DISTINCT audit_events.subject AS subject
            FROM audit_events
            LEFT JOIN shifts ON shifts.shift_no = audit_events.subject
            WHERE audit_events.action = 'shift.closed' AND shifts.closed_at_ms IS NULL
            ORDER BY 1",
    },
    Check {
        sentence: "was taken over the counter, but it is not paid and nobody goes on with it",
        sql: concat!(
            "SELECT window_orders.out_trade_no AS subject
            FROM window_orders
            JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
            WHERE
                window_orders.taken_at_ms IS NOT NULL
                AND payments.state NOT IN ('paid', 'suspense')
                AND ",
            abandoned!("follow_payment", "window_orders.out_trade_no"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "was paid at the window, but no cashier says so",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            LEFT JOIN window_orders ON window_orders.out_trade_no = payments.out_trade_no
            WHERE
                payments.scene = 'window'
                AND payments.state IN ('paid', 'suspense')
                AND window_orders.taken_at_ms IS NULL
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund that went back over the counter, but no cashier says so",
        sql: "SELECT refunds.out_refund_no AS subject
            FROM refunds
            JOIN payments ON payments.out_trade_no = refunds.out_trade_no
            LEFT JOIN window_refunds ON window_refunds.out_refund_no = refunds.out_refund_no
            WHERE
                payments.scene = 'window'
                AND refunds.state = 'succeeded'
                AND window_refunds.out_refund_no IS NULL
                AND NOT EXISTS (
                    SELECT 1
                    FROM journal_entries
                    WHERE
                        journal_entries.subject = refunds.out_refund_no
                        AND journal_entries.reason = 'refund_paid_by_hand'
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a signed day, but its run is not there or was superseded",
        sql: "SELECT day_sign_offs.day AS subject
            FROM day_sign_offs
            LEFT JOIN runs ON runs.run_id = day_sign_offs.run_id
            WHERE COALESCE(runs.state, '') <> 'current'
            ORDER BY 1",
    },
    Check {
        sentence: "is paid with another amount than was ordered",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE payments.state = 'paid' AND payments.received_fen <> payments.amount_fen
            ORDER BY 1",
    },
    Check {
        sentence: "is open or settled, but somebody else may pay its slips",
        sql: "SELECT DISTINCT bills.bill_no AS subject
            FROM bills
            JOIN bill_slips ON bill_slips.bill_no = bills.bill_no
            LEFT JOIN write_backs ON write_backs.bill_no = bills.bill_no
            LEFT JOIN slip_claims
                ON slip_claims.hospital_id = bill_slips.hospital_id AND slip_claims.slip_no = bill_slips.slip_no
            WHERE
                bills.state IN ('open', 'settled')
                AND COALESCE(write_backs.state, '') <> 'refused'
                AND COALESCE(slip_claims.bill_no, '') <> bills.bill_no
                AND NOT EXISTS (
                    SELECT 1
                    FROM payments
                    WHERE
                        payments.out_trade_no = bills.settled_by
                        AND payments.refund_held_fen = payments.received_fen
                )
            ORDER BY 1",
    },
    Check {
        sentence: "was refused by HIS, but its money does not go back",
        sql: "SELECT write_backs.bill_no AS subject
            FROM write_backs
            WHERE
                write_backs.state = 'refused'
                AND NOT EXISTS (SELECT 1 FROM refunds WHERE refunds.out_trade_no = write_backs.out_trade_no)
            ORDER BY 1",
    },
    Check {
        sentence: "was paid for slips that were paid already, but its money does not go back",
        sql: "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE
                payments.state = 'suspense'
                AND payments.state_reason = 'double'
                AND NOT EXISTS (SELECT 1 FROM refunds WHERE refunds.out_trade_no = payments.out_trade_no)
            ORDER BY 1",
    },
    Check {
        sentence: "may still be paid, but nobody asks after it",
        sql: concat!(
            "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE payments.state IN ('opening', 'waiting') AND ",
            abandoned!("follow_payment", "payments.out_trade_no"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "is paid and not booked, but nobody tells HIS",
        sql: concat!(
            "SELECT write_backs.bill_no AS subject
            FROM write_backs
            WHERE write_backs.state IN ('due', 'unknown', 'refusal_to_confirm') AND ",
            abandoned!("write_back", "write_backs.bill_no"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "is a refund that has not arrived, but nobody goes on with it",
        sql: concat!(
            "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE refunds.state IN ('due', 'unknown', 'processing', 'abnormal') AND ",
            abandoned!("follow_refund", "refunds.out_refund_no"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "is a refund that arrived, but nobody tells HIS",
        sql: concat!(
            "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE refunds.state = 'succeeded' AND refunds.his_state IN ('due', 'unknown') AND ",
            abandoned!("write_back_refund", "refunds.out_refund_no"),
            " ORDER BY 1"
        ),
    },
    Check {
        sentence: "has money, but the audit trail does not tell of it with the same amount",
        sql: concat!(
            "SELECT payments.out_trade_no AS subject
            FROM payments
            WHERE
                (payments.state = 'paid' AND ",
            untold!("payment.paid", "payments.out_trade_no", "payments.received_fen"),
            ")
                OR (payments.state = 'suspense' AND payments.state_reason = 'double' AND ",
            untold!("payment.double", "payments.out_trade_no", "payments.received_fen"),
            ") ORDER BY 1"
        ),
    },
    Check {
        sentence: "was paid, says the audit trail, but there is no payment with that money",
        sql: "SELECT DISTINCT audit_events.subject AS subject
            FROM audit_events
            LEFT JOIN payments ON payments.out_trade_no = audit_events.subject
            WHERE
                (audit_events.action = 'payment.paid' AND COALESCE(payments.state, '') <> 'paid')
                OR (
                    audit_events.action IN ('payment.double', 'wrong_amount')
                    AND COALESCE(payments.state, '') <> 'suspense'
                )
            ORDER BY 1",
    },
    Check {
        sentence: "stands otherwise at HIS than the audit trail tells",
        sql: "SELECT audit_events.subject AS subject
            FROM audit_events
            LEFT JOIN write_backs ON write_backs.bill_no = audit_events.subject
            WHERE
                (audit_events.action = 'write_back.posted' AND COALESCE(write_backs.state, '') <> 'posted')
                OR (audit_events.action = 'write_back.refused' AND COALESCE(write_backs.state, '') <> 'refused')
            UNION
            SELECT write_backs.bill_no AS subject
            FROM write_backs
            WHERE
                write_backs.state IN ('posted', 'refused')
                AND NOT EXISTS (
                    SELECT 1
                    FROM audit_events
                    WHERE
                        audit_events.subject = write_backs.bill_no
                        AND audit_events.action = 'write_back.' || write_backs.state
                )
            ORDER BY 1",
    },
    Check {
        sentence: "is a refund that the audit trail does not tell of with the same amount",
        sql: concat!(
            "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE ",
            untold!("refund.requested", "refunds.out_refund_no", "refunds.amount_fen"),
            " OR (refunds.state = 'succeeded' AND ",
            untold!("refund.arrived", "refunds.out_refund_no", "refunds.amount_fen"),
            ") ORDER BY 1"
        ),
    },
    Check {
        sentence: "is a refund, says the audit trail, but it is not there or did not arrive",
        sql: "SELECT DISTINCT audit_events.subject AS subject
            FROM audit_events
            LEFT JOIN refunds ON refunds.out_refund_no = audit_events.subject
            WHERE
                (audit_events.action = 'refund.requested' AND refunds.state IS NULL)
                OR (audit_events.action = 'refund.arrived' AND COALESCE(refunds.state, '') <> 'succeeded')
            ORDER BY 1",
    },
];

reads! {
    /// Compares payments, refunds, write-backs, claims, tasks, books and audit trail with each other; each contradiction is a
    /// sentence that begins with the number of what contradicts. Nothing is changed. An empty list means that every fen is
    /// explained.
    ///
    /// Every check is one statement; run it inside of [`Store::snapshot`](crate::Store::snapshot) to see all of them at one
    /// moment while others write.
    cross_check() -> Vec<String>;
}

async fn cross_check(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    for Check { sentence, sql } in CHECKS {
        let limited = statement(format!("{sql} LIMIT {}", NAMED + 1));
        let rows = query(limited).fetch_all(&mut *connection).await?;
        for row in rows.iter().take(NAMED) {
            let subject: String = row.try_get("subject")?;
            sentences.push(format!("{subject} {sentence}"));
        }
        if rows.len() > NAMED {
            sentences.push(format!("and more than these {NAMED} {sentence}"));
        }
    }
    Ok(sentences)
}
