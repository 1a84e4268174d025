//! Stories: what people do and what must then be true, on both engines.

/// Makes two tests of every story: `<story>::on_sqlite` and `<story>::on_postgres`.
macro_rules! stories {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$story(mingfen_tests::Hospital::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$story(mingfen_tests::Hospital::on_postgres().await).await;
            }
        })+
    };
}

mod api;
mod bad_input;
mod cashier;
mod crash;
mod dashboard;
mod documents;
mod exactly_once;
mod finance;
mod his_trouble;
mod history;
mod lost_late_forged;
mod paying;
mod reconciling;
mod refunds;
mod rotation;
mod routes;
mod rules;
mod second_thoughts;
mod serving;
mod shift;
mod staff;
mod stored_day;
mod tampering;
mod telling;
mod trace;
mod whole_loop;
mod workers;
