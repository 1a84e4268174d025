//! A day of any size, on all three sides: a statement in WeChat Pay's own form, HIS's ledger, and our payments and refunds. Every row
//! is a function of its number, so none of the three holds the day, and what a comparison must find is known beforehand.

use crate::Hospital;
use async_trait::async_trait;
use mingfen_domain::difference::Category;
use mingfen_domain::fund_flow::FundFlowKind;
use mingfen_domain::ids::{ChannelId, HospitalId, OutTradeNo};
use mingfen_domain::payment::Scene;
use mingfen_domain::window::Method;
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};
use mingfen_gateway::ambient::{SystemClock, SystemRandom};
use mingfen_his::ledger::{Ledger, LedgerDay, LedgerError, LedgerSum, TakeRow};
use mingfen_his::{LedgerKind, LedgerRow};
use mingfen_provider_api::statement::{
    Fetched, FundFlowLine, FundFlowTotals, StatementError, StatementFile, StatementKind, StatementLine,
    StatementTotals, Statements, TradeTable,
};
use mingfen_provider_api::{
    Authorisation, BuildContext, CallError, Inquiry, Notifications, Opened, OrderRequest, Presentation,
    Provider, Refunds, Upkeep,
};
use mingfen_providers::wechat::Wechat;
use mingfen_store::Engine;
use mingfen_vault::field;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const CHANNEL: &str = "wechat-big";
const MCHID: &str = "1900000001";
const KEY: &str = include_str!("../../crates/providers/testdata/keys/vector-pkcs8.pem");
const PUBLIC: &str = include_str!("../../crates/providers/testdata/keys/vector-spki.pem");

/// Every so many orders has a refund of half of it.
const REFUND_EVERY: u64 = 25;
/// Every so many orders there is one of a shop's that uses the same merchant number.
const SHOP_EVERY: u64 = 1000;
/// Rows of the ledger between two moments in which others may work.
const ROWS_A_TURN: u64 = 1000;
const HEADER: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n";

/// What is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    HisLacks,
    StatementLacks,
    HisHasLess,
    HisTwice,
    StatementTwice,
    WeLack,
    HisLacksTheRefund,
}

/// What HIS says of the day when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The day, with its troubles.
    AsBooked,
    /// The same after HIS has booked late what it lacked of the payments.
    BookedLate,
    /// Rows of which no other side has heard, as when the ledger of another hospital is read.
    Elsewhere,
}

impl Told {
    const ALL: [Self; 3] = [Self::AsBooked, Self::BookedLate, Self::Elsewhere];
}

/// The day. It is a merchant account and HIS's ledger at the same time: give it to both places of an arrangement.
pub struct BigDay {
    orders: u64,
    /// Every so many orders something is wrong, but for one in four of these.
    trouble_every: u64,
    day: BusinessDay,
    channel: ChannelId,
    wechat: Wechat,
    told: AtomicU8,
}

impl BigDay {
    /// A day of so many rows of payments and refunds together, about three of a thousand of them with trouble.
    pub fn of_rows(rows: u64, day: BusinessDay) -> Arc<Self> {
        Self::with_trouble(rows, 250, day)
    }

    /// The same with more trouble.
    pub fn with_trouble(rows: u64, trouble_every: u64, day: BusinessDay) -> Arc<Self> {
        let context = BuildContext {
            channel: ChannelId::parse(CHANNEL).expect("a channel"),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            base_dir: PathBuf::from("/"),
        };
        // Nobody listens there: files of this account are made here, and it is asked nothing.
        let table = format!(
            "mchid = \"{MCHID}\"\nappid = \"wx1111111111111111\"\napp_secret = \"secret\"\n\
             api_v3_key = \"0123456789abcdef0123456789ABCDEF\"\n\
             merchant_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\n\
             merchant_private_key = '''{KEY}'''\npublic_key_id = \"PUB_KEY_ID_0114232134912410000000000000\"\n\
             public_key = '''{PUBLIC}'''\napi_base_url = \"http://127.0.0.1:9\"\n\
             token_base_url = \"http://127.0.0.1:9\"\n"
        );
        Arc::new(Self {
            orders: rows * REFUND_EVERY / (REFUND_EVERY + 1),
            trouble_every,
            day,
            channel: context.channel.clone(),
            wechat: Wechat::build(&context, &toml::from_str(&table).expect("a table")).expect("a channel"),
            told: AtomicU8::new(0),
        })
    }

