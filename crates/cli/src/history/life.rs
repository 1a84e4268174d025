//! The history as it happens: the plan's acts, one after the other, on a clock that stands still between them. Patients, channels and
//! HIS are the simulator's; everything else is done by the gateway's own use cases and jobs.

use super::people::{self, person};
use super::plan::{Act, App, Event, News, Plan, PlannedSlip, Visit};
use super::troubles::Trouble;
use super::window::Windows;
use anyhow::{Context, bail};
use futures_util::stream::{self, StreamExt as _};
use mingfen_domain::ids::{BillNo, ChannelId, OutTradeNo, ProviderTradeNo, SlipNo};
use mingfen_domain::payment::State;
use mingfen_domain::person::{Patient, Phone};
use mingfen_domain::split::{Split, Tender};
use mingfen_domain::{Amount, BusinessDay, Clock, Fen, Random, Timestamp};
use mingfen_gateway::service::{self, OpenError, OpenPayment, fold_takings, open_payment, seal_audit};
use mingfen_gateway::{Gateway, jobs};
use mingfen_his::{Booking, BookingAnswer, His, PaidTender, SlipAmount};
use mingfen_provider_api::{OrderRequest, Payer, PayerScene};
use mingfen_simulator::alipay::{BuyerIds, DEMO_APP_ID, DEMO_PID};
use mingfen_simulator::faults::{Fault, Rule};
use mingfen_simulator::his::{self, ChargeLine, LedgerDamage, NewSlip};
use mingfen_simulator::{Running, clock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Patients who open an order at the same moment.
const AT_ONCE: usize = 8;
/// A connection may be closed at the very moment at which it is used, on a busy machine above all: whoever gets no answer tries again.
pub(super) const TRIES: usize = 4;
/// Nobody's purse is empty.
const PURSE_FEN: i64 = 10_000_000_000;
/// The phone that pays in WeChat.
const WECHAT_USER: &str = "u1";
/// Rounds of counting the takings at the end; far more than there can be.
const ROUNDS: usize = 2000;

/// The simulator's time, for the gateway.
#[derive(Debug)]
pub struct SimulatedTime(pub Arc<clock::Clock>);

impl Clock for SimulatedTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.now_ms())
    }
}

/// A payment of the history.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub number: OutTradeNo,
    pub bill_no: BillNo,
    pub app: App,
    pub fen: i64,
    pub slips: Vec<(SlipNo, i64)>,
}

/// How much of it has happened.
#[derive(Debug, Default)]
pub struct Progress {
    /// Acts that were done.
    pub done: AtomicU64,
    /// All of them.
    pub total: AtomicU64,
}

/// What is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mended {
    /// A whole statement.
    File,
    /// Rows of a statement, and of HIS's ledger.
    Rows,
}

/// What is wrong with one statement's rows.
#[derive(Debug, Default)]
struct Rows {
    missing: Vec<String>,
    doubled: Vec<String>,
    rule: Option<u64>,
}

/// The hospital while its history happens.
pub struct Life<'h> {
    pub(super) gateway: Arc<Gateway>,
    pub(super) simulator: &'h Running,
    pub(super) his: Arc<dyn His>,
    pub(super) random: Arc<dyn Random>,
    pub(super) orders: BTreeMap<usize, Order>,
    pub(super) windows: Windows,
    pub(super) mchid: String,
    wechat_payer: Payer,
    alipay_payer: Payer,
    rows: BTreeMap<(App, BusinessDay), Rows>,
    files: BTreeMap<BusinessDay, Vec<u64>>,
    damages: Vec<(BusinessDay, LedgerDamage)>,
}

