use crate::samples::{bill_no, hospital, slip_no};
use crate::{Room, stories};
use mingfen_domain::ids::SlipNo;
use mingfen_store::{Claim, Store};

stories!(
    of_many_claimants_of_a_slip_one_wins,
    overlapping_claims_are_all_or_nothing,
    claims_may_be_repeated_and_given_back,
    a_claim_that_is_rolled_back_leaves_the_slips_free,
);

async fn claim(store: &Store, slips: &[SlipNo], number: usize) -> Claim {
    let mut tx = store.begin().await.unwrap();
    let claim = tx.claim_slips(&hospital(), slips, &bill_no(number)).await.unwrap();
    tx.commit().await.unwrap();
    claim
}

async fn of_many_claimants_of_a_slip_one_wins(room: Room) {
    let claims = room
        .all_at_once(32, |store, number| async move {
            claim(&store, &[slip_no(1), slip_no(2), slip_no(3)], number).await
        })
        .await;
    let winners: Vec<usize> = (0..32).filter(|number| claims[*number] == Claim::Done).collect();
    assert_eq!(winners.len(), 1);
    let lost = Claim::HeldBy(vec![bill_no(winners[0])]);
    assert_eq!(claims.iter().filter(|claim| **claim == lost).count(), 31);
}

async fn overlapping_claims_are_all_or_nothing(room: Room) {
    // Claimant n wants the slips n to n + 3 of a ring of 16, listed in an order of its own: nobody may wait for ever.
    let wanted = |number: usize| {
        let mut slips: Vec<SlipNo> = (0..4).map(|step| slip_no((number + step) % 16)).collect();
        slips.rotate_left(number % 4);
        slips
    };
    let claims = room
        .all_at_once(16, move |store, number| async move { claim(&store, &wanted(number), number).await })
        .await;
    let ring: Vec<SlipNo> = (0..16).map(slip_no).collect();
    let held = room.store.claims_on(&hospital(), &ring).await.unwrap();
    for (number, claim) in claims.iter().enumerate() {
        let mine = held.iter().filter(|(_, holder)| *holder == bill_no(number)).count();
        assert_eq!(mine, if *claim == Claim::Done { 4 } else { 0 }, "claimant {number}");
    }
    assert!(claims.contains(&Claim::Done));
}

async fn claims_may_be_repeated_and_given_back(room: Room) {
    let store = &room.store;
    assert_eq!(claim(store, &[slip_no(1)], 1).await, Claim::Done);
    assert_eq!(claim(store, &[slip_no(2), slip_no(1), slip_no(2)], 1).await, Claim::Done);
    assert_eq!(claim(store, &[slip_no(3), slip_no(2)], 2).await, Claim::HeldBy(vec![bill_no(1)]));
    let free = store.claims_on(&hospital(), &[slip_no(3)]).await.unwrap();
    assert!(free.is_empty(), "a refused claim leaves nothing behind");

    let mut tx = store.begin().await.unwrap();
    tx.release_claims(&bill_no(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(store, &[slip_no(3), slip_no(2)], 2).await, Claim::Done);
    assert_eq!(
        store.claims_on(&hospital(), &[slip_no(1), slip_no(2)]).await.unwrap(),
        [(slip_no(2), bill_no(2))]
    );
}

async fn a_claim_that_is_rolled_back_leaves_the_slips_free(room: Room) {
    let mut tx = room.store.begin().await.unwrap();
    tx.claim_slips(&hospital(), &[slip_no(1)], &bill_no(1)).await.unwrap();
    drop(tx);
    assert_eq!(claim(&room.store, &[slip_no(1)], 2).await, Claim::Done);
}
