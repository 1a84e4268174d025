//! Somebody with the database in hand changes what happened: `verify` finds it and says where.

use mingfen_domain::Clock;
use mingfen_domain::ids::{OutTradeNo, ProviderTradeNo};
use mingfen_domain::refund::Origin;
use mingfen_gateway::cache::MemoryCache;
use mingfen_gateway::service::{
    RefundAsked, RefundTarget, RefundWay, Source, Way, accept_end, audit_anchor, record_sighting,
    request_refund, seal_audit,
};
use mingfen_provider_api::{OrderSighting, Sighted};
use mingfen_store::{AuditEvent, Store};
use mingfen_tests::{App, CARD, Hospital, Installation, Room, until};
use std::sync::Arc;

stories!(
    an_untouched_installation_is_sound_with_every_anchor_of_its_past,
    every_change_to_the_records_is_named,
    a_payment_that_was_removed_with_everything_about_it_is_missed,
    every_change_to_the_audit_trail_is_named,
    rows_that_were_unlinked_and_changed_are_not_linked_anew,
    a_chain_made_anew_to_its_end_does_not_pass,
    an_older_end_put_back_with_its_seal_is_seen_by_a_running_gateway_and_by_an_anchor,
    a_chain_that_nobody_links_is_reported,
    a_person_lets_a_broken_chain_go_on_and_that_is_kept,
    a_long_trail_is_read_page_by_page,
);

/// A day with everything: one slip booked and partly refunded, one paid twice with its second payment sent back, one waiting.
async fn a_full_day(hospital: &Hospital) -> OutTradeNo {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.goes_to_the_sheet(&[1]).await;
    hospital.lives_through(1200, 60).await;
    let late = order(hospital, 0);
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    paid_late(hospital, &late).await;
    let booked = order(hospital, 1);
    let asked = RefundAsked {
        target: RefundTarget::Order(booked.clone()),
        amount: Some(mingfen_domain::Amount::from_fen(100).expect("an amount")),
        slip_no: None,
        reason: "退药".to_owned(),
        origin: Origin::Cashier,
        requested_by: "cashier-01".to_owned(),
        request_key: None,
        by: RefundWay::Channel,
    };
    request_refund(hospital.gateway(), asked).await.expect("asked for");
    hospital.lives_through(90, 10).await;
    patient.goes_to_the_sheet(&[1]).await;
    hospital.settles().await;
    booked
}

fn order(hospital: &Hospital, number: usize) -> OutTradeNo {
    OutTradeNo::parse(hospital.simulator.ledger().payments[number].out_trade_no.as_str()).expect("a number")
}

async fn paid_late(hospital: &Hospital, order: &OutTradeNo) {
    let record = hospital.store().payment(order).await.expect("readable").expect("stored");
    let sighting = OrderSighting {
        out_trade_no: order.clone(),
        seen: Sighted::Paid {
            provider_trade_no: ProviderTradeNo::parse("4200000000000000000000009999").expect("a number"),
            amount: record.payment.amount,
            paid_at: hospital.clock.now(),
        },
    };
    record_sighting(hospital.gateway(), &sighting, Source::ours(Way::Query)).await.expect("recorded");
}

/// Everything that a check finds wrong.
async fn findings(hospital: &Hospital) -> Vec<String> {
    let found = hospital.is_checked(None).await;
    assert_eq!(found.is_sound(), found.problems.is_empty() && found.audit.broken.is_empty());
    found.problems.into_iter().chain(found.audit.broken).collect()
}

async fn names(hospital: &Hospital, what: &str, sentence: &str) {
    let found = findings(hospital).await;
    assert!(found.iter().any(|found| found.contains(sentence)), "{what}: {found:#?}");
}

/// Each change, what must be said of it, and how it is undone for the next.
async fn each_is_named(hospital: &Hospital, changes: &[(String, &str, String)]) {
    for (change, sentence, undo) in changes {
        hospital.is_tampered(change).await;
        names(hospital, change, sentence).await;
        hospital.is_tampered(undo).await;
        assert_eq!(findings(hospital).await, Vec::<String>::new(), "{undo}");
    }
}

