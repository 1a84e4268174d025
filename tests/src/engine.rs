//! A fresh database on each engine.

use mingfen_store::Store;
use sqlx::{AnyConnection, Connection, Executor, query_scalar};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// A database that nobody else uses.
pub struct Room {
    /// Its address.
    pub url: String,
    directory: Option<TempDir>,
}

impl Room {
    /// A file in a directory that goes with the room.
    pub fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("mingfen.db").display());
        Self { url, directory: Some(directory) }
    }

    /// A schema of its own in the database of `MINGFEN_TEST_POSTGRES`.
    pub async fn on_postgres() -> Self {
        let server = required("MINGFEN_TEST_POSTGRES");
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&server).await.expect("the test database answers");
        let name: String = query_scalar("SELECT 'box_' || replace(CAST(gen_random_uuid() AS TEXT), '-', '')")
            .fetch_one(&mut connection)
            .await
            .expect("a name");
        connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"))))
            .await
            .expect("a schema");
        connection.close().await.expect("closed");
        let mark = if server.contains('?') { '&' } else { '?' };
        Self { url: format!("{server}{mark}options=-csearch_path%3D{name}"), directory: None }
    }

    /// Writes past the store, as a hand at the database would; it must find something to change.
    pub async fn tamper(&self, sql: &str) {
        assert!(self.execute(sql).await > 0, "nothing to tamper with: {sql}");
    }

    /// The same, whatever it finds; answers how many rows it changed.
    pub async fn execute(&self, sql: &str) -> u64 {
        let mut connection = AnyConnection::connect(&self.url).await.expect("the database answers");
        let done = connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.close().await.expect("closed");
        done.rows_affected()
    }

    /// Whether it is SQLite.
    pub const fn is_sqlite(&self) -> bool {
        self.directory.is_some()
    }
}

/// Makes the schema. One room after the other: PostgreSQL lets one migration run at a time in a whole database, and who waits
/// for it there for long is sent away.
pub(crate) async fn migrate(store: &Store) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _turn = ONE_AT_A_TIME.lock().await;
    store.migrate().await.expect("the schema is made");
}

/// A service that `tests/services.sh` starts; without it the run fails and says how to start it.
pub fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set. Run the tests with tests/services.sh, which starts the servers: tests/services.sh cargo test")
    })
}
