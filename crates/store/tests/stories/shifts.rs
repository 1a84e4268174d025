use crate::samples::{MORNING, amount, keep_opened, keep_paid, out_refund_no, out_trade_no, refund};
use crate::{Room, stories};
use mingfen_domain::Fen;
use mingfen_domain::ids::ShiftNo;
use mingfen_domain::shift::{CashCount, DifferenceReason, State};
use mingfen_domain::window::{Method, PosSlip};
use mingfen_store::{
    AskedClosing, ClosingRecord, InsertedOrder, LookedInto, Noted, OpenKind, ShiftRecord, StoreError,
    TakenRecord, WindowOrderRecord, WindowRefundRecord,
};

stories!(
    a_cashier_has_one_open_shift,
    every_state_of_a_shift_comes_back,
    what_moves_money_finds_the_shift_open_or_is_stale,
    a_form_opens_one_order_and_a_terminals_slip_pays_once,
    a_shift_comes_to_what_went_over_the_counter,
    a_large_difference_has_two_names_and_is_looked_into_once,
);

fn shift_no(number: usize) -> ShiftNo {
    ShiftNo::parse(format!("S26010100{number:06}")).unwrap()
}

fn shift(number: usize, cashier: &str) -> ShiftRecord {
    ShiftRecord {
        shift_no: shift_no(number),
        cashier: cashier.into(),
        place: "门诊 3 号窗口".into(),
        state: State::Open,
        float: Fen::new(50_000),
        opened_at: MORNING.plus_seconds(number as i64),
        counted: None,
        asked: None,
        closing: None,
        received: None,
        looked_into: None,
        version: 0,
    }
}

async fn open(room: &Room, number: usize, cashier: &str) -> bool {
    let mut tx = room.store.begin().await.unwrap();
    let new = tx.insert_shift(&shift(number, cashier)).await.unwrap();
    tx.commit().await.unwrap();
    new
}

fn count(hundreds: u32) -> CashCount {
    CashCount::new([hundreds, 0, 0, 0, 0, 0, 0, 0, 3]).unwrap()
}

async fn a_cashier_has_one_open_shift(room: Room) {
    let made = room
        .all_at_once(6, |store, number| async move {
            let mut tx = store.begin().await.unwrap();
            let made = tx.insert_shift(&shift(number, "0201")).await.unwrap();
            tx.commit().await.unwrap();
            made
        })
        .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
    assert!(open(&room, 11, "0202").await, "another cashier has a till of their own");
    let here = room.store.open_shift_of("0201").await.unwrap().unwrap();
    assert_eq!((here.cashier.as_str(), here.state), ("0201", State::Open));
    assert_eq!(room.store.open_shift_of("0203").await.unwrap(), None);
    let latest: Vec<_> = room.store.latest_shifts(None, 10).await.unwrap();
    assert_eq!(latest.len(), 2);
    let before = (latest[0].opened_at, latest[0].shift_no.to_string());
    assert_eq!(room.store.latest_shifts(Some(&before), 10).await.unwrap(), [latest[1].clone()]);
}

async fn every_state_of_a_shift_comes_back(room: Room) {
    assert!(open(&room, 1, "0201").await);
    let closing = ClosingRecord {
        taken: (18, Fen::new(232_600)),
        back: (2, Fen::new(4500)),
        difference: Fen::new(-2000),
        reason: Some((DifferenceReason::Change, "一笔找零".into())),
        alone: Some(Fen::new(5000)),
        countersigned_by: None,
        handed_in: Fen::new(226_100),
        receiver: Some("0301".into()),
        let_go: None,
        left_open: "refund_under_way\tR1\t12850".into(),
        by: "staff:0201".into(),
        at: MORNING.plus_seconds(200),
    };
    let counted = Some(("staff:0201".to_owned(), MORNING.plus_seconds(100)));
    let of = |state: State, closing: Option<ClosingRecord>, received| ShiftRecord {
        state,
        counted: counted.clone(),
        closing,
        received,
        ..shift(1, "0201")
    };
    let asked = AskedClosing {
        reason: (DifferenceReason::Other, "不明".into()),
        receiver: Some("0301".into()),
        word: None,
        by: "staff:0201".into(),
        at: MORNING.plus_seconds(150),
    };
    let plain = ClosingRecord {
        difference: Fen::ZERO,
        reason: None,
        let_go: Some("已核实".into()),
        ..closing.clone()
    };
    for next in [
        of(State::Counted(count(27)), None, None),
        ShiftRecord { counted: None, ..of(State::Open, None, None) },
        of(State::Counted(count(28)), None, None),
        ShiftRecord { asked: Some(asked), ..of(State::Asked(count(28)), None, None) },
        of(State::Closed(count(28)), Some(closing.clone()), None),
        of(State::Closed(count(28)), Some(plain), None),
        of(
            State::HandedOver(count(28)),
            Some(closing),
            Some(("staff:0301".to_owned(), MORNING.plus_seconds(300))),
        ),
    ] {
        let mut tx = room.store.begin().await.unwrap();
        let version = tx.shift_for_update(&shift_no(1)).await.unwrap().unwrap().version;
        let record = ShiftRecord { version, ..next };
        tx.save_shift(&record).await.unwrap();
        tx.commit().await.unwrap();
        let kept = ShiftRecord { version: version + 1, ..record };
        assert_eq!(room.store.shift(&shift_no(1)).await.unwrap(), Some(kept.clone()));
        let waits = i64::from(matches!(kept.state, State::Closed(_) | State::Asked(_)));
        assert_eq!(room.store.shifts_for_lead().await.unwrap(), waits);
        let asked = i64::from(matches!(kept.state, State::Asked(_)));
        assert_eq!(room.store.shifts_asked(5).await.unwrap().len() as i64, asked);
    }
    assert!(open(&room, 2, "0201").await, "a closed shift makes room for the next");
    assert_eq!(room.store.shifts_of("0201", None, 10).await.unwrap().len(), 2);
}