impl<'h> Life<'h> {
    /// The hospital on the morning of its first day. `his` is how HIS's own programs reach HIS.
    ///
    /// # Errors
    /// When the simulator is not the demo's.
    pub fn new(
        gateway: Arc<Gateway>,
        simulator: &'h Running,
        his: Arc<dyn His>,
        random: Arc<dyn Random>,
    ) -> anyhow::Result<Self> {
        let merchant = simulator.wechat().merchants().first().context("no WeChat Pay merchant")?.clone();
        let openid = simulator.wechat().openid(WECHAT_USER, &merchant.appid);
        let alipay = simulator.alipay();
        let phone = alipay.phone();
        let buyer = alipay.buyers().into_iter().find(|buyer| buyer.user_id == phone);
        let buyer = buyer.context("nobody has the phone that pays in Alipay")?;
        let application = alipay.application(DEMO_APP_ID).context("no Alipay application")?;
        let alipay_payer = if application.buyer_ids == BuyerIds::OpenId {
            Payer { kind: "open_id".to_owned(), id: buyer.open_id(DEMO_APP_ID) }
        } else {
            Payer { kind: "user_id".to_owned(), id: buyer.user_id }
        };
        for number in 0..usize::try_from(people::COUNT)? {
            let person = person(number);
            simulator.his().records().register(his::Patient {
                patient_id: person.patient_id,
                name: person.name,
                card_no: person.card_no,
                phone: person.phone,
                id_no: None,
            });
        }
        Ok(Self {
            gateway,
            simulator,
            his,
            random,
            orders: BTreeMap::new(),
            windows: Windows::default(),
            mchid: merchant.mchid.clone(),
            wechat_payer: Payer { kind: "openid".to_owned(), id: openid },
            alipay_payer,
            rows: BTreeMap::new(),
            files: BTreeMap::new(),
            damages: Vec::new(),
        })
    }

    /// Lives through the plan, up to a moment. What was under way then goes on by itself afterwards.
    ///
    /// # Errors
    /// Whatever did not go as planned.
    pub async fn live(&mut self, plan: &Plan, until: Timestamp, progress: &Progress) -> anyhow::Result<()> {
        progress.total.store(u64::try_from(plan.events())?, Ordering::Relaxed);
        let wechat_purse = self.simulator.wechat().user(WECHAT_USER).map(|user| user.balance_fen);
        let buyers = self.simulator.alipay().buyers();
        self.purses(PURSE_FEN);
        for day in &plan.days {
            for event in &day.events {
                progress.done.fetch_add(1, Ordering::Relaxed);
                let at = day.day.start().plus_seconds(event.second);
                if at >= until {
                    continue;
                }
                self.becomes(at);
                self.does(day.day, event, until)
                    .await
                    .with_context(|| format!("the history of {} broke off at {at}", day.day))?;
                self.settles().await?;
            }
            seal_audit(&self.gateway).await?;
            fold_takings(&self.gateway).await?;
        }
        self.simulator.his().lift_trouble(Some("payments/confirm"));
        self.becomes(until);
        self.settles().await?;
        seal_audit(&self.gateway).await?;
        for _ in 0..ROUNDS {
            if fold_takings(&self.gateway).await? == 0 {
                break;
            }
        }
        if let Some(purse) = wechat_purse {
            self.simulator.wechat().set_balance(WECHAT_USER, purse);
        }
        buyers.into_iter().for_each(|buyer| self.simulator.alipay().set_buyer(buyer));
        Ok(())
    }

    fn purses(&self, fen: i64) {
        self.simulator.wechat().set_balance(WECHAT_USER, fen);
        for mut buyer in self.simulator.alipay().buyers() {
            buyer.balance_fen = fen;
            self.simulator.alipay().set_buyer(buyer);
        }
    }

    /// It becomes that moment, unless it is later already.
    pub(super) fn becomes(&self, at: Timestamp) {
        let clock = self.simulator.clock();
        clock.set_ms(clock.now_ms().max(at.ms()));
    }

    /// So much time passes.
    pub(super) fn passes(&self, seconds: i64) {
        self.simulator.clock().advance_ms(seconds * 1000);
    }

    /// Everything that is due happens, on both sides, until nothing is due at this moment.
    pub(super) async fn settles(&self) -> anyhow::Result<()> {
        loop {
            let pumped = self.simulator.pump_side_by_side().await;
            let done = jobs::run_due(&self.gateway).await?;
            if pumped + done == 0 {
                return Ok(());
            }
        }
    }

