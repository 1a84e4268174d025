//! What people and parties do on the days of the story, and what the comparison has to say of it.

use futures_util::stream::{self, StreamExt as _};
use mingfen_domain::difference::Category;
use mingfen_domain::ids::{BillNo, ChannelId, OutRefundNo, OutTradeNo, ProviderTradeNo, SlipNo};
use mingfen_domain::payment::State;
use mingfen_domain::refund::Origin;
use mingfen_domain::split::{Split, Tender};
use mingfen_domain::{Amount, BusinessDay, Clock, Fen, person};
use mingfen_gateway::ambient::SystemRandom;
use mingfen_gateway::service::{
    OpenPayment, RefundAsked, RefundTarget, RefundWay, open_payment, request_refund,
};
use mingfen_his::{Booking, BookingAnswer, His as _, PaidTender, SlipAmount};
use mingfen_provider_api::{OrderRequest, PayerScene, RefundRequest};
use mingfen_simulator::alipay::DEMO_PID;
use mingfen_simulator::faults::{Defect, Fault, Rule, When};
use mingfen_simulator::his::{self, ChargeLine, NewSlip, SlipKind, Trouble};
use mingfen_simulator::random::Random;
use mingfen_simulator::wechat::book::RefundState;
use mingfen_tests::{App, Hospital, record_a_close_that_never_was};
use std::collections::{BTreeMap, BTreeSet};

/// All lots are drawn from it.
pub const SEED: u64 = 20_260_305;
/// People at the channels at the same moment.
const AT_ONCE: usize = 8;
/// Nobody's purse is empty.
const PURSE_FEN: i64 = 1_000_000_000;

/// Which difference: its order, and its refund where it is about one.
pub type Subject = (String, String);
/// What it is called, and why it is there.
pub type Named = (Category, &'static str);

/// An order of the story.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number at the channel.
    pub number: OutTradeNo,
    /// Its number at HIS.
    pub bill_no: BillNo,
    /// What was ordered.
    pub fen: i64,
    app: App,
    slips: Vec<(String, i64)>,
}

/// What is wrong with the files of a morning.
#[derive(Clone, Debug)]
pub struct Files {
    /// Numbers whose rows statements lack.
    pub missing: Vec<String>,
    /// Numbers whose rows they have twice.
    pub doubled: Vec<String>,
    /// What HIS's ledger suffers.
    pub ledger: Vec<his::LedgerDamage>,
}

/// The hospital on these days, and what is expected of their comparison.
pub struct Days<'h> {
    pub hospital: &'h Hospital,
    lots: Random,
    cards: u64,
    orders: usize,
    mchid: String,
    /// What the first comparison of each day has to find, and nothing else.
    pub expected: BTreeMap<BusinessDay, BTreeMap<Subject, Named>>,
    /// The shop's payments and refunds at our merchant number, by number.
    pub shop: Vec<(String, i64)>,
    /// Numbers whose rows a statement lacks; the second list is never made good.
    pub rows_missing: [Vec<String>; 2],
    /// Numbers whose rows a statement has twice, until its provider has mended it.
    pub rows_doubled: Vec<String>,
    /// Damages of HIS's ledger: those that HIS mends, and those that stay.
    pub ledger_damages: [Vec<his::LedgerDamage>; 2],
    /// Refunds that cannot reach the payer until somebody acts at the provider.
    pub abnormal: Vec<OutRefundNo>,
    /// Orders whose rows HIS mends.
    ledger_mended: Vec<String>,
    file_rules: Vec<u64>,
}

impl<'h> Days<'h> {
    /// Before the first patient comes.
    pub fn new(hospital: &'h Hospital) -> Self {
        let wechat = hospital.simulator.wechat();
        assert!(wechat.set_balance("u1", PURSE_FEN));
        for mut buyer in hospital.simulator.alipay().buyers() {
            buyer.balance_fen = PURSE_FEN;
            hospital.simulator.alipay().set_buyer(buyer);
        }
        Self {
            hospital,
            lots: Random::new(SEED),
            cards: 0,
            orders: 0,
            mchid: wechat.merchants()[0].credentials().mchid,
            expected: BTreeMap::new(),
            shop: Vec::new(),
            rows_missing: [Vec::new(), Vec::new()],
            rows_doubled: Vec::new(),
            ledger_damages: [Vec::new(), Vec::new()],
            abnormal: Vec::new(),
            ledger_mended: Vec::new(),
            file_rules: Vec::new(),
        }
    }

