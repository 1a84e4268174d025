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
}

/// What a caller can be allowed. The gateway has a type for each; a test of the program compares the two lists.
pub const RIGHTS: [&str; 4] = ["slips", "orders", "refunds", "tasks"];

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
    let secret = section.secret("secret", "secret_file", "the secret that requests are signed with");
    let length = secret.reveal().chars().count();
    if (1..SHORTEST_SECRET).contains(&length) {
        let wanted =
            format!("at least {SHORTEST_SECRET} characters are wanted (`mingfen keys generate secret`)");
        section.wrong("secret", format!("{length} characters long (hidden)"), wanted);
    }
    let may = section.words("may", "\"slips\", \"orders\", \"refunds\", \"tasks\"");
    for word in may.iter().filter(|word| !RIGHTS.contains(&word.as_str())) {
        let hint = suggest::nearest(word, RIGHTS)
            .map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        section.wrong("may", format!("{word:?}"), format!("one of {} is wanted{hint}", RIGHTS.join(", ")));
    }
    section.end();
    ApiCaller { id, secret, may }
}
