//! The listeners as the outside meets them: TLS by configuration, and an end that nobody notices.

use mingfen_tests::{Installation, Room};
use rcgen::generate_simple_self_signed;
use reqwest::Certificate;
use std::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patients_are_served_over_tls_when_it_is_configured() {
    let town = Installation::of_one(Room::on_sqlite()).await;
    let made = generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let (certificate, key) = (town.directory().join("public.crt"), town.directory().join("public.key"));
    fs::write(&certificate, made.cert.pem()).expect("written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let environment = [
        ("MINGFEN__SERVER__PUBLIC_TLS_CERT_FILE", certificate.to_str().expect("text")),
        ("MINGFEN__SERVER__PUBLIC_TLS_KEY_FILE", key.to_str().expect("text")),
    ];
    let gateway = town.serves_with(0, &environment).await;
    let address = town.public_addresses()[0];

    let root = Certificate::from_pem(made.cert.pem().as_bytes()).expect("a root");
    let browser = reqwest::Client::builder().tls_certs_only([root]).build().expect("a client");
    let page = browser.get(format!("https://{address}/s/nonsense")).send().await.expect("a page over TLS");
    assert_eq!(page.status(), 404, "the page for a code that is none of ours");
    let html = page.text().await.expect("text");
    assert!(html.contains("<html lang=\"zh-CN\""), "{html}");
    let stranger = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert!(stranger.get(format!("https://{address}/")).send().await.is_err(), "an unknown certificate");
    let plain = stranger.get(format!("http://{address}/")).send().await;
    assert!(plain.is_err(), "nothing is served in clear beside it: {plain:?}");
    gateway.is_asked_to_stop();
    gateway.ends_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_being_answered_when_it_stops_gets_the_answer() {
    let town = Installation::of_one(Room::on_sqlite()).await;
    let gateway = town.serves(0, None).await;
    let address = town.public_addresses()[0];
    // A notification of which only a part has arrived.
    let mut half_sent = TcpStream::connect(address).await.expect("it listens");
    let head = "POST /n/wechat-main HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\nconnection: close\r\n\r\n0123456789";
    half_sent.write_all(head.as_bytes()).await.expect("sent");
    let served = reqwest::get(format!("http://{address}/s/nonsense")).await.expect("a page");
    assert_eq!(served.status(), 404);

    gateway.is_asked_to_stop();
    mingfen_tests::until("it takes nobody in any more", || async {
        reqwest::get(format!("http://{address}/s/nonsense")).await.is_err()
    })
    .await;
    half_sent.write_all(b"0123456789").await.expect("the rest is taken");
    let mut answer = String::new();
    half_sent.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    gateway.ends_well().await;
    town.verifies().await;
}
