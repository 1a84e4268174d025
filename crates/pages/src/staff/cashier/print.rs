//! 打印缴费单: on which paper.

use super::order::{Order, ordinary, worst};
use super::shared::HOSTILE;
use crate::staff::Both;
use crate::staff::page::staff_page;

/// A sheet that can be printed.
#[derive(Clone, Debug)]
pub struct PrintOption {
    /// The paper's key.
    pub paper: &'static str,
    /// Its name.
    pub word: Both,
}

/// 打印.
#[derive(Clone, Debug)]
pub struct PrintDialog {
    /// The page below.
    pub order: Order,
    /// There is a receipt: how often it was printed before.
    pub receipt: Option<i64>,
    /// Why there is no receipt.
    pub no_receipt: Both,
    /// Papers of a slip.
    pub papers: Vec<PrintOption>,
    /// Why nothing was printed.
    pub trouble: Option<Both>,
}

fn dialog() -> PrintDialog {
    let option = |paper, zh: &str, en: &str| PrintOption { paper, word: Both::new(zh, en) };
    PrintDialog {
        order: ordinary(),
        receipt: Some(0),
        no_receipt: Both::default(),
        papers: vec![
            option("a5", "A5", "A5"),
            option("80mm", "80 毫米卷纸", "80 mm roll"),
            option("58mm", "58 毫米卷纸", "58 mm roll"),
        ],
        trouble: None,
    }
}

staff_page!(PrintDialog, "staff/cashier/print.html", Some(Place::Desk), [
    "ordinary" => dialog(),
    "again" => PrintDialog { receipt: Some(2), ..dialog() },
    "nothing" => PrintDialog {
        receipt: None,
        no_receipt: Both::new("HIS 入账后才有收据", "There is a receipt once HIS has booked it"),
        trouble: Some(Both::new("这张卡现在没有待缴的费用", "Nothing is owed with this card now")),
        ..dialog()
    },
    "worst" => PrintDialog { order: worst(), trouble: Some(Both::same(HOSTILE)), ..dialog() },
]);
