//! The cashier's window: taking a slip's money in cash or by the bank's terminal, giving it back over the counter, and the shift in which
//! that happens, from its float to the handing in.
//!
//! An order at the window is an order like any other: slips are claimed and held at HIS before anybody pays, news enters by the one
//! door, HIS is told by the same outbox. Only the news is of another kind: a person says that the money is there. That word is stored
//! first, with the shift, and then recorded; whoever finds a word that was not recorded records it.

mod give_back;
mod look_up;
mod sheet;
mod shift;
mod shift_picture;
mod take;

pub use give_back::{GiveBackRefused, HandBack, hand_back};
pub use look_up::{
    ClaimedBy, LookUp, WindowSlip, WindowSlips, look_up, patient_of_bill, slips_of_card, slips_to_take,
};
pub use sheet::{SheetMarks, print_sheet, sheet_marks};
pub use shift::{
    CloseRefused, CloseShift, CountRefused, LookRefused, OpenRefused, ShiftAsked, close_shift, count_shift,
    countersign_shift, look_into_shift, open_shift, receive_cash, send_back_shift,
};
pub use shift_picture::{REFUND, ShiftPicture, shift_picture};
pub use take::{
    TakeRefused, TakeSlips, TakenMoney, WindowOrder, drop_order, open_order, take_money, window_order,
};

pub(crate) use take::{news_of_order, news_of_refund};

use crate::Gateway;
use mingfen_domain::ids::ChannelId;
use mingfen_domain::window::Method;

/// The account in which money of this kind is kept, when the hospital has one; with several, the first by name.
pub fn window_channel(gateway: &Gateway, method: Method) -> Option<&ChannelId> {
    gateway.channels.iter().find(|(_, channel)| channel.window() == Some(method)).map(|(id, _)| id)
}

/// Whether a form's key may be one of ours.
pub(super) fn is_key(key: &str) -> bool {
    (16..=32).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