    /// The account.
    pub const fn channel_id(&self) -> &ChannelId {
        &self.channel
    }

    /// The number of an order that HIS lacks.
    pub fn an_order_that_his_lacks(&self) -> OutTradeNo {
        let number = (0..self.orders).find(|number| self.trouble(*number) == Some(Trouble::HisLacks));
        OutTradeNo::parse(order_no(number.expect("the day has one"))).expect("an order number")
    }

    /// From now on HIS says this of the day.
    pub fn his_says(&self, told: Told) {
        self.told.store(told as u8, Ordering::SeqCst);
    }

    /// How many findings of which category a comparison makes of what HIS has booked.
    pub fn findings(&self) -> BTreeMap<Category, u64> {
        let mut findings = BTreeMap::new();
        for trouble in (0..self.orders).filter_map(|number| self.trouble(number)) {
            let category = match trouble {
                Trouble::HisLacks => Category::ChannelOnly,
                Trouble::StatementLacks => Category::HisOnly,
                Trouble::HisHasLess => Category::AmountOver,
                Trouble::HisTwice => Category::DuplicateInHis,
                Trouble::StatementTwice => Category::DuplicateInChannel,
                Trouble::WeLack => Category::GatewayDiffers,
                Trouble::HisLacksTheRefund => Category::RefundMissingInHis,
            };
            *findings.entry(category).or_default() += 1;
        }
        findings
    }

