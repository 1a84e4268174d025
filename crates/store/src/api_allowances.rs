//! How much an API key may still refund on a day: one conditional update, so that parallel requests never exceed it.

use crate::errors::Result;
use crate::offer::{reads, writes};
use mingfen_domain::{BusinessDay, Fen};
use sqlx::{AnyConnection, query, query_scalar};

reads! {
    /// What the key has used of that day's allowance.
    allowance_used(api_key: &str, day: BusinessDay) -> Fen;
}

writes! {
    /// Uses a part of the day's allowance; `false`, and nothing is used, when that would be more than `most` in all.
    use_allowance(api_key: &str, day: BusinessDay, amount: Fen, most: Fen) -> bool;
    /// Gives a part back that was not needed after all.
    return_allowance(api_key: &str, day: BusinessDay, amount: Fen) -> ();
    /// Forgets the days before that one.
    purge_allowances(before: BusinessDay) -> u64;
}

async fn allowance_used(connection: &mut AnyConnection, api_key: &str, day: BusinessDay) -> Result<Fen> {
    let spent: Option<i64> =
        query_scalar("SELECT spent_fen FROM api_allowances WHERE api_key = $1 AND day = $2")
            .bind(api_key)
            .bind(day.to_string())
            .fetch_optional(connection)
            .await?;
    Ok(Fen::new(spent.unwrap_or(0)))
}

async fn use_allowance(
    connection: &mut AnyConnection,
    api_key: &str,
    day: BusinessDay,
    amount: Fen,
    most: Fen,
) -> Result<bool> {
    if amount > most {
        return Ok(false);
    }
    let done = query(
        "INSERT INTO api_allowances (
            api_key,
            day,
            spent_fen
        )
        VALUES ($1, $2, $3)
        ON CONFLICT (api_key, day) DO UPDATE
        SET spent_fen = api_allowances.spent_fen + excluded.spent_fen
        WHERE api_allowances.spent_fen <= $4 - excluded.spent_fen",
    )
    .bind(api_key)
    .bind(day.to_string())
    .bind(amount.get())
    .bind(most.get())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn return_allowance(
    connection: &mut AnyConnection,
    api_key: &str,
    day: BusinessDay,
    amount: Fen,
) -> Result<()> {
    query(
        "UPDATE api_allowances
        SET spent_fen = spent_fen - $1
        WHERE api_key = $2 AND day = $3 AND spent_fen >= $1",
    )
    .bind(amount.get())
    .bind(api_key)
    .bind(day.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

async fn purge_allowances(connection: &mut AnyConnection, before: BusinessDay) -> Result<u64> {
    let done = query("DELETE FROM api_allowances WHERE day < $1")
        .bind(before.to_string())
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