async fn an_untouched_installation_is_sound_with_every_anchor_of_its_past(hospital: Hospital) {
    let nothing = hospital.verifies().await.audit.anchor;
    a_full_day(&hospital).await;
    let evening = hospital.verifies().await.audit.anchor;
    assert!(evening.seq > 5, "{evening}");
    let mut patient = hospital.patient("A10023847718", App::Alipay).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    for kept in [nothing, evening] {
        let found = hospital.is_checked(Some(&kept)).await;
        assert!(found.is_sound(), "{kept}: {found:#?}");
        assert_eq!(found.audit.anchor, audit_anchor(hospital.gateway()).await.expect("sound"));
    }
}

async fn every_change_to_the_records_is_named(hospital: Hospital) {
    let order = a_full_day(&hospital).await;
    let bill = hospital.story(order.as_str()).await.bill_no;
    let on_order = |set: &str| format!("UPDATE payments SET {set} WHERE out_trade_no = '{order}'");
    let fen = hospital.store().payment(&order).await.expect("readable").expect("stored").payment.amount.get();
    let moved = |line: i64, from: &str, to: &str| {
        (
            format!(
                "UPDATE journal_postings SET account = '{to}' WHERE entry_id = 'paid:{order}' AND line = {line}"
            ),
            "with another account than its reason has",
            format!(
                "UPDATE journal_postings SET account = '{from}' WHERE entry_id = 'paid:{order}' AND line = {line}"
            ),
        )
    };
    each_is_named(
        &hospital,
        &[
            moved(0, "channel_receivable:wechat-main", "channel_receivable:alipay-main"),
            moved(1, "patient_money", "his_revenue"),
            moved(1, "patient_money", "a slush fund"),
            (
                on_order(&format!("amount_fen = {}", fen + 1)),
                "is paid with another amount than was ordered",
                on_order(&format!("amount_fen = {fen}")),
            ),
            (
                format!("UPDATE slip_claims SET bill_no = '{bill}x' WHERE bill_no = '{bill}'"),
                "somebody else may pay its slips",
                format!("UPDATE slip_claims SET bill_no = '{bill}' WHERE bill_no = '{bill}x'"),
            ),
            (
                format!("UPDATE write_backs SET state = 'refused' WHERE bill_no = '{bill}'"),
                "stands otherwise at HIS than the audit trail tells",
                format!("UPDATE write_backs SET state = 'posted' WHERE bill_no = '{bill}'"),
            ),
            (
                format!("UPDATE write_backs SET state = 'due' WHERE bill_no = '{bill}'"),
                "is paid and not booked, but nobody tells HIS",
                format!("UPDATE write_backs SET state = 'posted' WHERE bill_no = '{bill}'"),
            ),
        ],
    )
    .await;
    hospital.is_tampered("UPDATE tasks SET state = 'done' WHERE kind = 'follow_payment'").await;
    names(&hospital, "a lost task", "may still be paid, but nobody asks after it").await;
}

async fn a_payment_that_was_removed_with_everything_about_it_is_missed(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let order = order(&hospital, 0);
    let bill = hospital.story(order.as_str()).await.bill_no;
    for (table, column, number) in [
        ("journal_postings", "entry_id", format!("paid:{order}")),
        ("journal_postings", "entry_id", format!("booked:{bill}")),
        ("journal_entries", "subject", order.to_string()),
        ("journal_entries", "subject", bill.to_string()),
        ("write_backs", "bill_no", bill.to_string()),
        ("notices", "bill_no", bill.to_string()),
        ("slip_claims", "bill_no", bill.to_string()),
        ("bill_slips", "bill_no", bill.to_string()),
        ("payments", "bill_no", bill.to_string()),
        ("bills", "bill_no", bill.to_string()),
    ] {
        hospital.is_tampered(&format!("DELETE FROM {table} WHERE {column} = '{number}'")).await;
    }
    let found = findings(&hospital).await;
    assert_eq!(
        found,
        [
            format!("{order} was paid, says the audit trail, but there is no payment with that money"),
            format!("{bill} stands otherwise at HIS than the audit trail tells"),
        ]
    );
}

