//! The WeChat adapter against the simulator, which was written from the same documents and shares no code with it.

mod bills;
mod faults;
mod hospital;
mod notifications;
mod orders;
mod refunds;
mod trust;
