//! How a staff view becomes HTML.

use super::frame::StaffFrame;
use crate::page::RenderError;

/// A staff view that can be printed in its frame.
pub trait StaffPage {
    /// The whole document.
    ///
    /// # Errors
    /// A template failed to print; with our views it does not. Answer with a bare 500.
    fn html(&self, frame: &StaffFrame) -> Result<String, RenderError>;

    /// The view in every state worth looking at.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// Ties a staff view to its template, its place in the navigation and its samples. In the template, `frame` is the frame, `say` its language, `view` the view.
macro_rules! staff_page {
    ($view:ty, $template:literal, $here:expr, [$($name:literal => $sample:expr),+ $(,)?]) => {
        const _: () = {
            #[allow(unused_imports)]
            use crate::{page::RenderError, staff::{Face, Icon, Place, Say, StaffFrame, StaffPage}};

            #[derive(askama::Template)]
            #[template(path = $template)]
            struct Html<'a> {
                frame: &'a StaffFrame,
                say: Say,
                /// The line of the navigation that is this page's.
                #[allow(dead_code)]
                here: Option<Place>,
                // A page that always says the same has nothing to read.
                #[allow(dead_code)]
                view: &'a $view,
            }

            impl StaffPage for $view {
                fn html(&self, frame: &StaffFrame) -> Result<String, RenderError> {
                    let html = Html { frame, say: Say(frame.language), here: $here, view: self };
                    Ok(askama::Template::render(&html)?)
                }

                fn samples() -> Vec<(&'static str, Self)> {
                    vec![$(($name, $sample)),+]
                }
            }
        };
    };
}
pub(crate) use staff_page;
