//! What a story does to the records directly, and how it reads the books.

use mingfen_domain::Timestamp;
use mingfen_domain::bill::BillState;
use mingfen_domain::books::Account;
use mingfen_domain::ids::{BillNo, OutTradeNo};
use mingfen_domain::payment::{ClosedBecause, State};
use mingfen_store::{Store, TaskKind};

/// Whether money in this account is on its way: when everything has ended, there is none.
pub const fn is_in_between(account: &Account) -> bool {
    match account {
        Account::Suspense | Account::RefundsPayable | Account::PatientMoney => true,
        Account::ChannelReceivable(_)
        | Account::HisRevenue
        | Account::PaidByHand
        | Account::WrittenOff
        | Account::CashHandedIn
        | Account::CashOverShort => false,
    }
}

/// The order is recorded as closed by its provider, which was wrong: it can still be paid there. Its slips are free, and HIS's
/// lock is to be given back. Answers the bill.
pub async fn record_a_close_that_never_was(store: &Store, order: &OutTradeNo, now: Timestamp) -> BillNo {
    let mut tx = store.begin().await.expect("a transaction");
    let mut record = tx.payment_for_update(order).await.expect("readable").expect("stored");
    let bill = tx.bill_for_update(&record.payment.bill_no).await.expect("readable").expect("stored");
    let bill_no = bill.bill.bill_no.clone();
    record.payment.state = State::Closed(ClosedBecause::ClosedThere);
    tx.save_payment_state(&record.payment, None).await.expect("saved");
    tx.set_bill_state(&bill_no, &BillState::Released, bill.version).await.expect("saved");
    tx.release_claims(&bill_no).await.expect("released");
    tx.schedule(TaskKind::Unlock, bill_no.as_str(), now, &bill.trace).await.expect("due");
    tx.commit().await.expect("durable");
    bill_no
}
