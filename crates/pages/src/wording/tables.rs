//! The shape of a wording table, page by page.

use super::phrase::{Counted, Phrase};

macro_rules! tables {
    ($($name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty),+ $(,)? })+) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct $name {
                $($(#[$doc])* pub(crate) $field: $kind,)+
            }
        )+
    };
}

tables! {
    Wording {
        /// The tag of `<html lang>`.
        tag: &'static str,
        /// Attribute of text in the hospital's own words, where the page has another language.
        his: His,
        other_tag: &'static str,
        other_name: &'static str,
        list_comma: &'static str,
        /// Lists of kinds are long and written in lower case after the first word.
        long_lists: bool,
        common: Common,
        money: Money,
        time: Time,
        places: Places,
        kinds: Kinds,
        classes: Classes,
        wechat: AppWords,
        alipay: AppWords,
        cash: AppWords,
        card: AppWords,
        choose: Choose,
        authorise: AuthoriseWords,
        slips: SlipsWords,
        detail: Detail,
        phone: PhoneWords,
        confirm: ConfirmWords,
        split: SplitWords,
        changed: Changed,
        pay: PayWords,
        waiting: WaitingWords,
        paid: PaidWords,
        booking: Booking,
        not_charged: NotChargedWords,
        already: Already,
        gone: Gone,
        over_limit: OverLimitWords,
        held_back: HeldBackWords,
        not_matched: NotMatchedWords,
        refund: RefundWords,
        link: Link,
        nothing: Nothing,
        busy: BusyWords,
        held: HeldWords,
        error: ErrorWords,
        history: HistoryWords,
        receipt: ReceiptWords,
        sheet: Sheet,
        report: ReportWords,
    }

    Common {
        skip: Phrase, desk: Phrase, call_desk: Phrase, next_step: Phrase, large: Phrase, next: Phrase,
        one_moment: Phrase, back_to_list: Phrase, card_tail: Phrase, offline: Phrase, staff_code: Phrase,
        done: Phrase, now: Phrase, to_come: Phrase, amount: Phrase, patient: Phrase, slips: Phrase, deadline: Phrase,
        paid_with: Phrase, text_to: Phrase, receipt: Phrase, history: Phrase, receipt_number: Phrase, step: Phrase,
        total: Phrase, what_now: Phrase,
    }

    Money {
        nothing_started: Phrase, not_taken: Phrase, unknown: Phrase, received: Phrase, back_to: Phrase,
        arrived: Phrase, stuck: Phrase, no_more: Phrase, before_confirming: Phrase, not_by_this: Phrase,
    }

    Time {
        today: Phrase, day_and_clock: Phrase, day: Phrase, months: [&'static str; 12],
        held_until: Phrase, pay_by: Phrase,
    }

    Places { cashier: Phrase, cashier_at: Phrase, kiosk: Phrase, kiosk_at: Phrase }

    Kinds {
        registration: Phrase, exam: Phrase, lab: Phrase, drug: Phrase, treatment: Phrase, deposit: Phrase, other: Phrase,
    }

    Classes { a: Phrase, b: Phrase, own: Phrase, a_means: Phrase, b_means: Phrase, own_means: Phrase }

    AppWords { name: Phrase, pay: Phrase, pay_button: Phrase, refund_times: Phrase }

    Choose {
        title: Phrase, heading: Phrase, lead: Phrase, legend: Phrase, opens: Phrase, go: Phrase, how: Phrase,
        how_1: Phrase, how_2: Phrase, how_3: Phrase, without: Phrase,
    }

    AuthoriseWords {
        no_answer_heading: Phrase, no_answer_text: Phrase,
        title: Phrase, heading: Phrase, text: Phrase, go: Phrase, refused_heading: Phrase, refused_text: Phrase,
        again: Phrase,
    }

    SlipsWords {
        title: Phrase, heading: Counted, check_name: Phrase, legend: Phrase, details: Phrase, details_of: Phrase,
        together: Phrase, begun: Phrase, underway: Phrase, chosen: Phrase, chosen_now: Counted, none: Phrase, none_note: Phrase,
    }

    Detail {
        title: Phrase, this_slip: Phrase, issued_by: Phrase, issued_at: Phrase, place: Phrase, slip_no: Phrase,
        lines: Phrase, line_count: Counted, more_lines: Counted, fewer: Phrase, no_lines: Phrase, by_class: Phrase,
        note: Phrase, back: Phrase,
    }

    PhoneWords {
        title: Phrase, heading: Phrase, lead: Phrase, legend: Phrase, known: Phrase, other: Phrase, other_hint: Phrase,
        label: Phrase, hint: Phrase, wrong_digits: Counted, not_mobile: Phrase,
    }

    ConfirmWords {
        title: Phrase, heading: Phrase, own: Phrase, own_part: Phrase, all_own: Phrase, about: Phrase, payee: Phrase,
        bills: Counted, held: Phrase, opening: Phrase, insurance_pays: Phrase, insurance_how: Phrase, password: Phrase,
    }

    SplitWords {
        total: Phrase, pooled_fund: Phrase, pooled_fund_means: Phrase, account: Phrase, account_means: Phrase,
        own: Phrase,
    }

    Changed {
        title: Phrase, heading: Phrase, compare: Phrase, before: Phrase, after: Phrase, lines: Phrase, more: Phrase,
        less: Phrase, gone: Phrase, new: Phrase, now: Phrase, own: Phrase, go: Phrase, leave: Phrase,
    }

    PayWords {
        title: Phrase, heading: Phrase, heading_link: Phrase, text: Phrase, how: Phrase, how_1: Phrase, how_2: Phrase,
        how_3: Phrase, open: Phrase, open_again: Phrase, see_result: Phrase, no_script: Phrase,
    }

    WaitingWords {
        title: Phrase, heading: Phrase, card: Phrase, seconds: Phrase, leave: Phrase, leave_text: Phrase,
        still_there: Phrase, too_much: Phrase, check: Phrase, go_on: Phrase,
    }

    PaidWords {
        back: Phrase, going_back: Phrase, whole_number: Phrase,
        title: Phrase, line: Phrase, insurance: Phrase, places: Phrase, no_places: Phrase, voucher: Phrase,
        voucher_text: Phrase,
    }

    Booking {
        title: Phrase, heading: Phrase, progress: Phrase, paid: Phrase, telling: Phrase, moment: Phrase, slow: Counted,
        numbers: Phrase, numbers_text: Phrase, numbers_here: Phrase, if_not: Phrase, back: Phrase, person: Phrase,
        hurry: Phrase, refresh: Phrase,
    }

    NotChargedWords {
        title: Phrase, heading: Phrase, cancelled: Phrase, closed: Phrase, over: Phrase, refused: Phrase, told: Phrase, told_what: Phrase, this: Phrase,
        owed: Phrase, still_there: Counted, held: Phrase, again: Phrase,
    }

    Already {
        title: Phrase, heading: Phrase, about: Phrase, when: Phrase, window: Phrase, twice: Phrase, twice_text: Phrase,
        others: Phrase,
    }

    Gone {
        cancelled_title: Phrase, cancelled_heading: Phrase, cancelled_text: Phrase, title: Phrase, heading: Phrase,
        text: Phrase, ask: Phrase,
    }

    OverLimitWords { title: Phrase, heading: Phrase, most: Phrase, fewer: Phrase, counter: Phrase }

    HeldBackWords { title: Phrase, heading: Phrase, wait: Phrase, counter: Phrase, ask: Phrase }

    NotMatchedWords { title: Phrase, heading: Phrase, text: Phrase, how_1: Phrase, how_2: Phrase }

    RefundWords {
        at_counter: Phrase, changed: Phrase, not_booked: Phrase, wrong_amount: Phrase, pay_others: Phrase,
        cancelled_short: Phrase, at_counter_short: Phrase, changed_short: Phrase, not_booked_short: Phrase,
        wrong_amount_short: Phrase, paid_twice_short: Phrase, paid_late_short: Phrase,
        title: Phrase, heading: Phrase, arrived_title: Phrase, arrived_heading: Phrase, abnormal_title: Phrase,
        abnormal_heading: Phrase, abnormal_note: Phrase, why: Phrase, cancelled: Phrase, paid_twice: Phrase,
        paid_late: Phrase, asked: Phrase, when: Phrase, got: Phrase, submitting: Phrase, submitted: Phrase,
        insurance_undone: Phrase, waiting_for: Phrase, about: Phrase, to: Phrase, original: Phrase,
        number: Phrase, text: Phrase, pay_again: Phrase, by_hand: Phrase, account: Phrase,
    }

    Link {
        expired_title: Phrase, expired_heading: Phrase, expired_text: Phrase, expired_when: Phrase, expired_1: Phrase,
        expired_2: Phrase, expired_3: Phrase, expired_counter: Phrase, invalid_title: Phrase, invalid_heading: Phrase,
        invalid_text: Phrase, invalid_warning: Phrase, invalid_warning_text: Phrase, invalid_1: Phrase, invalid_2: Phrase,
        tries_title: Phrase, tries_heading: Counted, tries_text: Phrase, tries_how: Phrase, tries_1: Phrase,
        tries_2: Phrase,
    }

    Nothing { title: Phrase, heading: Phrase, card: Phrase, fresh: Phrase, fresh_text: Phrase, again: Phrase }

    BusyWords {
        title: Phrase, heading: Phrase, text: Phrase, no_time: Phrase, no_time_text: Phrase, again: Phrase,
        doubt_title: Phrase, doubt_heading: Phrase, doubt_text: Phrase, doubt_text_no_phone: Phrase, two: Phrase,
        taken: Phrase, taken_no_phone: Phrase, not_taken: Phrase, check: Phrase,
    }

    HeldWords {
        title: Phrase, heading: Phrase, text: Phrase, about: Phrase, ordered: Phrase, received: Phrase, next: Phrase,
        no_more: Phrase, back: Phrase,
    }

    ErrorWords {
        not_found: Phrase, not_found_text: Phrase, bad_request: Phrase, bad_request_text: Phrase,
        method_not_allowed: Phrase, method_not_allowed_text: Phrase, too_large: Phrase, session_over: Phrase,
        session_over_text: Phrase, how_1: Phrase, how_2: Phrase,
    }

    HistoryWords {
        title: Phrase, paid_sum: Phrase, refunded_sum: Phrase, each: Phrase, refund_of: Phrase, back: Phrase,
        insurance: Phrase, empty: Phrase, waiting: Phrase, booking: Phrase, paid: Phrase, not_charged: Phrase,
        refunding: Phrase, refunded: Phrase, refund_abnormal: Phrase, given_back: Phrase, held: Phrase, look: Phrase, note: Phrase, to_list: Phrase,
    }

    ReceiptWords {
        title: Phrase, bar: Phrase, back: Phrase, heading: Phrase, number: Phrase, again: Phrase, name: Phrase,
        card: Phrase, tail: Phrase, method: Phrase, items: Phrase, amount: Phrase, total: Phrase, who_paid: Phrase,
        own: Phrase, received: Phrase, trade_no: Phrase, people: Phrase, not_for_claims: Phrase,
    }

    Sheet {
        title: Phrase, heading: Phrase, number: Phrase, printed: Phrase, name: Phrase, card: Phrase, tail: Phrase,
        department: Phrase, valid_until: Phrase, kind: Phrase, content: Phrase, place: Phrase, amount: Phrase,
        held: Phrase, total: Phrase, total_note: Phrase, total_a5: Phrase, scan: Phrase, scan_a5: Phrase, step_1: Phrase,
        step_2: Phrase, step_3: Phrase, foot_1: Phrase, foot_2: Phrase, valid: Phrase, held_first: Phrase,
        no_phone: Phrase, code: Phrase,
    }

    ReportWords {
        title: Phrase, heading: Phrase, bar: Phrase, back: Phrase, print: Phrase, xlsx: Phrase, csv: Phrase, draft: Phrase, signed: Phrase,
        version: Phrase, weekdays: [&'static str; 7], day_and_weekday: Phrase, statement_day: Phrase,
        agrees: Phrase, agrees_text: Phrase, waiting: Phrase, open: Counted, same: Phrase, channel_more: Phrase,
        his_more: Phrase, of_it_set_aside: Phrase, missing: Phrase, viewpoint: Phrase,
        sides: Phrase, channel: Phrase, gateway: Phrase, his: Phrase, lines: Counted, lines_short: Phrase, payments: Phrase, refunds: Phrase,
        categories: Phrase, categories_note: Phrase, chart: Phrase, chart_money: Phrase, category: Phrase, count: Phrase,
        yuan: Phrase, difference: Phrase, action: Phrase, settled: Phrase, set_aside: Phrase, to_do: Phrase,
        total: Phrase,
        trend: Phrase, trend_title: Phrase, month: Phrase, numbers: Phrase, day: Phrase, differences: Phrase,
        findings: Phrase, order_no: Phrase, cause: Phrase, state: Phrase, until: Phrase, left_out: Counted,
        settlement: Phrase, account: Phrase, paid: Phrase, refunded: Phrase, fee: Phrase, fee_expected: Phrase,
        fund_flow: Phrase, arrived: Phrase,
        inputs: Phrase, side: Phrase, file: Phrase, rows: Phrase, input_state: Phrase, read: Phrase, no_trade: Phrase,
        not_yet: Phrase, file_refused: Phrase,
        sign: Phrase, signed_at: Phrase, chain: Phrase, unsigned: Phrase, maker: Phrase, checker: Phrase, head: Phrase,
        date: Phrase, made: Phrase,
    }
}

/// Prints ` lang="zh-CN"` on pages in another language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct His(pub(crate) &'static str);

impl std::fmt::Display for His {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for His {}