    async fn does(&mut self, day: BusinessDay, event: &Event, until: Timestamp) -> anyhow::Result<()> {
        let before = BusinessDay::of(day.start().plus_seconds(-1));
        match &event.act {
            Act::Patients(visits) => self.patients_come(day, visits, until).await,
            Act::GiveBack { visit, one_slip, reason, way } => {
                self.gives_back(day, *visit, *one_slip, reason, *way).await
            }
            Act::Decide { declines } => self.decides(*declines).await,
            Act::ShopSells { fen } => self.shop_sells(day, *fen).await,
            Act::PastUs(visit) => self.takes_past_us(visit).await,
            Act::HisStopsBooking => {
                self.simulator.his().set_trouble("payments/confirm", his::Trouble::Down, None);
                Ok(())
            }
            Act::HisBooksAgain => {
                self.simulator.his().lift_trouble(Some("payments/confirm"));
                Ok(())
            }
            Act::Fee(basis_points) => {
                let merchant = self.simulator.wechat().merchant(&self.mchid).context("no merchant")?;
                merchant.set_fee_basis_points(*basis_points);
                Ok(())
            }
            Act::Statement(trouble) => {
                self.statement_is_bad(day, *trouble);
                Ok(())
            }
            Act::Compare => {
                service::reconciliation::plan_days(&self.gateway).await?;
                Ok(())
            }
            Act::Look => self.looks_at(before).await,
            Act::Work => self.works_on(before).await,
            Act::FileAnew => self.has_mended(before, Mended::File).await,
            Act::Mend => self.has_mended(before, Mended::Rows).await,
            Act::Conclude => self.concludes(before).await,
            Act::Sign => self.signs(before).await,
            Act::Window(act) => self.at_window(act).await,
            Act::Pass => Ok(()),
        }
    }

    /// They open their orders at the same time and pay one after the other.
    async fn patients_come(
        &mut self,
        day: BusinessDay,
        visits: &[Visit],
        until: Timestamp,
    ) -> anyhow::Result<()> {
        let requests = visits.iter().map(|visit| Ok((visit, self.request(visit)?)));
        let requests = requests.collect::<anyhow::Result<Vec<_>>>()?;
        let opened = stream::iter(requests).map(|(visit, request)| self.open(visit, request));
        let opened: Vec<anyhow::Result<Option<Order>>> = opened.buffered(AT_ONCE).collect().await;
        for (visit, order) in visits.iter().zip(opened) {
            // Who still sees nothing to pay goes to the window.
            let Some(order) = order? else { continue };
            let at = day.start().plus_seconds(visit.second);
            if !visit.pays || at >= until {
                continue;
            }
            self.becomes(at);
            self.pays(&order, visit.at_kiosk, visit.news)?;
            if let Some(trouble) = visit.trouble {
                self.befalls(day, &order, trouble)?;
            }
            self.orders.insert(visit.number, order);
        }
        Ok(())
    }

    /// A doctor writes the slips, and the patient presses "pay".
    fn request(&self, visit: &Visit) -> anyhow::Result<OpenPayment> {
        let person = person(visit.person);
        let mut split = Split::none();
        let mut slips = Vec::with_capacity(visit.slips.len());
        for slip in &visit.slips {
            slips.push(self.writes(&person.card_no, slip)?);
            let (pooled, account) = (Fen::new(slip.pooled_fen), Fen::new(slip.account_fen));
            let part =
                Split::new(pooled, account, Fen::new(slip.self_pay_fen()), Fen::new(slip.total_fen()))?;
            split = split.plus(part)?;
        }
        let (channel, payer) = match visit.app {
            App::Wechat => ("wechat-main", &self.wechat_payer),
            App::Alipay => ("alipay-main", &self.alipay_payer),
        };
        Ok(OpenPayment {
            phone: person.phone.as_deref().map(Phone::parse).transpose()?,
            patient: Patient { name: person.name, card_no: person.card_no, phone: person.phone, id_no: None },
            slips,
            shown: split,
            channel: ChannelId::parse(channel)?,
            window: None,
            scene: if visit.at_kiosk { PayerScene::ShownCode } else { PayerScene::InApp(payer.clone()) },
            client_ip: None,
            language: if visit.person % 40 == 7 { "en" } else { "zh-CN" }.to_owned(),
        })
    }

