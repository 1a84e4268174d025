//! An empty database of each kind for one test.

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];
}

pub struct Room {
    pub url: String,
    /// For preparing: the ledger's own address may not write.
    writer: String,
    _directory: Option<TempDir>,
}

impl Room {
    /// `name` is the test's own, so that tests do not meet.
    pub async fn open(kind: Kind, name: &str) -> Self {
        install_default_drivers();
        match kind {
            Kind::Sqlite => {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let file = directory.path().join("his.db");
                let room = Self {
                    url: format!("sqlite://{}", file.display()),
                    writer: format!("sqlite://{}?mode=rwc", file.display()),
                    _directory: Some(directory),
                };
                room.run("SELECT 1").await;
                room
            }
            Kind::Postgres => {
                let server = required("MINGFEN_TEST_POSTGRES");
                let schema = format!("his_{name}");
                let fresh = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
                run(&server, &fresh).await;
                let mark = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{mark}options=-csearch_path%3D{schema}");
                Self { writer: url.clone(), url, _directory: None }
            }
            Kind::Mysql => {
                let server = required("MINGFEN_TEST_MYSQL");
                let database = format!("his_{name}");
                let fresh = format!(
                    "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4"
                );
                run(&server, &fresh).await;
                let (address, _) = server.rsplit_once('/').expect("an address with a database");
                let url = format!("{address}/{database}");
                Self { writer: url.clone(), url, _directory: None }
            }
        }
    }

    /// Prepares what the test needs.
    pub async fn run(&self, sql: &str) {
        run(&self.writer, sql).await;
    }
}

async fn run(url: &str, sql: &str) {
    let mut connection = AnyConnection::connect(url).await.expect("the test database answers");
    let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("closed");
}

fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set. Run the tests with tests/services.sh, which starts the servers: \
             tests/services.sh cargo test -p mingfen-his"
        )
    })
}
