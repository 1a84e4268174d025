//! Bills, the slips they cover, and the claims that keep a slip on one live bill.

use crate::Tx;
use crate::errors::{Result, StoreError, exactly_one};
use crate::offer::reads;
use crate::placeholders::{list, statement, tuples};
use crate::rows::Fields;
use mingfen_domain::bill::{Bill, BillState, BilledSlip};
use mingfen_domain::ids::{BillNo, HospitalId, OutTradeNo, SlipNo, TraceId};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::split::Split;
use mingfen_domain::{Fen, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};
use std::fmt;

/// A bill with what the domain need not know of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BillRecord {
    /// The bill. Its slips are those of `slips`, number and total.
    pub bill: Bill,
    /// The unguessable name under which the patient may look at it.
    pub view_ref: String,
    /// Who it is for, sealed.
    pub patient_sealed: Vec<u8>,
    /// Where a message may go, sealed.
    pub phone_sealed: Option<Vec<u8>>,
    /// Keyed hashes by which it is found without keeping whose it is.
    pub indexes: BillIndexes,
    /// The language the patient reads.
    pub language: String,
    /// Follows it through every log.
    pub trace: TraceId,
    /// What it covers, in the order HIS listed it.
    pub slips: Vec<BilledSlipRecord>,
    /// Compared at every change.
    pub version: i64,
}

/// Keyed hashes of personal data, the key's number in front of each, to find a person's bills without keeping the person. Bills from
/// before there were some have only the card's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillIndexes {
    /// Of the card.
    pub card: String,
    /// Of the phone that messages go to, else the one on file.
    pub phone: Option<String>,
    /// Of its last four digits.
    pub phone_tail: Option<String>,
    /// Of the full name.
    pub name: Option<String>,
}

/// By which of [`BillIndexes`] bills are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillIndex {
    /// The card.
    Card,
    /// The phone.
    Phone,
    /// Its last four digits.
    PhoneTail,
    /// The full name.
    Name,
}

impl BillIndex {
    const fn column(self) -> &'static str {
        match self {
            Self::Card => "card_index",
            Self::Phone => "phone_index",
            Self::PhoneTail => "phone_tail_index",
            Self::Name => "name_index",
        }
    }
}

/// A slip as it stood when the bill was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BilledSlipRecord {
    /// HIS's number.
    pub slip_no: SlipNo,
    /// What it is for.
    pub kind: SlipKind,
    /// One line for the list.
    pub title: String,
    /// Ordering department.
    pub department: String,
    /// What is owed for it in all.
    pub total: Fen,
    /// What of it the patient pays.
    pub self_pay: Fen,
}

/// Whether slips could be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// All of them are this bill's now.
    Done,
    /// None was claimed by this call: these bills hold some of them.
    HeldBy(Vec<BillNo>),
}

/// Shows numbers and state only; whose bill it is stays out of every log.
impl fmt::Debug for BillRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BillRecord")
            .field("bill_no", &self.bill.bill_no)
            .field("state", &self.bill.state)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// One row a slip; a bill without slips is one row with an empty `position`.
macro_rules! select_bills {
    ($condition:literal) => {
        concat!(
            "SELECT
                bills.bill_no,
                bills.view_ref,
                bills.hospital_id,
                bills.state,
                bills.settled_by,
                bills.pooled_fen,
                bills.account_fen,
                bills.self_pay_fen,
                bills.total_fen,
                bills.lock_token,
                bills.patient_sealed,
                bills.phone_sealed,
                bills.card_index,
                bills.phone_index,
                bills.phone_tail_index,
                bills.name_index,
                bills.language,
                bills.opened_at_ms,
                bills.pay_until_ms,
                bills.trace_id,
                bills.version,
                bill_slips.position,
                bill_slips.slip_no,
                bill_slips.kind,
                bill_slips.title,
                bill_slips.department,
                bill_slips.total_fen AS slip_total_fen,
                bill_slips.self_pay_fen AS slip_self_pay_fen
            FROM bills
            LEFT JOIN bill_slips ON bill_slips.bill_no = bills.bill_no
            WHERE ",
            $condition,
            " ORDER BY bills.opened_at_ms DESC, bills.bill_no DESC, bill_slips.position"
        )
    };
}