    pub(super) fn writes(&self, card_no: &str, slip: &PlannedSlip) -> anyhow::Result<SlipNo> {
        let lines = slip.lines.iter().map(|line| ChargeLine {
            code: line.code.to_owned(),
            name: line.name.to_owned(),
            spec: line.spec.to_owned(),
            unit: line.unit.to_owned(),
            unit_price: format!("{}00", Fen::new(line.fen).to_yuan()),
            quantity: line.quantity.to_string(),
            amount_fen: line.fen * line.quantity,
            insurance_class: Some(if slip.pooled_fen > 0 { "甲" } else { "自费" }.to_owned()),
        });
        let new = NewSlip {
            card_no: card_no.to_owned(),
            kind: slip.kind,
            title: slip.title.clone(),
            slip_no: None,
            department: Some(slip.department.to_owned()),
            doctor: Some(slip.doctor.to_owned()),
            visit_no: None,
            pay_together: false,
            written_minutes_ago: 9,
            pay_within_minutes: Some(12 * 60),
            pooled_fund_fen: slip.pooled_fen,
            account_fen: slip.account_fen,
            lines: lines.collect(),
        };
        let now_ms = self.simulator.his().now_ms();
        let written = self.simulator.his().records().write_slip(new, now_ms);
        let number = written.map_err(|denial| anyhow::anyhow!("HIS writes no slip: {denial:?}"))?;
        Ok(SlipNo::parse(number)?)
    }