    /// How many orders there were.
    pub const fn orders(&self) -> usize {
        self.orders
    }

    /// The day on the hospital's clock.
    pub fn today(&self) -> BusinessDay {
        BusinessDay::of(self.hospital.clock.now())
    }

    /// It becomes that hour and minute of a day; whatever was due on the way is late.
    pub fn becomes(&self, day: BusinessDay, hour: i64, minute: i64) {
        let until = day.start().plus_seconds(hour * 3600 + minute * 60);
        let seconds = until.since_ms(self.hospital.clock.now()) / 1000;
        assert!(seconds >= 0, "it is later than {hour}:{minute} on {day} already");
        self.hospital.time_passes(seconds);
    }

    /// Time passes, and what is due happens: everything that does not wait for somebody has ended.
    async fn calms_down(&self) {
        for seconds in [10, 50, 120, 420, 660] {
            self.hospital.time_passes(seconds);
            self.hospital.settles().await;
        }
    }

    fn expects(&mut self, day: BusinessDay, order: &Order, category: Category, cause: &'static str) {
        self.expects_of(day, (order.number.to_string(), String::new()), category, cause);
    }

    fn expects_of(&mut self, day: BusinessDay, subject: Subject, category: Category, cause: &'static str) {
        let before = self.expected.entry(day).or_default().insert(subject.clone(), (category, cause));
        assert_eq!(before, None, "{subject:?} suffers twice");
        // What the next day's comparison makes of it, once everybody has done what was advised.
        let cleared = match (category, cause) {
            (_, "refused_and_refunded" | "refund_refused" | "wrong_amount_paid") => {
                (Category::MatchedNetted, "given_back")
            }
            (Category::CrossDay, _) | (_, "refund_in_flight" | "refund_abnormal" | "write_back_waiting") => {
                (Category::MatchedLate, "cleared_late")
            }
            _ => return,
        };
        self.expected.entry(day.next()).or_default().insert(subject, cleared);
    }

    /// A doctor writes slips of a new patient: one, sometimes two.
    fn request(&mut self, app: App) -> OpenPayment {
        self.cards += 1;
        let card_no = format!("L{:010}", self.cards);
        // More than one person may decide over alone, now and then.
        let most = if self.lots.percent(5) { 300_000 } else { 30_000 };
        let fen = 200 + i64::try_from(self.lots.below(most)).expect("small");
        let parts = if self.lots.percent(10) { vec![fen / 3, fen - fen / 3] } else { vec![fen] };
        self.hospital.registers(&card_no);
        let now_ms = self.hospital.simulator.his().now_ms();
        let mut records = self.hospital.simulator.his().records();
        let slips = parts.iter().map(|fen| {
            let slip_no = records.write_slip(slip(&card_no, *fen), now_ms).expect("written");
            SlipNo::parse(slip_no).expect("a number")
        });
        let name = if app == App::Wechat { "wechat-main" } else { "alipay-main" };
        OpenPayment {
            slips: slips.collect(),
            patient: person::Patient { name: "林小雨".to_owned(), card_no, phone: None, id_no: None },
            phone: None,
            shown: Split::self_pay_only(Fen::new(fen)).expect("a split"),
            channel: ChannelId::parse(name).expect("a channel"),
            scene: PayerScene::ShownCode,
            client_ip: None,
            language: "zh-CN".to_owned(),
            window: None,
        }
    }

