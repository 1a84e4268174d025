//! A key is replaced while the hospital works: nothing is lost meanwhile, and in the end the old key can be taken out.

use mingfen_gateway::Gateway;
use mingfen_gateway::cache::MemoryCache;
use mingfen_gateway::service::{key_usage, order_story, reseal, seal_audit, verify};
use mingfen_tests::{App, Arrangement, CARD, Hospital, Replica, keyring};
use std::collections::BTreeMap;
use std::sync::Arc;

stories!(
    an_old_key_is_retired_and_nothing_is_lost,
    a_new_key_in_front_empties_no_history,
    what_another_replica_seals_meanwhile_is_sealed_by_the_next_run,
    what_does_not_open_is_named_and_left_as_it_is,
);

/// A replica with these keys beside the first one, which has key 1.
async fn with_keys(hospital: &Hospital, numbers: &[u8], current: u8) -> Replica {
    let arrangement = Arrangement { keyring: keyring(numbers, current), ..Arrangement::default() };
    hospital.replica_arranged(Arc::new(MemoryCache::default()), &arrangement).await
}

async fn pays_one_slip(hospital: &Hospital) -> String {
    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.lives_through(10, 5).await;
    let paid = hospital.simulator.ledger().payments.into_iter().rfind(|payment| payment.paid_fen > 0);
    paid.expect("paid").out_trade_no
}

/// Values by key, over all columns.
async fn by_key(gateway: &Gateway) -> BTreeMap<Option<u8>, i64> {
    let mut sum = BTreeMap::new();
    for column in key_usage(gateway).await.expect("readable") {
        for (key, number) in column.values {
            *sum.entry(key).or_default() += number;
        }
    }
    sum
}

/// How many payments the patient's own page lists at that replica.
async fn listed(hospital: &Hospital, replica: &Replica) -> usize {
    let mut patient = hospital.patient_at(replica, CARD, App::Wechat).await;
    patient.scans().await;
    let page = patient.opens(&format!("{}/history", replica.public_url)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text.matches("href=\"/receipt/").count()
}

async fn an_old_key_is_retired_and_nothing_is_lost(hospital: Hospital) {
    let order = pays_one_slip(&hospital).await;
    let before = hospital.story(&order).await;
    let both = with_keys(&hospital, &[1, 2], 2).await;
    let kept = by_key(&both.gateway).await;
    assert!(kept[&Some(1)] > 5 && !kept.contains_key(&Some(2)), "{kept:?}");

    let mut told = 0;
    let done = reseal(&both.gateway, "it-01", |_| told += 1).await.expect("sealed again");
    assert!(told > 0 && done.iter().all(|column| column.unreadable.is_empty()), "{done:#?}");
    let of = |column: &str| done.iter().find(|one| one.column == column).map(|one| one.done);
    assert_eq!(of("bills.card_index"), Some(1), "{done:#?}");
    assert_eq!(of("bills.patient_sealed"), Some(1), "{done:#?}");
    assert_eq!(of("audit_ends.end_sealed"), Some(1), "{done:#?}");
    let now = by_key(&both.gateway).await;
    assert_eq!(now.keys().copied().collect::<Vec<_>>(), [Some(2)], "{now:?}");
    assert_eq!(now.values().sum::<i64>(), kept.values().sum::<i64>());

    // Key 1 is taken out.
    let new = with_keys(&hospital, &[2], 2).await;
    let after = order_story(&new.gateway, &order).await.expect("readable").expect("known");
    assert_eq!((&after.patient, after.received), (&before.patient, before.received));
    assert_eq!(hospital.kept_notifications_with(&keyring(&[2], 2)).await.len(), 1);
    hospital.time_passes(31);
    seal_audit(&new.gateway).await.expect("the chain goes on");
    let found = verify(&new.gateway, None).await.expect("readable");
    assert!(found.is_sound(), "{found:#?}");
    let told = hospital.store().audit_of("keys").await.expect("readable");
    assert_eq!((told[0].event.actor.as_str(), told[0].event.action.as_str()), ("it-01", "keys.resealed"));
}

async fn a_new_key_in_front_empties_no_history(hospital: Hospital) {
    pays_one_slip(&hospital).await;
    let listed_before = listed(&hospital, &hospital.replica).await;
    assert_eq!(listed_before, 1);
    let both = with_keys(&hospital, &[2, 1], 2).await;
    assert_eq!(listed(&hospital, &both).await, 1, "found under the older key");
    reseal(&both.gateway, "it-01", |_| ()).await.expect("sealed again");
    assert_eq!(listed(&hospital, &both).await, 1, "found under the new key");
    // As it was kept before the key's number stood in front of an index.
    hospital.is_tampered("UPDATE bills SET card_index = substr(card_index, 4)").await;
    assert_eq!(listed(&hospital, &both).await, 1, "found without a number");
    assert_eq!(by_key(&both.gateway).await[&None], 1);
    reseal(&both.gateway, "it-01", |_| ()).await.expect("sealed again");
    assert!(!by_key(&both.gateway).await.contains_key(&None));
}

async fn what_another_replica_seals_meanwhile_is_sealed_by_the_next_run(hospital: Hospital) {
    let both = with_keys(&hospital, &[1, 2], 2).await;
    pays_one_slip(&hospital).await;
    reseal(&both.gateway, "it-01", |_| ()).await.expect("sealed again");
    let again = reseal(&both.gateway, "it-01", |_| ()).await.expect("sealed again");
    assert!(again.iter().all(|column| column.done == 0), "nothing twice: {again:#?}");

    let mut patient = hospital.patient(CARD, App::Wechat).await;
    patient.pays(&[1]).await;
    hospital.simulator.pump().await;
    assert!(by_key(&both.gateway).await[&Some(1)] > 0, "by a replica that was not restarted yet");
    let again = reseal(&both.gateway, "it-01", |_| ()).await.expect("sealed again");
    assert!(again.iter().any(|column| column.done > 0), "{again:#?}");
    let now = by_key(&both.gateway).await;
    assert_eq!(now.keys().copied().collect::<Vec<_>>(), [Some(2)], "{now:?}");
}

async fn what_does_not_open_is_named_and_left_as_it_is(hospital: Hospital) {
    let order = pays_one_slip(&hospital).await;
    let too_early = with_keys(&hospital, &[2], 2).await;
    let kept = by_key(&too_early.gateway).await;
    let done = reseal(&too_early.gateway, "it-01", |_| ()).await.expect("as far as it goes");
    assert!(done.iter().all(|column| column.done == 0), "{done:#?}");
    assert!(
        done.iter()
            .any(|column| column.column == "payments.payer_sealed" && column.unreadable == [order.clone()]),
        "{done:#?}"
    );
    assert_eq!(by_key(&too_early.gateway).await, kept);
    assert!(hospital.story(&order).await.patient.contains("card"), "key 1 still opens it");
}