async fn every_change_to_the_audit_trail_is_named(hospital: Hospital) {
    a_full_day(&hospital).await;
    let last = hospital.verifies().await.audit.anchor.seq;
    let set = |set: &str, at: i64| format!("UPDATE audit_events SET {set} WHERE seq = {at}");
    each_is_named(
        &hospital,
        &[
            (
                set("actor = actor || 'x'", 2),
                "audit row 2: its hash does not fit",
                set("actor = substr(actor, 1, length(actor) - 1)", 2),
            ),
            (set("at_ms = at_ms + 1", last), "its hash does not fit", set("at_ms = at_ms - 1", last)),
            (set("seq = 1000", 3), "audit row 4: number 3 was expected", set("seq = 3", 1000)),
            (set("seq = -3", 3), "audit row -3: number 1 was expected", set("seq = 3", -3)),
            (set("hash = 'x' || hash", 2), "its hash is no hash", set("hash = substr(hash, 2)", 2)),
        ],
    )
    .await;
    hospital.is_tampered(&format!("DELETE FROM audit_events WHERE seq = {last}")).await;
    names(&hospital, "the last row is cut off", &format!("it was sealed up to {last}:")).await;
}

async fn rows_that_were_unlinked_and_changed_are_not_linked_anew(hospital: Hospital) {
    a_full_day(&hospital).await;
    let end = hospital.verifies().await.audit.anchor;
    hospital.is_tampered("UPDATE audit_events SET seq = NULL, hash = NULL WHERE seq > 3").await;
    hospital.is_tampered("UPDATE audit_events SET actor = 'nobody' WHERE seq IS NULL").await;
    // Another process, that never saw the end, refuses as well as the one that made it.
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    for gateway in [hospital.gateway(), &other.gateway] {
        let refused = seal_audit(gateway).await.expect_err("not linked").to_string();
        assert!(refused.contains(&format!("it was sealed up to {end}")), "{refused}");
        hospital.time_passes(31);
    }
    names(&hospital, "unlinked", &format!("it was sealed up to {end}")).await;
    assert_eq!(hospital.store().last_link().await.expect("readable").expect("a link").seq, 3);
    // Nor by taking away what vouches for the end, or putting something else there.
    hospital.is_tampered("UPDATE audit_ends SET end_sealed = substr(end_sealed, 2)").await;
    names(&hospital, "another seal", "was not sealed with a key of ours").await;
    hospital.is_tampered("DELETE FROM audit_ends").await;
    names(&hospital, "no seal", "nobody vouches for the end of the audit chain").await;
    assert!(seal_audit(&other.gateway).await.is_err());
}

async fn a_chain_made_anew_to_its_end_does_not_pass(hospital: Hospital) {
    a_full_day(&hospital).await;
    let end = hospital.verifies().await.audit.anchor;
    // The hashes need no key: a forger computes them as we do.
    hospital.is_tampered("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2").await;
    let mut last = mingfen_vault::chain::Link::genesis();
    for row in hospital.store().stream_chain(1, 1000).await.expect("readable") {
        let event = &row.event;
        let hash = mingfen_vault::chain::link(
            &last.hash,
            last.seq + 1,
            event.at,
            &event.actor,
            &event.action,
            &event.subject,
            &event.detail,
        );
        last = mingfen_vault::chain::Link { seq: last.seq + 1, hash };
        let sql = format!("UPDATE audit_events SET hash = '{}' WHERE seq = {}", hex::encode(hash), last.seq);
        hospital.is_tampered(&sql).await;
    }
    names(&hospital, "made anew", &format!("the audit chain ends at {last}, it was sealed up to {end}"))
        .await;
}

async fn an_older_end_put_back_with_its_seal_is_seen_by_a_running_gateway_and_by_an_anchor(
    hospital: Hospital,
) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let early = hospital.verifies().await.audit.anchor;
    hospital
        .is_tampered("INSERT INTO audit_ends (chain, end_sealed) SELECT 'copy', end_sealed FROM audit_ends")
        .await;
    let mut patient = hospital.patient("A10023847718", App::Alipay).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let late = hospital.verifies().await.audit.anchor;

    hospital.is_tampered(&format!("DELETE FROM audit_events WHERE seq > {}", early.seq)).await;
    hospital.is_tampered("DELETE FROM audit_ends WHERE chain <> 'copy'").await;
    hospital.is_tampered("UPDATE audit_ends SET chain = 'audit_events'").await;
    names(&hospital, "a gateway that runs", &format!("this process saw {late}")).await;
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    let unknowing = mingfen_gateway::service::verify(&other.gateway, None).await.expect("readable");
    assert_eq!(unknowing.audit.broken, Vec::<String>::new(), "what only an anchor can show");
    assert!(
        unknowing.problems.iter().any(|problem| problem.contains("the audit trail does not tell")),
        "but the money is missed"
    );
    let anchored =
        mingfen_gateway::service::verify(&other.gateway, Some(&late.into())).await.expect("readable");
    assert_eq!(
        anchored.audit.broken,
        [format!("the audit chain does not contain the link that was kept: {late}")]
    );
}