reads! {
    /// The bill of that number.
    bill(bill_no: &BillNo) -> Option<BillRecord>;
    /// The bill that a patient's link names.
    bill_by_view_ref(view_ref: &str) -> Option<BillRecord>;
    /// At most `limit` bills of a card, the latest first. It may have been kept under any of these hashes, by an older key.
    bills_of_card(hospital: &HospitalId, card_indexes: &[String], limit: i64) -> Vec<BillRecord>;
    /// At most `limit` bills that are kept under any of these hashes, the latest first, from the one after `before`.
    bills_of_index(hospital: &HospitalId, index: BillIndex, hashes: &[String], before: Option<&(Timestamp, String)>, limit: i64) -> Vec<BillRecord>;
    /// At most `limit` bills of the hospital, the latest first, from the one after `before`.
    latest_bills(hospital: &HospitalId, before: Option<&(Timestamp, String)>, limit: i64) -> Vec<BillRecord>;
    /// The bills of these numbers, the latest first; as many as one page has.
    bills_numbered(bill_nos: &[BillNo]) -> Vec<BillRecord>;
    /// Every bill that ever covered the slip, the latest first.
    bills_of_slip(hospital: &HospitalId, slip_no: &SlipNo) -> Vec<BillRecord>;
    /// The latest bill whose trace begins like this: ten hexadecimal digits or more.
    bill_of_trace(beginning: &str) -> Option<BillRecord>;
    /// The latest bill whose number ends like this: eight characters or more.
    bill_by_ending(ending: &str) -> Option<BillRecord>;
    /// Which bills hold these slips; a slip that nobody holds is not in the answer.
    claims_on(hospital: &HospitalId, slip_nos: &[SlipNo]) -> Vec<(SlipNo, BillNo)>;
}

async fn bill(connection: &mut AnyConnection, bill_no: &BillNo) -> Result<Option<BillRecord>> {
    let rows =
        query(select_bills!("bills.bill_no = $1")).bind(bill_no.as_str()).fetch_all(connection).await?;
    Ok(rebuild(&rows)?.pop())
}

async fn bill_by_view_ref(connection: &mut AnyConnection, view_ref: &str) -> Result<Option<BillRecord>> {
    let rows = query(select_bills!("bills.view_ref = $1")).bind(view_ref).fetch_all(connection).await?;
    Ok(rebuild(&rows)?.pop())
}

async fn bills_of_card(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    card_indexes: &[String],
    limit: i64,
) -> Result<Vec<BillRecord>> {
    let sql = format!(
        select_bills!(
            "bills.bill_no IN (
                SELECT bill_no
                FROM bills
                WHERE hospital_id = $1 AND card_index IN {card_indexes}
                ORDER BY opened_at_ms DESC, bill_no
                LIMIT {limit}
            )"
        ),
        card_indexes = list(2, card_indexes.len()),
        limit = limit,
    );
    let mut statement = query(statement(sql)).bind(hospital.as_str());
    for card_index in card_indexes {
        statement = statement.bind(card_index.as_str());
    }
    rebuild(&statement.fetch_all(connection).await?)
}

// How many is written into these statements and not bound: PostgreSQL plans a statement that is asked often for whatever is bound, takes
// an unknown number for a tenth of the table, and would then read all of it.

/// A page begins after a moment and number; the first one after the end of time.
fn page_before(before: Option<&(Timestamp, String)>) -> (i64, &str) {
    before.map_or((i64::MAX, ""), |(at, number)| (at.ms(), number.as_str()))
}

