//! `GET /v3/certificates`.
//!
//! # Source
//! WeChat Pay API v3 reference, section 1.6.

use serde_json::json;

use super::Wechat;
use super::gate::{Answered, Caller};
use super::merchant::Trust;
use super::refusal::Refusal;
use super::sign;
use crate::clock::rfc3339;

impl Wechat {
    /// All platform certificates that are good now or will be, each sealed under the APIv3 key.
    pub(crate) fn certificates(&self, caller: &Caller) -> Answered {
        let now_ms = self.shared().clock.now_ms();
        let portal = caller.merchant.portal().clone();
        if portal.trust == Trust::PublicKey {
            let message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/doc/v3/merchant/4012153196";
            return Err(Refusal::new(404, "RESOURCE_NOT_EXISTS", message));
        }
        let api_v3_key = portal.api_v3_key.unwrap_or_default();
        let good = portal.platform.iter().filter(|one| one.expires_ms > now_ms);
        let data: Vec<serde_json::Value> = good
            .map(|one| {
                let nonce = self.shared().random.hex(12);
                json!({
                    "serial_no": one.named.serial,
                    "effective_time": rfc3339(one.effective_ms),
                    "expire_time": rfc3339(one.expires_ms),
                    "encrypt_certificate": {
                        "algorithm": "AEAD_AES_256_GCM",
                        "nonce": nonce,
                        "associated_data": "certificate",
                        "ciphertext": sign::seal(&api_v3_key, &nonce, "certificate", one.pem().as_bytes()),
                    },
                })
            })
            .collect();
        Ok(Some(json!({ "data": data }).to_string().into_bytes()))
    }
}
