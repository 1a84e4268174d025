//! What every payment waits for: signing a request, verifying an answer, verifying and opening a notification.
//!
//! `cargo bench -p mingfen-providers`. The numbers belong to the machine; only ratios travel.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mingfen_domain::ids::ChannelId;
use mingfen_domain::{Clock, Random, Timestamp};
use mingfen_provider_api::{BuildContext, Notifications, RawNotification};
use mingfen_providers::keys;
use mingfen_providers::wechat::Wechat;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

const KEY: &str = include_str!("../testdata/keys/vector-pkcs8.pem");
const PUBLIC: &str = include_str!("../testdata/keys/vector-spki.pem");
const BODY: &str = include_str!("../testdata/wechat/v5-notification.json");
const SIGNATURES: &str = include_str!("../testdata/wechat/signatures.txt");
const BILL: &str = include_str!("../testdata/wechat/v9-trades-all.csv");
const RECEIVED_AT: i64 = 1_767_240_031;
const SERIAL: &str = "PUB_KEY_ID_0114232134912410000000000000";

struct Then;
impl Clock for Then {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(RECEIVED_AT)
    }
}

struct Zero;
impl Random for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn channel() -> Wechat {
    let context = BuildContext {
        channel: ChannelId::parse("wechat").expect("a channel"),
        clock: Arc::new(Then),
        random: Arc::new(Zero),
        base_dir: PathBuf::from("/"),
    };
    let table = format!(
        "mchid = \"1900000001\"\nappid = \"wx1111111111111111\"\napp_secret = \"secret\"\n\
         api_v3_key = \"0123456789abcdef0123456789ABCDEF\"\nmerchant_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\n\
         merchant_private_key = '''{KEY}'''\npublic_key_id = \"{SERIAL}\"\npublic_key = '''{PUBLIC}'''\n\
         api_base_url = \"http://127.0.0.1:9\"\ntoken_base_url = \"http://127.0.0.1:9\"\n"
    );
    Wechat::build(&context, &toml::from_str(&table).expect("a table")).expect("a channel")
}

fn notification() -> RawNotification {
    let signature = SIGNATURES.lines().find_map(|line| line.strip_prefix("v5 ")).expect("the vector");
    let headers = [
        ("wechatpay-timestamp", "1767240031"),
        ("wechatpay-nonce", "c5ac7061fccab6bf3e254dcf98995b8c"),
        ("wechatpay-signature", signature),
        ("wechatpay-serial", SERIAL),
    ];
    RawNotification {
        headers: headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: BODY.as_bytes().to_vec(),
        received_at: Timestamp::from_seconds(RECEIVED_AT),
    }
}

fn signatures(criterion: &mut Criterion) {
    let signer = keys::private_key(KEY).expect("the vector's key");
    let verifier = keys::public_key(PUBLIC).expect("the vector's key");
    let message = &BODY.as_bytes()[..500];
    let signature = signer.sign(message).expect("signs");
    let mut group = criterion.benchmark_group("rsa 2048");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign", |bencher| bencher.iter(|| signer.sign(black_box(message))));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| verifier.verifies(black_box(message), black_box(&signature)))
    });
    group.finish();
}

fn notifications(criterion: &mut Criterion) {
    let channel = channel();
    let raw = notification();
    assert!(channel.verify(&raw).is_ok(), "the vector is genuine");
    let mut group = criterion.benchmark_group("wechat");
    group.throughput(Throughput::Elements(1));
    group.bench_function("notification verify and open", |bencher| {
        bencher.iter(|| channel.verify(black_box(&raw)))
    });
    group.finish();
}

/// Vector V9 with its payment row a hundred thousand times.
fn bills(criterion: &mut Criterion) {
    use mingfen_provider_api::statement::Statements;
    const ROWS: usize = 100_000;
    let lines: Vec<&str> = BILL.split("\r\n").collect();
    let mut text = format!("{}\r\n", lines[0]);
    for _ in 0..ROWS {
        text.push_str(lines[1]);
        text.push_str("\r\n");
    }
    text.push_str(lines[3]);
    text.push_str("\r\n`100000,`1250000.00,`0.00,`0.00,`8000.00000,`1250000.00,`0.00\r\n");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("bench.csv");
    std::fs::write(&file, &text).expect("written");
    let channel = channel();
    assert!(channel.parse_trades(&file, &mut |_| ()).is_ok(), "the file is sound");
    let mut group = criterion.benchmark_group("wechat");
    group.throughput(Throughput::Bytes(u64::try_from(text.len()).unwrap_or_default()));
    group.sample_size(10);
    group.bench_function("trade bill, 100 000 rows", |bencher| {
        bencher.iter(|| {
            channel.parse_trades(black_box(&file), &mut |line| {
                black_box(line);
            })
        })
    });
    group.finish();
}

criterion_group!(benches, signatures, notifications, bills);
criterion_main!(benches);