async fn bills_of_index(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    index: BillIndex,
    hashes: &[String],
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<BillRecord>> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        select_bills!(
            "bills.bill_no IN (
                SELECT bill_no
                FROM bills
                WHERE hospital_id = $1 AND (opened_at_ms, bill_no) < ($2, $3) AND {column} IN {hashes}
                ORDER BY opened_at_ms DESC, bill_no DESC
                LIMIT {limit}
            )"
        ),
        column = index.column(),
        hashes = list(4, hashes.len()),
        limit = limit,
    );
    let (before_ms, before_no) = page_before(before);
    let mut statement = query(statement(sql)).bind(hospital.as_str()).bind(before_ms).bind(before_no);
    for hash in hashes {
        statement = statement.bind(hash.as_str());
    }
    rebuild(&statement.fetch_all(connection).await?)
}

async fn latest_bills(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    before: Option<&(Timestamp, String)>,
    limit: i64,
) -> Result<Vec<BillRecord>> {
    let (before_ms, before_no) = page_before(before);
    let sql = format!(
        select_bills!(
            "bills.bill_no IN (
                SELECT bill_no
                FROM bills
                WHERE hospital_id = $1 AND (opened_at_ms, bill_no) < ($2, $3)
                ORDER BY opened_at_ms DESC, bill_no DESC
                LIMIT {limit}
            )"
        ),
        limit = limit,
    );
    let rows = query(statement(sql))
        .bind(hospital.as_str())
        .bind(before_ms)
        .bind(before_no)
        .fetch_all(connection)
        .await?;
    rebuild(&rows)
}

async fn bills_numbered(connection: &mut AnyConnection, bill_nos: &[BillNo]) -> Result<Vec<BillRecord>> {
    if bill_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(select_bills!("bills.bill_no IN {numbers}"), numbers = list(1, bill_nos.len()));
    let mut statement = query(statement(sql));
    for bill_no in bill_nos {
        statement = statement.bind(bill_no.as_str());
    }
    rebuild(&statement.fetch_all(connection).await?)
}

async fn bills_of_slip(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    slip_no: &SlipNo,
) -> Result<Vec<BillRecord>> {
    let rows = query(select_bills!(
        "bills.bill_no IN (SELECT bill_no FROM bill_slips WHERE hospital_id = $1 AND slip_no = $2)"
    ))
    .bind(hospital.as_str())
    .bind(slip_no.as_str())
    .fetch_all(connection)
    .await?;
    rebuild(&rows)
}

async fn bill_of_trace(connection: &mut AnyConnection, beginning: &str) -> Result<Option<BillRecord>> {
    if beginning.len() < 10 || !beginning.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let sql = select_bills!("substr(bills.trace_id, 1, 10) = $1 AND bills.trace_id LIKE $2");
    latest_like(connection, sql, &beginning[..10], format!("{beginning}%")).await
}

async fn bill_by_ending(connection: &mut AnyConnection, ending: &str) -> Result<Option<BillRecord>> {
    if ending.len() < 8 || !ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let sql =
        select_bills!("substr(bills.bill_no, length(bills.bill_no) - 7) = $1 AND bills.bill_no LIKE $2");
    latest_like(connection, sql, &ending[ending.len() - 8..], format!("%{ending}")).await
}

/// The part that an index holds, and all that was given.
async fn latest_like(
    connection: &mut AnyConnection,
    sql: &'static str,
    indexed: &str,
    pattern: String,
) -> Result<Option<BillRecord>> {
    let rows = query(sql).bind(indexed).bind(pattern).fetch_all(connection).await?;
    Ok(rebuild(&rows)?.into_iter().next())
}

async fn claims_on(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    slip_nos: &[SlipNo],
) -> Result<Vec<(SlipNo, BillNo)>> {
    if slip_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT slip_no, bill_no
        FROM slip_claims
        WHERE hospital_id = $1 AND slip_no IN {}
        ORDER BY slip_no",
        list(2, slip_nos.len())
    );
    let mut statement = query(statement(sql)).bind(hospital.as_str());
    for slip_no in slip_nos {
        statement = statement.bind(slip_no.as_str());
    }
    let rows = statement.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let fields = Fields::new("slip_claims", "slip_no", row)?;
            Ok((fields.id("slip_no", SlipNo::parse)?, fields.id("bill_no", BillNo::parse)?))
        })
        .collect()
}

