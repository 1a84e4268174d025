//! Whom we believe: Alipay's public key, or certificates that chain to its roots.
//!
//! # Source
//! Alipay Open Platform, 公钥证书方式 (protocols/alipay.md sections 2 and 3).

use super::x509::{self, Roots};
use crate::keys::{Certificate, Verifier};
use mingfen_domain::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How Alipay names a certificate: MD5 over issuer and serial, 32 lower-case hexadecimal digits. A name, not a protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SerialNumber(String);

impl SerialNumber {
    /// Reads what an answer or a notification says.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// From the issuer as RFC 2253 writes it (most specific first, no blank after a comma) and the serial in decimal.
    pub fn of(issuer: &str, serial: &str) -> Self {
        use md5::{Digest, Md5};
        Self(hex::encode(Md5::new().chain_update(issuer).chain_update(serial).finalize()))
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom we believe.
pub(super) enum Trust {
    /// Public-key mode (普通公钥).
    PublicKey(Arc<Verifier>),
    /// Certificate mode (公钥证书).
    Certificates(Box<Certificates>),
}

/// Which keys may have signed a message.
pub(super) enum VerifierFor {
    /// One of these.
    Known(Vec<Arc<Verifier>>),
    /// A certificate that we do not hold (yet).
    Unknown(SerialNumber),
}

impl Trust {
    /// The keys that may have signed a message which names that certificate, or none.
    pub fn verifiers_for(&self, named: Option<&SerialNumber>) -> VerifierFor {
        match self {
            Self::PublicKey(verifier) => VerifierFor::Known(vec![Arc::clone(verifier)]),
            Self::Certificates(certificates) => certificates.verifiers_for(named),
        }
    }

    /// A notification names a certificate that we do not hold.
    pub fn want(&self, serial: &SerialNumber, now: Timestamp) {
        match self {
            Self::PublicKey(_) => {}
            Self::Certificates(certificates) => certificates.want(serial, now),
        }
    }
}

/// The certificates of one application and the ones of Alipay that we hold.
pub(super) struct Certificates {
    /// `app_cert_sn` of every request.
    pub app_serial: SerialNumber,
    /// `alipay_root_cert_sn` of every request.
    pub root_serials: String,
    app_expires_at: Timestamp,
    roots: Vec<Certificate>,
    /// Certification authorities that came in the file of Alipay's certificate, between it and a root.
    intermediates: Vec<Certificate>,
    /// The owner of Alipay's first certificate: a successor must belong to the same.
    owner: String,
    held: RwLock<Vec<Held>>,
    errands: Mutex<Errands>,
}

/// What is to be fetched, and what keeps strangers from making us fetch: whoever can reach the notification address can
/// name any serial, and every fetch is a signed call on our account.
#[derive(Default)]
struct Errands {
    /// Named by a notification last, not held, and not fetched yet.
    wanted: Option<SerialNumber>,
    /// When a notification, and when an answer, last had something fetched. Apart, so that strangers who use up the one
    /// do not keep us from learning of a new certificate by an answer.
    last_for_notification: Option<Timestamp>,
    last_for_answer: Option<Timestamp>,
    /// Serials that Alipay did not know, or under which nothing believable came, and when.
    failed: Vec<(SerialNumber, Timestamp)>,
}

/// One fetch in that time for what notifications name, and one for what answers name.
const SECONDS_BETWEEN_FETCHES: i64 = 60;
/// What failed is not fetched again for that long; with the limit above, it bounds the list too.
const SECONDS_OF_MEMORY: i64 = 60 * 60;

struct Held {
    serial: SerialNumber,
    verifier: Arc<Verifier>,
    expires_at: Timestamp,
}

/// A setting and what is wrong with it.
pub(super) type Problem = (&'static str, String);

impl Certificates {
    /// Puts the three files together: the application's certificate, Alipay's with what follows it, and the roots.
    ///
    /// # Errors
    /// The setting that is wrong, and how.
    pub fn new(app: &[Certificate], alipay: &[Certificate], roots: Roots) -> Result<Self, Problem> {
        let (app, app_serial) = first(app, "app_cert")?;
        let (leaf, serial) = first(alipay, "alipay_cert")?;
        if roots.serials.is_empty() {
            let problem = "holds no RSA root; the file alipayRootCert.crt is wanted";
            return Err(("alipay_root_cert", problem.to_owned()));
        }
        let intermediates = &alipay[1..];
        if !x509::chains(leaf, intermediates, &roots.certificates) {
            let problem = "was not issued under any certificate of alipay_root_cert; perhaps the two are of different \
                           environments, or the application's certificate stands here";
            return Err(("alipay_cert", problem.to_owned()));
        }
        // Compared with the owner of every successor: two owners that cannot be read must not count as the same.
        let Some(owner) = owner(leaf) else {
            let problem =
                "names no organisation as its owner, so that a successor could not be told from a stranger's";
            return Err(("alipay_cert", problem.to_owned()));
        };
        let root_serials: Vec<String> = roots.serials.iter().map(ToString::to_string).collect();
        let held = Held::new(leaf, serial);
        Ok(Self {
            app_serial,
            root_serials: root_serials.join("_"),
            app_expires_at: app.not_after,
            roots: roots.certificates,
            intermediates: intermediates.to_vec(),
            owner,
            held: RwLock::new(vec![held]),
            errands: Mutex::default(),
        })
    }

    fn verifiers_for(&self, named: Option<&SerialNumber>) -> VerifierFor {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Some(serial) = named else {
            return VerifierFor::Known(held.iter().map(|held| Arc::clone(&held.verifier)).collect());
        };
        if let Some(held) = held.iter().find(|held| held.serial == *serial) {
            return VerifierFor::Known(vec![Arc::clone(&held.verifier)]);
        }
        VerifierFor::Unknown(serial.clone())
    }

    /// A notification, which anybody may have sent, names this certificate: it is fetched at the next refresh, unless too
    /// many were named before it.
    pub fn want(&self, serial: &SerialNumber, now: Timestamp) {
        let mut errands = self.errands();
        if errands.is_worth_fetching(serial, now) && is_due(errands.last_for_notification, now) {
            errands.last_for_notification = Some(now);
            errands.wanted = Some(serial.clone());
        }
    }

    /// Whether a certificate that an answer names is to be fetched now; saying yes uses up the turn.
    pub fn is_to_be_fetched(&self, serial: &SerialNumber, now: Timestamp) -> bool {
        let mut errands = self.errands();
        let granted = errands.is_worth_fetching(serial, now) && is_due(errands.last_for_answer, now);
        if granted {
            errands.last_for_answer = Some(now);
        }
        granted
    }

    /// The certificate that a notification named last and that is not held; whoever takes it fetches it.
    pub fn take_wanted(&self) -> Option<SerialNumber> {
        self.errands().wanted.take()
    }

    /// Nothing believable is to be had under this serial: it is not worth another call for a while.
    pub fn note_failed(&self, serial: SerialNumber, now: Timestamp) {
        self.errands().failed.push((serial, now));
    }

    fn errands(&self) -> MutexGuard<'_, Errands> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fetched certificate if everything about it is right. The answer that brought it may be unproven: the chain to a
    /// root that we hold, the wanted name and the owner are the proof.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn add(&self, wanted: &SerialNumber, fetched: &[Certificate], now: Timestamp) -> Result<(), String> {
        let (leaf, serial) = first(fetched, "alipay_cert_content").map_err(|(_, problem)| problem)?;
        if serial != *wanted {
            return Err(format!("another certificate came than {wanted}"));
        }
        if owner(leaf).as_ref() != Some(&self.owner) {
            return Err("it belongs to another owner than Alipay's certificate that we hold".to_owned());
        }
        if !leaf.is_valid_at(now) {
            return Err("it is not valid now".to_owned());
        }
        let intermediates: Vec<Certificate> =
            fetched[1..].iter().chain(&self.intermediates).cloned().collect();
        if !x509::chains(leaf, &intermediates, &self.roots) {
            return Err("it was not issued under any root that we hold".to_owned());
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if !held.iter().any(|held| held.serial == serial) {
            held.push(Held::new(leaf, serial));
        }
        Ok(())
    }

    /// What expires and when. Of Alipay's own certificates only the last to expire matters: its successor came by itself.
    pub fn expiries(&self) -> Vec<(String, Timestamp)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let of_alipay = held.iter().map(|held| held.expires_at).max();
        std::iter::once(("app_cert".to_owned(), self.app_expires_at))
            .chain(of_alipay.map(|at| ("alipay_cert".to_owned(), at)))
            .collect()
    }
}

impl Errands {
    fn is_worth_fetching(&mut self, serial: &SerialNumber, now: Timestamp) -> bool {
        self.failed.retain(|(_, at)| now < at.plus_seconds(SECONDS_OF_MEMORY));
        !self.failed.iter().any(|(failed, _)| failed == serial)
    }
}

fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now >= last.plus_seconds(SECONDS_BETWEEN_FETCHES))
}

impl Held {
    fn new(certificate: &Certificate, serial: SerialNumber) -> Self {
        let verifier = Arc::new(certificate.verifier.clone());
        Self { serial, verifier, expires_at: certificate.not_after }
    }
}

fn first<'a>(
    file: &'a [Certificate],
    field: &'static str,
) -> Result<(&'a Certificate, SerialNumber), Problem> {
    let named = file.first().and_then(|first| Some((first, x509::facts(&first.der)?.serial)));
    named.ok_or((field, "holds no certificate whose issuer can be read".to_owned()))
}

fn owner(certificate: &Certificate) -> Option<String> {
    x509::facts(&certificate.der)?.owner
}