    /// Writes our side of the day past the gateway, as if every patient had paid: the rows that a comparison reads, but neither
    /// books nor sightings. Where HIS lacks an order it has said otherwise to us.
    pub async fn is_lived_through(&self, hospital: &Hospital) {
        let patient = br#"{"name":"\u6797\u5c0f\u96e8","card_no":"A10023847718","phone":null,"id_no":null}"#;
        let sealed: String = field::seal(&crate::keyring(&[1], 1), "bills.patient", patient, &SystemRandom)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let sealed = match hospital.store().engine() {
            Engine::Sqlite => format!("X'{sealed}'"),
            Engine::Postgres => format!("decode('{sealed}', 'hex')"),
        };
        let (orders, every, start) = (self.orders, self.trouble_every, self.day.start().ms());
        let numbers = format!(
            "WITH RECURSIVE numbers (n) AS (
                SELECT CAST(0 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {orders}
            ), paid (n, digits, fen, at_ms) AS (
                SELECT
                    n,
                    substr(CAST(100000000000000 + n AS TEXT), 2),
                    100 + (n * 7919) % 59900,
                    {start} + (25200 + n * 43200 / {orders}) * 1000
                FROM numbers
                WHERE NOT (n % {every} = 0 AND (n / {every}) % 4 > 0 AND (n / {every}) % 6 = 5)
            )"
        );
        let hospital_id = mingfen_simulator::his::HOSPITAL_ID;
        hospital
            .is_tampered(&format!(
                "INSERT INTO bills (
                    bill_no, view_ref, hospital_id, state, settled_by, pooled_fen, account_fen, self_pay_fen,
                    total_fen, lock_token, patient_sealed, phone_sealed, card_index, language, opened_at_ms,
                    pay_until_ms, trace_id, version
                )
                {numbers}
                SELECT
                    'B260101' || digits, 'view' || digits, '{hospital_id}', 'settled', 'P260101' || digits, 0, 0,
                    fen, fen, NULL, {sealed}, NULL, 'card' || digits, 'zh-CN', at_ms - 60000, at_ms + 60000,
                    '00' || digits, 1
                FROM paid"
            ))
            .await;
        hospital
            .is_tampered(&format!(
                "INSERT INTO payments (
                    out_trade_no, bill_no, channel_id, scene, amount_fen, subject, state, provider_trade_no,
                    received_fen, paid_at_ms, refund_held_fen, created_at_ms, expires_at_ms, trace_id, version,
                    insurance_fen, deposit
                )
                {numbers}
                SELECT
                    'P260101' || digits, 'B260101' || digits, '{CHANNEL}', 'in_app', fen, '门诊缴费', 'paid',
                    '42000099992026' || digits, fen, at_ms,
                    CASE WHEN n % {REFUND_EVERY} = {REFUND_EVERY} - 1 THEN fen / 2 ELSE 0 END,
                    at_ms - 60000, at_ms + 60000, '00' || digits, 2, 0, 0
                FROM paid"
            ))
            .await;
        hospital
            .is_tampered(&format!(
                "INSERT INTO write_backs (
                    bill_no, out_trade_no, state, his_order_no, receipt_no, places, due_at_ms, posted_at_ms,
                    version
                )
                {numbers}
                SELECT
                    'B260101' || digits, 'P260101' || digits, 'posted', 'H' || digits, 'RC' || digits, '[]', at_ms,
                    at_ms + 1000, 1
                FROM paid"
            ))
            .await;
        hospital
            .is_tampered(&format!(
                "INSERT INTO refunds (
                    out_refund_no, out_trade_no, bill_no, amount_fen, origin, reason, requested_by, state,
                    provider_refund_no, refunded_at_ms, his_state, his_refund_no, trace_id, requested_at_ms,
                    sent_at_ms, version
                )
                {numbers}
                SELECT
                    'R260101' || digits, 'P260101' || digits, 'B260101' || digits, fen / 2, 'cashier', '检查取消',
                    'cashier-7', 'succeeded', '50300009992026' || digits, at_ms + 61000, 'posted', 'HR' || digits,
                    '00' || digits, at_ms + 60000, at_ms + 60000, 3
                FROM paid
                WHERE n % {REFUND_EVERY} = {REFUND_EVERY} - 1"
            ))
            .await;
    }

    /// From seven in the morning to seven in the evening, one after the other.
    const fn second_of(&self, number: u64) -> u64 {
        25_200 + number * 43_200 / self.orders
    }

    /// One in four has none, so that not every reason is met by the same remainder.
    fn trouble(&self, number: u64) -> Option<Trouble> {
        if number.is_multiple_of(self.trouble_every) {
            let place = number / self.trouble_every;
            return (!place.is_multiple_of(4)).then_some(match place % 6 {
                0 => Trouble::HisLacks,
                1 => Trouble::StatementLacks,
                2 => Trouble::HisHasLess,
                3 => Trouble::HisTwice,
                4 => Trouble::StatementTwice,
                _ => Trouble::WeLack,
            });
        }
        (has_refund(number) && (number / REFUND_EVERY) % 40 == 7).then_some(Trouble::HisLacksTheRefund)
    }

    /// The orders in an order that has nothing to do with anybody else's: `step` and the count have no divisor in common.
    fn shuffled(&self, step: u64) -> impl Iterator<Item = u64> + '_ {
        let step = (step..).find(|step| divisor(*step, self.orders) == 1).unwrap_or(1);
        (0..self.orders).map(move |place| place * step % self.orders)
    }

    fn write_statement(&self, mut out: impl Write) -> io::Result<()> {
        out.write_all(HEADER.as_bytes())?;
        let mut totals = Totals::default();
        for number in self.shuffled(611_953) {
            let trouble = self.trouble(number);
            let times = match trouble {
                Some(Trouble::StatementLacks) => 0,
                Some(Trouble::StatementTwice) => 2,
                _ => 1,
            };
            for _ in 0..times {
                self.write_trade(&mut out, &mut totals, &order_no(number), number, None)?;
            }
            if has_refund(number) {
                let refund = Some(refund_no(number));
                self.write_trade(&mut out, &mut totals, &order_no(number), number, refund)?;
            }
            if number.is_multiple_of(SHOP_EVERY) {
                self.write_trade(&mut out, &mut totals, &format!("SHOP{number:014}"), number, None)?;
            }
        }
        out.write_all(SUMMARY.as_bytes())?;
        let Totals { rows, paid, refunded, fees } = totals;
        let sign = if fees < 0 { "-" } else { "" };
        write!(
            out,
            "`{rows},`{paid},`{refunded},`0.00,`{sign}{}000,`{paid},`{refunded}\r\n",
            yuan(fees.unsigned_abs()),
            paid = yuan(paid),
            refunded = yuan(refunded),
        )?;
        out.flush()
    }

    fn write_trade(
        &self,
        out: &mut impl Write,
        totals: &mut Totals,
        order_no: &str,
        number: u64,
        refund_no: Option<String>,
    ) -> io::Result<()> {
        let is_refund = refund_no.is_some();
        let fen = if is_refund { fen_of(number) / 2 } else { fen_of(number) };
        let (paid, refunded) = if is_refund { (0, fen) } else { (fen, 0) };
        let fee = (fen * 6 + 500) / 1000;
        let (sign, state, refund_kind, refund_state) =
            if is_refund { ("-", "REFUND", "ORIGINAL", "SUCCESS") } else { ("", "SUCCESS", "", "") };
        let refund_no = refund_no.unwrap_or_else(|| "0".to_owned());
        let their_refund = if is_refund { format!("50300009992026{number:014}") } else { "0".to_owned() };
        let second = self.second_of(number) + if is_refund { 60 } else { 0 };
        write!(
            out,
            "`{} {:02}:{:02}:{:02},`wx1111111111111111,`{MCHID},`0,`,`42000099992026{number:014},`{order_no},`oTEST{:023},`JSAPI,`{state},`OTHERS,`CNY,`{},`0.00,`{their_refund},`{refund_no},`{},`0.00,`{refund_kind},`{refund_state},`门诊缴费,`REG:{:06},`{sign}{}000,`0.60%,`{},`{},`\r\n",
            self.day,
            second / 3600,
            second / 60 % 60,
            second % 60,
            mixed(number),
            yuan(paid),
            yuan(refunded),
            mixed(number) % 1_000_000,
            yuan(fee),
            yuan(paid),
            yuan(refunded)
        )?;
        totals.rows += 1;
        totals.paid += paid;
        totals.refunded += refunded;
        let fee = i64::try_from(fee).unwrap_or(0);
        totals.fees += if is_refund { -fee } else { fee };
        Ok(())
    }

    /// HIS's rows of one order.
    fn ledger_rows(&self, number: u64, told: Told) -> Vec<LedgerRow> {
        let trouble = self.trouble(number);
        let times = match (trouble, told) {
            (Some(Trouble::HisLacks), Told::AsBooked) => 0,
            (Some(Trouble::HisTwice), _) => 2,
            _ => 1,
        };
        let less = u64::from(trouble == Some(Trouble::HisHasLess));
        let mut rows: Vec<LedgerRow> =
            (0..times).map(|time| self.ledger_row(number, time, fen_of(number) - less, told)).collect();
        if has_refund(number) && trouble != Some(Trouble::HisLacksTheRefund) {
            let row = self.ledger_row(number, 2, fen_of(number) / 2, told);
            rows.push(LedgerRow { kind: LedgerKind::Refund, refund_no: Some(refund_no(number)), ..row });
        }
        rows
    }

    fn ledger_row(&self, number: u64, time: u64, fen: u64, told: Told) -> LedgerRow {
        let out_trade_no =
            if told == Told::Elsewhere { format!("P251231{number:014}") } else { order_no(number) };
        let second = i64::try_from(self.second_of(number)).unwrap_or(0) + 1;
        LedgerRow {
            row_no: format!("{}", number * 3 + time),
            kind: LedgerKind::Payment,
            order_no: format!("B260101{number:014}"),
            refund_no: None,
            slip_no: None,
            out_trade_no,
            provider_trade_no: format!("42000099992026{number:014}"),
            channel: CHANNEL.to_owned(),
            his_order_no: format!("H{number:012}"),
            amount: Amount::try_from(Fen::new(i64::try_from(fen).unwrap_or(0))).expect("more than nothing"),
            insurance: Some(Fen::ZERO),
            deposit: Some(false),
            booked_at: self.day.start().plus_seconds(second),
        }
    }
}

