//! How a view becomes HTML.

use crate::frame::Frame;

/// A view that can be printed in its frame.
pub trait Page {
    /// The whole document.
    ///
    /// # Errors
    /// A template failed to print; with our views it does not. Answer with a bare 500.
    fn html(&self, frame: &Frame) -> Result<String, RenderError>;

    /// The view in every state worth looking at: ordinary, empty, worst, very long. Tests render them all, the gallery
    /// shows them.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// A template failed to print.
#[derive(Debug, thiserror::Error)]
#[error("a page template failed")]
pub struct RenderError(#[from] askama::Error);

/// Ties a view to its template and its samples. In the template, `frame` is the frame, `say` the wording table of its
/// language, and `view` the view.
macro_rules! page {
    ($view:ty, $template:literal, [$($name:literal => $sample:expr),+ $(,)?]) => {
        page!(@ $view, $template, vec![$(($name, $sample)),+]);
    };
    ($view:ty, $template:literal, from [$($samples:expr),+ $(,)?]) => {
        page!(@ $view, $template, [$($samples),+].concat());
    };
    (@ $view:ty, $template:literal, $samples:expr) => {
        const _: () = {
            #[allow(unused_imports)]
            use crate::{frame::Frame, icon::Icon, page::RenderError, wording::Wording};

            #[derive(askama::Template)]
            #[template(path = $template)]
            struct Html<'a> {
                frame: &'a Frame,
                say: &'static Wording,
                // A page that always says the same has nothing to read.
                #[allow(dead_code)]
                view: &'a $view,
            }

            impl Page for $view {
                fn html(&self, frame: &Frame) -> Result<String, RenderError> {
                    let html = Html { frame, say: Wording::of(frame.language), view: self };
                    Ok(askama::Template::render(&html)?)
                }

                fn samples() -> Vec<(&'static str, Self)> {
                    $samples
                }
            }
        };
    };
}
pub(crate) use page;
