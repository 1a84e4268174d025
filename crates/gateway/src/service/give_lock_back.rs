//! Giving HIS's lock back when nobody will pay the bill any more, so that its slips can be paid at the window at once.

use super::open_payment::lock_request;
use super::{JobEnd, Trouble};
use crate::Gateway;
use mingfen_domain::bill::BillState;
use mingfen_domain::ids::BillNo;
use mingfen_his::LockAnswer;

/// One round of the job. A lock whose answer was lost has no token here: it is asked for once more under the bill's number,
/// which gives the same lock, and then given back.
///
/// # Errors
/// [`Trouble`]: the worker tries again.
pub async fn give_lock_back(gateway: &Gateway, bill_no: &BillNo, attempts: i64) -> Result<JobEnd, Trouble> {
    let Some(bill) = gateway.store.bill(bill_no).await? else { return Ok(JobEnd::Done) };
    let token = match (&bill.bill.lock_token, &bill.bill.state) {
        (Some(token), _) => Ok(Some(token.clone())),
        (None, BillState::Released) => match gateway.his.lock(&lock_request(&bill)).await {
            Ok(LockAnswer::Locked { token, .. }) => Ok(Some(token)),
            Ok(LockAnswer::NotSupported | LockAnswer::Rejected { .. }) => Ok(None),
            Err(error) => Err(error),
        },
        (None, BillState::Open | BillState::Settled { .. }) => Ok(None),
    };
    let given = match token {
        Ok(Some(token)) => gateway.his.unlock(&bill.bill.hospital, &token).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match given {
        Ok(()) => Ok(JobEnd::Done),
        // A lock runs out by itself: not worth a person's time.
        Err(_) if attempts >= 8 => Ok(JobEnd::Done),
        Err(error) => Ok(JobEnd::widening(&[1, 5, 15, 30, 60, 300], attempts, error.to_string())),
    }
}