    async fn open(hospital: &Hospital, app: App, request: &OpenPayment) -> Order {
        for _ in 0..3 {
            let opened = open_payment(hospital.gateway(), request).await.expect("it is opened");
            let bill = hospital.store().bill_by_view_ref(&opened.view_ref).await;
            let bill = bill.expect("readable").expect("stored");
            let slips =
                bill.slips.iter().map(|slip| (slip.slip_no.to_string(), slip.self_pay.get())).collect();
            let bill_no = bill.bill.bill_no;
            let payment = hospital.store().payments_of_bill(&bill_no).await.expect("readable").pop();
            let payment = payment.expect("stored").payment;
            // A connection that was closed at that very moment leaves it in doubt: whoever sees no code taps once more.
            if matches!(payment.state, State::Waiting { .. }) {
                return Order {
                    number: payment.out_trade_no,
                    bill_no,
                    fen: payment.amount.get(),
                    app,
                    slips,
                };
            }
        }
        panic!("the provider takes no order")
    }

    /// So many patients come and get a code to pay.
    async fn opens(&mut self, count: usize, app: Option<App>) -> Vec<Order> {
        let requests: Vec<(App, OpenPayment)> = (0..count)
            .map(|_| {
                let app = app.unwrap_or_else(|| self.any_app());
                (app, self.request(app))
            })
            .collect();
        self.orders += count;
        let hospital = self.hospital;
        let opened = stream::iter(&requests).map(|(app, request)| Self::open(hospital, *app, request));
        opened.buffered(AT_ONCE).collect().await
    }

    fn any_app(&self) -> App {
        if self.lots.percent(60) { App::Wechat } else { App::Alipay }
    }

    fn pays(&self, order: &Order, news: Option<Fault>) {
        let provider = if order.app == App::Wechat { "wechat" } else { "alipay" };
        if let Some(fault) = news {
            self.hospital.simulator.faults().add(Rule::next(&format!("{provider}.notify.payment"), fault));
        }
        self.pays_number(order.number.as_str(), order.app);
    }

    fn pays_number(&self, number: &str, app: App) {
        match app {
            App::Wechat => {
                self.hospital.simulator.wechat().pay(&self.mchid, number, Some("u1")).expect("it is paid");
            }
            App::Alipay => {
                let alipay = self.hospital.simulator.alipay();
                let code = alipay.trade(DEMO_PID, number).and_then(|trade| trade.qr_code).expect("a code");
                alipay.pay(&alipay.scan(&code).expect("it is scanned")).expect("it is paid");
            }
            App::Browser => panic!("nobody pays without an app"),
        }
    }

    async fn come_and_pay(&mut self, count: usize, app: Option<App>) -> Vec<Order> {
        let orders = self.opens(count, app).await;
        orders.iter().for_each(|order| self.pays(order, None));
        orders
    }

    /// What becomes of the news of an ordinary payment: mostly nothing.
    fn news(&self) -> Option<Fault> {
        Some(match self.lots.below(100) {
            0..=2 => Fault::NotifyLost,
            3 => Fault::NotifyLostOnce,
            4 => Fault::NotifyLate { seconds: 600 },
            5 => Fault::NotifyDoubled,
            6 => Fault::NotifyReordered,
            7 => Fault::NotifyReplayed { seconds: 300 },
            8 => Fault::NotifyDefect { defect: Defect::Forged },
            9 => Fault::NotifyDefect { defect: Defect::Tampered },
            _ => return None,
        })
    }

    /// Whoever suffers something is drawn by lot.
    fn drawn(&self, orders: &mut Vec<Order>, count: usize) -> Vec<Order> {
        (0..count)
            .map(|_| {
                let place = self.lots.below(u64::try_from(orders.len()).expect("a number"));
                orders.swap_remove(usize::try_from(place).expect("a place"))
            })
            .collect()
    }

    /// The patients of a few hours, as every day: news is lost, late, doubled, forged; HIS's answers are lost; some do not pay.
    async fn ordinary_hours(
        &mut self,
        day: BusinessDay,
        hours: &[(i64, usize)],
        unpaid: usize,
    ) -> Vec<Order> {
        let mut paid = Vec::new();
        for (hour, count) in hours {
            self.becomes(day, *hour, 0);
            for fault in [
                Fault::Reset { when: When::After },
                Fault::Status { status: 502, when: When::After },
                Fault::Truncated,
                Fault::Status { status: 503, when: When::Before },
            ] {
                let rule = Rule { percent: 10, times: Some(4), ..Rule::next("his.payments/confirm", fault) };
                self.hospital.simulator.faults().add(rule);
            }
            let mut orders = self.opens(count + unpaid, None).await;
            self.drawn(&mut orders, unpaid);
            orders.iter().for_each(|order| self.pays(order, self.news()));
            self.calms_down().await;
            paid.extend(orders);
        }
        paid
    }

