//! Delivers notifications at least once, in no order, on a schedule of the virtual clock.
//!
//! A party queues a notification with the means to build it; the engine decides when it goes out, what the fault
//! plan does to it, and keeps every attempt. Each attempt is built anew, so that stamp and signature are fresh.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::clock::{Clock, SECOND_MS};
use crate::faults::{Defect, Fault, Faults, Stage};

/// How long a receiver has to acknowledge.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A notification that is to be overtaken waits at most so long for another one.
const OVERTAKEN_WITHIN_MS: i64 = 300 * SECOND_MS;

/// An HTTP POST ready to go out.
#[derive(Debug, Clone)]
pub struct Message {
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// Builds the message of one attempt: the moment in milliseconds, and a defect to put in.
pub type Build = Arc<dyn Fn(i64, Option<Defect>) -> Message + Send + Sync>;

/// A notification as a party queues it.
#[derive(Clone)]
pub struct Notification {
    /// Call name for fault rules, such as `wechat.notify.payment`.
    pub call: String,
    /// What it is about: the order or refund number.
    pub subject: String,
    /// Where it goes.
    pub url: String,
    /// Seconds to wait after each failed attempt; the notification is given up when they are used up.
    pub schedule: &'static [i64],
    /// Makes the message.
    pub build: Build,
    /// Whether status and body mean that the receiver has it.
    pub acknowledged: fn(u16, &[u8]) -> bool,
}

/// One attempt at delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// Virtual clock.
    pub at_ms: i64,
    /// What was done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// HTTP status that came back; nothing when no answer came or the attempt was lost on purpose.
    pub status: Option<u16>,
    /// Whether the receiver has it.
    pub acknowledged: bool,
}

/// A notification's story.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Number, unique in this simulator.
    pub id: u64,
    /// Call name.
    pub call: String,
    /// Order or refund number.
    pub subject: String,
    /// Where it goes.
    pub url: String,
    /// `waiting`, `acknowledged`, `lost` or `given_up`.
    pub state: RecordState,
    /// When the next attempt is due.
    pub due_at_ms: Option<i64>,
    /// All attempts so far.
    pub attempts: Vec<Attempt>,
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordState {
    /// Another attempt will come.
    Waiting,
    /// The receiver has it.
    Acknowledged,
    /// The fault plan lost it for good.
    Lost,
    /// The schedule is used up.
    GivenUp,
}

/// What happens when an item comes due.
#[derive(Clone)]
enum Shot {
    /// An ordinary attempt, with faults to apply.
    Attempt { fault: Option<Fault> },
    /// Exactly these bytes again, whatever the answer.
    Replay(Message),
}

#[derive(Clone)]
struct Item {
    record: u64,
    sequence: u64,
    due_at_ms: i64,
    /// Goes out as soon as another notification has.
    overtaken: bool,
    shot: Shot,
    notification: Notification,
    failures: usize,
}

#[derive(Default)]
struct Queue {
    next: u64,
    items: Vec<Item>,
    records: Vec<Record>,
}

/// One delivery that a pump made.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// The notification's number.
    pub id: u64,
    /// Call name.
    pub call: String,
    /// Order or refund number.
    pub subject: String,
    /// Status that came back.
    pub status: Option<u16>,
    /// Whether the receiver has it.
    pub acknowledged: bool,
}

/// The engine.
pub struct Notifier {
    queue: Mutex<Queue>,
    client: reqwest::Client,
    wake: tokio::sync::Notify,
}

impl std::fmt::Debug for Notifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Notifier").finish_non_exhaustive()
    }
}