impl Tx {
    /// Keeps a new bill and its slips. The slips are claimed apart, with [`Tx::claim_slips`].
    pub async fn insert_bill(&mut self, record: &BillRecord) -> Result<()> {
        let bill = &record.bill;
        check_slips(record)?;
        query(
            "INSERT INTO bills (
                bill_no,
                view_ref,
                hospital_id,
                state,
                settled_by,
                pooled_fen,
                account_fen,
                self_pay_fen,
                total_fen,
                lock_token,
                patient_sealed,
                phone_sealed,
                card_index,
                language,
                opened_at_ms,
                pay_until_ms,
                trace_id,
                version,
                phone_index,
                phone_tail_index,
                name_index
            )
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        )
        .bind(bill.bill_no.as_str())
        .bind(record.view_ref.as_str())
        .bind(bill.hospital.as_str())
        .bind(bill.state.as_str())
        .bind(settled_by(&bill.state))
        .bind(bill.split.pooled_fund().get())
        .bind(bill.split.personal_account().get())
        .bind(bill.split.self_pay().get())
        .bind(bill.split.total().get())
        .bind(bill.lock_token.as_deref())
        .bind(record.patient_sealed.as_slice())
        .bind(record.phone_sealed.as_deref())
        .bind(record.indexes.card.as_str())
        .bind(record.language.as_str())
        .bind(bill.opened_at.ms())
        .bind(bill.pay_until.ms())
        .bind(record.trace.as_str())
        .bind(record.version)
        .bind(record.indexes.phone.as_deref())
        .bind(record.indexes.phone_tail.as_deref())
        .bind(record.indexes.name.as_deref())
        .execute(self.connection())
        .await?;
        insert_slips(self.connection(), record).await
    }

    /// The bill, held against every other transaction until this one ends.
    pub async fn bill_for_update(&mut self, bill_no: &BillNo) -> Result<Option<BillRecord>> {
        let sql = match self.engine() {
            crate::Engine::Sqlite => select_bills!("bills.bill_no = $1"),
            crate::Engine::Postgres => {
                concat!(select_bills!("bills.bill_no = $1"), " FOR NO KEY UPDATE OF bills")
            }
        };
        let rows = query(sql).bind(bill_no.as_str()).fetch_all(self.connection()).await?;
        Ok(rebuild(&rows)?.pop())
    }

    /// Moves the bill from the version that was read to this state.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when somebody else moved it since.
    pub async fn set_bill_state(&mut self, bill_no: &BillNo, state: &BillState, version: i64) -> Result<()> {
        let done = query(
            "UPDATE bills
            SET
                state = $1,
                settled_by = $2,
                version = version + 1
            WHERE bill_no = $3 AND version = $4",
        )
        .bind(state.as_str())
        .bind(settled_by(state))
        .bind(bill_no.as_str())
        .bind(version)
        .execute(self.connection())
        .await?;
        exactly_one(done.rows_affected(), "bills", bill_no.as_str())
    }

    /// Keeps HIS's lock on the slips, or forgets it. The version stays: no machine steps because of it.
    pub async fn set_lock_token(&mut self, bill_no: &BillNo, lock_token: Option<&str>) -> Result<()> {
        let done = query("UPDATE bills SET lock_token = $1 WHERE bill_no = $2")
            .bind(lock_token)
            .bind(bill_no.as_str())
            .execute(self.connection())
            .await?;
        exactly_one(done.rows_affected(), "bills", bill_no.as_str())
    }

    /// Brings the deadline of a bill and its order forward, before either has left us. Both versions stay: no machine steps.
    pub async fn shorten_order(
        &mut self,
        out_trade_no: &OutTradeNo,
        bill_no: &BillNo,
        until: Timestamp,
    ) -> Result<()> {
        let done =
            query("UPDATE payments SET expires_at_ms = $1 WHERE out_trade_no = $2 AND expires_at_ms > $1")
                .bind(until.ms())
                .bind(out_trade_no.as_str())
                .execute(self.connection())
                .await?;
        exactly_one(done.rows_affected(), "payments", out_trade_no.as_str())?;
        let done = query("UPDATE bills SET pay_until_ms = $1 WHERE bill_no = $2")
            .bind(until.ms())
            .bind(bill_no.as_str())
            .execute(self.connection())
            .await?;
        exactly_one(done.rows_affected(), "bills", bill_no.as_str())
    }

    /// Claims all these slips for the bill, or none of them. Slips that the bill holds already are fine.
    ///
    /// A claim that another transaction is just making is waited for.
    pub async fn claim_slips(
        &mut self,
        hospital: &HospitalId,
        slip_nos: &[SlipNo],
        bill_no: &BillNo,
    ) -> Result<Claim> {
        // One order for everybody, so that two claimants of the same slips cannot wait for each other.
        let mut wanted = slip_nos.to_vec();
        wanted.sort();
        wanted.dedup();
        loop {
            let claimed = insert_claims(self.connection(), hospital, &wanted, bill_no).await?;
            if claimed.len() == wanted.len() {
                return Ok(Claim::Done);
            }
            let held = claims_on(self.connection(), hospital, &wanted).await?;
            let mut others: Vec<BillNo> = held
                .iter()
                .filter(|(_, holder)| holder != bill_no)
                .map(|(_, holder)| holder.clone())
                .collect();
            if !others.is_empty() {
                take_back_claims(self.connection(), hospital, &claimed).await?;
                others.sort();
                others.dedup();
                return Ok(Claim::HeldBy(others));
            }
            if held.len() == wanted.len() {
                return Ok(Claim::Done);
            }
            // Whoever held the rest gave it up between the two statements: ask again.
        }
    }

    /// Gives all slips of the bill back.
    pub async fn release_claims(&mut self, bill_no: &BillNo) -> Result<()> {
        query("DELETE FROM slip_claims WHERE bill_no = $1")
            .bind(bill_no.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

/// Inserts what nobody holds and says which those were.
async fn insert_claims(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    slip_nos: &[SlipNo],
    bill_no: &BillNo,
) -> Result<Vec<String>> {
    if slip_nos.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "INSERT INTO slip_claims (
            hospital_id,
            slip_no,
            bill_no
        )
        VALUES {}
        ON CONFLICT (hospital_id, slip_no) DO NOTHING
        RETURNING slip_no",
        tuples(slip_nos.len(), 3)
    );
    let mut statement = query(statement(sql));
    for slip_no in slip_nos {
        statement = statement.bind(hospital.as_str()).bind(slip_no.as_str()).bind(bill_no.as_str());
    }
    let rows = statement.fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get("slip_no")?)).collect()
}