/// The database refuses what no use case should ask for.
async fn a_large_difference_has_two_names_and_is_looked_into_once(room: Room) {
    assert!(open(&room, 1, "0201").await);
    let closed = |second: Option<&str>, alone: i64| ShiftRecord {
        state: State::Closed(count(28)),
        counted: Some(("staff:0202".to_owned(), MORNING.plus_seconds(100))),
        closing: Some(ClosingRecord {
            taken: (1, Fen::new(10_000)),
            back: (0, Fen::ZERO),
            difference: Fen::new(-5001),
            reason: Some((DifferenceReason::Other, "不明".into())),
            alone: Some(Fen::new(alone)),
            countersigned_by: second.map(str::to_owned),
            handed_in: Fen::new(4999),
            receiver: None,
            let_go: None,
            left_open: String::new(),
            by: "staff:0201".into(),
            at: MORNING.plus_seconds(200),
        }),
        ..shift(1, "0201")
    };
    for (second, alone) in [(None, 5000), (Some("staff:0201"), 5000), (Some("staff:0202"), 5000)] {
        let mut tx = room.store.begin().await.unwrap();
        tx.save_shift(&closed(second, alone)).await.unwrap_err();
        tx.rollback().await.unwrap();
    }
    let mut tx = room.store.begin().await.unwrap();
    tx.save_shift(&closed(Some("staff:0301"), 5000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(room.store.till_differences(MORNING, 5).await.unwrap(), [Fen::new(5001)]);
    assert_eq!(room.store.till_differences(MORNING.plus_seconds(201), 5).await.unwrap(), []);
    assert_eq!(room.store.shifts_to_look_into(5).await.unwrap().len(), 1);
    let found =
        |note: &str| LookedInto { by: "staff:0601".into(), at: MORNING.plus_seconds(400), note: note.into() };
    for (note, first) in [("监控已看", true), ("又看了一遍", false)] {
        let mut tx = room.store.begin().await.unwrap();
        assert_eq!(tx.look_into_shift(&shift_no(1), &found(note)).await.unwrap(), first);
        tx.commit().await.unwrap();
    }
    let kept = room.store.shift(&shift_no(1)).await.unwrap().unwrap();
    assert_eq!(kept.looked_into, Some(found("监控已看")), "the first word stands");
    assert_eq!(room.store.shifts_to_look_into(5).await.unwrap(), []);
}

async fn what_moves_money_finds_the_shift_open_or_is_stale(room: Room) {
    assert!(open(&room, 1, "0201").await);
    let mut tx = room.store.begin().await.unwrap();
    let seen = tx.open_shift_for_update("0201").await.unwrap().unwrap();
    tx.save_shift(&seen).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = room.store.begin().await.unwrap();
    assert!(matches!(tx.save_shift(&seen).await, Err(StoreError::Stale { .. })));
    tx.rollback().await.unwrap();
}

fn order(number: usize, key: &str, method: Method) -> WindowOrderRecord {
    WindowOrderRecord {
        out_trade_no: out_trade_no(number),
        form_key: key.into(),
        method,
        cashier: "0201".into(),
        opened_at: MORNING.plus_seconds(number as i64),
        taken: None,
    }
}

fn taken(slip: Option<PosSlip>) -> TakenRecord {
    TakenRecord {
        shift_no: shift_no(1),
        at: MORNING.plus_seconds(60),
        tendered: slip.is_none().then_some(Fen::new(10_000)),
        slip,
    }
}

async fn note(room: &Room, number: usize, taken: &TakenRecord) -> Noted {
    let mut tx = room.store.begin().await.unwrap();
    let noted = tx.note_taken(&out_trade_no(number), taken).await.unwrap();
    if noted == Noted::SlipUsed {
        tx.rollback().await.unwrap();
    } else {
        tx.commit().await.unwrap();
    }
    noted
}

async fn a_form_opens_one_order_and_a_terminals_slip_pays_once(room: Room) {
    assert!(open(&room, 1, "0201").await);
    for number in 1..=4 {
        keep_opened(&room.store, number).await;
    }
    let mut tx = room.store.begin().await.unwrap();
    for (number, key) in [(1, "k1"), (2, "k2"), (3, "k3")] {
        let method = if number == 3 { Method::Cash } else { Method::Pos };
        assert_eq!(tx.insert_window_order(&order(number, key, method)).await.unwrap(), InsertedOrder::New);
    }
    assert_eq!(tx.insert_window_order(&order(4, "k1", Method::Pos)).await.unwrap(), InsertedOrder::KeyTaken);
    tx.commit().await.unwrap();
    let kept = room.store.window_order_by_key("k1").await.unwrap().unwrap();
    assert_eq!((kept.out_trade_no, kept.taken), (out_trade_no(1), None));
    let slip = PosSlip::parse("12345678", "110123456789").unwrap();
    assert_eq!(note(&room, 1, &taken(Some(slip.clone()))).await, Noted::Done);
    assert_eq!(note(&room, 1, &taken(Some(slip.clone()))).await, Noted::Before);
    assert_eq!(note(&room, 2, &taken(Some(slip.clone()))).await, Noted::SlipUsed);
    let other = PosSlip::parse("12345678", "110123456790").unwrap();
    assert_eq!(note(&room, 1, &taken(Some(other))).await, Noted::Before, "what was said stays");
    assert_eq!(note(&room, 3, &taken(None)).await, Noted::Done);
    let pos = room.store.window_order(&out_trade_no(1)).await.unwrap().unwrap();
    assert_eq!(pos.provider_trade_no().unwrap().as_str(), "12345678-110123456789");
    assert_eq!(pos.taken.unwrap().slip, Some(slip.clone()));
    let cash = room.store.window_order(&out_trade_no(3)).await.unwrap().unwrap();
    assert!(cash.provider_trade_no().unwrap().as_str().starts_with("CASH-P"));
    assert_eq!(cash.taken.unwrap().tendered, Some(Fen::new(10_000)));
    // Nor does it pay a refund back.
    keep_paid(&room.store, 5).await;
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_refund(&refund(1, 5, 100)).await.unwrap();
    let given = WindowRefundRecord {
        out_refund_no: out_refund_no(1),
        method: Method::Pos,
        cashier: "0201".into(),
        shift_no: shift_no(1),
        at: MORNING,
        slip: Some(slip),
    };
    assert_eq!(tx.note_given_back(&given).await.unwrap(), Noted::SlipUsed);
    tx.rollback().await.unwrap();
}

async fn a_shift_comes_to_what_went_over_the_counter(room: Room) {
    assert!(open(&room, 1, "0201").await);
    for number in 1..=2 {
        keep_paid(&room.store, number).await;
    }
    keep_opened(&room.store, 3).await;
    let mut tx = room.store.begin().await.unwrap();
    for (number, key) in [(1, "k1"), (2, "k2"), (3, "k3")] {
        tx.insert_window_order(&order(number, key, Method::Cash)).await.unwrap();
    }
    tx.commit().await.unwrap();
    for number in 1..=2 {
        assert_eq!(note(&room, number, &taken(None)).await, Noted::Done);
    }
    let mut tx = room.store.begin().await.unwrap();
    tx.insert_refund(&refund(1, 1, 4000)).await.unwrap();
    let given = WindowRefundRecord {
        out_refund_no: out_refund_no(1),
        method: Method::Cash,
        cashier: "0201".into(),
        shift_no: shift_no(1),
        at: MORNING.plus_seconds(90),
        slip: None,
    };
    assert_eq!(tx.note_given_back(&given).await.unwrap(), Noted::Done);
    assert_eq!(tx.note_given_back(&given).await.unwrap(), Noted::Before);
    tx.commit().await.unwrap();
    let store = &room.store;
    let sums = store.shift_sums(&shift_no(1)).await.unwrap();
    let sums: Vec<_> = sums.iter().map(|sum| (sum.group.as_str(), sum.number, sum.fen.get())).collect();
    assert_eq!(sums, [("outpatient", 2, 20_000), ("refund", 1, 4000)]);
    let books = store.shift_in_books(&shift_no(1)).await.unwrap();
    assert_eq!(
        books.iter().map(|(_, fen)| fen.get()).collect::<Vec<_>>(),
        [20_000],
        "the refund is not booked"
    );
    let open = store.shift_open_items(&shift_no(1), "0201", "staff:0201", MORNING).await.unwrap();
    let mut kinds: Vec<_> = open.iter().map(|item| (item.kind, item.amount)).collect();
    kinds.sort_by_key(|(kind, _)| kind.as_str());
    assert_eq!(
        kinds,
        [
            (OpenKind::ToGiveBack, amount(4000)),
            (OpenKind::Unbooked, amount(10_000)),
            (OpenKind::Unbooked, amount(10_000)),
            (OpenKind::Untaken, amount(10_000)),
        ]
    );
    let day = |from, to| store.counter_taken(MORNING.plus_seconds(from), MORNING.plus_seconds(to), None, 10);
    assert_eq!(day(0, 3600).await.unwrap().len(), 2);
    assert_eq!(day(61, 3600).await.unwrap(), []);
    let back = store.counter_given_back(MORNING, MORNING.plus_seconds(3600), None, 10).await.unwrap();
    assert_eq!(back[0].number, format!("CASH-{}", out_refund_no(1)));
}
