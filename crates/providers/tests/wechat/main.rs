//! The WeChat adapter against the simulator, which was written from the same documents and shares no code with it.

/// Makes two tests of every story: one under the reading that the document recommends where its sources disagree, one under the
/// other.
macro_rules! readings {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            use crate::hospital::Hospital;
            use mingfen_simulator::wechat::quirks::Quirks;

            #[tokio::test]
            async fn as_recommended() {
                super::$story(Hospital::reading(Quirks::recommended()).await).await;
            }

            #[tokio::test]
            async fn read_otherwise() {
                super::$story(Hospital::reading(Quirks::otherwise()).await).await;
            }
        })+
    };
}

mod bills;
mod faults;
mod hospital;
mod notifications;
mod orders;
mod refunds;
mod trust;