#[derive(Default)]
struct Totals {
    rows: u64,
    paid: u64,
    refunded: u64,
    fees: i64,
}

/// A number from a number, evenly spread (SplitMix64).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}

const fn has_refund(number: u64) -> bool {
    number % REFUND_EVERY == REFUND_EVERY - 1
}

fn order_no(number: u64) -> String {
    format!("P260101{number:014}")
}

fn refund_no(number: u64) -> String {
    format!("R260101{number:014}")
}

const fn fen_of(number: u64) -> u64 {
    100 + (number * 7919) % 59_900
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[async_trait]
impl Ledger for BigDay {
    async fn read_day(
        &self,
        _: &HospitalId,
        day: BusinessDay,
        take: &mut TakeRow<'_>,
    ) -> Result<LedgerDay, LedgerError> {
        let mut sums = LedgerDay::default();
        if day != self.day {
            return Ok(sums);
        }
        let told = Told::ALL[usize::from(self.told.load(Ordering::SeqCst))];
        for (place, number) in (0..).zip(self.shuffled(746_773)) {
            for row in self.ledger_rows(number, told) {
                let sum = match row.kind {
                    LedgerKind::Payment => &mut sums.payments,
                    LedgerKind::Refund => &mut sums.refunds,
                };
                let total = sum.total.plus(row.amount.fen()).expect("a day's money");
                *sum = LedgerSum { rows: sum.rows + 1, total };
                if take(row).is_break() {
                    return Err(LedgerError::BrokenOff);
                }
            }
            if place % ROWS_A_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(sums)
    }
}

#[async_trait]
impl Statements for BigDay {
    async fn fetch(
        &self,
        kind: StatementKind,
        day: BusinessDay,
        directory: &Path,
    ) -> Result<Fetched, CallError> {
        if kind == StatementKind::FundFlow || day != self.day {
            return Ok(Fetched::NothingThatDay);
        }
        let name = format!("wechat-{MCHID}-trades-{day}.csv");
        let path = directory.join(&name);
        let written = File::create(&path)
            .and_then(|file| self.write_statement(BufWriter::with_capacity(1 << 20, file)));
        written.expect("the statement is written");
        Ok(Fetched::File(StatementFile { name, path, sha256: String::new() }))
    }

    fn trade_layout(&self) -> &'static str {
        self.wechat.trade_layout()
    }

    fn trade_table(&self, file: &Path, directory: &Path) -> Result<TradeTable, StatementError> {
        self.wechat.trade_table(file, directory)
    }

    fn parse_trades(
        &self,
        file: &Path,
        each: &mut dyn FnMut(StatementLine<'_>),
    ) -> Result<StatementTotals, StatementError> {
        self.wechat.parse_trades(file, each)
    }

    fn parse_fund_flow(
        &self,
        file: &Path,
        each: &mut dyn FnMut(FundFlowLine<'_>),
    ) -> Result<FundFlowTotals, StatementError> {
        self.wechat.parse_fund_flow(file, each)
    }

    fn fund_flow_words(&self) -> &'static [(&'static str, FundFlowKind)] {
        self.wechat.fund_flow_words()
    }
}

/// It has files and nothing else.
#[async_trait]
impl Provider for BigDay {
    fn channel(&self) -> &ChannelId {
        &self.channel
    }

    fn provider_name(&self) -> &'static str {
        "wechat"
    }

    fn identity(&self) -> String {
        self.wechat.identity()
    }

    fn scenes(&self) -> &'static [Scene] {
        &[]
    }

    async fn open_order(&self, request: &OrderRequest) -> Result<Opened, CallError> {
        self.wechat.open_order(request).await
    }

    fn present(
        &self,
        request: &OrderRequest,
        handle: &str,
        now: Timestamp,
    ) -> Result<Presentation, CallError> {
        self.wechat.present(request, handle, now)
    }

    fn authorisation(&self) -> Option<&dyn Authorisation> {
        None
    }

    fn inquiry(&self) -> Option<&dyn Inquiry> {
        None
    }

    fn refunds(&self) -> Option<&dyn Refunds> {
        None
    }

    fn notifications(&self) -> Option<&dyn Notifications> {
        None
    }

    fn statements(&self) -> Option<&dyn Statements> {
        Some(self)
    }

    fn upkeep(&self) -> Option<&dyn Upkeep> {
        None
    }

    fn window(&self) -> Option<Method> {
        None
    }
}