    /// The day of the story.
    pub async fn a_day_on_which_everything_goes_wrong(&mut self, an_hour: usize) -> BusinessDay {
        let day = self.today().next();
        self.a_shop_sells(day).await;
        let hours = [8, 9, 10, 11, 13, 15, 16].map(|hour| (hour, an_hour));
        let mut sound = self.ordinary_hours(day, &hours[..5], 6).await;
        self.his_is_down_for_an_hour(day).await;
        sound.extend(self.ordinary_hours(day, &hours[5..], 6).await);
        self.becomes(day, 17, 0);
        self.his_refuses(day).await;
        self.money_comes_that_no_bill_takes(day).await;
        self.refunds_go_out(day, &mut sound).await;
        self.somebody_works_past_the_gateway(day, &mut sound).await;
        self.files_are_damaged(day, &mut sound);
        self.midnight(day, &mut sound).await;
        day
    }

    /// A shop has the same merchant number; and one of our own numbers is one that we have lost.
    async fn a_shop_sells(&mut self, day: BusinessDay) {
        self.becomes(day, 7, 0);
        for count in 0..25 {
            let number = format!("SHOP20260305{count:04}");
            let fen = 500 + i64::try_from(self.lots.below(5_000)).expect("small");
            let paid = self.pays_past_us(&number, fen).await;
            self.shop.push((number.clone(), fen));
            if count % 5 == 0 {
                self.refunds_past_us(&number, &format!("SHOPBACK{count:04}"), &paid, fen, 300).await;
                self.shop.push((format!("SHOPBACK{count:04}"), -300));
            }
        }
        for fen in [4_321, 150_000, 777] {
            let number = OutTradeNo::fresh(self.hospital.clock.now(), &SystemRandom).to_string();
            self.pays_past_us(&number, fen).await;
            self.expects_of(day, (number, String::new()), Category::ChannelOnly, "order_lost");
        }
    }

    /// Somebody else with our merchant number takes an order, is paid and is told of it elsewhere.
    async fn pays_past_us(&self, number: &str, fen: i64) -> ProviderTradeNo {
        let now = self.hospital.clock.now();
        let order = OrderRequest {
            out_trade_no: OutTradeNo::parse(number).expect("a number"),
            amount: Amount::from_fen(fen).expect("an amount"),
            subject: "小卖部".to_owned(),
            scene: PayerScene::ShownCode,
            expires_at: mingfen_domain::Timestamp::from_seconds(now.seconds() + 900),
            created_at: now,
            notify_url: "https://shop.example/news".to_owned(),
            return_url: "https://shop.example/".to_owned(),
            client_ip: None,
        };
        let channel = ChannelId::parse("wechat-main").expect("a channel");
        let provider = self.hospital.gateway().channel(&channel).expect("configured");
        provider.open_order(&order).await.expect("it is taken");
        self.hospital.simulator.faults().add(Rule::next("wechat.notify.payment", Fault::NotifyLost));
        self.pays_number(number, App::Wechat);
        let order = self.hospital.simulator.wechat().order(&self.mchid, number).expect("it is there");
        ProviderTradeNo::parse(order.paid.expect("paid").transaction_id).expect("a number")
    }

    async fn refunds_past_us(&self, number: &str, refund: &str, paid: &ProviderTradeNo, of: i64, fen: i64) {
        let request = RefundRequest {
            out_refund_no: OutRefundNo::parse(refund).expect("a number"),
            out_trade_no: OutTradeNo::parse(number).expect("a number"),
            provider_trade_no: paid.clone(),
            amount: Amount::from_fen(fen).expect("an amount"),
            paid: Amount::from_fen(of).expect("an amount"),
            reason: "退货".to_owned(),
            notify_url: "https://shop.example/news".to_owned(),
        };
        let channel = ChannelId::parse("wechat-main").expect("a channel");
        let provider = self.hospital.gateway().channel(&channel).expect("configured");
        self.hospital.simulator.faults().add(Rule::next("wechat.notify.refund", Fault::NotifyLost));
        provider.refunds().expect("it can").refund(&request).await.expect("it is taken");
        self.hospital.time_passes(5);
        self.hospital.simulator.pump().await;
    }

