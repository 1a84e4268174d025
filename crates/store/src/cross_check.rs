//! Explains every fen: what the machines say and what the books say must be the same story, told twice.

use crate::errors::Result;
use crate::offer::reads;
use sqlx::{AnyConnection, Row, query};

/// A statement that selects what contradicts itself: the row's number as `subject`, and the sentence's end.
struct Check {
    sentence: &'static str,
    sql: &'static str,
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
        sentence: "is a refund that arrived, but the journal does not say 'refund_arrived' with the same amount",
        sql: "SELECT refunds.out_refund_no AS subject
            FROM refunds
            WHERE
                refunds.state = 'succeeded'
                AND refunds.amount_fen <> (
                    SELECT CAST(COALESCE(SUM(journal_postings.fen), 0) AS BIGINT)
                    FROM journal_entries
                    JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
                    WHERE
                        journal_entries.reason = 'refund_arrived'
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
                OR (journal_entries.reason = 'refund_arrived' AND COALESCE(refunds.state, '') <> 'succeeded')
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
];

reads! {
    /// Compares payments, refunds, write-backs, claims and books with each other; each contradiction is a sentence that
    /// begins with the number of what contradicts. Nothing is changed. An empty list means that every fen is explained.
    ///
    /// Every check is one statement; run it inside of a transaction to see all of them at one moment while others write.
    cross_check() -> Vec<String>;
}

async fn cross_check(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    for check in CHECKS {
        for row in query(check.sql).fetch_all(&mut *connection).await? {
            let subject: String = row.try_get("subject")?;
            sentences.push(format!("{subject} {}", check.sentence));
        }
    }
    Ok(sentences)
}
