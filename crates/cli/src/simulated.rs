//! A directory from which a gateway can be run against a simulator: its configuration, keys and credentials.

use crate::commands::keys::{keyring_key, secret};
use anyhow::Context;
use mingfen_domain::Random;
use mingfen_simulator::alipay::{AlipayCredentials, DEMO_APP_ID};
use mingfen_simulator::his::{DEMO_KEY_ID, DEMO_SECRET, GatewayAccess, HOSPITAL_ID, HOSPITAL_NAME};
use mingfen_simulator::wechat::WechatCredentials;
use mingfen_simulator::{Running, sms};
use mingfen_vault::KeyId;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::Value;
use zeroize::Zeroizing;

/// The demo HIS's key id at the gateway's API.
pub const HIS_API_KEY: &str = "demo-his";

/// Where the gateway will listen; loopback.
#[derive(Clone, Copy, Debug)]
pub struct GatewayPlace {
    /// Public listener.
    pub public: SocketAddr,
    /// Internal listener.
    pub internal: SocketAddr,
}

/// What was written.
pub struct Written {
    /// The configuration file.
    pub config: PathBuf,
    /// How the demo HIS calls this gateway.
    pub access: GatewayAccess,
}

/// Writes everything that a gateway needs to work with this simulator. The keyring and the API secret stay when they are
/// there already: what they sealed must still open.
///
/// # Errors
/// When the simulator has no credentials to give or a file cannot be written.
pub fn write(
    directory: &Path,
    running: &Running,
    place: GatewayPlace,
    random: &dyn Random,
) -> anyhow::Result<Written> {
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let directory =
        directory.canonicalize().with_context(|| format!("{} is not there", directory.display()))?;
    let wechat = running.wechat().credentials().context("the simulator has no WeChat Pay merchant")?;
    let alipay =
        running.alipay().credentials(DEMO_APP_ID)?.context("the simulator has no Alipay application")?;
    keep_or_write(&directory.join("keyring"), || keyring_key(KeyId(1), random))?;
    let api_secret = keep_or_write(&directory.join("api_secret"), || secret(random))?;
    for (name, text) in [
        ("wechat_merchant_key.pem", &wechat.merchant_private_key_pem),
        ("wechat_public_key.pem", &wechat.wechatpay_public_key_pem),
        ("alipay_app_key.pem", &alipay.app_private_key_pem),
        ("alipay_public_key.pem", &alipay.alipay_public_key_pem),
    ] {
        write_private(&directory.join(name), text)?;
    }
    let config = directory.join("mingfen.toml");
    write_private(&config, &configuration(&directory, running, place, &wechat, &alipay))?;
    let access = GatewayAccess {
        base_url: format!("http://{}", place.internal),
        key_id: HIS_API_KEY.to_owned(),
        secret: api_secret.to_string(),
    };
    Ok(Written { config, access })
}

fn configuration(
    directory: &Path,
    running: &Running,
    place: GatewayPlace,
    wechat: &WechatCredentials,
    alipay: &AlipayCredentials,
) -> String {
    let base = running.base_url.as_str();
    let q = |text: &str| Value::String(text.to_owned()).to_string();
    // A path in a database's address starts where the program runs, not at the configuration file.
    let database_url = format!("sqlite://{}?mode=rwc", directory.join("mingfen.db").display());
    format!(
        r#"# A gateway against the simulator at {base}. Nothing here touches real money.
[server]
public_bind = "{public}"
internal_bind = "{internal}"
public_url = "http://{public}"
bridge_origin = {base_q}

[database]
url = {database}

[hospital]
id = {hospital}
name_zh = {hospital_name}
name_en = "Qinghe People's Hospital"
help_phone = "0571-8000 1234"
cashier_place_zh = "门诊楼 1 层"
cashier_place_en = "floor 1"
kiosk_place_zh = "门诊大厅"
kiosk_place_en = "lobby"
receipt_seal = "收费专用章（电子）"

[keys]
keyring_file = "keyring"

[his]
base_url = "{base}/his/v1"
key_id = {his_key}
secret = {his_secret}

[sms]
url = "{base}/sms/v1/messages"
key = {sms_key}

[api.keys.{HIS_API_KEY}]
secret_file = "api_secret"
may = ["slips", "unpaid", "orders", "order_stories", "close_orders", "refunds", "day_lists", "tasks"]

[routes]
wechat = "wechat-main"
alipay = "alipay-main"

[reconciliation.accounts.wechat-main]
fee = "0.6%"

[reconciliation.accounts.alipay-main]
fee = "0.6%"

[channels.wechat-main]
provider = "wechat"
mchid = {mchid}
appid = {appid}
app_secret = {app_secret}
api_v3_key = {api_v3_key}
merchant_serial = {merchant_serial}
merchant_private_key_file = "wechat_merchant_key.pem"
public_key_id = {public_key_id}
public_key_file = "wechat_public_key.pem"
api_base_url = {base_q}
authorise_base_url = {base_q}
token_base_url = {base_q}
bill_base_url = {base_q}

[channels.alipay-main]
provider = "alipay"
app_id = {app_id}
seller_id = {pid}
app_private_key_file = "alipay_app_key.pem"
alipay_public_key_file = "alipay_public_key.pem"
gateway_url = {alipay_gateway}
authorise_url = {alipay_authorise}
bill_base_url = {base_q}

[channels.window-cash]
provider = "window"
takes = "cash"

[channels.window-pos]
provider = "window"
takes = "pos"
"#,
        public = place.public,
        internal = place.internal,
        base_q = q(base),
        database = q(&database_url),
        hospital = q(HOSPITAL_ID),
        hospital_name = q(HOSPITAL_NAME),
        his_key = q(DEMO_KEY_ID),
        his_secret = q(DEMO_SECRET),
        sms_key = q(sms::DEMO_KEY),
        mchid = q(&wechat.mchid),
        appid = q(&wechat.appid),
        app_secret = q(&wechat.app_secret),
        api_v3_key = q(&wechat.api_v3_key),
        merchant_serial = q(&wechat.merchant_serial),
        public_key_id = q(&wechat.public_key_id),
        app_id = q(&alipay.app_id),
        pid = q(&alipay.pid),
        alipay_gateway = q(&running.alipay().gateway_url()),
        alipay_authorise = q(&running.alipay().authorise_url()),
    )
}

fn keep_or_write(path: &Path, make: impl FnOnce() -> Zeroizing<String>) -> anyhow::Result<Zeroizing<String>> {
    match fs::read_to_string(path) {
        Ok(kept) => Ok(Zeroizing::new(kept.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let made = make();
            write_private(path, &made)?;
            Ok(made)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Writes a file that only its owner may read, over whatever was there.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