    /// All of that hour's orders are booked late, and on the same day.
    async fn his_is_down_for_an_hour(&mut self, day: BusinessDay) {
        self.becomes(day, 14, 0);
        self.his_stops_booking();
        self.come_and_pay(40, None).await;
        self.hospital.lives_through(1800, 300).await;
        self.come_and_pay(20, None).await;
        self.hospital.lives_through(1700, 300).await;
        self.his_books_again();
        self.hospital.settles().await;
    }

    fn his_stops_booking(&self) {
        self.hospital.simulator.his().set_trouble("payments/confirm", Trouble::Down, None);
    }

    fn his_books_again(&self) {
        self.hospital.simulator.his().lift_trouble(Some("payments/confirm"));
    }

    /// Slips are cancelled while they are paid: HIS refuses for good, and the money goes back; some of it does not arrive.
    async fn his_refuses(&mut self, day: BusinessDay) {
        let refused = self.opens(40, None).await;
        self.are_paid_and_cancelled(&refused);
        for order in &refused {
            self.expects(day, order, Category::MatchedNetted, "given_back");
        }
        self.calms_down().await;
        let stuck = self.opens(4, Some(App::Wechat)).await;
        let closed = Rule { times: Some(4), ..Rule::next("wechat.refund", Fault::RefundClosed) };
        self.hospital.simulator.faults().add(closed);
        self.are_paid_and_cancelled(&stuck);
        self.calms_down().await;
        for order in &stuck {
            self.expects(day, order, Category::ChannelOnly, "refund_refused");
            let refunds = self.hospital.store().refunds_of_payment(&order.number).await.expect("readable");
            let number = refunds[0].refund.out_refund_no.to_string();
            let subject = (order.number.to_string(), number);
            self.expects_of(day, subject, Category::MatchedNetted, "never_took_effect");
        }
    }

    fn are_paid_and_cancelled(&self, orders: &[Order]) {
        for order in orders {
            self.pays(order, None);
            for (slip_no, _) in &order.slips {
                self.hospital.simulator.his().records().cancel_slip(slip_no).expect("a doctor takes it back");
            }
        }
    }

    /// Another amount than ordered waits for a person; the second payment of a bill goes back by itself.
    async fn money_comes_that_no_bill_takes(&mut self, day: BusinessDay) {
        for order in self.opens(4, Some(App::Wechat)).await {
            self.hospital.simulator.faults().add(Rule::next("wechat.pay", Fault::Amount { delta_fen: 100 }));
            self.pays(&order, None);
            self.expects(day, &order, Category::ChannelOnly, "wrong_amount_paid");
        }
        for _ in 0..3 {
            let request = self.request(App::Wechat);
            let first = Self::open(self.hospital, App::Wechat, &request).await;
            record_a_close_that_never_was(self.hospital.store(), &first.number, self.hospital.clock.now())
                .await;
            self.hospital.settles().await;
            let second = Self::open(self.hospital, App::Wechat, &request).await;
            self.orders += 2;
            self.pays(&second, None);
            self.hospital.settles().await;
            self.pays(&first, None);
            self.hospital.settles().await;
            self.expects(day, &first, Category::MatchedNetted, "given_back");
        }
        self.calms_down().await;
    }

    async fn refunds(&self, order: &Order, fen: Option<i64>) -> OutRefundNo {
        let asked = RefundAsked {
            target: RefundTarget::Order(order.number.clone()),
            amount: fen.map(|fen| Amount::from_fen(fen).expect("an amount")),
            slip_no: None,
            reason: "退药".to_owned(),
            origin: Origin::Cashier,
            requested_by: "cashier-01".to_owned(),
            request_key: None,
            by: RefundWay::Channel,
        };
        request_refund(self.hospital.gateway(), asked).await.expect("HIS allows it").refund.out_refund_no
    }

