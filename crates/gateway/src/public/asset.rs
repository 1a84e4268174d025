//! Style sheets and scripts, from inside the binary, kept by browsers for ever.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};
use mingfen_pages::assets;

pub(crate) async fn serve(request: HttpRequest) -> HttpResponse {
    match assets::find(request.path()) {
        Some(asset) => HttpResponse::Ok()
            .content_type(asset.content_type)
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .body(asset.bytes),
        None => HttpResponse::NotFound().finish(),
    }
}
