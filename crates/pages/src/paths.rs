//! The addresses that the pages' links and forms point to. The gateway serves exactly these.

/// The list of what is owed (GET), and the choice of slips (POST).
pub const SLIPS: &str = "/slips";
/// The phone number for texts: the page (GET) and its answer (POST).
pub const PHONE: &str = "/phone";
/// The last look before paying.
pub const CONFIRM: &str = "/confirm";
/// Opens the order (POST), answered by 303 to [`pay`].
pub const PAY: &str = "/pay";
/// All payments and refunds of the visit.
pub const HISTORY: &str = "/history";
/// Language switch (POST: `lang`, `back`), answered by 303 to `back`.
pub const LANGUAGE: &str = "/lang";
/// Type size switch (POST: `size`, `back`), answered by 303 to `back`.
pub const SIZE: &str = "/size";

/// Where the code on a fee slip leads. With `?app=wechat` or `?app=alipay` when the patient chose.
pub fn entry(token: &str) -> String {
    format!("/s/{token}")
}

/// Charge lines of the slip with this number in the list.
pub fn slip(number: usize) -> String {
    format!("/slips/{number}")
}

/// The page that opens the provider's sheet.
pub fn pay(reference: &str) -> String {
    format!("/pay/{reference}")
}

/// What the record says of this payment.
pub fn result(reference: &str) -> String {
    format!("/result/{reference}")
}

/// One word for the poll: the `data-state` of the page that fits now.
pub fn result_state(reference: &str) -> String {
    format!("/result/{reference}/state")
}

/// Asks the provider now (POST), answered by 303 to [`result`].
pub fn result_check(reference: &str) -> String {
    format!("/result/{reference}/check")
}

/// Goes on with the same order number (POST), answered by 303 to [`pay`], or to [`CONFIRM`] when that order is closed.
pub fn result_again(reference: &str) -> String {
    format!("/result/{reference}/again")
}

/// Where the patient lands who left the provider's sheet without paying.
pub fn result_left(reference: &str) -> String {
    format!("/result/{reference}/left")
}

/// One refund of a payment.
pub fn refund(reference: &str, refund_no: &str) -> String {
    format!("/result/{reference}/refund/{refund_no}")
}

/// One word for the poll of [`refund`].
pub fn refund_state(reference: &str, refund_no: &str) -> String {
    format!("/result/{reference}/refund/{refund_no}/state")
}

/// The receipt of a payment.
pub fn receipt(reference: &str) -> String {
    format!("/receipt/{reference}")
}
