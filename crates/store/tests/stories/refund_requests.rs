use crate::samples::{MORNING, amount, bill_no, keep_opened, out_refund_no, out_trade_no, slip_no, trace};
use crate::{Room, stories};
use mingfen_domain::ids::RefundRequestNo;
use mingfen_domain::refund_request::State;
use mingfen_store::{InsertedRequest, RefundRequestRecord, StoreError};

stories!(a_form_makes_one_request, every_state_of_a_request_comes_back, of_two_decisions_one_is_stale);

fn request(number: usize, key: &str) -> RefundRequestRecord {
    RefundRequestRecord {
        request_no: RefundRequestNo::parse(format!("Q26010100{number:06}")).unwrap(),
        request_key: key.into(),
        bill_no: bill_no(1),
        out_trade_no: out_trade_no(1),
        slip_no: Some(slip_no(2)),
        amount: amount(6000),
        reason: "药品退回".into(),
        state: State::Waiting,
        asked_by: "staff:0201".into(),
        asked_at: MORNING.plus_seconds(number as i64),
        decided_by: None,
        decided_at: None,
        trace: trace(),
        version: 0,
    }
}

async fn keep(room: &Room, record: &RefundRequestRecord) -> InsertedRequest {
    let mut tx = room.store.begin().await.unwrap();
    let inserted = tx.insert_refund_request(record).await.unwrap();
    tx.commit().await.unwrap();
    inserted
}

async fn a_form_makes_one_request(room: Room) {
    keep_opened(&room.store, 1).await;
    let made = room
        .all_at_once(8, |store, number| async move {
            let mut tx = store.begin().await.unwrap();
            let made = tx.insert_refund_request(&request(number, "desk:one")).await.unwrap();
            tx.commit().await.unwrap();
            made
        })
        .await;
    assert_eq!(made.iter().filter(|made| **made == InsertedRequest::New).count(), 1);
    let waiting = room.store.waiting_refund_requests(None, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    for made in made {
        if let InsertedRequest::Earlier(earlier) = made {
            assert_eq!(*earlier, waiting[0]);
        }
    }
    assert_eq!(room.store.refund_requests_waiting().await.unwrap(), (1, Some(waiting[0].asked_at)));
}

async fn every_state_of_a_request_comes_back(room: Room) {
    keep_opened(&room.store, 1).await;
    assert_eq!(keep(&room, &request(1, "desk:one")).await, InsertedRequest::New);
    for state in [
        State::Approved,
        State::Refused { reason: "HIS".into() },
        State::CarriedOut { out_refund_no: out_refund_no(1) },
        State::Declined { reason: "先核对".into() },
        State::Withdrawn,
        State::Waiting,
    ] {
        let mut tx = room.store.begin().await.unwrap();
        let number = request(1, "").request_no;
        let mut record = tx.refund_request_for_update(&number).await.unwrap().unwrap();
        record.state = state;
        (record.decided_by, record.decided_at) = (Some("staff:0301".into()), Some(MORNING));
        tx.save_refund_request(&record).await.unwrap();
        tx.commit().await.unwrap();
        record.version += 1;
        assert_eq!(room.store.refund_request(&number).await.unwrap(), Some(record.clone()));
        assert_eq!(room.store.refund_requests_of_bill(&bill_no(1)).await.unwrap(), [record]);
    }
}

async fn of_two_decisions_one_is_stale(room: Room) {
    keep_opened(&room.store, 1).await;
    let record = request(1, "desk:one");
    keep(&room, &record).await;
    let approved = RefundRequestRecord { state: State::Approved, ..record };
    let mut tx = room.store.begin().await.unwrap();
    tx.save_refund_request(&approved).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = room.store.begin().await.unwrap();
    let again = tx.save_refund_request(&approved).await;
    assert!(matches!(again, Err(StoreError::Stale { .. })), "{again:?}");
}