async fn take_back_claims(
    connection: &mut AnyConnection,
    hospital: &HospitalId,
    slip_nos: &[String],
) -> Result<()> {
    if slip_nos.is_empty() {
        return Ok(());
    }
    let sql =
        format!("DELETE FROM slip_claims WHERE hospital_id = $1 AND slip_no IN {}", list(2, slip_nos.len()));
    let mut statement = query(statement(sql)).bind(hospital.as_str());
    for slip_no in slip_nos {
        statement = statement.bind(slip_no.as_str());
    }
    statement.execute(connection).await?;
    Ok(())
}

async fn insert_slips(connection: &mut AnyConnection, record: &BillRecord) -> Result<()> {
    if record.slips.is_empty() {
        return Ok(());
    }
    let bill = &record.bill;
    let sql = format!(
        "INSERT INTO bill_slips (
            bill_no,
            position,
            hospital_id,
            slip_no,
            kind,
            title,
            department,
            total_fen,
            self_pay_fen
        )
        VALUES {}",
        tuples(record.slips.len(), 9)
    );
    let mut statement = query(statement(sql));
    for (position, slip) in (0_i64..).zip(&record.slips) {
        statement = statement
            .bind(bill.bill_no.as_str())
            .bind(position)
            .bind(bill.hospital.as_str())
            .bind(slip.slip_no.as_str())
            .bind(slip.kind.as_str())
            .bind(slip.title.as_str())
            .bind(slip.department.as_str())
            .bind(slip.total.get())
            .bind(slip.self_pay.get());
    }
    statement.execute(connection).await?;
    Ok(())
}

