//! Whether a payment may be opened: the blocklist, the largest payment, and what its payer and its card have opened lately.
//!
//! What if two are opened at once? Each takes the turn of its payer and its card first, in the transaction that stores the order, and
//! counts behind it. What if we die? Then neither the order nor its mark is there. A refusal tells the patient what to do, and nothing of
//! the rule, the numbers, or what others have paid.

use super::{RulesInForce, rules_in_force};
use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Private, Trouble};
use mingfen_domain::ids::OutTradeNo;
use mingfen_domain::person::Phone;
use mingfen_domain::rules::{HOUR_MS, Rule, Whose};
use mingfen_domain::{Amount, BusinessDay, Fen, Timestamp};
use mingfen_provider_api::Payer;
use mingfen_store::{BlockRecord, BlockedKind, RiskEvent, StoreError, Tx, VelocitySubject};

/// Who wants to pay, for whom, and how much.
pub(crate) struct Asking<'a> {
    /// As the provider knows them; `None` outside of an app.
    pub payer: Option<&'a Payer>,
    /// The patient's card.
    pub card_no: &'a str,
    /// Every phone that is known of them.
    pub phones: Vec<Phone>,
    /// How much.
    pub amount: Amount,
}

/// What holds a payment back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// An entry of the blocklist.
    Blocklist,
    /// A rule.
    Rule(Rule),
}

impl HeldBy {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Blocklist => "blocklist",
            Self::Rule(rule) => rule.as_str(),
        }
    }
}

/// A payment is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// By what: for us, never for a page of patients.
    pub by: HeldBy,
    /// When another try may go through; `None`: not by phone.
    pub until: Option<Timestamp>,
    /// The largest single payment, when that is what holds it back.
    pub most: Option<Fen>,
}

/// What was found before the transaction, for the transaction.
pub(crate) struct Admission {
    in_force: RulesInForce,
    amount: Amount,
    subjects: Vec<VelocitySubject>,
    block: Option<BlockRecord>,
}

impl Admission {
    /// Reads what must be known of a payment before it is opened.
    ///
    /// # Errors
    /// [`Trouble`]: then nothing is opened.
    pub(crate) async fn of(gateway: &Gateway, asking: Asking<'_>) -> Result<Self, Trouble> {
        let private = Private(gateway);
        let hospital = &gateway.settings.hospital.id;
        let mut blocked = vec![(BlockedKind::Card, asking.card_no.to_owned())];
        blocked.extend(asking.phones.iter().map(|phone| (BlockedKind::Phone, phone.as_str().to_owned())));
        blocked.extend(asking.payer.map(|payer| (BlockedKind::Payer, payer.id.clone())));
        let blocked: Vec<_> = blocked
            .into_iter()
            .map(|(kind, value)| (kind, private.blocked_indexes(hospital, kind, &value)))
            .collect();
        let mut subjects = Vec::new();
        if let Some(payer) = asking.payer {
            subjects.push(VelocitySubject {
                whose: Whose::Payer,
                indexes: private.payer_indexes(hospital, payer),
            });
        }
        subjects.push(VelocitySubject {
            whose: Whose::Card,
            indexes: private.card_indexes(hospital, asking.card_no),
        });
        Ok(Self {
            in_force: rules_in_force(gateway).await?,
            amount: asking.amount,
            subjects,
            block: gateway.store.blocked(&blocked, gateway.now()).await?,
        })
    }

    /// What can be said before anything is touched: the blocklist and the largest payment.
    ///
    /// # Errors
    /// The inner one: the payment is held back, which is written down.
    pub(crate) async fn at_the_door(&self, gateway: &Gateway) -> Result<Result<(), Held>, Trouble> {
        let held = if self.block.is_some() {
            Held { by: HeldBy::Blocklist, until: None, most: None }
        } else if self.in_force.rules.too_large(self.amount) {
            let most = Some(Fen::new(self.in_force.rules.get(Rule::MaxPayment)));
            Held { by: HeldBy::Rule(Rule::MaxPayment), until: None, most }
        } else {
            return Ok(Ok(()));
        };
        self.write_down(gateway, &held, Whose::Card).await?;
        Ok(Err(held))
    }

    /// Takes the turns of payer and card and counts, in the transaction that will store the order. Whoever is told no rolls back and
    /// calls [`Self::write_down`].
    pub(crate) async fn in_turn(
        &self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Option<(Held, Whose)>, StoreError> {
        tx.take_turns(&self.subjects, now).await?;
        let rules = &self.in_force.rules;
        let after = now.plus_ms(-HOUR_MS).min(BusinessDay::of(now).start().plus_ms(-1));
        for subject in &self.subjects {
            let most = rules.most_that_count(subject.whose);
            let earlier = tx.opened_lately(subject, after, most).await?;
            if let Err(no) = rules.allow(subject.whose, self.amount, now, earlier) {
                let held = Held { by: HeldBy::Rule(no.rule), until: no.until, most: None };
                return Ok(Some((held, subject.whose)));
            }
        }
        Ok(None)
    }

    /// Counts the order that was stored.
    pub(crate) async fn count(
        &self,
        tx: &mut Tx,
        order: &OutTradeNo,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.mark_opened(&self.subjects, order.as_str(), self.amount, now).await
    }

    /// Writes down that a payment was held back: once a minute for the same payer or card, however often they press.
    pub(crate) async fn write_down(
        &self,
        gateway: &Gateway,
        held: &Held,
        whose: Whose,
    ) -> Result<(), Trouble> {
        let now = gateway.now();
        let index = self
            .subjects
            .iter()
            .find(|subject| subject.whose == whose)
            .and_then(|subject| subject.indexes.first().cloned())
            .unwrap_or_default();
        let word = held.by.as_str();
        let mut tx = gateway.store.begin().await?;
        let first = tx
            .record_risk_event(&RiskEvent {
                at: now,
                rule: word.to_owned(),
                rules_version: self.in_force.version,
                subject_index: index,
                amount: self.amount,
            })
            .await?;
        if first {
            let why = match &self.block {
                Some(block) => format!("blocklist {}", block.block_no),
                None => format!("{word} of version {}", self.in_force.version),
            };
            let detail = format!("{} yuan, {why}", self.amount);
            audit(&mut tx, now, "patient", "payment.held_back", "rules", &detail).await?;
        }
        tx.commit().await?;
        gateway.metrics.add("mingfen_payments_held_back_total", format!("rule=\"{word}\""));
        tracing::info!(rule = word, version = self.in_force.version, "a payment was held back");
        Ok(())
    }
}
