//! One flush for many: SQLite's transactions wait for each other anyway, so those that wait together share one commit.
//!
//! A commit costs a flush of the disk, and one file has one writer. Here a transaction is a savepoint inside of a shared
//! outer one. Who is done stands in line once more, behind everybody who was waiting when it was done; whoever of them comes
//! first to find its own work not yet on disk commits the outer transaction for all. With nobody else in line that is at
//! once, so a lone caller pays nothing; with thirty in line, thirty share a flush.
//!
//! **Nobody is told "committed" before the flush.** What one transaction of the group wrote is seen by the next, as always
//! with one writer, and by readers only after the flush. When the outer commit fails, all of the group fail: nothing of any
//! of them has happened. A transaction that is given up takes back its own savepoint and nobody else's.
//!
//! **Nobody acts on what is not on disk.** Who has read in a transaction what another has just written, and goes on because
//! of it, must end with `commit` or [`Turn::rollback`]: both wait for the flush. Only who fails may just drop it.
//!
//! What to change together: [`Line::begin`] opens the savepoint that [`Turn::commit`] releases and `give_up` takes back.

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

/// Who waits in line for longer is sent away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where writers stand in line. Tokio's lock is first come, first served; the sharing rests on that.
#[derive(Clone)]
pub(crate) struct Line {
    pool: AnyPool,
    turn: Arc<Mutex<Option<Group>>>,
}

/// An outer transaction that is open, and who waits for it to be on disk.
///
/// It is begun and ended by plain statements: sqlx counts the transactions it began itself, and its count would be wrong for
/// ever after SQLite has taken one back on its own.
struct Group {
    outer: PoolConnection<Any>,
    waiting: Vec<oneshot::Sender<Shared>>,
    /// A savepoint is open that nobody works in any more.
    abandoned: bool,
}

/// How the commit that was shared ended; the reason in words.
type Shared = Result<(), String>;

impl Line {
    pub(crate) fn new(pool: AnyPool) -> Self {
        Self { pool, turn: Arc::default() }
    }

    /// Waits for its turn and opens a transaction of its own in the group.
    pub(crate) async fn begin(&self) -> sqlx::Result<Turn> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turn).lock_owned()).await;
        let mut guard = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        if guard.as_ref().is_some_and(|group| group.abandoned) {
            give_up(&mut guard).await;
        }
        let opened = match guard.take() {
            Some(group) => Ok(group),
            None => Group::open(&self.pool).await,
        };
        let group = guard.insert(opened?);
        group.abandoned = true;
        match group.outer.execute("SAVEPOINT member").await {
            Ok(_) => Ok(Turn { guard: Some(guard), line: self.clone() }),
            Err(error) => {
                fail(&mut guard, &error).await;
                Err(error)
            }
        }
    }

    /// Leaves the turn to the next in line and waits until the group is on disk; does it for everybody when nobody else has.
    async fn waits(self, mut turn: OwnedMutexGuard<Option<Group>>) -> sqlx::Result<()> {
        let (tell, mut ended) = oneshot::channel();
        let Some(group) = turn.as_mut() else { return Err(failed("its transaction vanished".to_owned())) };
        group.waiting.push(tell);
        drop(turn);
        let mut guard = self.turn.lock().await;
        if let Ok(ended) = ended.try_recv() {
            return ended.map_err(failed);
        }
        let Some(group) = guard.take() else {
            return Err(failed("its transaction vanished".to_owned()));
        };
        group.commit().await
    }
}

impl Group {
    async fn open(pool: &AnyPool) -> sqlx::Result<Self> {
        let mut outer = pool.acquire().await?;
        // The write lock at once: a reader that turns writer would be refused.
        outer.execute("BEGIN IMMEDIATE").await?;
        Ok(Self { outer, waiting: Vec::new(), abandoned: false })
    }