    /// Cashiers give back: most of it arrives at once, some tomorrow, some cannot arrive. Answers nothing that is in order.
    async fn refunds_go_out(&mut self, day: BusinessDay, sound: &mut Vec<Order>) {
        self.becomes(day, 19, 0);
        for (place, order) in self.drawn(sound, 40).iter().enumerate() {
            let number = self.refunds(order, (place % 2 == 0).then_some(100)).await;
            if place < 3 {
                self.rows_missing[0].push(number.to_string());
                let subject = (order.number.to_string(), number.to_string());
                self.expects_of(day, subject, Category::RefundMissingInChannel, "statement_row_missing");
            }
        }
        self.calms_down().await;
        let late = Fault::RefundLate { seconds: 26 * 3600 };
        for (fault, cause) in [(late, "refund_in_flight"), (Fault::RefundAbnormal, "refund_abnormal")] {
            let orders = self.drawn_of(sound, 5, App::Wechat);
            let rule = Rule { times: Some(5), ..Rule::next("wechat.refund", fault) };
            self.hospital.simulator.faults().add(rule);
            for order in &orders {
                let number = self.refunds(order, None).await;
                let subject = (order.number.to_string(), number.to_string());
                self.expects_of(day, subject, Category::RefundMissingInHis, cause);
                if cause == "refund_abnormal" {
                    self.abnormal.push(number);
                }
            }
            self.calms_down().await;
        }
    }

    fn drawn_of(&self, orders: &mut Vec<Order>, count: usize, app: App) -> Vec<Order> {
        let (mut of_app, rest) = std::mem::take(orders).into_iter().partition(|order| order.app == app);
        let drawn = self.drawn(&mut of_app, count);
        *orders = of_app;
        orders.extend::<Vec<Order>>(rest);
        drawn
    }

    /// A refund at the provider's portal, and a booking of money that never came.
    async fn somebody_works_past_the_gateway(&mut self, day: BusinessDay, sound: &mut Vec<Order>) {
        for (place, order) in self.drawn_of(sound, 3, App::Wechat).into_iter().enumerate() {
            let there = self.hospital.simulator.wechat().order(&self.mchid, order.number.as_str());
            let paid = there.and_then(|order| order.paid).expect("paid").transaction_id;
            let paid = ProviderTradeNo::parse(paid).expect("a number");
            let refund = format!("PORTAL{place:010}");
            self.refunds_past_us(order.number.as_str(), &refund, &paid, order.fen, 150).await;
            let subject = (order.number.to_string(), refund);
            self.expects_of(day, subject, Category::RefundMissingInHis, "refund_at_portal");
        }
        let never_paid = self.opens(3, Some(App::Wechat)).await;
        self.calms_down().await;
        for (place, order) in never_paid.iter().enumerate() {
            let booking = Booking {
                hospital: self.hospital.gateway().settings().hospital.id.clone(),
                bill_no: order.bill_no.clone(),
                slips: order
                    .slips
                    .iter()
                    .map(|(slip_no, fen)| SlipAmount {
                        slip_no: SlipNo::parse(slip_no.as_str()).expect("a number"),
                        amount: Fen::new(*fen),
                    })
                    .collect(),
                total: Fen::new(order.fen),
                tenders: vec![PaidTender {
                    tender: Tender::SelfPay,
                    channel: ChannelId::parse("wechat-main").expect("a channel"),
                    out_trade_no: order.number.clone(),
                    provider_trade_no: ProviderTradeNo::parse(format!("42{place:026}")).expect("a number"),
                    amount: Amount::from_fen(order.fen).expect("an amount"),
                    paid_at: self.hospital.clock.now(),
                }],
                lock_token: None,
            };
            let answer = self.hospital.his().book(&booking).await;
            assert!(matches!(answer, BookingAnswer::Booked(_)), "{answer:?}");
            self.expects(day, order, Category::HisOnly, "never_paid");
        }
    }

