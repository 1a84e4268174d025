use crate::samples::{bill, bill_no, hospital, keep_opened};
use crate::{Room, stories};
use mingfen_domain::ids::BillNo;
use mingfen_store::{BillIndex, BillRecord};

stories!(bills_are_listed_page_by_page_whatever_finds_them, an_ending_and_a_beginning_find_a_bill);

fn numbers(bills: &[BillRecord]) -> Vec<BillNo> {
    bills.iter().map(|bill| bill.bill.bill_no.clone()).collect()
}

async fn bills_are_listed_page_by_page_whatever_finds_them(room: Room) {
    for number in 1..=5 {
        keep_opened(&room.store, number).await;
    }
    let latest: Vec<BillNo> = (1..=5).rev().map(bill_no).collect();
    for (index, hash) in [
        (BillIndex::Card, "card-1"),
        (BillIndex::Phone, "phone-1"),
        (BillIndex::PhoneTail, "tail-1"),
        (BillIndex::Name, "name-1"),
    ] {
        let hashes = ["from-an-older-key".to_owned(), hash.to_owned()];
        let first = room.store.bills_of_index(&hospital(), index, &hashes, None, 2).await.unwrap();
        assert_eq!(numbers(&first), latest[..2], "{index:?}");
        let mark = (first[1].bill.opened_at, first[1].bill.bill_no.to_string());
        let rest = room.store.bills_of_index(&hospital(), index, &hashes, Some(&mark), 9).await.unwrap();
        assert_eq!(numbers(&rest), latest[2..], "{index:?}");
        let none =
            room.store.bills_of_index(&hospital(), index, &["other".to_owned()], None, 9).await.unwrap();
        assert!(none.is_empty());
    }
    let first = room.store.latest_bills(&hospital(), None, 3).await.unwrap();
    assert_eq!(numbers(&first), latest[..3]);
    assert_eq!(first[0].slips, bill(5).slips);
    let mark = (first[2].bill.opened_at, first[2].bill.bill_no.to_string());
    assert_eq!(numbers(&room.store.latest_bills(&hospital(), Some(&mark), 3).await.unwrap()), latest[3..]);
    assert_eq!(
        numbers(&room.store.bills_numbered(&[bill_no(2), bill_no(4)]).await.unwrap()),
        [bill_no(4), bill_no(2)]
    );
}

async fn an_ending_and_a_beginning_find_a_bill(room: Room) {
    keep_opened(&room.store, 1).await;
    let number = bill_no(1);
    let ending = &number.as_str()[number.as_str().len() - 8..];
    let found = room.store.bill_by_ending(ending).await.unwrap().unwrap();
    assert_eq!(found.bill.bill_no, number);
    assert!(room.store.bill_by_ending("ZZZZZZZZ").await.unwrap().is_none());
    let found = room.store.bill_of_trace("00112233aa").await.unwrap().unwrap();
    assert_eq!(found.bill.bill_no, number);
    assert!(room.store.bill_of_trace("ff112233aa").await.unwrap().is_none());
}