    async fn commit(mut self) -> sqlx::Result<()> {
        if let Err(error) = self.outer.execute("COMMIT").await {
            self.fail(&error).await;
            return Err(error);
        }
        for member in self.waiting {
            // Who does not listen any more has been cancelled; its work stands.
            let _ = member.send(Ok(()));
        }
        Ok(())
    }

    /// Nothing of it has happened. Its connection is not used again: closing it takes back whatever may still be open.
    async fn fail(self, error: &sqlx::Error) {
        let _ = self.outer.close().await;
        for member in self.waiting {
            let _ = member.send(Err(error.to_string()));
        }
    }
}

/// A transaction whose turn it is. Dropped, it is as if it had never been.
pub(crate) struct Turn {
    guard: Option<OwnedMutexGuard<Option<Group>>>,
    line: Line,
}

impl Turn {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        let group = self.guard.as_mut().and_then(|guard| guard.as_mut());
        &mut group.expect("a turn holds its group until it ends").outer
    }

    /// Answers when it is on disk. Not cancelled half-way: who stops waiting has committed all the same.
    pub(crate) async fn commit(mut self) -> sqlx::Result<()> {
        let Some(mut guard) = self.guard.take() else { return Ok(()) };
        let line = self.line.clone();
        let done = tokio::spawn(async move {
            let Some(group) = guard.as_mut() else {
                return Err(failed("its transaction vanished".to_owned()));
            };
            if let Err(error) = group.outer.execute("RELEASE member").await {
                fail(&mut guard, &error).await;
                return Err(error);
            }
            group.abandoned = false;
            line.waits(guard).await
        });
        done.await.unwrap_or_else(|stopped| Err(failed(stopped.to_string())))
    }

    /// Takes it back. Answers when what it may have read of others in the group is on disk.
    pub(crate) async fn rollback(mut self) -> sqlx::Result<()> {
        let Some(mut guard) = self.guard.take() else { return Ok(()) };
        give_up(&mut guard).await;
        if guard.is_none() { Ok(()) } else { self.line.clone().waits(guard).await }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut guard) = self.guard.take() else { return };
        // Where nothing can be spawned, the next in line does it: the group is marked as abandoned.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { give_up(&mut guard).await });
        }
    }
}

/// Takes back the open savepoint. A group in which nobody waits is closed with it, so that the file's write lock is free.
async fn give_up(guard: &mut Option<Group>) {
    let Some(group) = guard.as_mut() else { return };
    if let Err(error) = group.outer.execute("ROLLBACK TO member; RELEASE member").await {
        fail(guard, &error).await;
        return;
    }
    group.abandoned = false;
    if group.waiting.is_empty()
        && let Some(mut group) = guard.take()
        && let Err(error) = group.outer.execute("ROLLBACK").await
    {
        group.fail(&error).await;
    }
}

/// The outer transaction cannot be trusted any more (the disk is full and SQLite took everything back): all of it has failed.
async fn fail(guard: &mut Option<Group>, error: &sqlx::Error) {
    if let Some(group) = guard.take() {
        group.fail(error).await;
    }
}

