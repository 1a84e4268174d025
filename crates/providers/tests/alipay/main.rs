//! The Alipay adapter against the simulator, which was written from the same documents and shares no code with it.

mod bills;
mod hospital;
mod orders;
mod refunds;
mod trust;