fn settled_by(state: &BillState) -> Option<&str> {
    match state {
        BillState::Settled { by } => Some(by.as_str()),
        BillState::Open | BillState::Released => None,
    }
}

/// The bill knows its slips twice, once with their titles; both must be the same slips.
fn check_slips(record: &BillRecord) -> Result<()> {
    let of_bill = record.bill.slips.iter().map(|slip| (&slip.slip_no, slip.total));
    if of_bill.eq(record.slips.iter().map(|slip| (&slip.slip_no, slip.total))) {
        return Ok(());
    }
    Err(StoreError::Inconsistent {
        table: "bill_slips",
        key: record.bill.bill_no.as_str().to_owned(),
        column: "slip_no",
        problem: "differs from the slips of the bill".into(),
    })
}

/// Folds rows that belong to one bill into it; rows of a bill follow each other.
fn rebuild(rows: &[AnyRow]) -> Result<Vec<BillRecord>> {
    let mut records: Vec<BillRecord> = Vec::new();
    for row in rows {
        let fields = Fields::new("bills", "bill_no", row)?;
        let bill_no = fields.id("bill_no", BillNo::parse)?;
        if records.last().is_none_or(|last| last.bill.bill_no != bill_no) {
            records.push(bill_of(&fields, bill_no)?);
        }
        if let (Some(record), Some(_)) = (records.last_mut(), fields.optional_number("position")?) {
            let slip = slip_of(&fields)?;
            record.bill.slips.push(BilledSlip { slip_no: slip.slip_no.clone(), total: slip.total });
            record.slips.push(slip);
        }
    }
    Ok(records)
}

fn bill_of(fields: &Fields<'_>, bill_no: BillNo) -> Result<BillRecord> {
    let split = Split::new(
        fields.fen("pooled_fen")?,
        fields.fen("account_fen")?,
        fields.fen("self_pay_fen")?,
        fields.fen("total_fen")?,
    )
    .map_err(|error| fields.inconsistent("total_fen", error))?;
    Ok(BillRecord {
        bill: Bill {
            bill_no,
            hospital: fields.id("hospital_id", HospitalId::parse)?,
            slips: Vec::new(),
            split,
            state: state_of(fields)?,
            lock_token: fields.optional_text("lock_token")?,
            opened_at: fields.time("opened_at_ms")?,
            pay_until: fields.time("pay_until_ms")?,
        },
        view_ref: fields.text("view_ref")?,
        patient_sealed: fields.bytes("patient_sealed")?,
        phone_sealed: fields.optional_bytes("phone_sealed")?,
        indexes: BillIndexes {
            card: fields.text("card_index")?,
            phone: fields.optional_text("phone_index")?,
            phone_tail: fields.optional_text("phone_tail_index")?,
            name: fields.optional_text("name_index")?,
        },
        language: fields.text("language")?,
        trace: fields.id("trace_id", TraceId::parse)?,
        slips: Vec::new(),
        version: fields.number("version")?,
    })
}

fn state_of(fields: &Fields<'_>) -> Result<BillState> {
    match fields.text("state")?.as_str() {
        "open" => Ok(BillState::Open),
        "settled" => Ok(BillState::Settled { by: fields.id("settled_by", OutTradeNo::parse)? }),
        "released" => Ok(BillState::Released),
        other => Err(fields.inconsistent("state", format_args!("holds the unknown word {other:?}"))),
    }
}

fn slip_of(fields: &Fields<'_>) -> Result<BilledSlipRecord> {
    Ok(BilledSlipRecord {
        slip_no: fields.id("slip_no", SlipNo::parse)?,
        kind: SlipKind::parse(&fields.text("kind")?),
        title: fields.text("title")?,
        department: fields.text("department")?,
        total: fields.fen("slip_total_fen")?,
        self_pay: fields.fen("slip_self_pay_fen")?,
    })
}
