//! A cashier's desk: one payment found by each of its keys, the latest payments, the figures of the day.

use crate::filling::{FIRST_NUMBER, REFUND_EVERY};
use crate::people::payer_of;
use crate::statements::{Statements, plan};
use crate::{LARGE, ROUNDS, print_times, reads_whole};
use mingfen_gateway::service::desk::{Kind, desk_figures, find_orders, latest_orders};
use mingfen_tests::Hospital;
use std::collections::BTreeSet;
use std::time::Instant;

/// What a person types to find payment `number` in that way.
fn typed(kind: Kind, number: u64) -> String {
    let own = FIRST_NUMBER + number;
    match kind {
        Kind::Bill => format!("B{own}"),
        Kind::Order => format!("P{own}"),
        Kind::Refund => format!("R{own}"),
        Kind::Slip => format!("S{own}"),
        Kind::Provider => format!("4200{own}"),
        Kind::Receipt => format!("RC{own}"),
        Kind::Voucher => format!("B{own}").split_off(5),
        Kind::SlipLink => unreachable!("it holds a card"),
        Kind::ResultLink => format!("https://pay.example.cn/result/VW000000000000{own}"),
        Kind::Card => payer_of(number).card,
        Kind::Phone => payer_of(number).phone,
        Kind::PhoneTail => payer_of(number).phone.split_off(7),
        Kind::Name => payer_of(number).name,
    }
}

/// Prints how long each way takes; answers whether every question finds its rows by an index.
pub async fn measures(hospital: &Hospital, sqlite: bool, rows: u64, statements: &Statements) -> bool {
    let gateway = hospital.gateway();
    let rounds = u64::try_from(ROUNDS).expect("small");
    let mut asked = BTreeSet::new();
    println!("a payment found, as it is typed, every reading of the text looked up:");
    for kind in [
        Kind::Bill,
        Kind::Order,
        Kind::Refund,
        Kind::Slip,
        Kind::Provider,
        Kind::Receipt,
        Kind::Voucher,
        Kind::ResultLink,
        Kind::Card,
        Kind::Phone,
        Kind::PhoneTail,
        Kind::Name,
    ] {
        // Far from each other, and all of them refunded, so that a refund is found too.
        let number = |round: u64| {
            let spread = (round * 7_368_787 + 11) % rows;
            spread / REFUND_EVERY * REFUND_EVERY + 3
        };
        asked.extend(
            statements
                .of(async {
                    drop(find_orders(gateway, &typed(kind, number(rounds)), None, None, "staff:0201").await)
                })
                .await,
        );
        let (mut times, mut hits) = (Vec::new(), 0);
        for round in 0..rounds {
            let text = typed(kind, number(round));
            let began = Instant::now();
            let found = find_orders(gateway, &text, None, None, "staff:0201").await.expect("readable");
            times.push(began.elapsed());
            let of_kind = found.readings.iter().find(|reading| reading.kind == kind);
            let of_kind = of_kind.unwrap_or_else(|| panic!("{text} is not read as {kind:?}"));
            assert!(of_kind.hits > 0, "{text} is not found as {kind:?}");
            hits += of_kind.hits;
        }
        print_times(&format!("{}, {} lines on average", kind.key(), hits / ROUNDS), &mut times);
    }
    for name in ["the latest fifty payments", "the figures above them"] {
        let look = async || match name {
            "the latest fifty payments" => drop(latest_orders(gateway, None, 50).await.expect("readable")),
            _ => drop(desk_figures(gateway).await.expect("readable")),
        };
        asked.extend(statements.of(look()).await);
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let began = Instant::now();
            look().await;
            times.push(began.elapsed());
        }
        print_times(name, &mut times);
    }
    let mut sound = true;
    for sql in &asked {
        let plan = plan(hospital, sqlite, sql).await;
        let whole = plan.iter().any(|line| LARGE.iter().any(|table| reads_whole(line, table)));
        if whole {
            sound = false;
            println!("!! {sql}");
            for line in plan {
                println!("   {line}");
            }
        }
    }
    println!("{} questions, each planned for whatever it is asked for", asked.len());
    sound
}
