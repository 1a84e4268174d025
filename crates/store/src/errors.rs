//! One error for the crate: what a caller treats differently, and nothing of what was stored.

/// Why the store could not do as asked. Absence is an `Option`, never an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The effect exists already; names the constraint as the engine does, never the value.
    #[error("it is there already: {0}")]
    UniqueViolation(String),
    /// Somebody changed the row since it was read, or it is gone. Read it again and decide again.
    #[error("{table} {key} was changed by somebody else")]
    Stale {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
    },
    /// The data contradict themselves; a person must look.
    #[error("{table} {key}: column {column} {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The schema is not what this program expects, or could not be made so.
    #[error("the schema could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The engine failed, is not there, or refused for another reason.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// Whether the same transaction, begun anew, may well succeed: a deadlock, a lock that took too long, a lost connection.
    ///
    /// A failed commit on a lost connection may have been carried out all the same: only repeat what is idempotent.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => is_transient_code(error.code().as_deref()),
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::WorkerCrashed
                    | sqlx::Error::BeginFailed
            ),
            Self::Stale { .. } => true,
            Self::UniqueViolation(_) | Self::Inconsistent { .. } | Self::Migration(_) => false,
        }
    }
}

/// PostgreSQL: serialization failure, deadlock, lock not available, shutting down; SQLite: busy, busy snapshot, locked.
fn is_transient_code(code: Option<&str>) -> bool {
    matches!(code, Some("40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "5" | "517" | "6"))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                let constraint = database.constraint().unwrap_or_else(|| database.message()).to_owned();
                Self::UniqueViolation(constraint)
            }
            other => Self::Database(other),
        }
    }
}

/// Checks that exactly one row was changed; none means that its version moved on or that it is gone.
pub(crate) fn exactly_one(rows: u64, table: &'static str, key: &str) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Stale { table, key: key.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_is_worth_another_try_and_a_contradiction_is_not() {
        assert!(is_transient_code(Some("40P01")));
        assert!(!is_transient_code(Some("23505")));
        assert!(StoreError::Stale { table: "bills", key: "B1".into() }.is_transient());
        let contradiction = StoreError::Inconsistent {
            table: "bills",
            key: "B1".into(),
            column: "state",
            problem: "is \"shut\"".into(),
        };
        assert!(!contradiction.is_transient());
        assert_eq!(contradiction.to_string(), "bills B1: column state is \"shut\"");
    }
}