    async fn open(&self, visit: &Visit, request: OpenPayment) -> anyhow::Result<Option<Order>> {
        let store = self.gateway.store();
        for _ in 0..TRIES {
            let opened = match open_payment(&self.gateway, &request).await {
                Ok(opened) => opened,
                Err(OpenError::Busy(_) | OpenError::InDoubt { .. } | OpenError::OtherAtHis(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let bill = store.bill_by_view_ref(&opened.view_ref).await?.context("the bill is not there")?;
            let slips = bill.slips.iter().map(|slip| (slip.slip_no.clone(), slip.self_pay.get())).collect();
            let bill_no = bill.bill.bill_no;
            let payment = store.payments_of_bill(&bill_no).await?.pop().context("the order is not there")?;
            let payment = payment.payment;
            if matches!(payment.state, State::Waiting { .. }) {
                let (number, fen) = (payment.out_trade_no, payment.amount.get());
                return Ok(Some(Order { number, bill_no, app: visit.app, fen, slips }));
            }
        }
        Ok(None)
    }

    fn pays(&self, order: &Order, at_kiosk: bool, news: News) -> anyhow::Result<()> {
        let provider = if order.app == App::Wechat { "wechat" } else { "alipay" };
        let fault = match news {
            News::Comes => None,
            News::Lost => Some(Fault::NotifyLost),
            News::Twice => Some(Fault::NotifyDoubled),
        };
        if let Some(fault) = fault {
            self.simulator.faults().add(Rule::next(&format!("{provider}.notify.payment"), fault));
        }
        match order.app {
            App::Wechat => {
                self.simulator.wechat().pay(&self.mchid, order.number.as_str(), Some(WECHAT_USER))?
            }
            App::Alipay => {
                let alipay = self.simulator.alipay();
                let trade = alipay.trade(DEMO_PID, order.number.as_str()).context("no trade")?;
                let trade_no = match trade.qr_code {
                    Some(code) if at_kiosk => alipay.scan(&code)?,
                    _ => trade.trade_no,
                };
                alipay.pay(&trade_no)?;
            }
        }
        Ok(())
    }

    /// What goes wrong with a payment that was just made.
    fn befalls(&mut self, day: BusinessDay, order: &Order, trouble: Trouble) -> anyhow::Result<()> {
        use Trouble as T;
        let order_no = order.bill_no.to_string();
        match trouble {
            T::SlipCancelled => {
                for (slip_no, _) in &order.slips {
                    let taken_back = self.simulator.his().records().cancel_slip(slip_no.as_str());
                    taken_back.map_err(|denial| anyhow::anyhow!("HIS keeps the slip: {denial:?}"))?;
                }
            }
            T::LedgerLacks => self.damages(day, LedgerDamage::Missing { order_no }),
            T::LedgerTwice => self.damages(day, LedgerDamage::Doubled { order_no }),
            T::LedgerHasLess => {
                self.damages(day, LedgerDamage::Amount { order_no, amount_fen: order.fen - 10 });
            }
            T::LedgerHasMore => {
                self.damages(day, LedgerDamage::Amount { order_no, amount_fen: order.fen + 500 });
            }
            T::OtherAccount => {
                let channel = if order.app == App::Wechat { "alipay-main" } else { "wechat-main" }.to_owned();
                self.damages(day, LedgerDamage::Channel { order_no, channel });
            }
            T::OtherInsurance => {
                self.damages(day, LedgerDamage::Insurance { order_no, insurance_fen: order.fen / 3 });
            }
            T::OtherPurpose => self.damages(day, LedgerDamage::Purpose { order_no, deposit: false }),
            T::StatementLacks | T::StatementLacksDeposit => {
                self.statement_lacks(order.app, day, order.number.as_str());
            }
            T::BothLack => {
                self.statement_lacks(order.app, day, order.number.as_str());
                self.damages(day, LedgerDamage::Missing { order_no });
            }
            T::StatementTwice => {
                let rows = self.rows.entry((order.app, day)).or_default();
                rows.doubled.push(order.number.to_string());
                self.rows_are_told(order.app, day);
            }
            T::AcrossMidnight
            | T::HisSilent
            | T::ShopSells
            | T::PastUs
            | T::FeeRate
            | T::FailedRefundBooked
            | T::StatementLacksRefund
            | T::RefundAtPortal
            | T::TotalsDiffer
            | T::FileDamaged
            | T::FileNotMade => {}
        }
        Ok(())
    }

    fn damages(&mut self, day: BusinessDay, damage: LedgerDamage) {
        self.damages.push((day, damage));
        self.ledger_is_told();
    }

    fn ledger_is_told(&self) {
        let damages = self.damages.iter().map(|(_, damage)| damage.clone()).collect();
        self.simulator.his().records().set_ledger_damage(damages);
    }

    /// That day's statement lacks a row.
    pub(super) fn statement_lacks(&mut self, app: App, day: BusinessDay, number: &str) {
        self.rows.entry((app, day)).or_default().missing.push(number.to_owned());
        self.rows_are_told(app, day);
    }

    fn rows_are_told(&mut self, app: App, day: BusinessDay) {
        let Some(rows) = self.rows.get_mut(&(app, day)) else { return };
        if let Some(rule) = rows.rule.take() {
            self.simulator.faults().remove(rule);
        }
        let fault = Fault::StatementRows { missing: rows.missing.clone(), doubled: rows.doubled.clone() };
        let call = if app == App::Wechat { "wechat.tradebill" } else { "alipay.bill_download" };
        rows.rule = Some(self.simulator.faults().add(Rule::every(&format!("{call}@{day}"), fault)));
    }

    fn statement_is_bad(&mut self, day: BusinessDay, trouble: Trouble) {
        let (call, faults) = match trouble {
            // The adapter itself sends Alipay's back when its summary is another one.
            Trouble::TotalsDiffer => (
                "wechat.tradebill",
                vec![Fault::StatementAmount { delta_fen: 100 }, Fault::StatementSummaryKept],
            ),
            Trouble::FileDamaged => ("alipay.bill_download", vec![Fault::StatementRowDamaged]),
            _ => ("alipay.bill_download", vec![Fault::StatementNotMade]),
        };
        for fault in faults {
            let rule = self.simulator.faults().add(Rule::every(&format!("{call}@{day}"), fault));
            self.files.entry(day).or_default().push(rule);
        }
    }

    /// A provider, or HIS, mends what was wrong with a day. Whether there was anything.
    pub(super) fn mends(&mut self, day: BusinessDay, what: Mended) -> bool {
        let mut mended = false;
        if what == Mended::File {
            for rule in self.files.remove(&day).unwrap_or_default() {
                mended |= self.simulator.faults().remove(rule);
            }
            return mended;
        }
        for app in [App::Wechat, App::Alipay] {
            if let Some(Rows { rule: Some(rule), .. }) = self.rows.remove(&(app, day)) {
                mended |= self.simulator.faults().remove(rule);
            }
        }
        let before = self.damages.len();
        self.damages.retain(|(of, _)| *of != day);
        if self.damages.len() != before {
            self.ledger_is_told();
            mended = true;
        }
        mended
    }

    /// Somebody with our merchant number takes an order that we never hear of.
    async fn pays_past_us(&self, number: &str, subject: &str, fen: i64) -> anyhow::Result<ProviderTradeNo> {
        let now = self.gateway.now();
        let order = OrderRequest {
            out_trade_no: OutTradeNo::parse(number)?,
            amount: Amount::from_fen(fen)?,
            subject: subject.to_owned(),
            scene: PayerScene::ShownCode,
            expires_at: Timestamp::from_seconds(now.seconds() + 900),
            created_at: now,
            notify_url: "https://shop.example/news".to_owned(),
            return_url: "https://shop.example/".to_owned(),
            client_ip: None,
        };
        let provider = self.gateway.channel(&ChannelId::parse("wechat-main")?).context("no WeChat Pay")?;
        let mut taken = provider.open_order(&order).await;
        for _ in 1..TRIES {
            if taken.is_ok() {
                break;
            }
            taken = provider.open_order(&order).await;
        }
        taken.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        self.simulator.faults().add(Rule::next("wechat.notify.payment", Fault::NotifyLost));
        self.simulator.wechat().pay(&self.mchid, number, Some(WECHAT_USER))?;
        let paid = self.simulator.wechat().order(&self.mchid, number).and_then(|order| order.paid);
        Ok(ProviderTradeNo::parse(paid.context("it was not paid")?.transaction_id)?)
    }

    async fn shop_sells(&self, day: BusinessDay, fen: i64) -> anyhow::Result<()> {
        let now = self.gateway.now();
        let number = format!("SHOP{}{:05}", day.to_string().replace('-', ""), now.seconds() % 86_400);
        self.pays_past_us(&number, "医院小卖部", fen).await.map(drop)
    }

    /// A machine of HIS's vendor takes the money under a number of our form and books it.
    async fn takes_past_us(&self, visit: &Visit) -> anyhow::Result<()> {
        let request = self.request(visit)?;
        let now = self.gateway.now();
        let number = OutTradeNo::fresh(now, self.random.as_ref());
        let total = request.shown.self_pay();
        let paid = self.pays_past_us(number.as_str(), "门诊缴费", total.get()).await?;
        let amounts = request.slips.into_iter().zip(&visit.slips);
        let booking = Booking {
            hospital: self.gateway.settings().hospital.id.clone(),
            bill_no: BillNo::fresh(now, self.random.as_ref()),
            slips: amounts
                .map(|(slip_no, slip)| SlipAmount { slip_no, amount: Fen::new(slip.self_pay_fen()) })
                .collect(),
            total,
            tenders: vec![PaidTender {
                tender: Tender::SelfPay,
                channel: request.channel,
                out_trade_no: number,
                provider_trade_no: paid,
                amount: Amount::try_from(total)?,
                paid_at: now,
            }],
            lock_token: None,
        };
        for _ in 0..TRIES {
            match self.his.book(&booking).await {
                BookingAnswer::Booked(_) => return Ok(()),
                BookingAnswer::InDoubt(_) | BookingAnswer::NotSent(_) => {}
                refused @ BookingAnswer::Refused { .. } => bail!("HIS did not book: {refused:?}"),
            }
        }
        bail!("HIS does not answer")
    }
}