    /// The files of the next morning: the statement and HIS's ledger lack rows, have them twice, say another amount.
    fn files_are_damaged(&mut self, day: BusinessDay, sound: &mut Vec<Order>) {
        for place in [0, 1] {
            for order in self.drawn(sound, 6) {
                self.rows_missing[place].push(order.number.to_string());
                self.expects(day, &order, Category::HisOnly, "statement_row_missing");
            }
            for order in self.drawn(sound, 4) {
                let order_no = order.bill_no.to_string();
                self.ledger_damages[place].push(his::LedgerDamage::Missing { order_no });
                if place == 0 {
                    self.ledger_mended.push(order.number.to_string());
                }
                self.expects(day, &order, Category::ChannelOnly, "his_row_missing");
            }
        }
        for order in self.drawn(sound, 4) {
            self.rows_doubled.push(order.number.to_string());
            self.expects(day, &order, Category::DuplicateInChannel, "doubled_by_file");
        }
        for (place, order) in (0..).zip(self.drawn_single(sound, 4)) {
            let (order_no, more) = (order.bill_no.to_string(), if place % 2 == 0 { 11 } else { -11 });
            let damage = his::LedgerDamage::Amount { order_no, amount_fen: order.fen + more };
            self.ledger_damages[0].push(damage);
            self.ledger_mended.push(order.number.to_string());
            let category = if more > 0 { Category::AmountUnder } else { Category::AmountOver };
            self.expects(day, &order, category, "his_row_missing");
        }
        for order in self.drawn_single(sound, 4) {
            let order_no = order.bill_no.to_string();
            self.ledger_damages[1].push(his::LedgerDamage::Doubled { order_no });
            self.expects(day, &order, Category::DuplicateInHis, "booked_twice");
        }
    }

    /// Orders of one slip: HIS has one row of them.
    fn drawn_single(&self, orders: &mut Vec<Order>, count: usize) -> Vec<Order> {
        let (mut single, rest) = std::mem::take(orders).into_iter().partition(|order| order.slips.len() == 1);
        let drawn = self.drawn(&mut single, count);
        *orders = single;
        orders.extend::<Vec<Order>>(rest);
        drawn
    }

    /// HIS stops booking, news is lost, refunds go out; it becomes midnight meanwhile.
    async fn midnight(&mut self, day: BusinessDay, sound: &mut Vec<Order>) {
        self.becomes(day, 23, 20);
        self.his_stops_booking();
        for order in self.come_and_pay(30, None).await {
            self.expects(day, &order, Category::CrossDay, "booked_on_another_day");
        }
        let refused = self.opens(5, Some(App::Wechat)).await;
        self.are_paid_and_cancelled(&refused);
        for order in &refused {
            self.expects(day, order, Category::ChannelOnly, "refused_and_refunded");
        }
        self.hospital.settles().await;
        self.becomes(day, 23, 30);
        let unheard = self.opens(10, Some(App::Wechat)).await;
        let silent = ["wechat.query", "wechat.close"].map(|call| {
            let fault = Fault::Status { status: 500, when: When::Before };
            self.hospital.simulator.faults().add(Rule::every(call, fault))
        });
        for order in &unheard {
            self.pays(order, Some(Fault::NotifyLost));
            self.expects(day, order, Category::CrossDay, "notification_late");
        }
        self.hospital.settles().await;
        self.becomes(day, 23, 50);
        for order in self.come_and_pay(20, None).await {
            self.expects(day, &order, Category::CrossDay, "across_the_cut");
        }
        let refused = self.opens(3, Some(App::Wechat)).await;
        self.are_paid_and_cancelled(&refused);
        for order in &refused {
            self.expects(day, order, Category::CrossDay, "refused_and_refunded");
        }
        self.becomes(day, 23, 56);
        let rule =
            Rule { times: Some(10), ..Rule::next("wechat.refund", Fault::RefundLate { seconds: 900 }) };
        self.hospital.simulator.faults().add(rule);
        for order in self.drawn_of(sound, 10, App::Wechat) {
            let number = self.refunds(&order, Some(100)).await;
            let subject = (order.number.to_string(), number.to_string());
            self.expects_of(day, subject, Category::CrossDay, "booked_on_another_day");
        }
        self.hospital.settles().await;
        self.becomes(day, 23, 59);
        for order in self.come_and_pay(15, None).await {
            self.expects(day, &order, Category::CrossDay, "across_the_cut");
        }
        self.becomes(day.next(), 0, 10);
        self.hospital.settles().await;
        self.becomes(day.next(), 0, 30);
        self.his_books_again();
        self.hospital.lives_through(1800, 300).await;
        for rule in silent {
            assert!(self.hospital.simulator.faults().remove(rule));
        }
        self.hospital.lives_through(3600, 600).await;
    }