async fn a_chain_that_nobody_links_is_reported(hospital: Hospital) {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.simulator.pump().await;
    hospital.verifies().await;
    hospital.time_passes(61);
    let found = hospital.is_checked(None).await;
    assert!(found.audit.overdue > 0 && !found.is_sound(), "{found:#?}");
    seal_audit(hospital.gateway()).await.expect("linked");
    hospital.verifies().await;
}

async fn a_person_lets_a_broken_chain_go_on_and_that_is_kept(hospital: Hospital) {
    a_full_day(&hospital).await;
    let before = hospital.verifies().await.audit.anchor;
    hospital.is_tampered(&format!("DELETE FROM audit_events WHERE seq = {}", before.seq)).await;
    let other = hospital.another_replica(Arc::new(MemoryCache::default())).await;
    accept_end(&other.gateway, &before, "auditor-01").await.expect_err("the chain does not end there");
    let now = mingfen_gateway::service::verify(&other.gateway, None).await.expect("readable").audit.anchor;
    accept_end(&other.gateway, &now, "auditor-01").await.expect("accepted");
    hospital.time_passes(31);
    assert_eq!(seal_audit(&other.gateway).await.expect("linked"), 1);
    let found = mingfen_gateway::service::verify(&other.gateway, None).await.expect("readable");
    assert_eq!(found.audit.broken, Vec::<String>::new());
    let kept = hospital.store().audit_of("audit").await.expect("readable");
    assert_eq!((kept[0].event.actor.as_str(), kept[0].event.detail.clone()), ("auditor-01", now.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_the_anchor_takes_it_back_and_says_what_it_found() {
    let town = Installation::of_one(Room::on_sqlite()).await;
    let _gateway = town.serves(0, None).await;
    let mut patient = town.patient(CARD, App::Wechat).await;
    let reference = patient.pays(&[1]).await.reference();
    until("it is booked", || async { town.state_of(&reference).await.as_deref() == Some("paid") }).await;
    until("everything is linked", || async { town.store.unsealed(1).await.expect("readable").is_empty() })
        .await;
    let said = says(&town, &["verify"], 0).await;
    let anchor = said.lines().find_map(|line| line.strip_prefix("Anchor: ")).expect("an anchor").to_owned();
    says(&town, &["verify", "--anchor", &anchor], 0).await;
    let never = format!("1:{}", "0".repeat(64));
    let said = says(&town, &["verify", "--anchor", &never], 4).await;
    assert!(said.contains(&format!("does not contain the link that was kept: {never}")), "{said}");
    let said = says(&town, &["verify", "--json"], 0).await;
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&said["sound"], &said["audit"]["anchor"]), (&true.into(), &anchor.into()));

    let said = says(&town, &["keys", "usage"], 0).await;
    assert!(said.contains("bills.card_index") && said.contains("Key 1 sealed everything"), "{said}");
    says(&town, &["keys", "reseal", "--by", "it-01"], 0).await;
}

/// Runs a command to its end; answers what it printed.
async fn says(town: &Installation, arguments: &[&str], code: i32) -> String {
    let said = town.runs(arguments).await;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(
        said.status.code(),
        Some(code),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&said.stderr)
    );
    text
}

async fn a_long_trail_is_read_page_by_page(hospital: Hospital) {
    write_events(hospital.store(), 2500).await;
    assert_eq!(seal_audit(hospital.gateway()).await.expect("linked"), 2500);
    assert_eq!(hospital.verifies().await.audit.rows, 2500);
    hospital.is_tampered("UPDATE audit_events SET detail = '' WHERE seq = 2400").await;
    names(&hospital, "on the third page", "audit row 2400: its hash does not fit").await;
}

async fn write_events(store: &Store, count: i64) {
    let mut tx = store.begin().await.expect("a transaction");
    for number in 0..count {
        let at = mingfen_domain::Timestamp::from_ms(1_767_225_600_000 + number);
        let word = |text: &str| text.to_owned();
        let event = AuditEvent {
            at,
            actor: word("auditor-01"),
            action: word("looked"),
            subject: number.to_string(),
            detail: word("x"),
        };
        tx.record(&event).await.expect("kept");
    }
    tx.commit().await.expect("durable");
}
