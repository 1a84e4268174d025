//! The hospital's own call: it pushes slips to the gateway and gets the code that is printed on them.

use std::sync::PoisonError;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::denial::Denial;
use super::{HOSPITAL_ID, His, signature};

/// Where the gateway's API v1 is and how the hospital signs there.
#[derive(Clone)]
pub struct GatewayAccess {
    /// Base address of the internal listener, such as `http://127.0.0.1:8081`.
    pub base_url: String,
    /// The hospital's key id at the gateway.
    pub key_id: String,
    /// The secret shared with the gateway.
    pub secret: String,
}

/// A request with its signature, ready to send to a base address.
#[derive(Clone)]
pub struct SignedRequest {
    /// `POST`
    pub method: &'static str,
    /// Path below the gateway's base address.
    pub path: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// Body, byte for byte as signed.
    pub body: Vec<u8>,
}

/// What the gateway gave back for pushed slips.
#[derive(Clone, Deserialize)]
pub struct PushedLink {
    /// The link within the code; it opens the slips.
    pub link: String,
    /// Until when, RFC 3339.
    pub expires_at: String,
    /// The code as PNG, Base64.
    #[serde(default)]
    pub qr_png: String,
    /// The code as SVG.
    #[serde(default)]
    pub qr_svg: String,
    /// The printable sheet, when a paper was asked for.
    #[serde(default)]
    pub sheet_html: Option<String>,
}

/// Why a push brought no link.
#[derive(Debug, thiserror::Error)]
pub enum PushFailure {
    /// The hospital does not know the patient or a slip.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// No gateway was set.
    #[error("还没有设置网关地址")]
    NoGateway,
    /// The gateway could not be reached, or did not answer in time.
    #[error("网关没有应答")]
    NoAnswer(#[source] reqwest::Error),
    /// The gateway said no.
    #[error("网关拒绝：HTTP {status}")]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
}

impl His {
    /// Tells the hospital where to push slips.
    pub fn set_gateway(&self, access: GatewayAccess) {
        *self.gateway.lock().unwrap_or_else(PoisonError::into_inner) = Some(access);
    }

    /// Builds the signed request that pushes these slips of one card; an empty list means all that are unpaid. With a paper
    /// (`a5`, `80mm`, `58mm`) the sheet is asked for as well.
    pub fn push_request(
        &self,
        card_no: &str,
        slip_nos: &[String],
        paper: Option<&str>,
        access: &GatewayAccess,
    ) -> Result<SignedRequest, Denial> {
        let records = self.records();
        let patient = records.patient(card_no)?;
        let mut slips = Vec::new();
        for slip_no in slip_nos {
            let slip = records.slip(slip_no)?;
            if slip.card_no != card_no {
                return Err(Denial::bad_request(format!("{slip_no} 不属于这张就诊卡")));
            }
            slips.push(slip_no.as_str());
        }
        if slips.is_empty() {
            let unpaid = records.slips_of(card_no).filter(|slip| slip.status == super::SlipStatus::Unpaid);
            slips.extend(unpaid.map(|slip| slip.slip_no.as_str()));
        }
        let mut person = json!({ "name": patient.name, "card_no": patient.card_no });
        for (member, value) in [("phone", &patient.phone), ("id_no", &patient.id_no)] {
            if let Some(value) = value {
                person[member] = json!(value);
            }
        }
        let mut body = json!({ "hospital_id": HOSPITAL_ID, "patient": person, "slips": slips });
        if let Some(paper) = paper {
            body["paper"] = json!(paper);
        }
        Ok(self.sign_request(access, "/api/v1/slips", body.to_string().into_bytes()))
    }

    /// Pushes slips to the gateway set by [`His::set_gateway`], and keeps the link for the page.
    pub async fn push(&self, card_no: &str, slip_nos: &[String]) -> Result<PushedLink, PushFailure> {
        self.push_on_paper(card_no, slip_nos, None).await
    }

    /// The same; with a paper the gateway makes the sheet to print as well.
    pub async fn push_on_paper(
        &self,
        card_no: &str,
        slip_nos: &[String],
        paper: Option<&str>,
    ) -> Result<PushedLink, PushFailure> {
        let access = self.gateway.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let access = access.ok_or(PushFailure::NoGateway)?;
        let signed = self.push_request(card_no, slip_nos, paper, &access)?;
        let url = format!("{}{}", access.base_url.trim_end_matches('/'), signed.path);
        let client = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(10))
            .no_proxy()
            .build()
            .map_err(PushFailure::NoAnswer)?;
        let mut request = client.post(url).body(signed.body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(PushFailure::NoAnswer)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(PushFailure::NoAnswer)?;
        let refused = || PushFailure::Refused {
            status: status.as_u16(),
            message: String::from_utf8_lossy(&bytes).chars().take(300).collect(),
        };
        if !status.is_success() {
            return Err(refused());
        }
        let link: PushedLink = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.insert(card_no.to_owned(), link.clone());
        Ok(link)
    }

    fn sign_request(&self, access: &GatewayAccess, path: &str, body: Vec<u8>) -> SignedRequest {
        let now_s = self.shared.clock.now_s();
        // A restarted simulator draws the same lots again: the moment keeps its nonces apart from the earlier ones.
        let lot = format!("{} {}", self.shared.clock.now_ms(), self.shared.random.next_u64());
        let digest = Sha256::digest(lot.as_bytes());
        let nonce = hex::encode(digest).chars().take(32).collect::<String>();
        let signature = signature::sign(access.secret.as_bytes(), "POST", path, now_s, &nonce, &body);
        let header = |name: &str, value: String| (name.to_owned(), value);
        SignedRequest {
            method: "POST",
            path: path.to_owned(),
            headers: vec![
                header("Content-Type", "application/json; charset=utf-8".to_owned()),
                header("X-Mingfen-Key", access.key_id.clone()),
                header("X-Mingfen-Timestamp", now_s.to_string()),
                header("Idempotency-Key", nonce.clone()),
                header("X-Mingfen-Nonce", nonce),
                header("X-Mingfen-Signature", signature),
            ],
            body,
        }
    }

    pub(super) fn link_of(&self, card_no: &str) -> Option<PushedLink> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).get(card_no).cloned()
    }
}

impl PushedLink {
    /// The code as an address for `<img>`: the SVG when there is one, else the PNG.
    pub(super) fn image(&self) -> Option<String> {
        if self.qr_svg.trim_start().starts_with('<') {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&self.qr_svg);
            return Some(format!("data:image/svg+xml;base64,{encoded}"));
        }
        let png = self.qr_png.trim_start_matches("data:image/png;base64,");
        (!png.is_empty()).then(|| format!("data:image/png;base64,{png}"))
    }
}
