//! Cashiers at their windows: a shift is opened, money comes and goes over the counter, the till is counted and its cash handed in. All of
//! it by the use cases behind their screens.
//!
//! A window that refuses is a window at which nothing happens: the patient pays otherwise, and the day goes on.

use super::life::{Life, TRIES};
use super::people::person;
use super::plan::{Apart, PlannedTender, Taking, WindowAct};
use super::{CASHIER_LEAD, WINDOWS};
use anyhow::{Context, bail};
use mingfen_domain::ambient::{UPPER_ALPHANUMERIC, random_text};
use mingfen_domain::ids::{BillNo, OutRefundNo, OutTradeNo, ShiftNo, SlipNo};
use mingfen_domain::payment::State as PaymentState;
use mingfen_domain::refund::State as RefundState;
use mingfen_domain::shift::{CashCount, FACES, State};
use mingfen_domain::window::{Method, PosSlip};
use mingfen_domain::{Amount, Fen};
use mingfen_gateway::service::desk::{Asked, Wish};
use mingfen_gateway::service::window::{
    CloseRefused, CloseShift, GiveBackRefused, HandBack, LookUp, ShiftAsked, ShiftPicture, TakeRefused,
    TakeSlips, TakenMoney, close_shift, count_shift, drop_order, hand_back, look_up, open_order, open_shift,
    receive_cash, shift_picture, slips_to_take, take_money, window_order,
};
use mingfen_store::RefundRecord;
use std::collections::BTreeMap;

/// With what every till begins, by [`FACES`]: small notes and coins to give change with.
const FLOAT: [u32; FACES.len()] = [1, 2, 5, 10, 12, 36, 6, 10, 0];
/// What is waited for before a shift is closed over something undecided, in seconds.
const WAITS: [i64; 3] = [5, 30, 120];
/// More shifts than are closed and not received.
const MOST_SHIFTS: i64 = 50;

/// What is under way at the windows.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// Each window's open shift.
    shifts: BTreeMap<usize, ShiftNo>,
    /// What was paid, by visit.
    taken: BTreeMap<usize, Taken>,
    /// What waits for the lead's word, or for its patient.
    promised: Vec<Promised>,
}

/// A payment over the counter.
#[derive(Clone, Debug)]
struct Taken {
    bill_no: BillNo,
    fen: i64,
    slips: Vec<(SlipNo, i64)>,
}

/// Something that is to go back over the counter.
#[derive(Debug)]
struct Promised {
    window: usize,
    bill_no: BillNo,
    reference: String,
}

