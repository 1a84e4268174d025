//! The statements of one paid notification, as `receive_notification` and `record_sighting` call them, without a gateway.

use crate::samples::{MORNING, bill_no, out_trade_no, received, trace};
use mingfen_domain::bill::BillState;
use mingfen_domain::books::{Account, Entry, Reason};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::payment::State;
use mingfen_store::{AuditEvent, NotificationRecord, SightingRecord, Store, TaskKind};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub async fn run(store: &Store, channel: &ChannelId, numbers: Range<usize>, clients: usize) {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (store, channel, next) = (store.clone(), channel.clone(), Arc::clone(&next));
            let end = numbers.end;
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    one(&store, &channel, number).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("every statement is done");
    }
}

async fn one(store: &Store, channel: &ChannelId, number: usize) {
    let (order, bill_no) = (out_trade_no(number), bill_no(number));
    let notification_id = format!("N{number:019}");
    let kept = NotificationRecord {
        notification_id: notification_id.clone(),
        channel: channel.clone(),
        received_at: MORNING,
        headers_sealed: vec![7; 700],
        body_sealed: vec![7; 1_200],
        body_sha256: "0".repeat(64),
        verdict: "received".to_owned(),
        event_id: None,
        subject: None,
    };
    store.insert_notification(&kept).await.expect("kept");
    store.payment(&order).await.expect("readable").expect("there");

    let mut tx = store.begin().await.expect("a transaction");
    let mut payment = tx.payment_for_update(&order).await.expect("readable").expect("there").payment;
    let bill = tx.bill_for_update(&bill_no).await.expect("readable").expect("there");
    let money = received(number, payment.amount.get());
    let amount = money.amount;
    payment.state = State::Paid(money);
    tx.save_payment_state(&payment, None).await.expect("saved");
    let settled = BillState::Settled { by: order.clone() };
    tx.set_bill_state(&bill_no, &settled, bill.version).await.expect("settled");
    let receivable = Account::ChannelReceivable(channel.clone());
    let entry = Entry::transfer(Reason::Paid, order.as_str(), receivable, Account::PatientMoney, amount);
    tx.post(&entry.expect("balanced"), MORNING).await.expect("booked");
    tx.insert_write_back_due(&bill_no, &order, MORNING).await.expect("due");
    tx.schedule(TaskKind::WriteBack, bill_no.as_str(), MORNING, &trace()).await.expect("scheduled");
    let event = AuditEvent {
        at: MORNING,
        actor: "gateway".to_owned(),
        action: "payment.paid".to_owned(),
        subject: order.as_str().to_owned(),
        detail: "100.00 yuan".to_owned(),
    };
    tx.record(&event).await.expect("on the trail");
    let sighting = SightingRecord {
        subject: order.as_str().to_owned(),
        way: "notification".to_owned(),
        seen: "paid 100.00 as T1".to_owned(),
        detail: String::new(),
        outcome: "applied".to_owned(),
        at: MORNING,
        notification_id: Some(notification_id.clone()),
    };
    tx.insert_sighting(&sighting).await.expect("seen");
    tx.set_verdict(&notification_id, "applied", Some("event"), Some(order.as_str())).await.expect("judged");
    tx.commit().await.expect("durable");
}
