//! What people do at the desk: find a payment, read its story, give money back with or without a second person, look at what is hidden
//! otherwise, print.

mod ask_channel;
mod find;
mod give_back;
mod lines;
mod order_file;
mod print;
mod reveal;
mod second_person;

pub use ask_channel::{ChannelAsked, ask_channel};
pub use find::{Found, Kind, PAGE, ReadingFound, find_orders};
pub use give_back::{
    AskRefused, Asked, HisWord, NoPicture, RefundChoice, RefundPicture, Wish, ask_refund, refund_picture,
    word_for_amount,
};
pub use lines::{DeskFigures, OrderLine, desk_figures, latest_orders, lines_of};
pub use order_file::{FileStep, OrderFile, What, order_file};
pub use print::{PrintedReceipt, print_receipt, receipts_printed};
pub use reveal::{RevealRefused, RevealedNotification, notification_of, reveal_notification, reveal_person};
pub use second_person::{
    DecideRefused, Decision, Facts, approve_request, carry_out_request, decide_request, request_facts,
    withdraw_request,
};
