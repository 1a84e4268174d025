//! Money over the counter: orders that hold slips for a cashier, what was taken, what was given back, and what a shift comes to.

use crate::Tx;
use crate::errors::{Result, StoreError};
use crate::offer::reads;
use crate::rows::{Fields, page};
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo, ShiftNo};
use mingfen_domain::window::{Method, PosSlip};
use mingfen_domain::{Amount, Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

/// An order at the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowOrderRecord {
    /// The payment.
    pub out_trade_no: OutTradeNo,
    /// The key of the form that opened it.
    pub form_key: String,
    /// How it is paid.
    pub method: Method,
    /// Who takes the money: a staff number.
    pub cashier: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// That the money is there.
    pub taken: Option<TakenRecord>,
}

/// A cashier's word that the money is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenRecord {
    /// In which shift.
    pub shift_no: ShiftNo,
    /// When.
    pub at: Timestamp,
    /// What was tendered, in cash.
    pub tendered: Option<Fen>,
    /// The terminal's slip.
    pub slip: Option<PosSlip>,
}

/// Whether an order was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertedOrder {
    /// It is kept now.
    New,
    /// Nothing was kept: the form was sent before.
    KeyTaken,
}

/// What became of a cashier's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It is kept.
    Done,
    /// It was kept before.
    Before,
    /// Nothing was kept: this slip of a terminal belongs to another payment or refund.
    SlipUsed,
}

/// What was given back over the counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowRefundRecord {
    /// The refund.
    pub out_refund_no: OutRefundNo,
    /// In cash, or to a card.
    pub method: Method,
    /// Who gave it: a staff number.
    pub cashier: String,
    /// Out of which shift.
    pub shift_no: ShiftNo,
    /// When.
    pub at: Timestamp,
    /// The terminal's slip.
    pub slip: Option<PosSlip>,
}

/// What a shift took or gave back, by account and by what it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShiftSum {
    /// The account.
    pub channel: ChannelId,
    /// How.
    pub method: Method,
    /// What for: `outpatient`, `registration`, `deposit`, or `refund` for what was given back.
    pub group: String,
    /// How many.
    pub number: i64,
    /// How much; positive for what was given back, too.
    pub fen: Fen,
}

/// Something of a shift that is not decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// What it is.
    pub kind: OpenKind,
    /// Its number: of the order, or of the refund.
    pub number: String,
    /// The bill.
    pub bill_no: BillNo,
    /// How much.
    pub amount: Amount,
    /// Whether nobody knows where its money is: then a shift is not closed over it without a lead.
    pub unknown: bool,
}

/// What is not decided yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenKind {
    /// An order at the window holds slips, and the money is not there.
    Untaken,
    /// The money was taken, and HIS has not said what it did with it.
    Unbooked,
    /// A refund waits to be given back over the counter.
    ToGiveBack,
    /// A refund was sent to a channel that gave no answer.
    RefundUnknown,
    /// A refund is on its way.
    RefundUnderWay,
}

impl OpenKind {
    /// The word that is stored with a closed shift.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untaken => "untaken",
            Self::Unbooked => "unbooked",
            Self::ToGiveBack => "to_give_back",
            Self::RefundUnknown => "refund_unknown",
            Self::RefundUnderWay => "refund_under_way",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Untaken, Self::Unbooked, Self::ToGiveBack, Self::RefundUnknown, Self::RefundUnderWay]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// Whether nobody knows where the money is.
    pub const fn is_unknown(self) -> bool {
        match self {
            Self::Untaken | Self::Unbooked | Self::ToGiveBack | Self::RefundUnknown => true,
            Self::RefundUnderWay => false,
        }
    }
}

/// What went over the counter, as a statement's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterLine {
    /// The account.
    pub channel: ChannelId,
    /// The order.
    pub out_trade_no: OutTradeNo,
    /// The refund, when it was given back.
    pub out_refund_no: Option<OutRefundNo>,
    /// What stands where a provider's number would stand.
    pub number: String,
    /// How much.
    pub amount: Amount,
    /// When.
    pub at: Timestamp,
    /// Whether its bill is for deposits alone, or for none at all.
    pub deposit: Option<bool>,
}

