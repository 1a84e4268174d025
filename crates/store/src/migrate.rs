//! The schema: one embedded list of migrations an engine, append-only, checked by hash before anything is applied.

use crate::Store;
use crate::engine::Engine;
use crate::errors::Result;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::query_scalar;

/// Names every migration once; its number is its place, and the two texts lie under `migrations/`.
macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        const MIGRATIONS: &[(i64, &str, &str, &str)] = &[$((
            $version,
            $name,
            include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        )),+];
    };
}

migrations! {
    1 "0001_bills",
    2 "0002_payments",
    3 "0003_news",
    4 "0004_write_backs",
    5 "0005_refunds",
    6 "0006_journal",
    7 "0007_audit",
    8 "0008_tasks",
    9 "0009_api_answers",
    10 "0010_notices",
    11 "0011_second_thoughts",
    12 "0012_audit_ends",
    13 "0013_api_answers_sealed",
    14 "0014_api_nonces",
    15 "0015_api_allowances",
    16 "0016_revoked_links",
    17 "0017_day_lists",
    18 "0018_reconciliation",
    19 "0019_arrival_verdict",
    20 "0020_parts_of_lines",
    21 "0021_parts_of_payments",
    22 "0022_staff",
    23 "0023_audit_search",
    24 "0024_api_keys",
    25 "0025_finding_payments",
    26 "0026_refund_requests",
    27 "0027_finding_handling",
    28 "0028_pending_findings",
    29 "0029_brought_files",
    30 "0030_takings",
    31 "0031_shifts",
    32 "0032_refunds_by_person",
    33 "0033_rules",
    34 "0034_texts",
    35 "0035_countersigned_shifts",
}

/// Where the engine keeps which migrations were applied.
const APPLIED: &str = "_sqlx_migrations";

fn migrator(engine: Engine) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, name, sqlite, postgres)| {
        let sql = match engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        };
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

impl Store {
    /// Applies what is missing and says how many that were when it looked. Refuses when an applied migration is not the one we know.
    ///
    /// Safe to call from several processes at once: they wait for each other.
    pub async fn migrate(&self) -> Result<usize> {
        let pending = self.pending_migrations().await?.len();
        let migrator = migrator(self.engine());
        match self.engine() {
            // The write lock makes a second process wait, and then find nothing to do.
            Engine::Sqlite => {
                let mut transaction = self.shared.pools.writer.begin_with("BEGIN IMMEDIATE").await?;
                migrator.run(&mut *transaction).await?;
                transaction.commit().await?;
            }
            // The migrator takes an advisory lock of its own.
            Engine::Postgres => migrator.run(&mut *self.shared.pools.writer.acquire().await?).await?,
        }
        Ok(pending)
    }

    /// The names of the migrations that were not applied yet, oldest first.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        let mut connection = self.reader().await?;
        let connection = connection.as_mut();
        let applied: Vec<i64> = if self.engine().has_table(connection, APPLIED).await? {
            query_scalar("SELECT version FROM _sqlx_migrations WHERE success").fetch_all(connection).await?
        } else {
            Vec::new()
        };
        let is_missing = |version: i64| !applied.contains(&version);
        let missing = MIGRATIONS.iter().filter(|(version, ..)| is_missing(*version));
        Ok(missing.map(|(_, name, ..)| (*name).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_schemas_differ_in_the_word_for_bytes_only() {
        let words = |sql: &str| sql.replace("BYTEA", "BLOB").split_whitespace().collect::<Vec<_>>().join(" ");
        for (place, (version, name, sqlite, postgres)) in (1_i64..).zip(MIGRATIONS) {
            assert_eq!(*version, place);
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
            assert_eq!(words(sqlite), words(postgres), "{name}");
        }
    }
}
