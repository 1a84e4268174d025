//! `[api]`: who may call the signed API, and for what.

use crate::reader::Reading;
use crate::secret::Secret;
use crate::suggest;

/// The callers of the signed API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// In the order of their names.
    pub callers: Vec<ApiCaller>,
}

/// One caller.
#[derive(Clone, Debug)]
pub struct ApiCaller {
    /// Its key id.
    pub id: String,
    /// What its requests are signed with.
    pub secret: Secret,
    /// Words out of [`RIGHTS`].
    pub may: Vec<String>,
    /// Requests a minute.
    pub per_minute: u32,
    /// The largest single refund in fen.
    pub max_refund_fen: i64,
    /// All refunds of a day in fen.
    pub max_refund_fen_per_day: i64,
}

/// What a caller can be allowed. The gateway has a type for each; a test of the program compares the two lists.
pub const RIGHTS: [&str; 8] =
    ["slips", "unpaid", "orders", "order_stories", "close_orders", "refunds", "day_lists", "tasks"];

/// Names that the program itself puts in front of request numbers: a caller of that name could take one of them.
const RESERVED: [&str; 3] = ["auto", "cli", "hand"];

/// What a key gets that says nothing else. Enough for a window; a hospital that pays more back says so.
const PER_MINUTE: i64 = 600;
const MAX_REFUND_FEN: i64 = 500_000;
const MAX_REFUND_FEN_PER_DAY: i64 = 5_000_000;
/// Ten million yuan: more than any refund, so that a mistyped number is noticed.
const MOST_FEN: i64 = 1_000_000_000;

/// Fewer characters than this can be guessed from one signed request.
pub const SHORTEST_SECRET: usize = 32;

pub(crate) fn read(reading: &mut Reading<'_>) -> ApiSettings {
    let callers = reading.named("api", Some("keys")).into_iter().map(|(id, _)| caller(reading, id)).collect();
    let mut section = reading.section("api");
    section.expects("keys");
    section.end();
    ApiSettings { callers }
}

fn caller(reading: &mut Reading<'_>, id: String) -> ApiCaller {
    let mut section = reading.named_section("api", Some("keys"), &id);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.len() > 32 || !id.bytes().all(allowed) {
        section.wrong("", format!("{id:?}"), "a key id of 1 to 32 lower-case letters, digits or - is wanted");
    }
    if RESERVED.contains(&id.as_str()) {
        section.wrong(
            "",
            format!("{id:?}"),
            format!("another key id is wanted: {} are the program's own", RESERVED.join(", ")),
        );
    }
    let secret = section.secret("secret", "secret_file", "the secret that requests are signed with");
    let length = secret.reveal().chars().count();
    if (1..SHORTEST_SECRET).contains(&length) {
        let wanted =
            format!("at least {SHORTEST_SECRET} characters are wanted (`mingfen keys generate secret`)");
        section.wrong("secret", format!("{length} characters long (hidden)"), wanted);
    }
    let may = section.words("may", &RIGHTS.map(|word| format!("{word:?}")).join(", "));
    for word in may.iter().filter(|word| !RIGHTS.contains(&word.as_str())) {
        let hint = suggest::nearest(word, RIGHTS)
            .map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        section.wrong("may", format!("{word:?}"), format!("one of {} is wanted{hint}", RIGHTS.join(", ")));
    }
    let per_minute = section.number_or("per_minute", PER_MINUTE, 1, 1_000_000);
    let max_refund_fen = section.number_or("max_refund_fen", MAX_REFUND_FEN, 0, MOST_FEN);
    let max_refund_fen_per_day =
        section.number_or("max_refund_fen_per_day", MAX_REFUND_FEN_PER_DAY, 0, MOST_FEN);
    section.end();
    ApiCaller {
        id,
        secret,
        may,
        per_minute: u32::try_from(per_minute).unwrap_or(1),
        max_refund_fen,
        max_refund_fen_per_day,
    }
}
