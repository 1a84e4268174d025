//! A bill, its payment and what follows, as they would be kept on an ordinary morning.

use mingfen_domain::bill::{Bill, BillState, BilledSlip};
use mingfen_domain::books::{Account, Entry, Reason};
use mingfen_domain::ids::{
    BillNo, ChannelId, HospitalId, OutRefundNo, OutTradeNo, ProviderRefundNo, ProviderTradeNo, SlipNo,
    TraceId,
};
use mingfen_domain::payment::{Payment, Received, Scene, State};
use mingfen_domain::refund::{self, Origin, Refund};
use mingfen_domain::slip::SlipKind;
use mingfen_domain::split::Split;
use mingfen_domain::{Amount, Fen, Timestamp};
use mingfen_store::{
    BillIndexes, BillRecord, BilledSlipRecord, PaymentRecord, RefundHisState, RefundRecord, Store,
};

pub const MORNING: Timestamp = Timestamp::from_ms(1_767_225_600_000);

pub fn hospital() -> HospitalId {
    HospitalId::parse("main").unwrap()
}
pub fn channel() -> ChannelId {
    ChannelId::parse("wechat-main").unwrap()
}
pub fn trace() -> TraceId {
    TraceId::parse("00112233aabbccdd").unwrap()
}
pub fn bill_no(number: usize) -> BillNo {
    BillNo::parse(format!("B26010100{number:06}")).unwrap()
}
pub fn out_trade_no(number: usize) -> OutTradeNo {
    OutTradeNo::parse(format!("P26010100{number:06}")).unwrap()
}
pub fn out_refund_no(number: usize) -> OutRefundNo {
    OutRefundNo::parse(format!("R26010100{number:06}")).unwrap()
}
pub fn slip_no(number: usize) -> SlipNo {
    SlipNo::parse(format!("S{number:06}")).unwrap()
}
pub fn amount(fen: i64) -> Amount {
    Amount::from_fen(fen).unwrap()
}

/// An open bill over two slips of 60.00 and 40.00.
pub fn bill(number: usize) -> BillRecord {
    let slips = [(2 * number, 6000), (2 * number + 1, 4000)].map(|(slip, fen)| BilledSlipRecord {
        slip_no: slip_no(slip),
        kind: SlipKind::Lab,
        title: "血常规".into(),
        department: "检验科".into(),
        total: Fen::new(fen),
        self_pay: Fen::new(fen),
    });
    BillRecord {
        bill: Bill {
            bill_no: bill_no(number),
            hospital: hospital(),
            slips: slips
                .iter()
                .map(|slip| BilledSlip { slip_no: slip.slip_no.clone(), total: slip.total })
                .collect(),
            split: Split::self_pay_only(Fen::new(10_000)).unwrap(),
            state: BillState::Open,
            lock_token: None,
            opened_at: MORNING.plus_seconds(number as i64),
            pay_until: MORNING.plus_seconds(1800),
        },
        view_ref: format!("view-{number}"),
        patient_sealed: vec![1, 2, 3, 0, 255],
        phone_sealed: Some(vec![4, 5, 6]),
        indexes: BillIndexes {
            card: "card-1".into(),
            phone: Some("phone-1".into()),
            phone_tail: Some("tail-1".into()),
            name: Some("name-1".into()),
        },
        language: "zh-CN".into(),
        trace: trace(),
        slips: slips.to_vec(),
        version: 0,
    }
}

/// A payment of 100.00 for the bill of the same number.
pub fn payment(number: usize) -> PaymentRecord {
    PaymentRecord {
        payment: Payment {
            out_trade_no: out_trade_no(number),
            bill_no: bill_no(number),
            channel: channel(),
            scene: Scene::InApp,
            amount: amount(10_000),
            state: State::Opening,
            trace: trace(),
            created_at: MORNING,
            expires_at: MORNING.plus_seconds(900),
            version: 0,
        },
        subject: "门诊缴费".into(),
        payer_sealed: Some(vec![7, 8, 9]),
        client_ip: Some("192.0.2.7".into()),
        handle_until: None,
        refund_held: Fen::ZERO,
    }
}

pub fn received(number: usize, fen: i64) -> Received {
    Received {
        provider_trade_no: ProviderTradeNo::parse(format!("T{number}")).unwrap(),
        amount: amount(fen),
        paid_at: MORNING.plus_seconds(60),
    }
}

/// A cashier's refund of the payment of the same number; its own number is `refund_number`.
pub fn refund(refund_number: usize, number: usize, fen: i64) -> RefundRecord {
    RefundRecord {
        refund: Refund {
            out_refund_no: out_refund_no(refund_number),
            out_trade_no: out_trade_no(number),
            amount: amount(fen),
            origin: Origin::Cashier,
            reason: "检查取消".into(),
            state: refund::State::Due,
            trace: trace(),
            requested_at: MORNING.plus_seconds(120),
            version: 0,
        },
        bill_no: bill_no(number),
        requested_by: "cashier-7".into(),
        request_key: None,
        his_state: RefundHisState::Due,
        his_refund_no: None,
        slip_no: Some(slip_no(2 * number)),
        request_digest: Some("d1".into()),
        sent_at: None,
    }
}

pub fn provider_refund_no() -> ProviderRefundNo {
    ProviderRefundNo::parse("RF1").unwrap()
}

pub fn paid_entry(number: usize, fen: i64) -> Entry {
    Entry::transfer(
        Reason::Paid,
        out_trade_no(number).as_str(),
        Account::ChannelReceivable(channel()),
        Account::PatientMoney,
        amount(fen),
    )
    .unwrap()
}

pub fn entry(reason: Reason, subject: &str, debit: Account, credit: Account, fen: i64) -> Entry {
    Entry::transfer(reason, subject, debit, credit, amount(fen)).unwrap()
}

/// Keeps the bill and its opening payment, slips claimed.
pub async fn keep_opened(store: &Store, number: usize) {
    let bill = bill(number);
    let mut tx = store.begin().await.unwrap();
    tx.insert_bill(&bill).await.unwrap();
    let slips: Vec<SlipNo> = bill.slips.iter().map(|slip| slip.slip_no.clone()).collect();
    tx.claim_slips(&hospital(), &slips, &bill_no(number)).await.unwrap();
    tx.insert_payment(&payment(number)).await.unwrap();
    tx.commit().await.unwrap();
}

/// The same, then paid, the bill settled, HIS to be told, and the books written.
pub async fn keep_paid(store: &Store, number: usize) {
    keep_opened(store, number).await;
    let mut tx = store.begin().await.unwrap();
    let mut payment = tx.payment_for_update(&out_trade_no(number)).await.unwrap().unwrap().payment;
    let bill = tx.bill_for_update(&bill_no(number)).await.unwrap().unwrap();
    payment.state = State::Paid(received(number, 10_000));
    tx.save_payment_state(&payment, None).await.unwrap();
    let settled = BillState::Settled { by: out_trade_no(number) };
    tx.set_bill_state(&bill_no(number), &settled, bill.version).await.unwrap();
    assert!(tx.insert_write_back_due(&bill_no(number), &out_trade_no(number), MORNING).await.unwrap());
    assert!(tx.post(&paid_entry(number, 10_000), MORNING).await.unwrap());
    tx.commit().await.unwrap();
}