    /// Undeliverable refunds are paid out to other cards.
    pub async fn the_provider_pays_out(&self) {
        for number in &self.abnormal {
            let wechat = self.hospital.simulator.wechat();
            assert!(wechat.end_refund(&self.mchid, number.as_str(), RefundState::Success));
        }
        self.hospital.lives_through(120, 10).await;
    }

    /// Numbers of which provider or HIS admit that their file was wrong.
    pub fn admitted(&self) -> BTreeSet<String> {
        self.rows_missing[0].iter().chain(&self.rows_doubled).chain(&self.ledger_mended).cloned().collect()
    }

    /// Whether an order or a refund is the shop's.
    pub fn is_the_shops(&self, number: &str) -> bool {
        self.shop.iter().any(|(one, _)| one == number)
    }

    /// The day after: quieter, until HIS stops booking in the evening and stays so until somebody acts.
    pub async fn the_day_after(&mut self, day: BusinessDay) {
        self.ordinary_hours(day, &[(15, 40), (16, 40)], 2).await;
        self.becomes(day, 21, 0);
        self.his_stops_booking();
        for order in self.come_and_pay(15, None).await {
            self.expects(day, &order, Category::ChannelOnly, "write_back_waiting");
        }
        self.hospital.settles().await;
        self.becomes(day, 23, 50);
        for order in self.come_and_pay(5, None).await {
            self.expects(day, &order, Category::ChannelOnly, "write_back_waiting");
        }
        self.hospital.settles().await;
        self.hospital.lives_through(6 * 3600, 1800).await;
    }

    /// What the files of a morning are like: as they come, or after provider and HIS have mended what they mend.
    pub fn damaged_files(&self, at_first: bool) -> Files {
        let of = |lists: &[Vec<String>; 2]| lists[usize::from(!at_first)..].concat();
        Files {
            missing: of(&self.rows_missing),
            doubled: if at_first { self.rows_doubled.clone() } else { Vec::new() },
            ledger: self.ledger_damages[usize::from(!at_first)..].concat(),
        }
    }

    /// From now on they come like this.
    pub fn files_are(&mut self, files: &Files) {
        for rule in std::mem::take(&mut self.file_rules) {
            assert!(self.hospital.simulator.faults().remove(rule));
        }
        for call in ["wechat.tradebill", "alipay.bill_download"] {
            let fault =
                Fault::StatementRows { missing: files.missing.clone(), doubled: files.doubled.clone() };
            self.file_rules.push(self.hospital.simulator.faults().add(Rule::every(call, fault)));
        }
        self.hospital.simulator.his().records().set_ledger_damage(files.ledger.clone());
    }

    /// HIS is there again; nobody has told it anything yet.
    pub fn his_is_mended(&self) {
        self.his_books_again();
    }
}

fn slip(card_no: &str, fen: i64) -> NewSlip {
    let line = ChargeLine {
        code: "250101001".to_owned(),
        name: "血常规".to_owned(),
        spec: String::new(),
        unit: "次".to_owned(),
        unit_price: Fen::new(fen).to_yuan(),
        quantity: "1".to_owned(),
        amount_fen: fen,
        insurance_class: None,
    };
    NewSlip {
        card_no: card_no.to_owned(),
        kind: SlipKind::Lab,
        title: "血常规".to_owned(),
        slip_no: None,
        department: None,
        doctor: None,
        visit_no: None,
        pay_together: false,
        written_minutes_ago: 0,
        pay_within_minutes: Some(60),
        pooled_fund_fen: 0,
        account_fen: 0,
        lines: vec![line],
    }
}