impl Life<'_> {
    /// What happens at a window.
    pub(super) async fn at_window(&mut self, act: &WindowAct) -> anyhow::Result<()> {
        match act {
            WindowAct::Opens { window } => self.opens(*window).await,
            WindowAct::Takes(taking) => self.takes(taking).await,
            WindowAct::GivesBack { window, visit, one_slip, reason, reference } => {
                self.gives_over_counter(*window, *visit, *one_slip, reason, reference).await
            }
            WindowAct::HandsBack => self.hands_back().await,
            WindowAct::Closes { window, apart } => self.closes(*window, *apart).await,
            WindowAct::Received => self.receives().await,
        }
    }

    async fn opens(&mut self, window: usize) -> anyhow::Result<()> {
        let place = &WINDOWS[window];
        let float = CashCount::new(FLOAT).context("no such float")?.total();
        let cashier = place.cashier.staff_no().to_owned();
        let asked = ShiftAsked { cashier, place: place.name.to_owned(), float };
        let shift = open_shift(&self.gateway, &asked).await?;
        self.windows.shifts.insert(window, shift.shift_no);
        Ok(())
    }

    fn key(&self) -> String {
        random_text(self.random.as_ref(), UPPER_ALPHANUMERIC, 24)
    }

    /// A doctor writes the slips, the cashier finds them by the card and takes the money.
    async fn takes(&mut self, taking: &Taking) -> anyhow::Result<()> {
        let card_no = person(taking.person).card_no;
        let slips = taking.slips.iter().map(|slip| self.writes(&card_no, slip));
        let slips = slips.collect::<anyhow::Result<Vec<_>>>()?;
        let Some(order) = self.holds(taking, &card_no, &slips).await? else { return Ok(()) };
        self.passes(35);
        let place = &WINDOWS[taking.window];
        let cashier = place.cashier.staff_no();
        let money = match &taking.tender {
            PlannedTender::Cash(tendered) => TakenMoney::Cash { tendered: Fen::new(*tendered) },
            PlannedTender::Pos(reference) => TakenMoney::Pos(PosSlip::parse(place.terminal, reference)?),
        };
        match take_money(&self.gateway, &order, &money, cashier).await {
            Ok(_) => {}
            // HIS asks for more than the patient has there, or the order has run out.
            Err(TakeRefused::TooLittle | TakeRefused::Over) => {
                drop_order(&self.gateway, &order, cashier).await?;
                return Ok(());
            }
            Err(refused) => return Err(refused.into()),
        }
        let made = window_order(&self.gateway, &order).await?.context("the order is not there")?;
        let bill = made.bill;
        let taken = Taken {
            bill_no: bill.bill.bill_no.clone(),
            fen: made.payment.payment.amount.get(),
            slips: bill.slips.iter().map(|slip| (slip.slip_no.clone(), slip.self_pay.get())).collect(),
        };
        self.windows.taken.insert(taking.visit, taken);
        Ok(())
    }

    /// The order, once HIS holds its slips. `None`: it does not.
    async fn holds(
        &self,
        taking: &Taking,
        card_no: &str,
        slips: &[SlipNo],
    ) -> anyhow::Result<Option<OutTradeNo>> {
        let cashier = WINDOWS[taking.window].cashier;
        for _ in 0..TRIES {
            let LookUp::Found(owed) = look_up(&self.gateway, card_no, &cashier.actor()).await? else {
                continue;
            };
            let (chosen, shown) = slips_to_take(&owed, slips)?;
            let wish = TakeSlips {
                patient: owed.patient,
                slips: chosen.into_iter().map(|slip| slip.slip_no).collect(),
                shown,
                method: taking.tender.method(),
                key: self.key(),
                cashier: cashier.staff_no().to_owned(),
            };
            let order = match open_order(&self.gateway, wish).await {
                Ok(order) => order,
                Err(TakeRefused::Open(_)) => continue,
                Err(refused) => return Err(refused.into()),
            };
            let payment = self.gateway.store().payment(&order).await?.context("the order is not there")?;
            if matches!(payment.payment.state, PaymentState::Waiting { .. }) {
                return Ok(Some(order));
            }
        }
        Ok(None)
    }

    /// Gives back what was paid at a window; above the limit the patient comes again. What was never paid is not given back.
    async fn gives_over_counter(
        &mut self,
        window: usize,
        visit: usize,
        one_slip: bool,
        reason: &str,
        reference: &str,
    ) -> anyhow::Result<()> {
        let Some(taken) = self.windows.taken.get(&visit).cloned() else { return Ok(()) };
        let slip = taken.slips.first().filter(|_| one_slip);
        let wish = Wish {
            bill_no: taken.bill_no.clone(),
            slip_no: slip.map(|(slip_no, _)| slip_no.clone()),
            amount: Amount::from_fen(slip.map_or(taken.fen, |(_, fen)| *fen))?,
            reason: reason.to_owned(),
            key: self.key(),
            by: WINDOWS[window].cashier.actor(),
        };
        let promised = Promised { window, bill_no: taken.bill_no, reference: reference.to_owned() };
        match self.asks(wish).await? {
            Some(Asked::Refund(refund)) => {
                self.passes(25);
                if !self.gives(&refund.refund.out_refund_no, window, reference).await? {
                    self.windows.promised.push(promised);
                }
            }
            Some(Asked::Waiting(_)) => self.windows.promised.push(promised),
            None => {}
        }
        Ok(())
    }

    /// The cashier counts it onto the counter, or puts it back on the card. `false`: no shift is open there.
    async fn gives(&self, refund: &OutRefundNo, window: usize, reference: &str) -> anyhow::Result<bool> {
        let place = &WINDOWS[window];
        let hand = HandBack {
            out_refund_no: refund.clone(),
            slip: Some(PosSlip::parse(place.terminal, reference)?),
            cashier: place.cashier.staff_no().to_owned(),
        };
        match hand_back(&self.gateway, &hand).await {
            Ok(_) | Err(GiveBackRefused::Over) => Ok(true),
            Err(GiveBackRefused::NoShift) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Whoever was promised money fetches it, at the window where it was asked for or at one that is open.
    async fn hands_back(&mut self) -> anyhow::Result<()> {
        for promised in std::mem::take(&mut self.windows.promised) {
            let store = self.gateway.store();
            let requests = store.refund_requests_of_bill(&promised.bill_no).await?;
            let due = |record: &RefundRecord| record.refund.state == RefundState::Due;
            let refund = store.refunds_of_bill(&promised.bill_no).await?.into_iter().find(due);
            let open = &self.windows.shifts;
            let window = Some(promised.window).filter(|window| open.contains_key(window));
            let window = window.or_else(|| open.keys().next().copied());
            let given = match (refund, window) {
                (Some(refund), Some(window)) => {
                    self.passes(45);
                    self.gives(&refund.refund.out_refund_no, window, &promised.reference).await?
                }
                (Some(_), None) => false,
                // Declined, or not decided yet.
                (None, _) => !requests.iter().any(|request| request.state.is_open()),
            };
            if !given {
                self.windows.promised.push(promised);
            }
        }
        Ok(())
    }

    /// Counts the till and closes the shift; over what is undecided even then, the lead does.
    async fn closes(&mut self, window: usize, apart: Option<Apart>) -> anyhow::Result<()> {
        let Some(shift_no) = self.windows.shifts.remove(&window) else { return Ok(()) };
        for seconds in WAITS {
            if self.pictured(&shift_no).await?.unknown().next().is_none() {
                break;
            }
            self.passes(seconds);
            self.settles().await?;
        }
        let cashier = WINDOWS[window].cashier.staff_no();
        for _ in 0..TRIES {
            let picture = self.pictured(&shift_no).await?;
            let kept = picture.taken(Method::Cash)?.1.minus(picture.back(Method::Cash)?.1)?.get();
            // Nobody makes a mistake with money that was not there.
            let apart = apart.filter(|apart| kept > apart.fen.abs());
            let counted = pieces(kept + apart.map_or(0, |apart| apart.fen)).context("no such till")?;
            self.passes(100);
            count_shift(&self.gateway, &shift_no, counted, cashier, false).await?;
            self.passes(40);
            let picture = self.pictured(&shift_no).await?;
            let unknown = picture.unknown().next().is_some();
            let order = CloseShift {
                shift_no: shift_no.clone(),
                seen: picture.seen(),
                reason: apart.map(|apart| (apart.reason, apart.words.to_owned())),
                receiver: Some(CASHIER_LEAD.staff_no().to_owned()),
                let_go: unknown.then(|| "已联系对方，结果次日核对".to_owned()),
                by: if unknown { CASHIER_LEAD.staff_no() } else { cashier }.to_owned(),
                takes_over: unknown,
                over_unknown: unknown,
            };
            match close_shift(&self.gateway, order).await {
                Ok(_) => return Ok(()),
                Err(CloseRefused::Changed | CloseRefused::NotCounted) => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        bail!("the shift {shift_no} does not stand still")
    }

    async fn pictured(&self, shift_no: &ShiftNo) -> anyhow::Result<ShiftPicture> {
        shift_picture(&self.gateway, shift_no).await?.context("the shift is not there")
    }

    /// The lead receives every closed shift's cash.
    async fn receives(&self) -> anyhow::Result<()> {
        let latest = self.gateway.store().latest_shifts(None, MOST_SHIFTS).await?;
        for shift in latest.iter().filter(|shift| matches!(shift.state, State::Closed(_))) {
            self.passes(60);
            receive_cash(&self.gateway, &shift.shift_no, CASHIER_LEAD.staff_no()).await?;
        }
        Ok(())
    }
}

/// The till with the float and so much more, or less, in as few pieces as it takes. `None`: no till holds that.
fn pieces(kept_fen: i64) -> Option<CashCount> {
    let (mut pieces, mut left) = if kept_fen >= 0 {
        (FLOAT, kept_fen)
    } else {
        ([0; FACES.len()], CashCount::new(FLOAT)?.total().get() + kept_fen)
    };
    if left < 0 {
        return None;
    }
    for (to, face) in pieces.iter_mut().zip(FACES) {
        *to += u32::try_from(left / face).ok()?;
        left %= face;
    }
    CashCount::new(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_holds_its_float_and_what_was_taken() {
        let float = pieces(0).expect("the float").total();
        assert_eq!(float, Fen::new(50_000));
        for kept in [1, 99, 12_345, 1_234_567, -1, -12_345, -50_000] {
            assert_eq!(pieces(kept).expect("a till").total().get(), 50_000 + kept, "{kept}");
        }
        assert_eq!(pieces(-50_001), None);
    }
}
