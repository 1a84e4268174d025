//! Paths of WeChat Pay and what serves them. Another method on a known path answers 405, another path 404, both with
//! an empty body, as the live server does.

use std::sync::Arc;

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;

use super::book::Channel;
use super::gate::Family;
use super::{Wechat, app, bills, oauth, portal};

/// Adds the routes; they expect `web::Data<Wechat>`.
pub fn configure(config: &mut web::ServiceConfig) {
    let orders = "/v3/pay/transactions";
    let refunds = "/v3/refund/domestic/refunds";
    config
        .service(web::resource("/connect/oauth2/authorize").get(oauth::authorize))
        .service(web::resource("/sns/oauth2/access_token").get(oauth::access_token))
        .service(web::resource(format!("{orders}/jsapi")).post(create_jsapi))
        .service(web::resource(format!("{orders}/native")).post(create_native))
        .service(web::resource(format!("{orders}/h5")).post(create_h5))
        .service(web::resource(format!("{orders}/app")).post(create_app))
        .service(web::resource(format!("{orders}/id/{{id}}")).get(query_by_id))
        .service(web::resource(format!("{orders}/out-trade-no/{{no}}")).get(query_by_number))
        .service(web::resource(format!("{orders}/out-trade-no/{{no}}/close")).post(close))
        .service(web::resource(refunds).post(refund))
        .service(web::resource(format!("{refunds}/{{no}}")).get(query_refund))
        .service(web::resource(format!("{refunds}/{{id}}/apply-abnormal-refund")).post(abnormal_refund))
        .service(web::resource("/v3/certificates").get(certificates))
        .configure(bills::configure)
        .configure(app::configure)
        .configure(portal::configure);
}

async fn create_jsapi(wechat: Data<Wechat>, request: HttpRequest, body: Bytes) -> HttpResponse {
    create(wechat, request, body, Channel::Jsapi).await
}

async fn create_native(wechat: Data<Wechat>, request: HttpRequest, body: Bytes) -> HttpResponse {
    create(wechat, request, body, Channel::Native).await
}

async fn create_h5(wechat: Data<Wechat>, request: HttpRequest, body: Bytes) -> HttpResponse {
    create(wechat, request, body, Channel::H5).await
}

async fn create_app(wechat: Data<Wechat>, request: HttpRequest, body: Bytes) -> HttpResponse {
    create(wechat, request, body, Channel::App).await
}

async fn create(wechat: Data<Wechat>, request: HttpRequest, body: Bytes, channel: Channel) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let call = format!("wechat.{}", channel.segment());
    let effect = |caller: &_| wechat.create(caller, channel, &body);
    wechat.admit(&request, &body, (Family::Transactions, &call), effect).await
}

async fn query_by_number(wechat: Data<Wechat>, request: HttpRequest, no: Path<String>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let mchid = query(&request, "mchid");
    let effect = |caller: &_| wechat.query_by_number(caller, &no, mchid.as_deref());
    wechat.admit(&request, b"", (Family::Transactions, "wechat.query"), effect).await
}

async fn query_by_id(wechat: Data<Wechat>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let mchid = query(&request, "mchid");
    let effect = |caller: &_| wechat.query_by_id(caller, &id, mchid.as_deref());
    wechat.admit(&request, b"", (Family::Transactions, "wechat.query"), effect).await
}

async fn close(wechat: Data<Wechat>, request: HttpRequest, no: Path<String>, body: Bytes) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &_| wechat.close(caller, &no, &body);
    wechat.admit(&request, &body, (Family::Transactions, "wechat.close"), effect).await
}

async fn refund(wechat: Data<Wechat>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &_| wechat.refund(caller, &body);
    wechat.admit(&request, &body, (Family::Strict, "wechat.refund"), effect).await
}

async fn query_refund(wechat: Data<Wechat>, request: HttpRequest, no: Path<String>) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &_| wechat.query_refund(caller, &no);
    wechat.admit(&request, b"", (Family::Strict, "wechat.query_refund"), effect).await
}

async fn abnormal_refund(
    wechat: Data<Wechat>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &_| wechat.redirect_abnormal(caller, &id, &body);
    wechat.admit(&request, &body, (Family::Strict, "wechat.abnormal_refund"), effect).await
}

async fn certificates(wechat: Data<Wechat>, request: HttpRequest) -> HttpResponse {
    let wechat: Arc<Wechat> = wechat.into_inner();
    let effect = |caller: &_| wechat.certificates(caller);
    wechat.admit(&request, b"", (Family::Strict, "wechat.certificates"), effect).await
}

/// A query parameter, decoded.
pub(super) fn query(request: &HttpRequest, name: &str) -> Option<String> {
    let found = form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}
