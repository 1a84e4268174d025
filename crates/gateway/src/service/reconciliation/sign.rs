//! The end of a day: somebody signs that every difference is settled or waited for with a reason. From then on it is not compared
//! again, and the audit chain's end at that moment is written beside it: whoever changed the trail later could not change the paper.

use crate::Gateway;
use crate::service::attention::audit;
use crate::service::{Trouble, audit_anchor, seal_audit};
use mingfen_domain::BusinessDay;
use mingfen_domain::ids::RunId;
use mingfen_store::{ALL_CHANNELS, SignOffRecord, Standing, StoreError};

/// Why a day cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignRefused {
    /// It was never compared.
    #[error("{0} was not compared yet")]
    NoRun(BusinessDay),
    /// It is signed.
    #[error("{} was signed by {} at {}", .0.day, .0.signed_by, .0.signed_at)]
    Signed(Box<SignOffRecord>),
    /// Somebody still has to act.
    #[error(
        "{open} differences are open and {waiting} remedies wait for a second person; settle or carry them first"
    )]
    Open {
        /// Nobody has done anything.
        open: i64,
        /// A second person has not.
        waiting: i64,
    },
    /// It is being compared.
    #[error("{0} is being compared right now; wait for it")]
    Busy(BusinessDay),
    /// Nothing was done; try again.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for SignRefused {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Signs a day.
///
/// # Errors
/// [`SignRefused`]: it is not signed.
pub async fn sign_day(
    gateway: &Gateway,
    day: BusinessDay,
    by: &str,
    remark: &str,
) -> Result<SignOffRecord, SignRefused> {
    // Nobody may compare it meanwhile.
    let lease = format!("reconcile:{day}:{ALL_CHANNELS}");
    let owner = RunId::fresh(gateway.now(), gateway.random.as_ref());
    let lease_ms = gateway.settings.timing.task_lease * 1000;
    if !gateway.store.try_lease(&lease, owner.as_str(), gateway.now(), lease_ms).await? {
        return Err(SignRefused::Busy(day));
    }
    let end = sign(gateway, day, by, remark).await;
    gateway.store.release_lease(&lease, owner.as_str()).await?;
    end
}

async fn sign(
    gateway: &Gateway,
    day: BusinessDay,
    by: &str,
    remark: &str,
) -> Result<SignOffRecord, SignRefused> {
    let store = &gateway.store;
    let run = store.current_run(day, ALL_CHANNELS).await?.ok_or(SignRefused::NoRun(day))?;
    if let Some(signed) = store.sign_off(day, ALL_CHANNELS).await? {
        return Err(SignRefused::Signed(Box::new(signed)));
    }
    let standings = store.standings_of_run(&run.run_id).await?;
    let count =
        |wanted| standings.iter().find(|(standing, _)| *standing == wanted).map_or(0, |(_, count)| *count);
    let (open, waiting) = (count(Standing::Open), count(Standing::Waiting));
    if open + waiting > 0 {
        return Err(SignRefused::Open { open, waiting });
    }
    // Everything that happened so far is in the chain, so that its end vouches for it.
    seal_audit(gateway).await?;
    let end = audit_anchor(gateway).await?;
    let now = gateway.now();
    let sign_off = SignOffRecord {
        day,
        scope: ALL_CHANNELS.to_owned(),
        run_id: run.run_id.clone(),
        signed_by: by.to_owned(),
        signed_at: now,
        remark: remark.to_owned(),
        chain_seq: end.seq,
        chain_hash: hex::encode(end.hash),
    };
    let mut tx = store.begin().await?;
    match tx.insert_sign_off(&sign_off).await {
        Ok(()) => {}
        Err(StoreError::UniqueViolation(_)) => {
            tx.rollback().await?;
            let signed = store.sign_off(day, ALL_CHANNELS).await?;
            return Err(signed.map_or(SignRefused::Busy(day), |signed| SignRefused::Signed(Box::new(signed))));
        }
        Err(error) => return Err(error.into()),
    }
    let detail = format!("{day} version {} with the audit chain at {end}: {remark}", run.version);
    audit(&mut tx, now, by, "day.signed", run.run_id.as_str(), &detail).await?;
    tx.commit().await?;
    tracing::info!(run.id = %run.run_id, run.day = %day, audit.anchor = %end, "a day was signed");
    Ok(sign_off)
}
