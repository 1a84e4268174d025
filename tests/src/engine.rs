//! A fresh database on each engine.

use mingfen_store::{Store, StoreSettings};
use sqlx::{AnyConnection, Connection, Executor, query_scalar};
use std::sync::OnceLock;
use std::{fs, thread};
use tempfile::TempDir;
use tokio::runtime;
use tokio::sync::OnceCell;
use url::Url;

/// A database with the schema, which nobody else uses.
pub struct Room {
    /// Its address.
    pub url: String,
    directory: Option<TempDir>,
}

impl Room {
    /// A file in a directory that goes with the room.
    pub fn on_sqlite() -> Self {
        static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
        // Rooms are opened inside a runtime too, where no other may be waited for.
        let model = MODEL.get_or_init(|| thread::spawn(sqlite_model).join().expect("the schema is made"));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("mingfen.db");
        fs::write(&path, model).expect("a copy of the model");
        Self { url: format!("sqlite://{}?mode=rwc", path.display()), directory: Some(directory) }
    }

    /// A database of its own beside that of `MINGFEN_TEST_POSTGRES`.
    pub async fn on_postgres() -> Self {
        static MODEL: OnceCell<String> = OnceCell::const_new();
        let model = MODEL.get_or_init(postgres_model).await;
        Self { url: postgres_database("room", Some(model)).await, directory: None }
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

/// What every room on SQLite is a copy of: the schema is made once, by the program's own migrations.
fn sqlite_model() -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("model.db");
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // The last connection that is closed puts everything into the file.
    runtime.block_on(migrate(&format!("sqlite://{}?mode=rwc", path.display())));
    fs::read(path).expect("the model")
}

/// The name of the database that every room on PostgreSQL is a copy of.
async fn postgres_model() -> String {
    let url = postgres_database("model", None).await;
    migrate(&url).await;
    Url::parse(&url).expect("an address").path().trim_start_matches('/').to_owned()
}

/// Makes a database on the server of `MINGFEN_TEST_POSTGRES`, an empty one or a copy; answers its address.
async fn postgres_database(kind: &str, model: Option<&str>) -> String {
    let server = required("MINGFEN_TEST_POSTGRES");
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server).await.expect("the test database answers");
    let unique: String = query_scalar("SELECT replace(CAST(gen_random_uuid() AS TEXT), '-', '')")
        .fetch_one(&mut connection)
        .await
        .expect("a name");
    let name = format!("{kind}_{unique}");
    let copied = model.map_or_else(String::new, |model| format!(" TEMPLATE {model}"));
    connection
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}{copied}"))))
        .await
        .expect("a database");
    connection.close().await.expect("closed");
    let mut url = Url::parse(&server).expect("MINGFEN_TEST_POSTGRES is an address");
    url.set_path(&name);
    url.into()
}

async fn migrate(url: &str) {
    let settings = StoreSettings { url: url.to_owned(), max_connections: 1 };
    let store = Store::open(&settings).await.expect("the database opens");
    store.migrate().await.expect("the schema is made");
    store.close().await;
}

/// A service that `tests/services.sh` starts; without it the run fails and says how to start it.
pub fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set. Run the tests with tests/services.sh, which starts the servers: tests/services.sh cargo test")
    })
}