impl Notifier {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Notifier { queue: Mutex::default(), client, wake: tokio::sync::Notify::new() })
    }

    /// Queues a notification that is due now, and returns its number.
    pub fn queue(&self, clock: &Clock, faults: &Faults, notification: Notification) -> u64 {
        let fault = faults.take(&notification.call, Stage::Notification);
        self.queue_with(clock, fault, notification)
    }

    /// Queues a notification with this fault, whatever the plan says.
    pub fn queue_with(&self, clock: &Clock, fault: Option<Fault>, notification: Notification) -> u64 {
        let now_ms = clock.now_ms();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.next = queue.next.saturating_add(1);
        let id = queue.next;
        let lost = fault == Some(Fault::NotifyLost);
        let due_at_ms = match &fault {
            Some(Fault::NotifyLate { seconds }) => now_ms.saturating_add(seconds.saturating_mul(SECOND_MS)),
            Some(Fault::NotifyReordered) => now_ms.saturating_add(OVERTAKEN_WITHIN_MS),
            _ => now_ms,
        };
        queue.records.push(Record {
            id,
            call: notification.call.clone(),
            subject: notification.subject.clone(),
            url: notification.url.clone(),
            state: if lost { RecordState::Lost } else { RecordState::Waiting },
            due_at_ms: (!lost).then_some(due_at_ms),
            attempts: Vec::new(),
        });
        if !lost {
            let overtaken = fault == Some(Fault::NotifyReordered);
            let shot = Shot::Attempt { fault };
            queue.items.push(Item {
                record: id,
                sequence: id,
                due_at_ms,
                overtaken,
                shot,
                notification,
                failures: 0,
            });
            self.wake.notify_one();
        }
        id
    }

    /// All notifications so far, with their attempts.
    pub fn records(&self) -> Vec<Record> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).records.clone()
    }

    /// Returns when something was queued.
    pub(crate) async fn queued(&self) {
        self.wake.notified().await;
    }

    /// Delivers all that is due now, one after the other in order of due time, and says what came back.
    pub(crate) async fn deliver_due(&self, clock: &Clock) -> Vec<Delivered> {
        let mut delivered = Vec::new();
        let now_ms = clock.now_ms();
        while let Some(item) = self.take_due(now_ms) {
            delivered.extend(self.deliver(clock, item).await);
        }
        delivered
    }

    /// Takes everything that is due; for a caller that delivers side by side.
    pub(crate) async fn deliver_due_side_by_side(self: &Arc<Self>, clock: &Arc<Clock>) {
        let now_ms = clock.now_ms();
        while let Some(item) = self.take_due(now_ms) {
            let (notifier, clock) = (self.clone(), clock.clone());
            tokio::spawn(async move { notifier.deliver(&clock, item).await });
        }
    }

    /// Delivers all that is due now side by side and waits for the answers; says how many went out.
    pub(crate) async fn deliver_all_due(&self, clock: &Clock) -> usize {
        let now_ms = clock.now_ms();
        let items: Vec<Item> = std::iter::from_fn(|| self.take_due(now_ms)).collect();
        let delivered =
            futures_util::future::join_all(items.into_iter().map(|item| self.deliver(clock, item)));
        delivered.await.iter().map(Vec::len).sum()
    }

    fn take_due(&self, now_ms: i64) -> Option<Item> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, _) = queue
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.due_at_ms <= now_ms)
            .min_by_key(|(_, item)| (item.due_at_ms, item.sequence))?;
        Some(queue.items.remove(index))
    }

    async fn deliver(&self, clock: &Clock, item: Item) -> Vec<Delivered> {
        let fault = match &item.shot {
            Shot::Replay(message) => {
                let status = self.post(&item.notification.url, message).await;
                return vec![self.note(clock, &item, Some("replayed"), status)];
            }
            Shot::Attempt { fault } => fault.clone(),
        };
        let now_ms = clock.now_ms();
        let defect = match &fault {
            Some(Fault::NotifyDefect { defect }) => Some(*defect),
            _ => None,
        };
        let message = (item.notification.build)(now_ms, defect);
        let url = &item.notification.url;
        let mut delivered = Vec::new();
        match &fault {
            Some(Fault::NotifyLostOnce) => delivered.push(self.note(clock, &item, Some("lost"), None)),
            Some(Fault::NotifyDoubled) => {
                let twin = (item.notification.build)(now_ms, None);
                let (one, two) = tokio::join!(self.post(url, &message), self.post(url, &twin));
                delivered.push(self.note(clock, &item, Some("doubled"), one));
                delivered.push(self.note(clock, &item, Some("doubled"), two));
            }
            Some(Fault::NotifyReplayed { seconds }) => {
                let status = self.post(url, &message).await;
                delivered.push(self.note(clock, &item, None, status));
                let due_at_ms = now_ms.saturating_add(seconds.saturating_mul(SECOND_MS));
                self.put_back(Item { due_at_ms, shot: Shot::Replay(message.clone()), ..item.clone() });
            }
            _ => {
                let status = self.post(url, &message).await;
                let name = defect.map(|defect| format!("{defect:?}").to_lowercase());
                delivered.push(self.note(clock, &item, name.as_deref(), status));
            }
        }
        if !delivered.iter().any(|one| one.acknowledged) {
            self.schedule_resend(clock, item);
        }
        self.release_overtaken(clock);
        delivered
    }

    async fn post(&self, url: &str, message: &Message) -> Option<(u16, Vec<u8>)> {
        let mut request = self.client.post(url).body(message.body.clone());
        for (name, value) in &message.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.bytes().await.ok()?.to_vec()))
    }

    fn note(
        &self,
        clock: &Clock,
        item: &Item,
        fault: Option<&str>,
        answer: Option<(u16, Vec<u8>)>,
    ) -> Delivered {
        let acknowledged =
            answer.as_ref().is_some_and(|(status, body)| (item.notification.acknowledged)(*status, body));
        let status = answer.map(|(status, _)| status);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = queue.records.iter_mut().find(|record| record.id == item.record) {
            let fault = fault.map(str::to_owned);
            record.attempts.push(Attempt { at_ms: clock.now_ms(), fault, status, acknowledged });
            if acknowledged {
                record.state = RecordState::Acknowledged;
                record.due_at_ms = None;
            }
        }
        Delivered {
            id: item.record,
            call: item.notification.call.clone(),
            subject: item.notification.subject.clone(),
            status,
            acknowledged,
        }
    }

    fn schedule_resend(&self, clock: &Clock, item: Item) {
        let pause = item.notification.schedule.get(item.failures).copied();
        let due_at_ms = pause.map(|seconds| clock.now_ms().saturating_add(seconds.saturating_mul(SECOND_MS)));
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(record) = queue.records.iter_mut().find(|record| record.id == item.record) {
                record.due_at_ms = due_at_ms;
                if due_at_ms.is_none() {
                    record.state = RecordState::GivenUp;
                }
            }
        }
        if let Some(due_at_ms) = due_at_ms {
            let failures = item.failures.saturating_add(1);
            let shot = Shot::Attempt { fault: None };
            self.put_back(Item { due_at_ms, failures, overtaken: false, shot, ..item });
        }
    }

    fn put_back(&self, item: Item) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).items.push(item);
        self.wake.notify_one();
    }

    /// What waited to be overtaken has been: it goes out now.
    fn release_overtaken(&self, clock: &Clock) {
        let now_ms = clock.now_ms();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        for item in queue.items.iter_mut().filter(|item| item.overtaken) {
            item.overtaken = false;
            item.due_at_ms = now_ms;
        }
    }
}