macro_rules! select_orders {
    ($condition:literal) => {
        concat!(
            "SELECT
                out_trade_no,
                form_key,
                method,
                cashier,
                opened_at_ms,
                shift_no,
                taken_at_ms,
                tendered_fen,
                terminal,
                reference
            FROM window_orders
            WHERE ",
            $condition
        )
    };
}

reads! {
    /// The window's part of an order.
    window_order(out_trade_no: &OutTradeNo) -> Option<WindowOrderRecord>;
    /// The order that was opened with the form of that key.
    window_order_by_key(form_key: &str) -> Option<WindowOrderRecord>;
    /// At most `limit` orders that were paid by a card whose terminal printed this reference.
    window_orders_of_reference(reference: &str, limit: i64) -> Vec<WindowOrderRecord>;
    /// What was given back over the counter for a refund.
    window_refund(out_refund_no: &OutRefundNo) -> Option<WindowRefundRecord>;
    /// What a shift took and gave back.
    shift_sums(shift_no: &ShiftNo) -> Vec<ShiftSum>;
    /// What the journal says of the same payments and refunds, less what went back, by account.
    shift_in_books(shift_no: &ShiftNo) -> Vec<(ChannelId, Fen)>;
    /// The receipt numbers that HIS gave to payments of a shift: one for each that it has booked.
    shift_receipts(shift_no: &ShiftNo) -> Vec<String>;
    /// Refunds that somebody has asked for from `from` on and before `to` and that go back through a channel, not over the counter:
    /// how many, and how much.
    refunds_by_person(requested_by: &str, from: Timestamp, to: Timestamp) -> (i64, Fen);
    /// What is not decided yet of a shift of `cashier`, whose name in the trail is `actor`, that was opened at `from`.
    shift_open_items(shift_no: &ShiftNo, cashier: &str, actor: &str, from: Timestamp) -> Vec<OpenItem>;
    /// At most `limit` payments that were taken over the counter from `from` on and before `to`, in the order of time and number, from
    /// the one after `after`.
    counter_taken(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<CounterLine>;
    /// The same of what was given back.
    counter_given_back(from: Timestamp, to: Timestamp, after: Option<&(Timestamp, String)>, limit: i64) -> Vec<CounterLine>;
}

async fn window_order(
    connection: &mut AnyConnection,
    out_trade_no: &OutTradeNo,
) -> Result<Option<WindowOrderRecord>> {
    let row = query(select_orders!("out_trade_no = $1"))
        .bind(out_trade_no.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(order).transpose()
}

async fn window_order_by_key(
    connection: &mut AnyConnection,
    form_key: &str,
) -> Result<Option<WindowOrderRecord>> {
    let row = query(select_orders!("form_key = $1")).bind(form_key).fetch_optional(connection).await?;
    row.as_ref().map(order).transpose()
}

async fn window_orders_of_reference(
    connection: &mut AnyConnection,
    reference: &str,
    limit: i64,
) -> Result<Vec<WindowOrderRecord>> {
    let rows = query(select_orders!("reference = $1 ORDER BY terminal LIMIT $2"))
        .bind(reference)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(order).collect()
}

async fn window_refund(
    connection: &mut AnyConnection,
    out_refund_no: &OutRefundNo,
) -> Result<Option<WindowRefundRecord>> {
    let row = query(
        "SELECT
            out_refund_no,
            method,
            cashier,
            shift_no,
            given_at_ms,
            terminal,
            reference
        FROM window_refunds
        WHERE out_refund_no = $1",
    )
    .bind(out_refund_no.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref()
        .map(|row| {
            let fields = Fields::new("window_refunds", "out_refund_no", row)?;
            Ok(WindowRefundRecord {
                out_refund_no: fields.id("out_refund_no", OutRefundNo::parse)?,
                method: fields.word("method", Method::parse)?,
                cashier: fields.text("cashier")?,
                shift_no: fields.id("shift_no", ShiftNo::parse)?,
                at: fields.time("given_at_ms")?,
                slip: slip(&fields)?,
            })
        })
        .transpose()
}

async fn shift_sums(connection: &mut AnyConnection, shift_no: &ShiftNo) -> Result<Vec<ShiftSum>> {
    let rows = query(
        "SELECT
            taken.channel_id AS channel_id,
            taken.method AS method,
            taken.kind AS kind,
            COUNT(*) AS number,
            CAST(SUM(taken.fen) AS BIGINT) AS fen
        FROM (
            SELECT
                payments.channel_id,
                window_orders.method,
                payments.amount_fen AS fen,
                (
                    SELECT
                        CASE
                            WHEN SUM(CASE WHEN bill_slips.kind = 'deposit' THEN 1 ELSE 0 END) = COUNT(*)
                                THEN 'deposit'
                            WHEN SUM(CASE WHEN bill_slips.kind = 'registration' THEN 1 ELSE 0 END) = COUNT(*)
                                THEN 'registration'
                            ELSE 'outpatient'
                        END
                    FROM bill_slips
                    WHERE bill_slips.bill_no = payments.bill_no
                ) AS kind
            FROM window_orders
            JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
            WHERE window_orders.shift_no = $1
            UNION ALL
            SELECT
                payments.channel_id,
                window_refunds.method,
                refunds.amount_fen AS fen,
                'refund' AS kind
            FROM window_refunds
            JOIN refunds ON refunds.out_refund_no = window_refunds.out_refund_no
            JOIN payments ON payments.out_trade_no = refunds.out_trade_no
            WHERE window_refunds.shift_no = $1
        ) AS taken
        GROUP BY taken.channel_id, taken.method, taken.kind
        ORDER BY taken.channel_id, taken.kind",
    )
    .bind(shift_no.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("window_orders", "channel_id", row)?;
            Ok(ShiftSum {
                channel: fields.id("channel_id", ChannelId::parse)?,
                method: fields.word("method", Method::parse)?,
                group: fields.text("kind")?,
                number: fields.number("number")?,
                fen: fields.fen("fen")?,
            })
        })
        .collect()
}

async fn shift_in_books(connection: &mut AnyConnection, shift_no: &ShiftNo) -> Result<Vec<(ChannelId, Fen)>> {
    let rows = query(
        "SELECT
            journal_postings.account AS account,
            CAST(SUM(journal_postings.fen) AS BIGINT) AS fen
        FROM (
            SELECT window_orders.out_trade_no AS subject
            FROM window_orders
            WHERE window_orders.shift_no = $1
            UNION ALL
            SELECT window_refunds.out_refund_no AS subject
            FROM window_refunds
            WHERE window_refunds.shift_no = $1
        ) AS moved
        JOIN journal_entries ON journal_entries.subject = moved.subject
        JOIN journal_postings ON journal_postings.entry_id = journal_entries.entry_id
        WHERE
            journal_entries.reason IN ('paid', 'paid_into_suspense', 'refund_arrived')
            AND journal_postings.account LIKE 'channel_receivable:%'
        GROUP BY journal_postings.account
        ORDER BY journal_postings.account",
    )
    .bind(shift_no.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("journal_postings", "account", row)?;
            let channel = |text: &str| ChannelId::parse(text.strip_prefix("channel_receivable:")?).ok();
            Ok((fields.word("account", channel)?, fields.fen("fen")?))
        })
        .collect()
}

async fn shift_receipts(connection: &mut AnyConnection, shift_no: &ShiftNo) -> Result<Vec<String>> {
    let receipts = sqlx::query_scalar(
        "SELECT COALESCE(write_backs.receipt_no, '')
        FROM window_orders
        JOIN write_backs ON write_backs.out_trade_no = window_orders.out_trade_no
        WHERE window_orders.shift_no = $1 AND write_backs.state = 'posted'
        ORDER BY 1",
    )
    .bind(shift_no.as_str())
    .fetch_all(connection)
    .await?;
    Ok(receipts)
}

async fn refunds_by_person(
    connection: &mut AnyConnection,
    requested_by: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<(i64, Fen)> {
    let row = query(
        "SELECT
            'refunds' AS what,
            COUNT(*) AS number,
            CAST(COALESCE(SUM(refunds.amount_fen), 0) AS BIGINT) AS fen
        FROM refunds
        JOIN payments ON payments.out_trade_no = refunds.out_trade_no
        WHERE
            refunds.requested_by = $1
            AND refunds.requested_at_ms >= $2
            AND refunds.requested_at_ms < $3
            AND refunds.state <> 'failed'
            AND payments.scene <> 'window'",
    )
    .bind(requested_by)
    .bind(from.ms())
    .bind(to.ms())
    .fetch_one(connection)
    .await?;
    let fields = Fields::new("refunds", "what", &row)?;
    Ok((fields.number("number")?, fields.fen("fen")?))
}

async fn shift_open_items(
    connection: &mut AnyConnection,
    shift_no: &ShiftNo,
    cashier: &str,
    actor: &str,
    from: Timestamp,
) -> Result<Vec<OpenItem>> {
    let rows = query(
        "SELECT
            'untaken' AS kind,
            payments.out_trade_no AS number,
            payments.bill_no AS bill_no,
            payments.amount_fen AS fen
        FROM window_orders
        JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
        WHERE
            window_orders.cashier = $2
            AND window_orders.opened_at_ms >= $4
            AND window_orders.taken_at_ms IS NULL
            AND payments.state IN ('opening', 'waiting')
        UNION
        SELECT
            'unbooked' AS kind,
            payments.out_trade_no AS number,
            payments.bill_no AS bill_no,
            payments.amount_fen AS fen
        FROM window_orders
        JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
        LEFT JOIN write_backs ON write_backs.out_trade_no = payments.out_trade_no
        WHERE
            window_orders.shift_no = $1
            AND (
                payments.state IN ('opening', 'waiting', 'closed')
                OR (payments.state = 'paid' AND COALESCE(write_backs.state, '') NOT IN ('posted', 'refused'))
            )
        UNION
        SELECT
            CASE
                WHEN payments.scene = 'window' THEN 'to_give_back'
                WHEN refunds.state = 'unknown' THEN 'refund_unknown'
                ELSE 'refund_under_way'
            END AS kind,
            refunds.out_refund_no AS number,
            refunds.bill_no AS bill_no,
            refunds.amount_fen AS fen
        FROM refunds
        JOIN payments ON payments.out_trade_no = refunds.out_trade_no
        WHERE
            refunds.requested_by = $3
            AND refunds.requested_at_ms >= $4
            AND refunds.state IN ('due', 'unknown', 'processing', 'abnormal')
        UNION
        SELECT
            'to_give_back' AS kind,
            refunds.out_refund_no AS number,
            refunds.bill_no AS bill_no,
            refunds.amount_fen AS fen
        FROM window_orders
        JOIN refunds ON refunds.out_trade_no = window_orders.out_trade_no
        WHERE window_orders.shift_no = $1 AND refunds.state IN ('due', 'unknown')
        UNION
        SELECT
            'to_give_back' AS kind,
            refunds.out_refund_no AS number,
            refunds.bill_no AS bill_no,
            refunds.amount_fen AS fen
        FROM window_refunds
        JOIN refunds ON refunds.out_refund_no = window_refunds.out_refund_no
        WHERE window_refunds.shift_no = $1 AND refunds.state IN ('due', 'unknown')
        ORDER BY 1, 2",
    )
    .bind(shift_no.as_str())
    .bind(cashier)
    .bind(actor)
    .bind(from.ms())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("window_orders", "number", row)?;
            let kind = fields.word("kind", OpenKind::parse)?;
            Ok(OpenItem {
                kind,
                number: fields.text("number")?,
                bill_no: fields.id("bill_no", BillNo::parse)?,
                amount: fields.amount("fen")?,
                unknown: kind.is_unknown(),
            })
        })
        .collect()
}