/// Worth trying again, as a lost connection is.
fn failed(why: String) -> sqlx::Error {
    sqlx::Error::Io(io::Error::other(format!("the commit that it shared failed: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use sqlx::any::AnyPoolOptions;
    use sqlx::query_scalar;
    use tempfile::TempDir;

    struct Room {
        line: Line,
        reader: AnyPool,
        _directory: TempDir,
    }

    async fn room() -> Room {
        sqlx::any::install_default_drivers();
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("group.db").display());
        let pool = || AnyPoolOptions::new().max_connections(1).connect(&url);
        let writer = pool().await.unwrap();
        writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (n BIGINT PRIMARY KEY)").await.unwrap();
        Room { line: Line::new(writer), reader: pool().await.unwrap(), _directory: directory }
    }

    impl Room {
        async fn seen(&self) -> Vec<i64> {
            query_scalar("SELECT n FROM t ORDER BY n").fetch_all(&self.reader).await.unwrap()
        }

        /// A number that moves at every commit of another connection.
        async fn commits(&self) -> i64 {
            query_scalar("SELECT data_version FROM pragma_data_version")
                .fetch_one(&self.reader)
                .await
                .unwrap()
        }

        async fn writes(&self, number: i64) -> Turn {
            let mut turn = self.line.begin().await.unwrap();
            insert(&mut turn, number).await.unwrap();
            turn
        }

        /// Writers that stand in line while `first` holds the turn; then all go on. Answers how each ended.
        async fn behind(
            &self,
            first: Turn,
            count: i64,
            end: fn(Turn, i64) -> BoxFuture<'static, sqlx::Result<()>>,
        ) -> Vec<sqlx::Result<()>> {
            let in_line: Vec<_> = (1..=count)
                .map(|number| {
                    let line = self.line.clone();
                    tokio::spawn(async move {
                        let mut turn = line.begin().await?;
                        insert(&mut turn, number).await?;
                        end(turn, number).await
                    })
                })
                .collect();
            // One thread: they run now, until each waits for its turn.
            for _ in 0..count {
                tokio::task::yield_now().await;
            }
            let mut ends = vec![first.commit().await];
            for writer in in_line {
                ends.push(writer.await.unwrap());
            }
            ends
        }
    }

    async fn insert(turn: &mut Turn, number: i64) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO t (n) VALUES ($1)").bind(number).execute(turn.connection()).await.map(drop)
    }

    #[tokio::test]
    async fn who_waits_together_shares_one_commit() {
        let room = room().await;
        let before = room.commits().await;
        let first = room.writes(0).await;
        let ends = room.behind(first, 31, |turn, _| turn.commit().boxed()).await;
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
        assert_eq!(room.seen().await, (0..=31).collect::<Vec<_>>());
        assert_eq!(room.commits().await, before + 1, "thirty-two transactions, one flush");
    }

    #[tokio::test]
    async fn a_lone_writer_commits_at_once() {
        let room = room().await;
        room.writes(1).await.commit().await.unwrap();
        assert_eq!(room.seen().await, [1]);
    }

    #[tokio::test]
    async fn who_gives_up_takes_nobody_with_it() {
        let room = room().await;
        let first = room.writes(0).await;
        let ends = room
            .behind(first, 9, |turn, number| {
                async move {
                    match number % 3 {
                        0 => return turn.commit().await,
                        1 => return turn.rollback().await,
                        _ => drop(turn),
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        assert!(ends.iter().all(Result::is_ok), "{ends:?}");
        assert_eq!(room.seen().await, [0, 3, 6, 9]);
    }

    #[tokio::test]
    async fn nobody_is_told_committed_when_the_group_is_taken_back() {
        let room = room().await;
        let first = room.writes(0).await;
        let ends = room
            .behind(first, 3, |mut turn, number| {
                async move {
                    if number == 3 {
                        // What SQLite does by itself when the disk is full.
                        turn.connection().execute("ROLLBACK").await?;
                    }
                    turn.commit().await
                }
                .boxed()
            })
            .await;
        assert!(ends.iter().all(Result::is_err), "{ends:?}");
        assert_eq!(room.seen().await, Vec::<i64>::new());
        room.writes(7).await.commit().await.unwrap();
        assert_eq!(room.seen().await, [7], "the next in line begins anew");
    }

    #[tokio::test]
    async fn who_stops_waiting_has_committed_all_the_same() {
        let room = room().await;
        let turn = room.writes(1).await;
        let waiting = tokio::spawn(turn.commit());
        tokio::task::yield_now().await;
        waiting.abort();
        room.writes(2).await.commit().await.unwrap();
        assert_eq!(room.seen().await, [1, 2]);
    }

    #[tokio::test]
    async fn readers_see_nothing_before_the_flush() {
        let room = room().await;
        let turn = room.writes(1).await;
        assert_eq!(room.seen().await, Vec::<i64>::new());
        turn.commit().await.unwrap();
        assert_eq!(room.seen().await, [1]);
    }
}
