//! WeChat Pay as a merchant sees it, over HTTP.

mod bills;
mod faults;
mod gate;
mod hospital;
mod orders;
mod pages;
mod quirks;
mod refunds;
mod trust;