async fn counter_taken(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<CounterLine>> {
    let sql = "SELECT
            payments.channel_id AS channel_id,
            window_orders.out_trade_no AS out_trade_no,
            CAST(NULL AS TEXT) AS out_refund_no,
            window_orders.terminal AS terminal,
            window_orders.reference AS reference,
            payments.amount_fen AS fen,
            window_orders.taken_at_ms AS at_ms,
            payments.deposit AS deposit
        FROM window_orders
        JOIN payments ON payments.out_trade_no = window_orders.out_trade_no
        WHERE
            (window_orders.taken_at_ms, window_orders.out_trade_no) > ($1, $2)
            AND window_orders.taken_at_ms < $3
        ORDER BY window_orders.taken_at_ms, window_orders.out_trade_no
        LIMIT $4";
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter().map(counter_line).collect()
}

async fn counter_given_back(
    connection: &mut AnyConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<CounterLine>> {
    let sql = "SELECT
            payments.channel_id AS channel_id,
            refunds.out_trade_no AS out_trade_no,
            window_refunds.out_refund_no AS out_refund_no,
            window_refunds.terminal AS terminal,
            window_refunds.reference AS reference,
            refunds.amount_fen AS fen,
            window_refunds.given_at_ms AS at_ms,
            payments.deposit AS deposit
        FROM window_refunds
        JOIN refunds ON refunds.out_refund_no = window_refunds.out_refund_no
        JOIN payments ON payments.out_trade_no = refunds.out_trade_no
        WHERE
            (window_refunds.given_at_ms, window_refunds.out_refund_no) > ($1, $2)
            AND window_refunds.given_at_ms < $3
        ORDER BY window_refunds.given_at_ms, window_refunds.out_refund_no
        LIMIT $4";
    let rows = page(connection, sql, (from, to), after, limit).await?;
    rows.iter().map(counter_line).collect()
}

fn counter_line(row: &AnyRow) -> Result<CounterLine> {
    let fields = Fields::new("window_orders", "out_trade_no", row)?;
    let out_trade_no = fields.id("out_trade_no", OutTradeNo::parse)?;
    let out_refund_no = fields.optional_id("out_refund_no", OutRefundNo::parse)?;
    let ours = out_refund_no.as_ref().map_or(out_trade_no.as_str(), OutRefundNo::as_str);
    Ok(CounterLine {
        channel: fields.id("channel_id", ChannelId::parse)?,
        number: match slip(&fields)? {
            Some(slip) => slip.number(),
            None => cash_number(ours),
        },
        out_trade_no,
        out_refund_no,
        amount: fields.amount("fen")?,
        at: fields.time("at_ms")?,
        deposit: fields.optional_flag("deposit")?,
    })
}

/// What stands where a provider's number would stand when it was cash: our own number, said to be cash.
pub fn cash_number(ours: &str) -> String {
    format!("CASH-{ours}")
}

impl WindowOrderRecord {
    /// What stands where a provider's number would stand; nothing before the money is there.
    pub fn provider_trade_no(&self) -> Option<ProviderTradeNo> {
        let taken = self.taken.as_ref()?;
        let number =
            taken.slip.as_ref().map_or_else(|| cash_number(self.out_trade_no.as_str()), PosSlip::number);
        ProviderTradeNo::parse(number).ok()
    }
}

impl Tx {
    /// Keeps the window's part of a new order, unless its form was sent before.
    pub async fn insert_window_order(&mut self, record: &WindowOrderRecord) -> Result<InsertedOrder> {
        let done = query(
            "INSERT INTO window_orders (
                out_trade_no,
                form_key,
                method,
                cashier,
                opened_at_ms
            )
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (form_key) DO NOTHING",
        )
        .bind(record.out_trade_no.as_str())
        .bind(record.form_key.as_str())
        .bind(record.method.as_str())
        .bind(record.cashier.as_str())
        .bind(record.opened_at.ms())
        .execute(self.connection())
        .await?;
        Ok(if done.rows_affected() == 1 { InsertedOrder::New } else { InsertedOrder::KeyTaken })
    }

    /// Keeps a cashier's word that the money of an order is there. Held together with its shift, see [`Tx::save_shift`].
    pub async fn note_taken(&mut self, out_trade_no: &OutTradeNo, taken: &TakenRecord) -> Result<Noted> {
        if let Some(slip) = &taken.slip
            && self.slip_is_used(slip).await?
        {
            let known = self.window_order(out_trade_no).await?.and_then(|order| order.taken);
            let same = known.is_some_and(|known| known.slip.as_ref() == Some(slip));
            return Ok(if same { Noted::Before } else { Noted::SlipUsed });
        }
        let done = query(
            "UPDATE window_orders
            SET
                shift_no = $1,
                taken_at_ms = $2,
                tendered_fen = $3,
                terminal = $4,
                reference = $5
            WHERE out_trade_no = $6 AND taken_at_ms IS NULL",
        )
        .bind(taken.shift_no.as_str())
        .bind(taken.at.ms())
        .bind(taken.tendered.map(Fen::get))
        .bind(taken.slip.as_ref().map(PosSlip::terminal))
        .bind(taken.slip.as_ref().map(PosSlip::reference))
        .bind(out_trade_no.as_str())
        .execute(self.connection())
        .await;
        noted(done)
    }

    /// Keeps a cashier's word that a refund was given back.
    pub async fn note_given_back(&mut self, record: &WindowRefundRecord) -> Result<Noted> {
        if self.window_refund(&record.out_refund_no).await?.is_some() {
            return Ok(Noted::Before);
        }
        if let Some(slip) = &record.slip
            && self.slip_is_used(slip).await?
        {
            return Ok(Noted::SlipUsed);
        }
        let done = query(
            "INSERT INTO window_refunds (
                out_refund_no,
                method,
                cashier,
                shift_no,
                given_at_ms,
                terminal,
                reference
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (out_refund_no) DO NOTHING",
        )
        .bind(record.out_refund_no.as_str())
        .bind(record.method.as_str())
        .bind(record.cashier.as_str())
        .bind(record.shift_no.as_str())
        .bind(record.at.ms())
        .bind(record.slip.as_ref().map(PosSlip::terminal))
        .bind(record.slip.as_ref().map(PosSlip::reference))
        .execute(self.connection())
        .await;
        noted(done)
    }

    async fn slip_is_used(&mut self, slip: &PosSlip) -> Result<bool> {
        let used: i64 = sqlx::query_scalar(
            "SELECT
                (SELECT COUNT(*) FROM window_orders WHERE terminal = $1 AND reference = $2)
                + (SELECT COUNT(*) FROM window_refunds WHERE terminal = $1 AND reference = $2)",
        )
        .bind(slip.terminal())
        .bind(slip.reference())
        .fetch_one(self.connection())
        .await?;
        Ok(used > 0)
    }
}

/// The constraint on a terminal's slip decides between two who note it at the same moment; the loser's transaction is over.
fn noted(done: std::result::Result<sqlx::any::AnyQueryResult, sqlx::Error>) -> Result<Noted> {
    match done.map_err(StoreError::from) {
        Ok(done) if done.rows_affected() == 1 => Ok(Noted::Done),
        Ok(_) => Ok(Noted::Before),
        Err(StoreError::UniqueViolation(_)) => Ok(Noted::SlipUsed),
        Err(error) => Err(error),
    }
}

fn slip(fields: &Fields<'_>) -> Result<Option<PosSlip>> {
    match (fields.optional_text("terminal")?, fields.optional_text("reference")?) {
        (Some(terminal), Some(reference)) => PosSlip::parse(&terminal, &reference)
            .map(Some)
            .map_err(|error| fields.inconsistent("reference", error)),
        _ => Ok(None),
    }
}

fn order(row: &AnyRow) -> Result<WindowOrderRecord> {
    let fields = Fields::new("window_orders", "out_trade_no", row)?;
    let taken = match fields.optional_time("taken_at_ms")? {
        Some(at) => Some(TakenRecord {
            shift_no: fields.id("shift_no", ShiftNo::parse)?,
            at,
            tendered: fields.optional_number("tendered_fen")?.map(Fen::new),
            slip: slip(&fields)?,
        }),
        None => None,
    };
    Ok(WindowOrderRecord {
        out_trade_no: fields.id("out_trade_no", OutTradeNo::parse)?,
        form_key: fields.text("form_key")?,
        method: fields.word("method", Method::parse)?,
        cashier: fields.text("cashier")?,
        opened_at: fields.time("opened_at_ms")?,
        taken,
    })
}
