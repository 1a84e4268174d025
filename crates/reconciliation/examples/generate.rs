//! A day of a large hospital for the benchmark: a bill in WeChat Pay's format, HIS's ledger, and the answer key.
//!
//! `generate DIR PAIRS`. Rows are shuffled, about 0.3 % of the pairs are not plainly matched, and the same arguments give the
//! same files.
#![allow(clippy::print_stdout, reason = "a command")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

const BILL_HEADER: &str = "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
const HIS_HEADER: &str =
    "流水号,类型,商户订单号,退款单号,渠道交易号,金额,记账时间,状态,科室,收费员,就诊卡号,备注\n";
const DEPARTMENTS: [&str; 6] = ["心内科门诊", "儿科", "放射科", "检验科", "中药房", "急诊科"];

#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    Amount,
    ChannelOnly,
    HisOnly,
    TwiceInChannel,
    TwiceInHis,
    OtherDay,
    Cancelled,
}

/// A pair: a payment, or every 25th the refund of the payment before it.
struct Pair {
    order: String,
    refund: Option<String>,
    fen: u64,
    second: u64,
    trouble: Trouble,
    mixed: u64,
}

/// SplitMix64: a number from a number.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn order_no(index: u64) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKMNPQRSTVWXYZ0123456789";
    let (high, low) = (mix(index), mix(!index));
    let letters = (0..14).map(|place| {
        let bits = if place < 10 { high >> (place * 5) } else { low >> ((place - 10) * 5) };
        char::from(ALPHABET[(bits & 31) as usize])
    });
    format!("P261125{}", letters.collect::<String>())
}

fn pair(index: u64) -> Pair {
    let is_refund = index % 25 == 24;
    let paid = if is_refund { index - 1 } else { index };
    let fen = 100 + mix(paid ^ 1) % 60_000;
    let mixed = mix(index ^ 0x5eed_0000);
    // An order with a refund has its trouble in the refund only, so that the key says one thing of it.
    let has_refund = index % 25 == 23;
    let trouble = if has_refund || mixed % 10_000 >= 32 {
        Trouble::None
    } else {
        match (mixed >> 20) % if is_refund { 3 } else { 7 } {
            0 => Trouble::Amount,
            1 => Trouble::ChannelOnly,
            2 => Trouble::HisOnly,
            3 => Trouble::TwiceInChannel,
            4 => Trouble::TwiceInHis,
            5 => Trouble::OtherDay,
            _ => Trouble::Cancelled,
        }
    };
    Pair {
        order: order_no(paid),
        refund: is_refund.then(|| format!("R{}", &order_no(index)[1..])),
        fen: if is_refund { fen / 2 } else { fen },
        second: 7 * 3600 + mix(index ^ 2) % (12 * 3600),
        trouble,
        mixed,
    }
}

impl Trouble {
    fn word(self, is_refund: bool) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            // HIS books one fen less.
            Self::Amount => "amount_over",
            Self::ChannelOnly if is_refund => "refund_missing_in_his",
            Self::ChannelOnly => "channel_only",
            Self::HisOnly if is_refund => "refund_missing_in_channel",
            Self::HisOnly => "his_only",
            Self::TwiceInChannel => "duplicate_in_channel",
            Self::TwiceInHis => "duplicate_in_his",
            Self::OtherDay => "cross_day",
            Self::Cancelled => "status_mismatch",
        })
    }
}

/// A bijection of `0..count`: three rounds over a power of two, walked until the number is inside.
fn shuffled(index: u64, count: u64, seed: u64) -> u64 {
    let bits = count.next_power_of_two().trailing_zeros().max(2);
    let mask = (1_u64 << bits) - 1;
    let mut at = index;
    loop {
        for round in 0..3 {
            at = at.wrapping_mul(0x9e37_79b9_7f4a_7c15 | 1).wrapping_add(mix(seed + round)) & mask;
            at ^= at >> (bits / 2);
        }
        if at < count {
            return at;
        }
    }
}

fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn clock(second: u64) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(count)) =
        (arguments.next(), arguments.next().and_then(|count| count.parse::<u64>().ok()))
    else {
        println!("usage: generate DIR PAIRS");
        return Ok(());
    };
    let directory = PathBuf::from(directory);
    std::fs::create_dir_all(&directory)?;
    let open =
        |name: &str| File::create(directory.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file));
    let (mut bill, mut his, mut key) = (open("bill.csv")?, open("his.csv")?, open("key.csv")?);
    bill.write_all(BILL_HEADER.as_bytes())?;
    his.write_all(HIS_HEADER.as_bytes())?;
    let (mut rows, mut paid, mut refunded, mut fees) = (0_u64, 0_u64, 0_u64, 0_i64);
    for index in 0..count {
        let there = pair(shuffled(index, count, 1));
        let times = match there.trouble {
            Trouble::HisOnly => 0,
            Trouble::TwiceInChannel => 2,
            _ => 1,
        };
        for _ in 0..times {
            let fee = (there.fen * 6 + 500) / 1000;
            let (order_fen, refund_fen) =
                if there.refund.is_some() { (0, there.fen) } else { (there.fen, 0) };
            let (sign, state, refund_state) =
                if there.refund.is_some() { ("-", "REFUND", "SUCCESS") } else { ("", "SUCCESS", "") };
            let (refund_no, wechat_refund) = match &there.refund {
                Some(number) => (number.as_str(), "50300009992026112510000000001"),
                None => ("0", "0"),
            };
            write!(
                bill,
                "`2026-11-25 {},`wx1111111111111111,`1900000001,`0,`,`42000099992026{:014},`{},`oTEST{:023},`JSAPI,`{state},`OTHERS,`CNY,`{},`0.00,`{wechat_refund},`{refund_no},`{},`0.00,`{},`{refund_state},`门诊缴费,`REG:{:06},`{sign}{}000,`0.60%,`{},`{},`\r\n",
                clock(there.second),
                there.mixed % 100_000_000_000_000,
                there.order,
                there.mixed >> 8,
                yuan(order_fen),
                yuan(refund_fen),
                if there.refund.is_some() { "ORIGINAL" } else { "" },
                there.mixed % 1_000_000,
                yuan(fee),
                yuan(order_fen),
                yuan(refund_fen)
            )?;
            rows += 1;
            paid += order_fen;
            refunded += refund_fen;
            fees += if there.refund.is_some() { -(fee as i64) } else { fee as i64 };
        }
        if let Some(word) = there.trouble.word(there.refund.is_some()) {
            writeln!(key, "{word},{},{}", there.order, there.refund.as_deref().unwrap_or_default())?;
        }
        let there = pair(shuffled(index, count, 77));
        let times = match there.trouble {
            Trouble::ChannelOnly => 0,
            Trouble::TwiceInHis => 2,
            _ => 1,
        };
        for _ in 0..times {
            let fen = if there.trouble == Trouble::Amount { there.fen - 1 } else { there.fen };
            let (kind, sign) = if there.refund.is_some() { ("退费", "-") } else { ("支付", "") };
            let day = if there.trouble == Trouble::OtherDay { 26 } else { 25 };
            let state = if there.trouble == Trouble::Cancelled { "作废" } else { "正常" };
            writeln!(
                his,
                "{},{kind},{},{},42000099992026{:014},{sign}{},2026-11-{day} {},{state},{},SF{:03},MZ{:08},",
                mix(index) >> 20,
                there.order,
                there.refund.as_deref().unwrap_or_default(),
                there.mixed % 100_000_000_000_000,
                yuan(fen),
                clock(there.second + 1),
                DEPARTMENTS[(there.mixed % 6) as usize],
                there.mixed % 40,
                there.mixed % 100_000_000
            )?;
        }
    }
    let fee_sign = if fees < 0 { "-" } else { "" };
    write!(
        bill,
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n`{rows},`{},`{},`0.00,`{fee_sign}{}000,`{},`{}\r\n",
        yuan(paid),
        yuan(refunded),
        yuan(fees.unsigned_abs()),
        yuan(paid),
        yuan(refunded)
    )?;
    bill.flush()?;
    his.flush()?;
    key.flush()
}
