//! A fresh store on each engine, and a way to do what the store itself would never do.

use mingfen_store::{Store, StoreSettings};
use sqlx::{AnyConnection, Connection, Executor, query_scalar};
use std::future::Future;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::Barrier;

/// An empty, migrated store that nobody else uses.
pub struct Room {
    pub store: Store,
    pub url: String,
    /// The file's directory, deleted with the room.
    _directory: Option<TempDir>,
}

/// Makes two tests of every story: `<story>::on_sqlite` and `<story>::on_postgres`.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_sqlite() {
                super::$story($crate::Room::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                super::$story($crate::Room::on_postgres().await).await;
            }
        })+
    };
}
pub(crate) use stories;

impl Room {
    pub async fn on_sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("store.db").display());
        Self::at(url, Some(directory)).await
    }

    /// A schema of its own in the database of `MINGFEN_TEST_POSTGRES`.
    pub async fn on_postgres() -> Self {
        let Ok(server) = std::env::var("MINGFEN_TEST_POSTGRES") else {
            panic!(
                "MINGFEN_TEST_POSTGRES is not set. Run the tests with tests/services.sh, which starts a server: \
                 tests/services.sh cargo test -p mingfen-store. Or set it to an empty database that may be \
                 written to: MINGFEN_TEST_POSTGRES=postgres://user@127.0.0.1:5432/database"
            )
        };
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&server).await.unwrap();
        let name: String =
            query_scalar("SELECT 'story_' || replace(CAST(gen_random_uuid() AS TEXT), '-', '')")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        let create = format!("CREATE SCHEMA {name}");
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create))).await.unwrap();
        connection.close().await.unwrap();
        let mark = if server.contains('?') { '&' } else { '?' };
        Self::at(format!("{server}{mark}options=-csearch_path%3D{name}"), None).await
    }

    async fn at(url: String, directory: Option<TempDir>) -> Self {
        let store = open(&url).await;
        store.migrate().await.unwrap();
        Self { store, url, _directory: directory }
    }

    /// Writes past the store, as a careless hand at the database would.
    pub async fn tamper(&self, sql: &str) {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let done = connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.unwrap();
        assert!(done.rows_affected() > 0, "nothing to tamper with: {sql}");
        connection.close().await.unwrap();
    }

    /// Runs `count` copies of `act` at once, all let go at the same moment, and collects what they say.
    pub async fn all_at_once<T, F>(&self, count: usize, act: impl Fn(Store, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let gate = Arc::new(Barrier::new(count));
        let tasks: Vec<_> = (0..count)
            .map(|number| {
                let gate = Arc::clone(&gate);
                let act = act(self.store.clone(), number);
                tokio::spawn(async move {
                    gate.wait().await;
                    act.await
                })
            })
            .collect();
        let mut answers = Vec::with_capacity(count);
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }
}

pub async fn open(url: &str) -> Store {
    Store::open(&StoreSettings { url: url.to_owned(), max_connections: 32 }).await.unwrap()
}
